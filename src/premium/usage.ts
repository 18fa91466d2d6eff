import * as z from "zod";
import type { Config } from "../config/schema.js";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { recordEvent } from "../state/metrics.js";
import { recordUsage, type UsageEvent, type WindowReading } from "../state/quota-state.js";
import { windowKey, windowLength } from "../state/quota-windows.js";
import type { StateStore } from "../state/store.js";
import { modelCalled, scopeOf } from "./catalog.js";
import { limitsOf } from "./limits.js";
import { sourceRow } from "./quota-status.js";
import { quotaStore } from "./quota-store.js";
import { hasHiddenLimits, sourceNames, sourceStatuses } from "./sources.js";
import type { RecordUsageArguments, RecordUsageResult } from "./usage-schema.js";

export {
  type RecordUsageArguments,
  type RecordUsageResult,
  recordUsageArguments,
  recordUsageOutput,
} from "./usage-schema.js";

const day = 86_400_000;
/** A reset further away is a mistake of the source's or the caller's: 9999-12-31 was seen. */
const furthest = 31 * day;
const mostTokens = 1e9;
const name = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/**
 * Merges what was seen elsewhere into what is known of a source: tokens of a call that worked (which lifts its
 * throttles: it is better evidence than a time stated before), a limit that was run into, windows that were read.
 *
 * @throws UsageError naming the field for a value that can't be right; a reset that has passed or is more than 31
 * days away is not an error but unknown
 */
export async function recordUsageSeen(
  sluice: Sluice,
  args: RecordUsageArguments,
  { store, config }: { store: StateStore; config: Pick<Config, "premium_sources" | "models" | "quota"> },
): Promise<RecordUsageResult> {
  const now = sluice.clock();
  const notes: string[] = [];
  const event = normalise(args, now, notes);
  event.lifts = lifts(args, config);
  const quota = await recordUsage(await quotaStore(sluice, config, store), sluice, event);
  const { source, tokens, throttle: limit } = event;
  await recordEvent(
    store,
    sluice,
    ...(tokens === undefined ? [] : [{ kind: "usage" as const, source, model: args.model ?? null, tokens }]),
    ...(limit === undefined ? [] : [{ kind: "throttle" as const, source, reason: limit.reason }]),
  );
  const statuses = await sourceStatuses(sluice, config);
  const status = statuses.find(({ source }) => source === event.source) ?? {
    source: event.source,
    access: null,
    configured: false,
    program: null,
    why: "it is not in premium_sources",
  };
  const row = sourceRow(status, quota, sluice.clock(), limitsOf(config, event.source));
  return {
    status: row,
    recorded: {
      tokens: event.tokens ?? null,
      windows: (event.windows ?? []).map(({ id }) => id),
      throttle: event.throttle?.reason ?? null,
      notes: notes.slice(0, 10),
    },
    next: row.eligible
      ? "Nothing more to do; route_review takes it into account."
      : `${event.source} is not asked for now; call route_review for another reviewer.`,
  };
}

/**
 * Which throttles a good sign is evidence against. A call says something of its own model's limits and of those
 * without a scope; windows that were read, of all of them, unless the source has limits that can't be read.
 */
function lifts(
  args: RecordUsageArguments,
  config: Pick<Config, "models" | "premium_sources">,
): NonNullable<UsageEvent["lifts"]> {
  const called = args.input_tokens !== undefined || args.output_tokens !== undefined;
  if (!called) return () => !hasHiddenLimits(args.source);
  const model = args.model === undefined ? null : modelCalled(config, args.source, args.model);
  return ({ scope }) => scope === undefined || (model !== null && scopeOf(scope, model) === "applies");
}

