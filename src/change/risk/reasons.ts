import { maskCode } from "../../mask.js";
import { printable } from "../../printable.js";

/** From the reviewer that every change may get to the one that few need. */
export const changeClasses = ["SECURITY", "COMPLEX", "ROUTINE"] as const;
export type ChangeClass = (typeof changeClasses)[number];

/**
 * Where a reason comes from: the configuration's patterns, what the change says, what a parser proved, or a local model
 * that quotes the change.
 */
export type Origin = "patterns" | "content" | "syntax" | "model";

export interface Reason {
  class: ChangeClass;
  origin: Origin;
  rule: string;
  /** Path at head; null when it is about the whole change. */
  file: string | null;
  evidence: string;
}

const evidenceLimit = 160;
const fileLimit = 240;
const perRule = 3;

/** A quoted line of the change: one line, secrets masked, at most 160 characters. */
export function quote(line: string): string {
  // Cut first: masking is work on hostile text.
  const text = printable(maskCode(line.slice(0, 2_000)))
    .replace(/\s+/g, " ")
    .trim();
  return text.length > evidenceLimit ? `${text.slice(0, evidenceLimit - 1)}…` : text;
}

/** A path as shown: no control characters, at most 240 characters. */
export function shownPath(path: string): string {
  const text = printable(path).replace(/[\n\t]/g, " ");
  return text.length > fileLimit ? `${text.slice(0, fileLimit / 2)}…${text.slice(-fileLimit / 2 + 1)}` : text;
}

const rank: Record<ChangeClass, number> = { SECURITY: 0, COMPLEX: 1, ROUTINE: 2 };

/** The highest class any reason asks for; COMPLEX when nothing was said at all. */
export function highestClass(reasons: readonly Reason[]): ChangeClass {
  let highest: ChangeClass | null = null;
  for (const reason of reasons) {
    if (highest === null || rank[reason.class] < rank[highest]) highest = reason.class;
  }
  return highest ?? "COMPLEX";
}

/**
 * The reasons worth showing: those of the deciding class first, each rule once per file, no rule more than three
 * times while others wait, at most `limit`. `more` counts what is left of the deciding class and above ROUTINE.
 */
export function selectReasons(reasons: readonly Reason[], limit: number): { shown: Reason[]; more: number } {
  const decided = highestClass(reasons);
  const unique = new Map<string, Reason>();
  for (const reason of reasons) {
    // What proves a part harmless says nothing once another part is not.
    if (decided !== "ROUTINE" && reason.class === "ROUTINE") continue;
    const key = `${reason.class}\0${reason.rule}\0${reason.file ?? ""}`;
    if (!unique.has(key)) unique.set(key, reason);
  }
  const sorted = [...unique.values()].sort(
    (a, b) =>
      rank[a.class] - rank[b.class] || Number(b.origin === "patterns") - Number(a.origin === "patterns"),
  );
  const first: Reason[] = [];
  const later: Reason[] = [];
  const seen = new Map<string, number>();
  for (const reason of sorted) {
    const times = (seen.get(reason.rule) ?? 0) + 1;
    seen.set(reason.rule, times);
    (times <= perRule ? first : later).push(reason);
  }
  const shown = [...first, ...later].slice(0, limit);
  shown.sort((a, b) => rank[a.class] - rank[b.class]);
  return { shown, more: unique.size - shown.length };
}
