import { describe, expect, it } from "vitest";
import { perCase, share } from "../../../src/premium/savings/rates.js";
import { type Evidence, savingsOf } from "../../../src/premium/savings/savings.js";
import { seriesOf } from "../../../src/premium/savings/series.js";
import { classOfProblem } from "../../../src/problem-class.js";
import type { MetricEvent } from "../../../src/state/metrics.js";
import { metricsState } from "../../../src/state/metrics-rollup.js";
import { emptySource, quotaState } from "../../../src/state/quota-shape.js";
import { history, hour, now, premium, review } from "./histories.js";

const day = 24 * hour;

function evidence(metrics = metricsState.parse({}), more: Partial<Evidence> = {}): Evidence {
  return {
    metrics,
    readings: metrics.quota,
    quota: quotaState.parse({}),
    configured: [],
    now,
    days: 30,
    ...more,
  };
}

const figures = (events: readonly MetricEvent[]) => savingsOf(evidence(history(events)));

describe("synthetic histories", () => {
  const table: [string, MetricEvent[], (figures: ReturnType<typeof savingsOf>) => unknown, unknown][] = [
    [
      "nothing at all",
      [],
      (one) => [one.tasks.reviewed, one.catch_rate.value, one.targets.map(({ state }) => state)],
      [0, null, ["not_enough", "not_enough", "not_enough"]],
    ],
    [
      "a gate, then the pre-screen, then a SHIP: two free of two sent back, one call",
      [
        ...review("t1", "a", { ended: "gates" }),
        ...review("t1", "b", { ended: "prescreen" }),
        ...review("t1", "c", { ended: "premium", context: 10_000 }),
        ...premium("t1", "c", "SHIP"),
      ],
      (one) => [
        one.catch_rate.count,
        one.catch_rate.of,
        one.premium_calls_per_task.value,
        one.first_pass.value,
        one.tasks,
      ],
      [2, 2, 1, 1, { reviewed: 1, shipped: 1, without_premium: 0, one_call: 1, more_calls: 0 }],
    ],
    [
      "the same change sent back by the same stage counts once",
      [...review("t1", "a", { ended: "prescreen" }), ...review("t1", "a", { ended: "prescreen" })],
      (one) => [one.sent_back_by, one.tokens_saved.by_stage.map(({ calls }) => calls)],
      [{ prescreen: 1 }, [0, 1, 0]],
    ],
    [
      "a task that is re-anchored twice saves once at least; a scout saves only from its cache, and may save nothing",
      [
        ...[5_000, 4_000].map((originals_tokens) => ({
          kind: "work" as const,
          tool: "reanchor_task",
          about: { task: "t1" },
          outcome: "extract",
          originals_tokens,
          summary_tokens: 1_000,
          ms: 5,
        })),
        ...[false, true].map((cached) => ({
          kind: "work" as const,
          tool: "run_scout",
          part: "repo",
          about: {},
          outcome: "condensed",
          cached,
          originals_tokens: 3_000,
          summary_tokens: 500,
          ms: 5,
        })),
      ],
      ({ tokens_saved: { low, high, by_stage }, work, tasks }) => [
        low,
        high,
        by_stage.slice(3).map((one) => [one.stage, one.calls_low, one.calls, one.low, one.high]),
        work.map(({ tool, done, cached }) => [tool, done, cached]),
        tasks.reviewed,
      ],
      [
        4_000,
        9_500,
        [
          ["reanchor", 1, 2, 4_000, 7_000],
          ["scouts", 0, 1, 0, 2_500],
        ],
        [
          ["reanchor_task", 2, 0],
          ["run_scout", 2, 1],
        ],
        0,
      ],
    ],
    [
      "three rounds in a row are three calls at most and one at least",
      ["a", "b", "c"].flatMap((change) => review("t1", change, { ended: "prescreen" })),
      ({ tokens_saved: { by_stage } }) => by_stage[1],
      { stage: "prescreen", calls: 3, calls_low: 1, low: null, high: null, measured: 0 },
    ],
    [
      "tokens: the measured context, the mean where it is missing, and what calls took beyond",
      [
        // Its own context is known from the review before.
        ...review("t1", "a", { ended: "premium", context: 8_000 }),
        ...premium("t1", "a", "NEEDS_WORK", { tokens: 10_000, context: 8_000 }),
        ...review("t1", "b", { ended: "prescreen" }),
        // Nothing is known: the mean of 8,000, 12,000 and 10,000.
        ...review("t2", "c", { ended: "gates" }),
        ...review("t3", "d", { ended: "premium", context: 12_000 }),
        ...premium("t3", "d", "SHIP", { tokens: 13_000, context: 12_000 }),
        ...review("t4", "e", { ended: "premium", context: 10_000 }),
        ...premium("t4", "e", "SHIP", { tokens: 13_000, context: 10_000 }),
      ],
      ({ tokens_saved: { low, high, context_tokens, extra_tokens } }) => [
        low,
        high,
        context_tokens,
        extra_tokens,
      ],
      // Beyond their contexts calls took 2,000, 1,000 and 3,000: 8,000 + 2,000, and 10,000 + 2,000.
      [22_000, 22_000, 10_000, 2_000],
    ],
    [
      "an unchanged change that is asked for again and again: one call at least, all at most",
      [
        ...review("t1", "a", { ended: "premium", context: 5_000 }),
        ...premium("t1", "a", "SHIP"),
        ...review("t1", "a", { ended: "fingerprint" }),
        ...review("t1", "a", { ended: "fingerprint" }),
      ],
      ({ tokens_saved: { by_stage }, fingerprint_skips }) => [by_stage[2], fingerprint_skips.value],
      [{ stage: "fingerprint", calls: 2, calls_low: 1, low: 5_000, high: 10_000, measured: 2 }, 0.667],
    ],
    [
      "what a premium model sends back after a clean pre-screen is an escape, and no catch",
      [
        ...review("t1", "a", { ended: "premium" }),
        ...premium("t1", "a", "NEEDS_WORK", { blockers: { concurrency: 2 } }),
      ],
      (one) => [one.escapes, one.catch_rate.value, one.sent_back_by, one.first_pass.value],
      [{ concurrency: 2 }, 0, { premium: 1 }, 0],
    ],
    [
      "an agent's own verdict on a change that the pre-screen passed is an escape, too",
      [
        ...review("t1", "a"),
        {
          kind: "verdict",
          about: { task: "t1", change: "a" },
          verdict: "NEEDS_WORK",
          by: "agent",
          source: null,
          model: null,
          blockers: { logic: 1 },
          prescreen: null,
        },
        {
          kind: "verdict",
          about: { task: "t1", change: "b" },
          verdict: "NEEDS_WORK",
          by: "agent",
          source: null,
          model: null,
          blockers: { logic: 1 },
          prescreen: null,
        },
      ],
      (one) => [one.escapes, one.sent_back_by, one.notes.some((note) => note.startsWith("2 verdicts were"))],
      [{ logic: 1 }, { agent: 2 }, true],
    ],
    [
      "one state of a change, sent back by each free stage in turns, is one change sent back and one call",
      [
        ...review("t1", "a", { ended: "gates" }),
        ...review("t1", "a", { ended: "prescreen" }),
        ...review("t1", "a", { ended: "gates" }),
        ...review("t1", "b", { ended: "premium" }),
        ...premium("t1", "b", "NEEDS_WORK"),
        ...premium("t1", "b", "NEEDS_WORK"),
      ],
      (one) => [one.sent_back_by, one.catch_rate.value, one.tokens_saved.by_stage.map(({ calls }) => calls)],
      [{ gates: 1, premium: 1 }, 0.5, [1, 0, 0]],
    ],
    [
      "dismissed over raised",
      [
        { kind: "findings", about: {}, raised: { "null-access": 6, syntax: 2 }, dismissed: {} },
        { kind: "findings", about: {}, raised: {}, dismissed: { "null-access": 2 } },
      ],
      (one) => [one.false_alarms.count, one.false_alarms.of, one.false_alarms.value],
      [2, 8, 0.25],
    ],
    [
      "without a task, a branch is one until a SHIP, and another one after it",
      [
        ...review(null, "a", { branch: "main", ended: "premium" }),
        ...premium(null, "a", "NEEDS_WORK", { branch: "main" }),
        ...review(null, "b", { branch: "main", ended: "premium" }),
        ...premium(null, "b", "SHIP", { branch: "main" }),
        ...review(null, "b", { branch: "main", ended: "fingerprint" }),
        ...review(null, "c", { branch: "main", ended: "gates" }),
      ],
      (one) => [one.tasks.reviewed, one.tasks.more_calls, one.premium_calls_per_task.value],
      [2, 1, 1],
    ],
    [
      "calls told of by record_usage count; those for a plan count, but a plan is no task",
      [
        ...review("t1", "a"),
        { kind: "usage", source: "claude_max", model: null, tokens: 500 },
        {
          kind: "premium_call",
          about: { task: "fn-1" },
          purpose: "plan_review",
          source: "copilot",
          model: "m",
          outcome: "answered",
          tokens: 100,
          context_tokens: 90,
          ms: 1,
        },
        {
          kind: "premium_call",
          about: { task: "t1" },
          purpose: "review",
          source: "copilot",
          model: "m",
          outcome: "timeout",
          tokens: null,
          context_tokens: 90,
          ms: 1,
        },
      ],
      (one) => [one.premium_calls_per_task.count, one.premium_calls_per_task.of, one.premium],
      [
        2,
        1,
        {
          answered: 1,
          failed: 1,
          told: 1,
          tokens: 600,
          by_source: [{ source: "copilot", answered: 1, failed: 1, tokens: 100 }],
          by_purpose: { plan_review: 1 },
        },
      ],
    ],
  ];
  it.each(table)("%s", (_name, events, pick, expected) => {
    expect(pick(figures(events))).toEqual(expected);
  });

  it("that are too short are not enough, and say of how many", () => {
    const few = figures(["a", "b", "c", "d"].flatMap((task) => review(task, task, { ended: "gates" })));
    expect(few.catch_rate).toMatchObject({ value: 1, count: 4, of: 4, enough: false });
    expect(few.targets.map(({ state }) => state)).toEqual(["not_enough", "not_enough", "not_enough"]);
    const more = figures(["a", "b", "c", "d", "e"].flatMap((task) => review(task, task, { ended: "gates" })));
    expect(more.catch_rate).toMatchObject({ value: 1, low: 0.566, high: 1, enough: true });
    expect(more.targets.map(({ state }) => state)).toEqual(["not_enough", "met", "met"]);
    expect(more.summary).toContain("5 tasks reviewed");
  });

  it("end with the days that are asked for, and leave out a future that a wrong clock made", () => {
    const events = [
      { at: now - 40 * day, event: review("old", "a")[0] },
      { at: now - 2 * day, event: review("new", "a")[0] },
      { at: now + 400 * day, event: review("ahead", "a")[0] },
    ].flatMap(({ at, event }) => (event === undefined ? [] : [{ at, event }]));
    const of = (days: number) => savingsOf(evidence(history(events), { days }));
    expect(of(30).reviews.total).toBe(1);
    expect(of(60).reviews.total).toBe(2);
    expect(of(1).reviews.total).toBe(0);
    expect(of(30).notes.join()).toContain("a clock was wrong");
  });

  it("count the same whatever the order that clocks which go back make of their times", () => {
    const events = [
      ...review("t1", "a", { ended: "gates" }),
      ...review("t1", "b", { ended: "premium", context: 10 }),
      ...premium("t1", "b", "SHIP"),
    ];
    const forth = history(events.map((event, index) => ({ at: now - (9 - index) * hour, event })));
    const back = history(events.map((event, index) => ({ at: now - (index + 1) * hour, event })));
    const of = (metrics: typeof forth) => savingsOf(evidence(metrics));
    expect(of(back)).toEqual({ ...of(forth), period: of(back).period });
  });
});

