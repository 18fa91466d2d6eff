import type { Config } from "../config/schema.js";
import { explained, isSluiceError, messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";
import type { Attempt } from "./exchange.js";
import { reviewDepth } from "./reviewer-process.js";

/** What a stage of a review says: how it went, in a sentence, and the decision when it has one. */
export interface Step<D> {
  state: "passed" | "issues" | "skipped" | "error";
  summary: string;
  decision?: D;
  /** Premium sources that were asked, or were about to be. */
  attempts?: Attempt[];
  /** What to do when no premium model gave a verdict. */
  premiumNext?: string;
}

/** A stage of a review that knows `K` and can end it with `D`. */
export interface Stage<K, D, N extends string = string> {
  name: N;
  /** For a client that shows progress. */
  doing: string;
  run(known: K): Promise<Step<D>>;
}

/** A verdict that is somebody's word. */
export interface Attested {
  verdict: string;
  by: "agent" | "human";
  model: string | null;
  /** ISO time. */
  at: string;
}

/** Runs a stage: one that fails costs its own answer only. Throws when the review was cancelled. */
export async function attemptStage<D>(
  name: string,
  run: () => Promise<Step<D>>,
  { signal, sluice }: { signal: AbortSignal; sluice: Pick<Sluice, "log"> },
): Promise<Step<D>> {
  try {
    return await run();
  } catch (error) {
    if (signal.aborted) throw error;
    if (!isSluiceError(error)) {
      const stack = error instanceof Error ? (error.stack ?? "") : messageOf(error);
      sluice.log(`the stage ${name} failed unexpectedly: ${stack}`);
    }
    return { state: "error", summary: explained(error) };
  }
}

/** What the premium stage says where there is nobody to ask. */
export const noSource = "no premium source is set up";

/** Why no premium model is asked in this call, whatever is reviewed; null when one may be. */
export function whyNotAsked({
  sluice,
  config,
  noPremium,
}: {
  sluice: Sluice;
  config: Pick<Config, "review">;
  noPremium?: string | undefined;
}): string | null {
  if (!config.review.premium.enabled) return "switched off (review.premium.enabled)";
  if (noPremium !== undefined) return noPremium;
  return reviewDepth(sluice) > 0
    ? "this Sluice was started by a reviewer of Sluice's: it asks nobody else"
    : null;
}
