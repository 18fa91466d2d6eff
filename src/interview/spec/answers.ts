import { join } from "node:path";
import * as z from "zod";
import { isObject, type Json, parseJson } from "../../config/json.js";
import { readRegularFile } from "../../durable-file.js";
import { UsageError } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import { printable } from "../../printable.js";
import { type CategoryId, categoryIds } from "../categories.js";
import { oneLine } from "../written.js";

export interface Answer {
  /** `A3`: how the spec refers to it. */
  id: string;
  question: string;
  /** Word for word, without what a terminal would obey. */
  answer: string;
  category: CategoryId;
  /** `open`: skipped or not known; `delegated`: left to who builds it. */
  state: "given" | "open" | "delegated";
}

export const givenAnswer = z.object({
  question: z.string().max(2_000),
  answer: z.string().max(20_000),
  category: z.string().max(60).optional(),
});
export type GivenAnswer = z.output<typeof givenAnswer>;

const most = 300;
const largestFile = 2 * 1024 * 1024;

const skipped =
  /^(?:skip(?:ped)?|tbd|todo|open|later|unknown|n\/?a|none yet|no idea|not sure(?: yet)?|(?:i |we )?(?:don['’]t|do not) know(?: yet)?|not (?:yet )?(?:decided|known|clear)|to be (?:decided|discussed)|ask [\w ]{1,40}|no answer|[-–—?.…]+)[.!]?$/i;
const delegated =
  /^(?:you (?:decide|choose|pick)|your (?:call|choice)|up to you|whatever (?:you (?:think|like|recommend)|works|is (?:best|easiest))|go with (?:your|the) recommendation|(?:the )?(?:developer|implementer)s? (?:may )?(?:decides?|chooses?))\b.{0,60}$/i;

/** Answers as they were given, with ids, the first of them `A<from>`. */
export function numbered(given: readonly GivenAnswer[], from: number): Answer[] {
  return given
    .filter(({ question, answer }) => question.trim() !== "" || answer.trim() !== "")
    .slice(0, most)
    .map(({ question, answer, category }, at) => {
      const text = printable(answer.replace(/\r\n?/g, "\n")).trim();
      const asked = oneLine(question);
      return {
        id: `A${from + at}`,
        question: asked,
        answer: text,
        category: knownCategory(category) ?? guessed(asked),
        state: text === "" || skipped.test(text) ? "open" : delegated.test(text) ? "delegated" : "given",
      };
    });
}

function knownCategory(name: string | undefined): CategoryId | null {
  const wanted = name
    ?.trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");
  return categoryIds.find((id) => id === wanted) ?? null;
}

const guesses: readonly (readonly [RegExp, CategoryId])[] = [
  [/\b(?:done|accept(?:ed|ance)|criteri\w+|call it done|definition of done|verif\w+)\b/i, "acceptance"],
  [/\b(?:test(?:s|ed|ing)?|fake|fixture|sandbox)\b/i, "testing"],
  [
    /\b(?:right|role|permission|secret|attack\w*|personal data|abuse|sign(?:ed)? in|log ?in|token|session)\b/i,
    "security",
  ],
  [/\b(?:slow|fast|seconds?|latency|load|memory|cache|how many|how large|how often)\b/i, "performance"],
  [
    /\b(?:migrat\w+|existing (?:data|users|clients)|rollback|go back|flag|compatib\w+|old way|release)\b/i,
    "migration",
  ],
  [/\b(?:fails?|failure|errors?|retry|retries|down|half[- ]?way|timeout|crash\w*)\b/i, "errors"],
  [/\b(?:twice|empty|zero|same time|duplicate|exactly|at once)\b/i, "edge_cases"],
  [/\b(?:screen|button|page|see|shown|user interface|undo|accessib\w+|words?)\b/i, "ux"],
  [
    /\b(?:owns?|interface|boundar\w+|depend\w+|component|module|service|api|exists already)\b/i,
    "architecture",
  ],
  [/\b(?:stored?|identif\w+|state|table|field|format|order)\b/i, "technical"],
  [/\b(?:risk|uncertain|least sure|assum\w+|worst)\b/i, "risks"],
  [/\b(?:problem|success|metric|customer|why now|cost)\b/i, "business"],
];

function guessed(question: string): CategoryId {
  return guesses.find(([pattern]) => pattern.test(question))?.[1] ?? "scope";
}

/**
 * Answers from a file of the repository: the JSON that `sluice interview` writes, a list of `{question, answer}`, or
 * Markdown with `Q:` and `A:` or with questions as headings.
 *
 * @throws UsageError when the file can't be read or has no answers
 */
export async function readAnswers(path: string, place: string, project: Project): Promise<GivenAnswer[]> {
  const content = await readRegularFile(join(project.repository.root, place), largestFile);
  if (content.state !== "read") {
    throw new UsageError(
      `${path} can't be read: ${content.state === "absent" ? "it is not there" : content.why}.`,
      'Pass answers as a list of {"question", "answer"}, or the path of a file inside the repository.',
    );
  }
  const found =
    /\.json$/i.test(path) || /^\s*[[{]/.test(content.text)
      ? await ofJson(path, content.text)
      : ofMarkdown(content.text);
  if (found.length > 0) return found;
  throw new UsageError(
    `${path} has no answers that can be told from its text.`,
    'Write JSON ([{"question": "…", "answer": "…"}]), or lines that begin with Q: and A:, or questions as headings.',
  );
}

async function ofJson(path: string, text: string): Promise<GivenAnswer[]> {
  const parsed = await parseJson(text, largestFile);
  if (!parsed.ok) throw new UsageError(`${path} is no JSON: ${parsed.message}.`, "Mend it, then call again.");
  return answersIn(parsed.value);
}

/** Answers in what was read from JSON; empty for none. */
export function answersIn(value: Json): GivenAnswer[] {
  const list = Array.isArray(value)
    ? value
    : isObject(value)
      ? [value.answers, value.questions].find((candidate) => Array.isArray(candidate))
      : [];
  return (Array.isArray(list) ? list : []).flatMap((item) => {
    const read = givenAnswer.safeParse(isObject(item) ? { ...item, answer: item.answer ?? "" } : item);
    return read.success ? [read.data] : [];
  });
}

function ofMarkdown(text: string): GivenAnswer[] {
  const found: { question: string; lines: string[] }[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    const asked =
      /^\s*(?:[-*]\s+)?\**Q(?:uestion)?\s*\d*\**\s*[:.)]\**\s*(.+)$/i.exec(line)?.[1] ??
      /^#{1,6}\s+(.*\?)\s*$/.exec(line)?.[1];
    if (asked !== undefined) {
      found.push({ question: asked.replace(/^\**|\**$/g, ""), lines: [] });
      continue;
    }
    if (/^#{1,6}\s/.test(line)) {
      found.push({ question: "", lines: [] });
      continue;
    }
    found.at(-1)?.lines.push(line.replace(/^\s*(?:[-*]\s+)?\**A(?:nswer)?\s*\d*\**\s*[:.)]\**\s*/i, ""));
  }
  return found
    .filter(({ question }) => question !== "")
    .map(({ question, lines }) => ({ question, answer: lines.join("\n").trim() }));
}
