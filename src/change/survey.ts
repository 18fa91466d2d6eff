import { lstatSync } from "node:fs";
import { join } from "node:path";
import { breathe } from "../breathe.js";
import { newMark } from "../fence.js";
import { byteStrings, textOf } from "./bytes.js";
import { git } from "./git.js";
import { isExcluded } from "./state-paths.js";
import type { Repository } from "./types.js";

export { mentionedPaths, relevantFiles, wordsOf } from "./relevance.js";

/** A regular file. Its path may come from anybody who can commit. */
export interface SurveyedFile {
  /** From the repository's top, `/`-separated. */
  path: string;
  bytes: number;
}

export interface SurveyedCommit {
  id: string;
  /** First line of its message, at most 200 characters: data, whatever it says. */
  subject: string;
  /** When it was committed, ISO 8601. */
  at: string;
  /** What it touched, at most 200 paths; some may be gone. */
  files: string[];
  /** How many it touched. */
  touched: number;
}

/** A repository at a glance: what is there now, and what was done last. */
export interface Survey {
  /** Commit; null where there is none yet. */
  head: string | null;
  branch: string | null;
  /** Tracked files that are there, and untracked ones that are not ignored, sorted; no links, submodules or state of Sluice's. */
  files: readonly SurveyedFile[];
  /** Newest first, without merges. */
  commits: readonly SurveyedCommit[];
  /** What could not be seen, for a person. */
  notes: string[];
}

const fileLimit = 200_000;
const commitFiles = 200;
const subjectLength = 200;
const outputLimit = 128 * 1024 * 1024;

/** Nothing is fetched for a look: where blobs or trees were left out of a clone, what is missing stays missing. */
const noFetch = { GIT_NO_LAZY_FETCH: "1" };

/**
 * Looks at a repository's work tree (of a bare one at HEAD): one listing and one log, whatever its size. Never throws
 * for what the repository is like, only for a missing git or when cancelled.
 *
 * @param options.commits how many of the newest commits, default 30
 */
export async function surveyRepository(
  repository: Repository,
  options: { signal: AbortSignal; commits?: number },
): Promise<Survey> {
  const notes: string[] = [];
  const { signal, commits = 30 } = options;
  const [files, log, head] = await Promise.all([
    repository.bare ? listTree(repository, notes, signal) : listFiles(repository, notes, signal),
    readLog(repository, commits, notes, signal),
    headOf(repository, signal),
  ]);
  return { head, branch: repository.branch, files, commits: log, notes };
}

async function listFiles(
  repository: Repository,
  notes: string[],
  signal: AbortSignal,
): Promise<SurveyedFile[]> {
  const args = ["ls-files", "-z", "-s", "--cached", "--others", "--exclude-standard"];
  const listed = await git(repository, args, {
    signal,
    env: noFetch,
    maxOutput: outputLimit,
    truncate: true,
    allowFailure: true,
  });
  if (listed.code !== 0) notes.push("git could not list all files");
  const paths = new Set<string>();
  for (const record of byteStrings(listed.stdout)) {
    // `mode id stage<TAB>path` of what is tracked, the path alone of what is not.
    const tracked = /^(\d{6}) [0-9a-f]{40,64} \d\t/.exec(record);
    if (tracked !== null && !(tracked[1] ?? "").startsWith("100")) continue;
    const path = record.slice(tracked?.[0].length ?? 0);
    // A repository of its own ends with a slash.
    if (path !== "" && !path.endsWith("/")) paths.add(path);
  }
  const files: SurveyedFile[] = [];
  for (const path of [...paths].slice(0, fileLimit)) {
    await breathe(signal);
    const name = textOf(path);
    if (isExcluded(name)) continue;
    const bytes = sizeOf(join(repository.root, name));
    if (bytes !== null) files.push({ path: name, bytes });
  }
  if (paths.size > fileLimit) notes.push(`${fileLimit} of ${paths.size} files were looked at`);
  return sorted(files);
}

/** Null for what is gone or is no regular file. */
function sizeOf(path: string): number | null {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? found.size : null;
  } catch {
    return null;
  }
}

async function listTree(
  repository: Repository,
  notes: string[],
  signal: AbortSignal,
): Promise<SurveyedFile[]> {
  const listed = await git(repository, ["ls-tree", "-r", "-z", "-l", "--full-tree", "HEAD"], {
    signal,
    env: noFetch,
    maxOutput: outputLimit,
    truncate: true,
    allowFailure: true,
  });
  if (listed.code !== 0) {
    notes.push("there is no commit yet");
    return [];
  }
  const files: SurveyedFile[] = [];
  for (const record of byteStrings(listed.stdout).slice(0, fileLimit)) {
    await breathe(signal);
    const [, size = "", path = ""] = /^100\d{3} blob [0-9a-f]{40,64} +(\d+)\t(.*)$/s.exec(record) ?? [];
    const name = textOf(path);
    if (name !== "" && !isExcluded(name)) files.push({ path: name, bytes: Number(size) });
  }
  return sorted(files);
}

function sorted(files: SurveyedFile[]): SurveyedFile[] {
  return files.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
}

/** HEAD's commit; null where there is none yet. */
async function headOf(repository: Repository, signal: AbortSignal): Promise<string | null> {
  const { code, stdout } = await git(repository, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], {
    signal,
    allowFailure: true,
  });
  const id = stdout.toString("latin1").trim();
  return code === 0 && /^[0-9a-f]{40,64}$/.test(id) ? id : null;
}

async function readLog(
  repository: Repository,
  count: number,
  notes: string[],
  signal: AbortSignal,
): Promise<SurveyedCommit[]> {
  // Tells a commit's line from a path: nobody can have named a file after it.
  const mark = newMark([]);
  // Nothing of the user's settings that runs a program (`log.showSignature`) or reads names from the tree.
  const quiet = ["--no-show-signature", "--no-mailmap", "--no-notes", "--no-ext-diff", "--no-textconv"];
  const shape = [
    "--no-merges",
    "--no-renames",
    "--name-only",
    "--encoding=UTF-8",
    `--format=${mark}%H %ct %s`,
  ];
  const log = await git(repository, ["log", "-z", "-n", String(Math.max(1, count)), ...quiet, ...shape], {
    signal,
    env: noFetch,
    timeout: 30_000,
    maxOutput: outputLimit,
    truncate: true,
    allowFailure: true,
  });
  const commits: SurveyedCommit[] = [];
  for (const piece of byteStrings(log.stdout)) {
    if (piece.startsWith(mark)) {
      const [, id = "", seconds = "0", subject = ""] =
        /^([0-9a-f]+) (\d+) (.*)$/s.exec(piece.slice(mark.length)) ?? [];
      commits.push({
        id,
        subject: textOf(subject).slice(0, subjectLength),
        at: isoTime(Number(seconds)),
        files: [],
        touched: 0,
      });
      continue;
    }
    const commit = commits.at(-1);
    const path = textOf(piece.replace(/^\n/, ""));
    if (commit === undefined || path === "") continue;
    commit.touched += 1;
    if (commit.files.length < commitFiles) commit.files.push(path);
  }
  if (log.code !== 0) {
    // A repository without a commit fails too, which is no trouble; a shallow or partial one may break off.
    if ((await headOf(repository, signal)) === null) notes.push("there is no commit yet");
    else notes.push(`the history could be read for ${commits.length} commits only`);
  } else if (repository.shallow) notes.push("the clone is shallow: of the history, only its end is here");
  return commits;
}

/** A commit may say that it was made at any time at all. */
function isoTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? "unknown" : time.toISOString();
}
