import { createHash } from "node:crypto";
import { shownPath } from "../../change/risk/reasons.js";
import { maskCode } from "../../mask.js";
import { printable } from "../../printable.js";

export const findingClasses = [
  "unreadable",
  "broken_folder",
  "missing_section",
  "missing_acceptance",
  "placeholder",
  "no_tasks",
  "cycle",
  "unknown_dependency",
  "unknown_file",
  "untestable",
  "contradiction",
  "not_covered",
] as const;
export type FindingClass = (typeof findingClasses)[number];

/** Something that free stages have against a plan. */
export interface PlanFinding {
  /** Stays while the words that it is about do. */
  id: string;
  /** `certain` and `likely` send the plan back; `hint` is for the reviewer. */
  severity: "certain" | "likely" | "hint";
  class: FindingClass;
  /** Relative to the repository. */
  file: string;
  line: number | null;
  message: string;
  source: "rules" | "model";
}

const longestQuote = 120;

/** @param about the words that it is about: with them the id stays, whatever else changes around them */
export function finding(
  given: Omit<PlanFinding, "id" | "source"> & { about: string; source?: PlanFinding["source"] },
): PlanFinding {
  const { about, source = "rules", ...rest } = given;
  const id = createHash("sha256")
    .update(JSON.stringify(["plan", source, rest.class, rest.file, about.replace(/\s+/g, " ").trim()]))
    .digest("hex")
    .slice(0, 12);
  return { id, source, ...rest };
}

/** Words of a plan, for a message: one line, cut, without what a terminal or a loop acts on. */
export function quoted(text: string): string {
  const line = printable(maskCode(text.slice(0, 2_000)))
    .replace(/<[^<>]{0,40}>?/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return `"${line.length > longestQuote ? `${line.slice(0, longestQuote - 1)}…` : line}"`;
}

export function named(path: string): string {
  return shownPath(path);
}
