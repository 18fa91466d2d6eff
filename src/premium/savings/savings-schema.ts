import * as z from "zod";

const rate = z.object({
  /** Null when there is nothing to count yet. */
  value: z.number().nullable(),
  /** 95 % interval. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  count: z.number(),
  of: z.number(),
  /** False: not enough yet to go by. */
  enough: z.boolean(),
});

const lasting = {
  /** That a week of quota lasts; null when nobody knows. */
  days: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  why: z.string(),
};

export const savingsArguments = {
  days: z.int().min(1).max(200).optional(),
  repo: z.string().optional(),
};

/** Days that a report is about unless it is said. */
export const defaultDays = 30;

export const savingsOutput = z.object({
  /** In a sentence or two. */
  summary: z.string(),
  targets: z.array(
    z.object({
      name: z.enum(["week_of_quota_days", "premium_calls_per_task", "catch_rate"]),
      target: z.string(),
      value: z.number().nullable(),
      state: z.enum(["met", "missed", "not_enough"]),
    }),
  ),
  premium_calls_per_task: rate,
  tokens_saved: z.object({
    /** Between these; null when no context was measured yet. */
    low: z.number().nullable(),
    high: z.number().nullable(),
    by_stage: z.array(
      z.object({
        stage: z.string(),
        /**
         * Calls that it made needless, `calls_low` with what came in a row counted once; of `reanchor` and `scouts`,
         * which are there once they did something, times that originals need not be read.
         */
        calls: z.number(),
        calls_low: z.number(),
        low: z.number().nullable(),
        high: z.number().nullable(),
        /** Of `calls`: those whose own context was measured. */
        measured: z.number(),
      }),
    ),
    /** Mean context of a review, in tokens, and of how many. */
    context_tokens: z.number().nullable(),
    contexts: z.number(),
    /** What a premium review took beyond its context, on average, and of how many. */
    extra_tokens: z.number().nullable(),
    calls: z.number(),
    assumption: z.string(),
  }),
  catch_rate: rate,
  sent_back_by: z.record(z.string(), z.number()),
  false_alarms: rate,
  fingerprint_skips: rate,
  first_pass: rate,
  quota: z.object({
    pooled: z.object(lasting),
    sources: z.array(z.object({ source: z.string(), window: z.string().nullable(), ...lasting })),
  }),
  tasks: z.object({
    reviewed: z.number(),
    shipped: z.number(),
    without_premium: z.number(),
    one_call: z.number(),
    more_calls: z.number(),
  }),
  reviews: z.object({ total: z.number(), ended_by: z.record(z.string(), z.number()) }),
  premium: z.object({
    answered: z.number(),
    failed: z.number(),
    told: z.number(),
    tokens: z.number(),
    by_source: z.array(
      z.object({ source: z.string(), answered: z.number(), failed: z.number(), tokens: z.number() }),
    ),
    by_purpose: z.record(z.string(), z.number()),
  }),
  local: z.object({
    answered: z.number(),
    failed: z.number(),
    tokens: z.number(),
    seconds: z.number(),
  }),
  /** The tools of the other phases, and what came of them. */
  work: z.array(
    z.object({
      tool: z.string(),
      done: z.number(),
      failed: z.number(),
      /** Of `done`. */
      cached: z.number(),
      seconds: z.number(),
    }),
  ),
  /** What was not done that could have been, by why. */
  skips: z.record(z.string(), z.number()),
  /** What premium models sent back though the pre-screen had passed it, by class. */
  escapes: z.record(z.string(), z.number()),
  throttles: z.record(z.string(), z.number()),
  escalations: z.record(z.string(), z.number()),
  period: z.object({
    days: z.number(),
    from: z.string(),
    to: z.string(),
    recorded_since: z.string().nullable(),
  }),
  notes: z.array(z.string()),
});

export type Savings = z.output<typeof savingsOutput>;
