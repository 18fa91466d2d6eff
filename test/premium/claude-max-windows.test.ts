import { describe, expect, it } from "vitest";
import { limitsOfEvent, limitsOfHeaders, windowsOfUsage } from "../../src/premium/claude-max/windows.js";

const figures = (windows: readonly { id: string; used?: number | null }[]) =>
  Object.fromEntries(windows.map(({ id, used }) => [id, used]));

describe("limits that Anthropic states", () => {
  it.each([
    [
      "percent",
      { five_hour: { utilization: 42 }, seven_day: { utilization: 0.5 } },
      { "5h": 0.42, weekly: 0.005 },
    ],
    [
      "a lone figure below one, which may be either",
      { five_hour: { utilization: 0.9, resets_at: "2033-01-01T00:00:00Z" } },
      { "5h": null },
    ],
    ["more than all", { five_hour: { utilization: 104 } }, { "5h": 1 }],
    [
      "no numbers",
      { five_hour: { utilization: "42" }, seven_day: { utilization: -1 }, seven_day_opus: null },
      {},
    ],
    [
      "families",
      {
        model_scoped: [
          { display_name: "Fable 5.2", utilization: 50 },
          { display_name: "New", utilization: 9 },
        ],
      },
      { "weekly:fable": 0.5 },
    ],
    ["something else", "text", {}],
  ])("in a usage answer: %s", (_, limits, expected) => {
    expect(figures(windowsOfUsage(limits))).toEqual(expected);
  });

  it.each([
    ["a fraction", { rateLimitType: "five_hour", utilization: 0.42 }, { "5h": 0.42 }],
    ["a little over", { rateLimitType: "five_hour", utilization: 1.02 }, { "5h": 1 }],
    [
      "another scale",
      { rateLimitType: "five_hour", utilization: 42, resetsAt: 2_000_000_000 },
      { "5h": null },
    ],
    ["a pool", { rateLimitType: "seven_day_overage_included", utilization: 0.1 }, { "weekly:fable": 0.1 }],
    ["overage", { rateLimitType: "overage", utilization: 0.1 }, {}],
    ["nothing", null, {}],
  ])("in an event: %s", (_, info, expected) => {
    expect(figures(limitsOfEvent(info).windows)).toEqual(expected);
  });

  it("waits for the latest of several closed windows", () => {
    const { rejected } = limitsOfEvent({
      status: "rejected",
      rateLimitType: "five_hour",
      resetsAt: 2_000_000_000,
      unifiedWindows: { seven_day: { status: "rejected", resetsAt: 2_000_400_000 } },
    });
    expect(rejected).toEqual({ until: 2_000_400_000_000, scope: undefined });
  });

  it("takes a rejection without a window for none of the plan's", () => {
    expect(limitsOfEvent({ status: "rejected", isUsingOverage: false }).rejected).toBeNull();
  });

  it("finds the tightest of the token limits where the provider does not", () => {
    const headers = new Headers({
      "anthropic-ratelimit-input-tokens-limit": "100",
      "anthropic-ratelimit-input-tokens-remaining": "90",
      "anthropic-ratelimit-output-tokens-limit": "100",
      "anthropic-ratelimit-output-tokens-remaining": "25",
      "anthropic-ratelimit-requests-limit": "x",
    });
    expect(figures(limitsOfHeaders(headers, "claude-sonnet-5").windows)).toEqual({ "tpm:sonnet": 0.75 });
  });
});
