import { stem, wordsOf } from "../change/relevance.js";

/** From these shares on two questions ask the same: of all their words, of the shorter one's, of runs of three. */
const limits = { common: 0.55, contained: 0.8, runs: 0.5 };
/** Words of the matter itself are in most questions and tell little. */
const ownWeight = 0.3;
const leastWords = 4;

interface Words {
  stems: Set<string>;
  runs: Set<string>;
}

/** Questions told apart by their words: what asks the same as one before is not taken. Deterministic. */
export class Distinct {
  readonly #taken: Words[] = [];
  readonly #own: ReadonlySet<string>;

  /** @param matter what all questions are about */
  constructor(matter: string) {
    this.#own = new Set(wordsOf(matter).map(stem));
  }

  /** Takes a question, unless one that is alike was taken. */
  take(question: string): boolean {
    const words = wordsIn(question);
    if (this.#taken.some((known) => this.#alike(words, known))) return false;
    this.#taken.push(words);
    return true;
  }

  #alike(one: Words, other: Words): boolean {
    const common = this.#weight([...one.stems].filter((word) => other.stems.has(word)));
    const [first, second] = [this.#weight([...one.stems]), this.#weight([...other.stems])];
    const all = first + second - common;
    if (all === 0) return true;
    const least = Math.min(one.stems.size, other.stems.size);
    if (common / all >= limits.common) return true;
    if (least >= leastWords && common / Math.min(first, second) >= limits.contained) return true;
    const runs = [...one.runs].filter((run) => other.runs.has(run)).length;
    return runs >= 3 && runs / Math.min(one.runs.size, other.runs.size) >= limits.runs;
  }

  #weight(stems: readonly string[]): number {
    return stems.reduce((sum, word) => sum + (this.#own.has(word) ? ownWeight : 1), 0);
  }
}

/** Words that every question may have. */
const common = new Set(
  `a an the of to is are be it its in on at by for from with and or not no do does did has have what which how who whose
  when where why that this these those there they them their we our us you your i as than then if so can may will would
  should could must up out`.split(/\s+/),
);

function wordsIn(text: string): Words {
  const plain = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const stems = plain.filter((word) => !common.has(word)).map(stem);
  const all = plain.map(stem);
  const runs = new Set<string>();
  for (let at = 0; at + 3 <= all.length; at++) runs.add(all.slice(at, at + 3).join(" "));
  // Of very short questions every word counts.
  return { stems: new Set(stems.length > 0 ? stems : all), runs };
}
