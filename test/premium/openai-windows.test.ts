import { describe, expect, it } from "vitest";
import { resetIn } from "../../src/premium/openai-pro/codex-failures.js";
import { rolloutFacts } from "../../src/premium/openai-pro/rollout.js";
import { codexWindows, goDuration, headerWindows } from "../../src/premium/openai-pro/windows.js";

const now = new Date(2026, 10, 22, 14, 30).getTime();
const hour = 3_600_000;

describe("what OpenAI says of quota", () => {
  it.each([
    ["120ms", 120],
    ["2s", 2_000],
    ["1m3.5s", 63_500],
    ["6m0s", 360_000],
    ["1h2m", 3_720_000],
    ["0s", 0],
    ["", null],
    ["60", null],
    ["-1s", null],
    ["1s garbage", null],
    ["9".repeat(80), null],
  ])("reads the duration %j as %s ms", (text, ms) => expect(goDuration(text)).toBe(ms));

  it.each([
    [{ limit: "500", remaining: "nonsense" }],
    [{ limit: "0", remaining: "0" }],
    [{ limit: "500", remaining: "-1" }],
    [{ limit: "500", remaining: undefined }],
  ])("takes no window from headers that say nothing: %o", ({ limit, remaining }) => {
    const headers = new Headers({ "x-ratelimit-limit-requests": limit });
    if (remaining !== undefined) headers.set("x-ratelimit-remaining-requests", remaining);
    expect(headerWindows(headers, now, "m")).toEqual([]);
  });

  it.each<[string, unknown, unknown[]]>([
    [
      "windows by their length, whatever their place",
      {
        primary: { used_percent: 17, window_minutes: 10_080, resets_at: 2_000 },
        secondary: { used_percent: 120, window_minutes: 300, resets_at: 1_000 },
      },
      [
        ["weekly", 0.17, 2_000_000, undefined],
        ["5h", 1, 1_000_000, undefined],
      ],
    ],
    [
      "a month that a provider rounds",
      { primary: { usedPercent: 1, windowDurationMins: 43_800, resetsAt: null }, secondary: null },
      [["monthly", 0.01, null, undefined]],
    ],
    [
      "another length by hours",
      { primary: { usedPercent: 50, windowDurationMins: 720, resetsAt: 5 } },
      [["12h", 0.5, 5_000, undefined]],
    ],
    [
      "seconds until a reset, as older versions wrote",
      { primary: { used_percent: 5, window_minutes: 299, resets_in_seconds: 60 } },
      [["5h", 0.05, now + 60_000, undefined]],
    ],
    [
      "a limit of one model as that model's",
      { limit_id: "codex_spark", limit_name: "GPT-Spark", primary: { used_percent: 9, window_minutes: 300 } },
      [["5h", 0.09, null, "GPT-Spark"]],
    ],
    [
      "figures that can't be as unknown",
      {
        primary: { used_percent: -3, window_minutes: 300, resets_at: -1 },
        secondary: { used_percent: Number.NaN, window_minutes: 10_080 },
      },
      [
        ["5h", null, null, undefined],
        ["weekly", null, null, undefined],
      ],
    ],
    [
      "nothing from a window without a length",
      { primary: { used_percent: 9 }, secondary: { used_percent: 9, window_minutes: 0 } },
      [],
    ],
    ["nothing from nothing", null, []],
    ["nothing from what is no snapshot", "full", []],
  ])("reads %s", (_name, snapshot, expected) => {
    const seen = codexWindows(snapshot, now, "probe");
    expect(seen.map(({ id, used, resets_at, scope }) => [id, used, resets_at, scope])).toEqual(expected);
  });

  it.each([
    ["try again at 7:10 PM.", new Date(2026, 10, 22, 19, 10).getTime()],
    ["try again at 12:05 AM.", new Date(2026, 10, 23, 0, 5).getTime()],
    ["try again at 2:30 PM.", new Date(2026, 10, 23, 14, 30).getTime()],
    ["or try again at Nov 24th, 2026 7:10 AM.", new Date(2026, 10, 24, 7, 10).getTime()],
    ["Try again in 2 days 3 hours 5 minutes.", now + 51 * hour + 300_000],
    ["try again at Nov 2nd, 2026 7:10 AM.", null],
    ["try again at some time", null],
    ["try again later.", null],
  ])("finds in %j when it ends", (message, at) => expect(resetIn(message, now)).toBe(at));
});

describe("Codex's record of a run", () => {
  const line = (type: string, payload: unknown) =>
    JSON.stringify({ timestamp: "2026-11-22T14:30:00.000Z", type, payload });
  const used = (input_tokens: number) =>
    line("token_usage_record", { usage: { input_tokens, cached_input_tokens: 1, output_tokens: 2 } });

  it("counts what came since the last turn began, over all of its calls, and the model that it ended with", () => {
    const facts = rolloutFacts(
      [
        used(1_000_000),
        line("event_msg", {
          type: "task_complete",
          error: { message: "old", codex_error_info: "unauthorized" },
        }),
        line("event_msg", { type: "task_started" }),
        line("turn_context", { model: "gpt-6.1-sol" }),
        used(10),
        used(20),
        line("event_msg", { type: "model_reroute", from_model: "gpt-6.1-sol", to_model: "gpt-5.5" }),
        line("event_msg", { type: "token_count", rate_limits: null }),
      ].join("\n"),
    );
    expect(facts).toMatchObject({
      tokens: { input: 30, cached_input: 2, output: 4 },
      model: "gpt-5.5",
      error: null,
      windows: [],
    });
  });

  it("keeps the kind and the status of an error", () => {
    const info = { response_too_many_failed_attempts: { http_status_code: 429 } };
    const facts = rolloutFacts(
      line("event_msg", { type: "task_complete", error: { message: "no", codex_error_info: info } }),
    );
    expect(facts).toMatchObject({ error: "response_too_many_failed_attempts", status: 429, message: "no" });
  });

  it("is not thrown off by what it can't read", () => {
    const torn = ['{"timestamp":', "", "[]", '{"type":1}', '{"timestamp":"x","type":"turn_context"}', "null"];
    expect(rolloutFacts(torn.join("\n"))).toMatchObject({ windows: [], tokens: null, error: null });
  });
});
