import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Option } from "commander";
import { UsageError } from "../errors.js";
import { receiptPath } from "../flow/receipt.js";
import { printableJson, printableLine } from "../printable.js";
import { type ReviewResult, reviewChange, stageNames } from "../review/pipeline.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { exitCode } from "./review-code.js";
import { reviewPlanAt } from "./review-plan.js";
import { showStages, showVerdict, yetToRead } from "./review-shown.js";

export const reviewCommand: AddCommand = (program, context) => {
  const { sluice, terminal, signal, exit } = context;
  program
    .command("review")
    .description(
      "Review the change in a git repository: gates, pre-screen, fingerprint, class, route, and a premium model.",
    )
    .argument("[path]", "a folder of the repository", ".")
    .option("--base <ref>", "compare with this (default: where the branch left the default branch)")
    .option(
      "--head <ref>",
      "a ref, STAGED or WORKTREE (default: WORKTREE when something is uncommitted, else HEAD)",
    )
    .option("--task <id>", "flow task the change belongs to")
    .option("--paths <glob...>", "only files that match")
    .option("--plan <id>", "review the plan of an epic or spec instead of a change")
    .option("--write", "with --plan: write the verdict into the spec's plan_review_status")
    .option(
      "--dismiss <id=reason...>",
      "with --plan: findings of the checks that are wrong, by their id, and why",
    )
    .addOption(
      new Option(
        "--until <stage>",
        "stop after this stage (with --plan: fingerprint, prescreen or classify)",
      ).choices([...stageNames]),
    )
    .option("--no-premium", "stop before a premium model is asked")
    .option("--receipt <path>", "leave a receipt as flow-next reads it (default: REVIEW_RECEIPT_PATH)")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 SHIP (with --until: nothing against it up to there), 1 issues found or NEEDS_WORK,\n2 wrong use or configuration, 3 not decided (a premium model has yet to say).",
    )
    .action(async (path: string, options: ReviewOptions) => {
      if (!existsSync(resolve(sluice.cwd, path))) {
        throw new UsageError(
          `There is no folder ${path}.`,
          "What comes first is the folder of a repository. What to compare goes into --base and --head, for example: sluice review --base main",
        );
      }
      const { plan } = options;
      if (plan !== undefined) {
        refuse(options, ["base", "head", "task", "paths"], "A plan is reviewed as it is on disk");
        return reviewPlanAt(path, { ...options, plan }, context);
      }
      refuse(options, ["write", "dismiss"], "Only the review of a plan takes it, with --plan <id>");
      const args = {
        repo: path,
        ...(options.base === undefined ? {} : { base: options.base }),
        ...(options.head === undefined ? {} : { head: options.head }),
        ...(options.task === undefined ? {} : { task: options.task }),
        ...(options.paths === undefined ? {} : { paths: options.paths }),
        ...(options.until === undefined ? {} : { until: options.until }),
      };
      // A person who types a path means it: the limits on `repo` are for callers who are models.
      const opened = { ...sluice, roots: async () => [path] };
      const result = await terminal.during("reviewing", (progress) =>
        reviewChange(opened, args, {
          signal,
          onProgress: progress,
          receipt: receiptPath(sluice, options.receipt),
          noPremium: options.premium ? undefined : "not asked for (--no-premium)",
          // Who presses Ctrl-C at a terminal wants it to end.
          finishSent: false,
        }),
      );
      if (options.json) terminal.print(printableJson(result));
      else show(result, options.until, context);
      exit(exitCode(result, options.until));
    });
};

interface ReviewOptions {
  base?: string;
  head?: string;
  task?: string;
  paths?: string[];
  plan?: string;
  write?: boolean;
  dismiss?: string[];
  until?: (typeof stageNames)[number];
  receipt?: string;
  premium: boolean;
  json?: boolean;
}

function refuse(options: ReviewOptions, names: readonly (keyof ReviewOptions)[], why: string): void {
  const [name] = names.filter((one) => options[one] !== undefined);
  if (name !== undefined)
    throw new UsageError(`--${name} does not go with this. ${why}.`, `Leave out --${name}.`);
}

function show(result: ReviewResult, until: string | undefined, { terminal }: CommandContext): void {
  const { print, colours } = terminal;
  print(colours.dim(`${printableLine(result.trees.base)} → ${printableLine(result.trees.head)}`));
  showStages(result, terminal);
  for (const { path, reason } of result.skipped)
    print(`\n  not reviewed: ${printableLine(path)}: ${printableLine(reason)}`);
  showVerdict(result, nextStep(result, until), terminal);
}

/** `next` is written for an agent, who calls tools; a person types commands. */
function nextStep(result: ReviewResult, until: string | undefined): string {
  if (result.decided_by === "gates" || result.decided_by === "prescreen") {
    return "Fix these, then run sluice review again.";
  }
  if (result.verdict === null && until !== undefined && result.stages.length > 0) {
    return `Stopped after ${until}, as asked.`;
  }
  if (result.verdict !== null && result.decided_by === "premium") {
    return result.verdict === "SHIP" ? "Ship it." : "Work on it, then run sluice review again.";
  }
  if (result.review === null) return result.next;
  return yetToRead(result, "change", "review_change");
}