/** A caller's words as an event, with times in milliseconds and use as fractions. */
export function normalise(args: RecordUsageArguments, now: number, notes: string[]): UsageEvent {
  if (!sourceNames.includes(args.source)) {
    throw new UsageError(
      `No source is called ${JSON.stringify(args.source.slice(0, 64))}.`,
      `Known are ${sourceNames.join(", ")}.`,
    );
  }
  const event: UsageEvent = { source: args.source, at: now };
  const tokens = [
    count("input_tokens", args.input_tokens),
    count("output_tokens", args.output_tokens),
  ].filter((value) => value !== undefined);
  if (tokens.length > 0) event.tokens = tokens.reduce((sum, value) => sum + value, 0);
  if (args.windows !== undefined && args.windows.length > 0) {
    if (args.windows.length > 20) throw wrong("windows", args.windows.length, "at most 20 windows");
    event.windows = args.windows.map((window, index) => reading(window, `windows[${index}]`, now, notes));
  }
  if (args.throttle !== undefined) event.throttle = throttle(args.throttle, now, notes);
  if (event.throttle === undefined && event.tokens !== undefined) event.outcome = "ok";
  if (event.tokens === undefined && event.windows === undefined && event.throttle === undefined) {
    throw new UsageError(
      "There is nothing to record.",
      "Pass what you saw: input_tokens and output_tokens of a call, a throttle, or windows.",
    );
  }
  return event;
}

type Throttle = NonNullable<RecordUsageArguments["throttle"]>;
type Window = NonNullable<RecordUsageArguments["windows"]>[number];

function throttle(seen: Throttle, now: number, notes: string[]): NonNullable<UsageEvent["throttle"]> {
  const { reason, retry_after_s, until, scope } = seen;
  if (retry_after_s !== undefined && !(Number.isFinite(retry_after_s) && retry_after_s >= 0))
    throw wrong("throttle.retry_after_s", retry_after_s, "seconds, 0 or more");
  const delay = retry_after_s === undefined ? null : retry_after_s * 1_000;
  if (delay !== null && delay > furthest)
    notes.push("throttle.retry_after_s is more than 31 days: taken as unknown");
  return {
    reason,
    until: moment("throttle.until", until, now, notes),
    retry_after_ms: delay !== null && delay <= furthest ? delay : null,
    provenance: "error",
    evidence: "told by record_usage",
    ...(scope === undefined ? {} : { scope: named("throttle.scope", scope) }),
  };
}

function reading(window: Window, field: string, now: number, notes: string[]): WindowReading {
  const { used_fraction, used_percent } = window;
  if (used_fraction !== undefined && used_percent !== undefined)
    throw new UsageError(`${field} has used_fraction and used_percent.`, "Pass one of them.");
  if (used_fraction !== undefined && !(used_fraction >= 0 && used_fraction <= 1))
    throw wrong(
      `${field}.used_fraction`,
      used_fraction,
      "a fraction of what may be used, 0 to 1 (used_percent takes 0 to 100)",
    );
  if (used_percent !== undefined && !(used_percent >= 0 && used_percent <= 100))
    throw wrong(`${field}.used_percent`, used_percent, "percent of what may be used, 0 to 100");
  const id = named(`${field}.id`, window.id);
  const scope = window.scope === undefined ? undefined : named(`${field}.scope`, window.scope);
  return {
    id: windowKey(id, scope),
    used: used_fraction ?? (used_percent === undefined ? null : used_percent / 100),
    resets_at: moment(`${field}.resets_at`, window.resets_at, now, notes),
    window_ms: windowLength(id),
    provenance: "log",
    ...(scope === undefined ? {} : { scope }),
  };
}

function count(field: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || value < 0 || value > mostTokens)
    throw wrong(field, value, "a whole number of tokens, 0 or more");
  return value;
}

function named(field: string, value: string): string {
  // What every object has is no name for a key.
  if (!name.test(value) || value in {})
    throw wrong(field, value.slice(0, 64), "a short name of letters, digits, dots and dashes");
  return value;
}

/** A stated time in milliseconds; null when it is not stated, has passed, or is too far away to be true. */
function moment(field: string, value: string | undefined, now: number, notes: string[]): number | null {
  if (value === undefined) return null;
  const parsed = z.iso.datetime({ offset: true }).safeParse(value);
  const time = parsed.success ? Date.parse(parsed.data) : Number.NaN;
  // Without an offset nobody knows which hour is meant.
  if (!Number.isFinite(time))
    throw wrong(field, value.slice(0, 64), "ISO 8601 with an offset, as 2026-01-31T18:00:00Z");
  if (time <= now) notes.push(`${field} has passed: taken as unknown`);
  else if (time > now + furthest) notes.push(`${field} is more than 31 days away: taken as unknown`);
  else return time;
  return null;
}

function wrong(field: string, value: unknown, allowed: string): UsageError {
  return new UsageError(
    `${field} can't be ${typeof value === "string" ? JSON.stringify(value) : String(value)}.`,
    `It is ${allowed}.`,
  );
}
