import { describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { routingChoices } from "../../src/premium/candidates.js";
import { consider } from "../../src/premium/choose.js";
import { limitsOf } from "../../src/premium/limits.js";
import { probeStale } from "../../src/premium/quota.js";
import { chooseAndReserve, type Reserved, settle } from "../../src/premium/reservations.js";
import type { PremiumSource, Probe } from "../../src/premium/source.js";
import type { SourceStatus } from "../../src/premium/sources.js";
import { createSluice } from "../../src/sluice.js";
import { quotaState } from "../../src/state/quota-shape.js";
import { readQuota, type WindowReading } from "../../src/state/quota-state.js";
import { memoryStore } from "../support/memory-store.js";
import { seeded } from "../support/random.js";

const minute = 60_000;
const hour = 60 * minute;
const start = Date.parse("2026-03-01T00:00:00Z");
const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));

/** What a source really has left, which only it knows. */
interface Truth {
  name: string;
  windows: { id: string; length: number; used: number; resetsAt: number; cost: number }[];
  /** It refuses calls until then, whatever its windows say. */
  blockedUntil: number;
  /** It answers no probe until then. */
  mutedUntil: number;
  /** Since when it could really have been asked. */
  goodSince: number | null;
}

/** Fractions of each window for a million tokens. */
function truths(random: () => number): Truth[] {
  const week = 168 * hour;
  const of = (name: string, windows: [string, number, number][]): Truth => ({
    name,
    windows: windows.map(([id, length, cost]) => ({
      id,
      length,
      used: 0,
      resetsAt: start + length * (0.2 + 0.8 * random()),
      cost,
    })),
    blockedUntil: 0,
    mutedUntil: 0,
    goodSince: start,
  });
  return [
    of("openai_pro", [
      ["5h", 5 * hour, 1.5],
      ["weekly", week, 0.4],
    ]),
    of("claude_max", [
      ["5h", 5 * hour, 1],
      ["weekly", week, 0.5],
    ]),
    of("copilot", [["monthly", 30 * 24 * hour, 0.25]]),
    of("antigravity", [
      ["5h", 5 * hour, 2.5],
      ["weekly", week, 0.7],
    ]),
  ];
}

