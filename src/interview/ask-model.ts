import { Asking, isAbsence } from "../local/asking.js";
import type { LocalTier } from "../local/local.js";
import { type CategoryId, categoryOf } from "./categories.js";
import type { Content } from "./content.js";
import type { LookedUp } from "./look-up/look-up.js";
import type { Draft } from "./question.js";
import type { Subject } from "./subject.js";
import { checkWritten, writtenAnswer } from "./written.js";

/** Milliseconds: a cold start takes a minute or two, an answer half of one. */
const limits = { call: 150_000, all: 300_000 };
const answerTokens = 2_500;
/** Failures in a row after which no further category is tried. */
const patience = 4;
/** At most, whatever the endpoint has: others wait for it, too. */
const mostAtOnce = 4;
const longest = { text: 24_000, context: 6_000 };

export interface Asked {
  /** By category; missing where the model gave nothing. */
  drafts: Map<CategoryId, Draft[]>;
  /** Categories that got none, and why. */
  failed: { category: CategoryId; why: string }[];
  /** What was said and not taken, by reason. */
  refused: Map<string, number>;
  /** Why there is no model at all; null when there is one. */
  absent: string | null;
}

/**
 * Has the local model write questions, one request a category, as many at once as the endpoint has slots. What fails
 * in one category leaves the others alone. Never throws for the model; throws the signal's reason.
 */
export async function askModel(
  tier: LocalTier,
  subject: Subject,
  content: Content,
  lookedUp: readonly LookedUp[],
  wanted: readonly CategoryId[],
  options: { signal: AbortSignal; onProgress?: ((message: string) => void) | undefined },
): Promise<Asked> {
  const { signal, onProgress } = options;
  const result: Asked = { drafts: new Map(), failed: [], refused: new Map(), absent: null };
  const asking = new Asking(tier, "primary", { limits, signal, onProgress, patience });
  const before = materialOf(subject, lookedUp);
  let done = 0;
  const ask = async (category: CategoryId) => {
    onProgress?.(`writing questions: ${categoryOf(category).title} (${done} of ${wanted.length} done)`);
    const reply = await asking.ask({
      prompt: "interview-questions",
      schema: writtenAnswer,
      data: `${before}\n\nCategory to write for: ${category}`,
      maxTokens: answerTokens,
      temperature: 0.4,
    });
    done += 1;
    if (reply.state !== "answered") {
      const why =
        reply.state === "too large"
          ? "the text does not fit the model"
          : (asking.failure?.message ?? asking.ended?.message ?? "no answer");
      result.failed.push({ category, why: why.slice(0, 200) });
      return;
    }
    const drafts: Draft[] = [];
    for (const written of reply.value.questions) {
      const checked = checkWritten(written, category, content, "local-model");
      if (typeof checked !== "string") drafts.push(checked);
      else result.refused.set(checked, (result.refused.get(checked) ?? 0) + 1);
    }
    if (drafts.length > 0) result.drafts.set(category, drafts);
    else result.failed.push({ category, why: "nothing that it wrote can be used" });
  };
  const [first, ...rest] = wanted;
  if (first === undefined) return result;
  // The first one loads the model; only then it says how many it takes at once.
  await ask(first);
  if (asking.ended !== null && isAbsence(asking.ended.kind)) {
    return { ...result, failed: [], absent: asking.ended.message };
  }
  const { primary } = await tier.state(signal);
  const atOnce = Math.max(1, Math.min(primary?.slots ?? 1, mostAtOnce));
  const waiting = [...rest];
  await Promise.all(
    Array.from({ length: Math.min(atOnce, waiting.length) }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await ask(next);
    }),
  );
  if (result.drafts.size === 0)
    result.absent = asking.failure?.message ?? asking.ended?.message ?? "it wrote nothing that can be used";
  return result;
}

/** What every category is asked with: the same text in front, which servers keep. */
export function materialOf(subject: Subject, lookedUp: readonly LookedUp[]): string {
  const { kind, id, title, text, context } = subject;
  const name = id === null ? kind : `${kind} ${id}`;
  return [
    `What is to be built (${name}): ${title}`,
    text.slice(0, longest.text),
    ...(context.trim() === "" ? [] : [`It is part of:\n${context.slice(0, longest.context)}`]),
    `Known from the repository, not to be asked:\n${lookedUp.map(({ question, answer, source }) => `- ${question} ${answer} (${source})`).join("\n") || "- nothing"}`,
  ].join("\n\n");
}
