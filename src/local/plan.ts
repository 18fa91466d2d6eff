import { type Attempt, learn, patiently } from "./attempt.js";
import type { Inspection } from "./discover.js";
import type { Endpoint } from "./endpoints.js";
import { LocalFailure } from "./failures.js";
import type { ChosenModel, Host } from "./host.js";
import type { Answer } from "./job.js";
import { measure } from "./sizing.js";

/** What a job goes to. */
export interface Plan {
  model: ChosenModel;
  size: Answer<unknown>["size"];
  /** Tokens of the prompt and the answer. */
  needed: number;
  /** Tokens that the server is told to make room for, where it has to be told. */
  context: number;
}

/** Which model a prompt goes to. Throws LocalFailure `out_of_context` when it fits none. */
export async function makePlan<T>(
  attempt: Attempt<T>,
  inspection: Inspection,
  texts: readonly string[],
  atLeast: number,
): Promise<Plan> {
  const { host, endpoint, job, limit } = attempt;
  const normal = host.choose(inspection, endpoint, endpoint.model);
  // A loaded model says at once what it has.
  if (await host.isLoaded(inspection, normal.listed.id, limit.signal)) {
    await patiently(attempt, () => learn(attempt, inspection, normal));
  }
  const sizes = contexts(host, endpoint, inspection, normal);
  const room = sizes.normal - job.maxTokens;
  const size = await measure(texts, room, (text) => host.tokenize(inspection, normal, text, limit.signal));
  const prompt = Math.max(size.tokens, atLeast);
  const needed = prompt + job.maxTokens;
  const { large } = sizes;
  if (needed <= sizes.normal) {
    // Nor is Ollama's loaded again with less.
    const loadedLarge =
      large !== null &&
      inspection.server === "ollama" &&
      (await host.loadedContext(inspection, normal.listed.id, limit.signal)) === large.context;
    if (loadedLarge) return { model: normal, size: "large", needed, context: large.context };
    // The large one does it as well when it is there and the normal one would have to be loaded.
    const instead =
      large !== null &&
      large.model.listed.id !== normal.listed.id &&
      (await host.isLoaded(inspection, normal.listed.id, limit.signal)) === false &&
      (await host.isLoaded(inspection, large.model.listed.id, limit.signal)) === true;
    if (!instead) return { model: normal, size: "normal", needed, context: sizes.normal };
    return { model: large.model, size: "large", needed, context: large.context };
  }
  if (large !== null && needed <= large.context) {
    return { model: large.model, size: "large", needed, context: large.context };
  }
  const most = Math.max(sizes.normal, large?.context ?? 0);
  throw new LocalFailure(
    "out_of_context",
    `The request needs about ${needed} tokens with its answer; ${most} fit ${(large?.model ?? normal).listed.id} at ${endpoint.baseUrl}.`,
    "Ask about less at a time, or give the model more context and raise local.context_max.",
    { context: { prompt, limit: most } },
  );
}

/** Tokens that fit the normal model, and the large one where there is one. */
export function contexts(
  host: Host,
  endpoint: Endpoint,
  inspection: Inspection,
  normal: ChosenModel,
): { normal: number; large: { model: ChosenModel; context: number } | null } {
  const real = ({ listed }: ChosenModel) => host.knownFacts(listed.id)?.context ?? listed.context;
  // Ollama makes room for what it is asked for, by loading the model anew.
  if (inspection.server === "ollama") {
    const most = Math.min(real(normal) ?? endpoint.contextMax, endpoint.contextMax);
    const usual = Math.min(most, endpoint.contextDefault);
    return { normal: usual, large: most > usual ? { model: normal, context: most } : null };
  }
  const large = host.large(inspection, endpoint, normal);
  const own = real(normal);
  if (large === null) {
    // llama-swap's model tells once it is loaded.
    const unknown = inspection.server === "llama-swap" ? endpoint.contextMax : endpoint.contextDefault;
    return { normal: Math.min(own ?? unknown, endpoint.contextMax), large };
  }
  return {
    normal: Math.min(own ?? endpoint.contextDefault, endpoint.contextDefault),
    large: {
      model: large,
      context: Math.min(real(large) ?? endpoint.contextMax, endpoint.contextMax),
    },
  };
}
