import { receiptPath } from "../flow/receipt.js";
import { openPlan } from "../plan/review/open.js";
import type { PlanReview } from "../plan/review/plan-review-schema.js";
import { reviewPlan } from "../plan/review/review-plan.js";
import { printable, printableJson, printableLine } from "../printable.js";
import type { CommandContext } from "./command-line.js";

export interface PlanOptions {
  plan: string;
  receipt?: string | undefined;
  write?: boolean | undefined;
  premium: boolean;
  json?: boolean | undefined;
}

/** `sluice review --plan <id>`: exit codes as for a change. */
export async function reviewPlanAt(
  path: string,
  options: PlanOptions,
  { sluice, terminal, signal, exit }: CommandContext,
): Promise<void> {
  // A person who types a path means it: the limits on `repo` are for callers who are models.
  const own = { ...sluice, roots: async () => [path] };
  const result = await terminal.during("reviewing the plan", async (progress) => {
    const opened = await openPlan(own, { spec: options.plan, repo: path }, signal, "anywhere");
    return reviewPlan(opened, {
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
  else show(result, terminal);
  exit(planExitCode(result));
}

/** No verdict is never 0. */
function planExitCode({ verdict, stages }: PlanReview): 0 | 1 | 3 {
  if (verdict === "SHIP") return 0;
  return verdict !== null || stages.some(({ state }) => state === "issues") ? 1 : 3;
}

function show(result: PlanReview, { print, note, colours }: CommandContext["terminal"]): void {
  const painted = { passed: colours.green, issues: colours.red, skipped: colours.dim, error: colours.yellow };
  print(
    colours.dim(`${printableLine(result.spec)}, ${result.tasks} ${result.tasks === 1 ? "task" : "tasks"}`),
  );
  for (const { name, state, ms, summary } of result.stages) {
    const time = colours.dim(`${(ms / 1000).toFixed(1)} s`);
    print(`  ${painted[state](state.padEnd(8))}${name.padEnd(12)}${printableLine(summary)} ${time}`);
  }
  const place = (file: string | null, line: number | null) =>
    file === null ? "" : `${printableLine(file)}${line === null ? "" : `:${line}`}  `;
  for (const { file, line, message, source, id } of result.blockers) {
    print(`\n  ${colours.red("●")} ${place(file, line)}${printable(message)}`);
    print(colours.dim(`    ${printable([source, id].filter((part) => part !== null).join("  "))}`));
  }
  if (result.remarks !== null) {
    print(`\n${printable(result.remarks.summary)}`);
    for (const { file, line, message } of result.remarks.findings)
      print(`  ${colours.dim("○")} ${place(file, line)}${printable(message)}`);
  }
  if (result.receipt !== null) print(colours.dim(`\nreceipt: ${printableLine(result.receipt)}`));
  if (result.status_written !== null) print(colours.dim(`plan_review_status: ${result.status_written}`));
  for (const warning of result.warnings) note(`${colours.yellow("warning")}: ${printableLine(warning)}`);
  const paint =
    result.verdict === "SHIP" ? colours.green : result.verdict === null ? colours.yellow : colours.red;
  const by = result.decided_by === null ? "" : ` by ${result.decided_by}`;
  print(`\n${colours.bold(paint(result.verdict ?? "no verdict yet"))}${by}`);
  print(printable(nextStep(result)));
}

/** `next` is written for an agent, who calls tools; a person types commands. */
function nextStep(result: PlanReview): string {
  if (result.verdict === "SHIP") return "Begin with the tasks.";
  if (result.verdict === "NEEDS_WORK") return "Mend the plan, then run sluice review --plan again.";
  if (result.verdict !== null || result.review === null) return result.next;
  const premium = result.stages.find(({ name }) => name === "premium");
  return `A premium model has yet to read it: ${printableLine(premium?.summary ?? "see above")}. sluice doctor says what it takes to set one up; without one your agent can review it, by review_plan.`;
}
