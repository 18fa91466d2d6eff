import { isUtf8 } from "node:buffer";
import { breathe } from "../breathe.js";
import { SourceError, UsageError } from "../errors.js";
import { decode, textOf } from "./bytes.js";
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
export interface RawFile
  extends Pick<ChangedFile, "status" | "path" | "oldPath" | "oldMode" | "newMode" | "oldId" | "newId"> {
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

const sectionStart = Buffer.from("\ndiff --git ");

/** Texts follow the records in the same order: one per file, two (deleted, created) where its type changed. */
function placeSections(output: Buffer, from: number, files: RawFile[]): void {
  // Every line of content begins with a space, `+`, `-` or a backslash: this one can only be git's own.
  const starts: number[] = output.length > from ? [from] : [];
  for (let at = output.indexOf(sectionStart, from); at >= 0; at = output.indexOf(sectionStart, at + 1)) {
    starts.push(at + 1);
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
export async function changedFiles(diff: RawDiff, signal?: AbortSignal): Promise<ChangedFile[]> {
  let room = lineLimit;
  const files: ChangedFile[] = [];
  for (const raw of diff.files) {
    await breathe(signal);
    const file = changedFile(raw, await linesOf(diff.output.subarray(raw.start, raw.end), signal), room);
    room -= (file.added ?? 0) + (file.deleted ?? 0);
    files.push(file);
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function changedFile(raw: RawFile, lines: readonly string[], room: number): ChangedFile {
  const { status, path, oldPath, oldMode, newMode, oldId, newId } = raw;
  const { hunks, binary, added, deleted } = readHunks(lines, room);
  const mode = newId === null ? oldMode : newMode;
  const kind = mode === "160000" ? "submodule" : mode === "120000" ? "symlink" : binary ? "binary" : "text";
  // Written out: over 10,000 files, copying with `...` takes as long as reading the hunks.
  return {
    status,
    path,
    oldPath,
    oldMode,
    newMode,
    oldId,
    newId,
    kind,
    generated: null,
    added: binary ? null : added,
    deleted: binary ? null : deleted,
    hunks,
  };
}

/** Bytes decoded in one go. */
const pieceSize = 1024 * 1024;
const newline = 0x0a;

/**
 * A file's text by lines: decoded by the piece, which is several times faster than line by line, where it is UTF-8
 * whole.
 */
async function linesOf(section: Buffer, signal: AbortSignal | undefined): Promise<string[]> {
  if (section.length <= pieceSize) return linesIn(section, isUtf8(section));
  const isText = isUtf8(section);
  const lines: string[] = [];
  for (let at = 0; at <= section.length; ) {
    const found = section.indexOf(newline, at + pieceSize);
    const end = found === -1 ? section.length : found;
    for (const line of linesIn(section.subarray(at, end), isText)) lines.push(line);
    at = end + 1;
    await breathe(signal);
  }
  return lines;
}

function linesIn(piece: Buffer, isText: boolean): string[] {
  if (isText) return piece.toString("utf8").split("\n");
  return piece.toString("latin1").split("\n").map(textOf);
}

const minus = 0x2d;
const backslash = 0x5c;

/** Reads by the counts in each `@@` line, so that no content can pass for a header. */
function readHunks(lines: readonly string[], room: number) {
  const hunks: Hunk[] = [];
  let binary = false;
  let added = 0;
  let deleted = 0;
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    at += 1;
    if (line.startsWith("Binary files ")) binary = true;
    if (!line.startsWith("@@ ")) continue;
    const { oldStart, oldLines, newStart, newLines } = hunkAt(line);
    let left = oldLines + newLines;
    if (added + deleted + left > room) throw tooLarge();
    const from = at;
    for (; at < lines.length; at += 1) {
      const first = lines[at]?.charCodeAt(0);
      // `\\ No newline at end of file` belongs to the line before it and is not counted.
      if (first === backslash) continue;
      if (left === 0) break;
      left -= 1;
      if (first === minus) deleted += 1;
      else added += 1;
    }
    hunks.push({ oldStart, oldLines, newStart, newLines, lines: lines.slice(from, at) });
  }
  return { hunks, binary, added, deleted };
}

function tooLarge(): UsageError {
  return new UsageError(
    `The change has more than ${lineLimit} changed lines.`,
    "Choose a base closer to head, or keep generated data out of git.",
  );
}

function hunkAt(header: string): Omit<Hunk, "lines"> {
  const found = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(header);
  if (found === null) throw new Error(`git gave a hunk header that cannot be read: ${header.slice(0, 80)}`);
  return {
    oldStart: Number(found[1]),
    oldLines: Number(found[2] ?? 1),
    newStart: Number(found[3]),
    newLines: Number(found[4] ?? 1),
  };
}
