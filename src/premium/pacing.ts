import type { SourceQuota } from "../state/quota-state.js";
import { type ResolvedModel, scopeOf } from "./catalog.js";

const minute = 60_000;
const day = 24 * 60 * minute;

/** Lengths of the windows that the sources have, in milliseconds. */
const lengths: Readonly<Record<string, number>> = {
  "5h": 5 * 60 * minute,
  daily: day,
  weekly: 7 * day,
  monthly: 30 * day,
  rpm: minute,
  tpm: minute,
};

/** Per-minute limits say when to wait, not how much is left. */
const momentary = new Set(["rpm", "tpm"]);

/** Fractions of use from which a window counts as full: a full week costs days, a full afternoon hours. */
const thresholds: Readonly<Record<string, number>> = {
  "5h": 0.98,
  daily: 0.98,
  weekly: 0.95,
  monthly: 0.95,
  rpm: 1,
  tpm: 1,
};
const otherThreshold = 0.95;

const neutral = 0.5;
/** What nobody has read lately counts for a tenth less, so that what was read wins a draw. */
const confidence = 0.9;
/** Scores this close are a draw: figures move more than that between two readings. */
const drawBand = 0.05;
const surplusCap = 3;
const shortestLeft = 0.02;

/** A window as shown: times as ISO 8601, use as a fraction 0–1 or null when nobody knows. */
export interface WindowView {
  id: string;
  scope: string | null;
  used: number | null;
  resets_at: string | null;
  provenance: string;
  /** Seconds since it was read. */
  age_s: number;
}

export interface Assessment {
  eligible: boolean;
  /** 0–1, how much is left for a call now; null when not eligible. */
  score: number | null;
  windows: WindowView[];
  why: string;
  /** When it is eligible again, ISO 8601; null when it is now, or when nobody knows. */
  availableAt: number | null;
  /** End of the latest active throttle; null for none or for one without an end. */
  throttledUntil: number | null;
  /** When quota that is left over will be lost, in milliseconds since the epoch; null when none is. */
  perishesAt: number | null;
  lastRequest: number | null;
}

/** The two halves of a window's key in the state: `weekly`, or `weekly:gemini` for one pool of several. */
export function windowKey(id: string, scope: string | undefined): string {
  return scope === undefined ? id : `${id}:${scope}`;
}

/** A window's length in milliseconds where its name tells; null otherwise. */
export function windowLength(id: string): number | null {
  return Object.hasOwn(lengths, id) ? (lengths[id] ?? null) : null;
}

export function hardThreshold(id: string): number {
  return Object.hasOwn(thresholds, id) ? (thresholds[id] ?? otherThreshold) : otherThreshold;
}

/**
 * Whether a source may be asked for a model now, and how much it has left for it.
 *
 * Eligible: no active throttle and no full window that applies to the model. Score: per window r = 1 − used,
 * τ = time left / window length (0.02–1), surplus = r / τ (1 is exactly on pace), w = min(r, min(surplus, 3)); the
 * source's is the minimum over its windows, since they all have to allow the call. (As τ is at most 1, w is r: the
 * surplus decides draws, in `byQuota`.) A window of unknown use scores 0.45; one whose reset has passed since it was
 * read, and so probably is empty again, 0.9. No window at all: 0.45.
 *
 * @param quota as known now, null for a source nobody has told us of
 * @param model null to judge the source as a whole, with everything that is scoped left out
 */
