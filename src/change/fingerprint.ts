import { hash } from "node:crypto";
import type { Change, ChangedFile, Hunk } from "./types.js";

export interface FileFingerprint {
  /** Path at head; for a deleted file its path at base. */
  path: string;
  /** SHA-256 of what happened to this file. */
  hash: string;
  /** SHA-256 of each hunk, in the order of the file. */
  hunks: string[];
}

export interface Fingerprint {
  /** SHA-256 of the whole change, as 64 hex digits. */
  fingerprint: string;
  /** Sorted by path. */
  files: FileFingerprint[];
  /** True when nothing changed but line ends (CRLF against LF). */
  eol_only: boolean;
}

/**
 * What a change does, as one SHA-256, with one for each file and each hunk.
 *
 * The same for the same edit: line numbers, context, the order of files, how the diff was made and a CRLF checkout
 * do not count. Different for everything else: white space (a Python dedent, a space in a string), the order of
 * hunks, modes, renames, deletions, binary content, submodule commits. What git's own patch ids do not give:
 * `--stable` ignores all white space, `--verbatim` tells CRLF checkouts apart.
 *
 * Every field is written with its length, so that no two different lists of fields read alike.
 */
export function fingerprint(change: Pick<Change, "files">): Fingerprint {
  const described = change.files.map(describeFile);
  const files = described.map(({ file }) => file).sort((a, b) => compare(a.path, b.path));
  // A path is once in a change, except that a delete and an add of another kind of file may share it.
  const parts = described.map(({ file }) => file.hash).sort();
  return {
    fingerprint: sha256(field("sluice-change-1") + parts.map(field).join("")),
    files,
    eol_only: described.length > 0 && described.every(({ eolOnly }) => eolOnly),
  };
}

function describeFile(file: ChangedFile): { file: FileFingerprint; eolOnly: boolean } {
  const stripped = carriageReturnsAreCheckout(file.hunks);
  const hunks: string[] = [];
  let eolOnly = file.hunks.length > 0 && file.oldMode === file.newMode && file.oldPath === null;
  for (const hunk of file.hunks) {
    const lines = stripped ? hunk.lines.map(withoutCarriageReturn) : hunk.lines;
    // No line holds a line end: joined by one, they can be read back in one way only.
    hunks.push(sha256(field("sluice-hunk-1") + lines.join("\n")));
    eolOnly &&= sameButForLineEnds(hunk.lines);
  }
  // The lines say all there is to say, unless there are none: binary, submodule, a new empty file, too large.
  const byContent =
    file.kind === "binary" ||
    file.kind === "submodule" ||
    (file.hunks.length === 0 && file.oldId !== file.newId);
  const fields = ["sluice-file-1", file.status, file.path, file.oldPath ?? ""];
  fields.push(...(file.oldMode === file.newMode ? ["", ""] : [file.oldMode, file.newMode]));
  fields.push(...(byContent ? [file.oldId ?? "", file.newId ?? ""] : ["", ""]));
  const hash = sha256(fields.map(field).join("") + hunks.map(field).join(""));
  return { file: { path: file.path, hash, hunks }, eolOnly };
}

/**
 * Whether the carriage returns in a file's hunks are only the way it was checked out: then each line has one
 * (a last line without newline excepted), on both sides. In a file of both kinds they are content: turning one line
 * of a shell script to CRLF breaks it.
 */
function carriageReturnsAreCheckout(hunks: readonly Hunk[]): boolean {
  const lines = { "-": 0, "+": 0 };
  const ended = { "-": 0, "+": 0 };
  for (const hunk of hunks) {
    for (const [position, line] of hunk.lines.entries()) {
      const sign = line[0];
      if (sign !== "-" && sign !== "+") continue;
      lines[sign] += 1;
      if (line.endsWith("\r")) ended[sign] += 1;
      else if (!hunk.lines[position + 1]?.startsWith("\\")) return false;
    }
  }
  const any = ended["-"] + ended["+"] > 0;
  return any && (lines["-"] === 0 || ended["-"] > 0) && (lines["+"] === 0 || ended["+"] > 0);
}

function sameButForLineEnds(lines: readonly string[]): boolean {
  const removed: string[] = [];
  const added: string[] = [];
  for (const line of lines) {
    if (line.startsWith("-")) removed.push(withoutCarriageReturn(line.slice(1)));
    else if (line.startsWith("+")) added.push(withoutCarriageReturn(line.slice(1)));
  }
  return removed.length === added.length && removed.every((line, position) => line === added[position]);
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** A text with its length before it: a list of these can be read in one way only. */
export function field(text: string): string {
  return `${text.length}:${text}`;
}

/** SHA-256 of a text as UTF-8, in hex. */
export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
