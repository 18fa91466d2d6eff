import { printableLine } from "../../printable.js";
import type { LookedUp } from "../look-up/look-up.js";
import type { Answer } from "./answers.js";
import { bullet, closeFences, type SectionName, type Statement } from "./statements.js";
import {
  type ExistingSection,
  evidenceHeading,
  openHeading,
  type TemplateSection,
  withoutPlaceholders,
} from "./templates.js";

export interface SpecParts {
  /** With its `# `. */
  heading: string;
  template: readonly TemplateSection[];
  existing: readonly ExistingSection[];
  /** What was asked for, word for word, where no text of the spec says it; else null. */
  request: { text: string; source: string } | null;
  statements: readonly Statement[];
  /** Acceptance criteria to be added. */
  criteria: readonly Pick<Statement, "text" | "trace">[];
  open: readonly string[];
  lookedUp: readonly LookedUp[];
  /** Answers to be listed as evidence: those that are not listed yet. */
  evidence: readonly Answer[];
}

const nothing = "TBD";

/** A whole spec. What stands in it already stays word for word, in its place or, under headings of its own, at the end. */
export function composeSpec(parts: SpecParts): string {
  const { heading, template, existing, open, evidence } = parts;
  const used = new Set(["", openHeading.toLowerCase(), evidenceHeading.toLowerCase()]);
  const blocks = [heading];
  const preamble = bodyOf(existing, "");
  if (preamble !== "") blocks.push(preamble);
  for (const section of template) {
    used.add(section.heading.toLowerCase());
    const had = withoutPlaceholders(bodyOf(existing, section.heading));
    const added = section.holds.map((name) => contentOf(name, parts, had)).filter((text) => text !== "");
    const body = [had, ...added].filter((text) => text !== "").join("\n\n");
    blocks.push(`## ${section.heading}\n${body === "" ? nothing : body}`);
  }
  for (const { heading: own, body } of existing)
    if (!used.has(own.toLowerCase())) blocks.push(`## ${own}\n${body}`);
  const asked = joined(
    withoutPlaceholders(bodyOf(existing, openHeading)),
    fresh(open, bodyOf(existing, openHeading)).map((text) => `- ${text}`),
  );
  if (asked !== "") blocks.push(`## ${openHeading}\n${asked}`);
  const listed = joined(bodyOf(existing, evidenceHeading), evidence.map(evidenceLine));
  if (listed !== "") blocks.push(`## ${evidenceHeading}\n${listed}`);
  return `${blocks.join("\n\n")}\n`;
}

/** The two parts of a task that are written. */
export function composeTask(
  parts: Omit<SpecParts, "template" | "existing" | "heading">,
  had: { description: string | null; acceptance: string | null },
): { description: string; acceptance: string } {
  const before = withoutPlaceholders(had.description ?? "");
  const named: readonly (readonly [string, readonly SectionName[]])[] = [
    ["Decided", ["goal", "scope", "architecture", "contracts", "constraints", "decisions"]],
    ["Boundaries", ["boundaries"]],
  ];
  const blocks = [before];
  for (const [title, names] of named) {
    const lines = parts.statements
      .filter(({ section, text }) => names.some((name) => name === section) && !isIn(text, before))
      .map((statement) => bullet(statement));
    if (lines.length > 0) blocks.push(`### ${title}\n${lines.join("\n")}`);
  }
  const open = fresh(parts.open, before);
  if (open.length > 0) blocks.push(`### ${openHeading}\n${open.map((text) => `- ${text}`).join("\n")}`);
  const evidence = parts.evidence.map(evidenceLine);
  if (evidence.length > 0) blocks.push(`### ${evidenceHeading}\n${evidence.join("\n")}`);
  const criteria = withoutPlaceholders(had.acceptance ?? "");
  const added = parts.criteria.filter(({ text }) => !isIn(text, criteria)).map((one) => bullet(one, "- [ ]"));
  return {
    description: blocks.filter((block) => block !== "").join("\n\n") || nothing,
    acceptance: joined(criteria, added) || "- [ ] TBD",
  };
}

function bodyOf(existing: readonly ExistingSection[], heading: string): string {
  return existing
    .filter((section) => section.heading.toLowerCase() === heading.toLowerCase())
    .map(({ body }) => body)
    .join("\n\n");
}

function joined(had: string, lines: readonly string[]): string {
  return [had, lines.join("\n")].filter((text) => text !== "").join("\n");
}

