import { stem, wordsOf } from "../../change/relevance.js";
import { asSectionText } from "./clean.js";
import { sectionsOf } from "./requirements.js";

const skipped = /^(?:acceptance|references?|quick commands?|open questions?|requirements?)\b/i;
const longest = 500;
const mostParagraphs = 400;

/** Paragraphs of a spec that have most to do with a text, in the spec's order, with the heading they stand below. */
export function passagesOn(
  markdown: string,
  text: string,
  most: number,
): { heading: string; text: string }[] {
  const wanted = new Set(wordsOf(text).map(stem));
  const paragraphs = sectionsOf(markdown)
    .filter(({ heading, level }) => level > 0 && !skipped.test(heading))
    .flatMap(({ heading, text: body }) =>
      body
        .split(/\n\s*\n|\n(?=[-*+] |\d+\. )/)
        .map((one) => one.trim())
        .filter((one) => one !== "" && !/^(?:TBD|<!--)/.test(one))
        .map((one) => ({ heading, text: one })),
    )
    .slice(0, mostParagraphs);
  return paragraphs
    .map((paragraph, at) => {
      const words = wordsOf(paragraph.text).map(stem);
      const shared = words.filter((word) => wanted.has(word)).length;
      return { paragraph, at, shared, score: shared / Math.sqrt(words.length + 5) };
    })
    .filter(({ shared }) => shared >= 2)
    .sort((one, other) => other.score - one.score || one.at - other.at)
    .slice(0, most)
    .sort((one, other) => one.at - other.at)
    .map(({ paragraph }) => ({ heading: paragraph.heading, text: asSectionText(paragraph.text, longest) }));
}
