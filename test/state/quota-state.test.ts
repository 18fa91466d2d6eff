import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import type { Sluice } from "../../src/sluice.js";
import { readQuota, recordUsage, type UsageEvent, type WindowReading } from "../../src/state/quota-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { opened } from "./opened.js";

const start = Date.parse("2026-03-01T12:00:00Z");
const minute = 60_000;
const hour = 60 * minute;

let repository: TestRepository;
let sluice: Sluice;
let store: StateStore;
let now: number;

beforeEach(async () => {
  repository = testRepository();
  now = start;
  sluice = repository.sluice({ clock: () => now });
  store = await openStore(sluice, opened(repository));
});
afterEach(() => repository.remove());

const record = (event: Omit<UsageEvent, "source">) =>
  recordUsage(store, sluice, { source: "claude_max", ...event });
const fiveHours = (over: Partial<WindowReading> = {}): WindowReading => ({
  id: "5h",
  used: 0.4,
  resets_at: start + 2 * hour,
  window_ms: 5 * hour,
  provenance: "header",
  ...over,
});
const known = async () => (await readQuota(store, sluice)).sources.claude_max;

describe("unknown", () => {
  it("is what nobody read: no source, no window, null left", async () => {
    expect((await readQuota(store, sluice)).sources).toEqual({});
    expect(await record({ tokens: 5_000 })).toMatchObject({
      windows: {},
      remaining_pct: null,
      requests_since_reset: 1,
      tokens_since_reset: 5_000,
      last_request: start,
    });
  });

  it("is a reading whose reset has passed", async () => {
    await record({ windows: [fiveHours({ used: 1 })] });
    now = start + 2 * hour;
    expect(await known()).toMatchObject({
      remaining_pct: null,
      windows: { "5h": { used: null, resets_at: null } },
    });
  });

  it("is a reading without a reset that is older than its window", async () => {
    await record({ windows: [fiveHours({ resets_at: null })] });
    now = start + 5 * hour - 1;
    expect(await known()).toMatchObject({ remaining_pct: 60 });
    now += 1;
    expect(await known()).toMatchObject({ remaining_pct: null });
  });

  it.each([Number.NaN, -0.1, Number.POSITIVE_INFINITY])("is a use of %s", async (used) => {
    expect(await record({ windows: [fiveHours({ used })] })).toMatchObject({
      windows: { "5h": { used: null } },
    });
  });

  it.each([
    ["in the past", -1],
    ["in the year 9999", Date.parse("9999-12-31T00:00:00Z") - start],
    ["that is no number", Number.NaN],
  ])("is a reset %s", async (_name, offset) => {
    const source = await record({ windows: [fiveHours({ resets_at: start + offset })] });
    expect(source.windows["5h"]).toMatchObject({ used: 0.4, resets_at: null });
  });
});

describe("a reading", () => {
  it("says what is left of the tightest window", async () => {
    const weekly = fiveHours({
      id: "weekly",
      used: 0.873,
      resets_at: start + 72 * hour,
      window_ms: 168 * hour,
    });
    expect(await record({ windows: [fiveHours(), weekly] })).toMatchObject({ remaining_pct: 12.7 });
  });

  it("above 100 % counts as 100 %", async () => {
    expect(await record({ windows: [fiveHours({ used: 1.3 })] })).toMatchObject({ remaining_pct: 0 });
  });

  it("that is newer wins, whichever comes last", async () => {
    await record({ windows: [fiveHours({ used: 0.5, observed_at: start - 10 * minute })] });
    await record({ windows: [fiveHours({ used: 0.6, observed_at: start - 5 * minute })] });
    await record({ windows: [fiveHours({ used: 0.2, observed_at: start - 8 * minute })] });
    expect((await known())?.windows["5h"]?.used).toBe(0.6);
  });

  it("from the future counts as of now", async () => {
    await record({ windows: [fiveHours({ used: 0.9, observed_at: start + 9 * hour })] });
    now += minute;
    await record({ windows: [fiveHours({ used: 0.1 })] });
    expect((await known())?.windows["5h"]).toMatchObject({ used: 0.1, observed_at: now });
  });

  it("that says less clears nothing, and does not make the old figure younger", async () => {
    await record({ windows: [fiveHours()] });
    now += 10 * minute;
    await record({ windows: [{ id: "5h", provenance: "log", resets_at: start + 3 * hour }] });
    expect((await known())?.windows["5h"]).toMatchObject({
      used: 0.4,
      observed_at: start,
      provenance: "header",
      resets_at: start + 3 * hour,
      window_ms: 5 * hour,
    });
  });

  it("is not replaced by an estimate while it holds", async () => {
    await record({ windows: [fiveHours()] });
    now += minute;
    await record({ windows: [fiveHours({ used: 0.9, provenance: "estimate" })] });
    expect((await known())?.windows["5h"]?.used).toBe(0.4);
    now = start + 3 * hour;
    await record({ windows: [fiveHours({ used: 0.05, resets_at: now + hour, provenance: "estimate" })] });
    expect((await known())?.windows["5h"]).toMatchObject({ used: 0.05, provenance: "estimate" });
  });

  it("begins the counts anew after a reset", async () => {
    await record({ tokens: 10, windows: [fiveHours()] });
    await record({ tokens: 10 });
    expect(await known()).toMatchObject({ requests_since_reset: 2, tokens_since_reset: 20 });
    now = start + 2 * hour + 1;
    expect(await record({ tokens: 7 })).toMatchObject({ requests_since_reset: 1, tokens_since_reset: 7 });
    now += minute;
    expect(await record({ tokens: 7 })).toMatchObject({ requests_since_reset: 2, tokens_since_reset: 14 });
  });
});

