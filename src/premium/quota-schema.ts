import * as z from "zod";
import { accessOutput, windowOutput } from "./view.js";

export const sourceOutput = z.object({
  source: z.string(),
  access: accessOutput.nullable(),
  windows: z.array(windowOutput),
  throttled_until: z.string().nullable(),
  /** Whether any of its models may be asked now; single models can still be out of quota. */
  eligible: z.boolean(),
  why: z.string(),
});

export const quotaStatusOutput = z.object({
  sources: z.array(sourceOutput),
  next: z.string(),
});

export type QuotaStatus = z.output<typeof quotaStatusOutput>;
