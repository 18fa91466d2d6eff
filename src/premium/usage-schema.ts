import * as z from "zod";
import { sourceOutput } from "./quota-schema.js";

const reasons = ["usage_limit", "rate_limit", "overloaded", "billing", "auth", "unknown"] as const;

/** What another program, an agent or a person saw of a source. Few words: every tool list pays for them. */
export const recordUsageArguments = {
  source: z.string(),
  model: z.string().optional(),
  input_tokens: z.number().optional(),
  output_tokens: z.number().optional(),
  throttle: z
    .strictObject({
      reason: z.enum(reasons),
      retry_after_s: z.number().optional(),
      until: z.string().describe("ISO 8601").optional(),
      scope: z.string().describe("model family, if only that").optional(),
    })
    .optional(),
  windows: z
    .array(
      z.strictObject({
        id: z.string().describe("5h, weekly, monthly, …"),
        used_fraction: z.number().describe("0-1").optional(),
        used_percent: z.number().describe("0-100").optional(),
        resets_at: z.string().optional(),
        scope: z.string().optional(),
      }),
    )
    .optional(),
};

export type RecordUsageArguments = z.infer<z.ZodObject<typeof recordUsageArguments>>;

export const recordUsageOutput = z.object({
  /** The source as known now. */
  status: sourceOutput,
  recorded: z.object({
    tokens: z.int().nullable(),
    windows: z.array(z.string()),
    throttle: z.string().nullable(),
    /** What was taken as unknown, and why. */
    notes: z.array(z.string()),
  }),
  next: z.string(),
});

export type RecordUsageResult = z.output<typeof recordUsageOutput>;
