import * as z from "zod";
import { verdicts } from "../verdicts.js";

/*
 * What the review of anything answers, whatever it is on: the pieces that the outputs of `review_change` and
 * `review_plan` share.
 */

const blocker = z.object({
  file: z.string().nullable(),
  line: z.number().nullable(),
  message: z.string(),
  /** The check that says so, or who gave the verdict that is repeated. */
  source: z.string(),
  /** A finding's id, for `dismiss`. */
  id: z.string().nullable(),
});

export const verdictOutput = z.enum(verdicts).nullable();

export const blockersOutput = z.array(blocker);

/** What the premium reviewer says besides its verdict; null without one. */
export const remarksOutput = z.object({ summary: z.string(), findings: z.array(blocker) }).nullable();

/** A verdict on the very same thing that somebody else reached; never a SHIP of ours. */
export const attestedOutput = z
  .object({
    verdict: z.string(),
    by: z.enum(["agent", "human"]),
    model: z.string().nullable(),
    at: z.string(),
  })
  .nullable();

/** How each stage went, in order. */
export function stagesOutput<const N extends readonly string[]>(names: N) {
  return z.array(
    z.object({
      name: z.enum(names),
      /** `passed`: nothing against what is reviewed; `error`: the stage failed, which says nothing about it. */
      state: z.enum(["passed", "issues", "skipped", "error"]),
      /** Milliseconds. */
      ms: z.int(),
      summary: z.string(),
    }),
  );
}

/** The source that gave the verdict; null when none did. */
export const premiumOutput = z
  .object({ source: z.string().nullable(), model: z.string().nullable(), tokens: z.int().nullable() })
  .nullable();

/** Premium sources that were asked in this call, in order, and what came of it. */
export const attemptsOutput = z.array(
  z.object({
    source: z.string(),
    model: z.string(),
    outcome: z.string(),
    why: z.string(),
    ms: z.int(),
  }),
);