describe("days that a week of quota lasts", () => {
  const source = (used: number | null, elapsed: number, more: object = {}) => ({
    ...emptySource(),
    windows: {
      weekly: {
        used,
        resets_at: now + (1 - elapsed) * 7 * day,
        window_ms: 7 * day,
        observed_at: now,
        provenance: "probe" as const,
        tokens_since: 0,
        ...more,
      },
    },
  });
  const quotaOf = (sources: Record<string, ReturnType<typeof source>>) =>
    savingsOf(
      evidence(undefined, {
        quota: { ...quotaState.parse({}), sources },
        configured: ["claude_max", "copilot", "openai_pro"],
      }),
    ).quota;

  it.each([
    ["just enough", source(0.5, 0.5), 7, 6.931, 7.071],
    ["twice too fast", source(0.8, 0.4), 3.5, 3.478, 3.522],
    ["slow", source(0.1, 0.5), 35, 33.333, 36.842],
    ["nothing to go by yet", source(0.5, 0.05), null, null, null],
    ["hardly used", source(0.01, 0.5), null, null, null],
    ["unknown", source(null, 0.5), null, null, null],
    ["over", source(0.5, 1.1), null, null, null],
    // The figure is of when it was read, not of now.
    ["read half a week ago", source(0.25, 0.75, { observed_at: now - 3.5 * day }), 7, 6.863, 7.143],
  ])("%s", (_name, claude_max, days, low, high) => {
    expect(quotaOf({ claude_max }).sources[0]).toMatchObject({ days, low, high });
  });

  it("are pooled by use, without those that nobody has read", () => {
    const { pooled } = quotaOf({ claude_max: source(0.5, 0.5), copilot: source(0.8, 0.2) });
    // One week in a week and four weeks in a week: two weeks last 14 / 5 days.
    expect(pooled.days).toBe(2.8);
    expect(pooled.why).toBe("claude_max, copilot; without openai_pro");
    expect(quotaOf({}).pooled).toMatchObject({ days: null, why: "not enough yet of any source" });
  });
});

