import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../config/schema.js";
import { messageOf } from "../errors.js";
import { ownMark } from "../process-identity.js";
import type { Sluice } from "../sluice.js";
import { estimatedSince } from "../state/quota-spending.js";
import {
  claimProbes,
  readQuota,
  recordProbe,
  type SourceQuota,
  type UsageEvent,
} from "../state/quota-state.js";
import { isMomentary, readingEnds, windowId, windowLength } from "../state/quota-windows.js";
import type { StateStore } from "../state/store.js";
import { noteIdentities } from "./identity.js";
import { openSource } from "./open-source.js";
import { keyOf } from "./reservations.js";
import type { Probe } from "./source.js";
import { hasHiddenLimits, type SourceStatus } from "./sources.js";

const minute = 60_000;

export interface ProbeOptions {
  store: StateStore;
  config: Pick<Config, "premium_sources" | "quota">;
  statuses: readonly SourceStatus[];
  /** Only these; default all that are configured. */
  sources?: readonly string[] | undefined;
  /** `now`: ask all that may be asked again, however young their figures. Default: those too old to decide on. */
  when?: "stale" | "now" | undefined;
  signal: AbortSignal;
  /** Milliseconds for all together; default 8 s. */
  timeout?: number | undefined;
  open?: typeof openSource | undefined;
  /** 0–1. */
  random?: (() => number) | undefined;
}

/**
 * Asks sources what they have left where what is known is too old to decide on, without a model call. Of several
 * processes one asks, and the others wait for its answer. Comes back in `timeout`, whatever a source does; one that
 * did not answer keeps its last figures and their age.
 *
 * @returns the names of those that were asked, by whomever
 */
export async function probeStale(sluice: Sluice, options: ProbeOptions): Promise<string[]> {
  const { store, config, signal, when = "stale", timeout = 8_000 } = options;
  await noteIdentities(sluice, {
    store,
    config,
    statuses: options.statuses,
    open: options.open ?? openSource,
  });
  if (!config.quota.probe) return [];
  const statuses = options.statuses.filter(
    ({ source, configured }) => configured && (options.sources?.includes(source) ?? true),
  );
  const names = statuses.map(({ source }) => source);
  const pick = (sources: Readonly<Record<string, SourceQuota>>, now: number) =>
    names.filter((name) => {
      const known = Object.hasOwn(sources, name) ? (sources[name] ?? null) : null;
      return mayAsk(known, now) && (when === "now" || whyStale(known, now, hasHiddenLimits(name)) !== null);
    });
  // Mostly everything is young, and nobody needs the lock.
  if (pick((await readQuota(store, sluice)).sources, sluice.clock()).length === 0) return [];
  const lease = { id: randomBytes(8).toString("hex"), mark: ownMark(), ms: timeout + 2_000 };
  const { mine, others } = await claimProbes(store, sluice, lease, (quota, now) => pick(quota.sources, now));
  await Promise.all([
    ...statuses
      .filter(({ source }) => mine.includes(source))
      .map((status) => probeOne(sluice, options, status, lease.id, timeout)),
    others.length === 0 ? null : waitForOthers(sluice, store, others, timeout, signal),
  ]);
  signal.throwIfAborted();
  return [...mine, ...others];
}

/** Whether a source may be asked again already. */
function mayAsk(known: SourceQuota | null, now: number): boolean {
  const last = known?.last_probe ?? null;
  // A time too far ahead was set by a clock that was wrong.
  return last === null || last.next_at <= now || last.next_at > now + 60 * minute;
}

const oldest = 30 * minute;
const oldestInUse = 10 * minute;
/** Of windows longer than a day; in use, the shorter limit holds for them too. */
const oldestLong = 3 * 60 * minute;
/** An estimate on top of a reading that is too much to go by: a fraction of the window. */
const muchEstimated = 0.03;

/**
 * Why what is known of a source is too old to decide on; null when it isn't. Half an hour for windows up to a day,
 * three hours for longer ones, ten minutes once we have made calls since; and whenever a throttle is due to be asked
 * about, or too much of the figure is an estimate.
 *
 * @param hidden the source has limits that a probe does not see, so that it can't say that a throttle is over
 */
