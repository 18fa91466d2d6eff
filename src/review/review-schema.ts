import * as z from "zod";
import { type ChangeArguments, changeArguments } from "../change/arguments.js";
import { treesOutput } from "./reviewed-trees.js";

/** What `until` takes. */
export const stageNames = ["gates", "prescreen", "fingerprint", "classify", "route"] as const;

export const reviewArguments = { ...changeArguments, until: z.enum(stageNames).optional() };

const blocker = z.object({
  file: z.string().nullable(),
  line: z.number().nullable(),
  message: z.string(),
  /** The gate, the analyzer, or who gave the verdict that is repeated. */
  source: z.string(),
  /** A finding's id, for `dismiss`. */
  id: z.string().nullable(),
});

export const reviewOutput = z.object({
  verdict: z.enum(["SHIP", "NEEDS_WORK", "MAJOR_RETHINK", "NEEDS_HUMAN"]).nullable(),
  decided_by: z.enum(["gates", "prescreen", "fingerprint", "premium"]).nullable(),
  /** What to do now. */
  next: z.string(),
  blockers: z.array(blocker),
  /** What the premium reviewer says besides its verdict; null without one. */
  remarks: z.object({ summary: z.string(), findings: z.array(blocker) }).nullable(),
  /** A verdict on this very change that somebody else reached; never a SHIP of ours. */
  attested: z
    .object({
      verdict: z.string(),
      by: z.enum(["agent", "human"]),
      model: z.string().nullable(),
      at: z.string(),
    })
    .nullable(),
  class: z.enum(["SECURITY", "COMPLEX", "ROUTINE"]).nullable(),
  stages: z.array(
    z.object({
      name: z.enum([...stageNames, "premium"]),
      /** `passed`: nothing against the change; `error`: the stage failed, which says nothing about the change. */
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