describe("intervals", () => {
  it("are Wilson's for shares and Byar's for calls per task", () => {
    expect(share(7, 10)).toMatchObject({ value: 0.7, low: 0.397, high: 0.892 });
    expect(share(0, 10)).toMatchObject({ value: 0, low: 0, high: 0.278 });
    expect(share(0, 0)).toMatchObject({ value: null, low: null, enough: false });
    // Exact (chi-square): 4.795 and 18.390 of 10 events.
    expect(perCase(10, 10)).toMatchObject({ value: 1, low: 0.479, high: 1.839 });
    expect(perCase(0, 10)).toMatchObject({ value: 0, low: 0 });
  });
});

describe("classes of problems", () => {
  it.each([
    ["The query is built by concatenation: SQL injection.", "security"],
    ["Two requests race for the counter.", "concurrency"],
    ["The promise is not awaited, so await it.", "missing-await"],
    ["`user` may be undefined here.", "null-access"],
    ["Off-by-one: the last element is left out.", "off-by-one"],
    ["The error is swallowed.", "error-handling"],
    ["The file handle is never closed.", "resource-leak"],
    ["Condition is inverted.", "logic"],
    ["Requirement R2 is not met by this change.", "specification"],
    ["Hmm.", "other"],
    ["", "other"],
  ])("%s", (text, expected) => {
    expect(classOfProblem(text)).toBe(expected);
  });

  it("are told of a hostile text in no time", () => {
    const before = performance.now();
    classOfProblem("a".repeat(5_000_000));
    expect(performance.now() - before).toBeLessThan(200);
  });
});

