import { costOf, estimatedSince, typicalTokens } from "../state/quota-spending.js";
import type { QuotaWindow, SourceQuota } from "../state/quota-state.js";
import { hardThreshold, isMomentary, readingEnds, windowId, windowLength } from "../state/quota-windows.js";
import { type ResolvedModel, scopeOf } from "./catalog.js";

const day = 86_400_000;

/** The score of what is exactly on pace, and of what nobody knows before doubt is taken off. */
const neutral = 0.5;
/** What nobody has read counts for a tenth less, so that what was read wins a draw. */
const confidence = 0.9;
/** Scores this close are a draw: figures move more than that between two readings. */
const drawBand = 0.05;
/** Fractions of a window before its reset that count alike: else the last minutes would outweigh everything. */
const shortestLeft = 0.02;
/** A call's own cost that is believed at most: what was learned includes what others used meanwhile. */
const dearest = 0.2;
/** Readings from which on what was learned says how much of a week five hours are. */
const learnedEnough = 3;
/** Calls for which a short window should have room, to be no reason against a source. */
const comfort = 3;

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
  /** 0–1: 0.5 is on pace, more will be left over at the reset, less runs out before; null when not eligible. */
  score: number | null;
  windows: WindowView[];
  why: string;
  /** When it is eligible again, in milliseconds since the epoch; null when it is now, or when nobody knows. */
  availableAt: number | null;
  /** End of the latest active throttle; null for none or for one without an end. */
  throttledUntil: number | null;
  /** When quota that is left over will be lost, in milliseconds since the epoch; null when none is. */
  perishesAt: number | null;
  /** Calls of ours that are running. */
  inFlight: number;
  lastRequest: number | null;
}

export interface AssessOptions {
  /** The fraction of use at which a window counts as full; default the shipped ones. */
  limit?: ((id: string) => number) | undefined;
  /** What the call is expected to take; default what calls to the source took before. */
  tokens?: number | undefined;
}

/**
 * Whether a source may be asked for a model now, and how much it has left for it.
 *
 * Eligible: no active throttle, and no window that applies to the model is full. Full is when its last reading, the
 * estimated cost of our calls since and of those in flight reach the limit, or when this call would probably not fit
 * any more. What nobody knows is not full.
 *
 * Score: how a window's quota fares against its time. With r the fraction left below the limit and τ the fraction of
 * the window's time left (at least 0.02), the score is r / (r + τ): 0.5 on pace (as for an untouched window, and for
 * one that nobody knows), towards 1 when much would be lost at the reset, towards 0 when it runs out long before. So
 * what resets soon with much left is spent first, and what is overspent is spared until time has caught up. (A
 * minimum of r and r/τ would always be r, as τ is at most 1: pace would not count at all.) A source's score is its
 * tightest window's, as all of them have to allow a call.
 *
 * Windows shorter than a day are not paced where a longer one is known: five hours that are used up early cost
 * nothing as long as the week lasts, and sparing them only leaves more of the week behind. They count as soon as they
 * have room for few more calls. A week can only be used through its five hours, so of its rest only what still fits
 * through them counts. Readings fade towards neutral over one length of their window.
 *
 * The simulated weeks of `bench/quota.mjs` compare this with the plain remainder.
 *
 * @param quota as known now, null for a source nobody has told us of
 * @param model null to judge the source as a whole, with everything that is scoped left out
 */
export function assess(
  quota: SourceQuota | null,
  model: ResolvedModel | null,
  now: number,
  options: AssessOptions = {},
): Assessment {
  const limit = options.limit ?? hardThreshold;
  const waits: (number | null)[] = [];
  const reasons: string[] = [];
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
  const looked = quota === null ? [] : look(quota, now, limit);
  const applying = looked.filter(({ window }) => applies(window.scope, model));
  const tokens = options.tokens ?? typicalTokens(quota);
  const nextLook = quota?.last_probe?.ok === true ? Math.max(now, quota.last_probe.next_at) : null;
  for (const one of applying) {
    const cost = Math.min(costOf(quota, one.key, tokens, one.window.scope), dearest);
    const full = whyFull(one, cost, limit(one.id), nextLook);
    if (full === null) continue;
    waits.push(full.until);
    reasons.push(full.why);
  }
  const eligible = waits.length === 0;
  const ends = waits.filter((end) => end !== null);
  const { score, perishesAt } = scoreOf(applying, quota, tokens, now);
  return {
    eligible,
    score: eligible ? Math.round(score * 1_000) / 1_000 : null,
    windows: looked.map(({ view }) => view),
    why: eligible ? sayLeft(applying) : reasons.join("; "),
    // Every limit has to be over: one without an end leaves the rest without one too.
    availableAt: eligible || ends.length < waits.length ? null : Math.max(...ends),
    throttledUntil,
    perishesAt: eligible ? perishesAt : null,
    inFlight: quota?.reservations.length ?? 0,
    lastRequest: quota?.last_request ?? null,
  };
}

