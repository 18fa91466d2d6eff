import { describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { resolveModel } from "../../src/premium/catalog.js";
import { limitsOf } from "../../src/premium/limits.js";
import { type Assessment, assess, byQuota, paceOf } from "../../src/premium/pacing.js";
import { createSluice } from "../../src/sluice.js";
import { emptySource } from "../../src/state/quota-shape.js";
import type { QuotaWindow, Reservation, SourceQuota, Throttle } from "../../src/state/quota-state.js";
import { hardThreshold } from "../../src/state/quota-windows.js";

const now = Date.parse("2026-03-01T12:00:00Z");
const hour = 3_600_000;
const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));

function window(used: number | null, inHours: number | null, more: Partial<QuotaWindow> = {}): QuotaWindow {
  return {
    used,
    resets_at: inHours === null ? null : now + inHours * hour,
    window_ms: null,
    observed_at: now - 60_000,
    provenance: "log",
    tokens_since: 0,
    ...more,
  };
}

function source(windows: Record<string, QuotaWindow>, throttles: Throttle[] = []): SourceQuota {
  return { ...emptySource(), windows, throttles };
}

function throttle(until: number | null, more: Partial<Throttle> = {}): Throttle {
  return {
    until,
    reason: "usage_limit",
    set_at: now - hour,
    provenance: "error",
    evidence: "",
    probes: 0,
    probe_at: null,
    ...more,
  };
}

const day = 24 * hour;
/** Score of r left with t of the time left, both as fractions, below a limit of 1. */
const limit = () => 1;

describe("the score of a source", () => {
  it.each<[string, Record<string, QuotaWindow>, number]>([
    ["is a half on pace", { weekly: window(0.5, 84) }, 0.5],
    ["is a half when nothing is used and nothing has passed", { weekly: window(0, 168) }, 0.5],
    ["is more when much is left and the reset near", { weekly: window(0.5, 16.8) }, 0.5 / 0.6],
    ["is less when it is overspent for its time", { weekly: window(0.9, 151.2) }, 0.1 / 1],
    ["comes back as time catches up", { weekly: window(0.9, 16.8) }, 0.5],
    [
      "is the tightest of its windows, since all have to allow a call",
      { weekly: window(0.5, 16.8), "weekly:opus": window(0.75, 84, { scope: "opus-4.5" }) },
      0.25 / 0.75,
    ],
    ["is neutral, less a tenth, for a source nobody has read", {}, 0.45],
    ["is neutral, less a tenth, for a window of unknown use", { weekly: window(null, 100) }, 0.45],
    ["is neutral again when the reset has passed since it was read", { weekly: window(0.94, -1) }, 0.45],
    [
      "takes a reset that nobody stated for as far away as it can be",
      { weekly: window(0.5, null, { observed_at: now }) },
      0.5 / 1.5,
    ],
    ["leaves out limits per minute", { rpm: window(0.9, 0.01), weekly: window(0.5, 84) }, 0.5],
    [
      "does not pace five hours while a week is known",
      { weekly: window(0.5, 84), "5h": window(0.8, 4.9) },
      0.5,
    ],
    ["paces five hours when they are all there is", { "5h": window(0.8, 5) }, 0.2 / 1.2],
    [
      "counts five hours with room for less than three calls",
      { weekly: window(0.5, 84), "5h": window(0.98, 1) },
      0.02 / (3 * 0.02),
    ],
  ])("%s", (_, windows, score) => {
    const opus = resolveModel(config, "claude_max", "opus-4.5");
    const read = Object.fromEntries(
      Object.entries(windows).map(([key, one]) => [key, { ...one, observed_at: one.observed_at + 60_000 }]),
    );
    expect(assess(source(read), opus, now, { limit }).score).toBeCloseTo(score, 2);
  });

  it("fades to neutral as the reading ages", () => {
    const at = (age: number) =>
      assess(source({ weekly: window(0.9, 100, { observed_at: now - age }) }), null, now, { limit }).score;
    expect(at(0)).toBeCloseTo(0.144, 3);
    expect(at(3.5 * day)).toBeCloseTo((0.144 + 0.45) / 2, 3);
  });

  it("counts of a week only what five hours still let through", () => {
    const learned = {
      weekly: { spent: 0.2, tokens: 1e7, readings: 9 },
      "5h": { spent: 2, tokens: 1e7, readings: 9 },
    };
    // Ten hours left: two and a half times five hours, each a tenth of the week, at most a quarter of it.
    const windows = { weekly: window(0.2, 10), "5h": window(0.5, 2.5) };
    const free = assess(source(windows), null, now, { limit });
    const bound = assess({ ...source(windows), learned }, null, now, { limit });
    expect(free.score).toBeCloseTo(0.8 / (0.8 + 10 / 168), 2);
    expect(bound.score).toBeCloseTo(0.2 / (0.2 + 10 / 168), 1);
  });

  it("is null, never full, in what is shown of a reading that has expired", () => {
    const { windows } = assess(source({ "5h": window(0.99, -1) }), null, now);
    expect(windows).toEqual([
      { id: "5h", scope: null, used: null, resets_at: null, provenance: "log", age_s: 60 },
    ]);
  });

  it("is neutral for a source without any state", () => {
    expect(assess(null, null, now)).toMatchObject({ eligible: true, score: 0.45, windows: [] });
  });
});