async function simulate(seed: number, hours: number) {
  const random = seeded(seed);
  const chance = (probability: number) => random() < probability;
  let now = start;
  const sluice = createSluice({ env: { HOME: "/nonexistent" }, clock: () => now, log: () => {} });
  const store = memoryStore();
  const world = truths(random);
  const byName = new Map(world.map((truth) => [truth.name, truth]));
  const statuses = new Map<string, SourceStatus>(
    world.map(({ name }) => [
      name,
      { source: name, access: "cli", configured: true, program: "/bin/true", why: "" },
    ]),
  );
  const { choices } = routingChoices(config, ["quota_lowest"], "ROUTINE");
  const counts = { calls: 0, refused: 0, idle: 0, crashed: 0, lost: 0, early: 0, fresh: 0 };

  const readings = (truth: Truth, provenance: WindowReading["provenance"]): WindowReading[] =>
    truth.windows.map(({ id, used, resetsAt, length }) => ({
      id,
      used: Math.floor(used * 100) / 100,
      resets_at: resetsAt,
      window_ms: length,
      provenance,
    }));
  const source = (truth: Truth): PremiumSource => ({
    name: truth.name,
    access: "cli",
    async probe(): Promise<Probe> {
      const said = { allowed: null, models: null, plan: null, why: "" };
      if (truth.mutedUntil > now || chance(0.1)) {
        counts.lost += 1;
        if (chance(0.3)) throw new Error("it crashed");
        return { ...said, state: "unknown", windows: [] };
      }
      const allowed = truth.name === "copilot" ? null : truth.blockedUntil <= now;
      return { ...said, state: "ready", allowed, windows: readings(truth, "probe") };
    },
    review: () => Promise.reject(new Error("not here")),
  });

  const isGood = ({ name, blockedUntil, mutedUntil, windows }: Truth) => {
    const limit = limitsOf(config, name);
    return (
      blockedUntil <= now && mutedUntil <= now && windows.every(({ id, used }) => used < limit(id) - 0.15)
    );
  };
  const live = () => {
    for (const truth of world) {
      for (const window of truth.windows) {
        while (window.resetsAt <= now) {
          window.used = 0;
          // A session begins with the next call, not on the hour.
          window.resetsAt += window.length + (window.id === "5h" ? random() * hour : 0);
        }
      }
      // Other work of the user's on the same account.
      if (chance(0.3)) for (const window of truth.windows) window.used += random() * 0.08 * window.cost;
      if (chance(0.004)) truth.blockedUntil = now + random() * 30 * hour;
      if (chance(0.004)) truth.mutedUntil = now + random() * 5 * hour;
      if (chance(0.002)) {
        counts.early += 1;
        for (const window of truth.windows) window.used = 0;
        truth.blockedUntil = 0;
      }
      if (!isGood(truth)) truth.goodSince = null;
      else truth.goodSince ??= now;
    }
  };

  /** The call really happens: it costs, or is refused. Gives how it is told, now or later. */
  const make = (reserved: Reserved, truth: Truth): (() => Promise<void>) => {
    const tokens = Math.round(10_000 + random() * 110_000);
    if (chance(0.01)) {
      counts.crashed += 1;
      for (const window of truth.windows) window.used += (window.cost * tokens) / 1e6;
      return async () => {};
    }
    const at = now;
    const seen = chance(0.8) ? readings(truth, "stream") : [];
    const before = seen.map((reading) => ({ ...reading, observed_at: at }));
    const full = truth.windows.filter(({ used }) => used >= 1);
    if (truth.blockedUntil > now || full.length > 0) {
      counts.refused += 1;
      const until = Math.max(truth.blockedUntil, ...full.map(({ resetsAt }) => resetsAt));
      const stated = chance(0.5) ? { until: until + (chance(0.2) ? 100 * hour : 0) } : {};
      const throttle = { reason: "usage_limit" as const, ...stated };
      return () =>
        settle(reserved, { ok: false, failure: "usage_limit", windows: before, throttle, tokens: 0 });
    }
    if (chance(0.02)) {
      const throttle = { reason: "overloaded" as const };
      return () => settle(reserved, { ok: false, failure: "overloaded", tokens: 0, throttle });
    }
    for (const window of truth.windows)
      window.used = Math.min(1.05, window.used + (window.cost * tokens) / 1e6);
    const told = chance(0.9) ? tokens : null;
    return () => settle(reserved, { ok: true, windows: before, tokens: told });
  };

  const flying: { at: number; run: () => Promise<void> }[] = [];
  const end = start + hours * hour;
  while (now < end) {
    now += Math.round(-Math.log(1 - random()) * hour);
    live();
    for (const one of flying.filter(({ at }) => at <= now)) {
      flying.splice(flying.indexOf(one), 1);
      await one.run();
    }
    const { signal } = new AbortController();
    const asked = { config, statuses, tokens: 50_000 };
    const statusList = [...statuses.values()];
    const open = async (_: unknown, __: unknown, { source: name }: SourceStatus) => {
      const truth = byName.get(name);
      return truth === undefined ? null : source(truth);
    };
    await probeStale(sluice, { store, config, statuses: statusList, signal, open, random });
    const { reserved, considered } = await chooseAndReserve(
      store,
      sluice,
      (quota, at) => consider(choices, asked, quota, at),
      { tokens: 50_000, timeout: 20 * minute },
    );
    const { sources } = await readQuota(store, sluice);
    if (reserved === null) {
      counts.idle += 1;
      for (const truth of world) {
        const known = sources[truth.name];
        const limit = limitsOf(config, truth.name);
        const seemsFree =
          known !== undefined &&
          known.throttles.length === 0 &&
          known.reservations.length === 0 &&
          Object.entries(known.windows).every(
            ([id, { used, tokens_since }]) =>
              used === null || (tokens_since === 0 && used + 0.25 < limit(id)),
          );
        if (seemsFree)
          throw new Error(
            `seed ${seed}, ${(now - start) / hour} h: idle while ${truth.name} is free: ${JSON.stringify(considered.map(({ why }) => why))}`,
          );
        // Copilot's throttles can't be asked about: they last as long as was stated.
        const overloaded = known?.throttles.some(({ reason }) => reason === "overloaded") === true;
        const heard = known?.last_probe?.ok === true;
        const stuck =
          truth.goodSince !== null &&
          now - truth.goodSince > 6 * hour &&
          isGood(truth) &&
          heard &&
          !overloaded;
        if (stuck && truth.name !== "copilot")
          throw new Error(
            `seed ${seed}, ${(now - start) / hour} h: ${truth.name} recovered long ago: ${JSON.stringify(known)}`,
          );
      }
      continue;
    }
    const truth = byName.get(reserved.source);
    if (truth === undefined) throw new Error(`${reserved.source} is nobody`);
    counts.calls += 1;
    const known = sources[reserved.source];
    const fresh = Object.values(known?.windows ?? {}).every(
      ({ observed_at, tokens_since }) => observed_at === now && tokens_since === 0,
    );
    const alone = known?.reservations.length === 1;
    if (fresh && alone && Object.keys(known?.windows ?? {}).length > 0) {
      counts.fresh += 1;
      const limit = limitsOf(config, reserved.source);
      // The source says whole percents.
      for (const { id, used } of truth.windows)
        if (used >= limit(id) + 0.01)
          throw new Error(`seed ${seed}: ${reserved.source} was asked with ${id} at ${used}`);
    }
    const run = make(reserved, truth);
    if (chance(0.4)) flying.push({ at: now + random() * 15 * minute, run });
    else await run();
  }
  now += 2 * hour;
  const { sources } = await readQuota(store, sluice);
  const left = Object.values(sources).flatMap(({ reservations }) => reservations);
  return { counts, left, valid: quotaState.safeParse(JSON.parse(store.text())).success };
}

describe("ten thousand hours of routing, with throttles, early resets, crashes and lost probes", () => {
  it.each([1, 2, 3, 4])(
    "are never over a limit on fresh readings, never idle beside a free source, never stuck (seed %i)",
    async (seed) => {
      const { counts, left, valid } = await simulate(seed, 2_500);
      // All of it happened.
      expect(counts.calls).toBeGreaterThan(1_000);
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
      expect(left).toEqual([]);
      expect(valid).toBe(true);
      // Refusals are what nobody could know before: few.
      expect(counts.refused / counts.calls).toBeLessThan(0.05);
    },
    120_000,
  );
});
