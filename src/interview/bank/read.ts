import { type Facet, isFacet, isNature, type Nature } from "../facets.js";

/** A question before names are put into it. */
export interface Row {
  /** What a text has to be about, all of it; `things`, `doing`, `external` and `file` ask for such a name. */
  on: readonly (Facet | Slot)[];
  /** What a text must not be. */
  unless: readonly Nature[];
  question: string;
  why: string;
  /** Two to four, or none. */
  options: { label: string; description: string }[];
}

export const slots = ["things", "doing", "external", "file"] as const;
export type Slot = (typeof slots)[number];

/**
 * Rows as they are written in `bank/`: a question in a line, indented below it why it matters, then its options as
 * `- label: description`. `[facet]` or `[facet+slot]` in front limits a question to texts that are about it; with
 * `-terminal` or `-refactoring` there it is none for texts of that nature.
 */
export function readRows(text: string): Row[] {
  const rows: Row[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const row = rows.at(-1);
    if (!line.startsWith(" ")) {
      const [, marks = "", question = ""] = /^(?:\[([\w+-]+)\] )?(.+)$/.exec(line) ?? [];
      const [, on = "", unless = ""] = /^([\w+]*)((?:-\w+)*)$/.exec(marks) ?? [];
      rows.push({
        on: on.split("+").filter(Boolean).map(condition),
        unless: unless.split("-").filter(Boolean).map(nature),
        question,
        why: "",
        options: [],
      });
    } else if (row === undefined) {
      throw new Error(`no question above: ${line}`);
    } else if (line.startsWith("  - ")) {
      const [, label = "", description = ""] = /^ {2}- ([^:]+): (.+)$/.exec(line) ?? [];
      if (label === "") throw new Error(`no option: ${line}`);
      row.options.push({ label, description });
    } else row.why = line.trim();
  }
  return rows;
}

function condition(name: string): Facet | Slot {
  const slot = slots.find((known) => known === name);
  if (slot !== undefined) return slot;
  if (isFacet(name)) return name;
  throw new Error(`no facet: ${name}`);
}

function nature(name: string): Nature {
  if (isNature(name)) return name;
  throw new Error(`no nature: ${name}`);
}