/**
 * The best of some eligible sources first: by score, and among those within 0.05 of the best, which is less than
 * figures move between two readings: the one that the caller prefers, then the one whose left-over quota is lost
 * soonest, then the one with fewer calls in flight, then the one that was used longest ago. Stable for the rest.
 */
export function byQuota<T>(
  items: readonly T[],
  assessment: (item: T) => Assessment,
  prefers: (item: T) => boolean = () => false,
): T[] {
  const best = Math.max(...items.map((item) => assessment(item).score ?? 0));
  const draws = (item: T) => (assessment(item).score ?? 0) >= best - drawBand - 1e-9;
  const keys = (item: T) => {
    const { perishesAt, inFlight, lastRequest } = assessment(item);
    return [prefers(item) ? 0 : 1, perishesAt ?? Number.POSITIVE_INFINITY, inFlight, lastRequest ?? 0];
  };
  return [...items].sort((a, b) => {
    const [drawA, drawB] = [draws(a), draws(b)];
    if (drawA !== drawB) return drawA ? -1 : 1;
    if (!drawA) return (assessment(b).score ?? 0) - (assessment(a).score ?? 0);
    const other = keys(b);
    for (const [index, value] of keys(a).entries()) {
      const against = other[index] ?? 0;
      if (value !== against) return value < against ? -1 : 1;
    }
    return 0;
  });
}

/** How a window's use goes on, if it goes on as until now. */
export interface Pace {
  /** Of the window's time, the fraction that has passed. */
  elapsed: number;
  /** Used so far per time passed: 1 is just enough until the reset. */
  burn: number;
  /** When it will be used up, in milliseconds since the epoch; null when it lasts. */
  runsOutAt: number | null;
}

/** The pace of a window; null when its use or its reset is unknown, or it has only begun. */
export function paceOf(key: string, window: QuotaWindow, now: number, limit = 1): Pace | null {
  const length = window.window_ms ?? windowLength(windowId(key, window.scope));
  const { used, resets_at } = window;
  if (used === null || resets_at === null || resets_at <= now || length === null) return null;
  const passed = length - (resets_at - now);
  const elapsed = passed / length;
  if (elapsed <= 0.01 || elapsed > 1) return null;
  const burn = used / elapsed;
  const runsOut = used === 0 ? Number.POSITIVE_INFINITY : now + (Math.max(0, limit - used) / used) * passed;
  return { elapsed, burn, runsOutAt: runsOut < resets_at ? Math.round(runsOut) : null };
}

interface Looked {
  key: string;
  id: string;
  window: QuotaWindow;
  view: WindowView;
  /** Milliseconds; null when nobody knows. */
  length: number | null;
  /** When what was read stops being true, in milliseconds since the epoch. */
  ends: number;
  /** As read; null when nobody knows. */
  used: number | null;
  /** Probably used now, calls since the reading and in flight included; null when nobody knows. */
  probably: number | null;
  /** Probably left below the limit, as a fraction of what the limit allows; null when nobody knows. */
  left: number | null;
}

function look(quota: SourceQuota, now: number, limit: (id: string) => number): Looked[] {
  return Object.entries(quota.windows).map(([key, window]) => {
    const id = windowId(key, window.scope);
    const ends = readingEnds(key, window, now);
    const expired = ends <= now;
    const used = expired ? null : window.used;
    const resetsAt = expired ? null : window.resets_at;
    const probably = used === null ? null : used + estimatedSince(quota, key, window);
    const most = limit(id);
    return {
      key,
      id,
      window,
      length: window.window_ms ?? windowLength(id),
      ends,
      used,
      probably,
      left: probably === null ? null : most <= 0 ? 0 : clamp((most - probably) / most, 0, 1),
      view: {
        id,
        scope: window.scope ?? null,
        used,
        resets_at: resetsAt === null ? null : iso(resetsAt),
        provenance: window.provenance,
        age_s: Math.max(0, Math.floor((now - window.observed_at) / 1_000)),
      },
    };
  });
}

