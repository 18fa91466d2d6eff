import * as z from "zod";

/** A quota window as every result shows it. */
export const windowOutput = z.object({
  id: z.string(),
  /** The models it limits, null for all of the source's. */
  scope: z.string().nullable(),
  /** Fraction 0–1; null when nobody knows. */
  used: z.number().nullable(),
  resets_at: z.string().nullable(),
  provenance: z.string(),
  age_s: z.int(),
});

export const accessOutput = z.enum(["api", "cli", "coding_agent"]);
