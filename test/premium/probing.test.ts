import { describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { type ProbeOptions, probeStale, whyStale } from "../../src/premium/quota.js";
import type { PremiumSource, Probe } from "../../src/premium/source.js";
import type { SourceStatus } from "../../src/premium/sources.js";
import { createSluice } from "../../src/sluice.js";
import { readQuota, recordUsage, type UsageEvent, type WindowReading } from "../../src/state/quota-state.js";
import type { StateStore } from "../../src/state/store.js";
import { memoryStore } from "../support/memory-store.js";

const start = Date.parse("2026-03-01T12:00:00Z");
const minute = 60_000;
const hour = 60 * minute;
const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));

const status = (source: string, more: Partial<SourceStatus> = {}): SourceStatus => ({
  source,
  access: "cli",
  configured: true,
  program: "/bin/true",
  why: "",
  ...more,
});
const ready = (more: Partial<Probe> = {}): Probe => ({
  state: "ready",
  windows: [],
  allowed: null,
  models: null,
  plan: null,
  why: "asked",
  ...more,
});
const weekly = (used: number): WindowReading => ({
  id: "weekly",
  used,
  resets_at: start + 100 * hour,
  provenance: "probe",
});

function scene(answer: (asked: number) => Probe | Promise<Probe>, store: StateStore = memoryStore()) {
  let now = start;
  const asked: string[] = [];
  const said: string[] = [];
  const sluice = createSluice({ clock: () => now, log: (line) => said.push(line) });
  const open: ProbeOptions["open"] = async (_sluice, _config, { source }) => {
    const opened: PremiumSource = {
      name: source,
      access: "cli",
      probe: async () => {
        asked.push(source);
        return answer(asked.length);
      },
      review: () => Promise.reject(new Error("never")),
    };
    return opened;
  };
  return {
    store,
    sluice,
    asked,
    said,
    wait: (ms: number) => {
      now += ms;
    },
    probe: (more: Partial<ProbeOptions> = {}) =>
      probeStale(sluice, {
        store,
        config,
        statuses: [status("claude_max")],
        signal: new AbortController().signal,
        open,
        random: () => 0,
        ...more,
      }),
    record: (event: Omit<UsageEvent, "source">) =>
      recordUsage(store, sluice, { source: "claude_max", ...event }),
    known: async (source = "claude_max") => (await readQuota(store, sluice)).sources[source],
  };
}

