import type { QuotaWindow, SourceQuota } from "../../state/quota-state.js";
import { readingEnds, windowId, windowLength } from "../../state/quota-windows.js";
import { paceOf } from "../pacing.js";
import { round } from "./rates.js";

/** How many days a week of quota lasts. */
export interface QuotaDays {
  /** Null when nobody knows, or not enough yet. */
  days: number | null;
  low: number | null;
  high: number | null;
  /** In words, where `days` is null; else from what. */
  why: string;
}

export interface SourceDays extends QuotaDays {
  source: string;
  /** The window that it was reckoned from: the one that is used up fastest. */
  window: string | null;
}

const day = 86_400_000;
/** Readings come in whole percents: half of one may be missing or too much. */
const rounding = 0.005;
/** Of a window's time and of its quota that have to be gone before a pace says something. */
const enoughTime = 0.1;
const enoughUsed = 0.02;

/** A source's pace: how long seven days' worth of it last if it goes on as since the window began. */
export function sourceDays(source: string, quota: SourceQuota | null, now: number): SourceDays {
  const windows = Object.entries(quota?.windows ?? {}).filter(
    ([key, window]) => (lengthOf(key, window) ?? 0) >= day,
  );
  const found = windows.flatMap(([key, window]) => {
    if (window.used === null || readingEnds(key, window, now) <= now) return [];
    // As it was when it was read: what came after is not in the figure.
    const pace = paceOf(key, window, Math.min(window.observed_at, now));
    return pace === null ? [] : [{ key, used: window.used, ...pace }];
  });
  const nothing = { source, days: null, low: null, high: null };
  const [tightest] = found.sort((a, b) => b.burn - a.burn);
  if (tightest === undefined) {
    const why = windows.some(([, { used }]) => used !== null)
      ? "not enough yet: nobody said when its week began"
      : "unknown: nobody has read its week";
    return { ...nothing, window: null, why };
  }
  const { key, used, elapsed } = tightest;
  if (elapsed < enoughTime || used < enoughUsed) {
    const why = `not enough yet: ${percent(used)} used in ${percent(elapsed)} of ${key}`;
    return { ...nothing, window: key, why };
  }
  return {
    source,
    window: key,
    ...lasting(elapsed, used),
    why: `${percent(used)} used in ${percent(elapsed)} of ${key}`,
  };
}

/** All of them together, each source's week counting alike; those that nobody has read are left out and named. */
export function pooledDays(sources: readonly SourceDays[]): QuotaDays {
  const known = sources.filter(({ days }) => days !== null);
  const left = sources.filter(({ days }) => days === null).map(({ source }) => source);
  if (known.length === 0) {
    const why = sources.length === 0 ? "no premium source is set up" : "not enough yet of any source";
    return { days: null, low: null, high: null, why };
  }
  const pool = (pick: (one: SourceDays) => number | null) => {
    const burns = known.map((one) => 7 / (pick(one) ?? Number.POSITIVE_INFINITY));
    return round((7 * known.length) / burns.reduce((sum, burn) => sum + burn, 0));
  };
  return {
    days: pool(({ days }) => days),
    low: pool(({ low }) => low),
    high: pool(({ high }) => high),
    why: `${known.map(({ source }) => source).join(", ")}${left.length === 0 ? "" : `; without ${left.join(", ")}`}`,
  };
}

function lasting(elapsed: number, used: number): { days: number; low: number; high: number } {
  const days = (spent: number) => round((7 * elapsed) / spent);
  return { days: days(used), low: days(used + rounding), high: days(Math.max(used - rounding, rounding)) };
}

function lengthOf(key: string, window: QuotaWindow): number | null {
  return window.window_ms ?? windowLength(windowId(key, window.scope));
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