function reservation(id: string, more: Partial<Reservation> = {}): Reservation {
  return {
    id,
    mark: "",
    model: null,
    scopes: [],
    started_at: now,
    expires_at: now + hour,
    tokens: 60_000,
    ...more,
  };
}

describe("eligibility", () => {
  it("counts calls since the reading and calls in flight, by what calls were seen to cost", () => {
    const learned = { weekly: { spent: 1, tokens: 1e7, readings: 9 } };
    const quota = (used: number, since: number, calls: number): SourceQuota => ({
      ...source({ weekly: window(used, 80, { tokens_since: since }) }),
      learned,
      reservations: Array.from({ length: calls }, (_, i) => reservation(`${i}`, { tokens: 100_000 })),
    });
    // 100,000 tokens cost a hundredth.
    const allowed = (...args: Parameters<typeof quota>) => assess(quota(...args), null, now).eligible;
    expect([allowed(0.92, 0, 0), allowed(0.92, 0, 2), allowed(0.92, 0, 4)]).toEqual([true, true, false]);
    expect([allowed(0.92, 200_000, 0), allowed(0.92, 200_000, 2)]).toEqual([true, false]);
    expect(assess(quota(0.92, 200_000, 2), null, now).why).toContain("weekly is 92 % used, about 96 %");
  });

  it("leaves out a window in which the call would probably be cut", () => {
    const quota = {
      ...source({ "5h": window(0.9, 2) }),
      learned: { "5h": { spent: 2, tokens: 1e6, readings: 9 } },
    };
    expect(assess(quota, null, now, { tokens: 20_000 }).eligible).toBe(true);
    expect(assess(quota, null, now, { tokens: 120_000 })).toMatchObject({ eligible: false });
    // However dear calls seem to be: an empty window takes one.
    expect(assess({ ...quota, windows: { "5h": window(0, 5) } }, null, now, { tokens: 9e6 }).eligible).toBe(
      true,
    );
  });

  it("ends where the user says, and leaves of a source what is to be left", () => {
    const limit = limitsOf(
      { quota: { ...config.quota, hard_limits: { "5h": 0.5 }, reserve: { claude_max: 0.2 } } },
      "claude_max",
    );
    expect([limit("5h"), limit("weekly"), limit("rpm")].map((one) => Math.round(one * 100))).toEqual([
      30, 75, 100,
    ]);
    const full = assess(source({ weekly: window(0.8, 50) }), null, now, { limit });
    expect(full).toMatchObject({ eligible: false, availableAt: now + 50 * hour });
    expect(full.why).toContain("80 % used of the 75 % that reviews may use");
  });

  it.each([
    ["5h", 0.98],
    ["weekly", 0.95],
    ["monthly", 0.95],
    ["anything else", 0.95],
  ])("of %s ends at %f", (id, hard) => {
    expect(hardThreshold(id)).toBe(hard);
    const options = { tokens: 1_000 };
    expect(assess(source({ [id]: window(hard - 0.001, 2) }), null, now, options).eligible).toBe(true);
    expect(assess(source({ [id]: window(hard, 2) }), null, now, options)).toMatchObject({
      eligible: false,
      score: null,
      availableAt: now + 2 * hour,
    });
  });

  it("comes back when the last of all limits is over", () => {
    const quota = source({ "5h": window(1, 2), weekly: window(1, 50) }, [throttle(now + hour)]);
    expect(assess(quota, null, now)).toMatchObject({
      eligible: false,
      availableAt: now + 50 * hour,
      throttledUntil: now + hour,
    });
  });

  it("comes back nobody knows when, if one limit has no end", () => {
    const quota = source({ "5h": window(1, 2) }, [throttle(null, { reason: "billing" })]);
    expect(assess(quota, null, now)).toMatchObject({ eligible: false, availableAt: null });
  });

  it("does not end with a throttle that is over", () => {
    expect(assess(source({}, [throttle(now)]), null, now).eligible).toBe(true);
    expect(assess(source({}, [throttle(now + 1)]), null, now).eligible).toBe(false);
  });

  it("is judged by the pools that a model draws from", () => {
    const gemini = resolveModel(config, "antigravity", "gemini-3-pro");
    const opus = resolveModel(config, "antigravity", "opus-4.5");
    const quota = source({
      "weekly:gemini": window(1, 50, { scope: "gemini" }),
      "weekly:3p": window(0.4, 50, { scope: "3p" }),
    });
    expect(assess(quota, gemini, now).eligible).toBe(false);
    expect(assess(quota, opus, now)).toMatchObject({ eligible: true });
    expect(assess(quota, opus, now).windows.map(({ id, scope }) => [id, scope])).toEqual([
      ["weekly", "gemini"],
      ["weekly", "3p"],
    ]);
  });

  it("takes a scope that nobody knows for one that may mean any model", () => {
    const opus = resolveModel(config, "claude_max", "opus-4.5");
    for (const [scope, eligible] of [
      ["sonnet", true],
      ["opus", false],
      ["opus-4.5", false],
      ["sonnet-4", true],
      ["somethingelse", false],
    ] as const) {
      expect([scope, assess(source({}, [throttle(now + hour, { scope })]), opus, now).eligible]).toEqual([
        scope,
        eligible,
      ]);
    }
  });
});