export function whyStale(known: SourceQuota | null, now: number, hidden = false): string | null {
  if (known === null) return "never read";
  const due = known.throttles.find(
    ({ probe_at, reason }) => probe_at !== null && probe_at <= now && !(hidden && reason !== "auth"),
  );
  if (due !== undefined) return `it may be over: ${due.reason}`;
  // Until it is mended there is nothing else to learn.
  if (known.throttles.some(({ until, scope }) => until === null && scope === undefined)) return null;
  const windows = Object.entries(known.windows).filter(
    ([key, { scope }]) => !isMomentary(windowId(key, scope)),
  );
  if (windows.length === 0) {
    const last = known.last_probe;
    return last === null || last.at + oldest <= now ? "never read" : null;
  }
  for (const [key, window] of windows) {
    const age = now - window.observed_at;
    if (window.used === null || readingEnds(key, window, now) <= now) {
      // A source that does not say it is asked no more often than one that does.
      if ((known.last_probe?.at ?? 0) + oldest <= now || window.observed_at > (known.last_probe?.at ?? 0))
        return `${key} is unknown`;
      continue;
    }
    const length = window.window_ms ?? windowLength(windowId(key, window.scope)) ?? 0;
    if (age >= (length > 24 * 60 * minute ? oldestLong : oldest)) return `${key} was read long ago`;
    if (window.tokens_since > 0 && age >= oldestInUse) return `${key} was read before our calls`;
    if (estimatedSince(known, key, window) >= muchEstimated) return `much of ${key} is estimated`;
  }
  return null;
}

async function probeOne(
  sluice: Sluice,
  options: ProbeOptions,
  status: SourceStatus,
  lease: string,
  timeout: number,
): Promise<void> {
  const { source } = status;
  const at = sluice.clock();
  const probe = await ask(sluice, options, status, timeout);
  const hidden = hasHiddenLimits(source);
  const event: UsageEvent = {
    source,
    at,
    requests: 0,
    allowed: probe.allowed,
    signed_in: isSignedIn(probe, status),
  };
  event.windows = probe.windows.map((one) => ({ ...one, id: keyOf(one) }));
  // What has room may be what is not limited.
  if (hidden) event.lifts = ({ reason }) => reason === "auth";
  if (probe.state === "signed_out")
    event.throttle = { reason: "auth", provenance: "probe", evidence: probe.why };
  else if (probe.allowed === false)
    event.throttle = {
      reason: "usage_limit",
      provenance: "probe",
      evidence: "the provider says that ordinary use is not allowed now",
    };
  const recorded = {
    event,
    ok: probe.state !== "unknown",
    why: probe.why,
    jitter: (options.random ?? Math.random)(),
  };
  try {
    await recordProbe(options.store, sluice, lease, recorded);
  } catch (error) {
    sluice.log(`what ${source} has left could not be recorded: ${messageOf(error)}`);
    const nothing = { ...recorded, event: { source, requests: 0 }, ok: false, why: messageOf(error) };
    await recordProbe(options.store, sluice, lease, nothing).catch(() => {});
  }
}

/** A key that is set says nothing of whether it is taken; a program that answers has its user's word. */
function isSignedIn(probe: Probe, { access }: SourceStatus): boolean {
  if (probe.state !== "ready") return false;
  return access !== "api" || probe.allowed === true || probe.windows.length > 0;
}

/** A source's word within the time there is: a probe that hangs, throws or says nothing is `unknown`. */
async function ask(
  sluice: Sluice,
  { config, signal, open = openSource }: ProbeOptions,
  status: SourceStatus,
  timeout: number,
): Promise<Probe> {
  const silent = (why: string): Probe => ({
    state: "unknown",
    windows: [],
    allowed: null,
    models: null,
    plan: null,
    why,
  });
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeout);
  const both = AbortSignal.any([signal, over.signal]);
  const ended = new Promise<Probe>((resolve) => {
    const end = () => resolve(silent(`it did not answer within ${Math.round(timeout / 1_000)} s`));
    if (both.aborted) end();
    else both.addEventListener("abort", end, { once: true });
  });
  try {
    const asked = open(sluice, config, status).then((opened) =>
      opened === null ? silent("Sluice can't ask it") : opened.probe({ signal: both, timeout }),
    );
    asked.catch(() => {});
    return await Promise.race([asked, ended]);
  } catch (error) {
    return silent(messageOf(error));
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** Waits until the processes that ask have answers or gave up. */
async function waitForOthers(
  sluice: Sluice,
  store: StateStore,
  others: readonly string[],
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (performance.now() < deadline && !signal.aborted) {
    const { sources } = await readQuota(store, sluice);
    if (others.every((name) => sources[name]?.probe_lease == null)) return;
    await delay(100, undefined, { signal }).catch(() => {});
  }
}
