import * as z from "zod";
import { treesOutput } from "./reviewed-trees.js";

const checkOutput = z.object({
  name: z.string(),
  state: z.enum(["passed", "failed", "skipped"]),
  /** For a failed check: true when it fails on base in the same way, false when the change did it, null when unknown. */
  pre_existing: z.boolean().nullable(),
  command: z.string().nullable(),
  ms: z.int().nullable(),
  /** Why it failed or was skipped. */
  reason: z.string().nullable(),
  /** Of a failed check: the first errors and the tail. */
  output_tail: z.string(),
  /** A file with everything it printed. */
  log: z.string().nullable(),
});

export const gatesOutput = z.object({
  /** True: at least one check ran and none failed because of the change. Null: nothing ran. */
  passed: z.boolean().nullable(),
  checks: z.array(checkOutput),
  /** True when a check itself changed files that git does not ignore; null when nothing ran. */
  tree_changed: z.boolean().nullable(),
  next: z.string().nullable(),
  trees: treesOutput,
});

export type Check = z.output<typeof checkOutput>;

export type GatesResult = z.output<typeof gatesOutput>;
