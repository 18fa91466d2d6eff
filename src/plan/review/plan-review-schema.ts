import * as z from "zod";

/** What `until` takes. */
export const planStageNames = ["fingerprint", "prescreen", "classify"] as const;

export const planReviewArguments = {
  spec: z.string().min(1).max(200),
  repo: z.string().max(4_000).optional(),
  until: z.enum(planStageNames).optional(),
  /** Findings that are wrong. */
  dismiss: z
    .array(z.strictObject({ id: z.string().max(64), reason: z.string().min(1).max(2_000) }))
    .max(50)
    .optional(),
  /** Writes the verdict into the spec's plan_review_status. */
  write: z.boolean().optional(),
};

const blocker = z.object({
  file: z.string().nullable(),
  line: z.number().nullable(),
  message: z.string(),
  /** `rules`, `model` (the local one), or who gave the verdict. */
  source: z.string(),
  /** A finding's id, for `dismiss`. */
  id: z.string().nullable(),
});

export const planReviewOutput = z.object({
  verdict: z.enum(["SHIP", "NEEDS_WORK", "MAJOR_RETHINK", "NEEDS_HUMAN"]).nullable(),
  decided_by: z.enum(["prescreen", "fingerprint", "premium"]).nullable(),
  /** What to do now. */
  next: z.string(),
  blockers: z.array(blocker),
  /** What the premium reviewer says besides its verdict; null without one. */
  remarks: z.object({ summary: z.string(), findings: z.array(blocker) }).nullable(),
  /** A verdict on this very plan that somebody else reached; never a SHIP of ours. */
  attested: z
    .object({
      verdict: z.string(),
      by: z.enum(["agent", "human"]),
      model: z.string().nullable(),
      at: z.string(),
    })
    .nullable(),
  complexity: z.enum(["SIMPLE", "COMPLEX"]).nullable(),
  /** Why COMPLEX. */
  reasons: z.array(z.object({ rule: z.string(), file: z.string().nullable(), evidence: z.string() })),
  stages: z.array(
    z.object({
      name: z.enum([...planStageNames, "premium"]),
      /** `passed`: nothing against the plan; `error`: the stage failed, which says nothing about the plan. */
      state: z.enum(["passed", "issues", "skipped", "error"]),
      ms: z.int(),
      summary: z.string(),
    }),
  ),
  premium: z
    .object({ source: z.string().nullable(), model: z.string().nullable(), tokens: z.int().nullable() })
    .nullable(),
  /** Premium sources that were asked in this call, in order, and what came of it. */
  attempts: z.array(
    z.object({
      source: z.string(),
      model: z.string(),
      outcome: z.string(),
      why: z.string(),
      ms: z.int(),
    }),
  ),
  /** Path of the receipt that was written; null for none. */
  receipt: z.string().nullable(),
  /** The plan_review_status that was written; null for none. */
  status_written: z.string().nullable(),
  /** What a reviewer needs; null when there is nothing left to review. */
  review: z
    .object({
      prompt: z.string(),
      files: z.array(z.object({ path: z.string(), role: z.enum(["spec", "task", "dependency", "file"]) })),
      not_shown: z.array(z.object({ path: z.string(), reason: z.string() })),
      tokens: z.int(),
    })
    .nullable(),
  spec: z.string(),
  tasks: z.int(),
  fingerprint: z.string(),
  context_fingerprint: z.string(),
  warnings: z.array(z.string()),
});

export type PlanReview = z.output<typeof planReviewOutput>;
