import { UsageError } from "../errors.js";
import { isDeadMark, ownMark } from "../process-identity.js";
import type { Sluice } from "../sluice.js";
import { type MetricEvent, recordEvent } from "./metrics.js";
import { asOf, mergeEvent, nextProbe, type UsageEvent } from "./quota-merge.js";
import {
  emptySource,
  type QuotaState,
  quotaState,
  type Reservation,
  type SourceQuota,
} from "./quota-shape.js";
import { withoutLost } from "./quota-spending.js";
import { isMomentary, windowId } from "./quota-windows.js";
import type { StateStore } from "./store.js";

export { isKnownIdentity } from "./quota-identity.js";
export type { UsageEvent, WindowReading } from "./quota-merge.js";
export type {
  Provenance,
  QuotaState,
  QuotaWindow,
  Reservation,
  SourceQuota,
  Throttle,
  ThrottleReason,
} from "./quota-shape.js";

const file = "quota_state.json";

/** The quota of every source as known now: an expired reading is unknown (null), an expired throttle is gone. */
export async function readQuota(store: StateStore, sluice: Sluice): Promise<QuotaState> {
  return viewOf(await store.read(file, quotaState), sluice.clock());
}

/**
 * Merges what was seen of a source into what is known, and gives the source as known now.
 *
 * @throws UsageError when a source's or a window's name is no name
 */
export async function recordUsage(
  store: StateStore,
  sluice: Sluice,
  event: UsageEvent,
): Promise<SourceQuota> {
  checkNames(event);
  const after = await store.update(file, quotaState, (state) => {
    // Waiting for the lock took some.
    const now = sluice.clock();
    const merged = mergeEvent(living(sourceIn(state, event.source), now), event, now);
    state.sources[event.source] = merged;
    return asOf(merged, now);
  });
  await recordReadings(store, sluice, event);
  return after;
}

/**
 * Choosing and reserving as one locked step: `choose` is given what is known now, reservations of others included,
 * and what it decides to reserve is there before anybody else looks.
 */
export async function reserveQuota<R>(
  store: StateStore,
  sluice: Sluice,
  choose: (
    quota: QuotaState,
    now: number,
  ) => { result: R; reserve: { source: string; reservation: Reservation } | null },
): Promise<R> {
  return store.update(file, quotaState, (state) => {
    const now = sluice.clock();
    const { result, reserve } = choose(viewOf(state, now), now);
    if (reserve !== null) {
      const source = living(sourceIn(state, reserve.source), now);
      state.sources[reserve.source] = {
        ...source,
        reservations: [...source.reservations, reserve.reservation],
      };
    }
    return result;
  });
}

/**
 * Ends a reservation with what became of its call. One that is over already (it expired, the state was removed) is
 * no error: its tokens are counted then already, and not twice.
 *
 * @param event as for `recordUsage`; `tokens` left out: those that were reserved
 * @throws UsageError when a window's name is no name
 */
export async function settleReservation(
  store: StateStore,
  sluice: Sluice,
  id: string,
  event: UsageEvent,
): Promise<SourceQuota> {
  checkNames(event);
  const after = await store.update(file, quotaState, (state) => {
    const now = sluice.clock();
    const source = sourceIn(state, event.source);
    const own = source.reservations.find((one) => one.id === id);
    const rest = { ...source, reservations: source.reservations.filter((one) => one !== own) };
    const tokens = event.tokens ?? (own === undefined ? undefined : own.tokens);
    const scopes = event.scopes ?? own?.scopes;
    const merged = mergeEvent(
      living(rest, now),
      {
        ...event,
        ...(own !== undefined && tokens !== undefined ? { tokens } : { tokens: undefined }),
        ...(scopes === undefined ? {} : { scopes }),
      },
      now,
    );
    state.sources[event.source] = merged;
    return asOf(merged, now);
  });
  await recordReadings(store, sluice, event);
  return after;
}

/**
 * Takes the right to ask sources what they have left, so that of many processes one asks.
 *
 * @param lease `ms`: how long the asking may take at most; then others may
 * @param pick those that are worth asking now, as known under the lock
 * @returns what this process asks, and what another one is asking already
 */
