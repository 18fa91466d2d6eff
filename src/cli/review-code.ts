/** What an exit code is made of: the same for the review of a change and of a plan. */
export interface Reviewed {
  verdict: string | null;
  stages: readonly { name: string; state: "passed" | "issues" | "skipped" | "error" }[];
  /** Of a change: files that could not be taken into it. */
  skipped?: readonly object[];
}

/**
 * No verdict is never 0, unless the caller asked to stop at a stage, that stage really passed, and nothing before it
 * spoke against what is reviewed or failed to speak.
 */
export function exitCode({ verdict, stages, skipped = [] }: Reviewed, until: string | undefined): 0 | 1 | 3 {
  if (verdict === "SHIP") return 0;
  if (verdict !== null || stages.some(({ state }) => state === "issues")) return 1;
  if (until === undefined || stages.some(({ state }) => state === "error")) return 3;
  // Something changed, and nobody can see it.
  const nothingToReview = stages.length === 0 && skipped.length === 0;
  return nothingToReview || stages.some(({ name, state }) => name === until && state === "passed") ? 0 : 3;
}
