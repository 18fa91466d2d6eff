import type { Escape, MetricsPiece, QuotaReading } from "../../state/metrics.js";
import { dayOf } from "../../state/metrics-rollup.js";
import { windowLength } from "../../state/quota-windows.js";
import { round } from "./rates.js";
import type { Evidence } from "./savings.js";

/** How figures went over the time of a report: what is plotted. Times are milliseconds since the epoch. */
export interface Series {
  calls_per_task: { from: string; to: string; tasks: number; calls: number; value: number | null }[];
  quota: {
    source: string;
    window: string;
    readings: { at: number; used: number }[];
    /** It lasts a day or more. */
    long: boolean;
    /** When the window began anew, as far as readings tell. */
    resets: number[];
    /** When it does so next; null when nobody says. */
    next_reset: number | null;
  }[];
  /** What premium models sent back though the pre-screen had passed it, the newest first. */
  escapes: { at: string; class: string; by: string; source: string | null; model: string | null }[];
}

const day = 86_400_000;
const week = 7 * day;
/** Steps that a time is cut into for plotting, at most. */
const steps = 10;
const shownEscapes = 50;
/** A drop that is more than rounding. */
const drop = 0.02;

export function seriesOf(evidence: Evidence): Series {
  const { metrics, readings, now, days } = evidence;
  // UTC days, as the figures beside it count them.
  const end = (Math.floor(now / day) + 1) * day;
  const start = end - days * day;
  return {
    calls_per_task: callsOverTime(
      metrics.pieces.filter(({ reviewed, last }) => reviewed && last >= start && last < end),
      { start, end, days },
    ),
    quota: Object.entries(readings)
      .flatMap(([key, points]) => quotaSeries(key, points, now))
      .sort((a, b) => Number(b.long) - Number(a.long) || (nameOf(a) < nameOf(b) ? -1 : 1)),
    escapes: escapesOf(metrics.escapes, start, end),
  };
}

function callsOverTime(
  pieces: readonly MetricsPiece[],
  { start, end, days }: { start: number; end: number; days: number },
): Series["calls_per_task"] {
  const length = Math.ceil(days / steps);
  const count = Math.ceil(days / length);
  return Array.from({ length: count }, (_, index) => {
    const until = end - (count - 1 - index) * length * day;
    const begin = Math.max(start, until - length * day);
    const own = pieces.filter(({ last }) => last >= begin && last < until);
    const calls = own.reduce((sum, { premium_calls }) => sum + premium_calls, 0);
    return {
      from: dayOf(begin),
      to: dayOf(until - day),
      tasks: own.length,
      calls,
      value: own.length === 0 ? null : round(calls / own.length),
    };
  });
}

function quotaSeries(key: string, points: readonly QuotaReading[], now: number): Series["quota"] {
  const gap = key.lastIndexOf(" ");
  const [source, window] = [key.slice(0, gap), key.slice(gap + 1)];
  const recent = points.filter(({ at }) => at > now - week && at <= now);
  if (recent.length === 0) return [];
  const resets: number[] = [];
  let known: number | null = null;
  for (const [index, point] of recent.entries()) {
    const before = recent[index - 1];
    if (before !== undefined) {
      if (known !== null && known <= point.at && known > before.at) resets.push(known);
      else if (point.used < before.used - drop) resets.push(point.at);
    }
    known = point.resets_at ?? known;
  }
  return [
    {
      source,
      window,
      long: isLong(window),
      readings: recent.map(({ at, used }) => ({ at, used: round(used) })),
      resets,
      next_reset: known !== null && known > now ? known : null,
    },
  ];
}

function nameOf({ source, window }: { source: string; window: string }): string {
  return `${source} ${window}`;
}

/** `weekly:opus` is as long as `weekly`; what nobody knows is taken for long. */
function isLong(window: string): boolean {
  return (windowLength(window.split(":", 1)[0] ?? window) ?? day) >= day;
}

function escapesOf(escapes: readonly Escape[], start: number, end: number): Series["escapes"] {
  return escapes
    .filter(({ at }) => at >= start && at < end)
    .slice(-shownEscapes)
    .reverse()
    .map(({ at, class: kind, by, source, model }) => ({
      at: new Date(at).toISOString(),
      class: kind,
      by,
      source,
      model,
    }));
}