describe("a throttle", () => {
  const throttle = (over: Partial<NonNullable<UsageEvent["throttle"]>> = {}) => ({
    reason: "rate_limit" as const,
    ...over,
  });
  const until = async () => (await known())?.throttles.map((item) => (item.until ?? 0) - start);

  it("ends when the source said", async () => {
    await record({ throttle: throttle({ retry_after_ms: 90_000 }) });
    expect(await until()).toEqual([90_000]);
    now = start + 90_000;
    expect(await until()).toEqual([]);
  });

  it("without a word of the source lasts 30 s, twice as long each time, half an hour at most", async () => {
    const lengths: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const source = await record({ throttle: throttle() });
      lengths.push((source.throttles[0]?.until ?? 0) - now);
      now = source.throttles[0]?.until ?? now;
    }
    expect(lengths.map((length) => length / 1_000)).toEqual([
      30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800,
    ]);
  });

  it("for a used-up limit ends when the last full window resets", async () => {
    const weekly = fiveHours({ id: "weekly", used: 1, resets_at: start + 50 * hour, window_ms: 168 * hour });
    await record({
      windows: [fiveHours({ used: 1 }), weekly],
      throttle: throttle({ reason: "usage_limit" }),
    });
    expect(await until()).toEqual([50 * hour]);
  });

  it("is not shortened by a shorter one of its kind", async () => {
    await record({ throttle: throttle({ until: start + hour }) });
    await record({ throttle: throttle({ retry_after_ms: 1_000 }) });
    expect(await until()).toEqual([hour]);
  });

  it("beyond a month is not believed", async () => {
    await record({ throttle: throttle({ until: Date.parse("9999-12-31T00:00:00Z") }) });
    expect(await until()).toEqual([30_000]);
  });

  it("is lifted by a call that worked, and by a reading that shows quota", async () => {
    await record({ throttle: throttle({ reason: "usage_limit", until: start + 100 * hour }) });
    now += minute;
    await record({ outcome: "ok" });
    expect(await until()).toEqual([]);
    await record({ throttle: throttle({ reason: "usage_limit", until: start + 100 * hour }) });
    now += minute;
    await record({ windows: [fiveHours({ used: 0.99 })] });
    expect(await until()).toEqual([100 * hour]);
    now += minute;
    await record({ windows: [fiveHours({ used: 0.1, provenance: "probe" })] });
    expect(await until()).toEqual([]);
  });

  it("is not lifted by a call that began before it", async () => {
    now += 10 * minute;
    await record({ throttle: throttle({ until: start + hour }) });
    await record({ outcome: "ok", at: start });
    expect(await until()).toEqual([hour]);
  });

  it("for money or a login stays until somebody mends it", async () => {
    await record({ throttle: throttle({ reason: "billing" }) });
    now += 1_000 * hour;
    expect((await known())?.throttles).toMatchObject([{ reason: "billing", until: null }]);
    await record({ windows: [fiveHours({ resets_at: now + hour })] });
    expect((await known())?.throttles).toHaveLength(1);
    await record({ clear_throttles: true });
    expect((await known())?.throttles).toEqual([]);
  });

  it("counts failures in a row until a call works", async () => {
    await record({ outcome: "failed" });
    expect(await record({ throttle: throttle() })).toMatchObject({ consecutive_failures: 2 });
    expect(await record({ outcome: "ok" })).toMatchObject({ consecutive_failures: 0 });
  });

  it("keeps little of what the source said", async () => {
    const source = await record({ throttle: throttle({ evidence: "x".repeat(10_000) }) });
    expect(source.throttles[0]?.evidence).toHaveLength(300);
  });
});

it.each(["__proto__", "", "a b", "x".repeat(65), "../x"])(
  "refuses %j as the name of a source or a window",
  async (name) => {
    await expect(recordUsage(store, sluice, { source: name, tokens: 3 })).rejects.toThrow(UsageError);
    await expect(record({ windows: [fiveHours({ id: name })] })).rejects.toThrow(UsageError);
  },
);

it("keeps sources apart, also under names that every object has", async () => {
  for (const source of ["constructor", "toString", "copilot"]) {
    expect(await recordUsage(store, sluice, { source, tokens: 3 })).toMatchObject({ tokens_since_reset: 3 });
  }
  expect(Object.keys((await readQuota(store, sluice)).sources).sort()).toEqual([
    "constructor",
    "copilot",
    "toString",
  ]);
});

it("counts every request of many at once", async () => {
  await Promise.all(Array.from({ length: 15 }, () => record({ tokens: 2 })));
  expect(await known()).toMatchObject({ requests_since_reset: 15, tokens_since_reset: 30 });
});

it("writes snake_case with a schema_version and times in milliseconds", async () => {
  await record({ tokens: 1, windows: [fiveHours()] });
  const text = readFileSync(join(store.directory, "quota_state.json"), "utf8");
  expect(JSON.parse(text)).toMatchObject({
    schema_version: 1,
    sources: { claude_max: { windows: { "5h": { observed_at: start } }, last_request: start } },
  });
  expect(text).not.toMatch(/"[a-z]+[A-Z]\w*":/);
});
