import { isKnownIdentity, keptIdentity } from "./quota-identity.js";
import type { Provenance, QuotaWindow, SourceQuota, Throttle, ThrottleReason } from "./quota-shape.js";
import { addTokens, draws, learn, learnTypical } from "./quota-spending.js";
import { furthestReset, hardThreshold, readingEnds, sameReset, windowId } from "./quota-windows.js";

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
  /** Quota pools that the call drew from besides the source's own; default: nobody knows, so any. */
  scopes?: readonly string[];
  outcome?: "ok" | "failed";
  windows?: readonly WindowReading[];
  /** The windows were read as the call began, as with headers, and so do not include it. Default: they do. */
  windows_before_call?: boolean;
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
  /** The provider's own word that ordinary use is allowed, or is not. */
  allowed?: boolean | null;
  /** The source was asked and knows who the user is. */
  signed_in?: boolean;
  /** What tells the source's key or sign-in from another, as a hash; another one lifts what only it can have mended. */
  identity?: string;
  /** Which throttles this event, when it went well, is evidence against; default all of the source's. */
  lifts?: (throttle: Throttle) => boolean;
  /** Lifts every throttle of the source: somebody mended it, or looked and found quota. */
  clear_throttles?: boolean;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** How many windows, throttles are kept of one source: the newest. */
const mostWindows = 40;
const mostThrottles = 20;

/** A source as known before an event, merged with the event. */
export function mergeEvent(known: SourceQuota, event: UsageEvent, now: number): SourceQuota {
  const at = Math.min(finite(event.at) ?? now, now);
  const source: SourceQuota = { ...known, windows: { ...known.windows } };
  const resetPassed = Object.values(known.windows).some(
    ({ resets_at }) => resets_at !== null && resets_at <= now && (known.last_request ?? 0) < resets_at,
  );
  if (resetPassed) {
    source.requests_since_reset = 0;
    source.tokens_since_reset = 0;
  }
  if (event.identity !== undefined && !isKnownIdentity(known, event.identity))
    source.identity = keptIdentity(event.identity);
  const requests = count(
    event.requests ?? (event.tokens !== undefined || event.outcome !== undefined ? 1 : 0),
  );
  const tokens = count(event.tokens ?? 0);
  source.requests_since_reset += requests;
  source.tokens_since_reset += tokens;
  if (requests > 0) source.last_request = Math.max(at, Math.min(known.last_request ?? 0, now));
  if (tokens > 0 && requests === 1) learnTypical(source, tokens);
  const spend = () => addTokens(source, tokens, event.scopes ?? []);
  if (event.windows_before_call !== true) spend();
  for (const reading of event.windows ?? []) {
    const before = source.windows[reading.id];
    const after = mergeWindow(reading.id, before, reading, at, now);
    if (before !== undefined && after !== before && isReading(reading) && after.used !== null) {
      const sameCycle = readingEnds(reading.id, before, now) > after.observed_at && !movedOn(before, after);
      if (sameCycle) learn(source, reading.id, before, after.used, after.observed_at);
    }
    source.windows[reading.id] = after;
  }
  if (event.windows_before_call === true) spend();
  source.windows = newest(source.windows);
  source.throttles = mergeThrottles(source, known, event, at, now);
  if (event.outcome === "failed" || event.throttle !== undefined) source.consecutive_failures += 1;
  else if (event.outcome === "ok") source.consecutive_failures = 0;
  source.remaining_pct = remaining(source, now);
  return source;
}

/**
 * A source as known now: a reading that no longer holds is unknown (null), a throttle that is over is gone.
 */
export function asOf(source: SourceQuota, now: number): SourceQuota {
  const windows = Object.fromEntries(
    Object.entries(source.windows).map(([key, window]) => [
      key,
      readingEnds(key, window, now) <= now ? { ...window, used: null, resets_at: null } : window,
    ]),
  );
  const current = { ...source, windows };
  return {
    ...current,
    throttles: source.throttles.filter((throttle) => isActive(throttle, now)),
    remaining_pct: remaining(current, now),
  };
}

function isActive({ until }: Throttle, now: number): boolean {
  // An end beyond any that is believed was set by a clock that was wrong.
  return until === null || (until > now && until <= now + furthestReset);
}

function isReading({ provenance, used }: WindowReading): boolean {
  return provenance !== "estimate" && fraction(used) !== null;
}

function movedOn(before: QuotaWindow, after: Pick<QuotaWindow, "resets_at">): boolean {
  return (
    before.resets_at !== null &&
    after.resets_at !== null &&
    Math.abs(after.resets_at - before.resets_at) > sameReset
  );
}

/** The newer observation wins; what it does not say is kept within a cycle; an estimate never beats a reading. */
function mergeWindow(
  key: string,
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
    tokens_since: 0,
  };
  if (reading.scope !== undefined) seen.scope = reading.scope;
  if (known === undefined) return seen;
  // A time in the future (a clock was wrong) must not hold against what is read now.
  if (Math.min(known.observed_at, now) > observed_at) return known;
  if (readingEnds(key, known, now) <= now)
    return { ...known, ...seen, window_ms: seen.window_ms ?? known.window_ms };
  if (reading.provenance === "estimate" && known.provenance !== "estimate" && known.used !== null)
    return known;
  const merged = {
    ...known,
    ...seen,
    resets_at: seen.resets_at ?? known.resets_at,
    window_ms: seen.window_ms ?? known.window_ms,
  };
  if (seen.used !== null || known.used === null) return merged;
  // A window that began anew says nothing of how much of the old one was used.
  const length = merged.window_ms ?? 0;
  if (movedOn(known, seen) && seen.resets_at !== null && seen.resets_at - length > known.observed_at)
    return { ...merged, used: null };
  // An observation that brought no figure does not make the old figure younger.
  const { used, provenance, tokens_since } = known;
  return { ...merged, used, provenance, tokens_since, observed_at: known.observed_at };
}

