import type { QuotaWindow, Reservation, SourceQuota } from "./quota-shape.js";
import { windowId } from "./quota-windows.js";

/** What a call costs before anybody knows, in tokens. */
const firstGuess = 60_000;

/**
 * Fractions of a window per million tokens, before anything was learned: 2 % of five hours and 0.4 % of a week for a
 * review of 60,000 tokens. A guess; it weighs as much as two such reviews and is gone after some readings.
 */
const guesses: Readonly<Record<string, number>> = { "5h": 0.33, daily: 0.2, weekly: 0.066, monthly: 0.03 };
const otherGuess = 0.1;
const guessWeight = 2 * firstGuess;

/** How much of what was learned before is left after another reading: ten readings make most of it. */
const memory = 0.9;
/** Readings further apart say more of others' use of the account than of ours. Milliseconds. */
const longestInterval = 2 * 3_600_000;

/** No call takes longer; an end further away was set by a clock that was wrong. Milliseconds. */
const longestCall = 24 * 3_600_000;

/** Whether a call that draws from these pools draws from a window. Without pools, it may be any. */
export function draws(scopes: readonly string[], window: Pick<QuotaWindow, "scope">): boolean {
  return window.scope === undefined || scopes.length === 0 || scopes.includes(window.scope);
}

/** Tokens that one call to a source takes, as far as was seen. */
export function typicalTokens(source: Pick<SourceQuota, "typical_tokens"> | null): number {
  return source?.typical_tokens ?? firstGuess;
}

/** The fraction of a window that so many tokens cost: learned between readings, a guess before. */
export function costOf(
  source: Pick<SourceQuota, "learned"> | null,
  key: string,
  tokens: number,
  scope?: string,
): number {
  const id = windowId(key, scope);
  const guess = ((Object.hasOwn(guesses, id) ? guesses[id] : undefined) ?? otherGuess) / 1e6;
  const learned = source !== null && Object.hasOwn(source.learned, key) ? source.learned[key] : undefined;
  const spent = (learned?.spent ?? 0) + guess * guessWeight;
  return (spent / ((learned?.tokens ?? 0) + guessWeight)) * tokens;
}

/**
 * What is probably used of a window on top of its last reading, as a fraction: our calls since, and those in flight.
 * An estimate: never shown as a reading.
 */
export function estimatedSince(source: SourceQuota, key: string, window: QuotaWindow): number {
  const flying = source.reservations
    .filter(({ scopes }) => draws(scopes, window))
    .reduce((sum, { tokens }) => sum + tokens, 0);
  return costOf(source, key, window.tokens_since + flying, window.scope);
}

/** Adds a call's tokens to what the readings of its windows do not include. */
export function addTokens(source: SourceQuota, tokens: number, scopes: readonly string[]): void {
  for (const [key, window] of Object.entries(source.windows)) {
    if (draws(scopes, window))
      source.windows[key] = { ...window, tokens_since: window.tokens_since + tokens };
  }
}

/** Moves the typical cost of a call a little towards this one. */
export function learnTypical(source: SourceQuota, tokens: number): void {
  const known = source.typical_tokens;
  source.typical_tokens = Math.round(known === null ? tokens : known * 0.8 + tokens * 0.2);
}

/**
 * Learns from two readings of one cycle what our calls between them cost. Both sums fade alike, so that the rate is a
 * ratio of moving averages: readings in whole percents, mostly 0 apart and then 1, come out right, and large calls
 * count for more. What others used of the account meanwhile is in it too; a leap far beyond what was learned is
 * mostly theirs, and counts for four times the expected at most.
 */
export function learn(source: SourceQuota, key: string, before: QuotaWindow, used: number, at: number): void {
  if (before.used === null || before.tokens_since <= 0 || used < before.used) return;
  if (at - before.observed_at > longestInterval) return;
  const known = Object.hasOwn(source.learned, key) ? source.learned[key] : undefined;
  const expected = costOf(source, key, before.tokens_since, before.scope);
  const most = (known?.readings ?? 0) < 3 ? 1 : 4 * expected + 0.01;
  source.learned = {
    ...source.learned,
    [key]: {
      ...known,
      spent: (known?.spent ?? 0) * memory + Math.min(used - before.used, most),
      tokens: (known?.tokens ?? 0) * memory + before.tokens_since,
      readings: (known?.readings ?? 0) + 1,
    },
  };
}

/**
 * A source without the reservations that are over: expired, or their process is dead. Nobody knows whether those calls
 * were made, so they count as made until the next reading.
 */
export function withoutLost(
  source: SourceQuota,
  now: number,
  isDead: (reservation: Reservation) => boolean,
): SourceQuota {
  const lost = source.reservations.filter(
    (one) => one.expires_at <= now || one.expires_at > now + longestCall || isDead(one),
  );
  if (lost.length === 0) return source;
  const left: SourceQuota = {
    ...source,
    windows: { ...source.windows },
    reservations: source.reservations.filter((one) => !lost.includes(one)),
  };
  for (const { tokens, scopes } of lost) addTokens(left, tokens, scopes);
  return left;
}
