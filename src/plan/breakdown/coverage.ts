import { stem, wordsOf } from "../../change/relevance.js";
import type { Requirement } from "./types.js";

export interface Covering {
  title: string;
  description: string;
  acceptance: readonly string[];
  /** Ids that it says it satisfies. */
  satisfies: readonly string[];
}

/** Of a requirement's words, that a task's acceptance has to have for it to be meant without being named. */
const meant = 0.65;

/**
 * The requirements that a task really is about, in the spec's order: those it claims and shares a word with, those
 * whose ids it mentions, and those that its acceptance repeats. `refused` are claims that nothing in it bears out.
 */
export function requirementsCovered(
  task: Covering,
  requirements: readonly Requirement[],
): { covered: string[]; refused: string[] } {
  const claimed = new Set(task.satisfies.map((id) => id.trim().toUpperCase()));
  const told = [task.title, task.description, ...task.acceptance].join("\n");
  const words = stemsOf(told);
  const accepted = stemsOf(task.acceptance.join("\n"));
  const covered: string[] = [];
  const refused = [...claimed].filter((id) => !requirements.some((one) => one.id.toUpperCase() === id));
  for (const { id, text, named } of requirements) {
    const wanted = [...stemsOf(text)];
    const shares = wanted.length === 0 || wanted.some((word) => words.has(word));
    // Who claims nothing is taken at their acceptance.
    const repeated =
      claimed.size === 0 &&
      wanted.length >= 3 &&
      wanted.filter((word) => accepted.has(word)).length / wanted.length >= meant;
    const mentioned = named && new RegExp(`(?<![\\w-])${id}(?![\\w-])`).test(told);
    const claims = claimed.has(id.toUpperCase());
    if ((claims && shares) || repeated || mentioned) covered.push(id);
    else if (claims) refused.push(id);
  }
  return { covered, refused };
}

function stemsOf(text: string): Set<string> {
  return new Set(wordsOf(text).map(stem));
}
