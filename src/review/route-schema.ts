import * as z from "zod";
import { accessOutput, windowOutput } from "../premium/view.js";
import { treesOutput } from "./reviewed-trees.js";

export const routeOutput = z.object({
  decision: z.enum(["route", "all_exhausted", "none_configured"]),
  source: z.string().nullable(),
  /** What the source calls the model. */
  model: z.string().nullable(),
  access: accessOutput.nullable(),
  class: z.enum(["SECURITY", "COMPLEX", "ROUTINE"]),
  /** What to do now. */
  next: z.string(),
  /** In the order in which they were considered. */
  candidates: z.array(
    z.object({
      source: z.string(),
      /** Null when the source has no model of that name. */
      model: z.string().nullable(),
      eligible: z.boolean(),
      /** 0–1: 0.5 is on pace, more will be left over at the reset; null when not eligible. */
      score: z.number().nullable(),
      windows: z.array(windowOutput),
      why: z.string(),
    }),
  ),
  context: z.object({
    /** Diff and files together. */
    tokens: z.int(),
    diff_tokens: z.int(),
    estimated: z.boolean(),
    files: z.array(
      z.object({ path: z.string(), role: z.enum(["changed", "import", "test"]), tokens: z.int() }),
    ),
    /** Files beyond those listed, and their tokens. */
    more_files: z.int(),
    more_tokens: z.int(),
    /** What a reviewer sees as name and hash only. */
    not_shown: z.array(z.object({ path: z.string(), reason: z.string() })),
    more_not_shown: z.int(),
  }),
  /** When a reviewer is available again; null when one is now, or nobody knows. */
  next_available_at: z.string().nullable(),
  /** Routing entries that lead nowhere. */
  problems: z.array(z.string()),
  trees: treesOutput,
});

export type Route = z.output<typeof routeOutput>;
