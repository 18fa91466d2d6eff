import type { AcceptanceCriterion, TaskSections } from "./types.js";

/** The headings that a task's markdown has to have exactly once each. */
export const taskHeadings = ["## Description", "## Acceptance", "## Done summary", "## Evidence"] as const;

export interface MarkdownLine {
  text: string;
  /** Inside a fenced code block, its closing fence included: no heading, whatever it looks like. */
  fenced: boolean;
}

/** Lines without their ends, fences told apart as flowctl does. */
export function linesOf(markdown: string): MarkdownLine[] {
  let fence: string | null = null;
  return markdown.split(/\r\n|\r|\n/).map((text) => {
    const start = text.trimStart().slice(0, 3);
    const fenced = fence !== null;
    if (fence === null) fence = start === "```" || start === "~~~" ? start : null;
    else if (start === fence) fence = null;
    return { text, fenced };
  });
}

export interface Frontmatter {
  /** Between the `---` lines. */
  yaml: string;
  body: string;
}

/** Splits a leading `---` block off; null when there is none, or none that ends. */
export function splitFrontmatter(text: string): Frontmatter | null {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const start = /^---[ \t]*\r?\n/.exec(source);
  if (start === null) return null;
  const rest = source.slice(start[0].length);
  const end = /^---[ \t]*(?:\r?\n|$)/m.exec(rest);
  if (end === null) return null;
  return { yaml: rest.slice(0, end.index), body: rest.slice(end.index + end[0].length) };
}

const largestFrontmatter = 32 * 1024;

/** What a frontmatter says, every value a string or a list of strings; null when it is no mapping or no YAML. */
export async function readFrontmatter(yaml: string): Promise<Map<string, string | string[]> | null> {
  if (yaml.length > largestFrontmatter) return null;
  const { parseDocument } = await import("yaml");
  let value: unknown;
  try {
    // Without aliases nothing grows when it is read, and `failsafe` leaves dates and numbers as they are written.
    const document = parseDocument(yaml, { schema: "failsafe", logLevel: "silent" });
    if (document.errors.length > 0) return null;
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields = new Map<string, string | string[]>();
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === "string") fields.set(key, item);
    else if (Array.isArray(item))
      fields.set(
        key,
        item.filter((entry) => typeof entry === "string"),
      );
  }
  return fields;
}

/** A field as a list: a list itself, or what commas separate. */
export function listField(fields: Map<string, string | string[]> | null, name: string): string[] {
  const value = fields?.get(name);
  const items = typeof value === "string" ? value.replace(/^\[|\]$/g, "").split(",") : (value ?? []);
  return items.map((item) => item.trim()).filter((item) => item !== "");
}

export function textField(fields: Map<string, string | string[]> | null, name: string): string | null {
  const value = fields?.get(name);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

/** A task's four sections. Of a heading that is there twice, the first counts. */
export function taskSections(markdown: string): TaskSections {
  const found = new Map<string, string[]>();
  let current: string[] | null = null;
  for (const line of linesOf(markdown)) {
    const heading = headingOf(line);
    if (heading === null) {
      current?.push(line.text);
      continue;
    }
    current = found.has(heading) ? null : [];
    if (current !== null) found.set(heading, current);
  }
  const section = (heading: (typeof taskHeadings)[number]) => found.get(heading)?.join("\n").trim() ?? null;
  return {
    description: section("## Description"),
    acceptance: section("## Acceptance"),
    doneSummary: section("## Done summary"),
    evidence: section("## Evidence"),
  };
}

/** What flowctl's `validate` would say of a task's headings. */
export function headingProblems(markdown: string): string[] {
  const counts = new Map<string, number>();
  for (const line of linesOf(markdown)) {
    const heading = headingOf(line);
    if (heading !== null) counts.set(heading, (counts.get(heading) ?? 0) + 1);
  }
  return taskHeadings.flatMap((heading) => {
    const count = counts.get(heading) ?? 0;
    if (count === 1) return [];
    return [
      count === 0
        ? `the heading "${heading}" is missing`
        : `the heading "${heading}" is there ${count} times`,
    ];
  });
}

function headingOf({ text, fenced }: MarkdownLine): string | null {
  return !fenced && text.startsWith("## ") ? text.trim() : null;
}

const acceptanceHeading = /^#{2,6}\s+acceptance(?:\s+(?:criteria|criterion|tests?))?\s*(?:[(:—–-].*)?$/i;
const listItem = /^(?:[-*+]|\d{1,4}[.)])\s+(.*)$/;
const box = /^\[([ xX])\]\s*/;
/** `**R1:** text`, `**R1** text`, `R1: text`; the id ends at a boundary, so that `R2D2` is none. */
const requirement =
  /^(?:\*\*\s*(R\d{1,4}[a-z]?)(?![\w-])\s*[:.–—-]?\s*\*\*|(R\d{1,4}[a-z]?)(?=\s*[:–—]|\s+-\s))\s*[:–—-]?\s*/;
/** `**R1 (in a word):** text`: the bold run goes on past the id. */
const requirementInBold = /^\*\*\s*(R\d{1,4}[a-z]?)(?![\w-])/;

/**
 * The acceptance criteria of a spec or task, word for word: the list items at the margin below each acceptance
 * heading (of the whole text when it has no heading at all), with what is indented below them. flowctl's `TBD` is
 * none. Headings in code fences are not looked at.
 */
export function acceptanceCriteria(markdown: string): AcceptanceCriterion[] {
  const lines = linesOf(splitFrontmatter(markdown)?.body ?? markdown);
  const isHeading = ({ text, fenced }: MarkdownLine) => !fenced && /^#{1,6}\s/.test(text);
  let depth = lines.some(isHeading) ? 0 : 7;
  const criteria: AcceptanceCriterion[] = [];
  let item: string[] = [];
  const finish = () => {
    const criterion = criterionOf(item);
    if (criterion !== null) criteria.push(criterion);
    item = [];
  };
  for (const line of lines) {
    if (isHeading(line)) {
      finish();
      const own = acceptanceHeading.exec(line.text.trimEnd());
      const level = /^#+/.exec(line.text)?.[0].length ?? 1;
      // A heading below the acceptance one groups its items.
      if (own !== null) depth = level;
      else if (level <= depth) depth = 0;
      continue;
    }
    if (depth === 0) continue;
    const start = line.fenced ? null : listItem.exec(line.text);
    if (start !== null) {
      finish();
      item.push(start[1] ?? "");
    } else if (item.length > 0) {
      // What stands at the margin after an empty line is a paragraph of its own.
      if (item.at(-1) === "" && !line.fenced && /^\S/.test(line.text)) finish();
      else item.push(line.text.trimEnd());
    }
  }
  finish();
  return criteria;
}

function criterionOf(item: readonly string[]): AcceptanceCriterion | null {
  let text = item.join("\n").trim();
  const ticked = box.exec(text);
  if (ticked !== null) text = text.slice(ticked[0].length);
  const own = requirement.exec(text);
  let id = own?.[1] ?? own?.[2] ?? null;
  if (own !== null) text = text.slice(own[0].length);
  else id = requirementInBold.exec(text)?.[1] ?? null;
  text = text.trim();
  if (text === "" || text === "TBD") return null;
  return { text, id, done: ticked !== null && ticked[1] !== " " };
}