function contentOf(name: TemplateSection["holds"][number], parts: SpecParts, had: string): string {
  switch (name) {
    case "acceptance":
      return criteriaText(parts, had);
    case "commands":
      return commands(parts.lookedUp, had);
    case "references":
      return parts.lookedUp
        .map(({ question, answer, source }) => ({ text: `${question} ${answer}`, source }))
        .filter(({ text }) => !isIn(text, had))
        .map(({ text, source }) => `- ${text} [${source}]`)
        .join("\n");
    default:
      return prose(name, parts, had);
  }
}

const named: Partial<Record<SectionName, string>> = {
  boundaries: "Out of scope",
  contracts: "Interfaces",
  decisions: "Decisions and risks",
};

function prose(name: SectionName, parts: SpecParts, had: string): string {
  const own = parts.statements.filter(({ section, text }) => section === name && !isIn(text, had));
  const groups = [...new Set(own.map(({ group }) => group))];
  // Where a section holds several kinds, each has a heading of its own.
  const shared = parts.template.find(({ holds }) => holds.some((held) => held === name))?.holds.length ?? 1;
  const title = shared > 1 && own.length > 0 ? named[name] : undefined;
  const blocks = groups.map((group) => {
    const heading = group ?? title;
    const lines = own.filter((one) => one.group === group).map((one) => bullet(one));
    return heading === undefined ? lines.join("\n") : `### ${heading}\n${lines.join("\n")}`;
  });
  if (name === "goal" && parts.request !== null && !isIn(parts.request.text, had)) {
    const quoted = closeFences(parts.request.text.trim())
      .split("\n")
      .map((line) => `> ${line}`.trimEnd());
    blocks.unshift(`What was asked for [${parts.request.source}]:\n\n${quoted.join("\n")}`);
  }
  return blocks.join("\n\n");
}

/** New criteria behind those that are there, whose numbers stay; the next ones are the next free ones. */
function criteriaText({ criteria, template, existing }: SpecParts, had: string): string {
  const isPlanning = template.some(({ heading }) => heading === "Acceptance Criteria");
  const taken = existing.flatMap(({ body }) =>
    [...body.matchAll(/\bR(\d{1,4})\b/g)].map(([, number]) => Number(number)),
  );
  let next = Math.max(0, ...taken) + 1;
  return criteria
    .filter(({ text }) => !isIn(text, had))
    .map((one) => bullet(one, isPlanning ? `- **R${next++}:**` : "- [ ]"))
    .join("\n");
}

function commands(lookedUp: readonly LookedUp[], had: string): string {
  const found = lookedUp.find(({ topic }) => topic === "commands");
  if (found === undefined) return "";
  return found.answer
    .split(", ")
    .filter((command) => !had.includes(command))
    .map((command) => `- \`${command}\` [${found.source}]`)
    .join("\n");
}

function evidenceLine({ id, category, question, answer, state }: Answer): string {
  const [first = "", ...rest] = said({ state, answer }).split("\n");
  return [
    `- **${id}** (${category}) ${question} → ${first}`.trimEnd(),
    ...rest.map((line) => (line.trim() === "" ? "" : `  ${line}`)),
  ].join("\n");
}

function said({ state, answer }: Pick<Answer, "state" | "answer">): string {
  return state === "open" ? "*(not answered)*" : closeFences(answer);
}

/** Answers that a spec lists as evidence already, by what was asked and said. */
export function listedEvidence(existing: readonly ExistingSection[]): {
  ids: Map<string, string>;
  next: number;
} {
  const ids = new Map<string, string>();
  let next = 1;
  const body = existing.find(({ heading }) => heading === evidenceHeading)?.body ?? "";
  let open: { id: string; lines: string[] } | null = null;
  const close = () => {
    if (open !== null) ids.set(flat(open.lines.join("\n")), open.id);
  };
  for (const line of body.split("\n")) {
    const [, id, rest] = /^- \*\*(A\d{1,5})\*\* \(\w+\) (.*)$/.exec(line) ?? [];
    if (id !== undefined && rest !== undefined) {
      close();
      open = { id, lines: [rest] };
      next = Math.max(next, Number(id.slice(1)) + 1);
    } else open?.lines.push(line);
  }
  close();
  return { ids, next };
}

/** What `listedEvidence` knows an answer by. */
export function evidenceKey(answer: Answer): string {
  return flat(`${answer.question} → ${said(answer)}`);
}

function fresh(open: readonly string[], had: string): string[] {
  return open.filter((text) => !isIn(text, had));
}

function isIn(text: string, had: string): boolean {
  const wanted = flat(text);
  return wanted !== "" && flat(had).includes(wanted);
}

function flat(text: string): string {
  return printableLine(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}→]+/gu, " ")
    .trim();
}