function newest(windows: SourceQuota["windows"]): SourceQuota["windows"] {
  const entries = Object.entries(windows);
  if (entries.length <= mostWindows) return windows;
  return Object.fromEntries(
    entries.sort(([, a], [, b]) => b.observed_at - a.observed_at).slice(0, mostWindows),
  );
}

function mergeThrottles(
  source: SourceQuota,
  known: SourceQuota,
  event: UsageEvent,
  at: number,
  now: number,
): Throttle[] {
  if (event.clear_throttles === true) return [];
  const mended =
    event.identity !== undefined && known.identity !== null && !isKnownIdentity(known, event.identity);
  const throttles = known.throttles
    .filter(({ reason }) => !(mended && parked.has(reason)))
    .filter((item) => isActive(item, now))
    .filter((item) => {
      // A limit lifted early stays lifted: what was seen later is better evidence than a time stated before it.
      const later = Math.min(item.set_at, now) <= at;
      return !(later && (event.lifts?.(item) ?? true) && isOver(item, source, event));
    });
  const { throttle } = event;
  if (throttle === undefined) return throttles;
  const same = throttles.find(({ reason, scope }) => reason === throttle.reason && scope === throttle.scope);
  const probes = same?.probes ?? 0;
  const set: Throttle = {
    ...same,
    until: throttleEnd(source, throttle, known.consecutive_failures, at, now),
    reason: throttle.reason,
    set_at: at,
    provenance: throttle.provenance ?? "error",
    evidence: (throttle.evidence ?? "").slice(0, 300),
    probes,
    probe_at: nextProbe(throttle.reason, probes, at),
  };
  if (throttle.scope !== undefined) set.scope = throttle.scope;
  // The longer of two holds: re-throttling must not shorten what the source stated.
  if (same !== undefined && (same.until === null || (set.until !== null && same.until > set.until))) {
    set.until = same.until;
  }
  return [...throttles.filter((item) => item !== same), set].slice(-mostThrottles);
}

/** Whether an event, later than the throttle, shows that it is over. */
function isOver(item: Throttle, source: SourceQuota, event: UsageEvent): boolean {
  if (event.outcome === "ok" && event.throttle === undefined) return true;
  if (event.allowed === true && item.scope === undefined) return true;
  if (item.reason === "auth") return event.signed_in === true;
  if (item.reason === "billing" || event.allowed === false) return false;
  return showsQuota(source, event, item);
}

/**
 * True when the event brought a real reading, and every window that the throttle can be about was read after it was
 * set and has room: an afternoon with room says nothing of a week that is full.
 */
function showsQuota(source: SourceQuota, event: UsageEvent, item: Throttle): boolean {
  if (!(event.windows ?? []).some(isReading)) return false;
  const known = Object.entries(source.windows).filter(
    ([, window]) => window.used !== null && (item.scope === undefined || draws([item.scope], window)),
  );
  return known.every(
    ([key, { used, observed_at, scope }]) =>
      used !== null && observed_at >= item.set_at && used < hardThreshold(windowId(key, scope)),
  );
}

/** How long after a throttle was set, or asked about in vain, the source is asked whether it is over; null for never. */
const firstProbe: Readonly<Record<ThrottleReason, number | null>> = {
  usage_limit: 5 * minute,
  rate_limit: 5 * minute,
  unknown: 5 * minute,
  auth: minute,
  billing: 30 * minute,
  // Over before anybody has asked.
  overloaded: null,
};
const longestProbe = 2 * hour;

/** When to ask next, by how often it was asked in vain: each time twice as long. Milliseconds since the epoch. */
export function nextProbe(reason: ThrottleReason, probes: number, now: number): number | null {
  const first = firstProbe[reason];
  return first === null ? null : now + Math.min(first * 2 ** Math.min(probes, 10), longestProbe);
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
  if (throttle.reason === "overloaded")
    return at + Math.min(15 * second * 2 ** Math.min(failures, 2), minute);
  if (throttle.reason === "usage_limit") {
    // Limits add up: it is over when the last full window resets.
    const resets = Object.entries(source.windows)
      .filter(([, window]) => throttle.scope === undefined || draws([throttle.scope], window))
      .filter(([key, { used, scope }]) => used !== null && used >= hardThreshold(windowId(key, scope)))
      .flatMap(([, { resets_at }]) => {
        const known = reset(resets_at, now);
        return known === null ? [] : [known];
      });
    if (resets.length > 0) return Math.max(...resets);
  }
  return at + Math.min(30 * second * 2 ** Math.min(failures, 6), 30 * minute);
}

function remaining(source: SourceQuota, now: number): number | null {
  const left = Object.entries(source.windows).flatMap(([key, window]) =>
    window.used === null || readingEnds(key, window, now) <= now ? [] : [1 - window.used],
  );
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
