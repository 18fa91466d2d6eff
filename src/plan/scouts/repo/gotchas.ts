import { byteStrings, textOf } from "../../../change/bytes.js";
import { git } from "../../../change/git.js";
import { isSluiceError } from "../../../errors.js";
import type { Ground } from "../ground.js";
import { type Fact, quoted } from "../scout.js";

const section = "Gotchas";
const mostBranches = 8;
/** Branches that are kept beside the main one and never merged into it. */
const longLived =
  /(?:^|\/)(?:stable|release|releases|maint|maintenance|support|gh-pages|v?\d+[.x])[\w./-]*$/i;
const mostNotes = 4;
const longFile = 1_200;
const timeLimit = 3_000;

/** What is in the way: work in flight on the same files, what was changed there lately, notes that people left. */
export async function gotchas(
  ground: Ground,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Fact[]> {
  const [uncommitted, branches] = await Promise.all([
    dirtyFiles(ground, files, signal),
    otherBranches(ground, files, signal),
  ]);
  return [
    ...missingPaths(ground),
    ...uncommitted,
    ...branches,
    ...lately(ground, files),
    ...(await leftNotes(ground, files)),
  ];
}

function missingPaths({ mentioned }: Ground): Fact[] {
  return mentioned.missing.slice(0, 3).map((path) => ({
    section,
    text: `The feature names ${quoted(path, 120)}, which is not in the repository`,
    source: "the feature",
  }));
}

async function dirtyFiles(
  { project, relevant }: Ground,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Fact[]> {
  if (project.repository.bare) return [];
  const about = new Set([...files, ...relevant.slice(0, 30).map(({ path }) => path)]);
  if (about.size === 0) return [];
  // Only these are looked at: a status of everything takes as long as there are files.
  const flags = ["--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"];
  const status = await ask(project.repository, ["status", ...flags, "--", ...about], signal);
  const shared = byteStrings(status).map((record) => textOf(record.slice(3)));
  if (shared.length === 0) return [];
  return [
    {
      section,
      text: `Uncommitted work in ${shared.slice(0, 5).join(", ")}${shared.length > 5 ? `, and ${shared.length - 5} more` : ""}: decide what becomes of it first`,
      files: shared.slice(0, 5),
      source: "work tree",
    },
  ];
}

/** Branches that are not in HEAD yet and touch the same files, the newest first. */
async function otherBranches(
  { project, survey, has }: Ground,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Fact[]> {
  if (survey.head === null || files.length === 0) return [];
  const { repository } = project;
  const format = "--format=%(objectname) %(committerdate:short) %(refname)";
  const listed = await ask(
    repository,
    [
      "for-each-ref",
      "--sort=-committerdate",
      `--count=${mostBranches * 2}`,
      "--no-merged=HEAD",
      format,
      "refs/heads",
      "refs/remotes",
    ],
    signal,
  );
  const about = new Set(files);
  const facts: Fact[] = [];
  for (const line of listed.toString("utf8").split("\n")) {
    const [, id = "", day = "", ref = ""] =
      /^([0-9a-f]{40,64}) (\S+) refs\/(?:heads|remotes)\/(.+)$/.exec(line) ?? [];
    if (id === "" || ref.endsWith("/HEAD") || longLived.test(ref)) continue;
    const changed = await ask(
      repository,
      ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", `${survey.head}...${id}`],
      signal,
    );
    const touched = byteStrings(changed).map(textOf);
    const shared = touched.filter((path) => about.has(path) && has(path));
    // What differs everywhere is another line of development, not a piece of work.
    if (shared.length === 0 || touched.length > 300) continue;
    facts.push({
      section,
      text: `Branch ${quoted(ref, 80)} (${day}, not merged) changes ${shared.slice(0, 4).join(", ")}: it may conflict`,
      files: shared.slice(0, 4),
      source: `branch ${ref}`.slice(0, 100),
    });
  }
  return facts.slice(0, 3);
}

/** What git says, or nothing when it fails or takes too long. */
async function ask(
  repository: Ground["project"]["repository"],
  args: readonly string[],
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    const limits = { timeout: timeLimit, maxOutput: 4 * 1024 * 1024, truncate: true, allowFailure: true };
    const found = await git(repository, args, { signal, ...limits });
    return found.code === 0 ? found.stdout : Buffer.alloc(0);
  } catch (error) {
    signal.throwIfAborted();
    if (isSluiceError(error)) return Buffer.alloc(0);
    throw error;
  }
}

/** The newest commits that touched the best files. */
function lately({ survey }: Ground, files: readonly string[]): Fact[] {
  const about = new Set(files.slice(0, 5));
  return survey.commits
    .slice(0, 60)
    .filter(({ files: touched }) => touched.some((path) => about.has(path)))
    .slice(0, 4)
    .map(({ id, at, subject, files: touched }) => {
      const shared = touched.filter((path) => about.has(path));
      return {
        section,
        text: `${shared.slice(0, 2).join(", ")} changed on ${at.slice(0, 10)}: ${quoted(subject, 100)}`,
        files: shared,
        source: `commit ${id.slice(0, 9)}`,
      };
    });
}

async function leftNotes(ground: Ground, files: readonly string[]): Promise<Fact[]> {
  const facts: Fact[] = [];
  const long: string[] = [];
  for (const path of files.slice(0, 6)) {
    const lines = (await ground.read(path))?.split("\n") ?? [];
    if (lines.length > longFile) long.push(`${path} (${lines.length} lines)`);
    for (const [at, line] of lines.entries()) {
      const note = /(?:\/\/|#|\*|--)\s*@?\b((?:TODO|FIXME|HACK|XXX|BUG|DEPRECATED|deprecated)\b.{3,})/.exec(
        line.slice(0, 400),
      )?.[1];
      if (note === undefined || facts.length >= mostNotes) continue;
      facts.push({
        section,
        text: `${path}:${at + 1} says ${quoted(note, 140)}`,
        files: [path],
        source: `${path}:${at + 1}`,
      });
    }
  }
  if (long.length > 0)
    facts.push({
      section,
      text: `Long files, to be changed with care: ${long.join(", ")}`,
      files: long.map((one) => one.split(" ")[0] ?? ""),
      source: "file tree",
    });
  return facts;
}
