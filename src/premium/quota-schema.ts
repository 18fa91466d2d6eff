import * as z from "zod";
import { accessOutput, windowOutput } from "./view.js";

const quotaWindowOutput = windowOutput.extend({
  /** With our calls since the reading and those in flight, by what calls were seen to cost; null when unknown. */
  estimated_used: z.number().nullable(),
  /** The fraction at which reviews stop. */
  limit: z.number(),
  /** Used per time passed: 1 is just enough until the reset. */
  burn: z.number().nullable(),
  /** When it reaches its limit if it goes on like this; null when it lasts, or nobody knows. */
  runs_out_at: z.string().nullable(),
});

export const sourceOutput = z.object({
  source: z.string(),
  access: accessOutput.nullable(),
  windows: z.array(quotaWindowOutput),
  throttled_until: z.string().nullable(),
  /** Whether any of its models may be asked now; single models can still be out of quota. */
  eligible: z.boolean(),
  why: z.string(),
  /** 0–1: 0.5 is on pace, more is left over at the reset; null when not eligible. */
  score: z.number().nullable(),
  throttles: z.array(
    z.object({
      reason: z.string(),
      scope: z.string().nullable(),
      since: z.string(),
      /** Null until somebody mends it. */
      until: z.string().nullable(),
      evidence: z.string(),
    }),
  ),
  /** Calls of ours that are running. */
  in_flight: z.int(),
  /** When it was last asked what it has left; null for never. */
  last_probe: z.object({ at: z.string(), ok: z.boolean(), why: z.string() }).nullable(),
});

export const quotaStatusOutput = z.object({
  sources: z.array(sourceOutput),
  next: z.string(),
});

export type QuotaStatus = z.output<typeof quotaStatusOutput>;
