import { printableLine } from "../../printable.js";
import { type BreakdownAnswer, proposalsOf } from "./answer.js";
import { type Ground, type Settled, settle } from "./settle.js";
import type { Proposal } from "./types.js";

export type Prompt = "plan-tasks" | "plan-tasks-again";

/** Whoever breaks a spec down: a model here or elsewhere. Never throws for what it does. */
export interface Planner {
  writtenBy: "local-model" | "premium";
  /** Whether it may be shown what is wrong, once: a premium model is asked once only. */
  twice: boolean;
  ask(prompt: Prompt, data: string): Promise<{ value: BreakdownAnswer } | { why: string }>;
}

/** What a model made of a spec; `settled` is null when it gave no answer that can be used. */
export interface Proposed {
  settled: Settled | null;
  notes: string[];
}

const mostProblems = 24;

/**
 * Has a model break a spec down. What does not hold is shown to it once; of the two answers the one with less wrong is
 * taken, and what is still wrong stays flagged.
 *
 * @param data what the model is shown
 */
export async function proposeTasks(
  planner: Planner,
  data: string,
  ground: Ground,
  onProgress: (message: string) => void,
): Promise<Proposed> {
  const first = await planner.ask("plan-tasks", data);
  if ("why" in first) return { settled: null, notes: [first.why] };
  const proposals = proposalsOf(first.value);
  const settled = settle(proposals, ground);
  if (settled.problems.length === 0 || !planner.twice) return usable(settled, []);
  onProgress(`asking again, ${settled.problems.length} things do not hold`);
  const again = await planner.ask("plan-tasks-again", mending(proposals, settled.problems, data));
  if ("why" in again) return usable(settled, [`what does not hold was not mended: ${again.why}`]);
  const second = settle(proposalsOf(again.value), ground);
  return usable(better(second, settled) ? second : settled, []);
}

function usable(settled: Settled, notes: string[]): Proposed {
  if (settled.tasks.length > 0 || settled.duplicates.length > 0) return { settled, notes };
  return { settled: null, notes: [...notes, "the model's answer had no task that can be used"] };
}

/** Fewer things wrong, and not by leaving out what the spec wants. */
function better(one: Settled, other: Settled): boolean {
  if (one.tasks.length === 0) return false;
  if (one.uncovered.length !== other.uncovered.length) return one.uncovered.length < other.uncovered.length;
  return one.problems.length <= other.problems.length;
}

function mending(proposals: readonly Proposal[], problems: readonly string[], data: string): string {
  const told = proposals
    .slice(0, 30)
    .map(({ dependsOn, ...task }, index) => ({ number: index + 1, ...task, depends_on: dependsOn }));
  const listed = problems.slice(0, mostProblems).map((problem) => `- ${printableLine(problem)}`);
  const more = problems.length - listed.length;
  return [
    "== What does not hold",
    [...listed, ...(more > 0 ? [`- and ${more} more of the same kinds`] : [])].join("\n"),
    "== Your tasks",
    JSON.stringify(told).slice(0, 40_000),
    data,
  ].join("\n\n");
}
