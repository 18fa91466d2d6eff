import * as z from "zod";
import {
  attemptsOutput,
  attestedOutput,
  blockersOutput,
  premiumOutput,
  remarksOutput,
  stagesOutput,
  verdictOutput,
} from "../../premium/review-schema.js";

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

export const planReviewOutput = z.object({
  verdict: verdictOutput,
  decided_by: z.enum(["prescreen", "fingerprint", "premium"]).nullable(),
  /** What to do now. */
  next: z.string(),
  blockers: blockersOutput,
  remarks: remarksOutput,
  attested: attestedOutput,
  complexity: z.enum(["SIMPLE", "COMPLEX"]).nullable(),
  /** Why COMPLEX. */
  reasons: z.array(z.object({ rule: z.string(), file: z.string().nullable(), evidence: z.string() })),
  stages: stagesOutput([...planStageNames, "premium"]),
  premium: premiumOutput,
  attempts: attemptsOutput,
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
