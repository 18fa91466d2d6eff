import { stem } from "../../change/relevance.js";
import type { Answer } from "./answers.js";

/** Where a statement belongs; `templates.ts` says under which heading that is. */
export const sectionNames = [
  "goal",
  "scope",
  "boundaries",
  "architecture",
  "contracts",
  "constraints",
  "decisions",
] as const;
export type SectionName = (typeof sectionNames)[number];

export interface Statement {
  section: SectionName | "acceptance";
  /** Heading of the third level that it stands under; null for none. */
  group: string | null;
  /** May have several lines; word for word where it is an answer. */
  text: string;
  /** `A3`, a path of the repository; empty for an assumption. */
  trace: string[];
}

const common = new Set(
  `a an the of to is are be it its in on at by for from with and or do does did has have had what which how who whose
  when where why that this these those there they them their we our us you your i as than then if so will would was were
  been being also only just any all some each per into over after before while about`.split(/\s+/),
);

/** Stems of the words that tell something. */
export function tellingWords(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !common.has(word) && !negations.test(word)).map(stem));
}

/** Numbers in a text, as they are written. */
export function numbersIn(text: string): Set<string> {
  return new Set((text.match(/\d+(?:[.,]\d+)*/g) ?? []).map((number) => number.replace(/[.,]0+$/, "")));
}

const negations =
  /^(?:not|never|no|none|nobody|nothing|without|cannot|neither|nor|forbidden|excluded?|refused?|t)$/;

export function isNegated(text: string): boolean {
  return /\b(?:not|never|no|none|nobody|nothing|without|cannot|neither|forbidden|excluded|out of scope|must ?n['’]t|can['’]t|won['’]t|don['’]t|doesn['’]t|isn['’]t|aren['’]t|shouldn['’]t)\b/i.test(
    text,
  );
}

/** What binds: it stands in a spec word for word, whatever a model would make of it. */
export function isConstraint(text: string): boolean {
  return /\b(?:must|shall|never|always|at most|at least|no more than|not allowed|only|within|forbidden|required)\b|\d/i.test(
    text,
  );
}

/** Answers that mean nothing without their question. */
const dependent =
  /^(?:it|they|this|that|those|these|he|she|yes|no|then|because|only|and|but|both|neither|either|all|none|same|as|like|not|the (?:first|second|former|latter|same)|nothing|everything|nobody|everybody|maybe|probably|by|in|on|at|with|for|from|when|if|to)\b/i;
const leastWords = 6;

/** An answer as text of a spec: alone where it is a sentence by itself, else behind its question. */
export function saidBy({ question, answer }: Pick<Answer, "question" | "answer">): string {
  const closed = closeFences(answer);
  const alone = question === "" || (!dependent.test(answer) && answer.split(/\s+/).length >= leastWords);
  if (alone) return closed;
  return `*${question.replaceAll("*", "")}* ${closed}`;
}

/** A code fence that is open at the end would take all that follows. */
export function closeFences(text: string): string {
  let open: string | null = null;
  for (const line of text.split("\n")) {
    const start = line.trimStart().slice(0, 3);
    if (open === null) open = start === "```" || start === "~~~" ? start : null;
    else if (start === open) open = null;
  }
  return open === null ? text : `${text}\n${open}`;
}

/** One bullet, what comes after its first line indented, so that nothing in it is a heading of the spec's. */
export function bullet({ text, trace }: Pick<Statement, "text" | "trace">, mark = "-"): string {
  const [first = "", ...rest] = text.split("\n");
  const source = trace.length === 0 ? "(assumption)" : `[${trace.join(", ")}]`;
  const isList = rest.length > 0;
  const head = isList ? `${mark} ${first} ${source}` : `${mark} ${first.trimEnd()} ${source}`;
  return [head, ...rest.map((line) => (line.trim() === "" ? "" : `  ${line}`))].join("\n");
}

const contractual =
  /\b(?:endpoint|api|request|response|status code|payload|http|header|json|schema|exit code|flag|command line|function|signature|event)s?\b/i;

/** Section and group of an answer. */
export function placeOf(
  { category, question, answer }: Answer,
  title: string,
): Pick<Statement, "section" | "group"> {
  switch (category) {
    case "scope":
      return isExclusion(question, answer)
        ? { section: "boundaries", group: null }
        : { section: "scope", group: null };
    case "business":
      return { section: "goal", group: null };
    case "acceptance":
      return { section: "acceptance", group: null };
    case "technical":
    case "architecture":
      return contractual.test(question)
        ? { section: "contracts", group: null }
        : { section: "architecture", group: null };
    case "risks":
      return { section: "decisions", group: title };
    default:
      return { section: "constraints", group: title };
  }
}

function isExclusion(question: string, answer: string): boolean {
  return (
    /\b(?:not (?:be )?built?|will not|stays? without|leave exactly|out of scope|may come later|must not)\b/i.test(
      question,
    ) ||
    /\b(?:out of scope|not in (?:this|the first)|later|not (?:part|included|needed|supported))\b/i.test(
      answer,
    )
  );
}

/** An answer's acceptance criteria, word for word: its list items, its lines, else its sentences. */
export function criteriaIn(answer: string): string[] {
  const lines = answer
    .split("\n")
    .map((line) => line.replace(/^\s*(?:[-*•+]|\(?\d{1,2}[.)]|R\d{1,3}:)\s+(?:\[[ xX]\]\s*)?/, "").trim())
    .filter((line) => line !== "" && !/^(?:```|~~~)/.test(line));
  if (lines.length > 1) return lines;
  const [line = ""] = lines;
  if (/^\(?1[.)]\s/.test(answer.trim())) {
    const inline = answer.trim().split(/\s+(?=\(?\d[.)]\s)/);
    if (inline.length > 1) return inline.map((part) => part.replace(/^\(?\d[.)]\s+/, "").trim());
  }
  const sentences = line.split(/(?<=[.!?])\s+(?=[\p{Lu}\d“"`])/u);
  return sentences.every((sentence) => sentence.split(/\s+/).length >= 4) ? sentences : [line];
}
