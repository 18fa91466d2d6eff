import * as z from "zod";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import type { StateStore } from "./store.js";

const file = "quota_state.json";

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
});
export type Throttle = z.output<typeof throttleSchema>;

const sourceSchema = z.looseObject({
  windows: z.record(z.string(), windowSchema).default({}),
  throttles: z.array(throttleSchema).default([]),
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

const quotaState = z.looseObject({
  schema_version: z.int().default(1),
  sources: z.record(z.string(), sourceSchema).default({}),
});
export type QuotaState = z.output<typeof quotaState>;

/** One window as somebody read it. */
export interface WindowReading {
  /** `5h`, `weekly`, `monthly`, `rpm`, `tpm`, … */
  id: string;
  used?: number | null;
  resets_at?: number | null;
  window_ms?: number | null;
  /** Default: the event's time. */
  observed_at?: number;
  provenance: Provenance;
  scope?: string;
}

/** What a source was seen to do. */
export interface UsageEvent {
  source: string;
  /** Milliseconds since the epoch; default now. A time in the future counts as now. */
  at?: number;
  /** Default 1 when there are tokens or an outcome, else 0. */
  requests?: number;
  tokens?: number;
  outcome?: "ok" | "failed";
  windows?: readonly WindowReading[];
  throttle?: {
    reason: ThrottleReason;
    /** When it ends by the source's word; milliseconds since the epoch. */
    until?: number | null;
    /** Milliseconds, by the source's word. */
    retry_after_ms?: number | null;
    scope?: string;
    provenance?: Provenance;
    evidence?: string;
  };
  /** Which throttles this event, when it went well, is evidence against; default all of the source's. */
  lifts?: (throttle: Throttle) => boolean;
  /** Lifts every throttle of the source: somebody mended it, or looked and found quota. */
  clear_throttles?: boolean;
}

const day = 86_400_000;
/** A reset further away is a mistake: 9999-12-31 was seen. */
const furthestReset = 31 * day;
const hardThreshold = 0.95;

/** The quota of every source as known now: an expired reading is unknown (null), an expired throttle is gone. */
export async function readQuota(store: StateStore, sluice: Sluice): Promise<QuotaState> {
  const state = await store.read(file, quotaState);
  const now = sluice.clock();
  const sources = Object.entries(state.sources).map(([id, source]) => [id, asOf(source, now)] as const);
  return { ...state, sources: Object.fromEntries(sources) };
}

/**
 * Merges what was seen of a source into what is known, and gives the source as known now.
 *
 * @throws UsageError when a source's or a window's name is no name
 */
export async function recordUsage(
  store: StateStore,
  sluice: Sluice,
  event: UsageEvent,
): Promise<SourceQuota> {
  for (const name of [event.source, ...(event.windows ?? []).map(({ id }) => id)]) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/.test(name)) {
      throw new UsageError(
        `${JSON.stringify(name.slice(0, 80))} can't name a source or a window of quota.`,
        "Use letters, digits, `_`, `.`, `:` and `-`, as in `claude_max` and `5h`.",
      );
    }
  }
  const now = sluice.clock();
  return store.update(file, quotaState, (state) => {
    const known = Object.hasOwn(state.sources, event.source) ? state.sources[event.source] : undefined;
    const merged = mergeEvent(known ?? sourceSchema.parse({}), event, now);
    state.sources[event.source] = merged;
    return asOf(merged, now);
  });
}

function mergeEvent(known: SourceQuota, event: UsageEvent, now: number): SourceQuota {
  const at = Math.min(finite(event.at) ?? now, now);
  const source: SourceQuota = { ...known, windows: { ...known.windows } };
  const resetPassed = Object.values(known.windows).some(
    ({ resets_at }) => resets_at !== null && resets_at <= now && (known.last_request ?? 0) < resets_at,
  );
  if (resetPassed) {
    source.requests_since_reset = 0;
    source.tokens_since_reset = 0;
  }
  const requests = count(
    event.requests ?? (event.tokens !== undefined || event.outcome !== undefined ? 1 : 0),
  );
  source.requests_since_reset += requests;
  source.tokens_since_reset += count(event.tokens ?? 0);
  if (requests > 0) source.last_request = Math.max(at, known.last_request ?? 0);
  for (const reading of event.windows ?? []) {
    source.windows[reading.id] = mergeWindow(source.windows[reading.id], reading, at, now);
  }
  source.throttles = mergeThrottles(source, known, event, at, now);
  if (event.outcome === "failed" || event.throttle !== undefined) source.consecutive_failures += 1;
  else if (event.outcome === "ok") source.consecutive_failures = 0;
  source.remaining_pct = remaining(source, now);
  return source;
}

