import { SourceError, UsageError } from "../errors.js";
import { decode } from "./bytes.js";
import type { ObjectStore } from "./object-store.js";
import type { ChangedFile, FileStatus, Hunk } from "./types.js";

/** Bytes: git shows a larger blob as binary, and so do we. The limit of `Objects.blob` is the same. */
export const diffedBlobLimit = 20 * 1024 * 1024;
/** Bytes of diff text, and lines added and deleted, in one change: more cannot be held, nor be reviewed by anybody. */
export const diffLimit = 200 * 1024 * 1024;
export const lineLimit = 5_000_000;

/**
 * Files on either side that git compares for renames with edits, its own default since 2.35: beyond it only renames
 * of identical files are found. It is part of what a fingerprint means.
 */
const renameLimit = 1_000;

// Read in a repository without configuration; these are fixed all the same, because fingerprints rest on them.
const options = [
  "-r",
  "-z",
  "--raw",
  "-p",
  "-M50%",
  `-l${renameLimit}`,
  "--no-abbrev",
  "--full-index",
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--no-relative",
  "--diff-algorithm=histogram",
  "--no-indent-heuristic",
  "--inter-hunk-context=0",
  "--src-prefix=a/",
  "--dst-prefix=b/",
  "--submodule=short",
  "--ignore-submodules=none",
];

/** A file of a diff and its text: the byte range of `RawDiff.output`, from `diff --git` on. */
export interface RawFile {
  status: FileStatus;
  path: string;
  oldPath: string | null;
  oldMode: string;
  newMode: string;
  oldId: string | null;
  newId: string | null;
  start: number;
  end: number;
}

export interface RawDiff {
  output: Buffer;
  files: RawFile[];
}

/**
 * What git says of two trees, in one process whatever their size. Throws SourceError when the diff is too large or
 * takes too long.
 */
export async function rawDiff(
  store: ObjectStore,
  base: string,
  head: string,
  context: number,
  signal?: AbortSignal,
): Promise<RawDiff> {
  const args = ["-c", `core.bigFileThreshold=${diffedBlobLimit}`, "diff-tree", ...options, `-U${context}`];
  const limits = { signal, timeout: 180_000, maxOutput: diffLimit };
  if (store.partial) await fetchMissing(store, base, head, signal);
  const { stdout } = await store.read([...args, base, head], limits);
  return parseRaw(stdout);
}

/** In a partial clone: has git fetch, in one go, the blobs that the diff needs. They come into our directory. */
async function fetchMissing(store: ObjectStore, base: string, head: string, signal?: AbortSignal) {
  const args = [
    "diff-tree",
    "-r",
    "--numstat",
    "-M50%",
    `-l${renameLimit}`,
    "--no-ext-diff",
    "--no-textconv",
  ];
  const result = await store.write([...args, base, head], { signal, timeout: 180_000, allowFailure: true });
  if (result.code === 0) return;
  throw new SourceError(
    `This is a partial clone, and git could not fetch what the change needs: ${result.stderr.split("\n").at(-1)}`,
    "See that the remote can be reached, or run `git fetch --refetch --no-filter` once.",
    { kind: "git" },
  );
}

const statuses: Readonly<Record<string, FileStatus>> = {
  A: "added",
  D: "deleted",
  M: "modified",
  R: "renamed",
  C: "copied",
  T: "type-changed",
};

function parseRaw(output: Buffer): RawDiff {
  const files: RawFile[] = [];
  let at = 0;
  const next = (): Buffer => {
    const end = output.indexOf(0, at);
    if (end < 0) throw new Error("git diff-tree --raw -z ended in the middle of a record");
    const piece = output.subarray(at, end);
    at = end + 1;
    return piece;
  };
  while (at < output.length && output[at] === 0x3a) {
    const [oldMode = "", newMode = "", oldId = "", newId = "", letter = ""] = next()
      .toString("latin1", 1)
      .split(" ");
    const status = statuses[letter[0] ?? ""];
    if (status === undefined) throw new Error(`git diff-tree gave an unknown status: ${letter}`);
    const first = decode(next());
    const moved = status === "renamed" || status === "copied";
    const path = moved ? decode(next()) : first;
    files.push({
      status,
      path,
      oldPath: moved ? first : null,
      oldMode,
      newMode,
      oldId: /^0+$/.test(oldId) ? null : oldId,
      newId: /^0+$/.test(newId) ? null : newId,
      start: 0,
      end: 0,
    });
  }
  if (files.length > 0) placeSections(output, at + 1, files);
  return { output, files };
}