export function assess(quota: SourceQuota | null, model: ResolvedModel | null, now: number): Assessment {
  const windows: WindowView[] = [];
  const reasons: string[] = [];
  const waits: (number | null)[] = [];
  let score = 1;
  let scored = 0;
  let perishesAt: number | null = null;
  let throttledUntil: number | null = null;

  for (const throttle of quota?.throttles ?? []) {
    if (throttle.until !== null && throttle.until <= now) continue;
    if (!applies(throttle.scope, model)) continue;
    waits.push(throttle.until);
    if (throttle.until !== null) throttledUntil = Math.max(throttledUntil ?? 0, throttle.until);
    reasons.push(
      throttle.until === null
        ? `${throttle.reason}: until somebody mends it, or a call is seen to work`
        : `throttled (${throttle.reason}) until ${iso(throttle.until)}`,
    );
  }
  for (const [key, window] of Object.entries(quota?.windows ?? {})) {
    const id =
      window.scope !== undefined && key.endsWith(`:${window.scope}`)
        ? key.slice(0, -window.scope.length - 1)
        : key;
    const expired = isExpired(window, id, now);
    const used = expired ? null : window.used;
    const resetsAt = expired ? null : window.resets_at;
    windows.push({
      id,
      scope: window.scope ?? null,
      used,
      resets_at: resetsAt === null ? null : iso(resetsAt),
      provenance: window.provenance,
      age_s: Math.max(0, Math.floor((now - window.observed_at) / 1_000)),
    });
    if (!applies(window.scope, model)) continue;
    if (used !== null && used >= hardThreshold(id)) {
      waits.push(resetsAt);
      reasons.push(`${key} is ${percent(used)} used${resetsAt === null ? "" : ` until ${iso(resetsAt)}`}`);
    }
    if (momentary.has(id)) continue;
    scored++;
    if (used === null) {
      score = Math.min(score, resetsAt === null ? confidence : neutral * confidence);
      continue;
    }
    const left = 1 - used;
    const length = window.window_ms ?? windowLength(id);
    const share =
      resetsAt === null || length === null ? 1 : clamp((resetsAt - now) / length, shortestLeft, 1);
    const surplus = left / share;
    score = Math.min(score, left, Math.min(surplus, surplusCap));
    if (surplus > 1 && resetsAt !== null) perishesAt = Math.min(perishesAt ?? resetsAt, resetsAt);
  }
  if (scored === 0) score = neutral * confidence;

  const eligible = waits.length === 0;
  const ends = waits.filter((end) => end !== null);
  return {
    eligible,
    score: eligible ? Math.round(score * 1_000) / 1_000 : null,
    windows,
    why: eligible ? sayLeft(windows, scored) : reasons.join("; "),
    // Every limit has to be over: one without an end leaves the rest without one too.
    availableAt: eligible || ends.length < waits.length ? null : Math.max(...ends),
    throttledUntil,
    perishesAt: eligible ? perishesAt : null,
    lastRequest: quota?.last_request ?? null,
  };
}

/**
 * The best of some eligible sources first: by score, and among those within 0.05 of the best the one whose left-over
 * quota is lost soonest, then the one that was used longest ago. Stable for the rest.
 */
export function byQuota<T>(items: readonly T[], assessment: (item: T) => Assessment): T[] {
  const best = Math.max(...items.map((item) => assessment(item).score ?? 0));
  const draws = (item: T) => (assessment(item).score ?? 0) >= best - drawBand - 1e-9;
  const soon = (item: T) => assessment(item).perishesAt ?? Number.POSITIVE_INFINITY;
  const last = (item: T) => assessment(item).lastRequest ?? 0;
  const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);
  return [...items].sort((a, b) => {
    if (draws(a) && draws(b)) return compare(soon(a), soon(b)) || compare(last(a), last(b));
    return compare(assessment(b).score ?? 0, assessment(a).score ?? 0);
  });
}

function isExpired(window: SourceQuota["windows"][string], id: string, now: number): boolean {
  if (window.resets_at !== null) return window.resets_at <= now;
  const length = window.window_ms ?? windowLength(id);
  // A reading without a reset lives for one window at most.
  return length !== null && window.observed_at + length <= now;
}

/** Without a model, only what holds for every model counts. A scope that nobody knows may mean any. */
function applies(scope: string | undefined, model: ResolvedModel | null): boolean {
  return scope === undefined || (model !== null && scopeOf(scope, model) !== "other");
}

function sayLeft(windows: readonly WindowView[], scored: number): string {
  if (scored === 0) return "quota unknown: nobody has read it";
  const said = windows
    .filter(({ id }) => !momentary.has(id))
    .map(({ id, scope, used }) => {
      const name = scope === null ? id : `${id} ${scope}`;
      return used === null ? `${name} unknown` : `${name} ${percent(1 - used)} left`;
    });
  return said.join(", ");
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
