import * as z from "zod";
import { printable } from "../printable.js";
import type { CategoryId } from "./categories.js";
import type { Content } from "./content.js";
import type { Draft, Option, Writer } from "./question.js";

/** What a model may answer; everything in it is checked again. */
const writtenQuestion = z.object({
  question: z.string().max(400),
  why: z.string().max(300),
  options: z.array(z.object({ label: z.string().max(60), description: z.string().max(200) })).max(4),
});
export type WrittenQuestion = z.output<typeof writtenQuestion>;

export const writtenAnswer = z.object({ questions: z.array(writtenQuestion).min(1).max(10) });

const lengths = { least: 20, question: 320, why: 220, label: 40, description: 160 };

/** What no honest question has in it: marks of prompts, markup, addresses to go to. */
const suspicious =
  /<\|?\/?[a-z_]+\|?>|```|<<<|>>>|https?:\/\/|\bdata-[0-9a-f]{18}\b|\b(?:system prompt|ignore (?:all |the )?(?:previous|above))\b/i;

/** A model's question as one of ours, or why it is none. */
export function checkWritten(
  { question, why, options }: WrittenQuestion,
  category: CategoryId,
  content: Content,
  from: Writer,
): Draft | string {
  const text = oneLine(question).replace(/^(?:(?:Q?\d{1,2}|[-*•])[.):]?\s+)+/, "");
  if (text.length < lengths.least) return "too short";
  if (text.length > lengths.question) return "too long";
  if (!text.includes("?")) return "no question";
  if (suspicious.test(`${text} ${why} ${options.map((one) => `${one.label} ${one.description}`).join(" ")}`))
    return "not fit to be shown";
  if (!sameScript(text, content)) return "in another language";
  return { category, question: text, why: cut(oneLine(why), lengths.why), options: choices(options), from };
}

function choices(options: readonly Option[]): Option[] {
  const found = new Map<string, Option>();
  for (const { label, description } of options) {
    const name = cut(oneLine(label), lengths.label);
    // Every ask-the-user tool has that one by itself.
    if (
      name === "" ||
      /^(?:other|something else|none of (?:these|the above)|not sure|i don['’]t know|n\/a)\b/i.test(name)
    )
      continue;
    if (!found.has(name.toLowerCase()))
      found.set(name.toLowerCase(), {
        label: name,
        description: cut(oneLine(description), lengths.description),
      });
  }
  return found.size < 2 ? [] : [...found.values()].slice(0, 4);
}

export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").trim();
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/\s+\S*$/, "")}…`;
}

const scripts = [
  "Latin",
  "Cyrillic",
  "Greek",
  "Han",
  "Hiragana",
  "Katakana",
  "Hangul",
  "Arabic",
  "Hebrew",
  "Devanagari",
  "Thai",
] as const;

/** Whether a question is in the writing of the text that it is about; English is understood beside any other. */
function sameScript(question: string, content: Content): boolean {
  const asked = shares(question);
  const given = shares(content.sentences.join(" "));
  let foreign = 0;
  for (const [script, share] of asked)
    if (script !== "Latin" && (given.get(script) ?? 0) < 0.05) foreign += share;
  return foreign < 0.2;
}

function shares(text: string): Map<string, number> {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const found = new Map<string, number>();
  if (letters === 0) return found;
  for (const script of scripts) {
    const count = text.match(new RegExp(`\\p{Script=${script}}`, "gu"))?.length ?? 0;
    if (count > 0) found.set(script, count / letters);
  }
  return found;
}
