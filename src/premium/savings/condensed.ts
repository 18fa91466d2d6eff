import type { MetricsDay } from "../../state/metrics.js";
import type { Savings } from "./savings-schema.js";

/** A stage's part in what was saved. */
export type StageSaved = Savings["tokens_saved"]["by_stage"][number];

/** What a premium agent need not read: originals less what it got in their place. */
export function condensedStages(days: readonly MetricsDay[]): StageSaved[] {
  return (["reanchor", "scouts"] as const).flatMap((stage) => {
    const found = days.flatMap(({ condensed }) => condensed[stage] ?? []);
    const all = (pick: (one: (typeof found)[number]) => number) =>
      found.reduce((sum, one) => sum + pick(one), 0);
    const calls = all(({ times }) => times);
    if (calls === 0) return [];
    return [
      {
        stage,
        calls,
        calls_low: all(({ tasks }) => tasks),
        low: Math.max(
          0,
          all(({ task_originals, task_summaries }) => task_originals - task_summaries),
        ),
        high: Math.max(
          0,
          all(({ originals, summaries }) => originals - summaries),
        ),
        measured: calls,
      },
    ];
  });
}

/** What the figures of these stages take for granted, as sentences that begin with a space. */
export function assumedOf(stages: readonly StageSaved[]): string {
  const has = (name: string) => stages.some(({ stage }) => stage === name);
  return [
    has("reanchor")
      ? " A worker would have read the originals of each re-anchored task whole, each time (high) or once (low), instead of the summary."
      : "",
    has("scouts")
      ? " Each scout that answered from its cache would have been gathered for anew by a premium model (high), or not at all (low)."
      : "",
  ].join("");
}