interface Full {
  why: string;
  /** Milliseconds since the epoch. */
  until: number;
}

/**
 * Why a window does not allow another call, and until when; null when it does.
 *
 * @param nextLook when the source may be asked again: an estimate holds until then, not until the reset
 */
function whyFull(
  { key, id, used, probably, ends }: Looked,
  cost: number,
  limit: number,
  nextLook: number | null,
): Full | null {
  if (used === null || probably === null) return null;
  const so = `${key} is ${percent(used)} used`;
  if (used >= limit) {
    const kept = limit < hardThreshold(id) ? ` of the ${percent(limit)} that reviews may use` : "";
    return { why: `${so}${kept} until ${iso(ends)}`, until: ends };
  }
  const fits = isMomentary(id) || probably + cost <= 1;
  if (probably < limit && fits) return null;
  const estimated =
    percent(probably) === percent(used) ? "" : `, about ${percent(probably)} with our calls since`;
  const dear = fits ? "" : `, and a review takes about ${percent(cost)}`;
  const until = (isMomentary(id) || used + cost <= 1) && nextLook !== null ? Math.min(ends, nextLook) : ends;
  const again = until === ends ? ` until ${iso(ends)}` : `; it is asked again from ${iso(until)} on`;
  return { why: `${so}${estimated}${dear}${again}`, until };
}

function scoreOf(
  windows: readonly Looked[],
  quota: SourceQuota | null,
  tokens: number,
  now: number,
): { score: number; perishesAt: number | null } {
  const lasting = windows.filter(({ id }) => !isMomentary(id));
  const long = lasting.filter(({ length }) => length === null || length >= day);
  const paced = long.some(({ used }) => used !== null) ? long : lasting;
  let score = 1;
  let perishesAt: number | null = null;
  for (const one of paced) {
    if (one.left === null) {
      score = Math.min(score, neutral * confidence);
      continue;
    }
    const length = one.length ?? 7 * day;
    // A reset that nobody stated may be a whole window away from the reading.
    const share = clamp((one.ends - now) / length, shortestLeft, 1);
    const left = Math.min(one.left, reachable(one, lasting, quota));
    const fresh = clamp(1 - (now - one.window.observed_at) / length, 0, 1);
    score = Math.min(score, fresh * (left / (left + share)) + (1 - fresh) * neutral * confidence);
    if (left > share && one.window.resets_at !== null)
      perishesAt = Math.min(perishesAt ?? one.ends, one.ends);
  }
  if (paced.length === 0) score = neutral * confidence;
  for (const one of lasting.filter((item) => !paced.includes(item))) {
    if (one.left === null) continue;
    score = Math.min(score, one.left / (comfort * costOf(quota, one.key, tokens, one.window.scope)));
  }
  return { score: clamp(score, 0, 1), perishesAt };
}

/** How much of a window can still be used through the shorter ones before it resets, as a fraction; 1 when unknown. */
function reachable(one: Looked, all: readonly Looked[], quota: SourceQuota | null): number {
  let most = 1;
  for (const short of all) {
    if (short.length === null || one.length === null || short.length * 2 > one.length || short.left === null)
      continue;
    const [outer, inner] = [quota?.learned[one.key], quota?.learned[short.key]];
    if ((outer?.readings ?? 0) < learnedEnough || (inner?.readings ?? 0) < learnedEnough) continue;
    const each =
      costOf(quota, one.key, 1, one.window.scope) / costOf(quota, short.key, 1, short.window.scope);
    const more = Math.max(0, one.ends - short.ends) / short.length;
    most = Math.min(most, each * (short.left + more));
  }
  return most;
}

/** Without a model, only what holds for every model counts. A scope that nobody knows may mean any. */
function applies(scope: string | undefined, model: ResolvedModel | null): boolean {
  return scope === undefined || (model !== null && scopeOf(scope, model) !== "other");
}

function sayLeft(windows: readonly Looked[]): string {
  const said = windows
    .filter(({ id }) => !isMomentary(id))
    .map(({ id, window, used, probably }) => {
      const name = window.scope === undefined ? id : `${id} ${window.scope}`;
      if (used === null || probably === null) return `${name} unknown`;
      const now = percent(Math.max(0, 1 - probably));
      const read = percent(1 - used);
      return now === read
        ? `${name} ${read} left`
        : `${name} ${read} left, about ${now} with our calls since`;
    });
  return said.length === 0 ? "quota unknown: nobody has read it" : said.join(", ");
}

export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
