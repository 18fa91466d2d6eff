import * as z from "zod";
import { fillPrompt, loadPrompt } from "../config/prompts.js";
import type { Config } from "../config/schema.js";
import { newMark } from "../fence.js";
import { type ConsultOptions, consult } from "../premium/consult.js";
import type { PremiumAnswer } from "../premium/source.js";
import type { Sluice } from "../sluice.js";
import { materialOf } from "./ask-model.js";
import { type CategoryId, categoryIds, categoryOf } from "./categories.js";
import type { Content } from "./content.js";
import type { LookedUp } from "./look-up/look-up.js";
import type { Draft } from "./question.js";
import type { Subject } from "./subject.js";
import { checkWritten } from "./written.js";

/** What a premium call needs; `open` stands in for the sources in tests. */
export type PremiumAccess = Pick<
  ConsultOptions,
  "store" | "config" | "about" | "signal" | "onProgress" | "open"
> & {
  config: Config;
  /** Default: that of the questions. */
  model?: { backend: string; model: string };
};

export type Premium<T> =
  | { state: "answered"; value: T; by: string; tokens: number | null }
  | { state: "unanswered"; why: string };

const text = z.string().max(2_000);
const options = z.array(z.strictObject({ label: text, description: text }));
const refined = z.strictObject({
  questions: z.array(z.strictObject({ number: z.number(), question: text, why: text, options })),
});
const written = z.strictObject({
  questions: z.array(z.strictObject({ category: z.enum(categoryIds), question: text, why: text, options })),
});

/** Who is asked: the configured model, where it is one of theirs, else one that is good enough and cheap. */
export function premiumModels(setting: { backend: string; model: string }): string[] {
  const usual = ["sonnet-4", "quota_lowest"];
  return setting.backend === "local" ? usual : [...new Set([setting.model, ...usual])];
}

/** One call that replaces questions by deeper ones, by their numbers. */
export async function refineByPremium(
  sluice: Sluice,
  access: PremiumAccess,
  subject: Subject,
  content: Content,
  lookedUp: readonly LookedUp[],
  questions: readonly { draft: Draft; number: number; shallow: readonly string[] | null }[],
): Promise<Premium<Map<number, Draft>>> {
  const shallow = questions.filter((one) => one.shallow !== null);
  const others = questions.filter((one) => one.shallow === null).map(({ draft }) => `- ${draft.question}`);
  const numbered = shallow.map(
    ({ draft, number, shallow: why }) =>
      `${number}. [${draft.category}] ${draft.question}${why === null || why.length === 0 ? "" : ` (${why.join("; ")})`}`,
  );
  const given = await callPremium(sluice, access, "interview-refine", refined, subject, lookedUp, [
    `Questions that stand:\n${others.join("\n") || "- none"}`,
    `Shallow questions:\n${numbered.join("\n")}`,
  ]);
  if (given.state === "unanswered") return given;
  const taken = new Map<number, Draft>();
  for (const { number, ...question } of given.value.questions) {
    const old = shallow.find((one) => one.number === number);
    if (old === undefined || taken.has(number)) continue;
    const checked = checkWritten(
      { ...question, options: question.options.slice(0, 4) },
      old.draft.category,
      content,
      "premium",
    );
    if (typeof checked !== "string") taken.set(number, checked);
  }
  if (taken.size === 0)
    return { state: "unanswered", why: `${given.by} answered with nothing that can be used.` };
  return { ...given, value: taken };
}

/** One call that writes all questions, where no local model does. */
export async function writeByPremium(
  sluice: Sluice,
  access: PremiumAccess,
  subject: Subject,
  content: Content,
  lookedUp: readonly LookedUp[],
  wanted: readonly CategoryId[],
  each: number,
): Promise<Premium<Map<CategoryId, Draft[]>>> {
  const list = wanted.map((id) => `- ${id}: ${each} questions about ${categoryOf(id).about}`).join("\n");
  const given = await callPremium(sluice, access, "interview-write", written, subject, lookedUp, [
    `Categories:\n${list}`,
  ]);
  if (given.state === "unanswered") return given;
  const taken = new Map<CategoryId, Draft[]>();
  for (const { category, ...question } of given.value.questions) {
    if (!wanted.includes(category)) continue;
    const checked = checkWritten(
      { ...question, options: question.options.slice(0, 4) },
      category,
      content,
      "premium",
    );
    if (typeof checked !== "string") taken.set(category, [...(taken.get(category) ?? []), checked]);
  }
  if (taken.size === 0)
    return { state: "unanswered", why: `${given.by} answered with nothing that can be used.` };
  return { ...given, value: taken };
}

/**
 * Asks once, with the subject and what is known of it as data between marks.
 *
 * @throws what `consult` throws
 */
export async function callPremium<T>(
  sluice: Sluice,
  access: PremiumAccess,
  prompt: string,
  schema: z.ZodType<T>,
  subject: Subject,
  lookedUp: readonly LookedUp[],
  more: readonly string[],
): Promise<Premium<T>> {
  const { config, model = config.interview.question_generation, ...rest } = access;
  const data = [materialOf(subject, lookedUp), ...more].join("\n\n");
  const mark = newMark([data]);
  const { $schema: _, ...json } = z.toJSONSchema(schema);
  const given = await consult(sluice, {
    ...rest,
    config,
    models: premiumModels(model),
    purpose: "the interview's questions",
    instructions: fillPrompt(await loadPrompt(prompt), {}),
    prompt: `The mark is ${mark}.\n<<<${mark}\n${data}\n${mark}>>>`,
    schema: { name: prompt.replaceAll("-", "_"), json },
  });
  if (given.state === "unanswered") {
    const nobody = given.decision === "none_configured";
    return {
      state: "unanswered",
      why: nobody ? "No premium source is set up for it." : `${given.why} ${given.next}`,
    };
  }
  const by = `${given.source}:${given.model}`;
  const read = schema.safeParse(jsonOf(given.answer));
  return read.success
    ? { state: "answered", value: read.data, by, tokens: given.tokens }
    : { state: "unanswered", why: `${by} answered in a form that can't be read.` };
}

/** The object that an answer is or holds; undefined for none. */
function jsonOf({ structured, text: message }: Pick<PremiumAnswer, "structured" | "text">): unknown {
  if (typeof structured === "object" && structured !== null) return structured;
  for (const candidate of [message, message.slice(message.indexOf("{"), message.lastIndexOf("}") + 1)]) {
    try {
      const value: unknown = JSON.parse(candidate);
      return value;
    } catch {
      // The next one may be it.
    }
  }
  return undefined;
}