describe("asking sources what they have left", () => {
  it("happens when nobody has read it, and again when it is too old, not before", async () => {
    const { probe, wait, asked, known } = scene((count) => ready({ windows: [weekly(count / 10)] }));
    expect(await probe()).toEqual(["claude_max"]);
    expect((await known())?.windows.weekly).toMatchObject({ used: 0.1, provenance: "probe" });
    expect(await probe()).toEqual([]);
    wait(3 * hour - 1);
    expect(await probe()).toEqual([]);
    wait(1);
    await probe();
    expect((await known())?.windows.weekly?.used).toBe(0.2);
    expect(asked).toHaveLength(2);
  });

  it("happens sooner once calls of ours were made since, or much is estimated", async () => {
    const { probe, wait, asked, record } = scene(() => ready({ windows: [weekly(0.5)] }));
    await probe();
    wait(5 * minute);
    await record({ tokens: 20_000, outcome: "ok" });
    await probe();
    expect(asked).toHaveLength(1);
    wait(5 * minute);
    await probe();
    expect(asked).toHaveLength(2);
    wait(2 * minute);
    await record({ tokens: 900_000, outcome: "ok" });
    await probe();
    expect(asked).toHaveLength(3);
  });

  it("is not repeated within a minute, and rarer with each failure", async () => {
    const { probe, wait, asked, known } = scene(() => ready({ state: "unknown", why: "no answer" }));
    await probe();
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      const last = (await known())?.last_probe;
      expect(last).toMatchObject({ ok: false, why: "no answer", failures: failure + 1 });
      const ms = (last?.next_at ?? 0) - (last?.at ?? 0);
      waits.push(ms / minute);
      wait(ms - 1);
      await probe({ when: "now" });
      expect(asked).toHaveLength(failure + 1);
      wait(1);
      await probe({ when: "now" });
      expect(asked).toHaveLength(failure + 2);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it("keeps the last figures and their age when a source fails, hangs or throws", async () => {
    for (const fail of [
      () => ready({ state: "unknown" }),
      () => Promise.reject(new Error("it crashed")),
      () => new Promise<Probe>(() => {}),
    ]) {
      const { probe, wait, known } = scene((count) =>
        count === 1 ? ready({ windows: [weekly(0.3)] }) : fail(),
      );
      await probe();
      wait(4 * hour);
      await probe({ timeout: 30 });
      const after = await known();
      expect(after?.windows.weekly).toMatchObject({ used: 0.3, observed_at: start });
      expect(after?.last_probe?.ok).toBe(false);
      expect(after?.probe_lease).toBeNull();
    }
  });

  it("survives figures that no source should say", async () => {
    const { probe, known, said } = scene(() =>
      ready({ windows: [{ id: "../../x", used: 0.5, provenance: "probe" }] }),
    );
    await probe();
    expect(await known()).toMatchObject({ windows: {}, last_probe: { ok: false }, probe_lease: null });
    expect(said.join()).toContain("claude_max");
  });

  it("is done by one of many who want it, and the others have its answer", async () => {
    let answer = (_probe: Probe) => {};
    const { probe, asked, known } = scene(
      () =>
        new Promise<Probe>((resolve) => {
          answer = resolve;
        }),
    );
    const all = Promise.all(Array.from({ length: 5 }, () => probe()));
    await expect.poll(() => asked.length).toBe(1);
    answer(ready({ windows: [weekly(0.4)] }));
    expect(await all).toEqual(Array.from({ length: 5 }, () => ["claude_max"]));
    expect(asked).toHaveLength(1);
    expect((await known())?.windows.weekly?.used).toBe(0.4);
  });

  it("asks nobody who is not configured, and nobody at all when the user says so", async () => {
    const { probe, asked } = scene(() => ready());
    await probe({ statuses: [status("claude_max", { configured: false })] });
    await probe({ config: { ...config, quota: { ...config.quota, probe: false } } });
    await probe({ sources: ["copilot"] });
    expect(asked).toEqual([]);
  });
});

describe("a throttle", () => {
  const long = { reason: "usage_limit" as const, until: start + 160 * hour };

  it("with a far end is asked about at growing intervals, and lifted by a fresh reading with room", async () => {
    let used = 1;
    const { probe, wait, record, known, asked } = scene(() => ready({ windows: [weekly(used)] }));
    await record({ throttle: long });
    const times: number[] = [];
    for (let passed = 0; passed < 8 * 60; passed += 1) {
      const before = asked.length;
      await probe();
      if (asked.length > before) times.push(passed);
      wait(minute);
    }
    expect(times.slice(0, 6)).toEqual([0, 5, 15, 35, 75, 155]);
    expect((await known())?.throttles).toHaveLength(1);
    used = 0.2;
    wait(2 * hour);
    await probe();
    expect((await known())?.throttles).toEqual([]);
  });

  it.each<[string, UsageEvent["throttle"], Partial<Probe>, boolean]>([
    ["of use, by the provider's word", long, { allowed: true }, true],
    [
      "of use, not by less than all windows read since",
      long,
      { windows: [{ ...weekly(0.1), id: "5h" }] },
      false,
    ],
    ["of one family, not by its word on ordinary use", { ...long, scope: "opus" }, { allowed: true }, false],
    ["for a login, by a source that knows its user", { reason: "auth" }, {}, true],
    ["for a login, not by silence", { reason: "auth" }, { state: "unknown" }, false],
    ["for money, not by room", { reason: "billing" }, { windows: [weekly(0.1)] }, false],
    ["for money, by the provider's word", { reason: "billing" }, { allowed: true }, true],
  ])("%s", async (_, throttle, found, lifted) => {
    const { probe, record, known, wait } = scene(() => ready(found));
    await record({ windows: [weekly(0.5)] });
    wait(minute);
    await record({ throttle });
    wait(2 * hour);
    await probe();
    expect((await known())?.throttles.length === 0).toBe(lifted);
  });

  it("of a source whose limits can't all be read stays, whatever can be read of it", async () => {
    const { probe, store, sluice, known, wait } = scene(() => ready({ windows: [weekly(0.1)] }));
    await recordUsage(store, sluice, { source: "copilot", throttle: long });
    wait(hour);
    await probe({ statuses: [status("copilot")], when: "now" });
    expect((await known("copilot"))?.throttles).toHaveLength(1);
  });

  it("is set by a source that says it is signed out, or not to be used now", async () => {
    for (const [found, reason] of [
      [{ state: "signed_out", why: "run claude auth login" }, "auth"],
      [{ allowed: false, windows: [weekly(0.2)] }, "usage_limit"],
    ] as const) {
      const { probe, known } = scene(() => ready(found));
      await probe();
      expect((await known())?.throttles).toMatchObject([{ reason, provenance: "probe" }]);
    }
  });
});

it("is no reason to ask, while somebody has to mend something first", async () => {
  const { record, wait, known, sluice } = scene(() => ready());
  await record({ throttle: { reason: "billing" } });
  wait(10 * minute);
  expect(whyStale((await known()) ?? null, sluice.clock())).toBeNull();
});
