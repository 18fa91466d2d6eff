import { describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { resolveModel } from "../../src/premium/catalog.js";
import { type Assessment, assess, byQuota, hardThreshold } from "../../src/premium/pacing.js";
import { createSluice } from "../../src/sluice.js";
import type { QuotaWindow, SourceQuota, Throttle } from "../../src/state/quota-state.js";

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
    ...more,
  };
}

function source(windows: Record<string, QuotaWindow>, throttles: Throttle[] = []): SourceQuota {
  return {
    windows,
    throttles,
    consecutive_failures: 0,
    requests_since_reset: 0,
    tokens_since_reset: 0,
    last_request: null,
    remaining_pct: null,
  };
}

function throttle(until: number | null, more: Partial<Throttle> = {}): Throttle {
  return { until, reason: "usage_limit", set_at: now - hour, provenance: "error", evidence: "", ...more };
}

describe("the score of a source", () => {
  it.each<[string, Record<string, QuotaWindow>, number]>([
    ["is what is left in its only window", { weekly: window(0.3, 100) }, 0.7],
    [
      "is the tightest of its windows, since all have to allow a call",
      { weekly: window(0.2, 100), "5h": window(0.9, 1) },
      0.1,
    ],
    ["is neutral, less a tenth, for a source nobody has read", {}, 0.45],
    ["is neutral, less a tenth, for a window of unknown use", { weekly: window(null, 100) }, 0.45],
    [
      "takes a window as empty, less a tenth, when its reset has passed since",
      { "5h": window(0.99, -1) },
      0.9,
    ],
    [
      "drops a reading without a reset after one window's length",
      { "5h": window(0.9, null, { observed_at: now - 6 * hour }) },
      0.9,
    ],
    ["keeps a younger one", { "5h": window(0.9, null, { observed_at: now - 4 * hour }) }, 0.1],
    ["leaves out limits per minute", { rpm: window(0.9, 0.01), weekly: window(0.5, 100) }, 0.5],
  ])("%s", (_, windows, score) => {
    expect(assess(source(windows), null, now).score).toBeCloseTo(score, 3);
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

describe("eligibility", () => {
  it.each([
    ["5h", 0.98],
    ["weekly", 0.95],
    ["monthly", 0.95],
    ["anything else", 0.95],
  ])("of %s ends at %f", (id, hard) => {
    expect(hardThreshold(id)).toBe(hard);
    expect(assess(source({ [id]: window(hard - 0.001, 2) }), null, now).eligible).toBe(true);
    expect(assess(source({ [id]: window(hard, 2) }), null, now)).toMatchObject({
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
    expect(assess(quota, opus, now)).toMatchObject({ eligible: true, score: 0.6 });
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
  const order = (all: Record<string, SourceQuota>) =>
    byQuota(
      Object.entries(all).map(([name, quota]) => ({ name, assessment: assess(quota, null, now) })),
      (item): Assessment => item.assessment,
    ).map(({ name }) => name);

  it("is by what is left", () => {
    expect(
      order({
        a: source({ weekly: window(0.5, 80) }),
        b: source({ weekly: window(0.2, 80) }),
        c: source({}),
      }),
    ).toEqual(["b", "a", "c"]);
  });

  it("is, in a draw, by the surplus that is lost soonest", () => {
    const soon = source({ weekly: window(0.32, 10) });
    const late = source({ weekly: window(0.3, 60) });
    expect(order({ late, soon })).toEqual(["soon", "late"]);
    // No draw: 0.05 and more apart.
    expect(order({ late, soon: source({ weekly: window(0.36, 10) }) })).toEqual(["late", "soon"]);
  });

  it("does not take what is behind its pace for a surplus", () => {
    const behind = source({ weekly: window(0.3, 150) });
    const ahead = source({ weekly: window(0.3, 60) });
    expect(order({ behind, ahead })).toEqual(["ahead", "behind"]);
  });

  it("is, in a draw without surplus, by who was idle longest", () => {
    const quota = (last: number) => ({ ...source({}), last_request: last });
    expect(order({ a: quota(now - 1), b: quota(now - 9), c: source({}) })).toEqual(["c", "b", "a"]);
  });

  it("is stable", () => {
    expect(order({ x: source({}), y: source({}), z: source({}) })).toEqual(["x", "y", "z"]);
  });
});
