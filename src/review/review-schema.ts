import * as z from "zod";
import { type ChangeArguments, changeArguments } from "../change/arguments.js";
import {
  attemptsOutput,
  attestedOutput,
  blockersOutput,
  premiumOutput,
  remarksOutput,
  stagesOutput,
  verdictOutput,
} from "../premium/review-schema.js";
import { treesOutput } from "./reviewed-trees.js";

/** What `until` takes. */
export const stageNames = ["gates", "prescreen", "fingerprint", "classify", "route"] as const;

export const reviewArguments = { ...changeArguments, until: z.enum(stageNames).optional() };

export const reviewOutput = z.object({
  verdict: verdictOutput,
  decided_by: z.enum(["gates", "prescreen", "fingerprint", "premium"]).nullable(),
  /** What to do now. */
  next: z.string(),
  blockers: blockersOutput,
  remarks: remarksOutput,
  attested: attestedOutput,
  class: z.enum(["SECURITY", "COMPLEX", "ROUTINE"]).nullable(),
  stages: stagesOutput([...stageNames, "premium"]),
  premium: premiumOutput,
  attempts: attemptsOutput,
  /** Path of the receipt that was written; null for none. */
  receipt: z.string().nullable(),
  /** What a reviewer needs; null when there is nothing left to review. */
  review: z
    .object({
      prompt: z.string(),
      /** Shows the whole change. */
      diff_command: z.string().nullable(),
      files: z.array(z.object({ path: z.string(), role: z.enum(["changed", "import", "test"]) })),
      not_shown: z.array(z.object({ path: z.string(), reason: z.string() })),
      tokens: z.int().nullable(),
    })
    .nullable(),
  fingerprint: z.string().nullable(),
  context_fingerprint: z.string().nullable(),
  /** Files of the change that could not be read: they rule out SHIP. */
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  warnings: z.array(z.string()),
  trees: treesOutput.extend({ files: z.int(), added: z.int(), deleted: z.int() }),
});

export type ReviewResult = z.output<typeof reviewOutput>;

export type ReviewArguments = ChangeArguments & { until?: (typeof stageNames)[number] | undefined };
