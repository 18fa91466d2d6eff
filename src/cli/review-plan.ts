import { UsageError } from "../errors.js";
import { receiptPath } from "../flow/receipt.js";
import { openPlan } from "../plan/review/open.js";
import { type PlanReview, planStageNames } from "../plan/review/plan-review-schema.js";
import { reviewPlan } from "../plan/review/review-plan.js";

import { printableJson, printableLine } from "../printable.js";
import type { CommandContext } from "./command-line.js";
import { exitCode } from "./review-code.js";
import { showStages, showVerdict, yetToRead } from "./review-shown.js";

export interface PlanOptions {
  plan: string;
  until?: string | undefined;
  /** Each `id=reason`. */
  dismiss?: readonly string[] | undefined;
  receipt?: string | undefined;
  write?: boolean | undefined;
  premium: boolean;
  json?: boolean | undefined;
}

/**
 * `sluice review --plan <id>`: exit codes as for a change.
 *
 * @throws UsageError for a stage that plans don't have, or a dismissal without a reason
 */
export async function reviewPlanAt(
  path: string,
  options: PlanOptions,
  { sluice, terminal, signal, exit }: CommandContext,
): Promise<void> {
  const until = stageOf(options.until);
  const dismiss = (options.dismiss ?? []).map(dismissalOf);
  // A person who types a path means it: the limits on `repo` are for callers who are models.
  const own = { ...sluice, roots: async () => [path] };
  const result = await terminal.during("reviewing the plan", async (progress) => {
    const opened = await openPlan(own, { spec: options.plan, repo: path }, signal, "anywhere");
    return reviewPlan(opened, {
      until,
      dismiss,
      write: options.write,
      signal,
      onProgress: progress,
      receipt: receiptPath(sluice, options.receipt),
      noPremium: options.premium ? undefined : "not asked for (--no-premium)",
      // Who presses Ctrl-C at a terminal wants it to end.
      finishSent: false,
    });
  });
  if (options.json) terminal.print(printableJson(result));
  else show(result, until, terminal);
  exit(exitCode(result, until));
}

function stageOf(given: string | undefined): (typeof planStageNames)[number] | undefined {
  const known = planStageNames.find((name) => name === given);
  if (given !== undefined && known === undefined) {
    throw new UsageError(
      `The review of a plan has no stage ${given}.`,
      `With --plan, --until takes ${planStageNames.join(", ")}.`,
    );
  }
  return known;
}

function dismissalOf(given: string): { id: string; reason: string } {
  const [, id = "", reason = ""] = /^([0-9a-f]{6,64})=([\s\S]*)$/.exec(given.trim()) ?? [];
  if (id === "" || reason.trim() === "") {
    throw new UsageError(
      `--dismiss takes the id of a finding and the reason why it is wrong, not ${printableLine(JSON.stringify(given.slice(0, 80)))}.`,
      'For example: --dismiss "1f2e3d4c5b6a=the figure stands in the task". The id stands below each finding.',
    );
  }
  return { id, reason: reason.trim().slice(0, 2_000) };
}

function show(result: PlanReview, until: string | undefined, terminal: CommandContext["terminal"]): void {
  const { print, colours } = terminal;
  print(
    colours.dim(`${printableLine(result.spec)}, ${result.tasks} ${result.tasks === 1 ? "task" : "tasks"}`),
  );
  showStages(result, terminal);
  if (result.status_written !== null) print(colours.dim(`plan_review_status: ${result.status_written}`));
  showVerdict(result, nextStep(result, until), terminal);
}

/** `next` is written for an agent, who calls tools; a person types commands. */
function nextStep(result: PlanReview, until: string | undefined): string {
  const { verdict, decided_by: by, spec } = result;
  const again = `then run sluice review --plan ${spec} again`;
  if (by === "prescreen")
    return `Mend the plan, ${again}. A finding that is wrong: --dismiss "<its id>=<why>".`;
  if (verdict === null && result.attested === null && until !== undefined)
    return `Stopped after ${until}, as asked.`;
  if (verdict === "SHIP") return "Begin with the tasks.";
  if (verdict === "NEEDS_WORK") return `Mend the plan, ${again}.`;
  if (verdict === "MAJOR_RETHINK")
    return "The approach cannot work as it is: read the blockers, and plan anew.";
  if (verdict === "NEEDS_HUMAN") return "The reviewer leaves it to a person: decide, and say so in the plan.";
  if (result.review === null) return result.next;
  return yetToRead(result, "plan", "review_plan");
}
