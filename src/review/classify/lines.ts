import type { ChangedFile } from "../../change/types.js";

/** A line that a change adds or removes. */
export interface ChangedLine {
  added: boolean;
  /** 1-based, on its own side. */
  number: number;
  /** Without line end; comments blanked where a parser found them. */
  text: string;
}

/** Characters of one line and of all lines of a change that are read: what is longer was not read, and says so. */
export const lineLimit = 4_000;

/**
 * A file's changed lines in order. `base` and `head` are its texts with comments blanked, where there are any;
 * without them the hunks' own lines are taken, comments and all.
 */
export function changedLines(file: ChangedFile, base: string | null, head: string | null): ChangedLine[] {
  const before = base === null ? null : base.split("\n");
  const after = head === null ? null : head.split("\n");
  const lines: ChangedLine[] = [];
  for (const hunk of file.hunks) {
    let oldNumber = hunk.oldStart;
    let newNumber = hunk.newStart;
    for (const line of hunk.lines) {
      const added = line.startsWith("+");
      if (!added && !line.startsWith("-")) continue;
      const number = added ? newNumber++ : oldNumber++;
      const text = (added ? after : before)?.[number - 1] ?? line.slice(1);
      lines.push({ added, number, text: text.endsWith("\r") ? text.slice(0, -1) : text });
    }
  }
  return lines;
}

/** Lines removed that are not added again elsewhere in the file (white space aside), and the other way round. */
export function netLines(lines: readonly ChangedLine[]): { removed: ChangedLine[]; added: ChangedLine[] } {
  const key = (line: ChangedLine) => line.text.replace(/\s+/g, "");
  const balance = new Map<string, number>();
  for (const line of lines) balance.set(key(line), (balance.get(key(line)) ?? 0) + (line.added ? 1 : -1));
  const removed: ChangedLine[] = [];
  const added: ChangedLine[] = [];
  for (const whole of lines) {
    // What looks at these lines tries patterns on them: no more of each than a person would read.
    const line = { ...whole, text: whole.text.trim().slice(0, 1_000) };
    const left = balance.get(key(whole)) ?? 0;
    if (line.added && left > 0) {
      added.push(line);
      balance.set(key(whole), left - 1);
    } else if (!line.added && left < 0) {
      removed.push(line);
      balance.set(key(whole), left + 1);
    }
  }
  return { removed, added };
}
