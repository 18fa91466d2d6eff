import * as z from "zod";
import { loadPrompt } from "../../config/prompts.js";
import type { LocalTier } from "../../local/local.js";
import type { Sluice } from "../../sluice.js";
import { materialOf } from "../ask-model.js";
import type { Content } from "../content.js";
import { Distinct } from "../distinct.js";
import type { LookedUp } from "../look-up/look-up.js";
import { callPremium, type PremiumAccess } from "../premium.js";
import type { Subject } from "../subject.js";
import { oneLine } from "../written.js";
import type { Answer } from "./answers.js";
import type { Contradiction } from "./contradictions.js";
import {
  isConstraint,
  isNegated,
  numbersIn,
  type Statement,
  sectionNames,
  tellingWords,
} from "./statements.js";

const writtenSpec = z.object({
  statements: z
    .array(
      z.object({
        section: z.enum(sectionNames),
        text: z.string().max(500),
        trace: z.array(z.string().max(300)).max(6),
      }),
    )
    .max(60),
  contradictions: z
    .array(z.object({ a: z.string().max(20), b: z.string().max(20), why: z.string().max(300) }))
    .max(10),
  open_questions: z.array(z.string().max(300)).max(10),
});
type WrittenSpec = z.output<typeof writtenSpec>;

export interface ModelSpec {
  statements: Statement[];
  contradictions: Contradiction[];
  open: string[];
  /** Answers that its statements say as well, and in full. */
  covered: Set<string>;
  /** Statements that could be traced to nothing and were left out. */
  dropped: number;
  by: "local-model" | "premium";
}

/** Milliseconds: a cold start takes a minute or two. */
const limit = 240_000;
const answerTokens = 8_000;
const longestDigest = 12_000;
const mostAssumptions = 10;
/** Share of a statement's words that its sources have to have. */
const supported = 0.6;
const coversFrom = 0.8;

export interface WriteOptions {
  answers: readonly Answer[];
  lookedUp: readonly LookedUp[];
  /** What scouts found, as data; empty for nothing. */
  digest: string;
  /** Whether a path is a file of the repository. */
  has(path: string): boolean;
  /** What the subject's own text is called in a trace. */
  source: string;
  content: Content;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
}

/** Has a model write a spec's statements, each of which is checked against what it is traced to. Gives why not else. */
export async function writeSpec(
  how: { tier: LocalTier } | { sluice: Sluice; access: PremiumAccess },
  subject: Subject,
  options: WriteOptions,
): Promise<ModelSpec | string> {
  const { answers, lookedUp, digest, signal, onProgress } = options;
  const parts = [
    `Answers:\n${
      answers
        .filter(({ state }) => state === "given")
        .map(({ id, category, question, answer }) => `${id} (${category}) ${question}\n${answer}`)
        .join("\n\n") || "none"
    }`,
    ...(digest === "" ? [] : [`What scouts found:\n${digest.slice(0, longestDigest)}`]),
  ];
  if (!("tier" in how)) {
    const given = await callPremium(
      how.sluice,
      how.access,
      "interview-spec",
      writtenSpec,
      subject,
      lookedUp,
      parts,
    );
    return given.state === "answered" ? checked(given.value, "premium", subject, options) : given.why;
  }
  onProgress?.("writing the spec");
  const asked = await how.tier.ask({
    role: "primary",
    name: "interview_spec",
    schema: writtenSpec,
    instructions: (await loadPrompt("interview-spec")).text,
    data: [materialOf(subject, lookedUp), ...parts].join("\n\n"),
    maxTokens: answerTokens,
    temperature: 0.2,
    limit,
    signal,
    onProgress,
  });
  return asked.state === "answered"
    ? checked(asked.value, "local-model", subject, options)
    : `${asked.message} ${asked.hint}`;
}

function checked(
  { statements, contradictions, open_questions }: WrittenSpec,
  by: ModelSpec["by"],
  subject: Subject,
  options: WriteOptions,
): ModelSpec {
  const { answers, has, source, content } = options;
  const given = new Map(
    answers.filter(({ state }) => state === "given").map((answer) => [answer.id, answer]),
  );
  const result: ModelSpec = {
    statements: [],
    contradictions: [],
    open: [],
    covered: new Set(),
    dropped: 0,
    by,
  };
  const distinct = new Distinct("");
  let assumptions = 0;
  for (const { section, text, trace } of statements) {
    const line = oneLine(text)
      .replace(/^(?:[-*•#>]+\s*)+/, "")
      .replace(/\s*(?:\[[^\]]*\]|\(assumption\))\s*$/g, "");
    if (line.length < 10 || !distinct.take(line)) continue;
    const found = [...new Set(trace.map((one) => one.trim().replace(/^\[|\]$/g, "")))];
    const valid = found.filter((one) => given.has(one) || one === "text" || has(one));
    const texts = valid.map((one) => {
      const answer = given.get(one);
      return answer === undefined
        ? one === "text"
          ? `${subject.title} ${subject.text} ${subject.context}`
          : one
        : `${answer.question} ${answer.answer}`;
    });
    if (valid.length > 0 && isSupported(line, texts)) {
      result.statements.push({
        section,
        group: null,
        text: line,
        trace: valid.map((one) => (one === "text" ? source : one)),
      });
      for (const one of valid) {
        const answer = given.get(one);
        if (
          answer !== undefined &&
          answer.category !== "acceptance" &&
          !isConstraint(answer.answer) &&
          covers(line, answer.answer)
        )
          result.covered.add(one);
      }
      continue;
    }
    const isTied = [...tellingWords(line)].some((word) => content.stems.has(word));
    if (isTied && assumptions < mostAssumptions) {
      assumptions += 1;
      result.statements.push({ section, group: null, text: line, trace: [] });
    } else result.dropped += 1;
  }
  for (const { a, b, why } of contradictions) {
    if (given.has(a) && given.has(b) && a !== b)
      result.contradictions.push({ between: [a, b], why: oneLine(why) });
  }
  result.open = open_questions
    .map(oneLine)
    .filter((text) => text.length >= 15 && text.includes("?") && distinct.take(text));
  return result;
}

/** Whether sources say what a statement says: its words mostly, its numbers all, and no negation of its own. */
function isSupported(line: string, sources: readonly string[]): boolean {
  const all = sources.join("\n");
  const words = [...tellingWords(line)];
  const known = tellingWords(all);
  const share = words.filter((word) => known.has(word)).length / Math.max(1, words.length);
  const numbers = numbersIn(all);
  return (
    share >= supported &&
    [...numbersIn(line)].every((number) => numbers.has(number)) &&
    (!isNegated(line) || isNegated(all))
  );
}

function covers(line: string, answer: string): boolean {
  const words = [...tellingWords(answer)];
  const said = tellingWords(line);
  const share = words.filter((word) => said.has(word)).length / Math.max(1, words.length);
  return share >= coversFrom && isNegated(line) === isNegated(answer);
}