describe("the order of sources", () => {
  const order = (all: Record<string, SourceQuota>, preferred?: string) =>
    byQuota(
      Object.entries(all).map(([name, quota]) => ({ name, assessment: assess(quota, null, now) })),
      (item): Assessment => item.assessment,
      ({ name }) => name === preferred,
    ).map(({ name }) => name);

  it("is by pace: what is lost soon first, what is overspent last", () => {
    expect(
      order({
        overspent: source({ weekly: window(0.5, 140) }),
        unknown: source({}),
        onPace: source({ weekly: window(0.5, 84) }),
        lostSoon: source({ weekly: window(0.7, 10) }),
      }),
    ).toEqual(["lostSoon", "onPace", "unknown", "overspent"]);
  });

  it("is, in a draw, by the surplus that is lost soonest", () => {
    const soon = source({ weekly: window(0.55, 50) });
    const late = source({ weekly: window(0.1, 102) });
    expect(order({ late, soon })).toEqual(["soon", "late"]);
  });

  it("is, in a draw, by who has fewer calls in flight, and first of all by who is preferred", () => {
    const flying = (calls: number): SourceQuota => ({
      ...source({}),
      reservations: Array.from({ length: calls }, (_, i) => reservation(`${i}`)),
    });
    expect(order({ two: flying(2), none: flying(0), one: flying(1) })).toEqual(["none", "one", "two"]);
    expect(order({ two: flying(2), none: flying(0) }, "two")).toEqual(["two", "none"]);
    // Not where another one has clearly more.
    expect(order({ two: source({ weekly: window(0.75, 84) }), none: flying(0) }, "two")[0]).toBe("none");
  });

  it("is, in a draw without surplus, by who was idle longest", () => {
    const quota = (last: number) => ({ ...source({}), last_request: last });
    expect(order({ a: quota(now - 1), b: quota(now - 9), c: source({}) })).toEqual(["c", "b", "a"]);
  });

  it("is stable", () => {
    expect(order({ x: source({}), y: source({}), z: source({}) })).toEqual(["x", "y", "z"]);
  });
});

describe("the pace of a window", () => {
  it("says whether it lasts to its reset", () => {
    // Half of the week has passed.
    expect(paceOf("weekly", window(0.25, 84), now)).toEqual({ elapsed: 0.5, burn: 0.5, runsOutAt: null });
    expect(paceOf("weekly", window(0.8, 84), now)).toMatchObject({ burn: 1.6, runsOutAt: now + 21 * hour });
    expect(paceOf("weekly", window(0, 84), now)).toMatchObject({ burn: 0, runsOutAt: null });
  });

  it.each([
    ["its use", window(null, 84)],
    ["its reset", window(0.5, null)],
    ["enough of it yet", window(0.5, 168)],
  ])("says nothing when nobody knows %s", (_, one) => {
    expect(paceOf("weekly", one, now)).toBeNull();
  });
});
