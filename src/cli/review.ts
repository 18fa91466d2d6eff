import { Option } from "commander";
import { printable } from "../printable.js";
import { type ReviewResult, reviewChange, stageNames } from "../review/pipeline.js";
import type { AddCommand, CommandContext } from "./command-line.js";

export const reviewCommand: AddCommand = (program, context) => {
  const { sluice, terminal, signal, exit } = context;
  program
    .command("review")
    .description("Review the change in a git repository: gates, pre-screen, fingerprint, class, route.")
    .argument("[path]", "a folder of the repository", ".")
    .option("--base <ref>", "compare with this (default: where the branch left the default branch)")
    .option("--head <ref>", "a ref, STAGED or WORKTREE (default: WORKTREE when something is uncommitted, else HEAD)")
    .option("--task <id>", "flow task the change belongs to")
    .option("--paths <glob...>", "only files that match")
    .addOption(new Option("--until <stage>", "stop after this stage").choices([...stageNames]))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 SHIP (with --until: nothing against it up to there), 1 issues found or NEEDS_WORK,\n2 wrong use or configuration, 3 not decided (a premium model has yet to say).",
    )
    .action(async (path: string, options: ReviewOptions) => {
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
      const result = await terminal.during("reviewing", (progress) => reviewChange(opened, args, { signal, onProgress: progress }));
      if (options.json) terminal.print(JSON.stringify(result, null, 2));
      else show(result, context);
      exit(exitCode(result, options.until));
    });
};

interface ReviewOptions {
  base?: string;
  head?: string;
  task?: string;
  paths?: string[];
  until?: (typeof stageNames)[number];
  json?: boolean;
}

/** No verdict is never 0, unless the caller asked to stop at a stage and nothing was found up to there. */
export function exitCode(result: ReviewResult, until: string | undefined): 0 | 1 | 3 {
  if (result.verdict === "SHIP") return 0;
  if (result.verdict !== null) return 1;
  const reached = result.stages.some((stage) => stage.name === until && stage.state === "passed");
  return until !== undefined && reached ? 0 : 3;
}
