import { createHash } from "node:crypto";
import { stem, wordsOf } from "../../change/relevance.js";
import type { Fact, ScoutName } from "./scout.js";

/** One thing that a scout tells. */
export interface Finding {
  section: string;
  /** One line. */
  text: string;
  /** Paths that exist. */
  files: string[];
  /** Where it is from. */
  sources: string[];
  /** Keys of the facts that it rests on. */
  facts: string[];
}

/** `condensed`: a model read the facts; `gathered`: they are as they were found; `off`: nothing to do here. */
export type ScoutState = "condensed" | "gathered" | "off" | "failed";

export interface ScoutResult {
  name: ScoutName;
  state: ScoutState;
  /** Why there is no model's reading, or nothing at all; null when all is well. */
  why: string | null;
  /** No model and, as far as could be, no repository was asked. */
  cached: boolean;
  /** Seconds since it was found; null when there is nothing. */
  age_s: number | null;
  /** The first heading, without `##`. */
  heading: string;
  sections: readonly string[];
  findings: Finding[];
  relevantFiles: string[];
  /** Findings, files and symbols of the model's that were left out, because they are not there or rest on nothing. */
  dropped: number;
  /** Who condensed it. */
  model: string | null;
  /** Tokens that the model read for it; null where none did. */
  read: number | null;
  notes: string[];
}

/** The same for a fact with the same words about the same places. */
export function keyOf({ section, text, source }: Pick<Fact, "section" | "text" | "source">): string {
  return createHash("sha256")
    .update(JSON.stringify([section, text, source]))
    .digest("hex")
    .slice(0, 16);
}

/** A fact as it is told where no model read it. */
export function asFinding(fact: Fact): Finding {
  return {
    section: fact.section,
    text: fact.text,
    files: [...(fact.files ?? [])].slice(0, 8),
    sources: [fact.source],
    facts: [keyOf(fact)],
  };
}

/** Without those that say what an earlier one says: nearly the same words, or most of them about the same files. */
export function withoutRepeats<T extends Pick<Finding, "text" | "files">>(findings: readonly T[]): T[] {
  const kept: { finding: T; words: Set<string>; files: Set<string> }[] = [];
  for (const finding of findings) {
    const words = new Set(wordsOf(finding.text).map(stem));
    const files = new Set(finding.files);
    const isRepeat = kept.some((one) => {
      const alike = share(words, one.words);
      return alike >= 0.8 || (alike >= 0.6 && files.size > 0 && share(files, one.files) === 1);
    });
    if (!isRepeat) kept.push({ finding, words, files });
  }
  return kept.map(({ finding }) => finding);
}

/** Of both together, that both have: 0 to 1. */
function share(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size === 0 || other.size === 0) return 0;
  let both = 0;
  for (const word of one) if (other.has(word)) both += 1;
  return both / (one.size + other.size - both);
}
