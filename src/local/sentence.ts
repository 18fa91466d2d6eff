import { maskCode } from "../mask.js";
import { printable } from "../printable.js";

/** Characters. */
const longestMessage = 300;

/** What speaks to whoever reads it, and not of code. */
const instruction =
  /\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instruction|prompt|rule|above|previous)|\bsystem prompt\b|\byou (?:are|must|should) now\b|\bcall (?:the )?(?:tool|record_verdict|review_change)\b|\brun the (?:following )?command\b/i;
/** Tags that a loop around an agent reads, or that models read as the end of something. */
const tag =
  /<\s*\/?\s*(?:verdict|promise|decision|receipt|system|assistant|user|human|tool\w*|function\w*|think\w*|result\w*|invoke|instructions?|admin\w*)\b[^<>]{0,80}>?/gi;
const special = /<\|[^<>|]{0,40}\|?>?|\[\/?INST\]/g;

/** A text without the tags that somebody acts on who reads it. */
export function withoutTags(text: string): string {
  return text.replace(tag, " ").replace(special, " ");
}

/** A model's sentence as it is shown: one line, cut, secrets masked, no tags that somebody acts on; null for none. */
export function sentenceOf(said: string): string | null {
  const text = withoutTags(printable(maskCode(said.slice(0, 2_000))))
    .replace(/```+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (instruction.test(text) || text.replace(/[^\p{L}]/gu, "").length < 8) return null;
  return text.length > longestMessage ? `${text.slice(0, longestMessage - 1)}…` : text;
}