describe("what is plotted", () => {
  it("marks resets where a window began anew, also when nobody said when", () => {
    const reading = (
      at: number,
      used: number,
      resets_at: number | null,
    ): { at: number; event: MetricEvent } => ({
      at,
      event: { kind: "quota", source: "claude_max", window: "weekly", used, resets_at },
    });
    const metrics = history([
      reading(now - 5 * day, 0.8, now - 4 * day),
      reading(now - 3 * day, 0.1, null),
      reading(now - 2 * day, 0.5, null),
      reading(now - day, 0.05, now + 6 * day),
      // A clock that went back: it stands where its time says.
      reading(now - 2.5 * day, 0.3, null),
      reading(now - 20 * day, 0.9, null),
      reading(now + 20 * day, 0.9, null),
    ]);
    expect(seriesOf(evidence(metrics)).quota).toEqual([
      {
        source: "claude_max",
        window: "weekly",
        long: true,
        readings: [
          { at: now - 5 * day, used: 0.8 },
          { at: now - 3 * day, used: 0.1 },
          { at: now - 2.5 * day, used: 0.3 },
          { at: now - 2 * day, used: 0.5 },
          { at: now - day, used: 0.05 },
        ],
        resets: [now - 4 * day, now - day],
        next_reset: now + 6 * day,
      },
    ]);
  });

  it("puts every task into one stretch of time", () => {
    const events = [0.5, 3.5, 29.5, 30.5].flatMap((ago, index) =>
      [...review(`t${index}`, "a"), ...premium(`t${index}`, "a", "SHIP")].map((event) => ({
        at: now - ago * day,
        event,
      })),
    );
    const steps = seriesOf(evidence(history(events))).calls_per_task;
    expect(steps).toHaveLength(10);
    expect(steps.map(({ tasks }) => tasks)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(steps.at(-1)).toEqual({ from: "2026-11-20", to: "2026-11-22", tasks: 1, calls: 1, value: 1 });
  });

  it.each([1, 7, 30, 31, 200])("of %i days is what the figures of those days count", (days) => {
    // Hours around the beginning of the time and around now; a clock that is ahead by some hours.
    const events = [-1, 0, 1, 11, 13, 20].flatMap((hours) =>
      [0, days - 1, days].flatMap((ago) => {
        const at = now + 6 * hour - ago * day - hours * hour;
        const task = `t${at}`;
        return [...review(task, "a"), ...premium(task, "a", "NEEDS_WORK", { blockers: { logic: 1 } })].map(
          (event) => ({ at, event }),
        );
      }),
    );
    const all = evidence(history(events), { days });
    const { tasks, escapes, period } = savingsOf(all);
    const { calls_per_task: steps, escapes: listed } = seriesOf(all);
    expect(tasks.reviewed).toBeGreaterThan(0);
    expect(steps.reduce((sum, step) => sum + step.tasks, 0)).toBe(tasks.reviewed);
    expect({ logic: listed.length }).toEqual(escapes);
    expect([steps.at(0)?.from, steps.at(-1)?.to]).toEqual([period.from, period.to]);
  });
});