export async function claimProbes(
  store: StateStore,
  sluice: Sluice,
  lease: { id: string; mark: string; ms: number },
  pick: (quota: QuotaState, now: number) => readonly string[],
): Promise<{ mine: string[]; others: string[] }> {
  return store.update(file, quotaState, (state) => {
    const now = sluice.clock();
    const mine: string[] = [];
    const others: string[] = [];
    for (const name of pick(viewOf(state, now), now)) {
      const source = sourceIn(state, name);
      const { probe_lease: held } = source;
      // A lease of more than an hour was set by a clock that was wrong.
      const taken =
        held !== null && held.until > now && held.until < now + 3_600_000 && !isDeadMark(held.mark);
      if (taken) others.push(name);
      else {
        mine.push(name);
        state.sources[name] = {
          ...source,
          probe_lease: { id: lease.id, mark: lease.mark, until: now + lease.ms },
        };
      }
    }
    return { mine, others };
  });
}

const shortestWait = 60_000;
const longestWait = 30 * 60_000;

/**
 * Merges what a probe found, and gives the right to ask back. A probe that failed keeps the last values, and the next
 * one comes later: after 1 to 2 minutes, twice as long after each failure, half an hour at most. Throttles that are
 * still there are asked about at growing intervals.
 *
 * @param jitter 0–1, so that processes that asked together do not ask together again
 */
export async function recordProbe(
  store: StateStore,
  sluice: Sluice,
  lease: string,
  probe: { event: UsageEvent; ok: boolean; why: string; jitter: number },
): Promise<SourceQuota> {
  checkNames(probe.event);
  const after = await store.update(file, quotaState, (state) => {
    const now = sluice.clock();
    const name = probe.event.source;
    const known = living(sourceIn(state, name), now);
    const merged = mergeEvent(known, probe.event, now);
    const failures = probe.ok ? 0 : (known.last_probe?.failures ?? 0) + 1;
    const wait = Math.min(
      shortestWait * (1 + probe.jitter) * 2 ** Math.min(Math.max(0, failures - 1), 6),
      longestWait,
    );
    const source: SourceQuota = {
      ...merged,
      throttles: merged.throttles.map((throttle) =>
        throttle.probe_at === null || throttle.probe_at > now || throttle.set_at >= now
          ? throttle
          : {
              ...throttle,
              probes: throttle.probes + 1,
              probe_at: nextProbe(throttle.reason, throttle.probes + 1, now),
            },
      ),
      last_probe: {
        ...known.last_probe,
        at: now,
        ok: probe.ok,
        why: probe.why.slice(0, 300),
        failures,
        next_at: Math.round(now + wait),
      },
      probe_lease: known.probe_lease?.id === lease ? null : known.probe_lease,
    };
    state.sources[name] = source;
    return asOf(source, now);
  });
  await recordReadings(store, sluice, probe.event);
  return after;
}

/** Keeps what was read for the history of a week; per-minute limits have none. */
async function recordReadings(store: StateStore, sluice: Sluice, event: UsageEvent): Promise<void> {
  const readings = (event.windows ?? []).flatMap(({ id, used, resets_at, scope }): MetricEvent[] => {
    if (used == null || !Number.isFinite(used) || isMomentary(windowId(id, scope))) return [];
    const share = Math.min(1, Math.max(0, used));
    return [{ kind: "quota", source: event.source, window: id, used: share, resets_at: resets_at ?? null }];
  });
  await recordEvent(store, sluice, ...readings);
}

/** Takes away all that can hold a source back, wrong readings included. Counts, and what calls cost, stay. */
export async function resetSource(store: StateStore, sluice: Sluice, name: string): Promise<SourceQuota> {
  return store.update(file, quotaState, (state) => {
    const now = sluice.clock();
    const source: SourceQuota = {
      ...sourceIn(state, name),
      throttles: [],
      reservations: [],
      consecutive_failures: 0,
      last_probe: null,
      probe_lease: null,
      windows: {},
    };
    state.sources[name] = source;
    return asOf(source, now);
  });
}

function viewOf(state: QuotaState, now: number): QuotaState {
  const sources = Object.entries(state.sources).map(
    ([name, source]) => [name, asOf(living(source, now), now)] as const,
  );
  return { ...state, sources: Object.fromEntries(sources) };
}

function sourceIn(state: QuotaState, name: string): SourceQuota {
  const known = Object.hasOwn(state.sources, name) ? state.sources[name] : undefined;
  return known ?? emptySource();
}

function living(source: SourceQuota, now: number): SourceQuota {
  return withoutLost(source, now, ({ mark }) => mark !== ownMark() && isDeadMark(mark));
}

function checkNames(event: UsageEvent): void {
  for (const name of [event.source, ...(event.windows ?? []).map(({ id }) => id)]) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/.test(name)) {
      throw new UsageError(
        `${JSON.stringify(name.slice(0, 80))} can't name a source or a window of quota.`,
        "Use letters, digits, `_`, `.`, `:` and `-`, as in `claude_max` and `5h`.",
      );
    }
  }
}
