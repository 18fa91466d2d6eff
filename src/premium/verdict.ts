import type { Sluice } from "../sluice.js";
import type { StateStore } from "../state/store.js";
import type { Verdict } from "../verdicts.js";
import { NoVerdict, type ReadAnswer, readAnswer } from "./answer.js";
import { type Blocker, sortFindings, unsettled } from "./blockers.js";
import { type Attempt, failuresIn } from "./exchange.js";
import { keepAnswer } from "./kept-answer.js";
import type { Step } from "./review-stage.js";
import type { PremiumAnswer } from "./source.js";

/** The verdict that a premium model gave Sluice itself, and the record of it: `R` is what it was remembered as. */
export interface PremiumVerdict<R> {
  kind: "verdict";
  verdict: Verdict;
  blockers: Blocker[];
  /** What the reviewer would have better, and lets pass. */
  remarks: Blocker[];
  summary: string;
  source: string;
  model: string;
  /** Altogether; null when the source does not say. */
  tokens: number | null;
  attempts: Attempt[];
  /** As it was remembered: what a receipt is written from. */
  record: R;
}

/** Somebody answered and gave no verdict: never a pass. */
export interface WithoutVerdict {
  kind: "no-verdict";
  why: string;
  /** Path of what it wrote; null when that could not be kept. */
  text: string | null;
  source: string;
  model: string;
  attempts: Attempt[];
}

/** How a premium model's own verdict ends a review. */
export interface PremiumDecision<R>
  extends Omit<PremiumVerdict<R>, "kind" | "source" | "model" | "tokens" | "attempts"> {
  decided_by: "premium";
  premium: { source: string; model: string; tokens: number | null };
  next: string;
}

/** What came back from a source that was asked for a verdict. */
interface Answered {
  answer: PremiumAnswer;
  source: string;
  /** Id that was asked for. */
  model: string;
  another_model: boolean;
  attempts: Attempt[];
}

/**
 * Reads a source's answer: its verdict with what it asks for, or that it gave none, with its text kept. A SHIP counts
 * only from the model that was asked.
 *
 * @param earlier what earlier reviewers asked for, as it was numbered for this one
 */
export async function verdictIn(
  { answer, source, model, another_model, attempts }: Answered,
  earlier: readonly Blocker[],
  { store, sluice }: { store: StateStore; sluice: Sluice },
): Promise<WithoutVerdict | { kind: "read"; read: ReadAnswer; blockers: Blocker[]; remarks: Blocker[] }> {
  try {
    const read = readAnswer(answer, earlier.length);
    if (read.verdict === "SHIP" && another_model) {
      throw new NoVerdict(`${answer.model} answered in place of ${model}`, answer.text);
    }
    return { kind: "read", read, ...sortFindings(read, model, unsettled(earlier, read.prior)) };
  } catch (error) {
    if (!(error instanceof NoVerdict)) throw error;
    const text = await keepAnswer(store, sluice.clock(), answer);
    return { kind: "no-verdict", why: error.message, text, source, model, attempts };
  }
}

/** What a premium answer means for the review. `again`: what to do when it gave no verdict; `next`: when it did. */
export function stepOf<R>(
  review: PremiumVerdict<R> | WithoutVerdict,
  { again, next }: { again: string; next: (verdict: Verdict) => string },
): Step<PremiumDecision<R>> {
  const { attempts, source, model } = review;
  if (review.kind === "no-verdict") {
    const kept = review.text === null ? "" : ` Its text: ${review.text}`;
    return {
      state: "error",
      summary: `${source} ${model}: ${review.why}${kept}`,
      attempts,
      premiumNext: `${review.why} This is no pass.${kept} ${again}`,
    };
  }
  const { verdict, tokens, blockers, remarks, summary, record } = review;
  const failed = failuresIn(attempts);
  return {
    state: verdict === "SHIP" ? "passed" : "issues",
    summary: `${verdict} by ${source} ${model}${failed === "" ? "" : ` (after ${failed})`}`,
    attempts,
    decision: {
      verdict,
      decided_by: "premium",
      blockers,
      remarks,
      summary,
      premium: { source, model, tokens },
      record,
      next: next(verdict),
    },
  };
}
