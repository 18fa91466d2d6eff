import { Distinct } from "../distinct.js";
import { sentencesOf } from "../sentences.js";
import type { Answer } from "./answers.js";
import { isNegated, tellingWords } from "./statements.js";

export interface Contradiction {
  /** Two ids of answers, or an id and the path of the text that it contradicts. */
  between: [string, string];
  why: string;
}

const most = 12;
const likeEnough = 0.6;
const leastCommon = 3;
const longestQuote = 140;

interface Said {
  source: string;
  text: string;
  words: Set<string>;
  negated: boolean;
  measures: Measure[];
}

/**
 * What two answers, or an answer and the text they are about, say against each other: different answers to one
 * question, different figures for the same thing, the same statement with and without a negation. By words alone: it
 * finds what is said in similar words.
 */
export function contradictionsIn(answers: readonly Answer[], text: string, path: string): Contradiction[] {
  const given = answers.filter(({ state }) => state === "given");
  const found = new Map<string, Contradiction>();
  const add = (one: string, other: string, why: string) => {
    const key = [one, other].sort().join(" ");
    if (one !== other && !found.has(key) && found.size < most) found.set(key, { between: [one, other], why });
  };
  for (const [at, one] of given.entries()) {
    for (const other of given.slice(at + 1)) {
      const least = Math.min(tellingWords(one.question).size, tellingWords(other.question).size);
      if (least < leastCommon || flat(one.answer) === flat(other.answer)) continue;
      const distinct = new Distinct("");
      distinct.take(one.question);
      if (!distinct.take(other.question)) {
        add(
          one.id,
          other.id,
          `The same question is answered “${quote(one.answer)}” and “${quote(other.answer)}”.`,
        );
      }
    }
  }
  const said = [
    ...given.flatMap(statementsOf),
    ...sentencesOf(text)
      .slice(0, 300)
      .map((sentence) => saidIn(path, sentence, "")),
  ];
  for (const [at, one] of said.entries()) {
    for (const other of said.slice(at + 1)) {
      if (one.source === other.source || (one.source === path && other.source === path)) continue;
      const common = [...one.words].filter((word) => other.words.has(word)).length;
      const share = common / Math.max(1, Math.min(one.words.size, other.words.size));
      if (common < leastCommon || share < likeEnough) continue;
      const figures = differentFigures(one, other);
      if (figures !== null)
        add(one.source, other.source, `“${quote(one.text)}” and “${quote(other.text)}” name ${figures}.`);
      else if (
        one.negated !== other.negated &&
        common / Math.max(one.words.size, other.words.size) >= likeEnough
      )
        add(one.source, other.source, `“${quote(one.text)}” and “${quote(other.text)}” can't both hold.`);
    }
  }
  return [...found.values()];
}

function statementsOf({ id, question, answer }: Answer): Said[] {
  const sentences = sentencesOf(answer);
  const isShort = sentences.length === 1 && answer.split(/\s+/).length < 6;
  return sentences.map((sentence) => saidIn(id, sentence, isShort ? question : ""));
}

function saidIn(source: string, sentence: string, question: string): Said {
  const words = tellingWords(`${question} ${sentence}`);
  // Figures and their units are compared by themselves.
  const measured = new Set(measuresIn(sentence).flatMap(({ word }) => [...tellingWords(word)]));
  for (const word of [...words]) if (/^\d/.test(word) || measured.has(word)) words.delete(word);
  return { source, text: sentence, words, negated: isNegated(sentence), measures: measuresIn(sentence) };
}

const units: readonly (readonly [RegExp, string, number])[] = [
  [/^(?:ms|milliseconds?)$/i, "s", 0.001],
  [/^(?:s|secs?|seconds?)$/i, "s", 1],
  [/^(?:min|mins|minutes?)$/i, "s", 60],
  [/^(?:h|hours?)$/i, "s", 3_600],
  [/^days?$/i, "s", 86_400],
  [/^weeks?$/i, "s", 604_800],
  [/^months?$/i, "s", 2_592_000],
  [/^years?$/i, "s", 31_536_000],
  [/^kb$/i, "B", 1e3],
  [/^mb$/i, "B", 1e6],
  [/^gb$/i, "B", 1e9],
  [/^(?:%|percent)$/i, "%", 1],
];

interface Measure {
  value: number;
  unit: string;
  /** As the text has the unit. */
  word: string;
}

function measuresIn(text: string): Measure[] {
  return [...text.matchAll(/(\d+(?:[.,]\d+)*)\s*(%|[A-Za-z]{1,14})/g)].map(([, number = "", word = ""]) => {
    const value = Number(number.replace(/,(?=\d{3}\b)/g, "").replace(",", "."));
    const unit = units.find(([pattern]) => pattern.test(word));
    return unit === undefined
      ? { value, unit: word.toLowerCase().replace(/s$/, ""), word }
      : { value: value * unit[2], unit: unit[1], word };
  });
}

function differentFigures(one: Said, other: Said): string | null {
  for (const measure of one.measures) {
    const same = other.measures.filter(({ unit }) => unit === measure.unit);
    if (same.length > 0 && same.every(({ value }) => value !== measure.value))
      return "different figures for the same";
  }
  return null;
}

function flat(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= longestQuote ? line : `${line.slice(0, longestQuote).replace(/\s+\S*$/, "")} …`;
}
