import { stem, wordsOf } from "../../change/relevance.js";

/** Of two titles' words, that are the same: above it they are one task told twice. */
const alike = 0.75;

/** Whether two titles are about the same piece of work, in nearly the same words. */
export function nearlySame(one: string, other: string): boolean {
  if (plain(one) === plain(other)) return true;
  // To build a thing, to test it and to document it are three.
  if (kindOf(one) !== kindOf(other)) return false;
  const [left, right] = [stems(one), stems(other)];
  if (left.size === 0 || right.size === 0) return false;
  const shared = [...left].filter((word) => right.has(word)).length;
  return (2 * shared) / (left.size + right.size) >= alike && shared >= 2;
}

function kindOf(title: string): string {
  const first = /^\W*(?:write |add |update )?(?:the )?(documentation|document|docs?|tests?)\b/i.exec(
    title,
  )?.[1];
  return first === undefined ? "" : first.toLowerCase().slice(0, 3);
}

function plain(title: string): string {
  return (title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");
}

function stems(title: string): Set<string> {
  return new Set(wordsOf(title).map(stem));
}