const sectionStart = Buffer.from("diff --git ");

/** Texts follow the records in the same order: one per file, two (deleted, created) where its type changed. */
function placeSections(output: Buffer, from: number, files: RawFile[]): void {
  const starts: number[] = [];
  for (let at = from; at >= 0 && at < output.length; ) {
    if (
      output[at] === 0x64 &&
      output.compare(sectionStart, 0, sectionStart.length, at, at + sectionStart.length) === 0
    ) {
      starts.push(at);
    }
    const end = output.indexOf(0x0a, at);
    at = end < 0 ? output.length : end + 1;
  }
  let section = 0;
  for (const file of files) {
    file.start = starts[section] ?? output.length;
    section += file.status === "type-changed" ? 2 : 1;
    file.end = starts[section] ?? output.length;
  }
  if (section !== starts.length) {
    throw new Error(`git diff-tree listed files for ${section} texts and gave ${starts.length}`);
  }
}

/** The changed files of a diff made with `-U0`, with their hunks; `kind` is still only what modes and git tell. */
export function changedFiles(diff: RawDiff): ChangedFile[] {
  let room = lineLimit;
  return diff.files
    .map((raw) => {
      const file = changedFile(diff.output, raw, room);
      room -= (file.added ?? 0) + (file.deleted ?? 0);
      return file;
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function changedFile(output: Buffer, raw: RawFile, room: number): ChangedFile {
  const { start, end, ...facts } = raw;
  const { hunks, binary, added, deleted } = readHunks(output, start, end, room);
  const mode = raw.newId === null ? raw.oldMode : raw.newMode;
  const kind = mode === "160000" ? "submodule" : mode === "120000" ? "symlink" : binary ? "binary" : "text";
  return {
    ...facts,
    kind,
    generated: null,
    added: binary ? null : added,
    deleted: binary ? null : deleted,
    hunks,
  };
}

/** Reads by the counts in each `@@` line, so that no content can pass for a header. */
function readHunks(output: Buffer, start: number, end: number, room: number) {
  const hunks: Hunk[] = [];
  let binary = false;
  let added = 0;
  let deleted = 0;
  let hunk: Hunk | null = null;
  let left = 0;
  for (let at = start; at < end; ) {
    const newline = output.indexOf(0x0a, at);
    const stop = newline < 0 || newline > end ? end : newline;
    const first = output[at];
    if (hunk !== null && left > 0 && (first === 0x2d || first === 0x2b)) {
      hunk.lines.push(decode(output, at, stop));
      left -= 1;
      if (first === 0x2d) deleted += 1;
      else added += 1;
    } else if (hunk !== null && first === 0x5c) {
      hunk.lines.push(decode(output, at, stop));
    } else if (left === 0 && first === 0x40) {
      hunk = hunkAt(output.toString("latin1", at, Math.min(stop, at + 200)));
      left = hunk.oldLines + hunk.newLines;
      if (added + deleted + left > room) throw tooLarge();
      hunks.push(hunk);
    } else if (left === 0 && first === 0x42) {
      binary = true;
    }
    at = stop + 1;
  }
  return { hunks, binary, added, deleted };
}

function tooLarge(): UsageError {
  return new UsageError(
    `The change has more than ${lineLimit} changed lines.`,
    "Choose a base closer to head, or keep generated data out of git.",
  );
}

function hunkAt(header: string): Hunk {
  const found = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(header);
  if (found === null) throw new Error(`git gave a hunk header that cannot be read: ${header.slice(0, 80)}`);
  return {
    oldStart: Number(found[1]),
    oldLines: Number(found[2] ?? 1),
    newStart: Number(found[3]),
    newLines: Number(found[4] ?? 1),
    lines: [],
  };
}
