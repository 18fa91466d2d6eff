import * as z from "zod";
import { verdicts } from "../verdicts.js";
import { treesOutput } from "./reviewed-trees.js";

const blockerArgument = z.strictObject({
  file: z.string().max(4_096).nullish(),
  line: z.int().min(1).nullish(),
  message: z.string().min(1).max(4_000),
});

/** What `record_verdict` takes besides a change. */
export const recordVerdictArguments = {
  verdict: z.enum(verdicts),
  attested_by: z.enum(["agent", "human"]),
  model: z.string().max(200).optional(),
  blockers: z.array(blockerArgument).max(100).optional(),
  /** Epic or spec id: the verdict is on its plan. */
  plan: z.string().min(1).max(200).optional(),
};

export const recordVerdictOutput = z.object({
  recorded: z.literal(true),
  verdict: z.enum(verdicts),
  attested_by: z.enum(["agent", "human"]),
  /** What it counts for, and what not. */
  next: z.string(),
  /** Files named by blockers that are neither in the change nor in the repository. */
  unknown_files: z.array(z.string()),
  blockers: z.number(),
  task: z.string().nullable(),
  branch: z.string().nullable(),
  /** Id of the spec whose plan it is about; null for a change. */
  plan: z.string().nullable(),
  at: z.string(),
  fingerprint: z.string(),
  context_fingerprint: z.string(),
  /** Null for a plan. */
  trees: treesOutput.nullable(),
});
