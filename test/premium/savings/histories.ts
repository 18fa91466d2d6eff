import type { MetricEvent } from "../../../src/state/metrics.js";
import { metricEvent } from "../../../src/state/metrics-events.js";
import { addEvents, type Metrics, metricsState } from "../../../src/state/metrics-rollup.js";

export const now = Date.UTC(2026, 10, 22, 12);
export const hour = 3_600_000;

/** What is known after some events, one a minute up to now unless they say when. */
export function history(events: readonly (MetricEvent | { at: number; event: MetricEvent })[]): Metrics {
  const state = metricsState.parse({});
  const timed = events.map((one, index) =>
    "event" in one
      ? { at: one.at, event: metricEvent.parse(one.event) }
      : { at: now - (events.length - index) * 60_000, event: metricEvent.parse(one) },
  );
  addEvents(state, timed);
  return state;
}

interface ReviewOf {
  ended?: "gates" | "prescreen" | "fingerprint" | "premium" | null;
  context?: number | null;
  branch?: string;
}

/** A review as the pipeline records it. */
export function review(
  task: string | null,
  change: string,
  { ended = null, context = null, branch }: ReviewOf = {},
): MetricEvent[] {
  const about = { task, branch: branch ?? null, change };
  const screened =
    ended === "gates"
      ? []
      : [
          {
            name: "prescreen",
            state: ended === "prescreen" ? "issues" : "passed",
            ms: 2_000,
            sent_back: ended === "prescreen",
          } as const,
        ];
  return [
    {
      kind: "review",
      about,
      verdict: null,
      decided_by: ended,
      class: null,
      stages: [
        {
          name: "gates",
          state: ended === "gates" ? "issues" : "passed",
          ms: 1_000,
          sent_back: ended === "gates",
        },
        ...screened,
      ],
      context_tokens: context,
      ms: 3_000,
    },
    ...(ended === "gates" || ended === "prescreen"
      ? []
      : [
          {
            kind: "fingerprint",
            about,
            decision: ended === "fingerprint" ? "skip" : "review",
            reason: ended === "fingerprint" ? "unchanged_since_ship" : "changed",
          } as const,
        ]),
  ];
}

/** A premium call and its verdict. */
export function premium(
  task: string | null,
  change: string,
  verdict: "SHIP" | "NEEDS_WORK",
  {
    tokens = 12_000,
    context = 10_000,
    blockers = {} as Record<string, number>,
    branch = null as string | null,
  } = {},
): MetricEvent[] {
  const about = { task, branch, change };
  const who = { source: "claude_max", model: "opus" };
  return [
    {
      kind: "premium_call",
      about,
      purpose: "review",
      ...who,
      outcome: "answered",
      tokens,
      context_tokens: context,
      ms: 60_000,
    },
    { kind: "verdict", about, verdict, by: "sluice", ...who, blockers, prescreen: "clean" },
  ];
}
