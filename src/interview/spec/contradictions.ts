import { stem } from "../../change/relevance.js";
import { sentencesOf } from "../sentences.js";
import type { Answer } from "./answers.js";
import { isNegated, numbersIn, tellingWords } from "./statements.js";

export interface Contradiction {
  /** Two ids of answers, or an id and the path of the text that it contradicts. */
  between: [string, string];
  why: string;
}

const most = 12;
const leastCommon = 3;
/** Words of a statement that a general denial of it may lack. */
const mostMore = 3;
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
 * question, different figures for the same thing, the same statement with and without a negation. By words alone, so it
 * finds what is said in the same words only: one word more mostly makes it another case, not a contradiction.
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
      if (!isSame(one.question, other.question) || flat(one.answer) === flat(other.answer)) continue;
      add(
        one.id,
        other.id,
        `The same question is answered “${quote(one.answer)}” and “${quote(other.answer)}”.`,
      );
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
      const reason = differentFigures(one, other)
        ? "name different figures for the same"
        : denial(one, other);
      if (reason !== null)
        add(one.source, other.source, `“${quote(one.text)}” and “${quote(other.text)}” ${reason}.`);
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

/** What limits a statement to a case of its own. */
const conditions =
  /\b(?:if|when|unless|except|only|until|while|but|otherwise|instead|hardly|for now)\b|(?<![\w-])--?[a-z][\w-]*/gi;

/** Words that change nothing about what is meant. */
const filling = new Set(
  `may must can could shall should will would need allow exactly really about most least up within max maximum minimum
  altogether`
    .split(/\s+/)
    .map(stem),
);

/** What one says that the other does not. */
function moreIn(one: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...one].filter((word) => !other.has(word) && !filling.has(word));
}

function commonIn(one: Said, other: Said): number {
  return [...one.words].filter((word) => other.words.has(word) && !filling.has(word)).length;
}

/** `What is the largest size?` and `What size is the largest?`, not `… with --json?` and `… without --json?`. */
function isSame(one: string, other: string): boolean {
  const [words, others] = [tellingWords(one), tellingWords(other)];
  return (
    Math.min(words.size, others.size) >= leastCommon &&
    moreIn(words, others).length === 0 &&
    moreIn(others, words).length === 0 &&
    isNegated(one) === isNegated(other) &&
    [...numbersIn(one)].join(" ") === [...numbersIn(other)].join(" ")
  );
}

function differentFigures(one: Said, other: Said): boolean {
  const more = [...moreIn(one.words, other.words), ...moreIn(other.words, one.words)];
  // `per account` and `per account and day` are two limits.
  if (
    commonIn(one, other) < leastCommon ||
    more.length > 1 ||
    more.some((word) => /^(?:day|week|month|year|hour|minute|second|night|today|first)/.test(word))
  )
    return false;
  return one.measures.some((measure) => {
    const same = other.measures.filter(({ unit }) => unit === measure.unit);
    return same.length > 0 && same.every(({ value }) => value !== measure.value);
  });
}

/** One denies in general what the other says; null where it is about a case of its own. */
function denial(one: Said, other: Said): string | null {
  if (one.negated === other.negated || commonIn(one, other) < leastCommon) return null;
  const [denied, said] = one.negated ? [one, other] : [other, one];
  if (moreIn(denied.words, said.words).length > 0 || moreIn(said.words, denied.words).length > mostMore)
    return null;
  const [its, theirs] = [denied.text, said.text].map((text) =>
    (text.toLowerCase().match(conditions) ?? []).sort().join(" "),
  );
  return its === theirs ? "can't both hold" : null;
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
