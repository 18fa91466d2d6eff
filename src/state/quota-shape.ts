import * as z from "zod";

/** Where a figure comes from. `estimate` and `error` are weaker evidence than the others. */
export const provenance = z.enum(["probe", "header", "stream", "log", "error", "estimate"]);
export type Provenance = z.output<typeof provenance>;

export const throttleReason = z.enum([
  "usage_limit",
  "rate_limit",
  "overloaded",
  "billing",
  "auth",
  "unknown",
]);
export type ThrottleReason = z.output<typeof throttleReason>;

const windowSchema = z.looseObject({
  /** Fraction 0–1; null when nobody knows. */
  used: z.number().nullable().default(null),
  /** Milliseconds since the epoch. */
  resets_at: z.number().nullable().default(null),
  window_ms: z.number().nullable().default(null),
  /** Milliseconds since the epoch. */
  observed_at: z.number(),
  provenance: provenance.catch("estimate"),
  /** Model family that the window limits; absent for all models. */
  scope: z.string().optional(),
  /** Tokens of calls of ours that the reading does not include. */
  tokens_since: z.number().min(0).default(0),
});
export type QuotaWindow = z.output<typeof windowSchema>;

const throttleSchema = z.looseObject({
  /** Milliseconds since the epoch; null until somebody mends it (billing, auth). */
  until: z.number().nullable(),
  reason: throttleReason.catch("unknown"),
  scope: z.string().optional(),
  set_at: z.number(),
  provenance: provenance.catch("estimate"),
  /** Short, in words. */
  evidence: z.string().default(""),
  /** How often the source was asked since, in vain, whether it is over early. */
  probes: z.int().min(0).default(0),
  /** When it is worth asking, in milliseconds since the epoch; null for never. */
  probe_at: z.number().nullable().default(null),
});
export type Throttle = z.output<typeof throttleSchema>;

const reservationSchema = z.looseObject({
  id: z.string(),
  /** The process that makes the call, as in `process-identity.ts`. */
  mark: z.string(),
  /** The source's id of the model. */
  model: z.string().nullable().default(null),
  /** Quota pools that the model draws from besides the source's own. */
  scopes: z.array(z.string()).default([]),
  /** Milliseconds since the epoch. */
  started_at: z.number(),
  /** When nobody believes any more that the call is still running. */
  expires_at: z.number(),
  /** What the call is expected to cost, in tokens; in fractions of a window by what was learned. */
  tokens: z.number().min(0).default(0),
});
export type Reservation = z.output<typeof reservationSchema>;

/** What calls cost of a window: fractions and tokens seen between readings, the older counting less. */
const learnedSchema = z.looseObject({
  spent: z.number().min(0).default(0),
  tokens: z.number().min(0).default(0),
  readings: z.int().min(0).default(0),
});

const lastProbeSchema = z.looseObject({
  /** Milliseconds since the epoch. */
  at: z.number(),
  ok: z.boolean(),
  /** What was found, in words. */
  why: z.string().default(""),
  /** In a row. */
  failures: z.int().min(0).default(0),
  /** Nobody asks again before. */
  next_at: z.number().default(0),
});

const leaseSchema = z.looseObject({
  id: z.string(),
  /** The process that asks. */
  mark: z.string(),
  /** Milliseconds since the epoch. */
  until: z.number(),
});

export const sourceSchema = z.looseObject({
  windows: z.record(z.string(), windowSchema).default({}),
  throttles: z.array(throttleSchema).default([]),
  /** Calls in flight. */
  reservations: z.array(reservationSchema).default([]),
  /** By window. */
  learned: z.record(z.string(), learnedSchema).default({}),
  /** Of one of our calls, recent ones counting more; null before the first. */
  typical_tokens: z.number().min(0).nullable().default(null),
  last_probe: lastProbeSchema.nullable().default(null),
  /** Who asks the source right now, so that others wait for the answer instead of asking too. */
  probe_lease: leaseSchema.nullable().default(null),
  /** Of the key or sign-in that was there last, salted and hashed; null before one was seen. */
  identity: z.string().nullable().default(null),
  consecutive_failures: z.int().min(0).default(0),
  /** Since the latest reset that was seen, as far as Sluice was told: never the source's own count. */
  requests_since_reset: z.int().min(0).default(0),
  tokens_since_reset: z.number().min(0).default(0),
  /** Milliseconds since the epoch. */
  last_request: z.number().nullable().default(null),
  /** Percent left in the tightest window; null when no window's use is known. */
  remaining_pct: z.number().nullable().default(null),
});
export type SourceQuota = z.output<typeof sourceSchema>;

export const quotaState = z.looseObject({
  schema_version: z.int().default(1),
  sources: z.record(z.string(), sourceSchema).default({}),
});
export type QuotaState = z.output<typeof quotaState>;

/** A source of which nothing is known. */
export function emptySource(): SourceQuota {
  return sourceSchema.parse({});
}