/** The newer observation wins; what it does not say is kept within a cycle; an estimate never beats a reading. */
function mergeWindow(
  known: QuotaWindow | undefined,
  reading: WindowReading,
  at: number,
  now: number,
): QuotaWindow {
  const observed_at = Math.min(finite(reading.observed_at) ?? at, now);
  const seen: QuotaWindow = {
    used: fraction(reading.used),
    resets_at: reset(reading.resets_at, now),
    window_ms: positive(reading.window_ms),
    observed_at,
    provenance: reading.provenance,
  };
  if (reading.scope !== undefined) seen.scope = reading.scope;
  if (known === undefined) return seen;
  if (known.observed_at > observed_at) return known;
  const current = known.resets_at === null || known.resets_at > now;
  if (!current) return { ...known, ...seen, window_ms: seen.window_ms ?? known.window_ms };
  if (reading.provenance === "estimate" && known.provenance !== "estimate" && known.used !== null)
    return known;
  return {
    ...known,
    ...seen,
    used: seen.used ?? known.used,
    resets_at: seen.resets_at ?? known.resets_at,
    window_ms: seen.window_ms ?? known.window_ms,
    // An observation that brought no figure does not make the old figure younger.
    observed_at: seen.used === null && known.used !== null ? known.observed_at : observed_at,
    provenance: seen.used === null && known.used !== null ? known.provenance : seen.provenance,
  };
}

function mergeThrottles(
  source: SourceQuota,
  known: SourceQuota,
  event: UsageEvent,
  at: number,
  now: number,
): Throttle[] {
  if (event.clear_throttles === true) return [];
  let throttles = known.throttles.filter(({ until }) => until === null || until > now);
  // A limit lifted early stays lifted: a call that worked is better evidence than a time stated before it.
  const worked = event.outcome === "ok" && event.throttle === undefined;
  if (worked || showsQuota(source, event)) {
    const lifts = event.lifts ?? (() => true);
    throttles = throttles.filter(
      (item) => item.set_at > at || (!worked && parked.has(item.reason)) || !lifts(item),
    );
  }
  const { throttle } = event;
  if (throttle === undefined) return throttles;
  const set: Throttle = {
    until: throttleEnd(source, throttle, known.consecutive_failures, at, now),
    reason: throttle.reason,
    set_at: at,
    provenance: throttle.provenance ?? "error",
    evidence: (throttle.evidence ?? "").slice(0, 300),
  };
  if (throttle.scope !== undefined) set.scope = throttle.scope;
  const same = throttles.find(({ reason, scope }) => reason === set.reason && scope === set.scope);
  // The longer of two holds: re-throttling must not shorten what the source stated.
  if (same !== undefined && (same.until === null || (set.until !== null && same.until > set.until))) {
    set.until = same.until;
  }
  return [...throttles.filter((item) => item !== same), set].slice(-20);
}

const parked = new Set<ThrottleReason>(["billing", "auth"]);

function throttleEnd(
  source: SourceQuota,
  throttle: NonNullable<UsageEvent["throttle"]>,
  failures: number,
  at: number,
  now: number,
): number | null {
  const stated = reset(throttle.until, now) ?? afterDelay(throttle.retry_after_ms, at, now);
  if (stated !== null) return stated;
  if (parked.has(throttle.reason)) return null;
  if (throttle.reason === "overloaded") return at + Math.min(15_000 * 2 ** Math.min(failures, 2), 60_000);
  if (throttle.reason === "usage_limit") {
    // Limits add up: it is over when the last full window resets.
    const resets = Object.values(source.windows)
      .filter(({ used }) => used !== null && used >= hardThreshold)
      .flatMap(({ resets_at }) => (resets_at !== null && resets_at > now ? [resets_at] : []));
    if (resets.length > 0) return Math.max(...resets);
  }
  return at + Math.min(30_000 * 2 ** Math.min(failures, 6), 1_800_000);
}

/** True when the event brought a real reading and every window that is known has room. */
function showsQuota(source: SourceQuota, event: UsageEvent): boolean {
  const real = (event.windows ?? []).some(
    (reading) => reading.provenance !== "estimate" && fraction(reading.used) !== null,
  );
  const known = Object.values(source.windows).filter(({ used }) => used !== null);
  return real && known.every(({ used }) => used !== null && used < hardThreshold);
}

function asOf(source: SourceQuota, now: number): SourceQuota {
  const windows = Object.fromEntries(
    Object.entries(source.windows).map(([id, window]) => [
      id,
      isExpired(window, now) ? { ...window, used: null, resets_at: null } : window,
    ]),
  );
  const current = { ...source, windows };
  return {
    ...current,
    throttles: source.throttles.filter(({ until }) => until === null || until > now),
    remaining_pct: remaining(current, now),
  };
}

function isExpired(window: QuotaWindow, now: number): boolean {
  if (window.resets_at !== null) return window.resets_at <= now;
  // Without a stated reset, a reading lives for one window at most.
  return window.window_ms !== null && window.observed_at + window.window_ms <= now;
}

function remaining(source: SourceQuota, now: number): number | null {
  const left = Object.values(source.windows)
    .filter((window) => window.used !== null && !isExpired(window, now))
    .map(({ used }) => 1 - (used ?? 0));
  return left.length === 0 ? null : Math.round(Math.min(...left) * 1_000) / 10;
}

function finite(value: number | null | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function positive(value: number | null | undefined): number | null {
  const number = finite(value);
  return number !== null && number > 0 ? number : null;
}

function count(value: number): number {
  return Math.max(0, Math.round(finite(value) ?? 0));
}

function fraction(value: number | null | undefined): number | null {
  const number = finite(value);
  return number === null || number < 0 ? null : Math.min(number, 1);
}

function reset(value: number | null | undefined, now: number): number | null {
  const at = finite(value);
  return at === null || at <= now || at > now + furthestReset ? null : at;
}

function afterDelay(delay: number | null | undefined, at: number, now: number): number | null {
  const wait = positive(delay);
  return wait === null ? null : reset(at + wait, now);
}
