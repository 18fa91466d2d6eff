import * as z from "zod";
import type { Fingerprint } from "../change/fingerprint.js";
import type { Change, Hunk } from "../change/types.js";
import type { VerdictRecord } from "../state/review-state.js";

const shownFiles = 40;
/** Characters of paths and lines in all: a result has a limit. */
const shownText = 3_000;
const shownRanges = 8;

export const newHunksOutput = z.object({
  /** Files with new hunks, and hunks, in all. */
  files: z.number(),
  hunks: z.number(),
  /** The first of them. */
  shown: z.array(
    z.object({
      path: z.string(),
      hunks: z.number(),
      /** Line ranges at head: `12-15, 20`. A `-` before one: lines were only deleted there. */
      lines: z.string(),
    }),
  ),
});

/** What a change has that an earlier review of the same files did not see, hunk by hunk. */
export function newHunks(
  change: Change,
  own: Fingerprint,
  record: VerdictRecord,
): z.output<typeof newHunksOutput> {
  const then = new Map(record.files.map((file) => [file.path, file]));
  const hunksOf = new Map(change.files.map((file) => [file.path, file.hunks]));
  const shown: z.output<typeof newHunksOutput>["shown"] = [];
  let files = 0;
  let total = 0;
  let text = 0;
  for (const { path, hash, hunks } of own.files) {
    const before = then.get(path);
    if (before?.hash === hash) continue;
    const left = counted(before?.hunks ?? []);
    const fresh = (hunksOf.get(path) ?? []).filter((_, position) => !takeOne(left, hunks[position] ?? ""));
    files += 1;
    total += fresh.length;
    const lines = ranges(fresh);
    text += path.length + lines.length;
    if (shown.length < shownFiles && text <= shownText) shown.push({ path, hunks: fresh.length, lines });
  }
  return { files, hunks: total, shown };
}

function counted(hashes: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return counts;
}

function takeOne(counts: Map<string, number>, hash: string): boolean {
  const count = counts.get(hash) ?? 0;
  if (count > 0) counts.set(hash, count - 1);
  return count > 0;
}

function ranges(hunks: readonly Hunk[]): string {
  const texts = hunks.slice(0, shownRanges).map(({ newStart, newLines }) => {
    if (newLines === 0) return `-${newStart}`;
    return newLines === 1 ? `${newStart}` : `${newStart}-${newStart + newLines - 1}`;
  });
  return texts.join(", ") + (hunks.length > shownRanges ? ", …" : "");
}
