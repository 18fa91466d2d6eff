import * as z from "zod";
import type { Provenance, WindowReading } from "../../state/quota-state.js";
import { windowKey, windowLength } from "../../state/quota-windows.js";

/** What Anthropic said of its limits, in one place for headers, events and the usage question. */
export interface Limits {
  windows: WindowReading[];
  /** Of the subscription's windows that are closed now. Limits add up, so the latest reset is when use goes on. */
  rejected: { until: number | null; scope: string | undefined } | null;
}

interface Said {
  /** Fraction 0–1. */
  used: number | null;
  resets_at: number | null;
  status: string | null;
}

/** A model's family, which Anthropic's limits of one model are named by; null for an id that names none. */
export function familyOf(model: string): string | null {
  return /opus|sonnet|haiku|fable|mythos/.exec(model.toLowerCase())?.[0] ?? null;
}

/**
 * From an answer's headers. `anthropic-ratelimit-{requests,tokens,…}-*` are limits per minute of a model's family,
 * with resets in RFC 3339; `anthropic-ratelimit-unified-*` are a subscription's windows, with a fraction spent and a
 * reset in epoch seconds.
 */
export function limitsOfHeaders(headers: Headers, model: string): Limits {
  const scope = familyOf(model) ?? undefined;
  const windows: WindowReading[] = [];
  const requests = perMinute(headers, "requests");
  if (requests !== null) windows.push(reading("rpm", scope, requests, "header"));
  // `tokens` is by definition the tightest of the others; where it is missing, we find that out.
  const tokens =
    perMinute(headers, "tokens") ??
    tightest([perMinute(headers, "input-tokens"), perMinute(headers, "output-tokens")]);
  if (tokens !== null) windows.push(reading("tpm", scope, tokens, "header"));

  const unified = new Map<string, Said>();
  for (const [header, value] of headers) {
    const match = /^anthropic-ratelimit-unified-([57][hd](?:_[a-z]+)?)-(utilization|reset|status)$/.exec(
      header,
    );
    const [, claim, part] = match ?? [];
    if (claim === undefined) continue;
    const said = unified.get(claim) ?? { used: null, resets_at: null, status: null };
    if (part === "utilization") said.used = fraction(Number(value));
    else if (part === "reset") said.resets_at = moment(value);
    else said.status = value;
    unified.set(claim, said);
  }
  const subscription = limitsOf(unified, "header");
  const all = headers.get("anthropic-ratelimit-unified-status");
  const rejected =
    subscription.rejected ??
    (all === "rejected"
      ? { until: moment(headers.get("anthropic-ratelimit-unified-reset")), scope: undefined }
      : null);
  return { windows: [...windows, ...subscription.windows], rejected };
}

const eventWindow = z.looseObject({
  utilization: z.unknown().optional(),
  resetsAt: z.unknown().optional(),
  status: z.string().nullish().catch(null),
});

const eventInfo = eventWindow.extend({
  rateLimitType: z.string().nullish().catch(null),
  errorCode: z.string().nullish().catch(null),
  unifiedWindows: z.record(z.string(), z.unknown()).nullish().catch(null),
});

/**
 * From Claude Code's `rate_limit_event`: fractions 0–1, resets in epoch seconds. Its `unifiedWindows` are not in the
 * published types; without them the one window that the event is about is what there is.
 */
export function limitsOfEvent(info: unknown): Limits & { creditsRequired: boolean } {
  const parsed = eventInfo.safeParse(info);
  if (!parsed.success) return { windows: [], rejected: null, creditsRequired: false };
  const { data } = parsed;
  const claims = new Map<string, Said>();
  for (const [claim, value] of Object.entries(data.unifiedWindows ?? {})) {
    const window = eventWindow.safeParse(value);
    if (window.success) claims.set(claim, saidIn(window.data));
  }
  const claim = data.rateLimitType;
  if (typeof claim === "string") {
    const known = claims.get(claim);
    const said = saidIn(data);
    claims.set(claim, {
      used: known?.used ?? said.used,
      resets_at: known?.resets_at ?? said.resets_at,
      status: said.status ?? known?.status ?? null,
    });
  }
  const limits = limitsOf(claims, "stream");
  // Every 429 comes as `rejected`; without a reset or a name it is none of the plan's windows.
  const until = moment(data.resetsAt);
  const isPlan = data.status === "rejected" && (until !== null || typeof claim === "string");
  const rejected = limits.rejected ?? (isPlan ? { until, scope: undefined } : null);
  return { ...limits, rejected, creditsRequired: data.errorCode === "credits_required" };
}

const usageWindow = z.looseObject({ utilization: z.unknown().optional(), resets_at: z.unknown().optional() });
const modelScoped = z.array(usageWindow.extend({ display_name: z.string() })).catch([]);

/**
 * From Claude Code's answer to `get_usage`: percent 0–100, resets in ISO 8601. A figure between 0 and 1 that is no
 * whole number is read only where another figure shows that these are percent: an experimental answer may change
 * its scale, and 0.9 would be nothing used or everything.
 */
