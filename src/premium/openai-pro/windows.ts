import type { Provenance, WindowReading } from "../../state/quota-state.js";
import { headerNumber } from "../retry-after.js";
import { fieldOf, numberIn, textIn } from "./fields.js";

const minute = 60_000;

/** A window of Codex's, in either of its spellings: the rollout's (snake case) and the app server's. */
function codexWindow(
  value: unknown,
  observedAt: number,
  provenance: Provenance,
  scope: string | undefined,
): WindowReading | null {
  const minutes = numberIn(value, "window_minutes", "windowDurationMins");
  // Never by its place: which of the two is the week differs by plan.
  if (minutes === null || minutes <= 0) return null;
  const percent = numberIn(value, "used_percent", "usedPercent");
  const at = numberIn(value, "resets_at", "resetsAt");
  const left = numberIn(value, "resets_in_seconds");
  return {
    id: windowId(minutes),
    used: percent === null || percent < 0 ? null : Math.min(percent / 100, 1),
    resets_at:
      at !== null && at > 0 ? at * 1_000 : left !== null && left > 0 ? observedAt + left * 1_000 : null,
    window_ms: minutes * minute,
    observed_at: observedAt,
    provenance,
    ...(scope === undefined ? {} : { scope }),
  };
}

/** `5h`, `weekly`, `monthly`, else by hours or minutes. Providers round: a month may be 28 to 31 days. */
function windowId(minutes: number): string {
  const hours = minutes / 60;
  if (Math.abs(hours - 5) < 0.5) return "5h";
  if (Math.abs(hours - 24) < 1) return "daily";
  if (Math.abs(hours - 168) < 4) return "weekly";
  if (hours >= 27 * 24 && hours <= 32 * 24) return "monthly";
  return Number.isInteger(hours) ? `${hours}h` : `${Math.round(minutes)}m`;
}

/**
 * The windows of a snapshot of Codex's rate limits (`rate_limits` of a rollout, `RateLimitSnapshot` of the app
 * server). One of a limit of its own, which counts one model only, carries that model as its scope.
 *
 * @param observedAt milliseconds since the epoch
 */
export function codexWindows(snapshot: unknown, observedAt: number, provenance: Provenance): WindowReading[] {
  const limit = textIn(snapshot, "limit_id", "limitId");
  const model =
    textIn(snapshot, "normal_model_slug", "normalModelSlug") ?? textIn(snapshot, "limit_name", "limitName");
  const scope = limit === null || limit === "codex" ? undefined : (model ?? limit);
  return ["primary", "secondary"].flatMap((slot) => {
    const reading = codexWindow(fieldOf(snapshot, slot), observedAt, provenance, scope);
    return reading === null ? [] : [reading];
  });
}

const pools = [
  ["rpm", "requests"],
  ["tpm", "tokens"],
] as const;

/**
 * The per-minute limits that OpenAI's headers state (`x-ratelimit-…`); resets are Go durations, counted from now.
 *
 * @param scope the model that was called: each has its own
 */
export function headerWindows(headers: Headers, now: number, scope: string): WindowReading[] {
  return pools.flatMap(([id, unit]): WindowReading[] => {
    const limit = headerNumber(headers, `x-ratelimit-limit-${unit}`);
    const remaining = headerNumber(headers, `x-ratelimit-remaining-${unit}`);
    const reset = goDuration(headers.get(`x-ratelimit-reset-${unit}`));
    if (limit === null || limit <= 0 || remaining === null || remaining < 0) return [];
    return [
      {
        id,
        used: Math.max(0, Math.min(1, 1 - remaining / limit)),
        resets_at: reset === null ? null : now + reset,
        window_ms: minute,
        observed_at: now,
        provenance: "header",
        scope,
      },
    ];
  });
}

const unitLengths: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: minute,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

/** Milliseconds of a Go duration (`1m3.5s`, `120ms`); null for what is none. */
export function goDuration(text: string | null): number | null {
  const value = (text ?? "").trim();
  if (!/^(?:\d{1,12}(?:\.\d{1,12})?(?:h|ms|m|s|us|µs|ns))+$/.test(value) || value.length > 64) return null;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)) {
    total += Number(amount) * (unitLengths[unit ?? ""] ?? 0);
  }
  return Math.round(total);
}
