import * as z from "zod";
import { verdicts } from "../verdicts.js";
import { newHunksOutput } from "./new-hunks.js";
import { treesOutput } from "./reviewed-trees.js";

export const fingerprintReasons = [
  "never_reviewed",
  "changed",
  "unchanged_since_ship",
  "unchanged_since_needs_work",
  "blockers_untouched",
  "surroundings_changed",
  "disabled",
] as const;

export type FingerprintReason = (typeof fingerprintReasons)[number];

/** What `fingerprint_check` takes besides a change. */
export const fingerprintArguments = {
  refresh: z.boolean().optional(),
  reason: z.string().max(500).optional().describe("why, with refresh"),
};

export const previousOutput = z.object({
  verdict: z.enum(verdicts),
  /** `sluice`: a premium model answered Sluice itself. */
  attested_by: z.enum(["sluice", "agent", "human"]),
  model: z.string().nullable(),
  at: z.string(),
  task: z.string().nullable(),
  branch: z.string().nullable(),
  same_change: z.boolean(),
  blockers: z.array(
    z.object({ file: z.string().nullable(), line: z.number().nullable(), message: z.string() }),
  ),
  /** How many there are in all. */
  blockers_total: z.number(),
});

export const fingerprintOutput = z.object({
  decision: z.enum(["review", "skip"]),
  reason: z.enum(fingerprintReasons),
  next: z.string(),
  /** True only when a premium model's SHIP that Sluice itself got, and sealed, may be repeated. */
  premium_ship: z.boolean(),
  /** Why a review goes on although it could be skipped, as the caller said. */
  refreshed: z.string().optional(),
  previous: previousOutput.nullable(),
  /** Hunks that the previous review did not see; null without one. */
  new_hunks: newHunksOutput.nullable(),
  fingerprint: z.string(),
  /** Null when fingerprints are disabled. */
  context_fingerprint: z.string().nullable(),
  eol_only: z.boolean(),
  /** What could not be found out about the surroundings. */
  notes: z.array(z.string()),
  trees: treesOutput,
});

export type FingerprintCheck = z.output<typeof fingerprintOutput>;
