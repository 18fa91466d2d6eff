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

/** How long a reading of a window of unknown length is believed when nobody says when it resets. */
const longestLife = 7 * day;

/** A reset further away is a mistake of the source's or the caller's, or of a clock: 9999-12-31 was seen. */
export const furthestReset = 31 * day;

/** Resets this close to each other, in milliseconds, are the same one, stated with other rounding. */
export const sameReset = 5 * minute;

/** The two halves of a window's key in the state: `weekly`, or `weekly:gemini` for one pool of several. */
export function windowKey(id: string, scope: string | undefined): string {
  return scope === undefined ? id : `${id}:${scope}`;
}

/** A window's id, without the scope in its key. */
export function windowId(key: string, scope: string | undefined): string {
  return scope !== undefined && key.endsWith(`:${scope}`) ? key.slice(0, -scope.length - 1) : key;
}

/** A window's length in milliseconds where its name tells; null otherwise. */
export function windowLength(id: string): number | null {
  return Object.hasOwn(lengths, id) ? (lengths[id] ?? null) : null;
}

/** The fraction of use from which a window counts as full, unless the user says otherwise. */
export function hardThreshold(id: string): number {
  return Object.hasOwn(thresholds, id) ? (thresholds[id] ?? otherThreshold) : otherThreshold;
}

export function isMomentary(id: string): boolean {
  return momentary.has(id);
}

/** What of a window says how long a reading of it holds. */
interface Dated {
  resets_at: number | null;
  window_ms: number | null;
  observed_at: number;
  scope?: string | undefined;
}

/**
 * When what was read of a window stops being true, in milliseconds since the epoch: at its reset; without one, after
 * one length of it. A reset further away than any is (a clock was wrong, a file was edited) counts as none.
 */
export function readingEnds(key: string, window: Dated, now: number): number {
  const { resets_at, observed_at } = window;
  if (resets_at !== null && resets_at <= now + furthestReset) return resets_at;
  const length = window.window_ms ?? windowLength(windowId(key, window.scope)) ?? longestLife;
  return Math.min(observed_at, now) + length;
}