export function windowsOfUsage(rateLimits: unknown): WindowReading[] {
  const record = z.record(z.string(), z.unknown()).safeParse(rateLimits);
  if (!record.success) return [];
  const found: { window: NamedWindow; used: number | null; resets_at: number | null }[] = [];
  for (const [claim, value] of Object.entries(record.data)) {
    const window = named(claim);
    const parsed = usageWindow.safeParse(value);
    if (window === null || !parsed.success) continue;
    found.push({ window, used: figure(parsed.data.utilization), resets_at: moment(parsed.data.resets_at) });
  }
  for (const entry of modelScoped.parse(record.data.model_scoped)) {
    const scope = familyOf(entry.display_name);
    if (scope === null) continue;
    const window = { id: "weekly", scope };
    found.push({ window, used: figure(entry.utilization), resets_at: moment(entry.resets_at) });
  }
  const isPercent = found.some(({ used }) => used !== null && used > 1);
  const readings = new Map<string, WindowReading>();
  for (const { window, used, resets_at } of found) {
    const known = used === null || (!isPercent && !Number.isInteger(used)) ? null : Math.min(used / 100, 1);
    if (known === null && resets_at === null) continue;
    const entry = reading(window.id, window.scope, { used: known, resets_at, status: null }, "probe");
    readings.set(entry.id, entry);
  }
  return [...readings.values()];
}

interface NamedWindow {
  id: string;
  scope: string | undefined;
}

/** A claim by either of its names: `five_hour`, `7d`, `seven_day_opus`, `7d_oi`; null for what is no window of use. */
function named(claim: string): NamedWindow | null {
  if (claim === "five_hour" || claim === "5h") return { id: "5h", scope: undefined };
  const match = /^(?:seven_day|7d)(?:_([a-z_]+))?$/.exec(claim);
  if (match === null) return null;
  const [, pool] = match;
  if (pool === undefined) return { id: "weekly", scope: undefined };
  // Models whose use beyond the plan is included: a pool of Fable's.
  if (pool === "oi" || pool === "overage_included") return { id: "weekly", scope: "fable" };
  const scope = familyOf(pool);
  // Of other clients, such as `seven_day_oauth_apps`: nothing that limits Claude Code.
  return scope === null ? null : { id: "weekly", scope };
}

function limitsOf(claims: ReadonlyMap<string, Said>, provenance: Provenance): Limits {
  const windows: WindowReading[] = [];
  const closed: { until: number | null; scope: string | undefined }[] = [];
  for (const [claim, said] of claims) {
    const window = named(claim);
    if (window === null) continue;
    const isRejected = said.status === "rejected";
    if (isRejected) closed.push({ until: said.resets_at, scope: window.scope });
    const used = said.used ?? (isRejected ? 1 : null);
    if (used === null && said.resets_at === null) continue;
    windows.push(reading(window.id, window.scope, { ...said, used }, provenance));
  }
  if (closed.length === 0) return { windows, rejected: null };
  const resets = closed.flatMap(({ until }) => (until === null ? [] : [until]));
  const [first] = closed;
  return {
    windows,
    rejected: {
      until: resets.length === 0 ? null : Math.max(...resets),
      // One closed pool of a family leaves the others open; with a second closed one, nothing is.
      scope: closed.length === 1 ? first?.scope : undefined,
    },
  };
}

function reading(id: string, scope: string | undefined, said: Said, provenance: Provenance): WindowReading {
  return {
    id: windowKey(id, scope),
    used: said.used,
    resets_at: said.resets_at,
    window_ms: windowLength(id),
    provenance,
    ...(scope === undefined ? {} : { scope }),
  };
}

function saidIn(window: z.output<typeof eventWindow>): Said {
  return {
    used: fraction(figure(window.utilization)),
    resets_at: moment(window.resetsAt),
    status: window.status ?? null,
  };
}

function perMinute(headers: Headers, kind: string): Said | null {
  const number = (part: string) => {
    const value = headers.get(`anthropic-ratelimit-${kind}-${part}`);
    return value === null || value.trim() === "" ? Number.NaN : Number(value);
  };
  const limit = number("limit");
  const remaining = number("remaining");
  if (!(limit > 0) || !(remaining >= 0)) return null;
  const resets_at = moment(headers.get(`anthropic-ratelimit-${kind}-reset`));
  return { used: Math.max(0, 1 - remaining / limit), resets_at, status: null };
}

function tightest(all: readonly (Said | null)[]): Said | null {
  return all.reduce((worst, said) => ((said?.used ?? -1) > (worst?.used ?? -1) ? said : worst), null);
}

/** A number that is none of NaN, infinite and negative. */
function figure(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** A little above 1 is a limit that was overrun; far above it is another scale, which nobody knows. */
function fraction(value: number | null): number | null {
  const known = figure(value);
  return known === null || known > 2 ? null : Math.min(known, 1);
}

/** Epoch seconds or milliseconds, as number or digits, or a date with its offset; in epoch milliseconds. */
function moment(value: unknown): number | null {
  if (typeof value === "string" && !/^\d+(\.\d+)?$/.test(value)) {
    const time = /(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isFinite(time) ? time : null;
  }
  const number = figure(typeof value === "string" ? Number(value) : value);
  if (number === null || number < 1e9) return null;
  return Math.round(number > 1e11 ? number : number * 1_000);
}
