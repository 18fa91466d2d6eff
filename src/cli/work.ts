import { Option } from "commander";
import { printable, printableJson, printableLine } from "../printable.js";
import { implement, requestImplementation } from "../work/implement/implement.js";
import { backends, type Implementation } from "../work/implement/implement-schema.js";
import type { AddCommand, CommandContext } from "./command-line.js";

interface WorkOptions {
  repo: string;
  files?: string[];
  backend?: (typeof backends)[number];
  escalate?: boolean;
  apply?: boolean;
  answers?: string;
  diff?: boolean;
  json?: boolean;
}

export const workCommand: AddCommand = (program, context) => {
  const { sluice, terminal, signal, exit } = context;
  program
    .command("work")
    .description(
      "Have the local model do a task, as a proposal that is checked; your files stay as they are.",
    )
    .argument("<task>", "flow task id, a Markdown file, or the task in words")
    .option("--repo <path>", "a folder of the repository", ".")
    .option(
      "--files <path...>",
      "files that will probably change (default: as the task says, or an estimate)",
    )
    .addOption(
      new Option("--backend <name>", "who does it (default: by the task's complexity)").choices([
        ...backends,
      ]),
    )
    .option("--escalate", "let a premium model be asked, once")
    .option("--answers <text>", "answers to the questions of an earlier run")
    .option("--apply", "write what is proposed into the work tree")
    .option("--diff", "print the diff whole")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nExit code: 0 proposed (and, with --apply, applied), 1 nothing could be made or applied,\n2 wrong use or configuration, 3 a premium model or you have to decide something.",
    )
    .action(async (task: string, options: WorkOptions) => {
      const { repo, files, backend, escalate, apply, answers } = options;
      // A person who types a path means it.
      const opened = { ...sluice, roots: async () => [repo] };
      const result = await terminal.during("working", async (progress) => {
        const requested = await requestImplementation(opened, { task, repo }, signal);
        const args = { task, files, backend, escalate, apply, answers };
        return implement(requested, opened, args, { signal, onProgress: progress, finishSent: false });
      });
      if (options.json) terminal.print(printableJson(result));
      else await show(result, options.diff === true, context);
      exit(exitCode(result));
    });
};

/** A proposal that was to be applied and was not is no success. */
export function exitCode({
  outcome,
  applied,
  not_applied,
}: Pick<Implementation, "outcome" | "applied" | "not_applied">): 0 | 1 | 3 {
  if (outcome === "failed") return 1;
  if (outcome === "escalate") return 3;
  return not_applied !== null && !applied ? 1 : 0;
}

async function show(result: Implementation, whole: boolean, { terminal }: CommandContext): Promise<void> {
  const { print, note, colours } = terminal;
  const { worker, sandbox } = result;
  print(colours.dim(`${worker.backend}: ${printableLine(worker.model)} (${printableLine(worker.reason)})`));
  for (const { round, by, checks, problems } of result.rounds) {
    const stands =
      problems.length === 0 ? colours.green("nothing against it") : `${problems.length} against it`;
    print(
      `  ${round === 0 ? "patch" : `round ${round}`} ${colours.dim(printableLine(by))}  ${stands}  ${colours.dim(printableLine(checks.join(", ")))}`,
    );
    for (const problem of problems) print(colours.dim(`      ${printableLine(problem)}`));
  }
  print(colours.dim(`  stopped: ${printableLine(result.stopped)}`));
  if (sandbox.kind !== "bubblewrap")
    print(
      colours.yellow(
        sandbox.kind === "none"
          ? "  checks ran the proposal without a sandbox, as your configuration allows"
          : `  nothing of the proposal was run: ${printableLine(sandbox.why ?? "")}`,
      ),
    );
  for (const { what, value, note: why } of result.evidence)
    print(`  ${mark(value, colours)} ${what.padEnd(10)}${printableLine(why)}`);
  for (const { file, line, message } of result.findings)
    print(
      `  ${colours.red("●")} ${printableLine(file)}${line === null ? "" : `:${line}`}  ${printable(message)}`,
    );
  for (const { name, state, pre_existing, output_tail } of result.checks)
    if (state === "failed" && pre_existing !== true)
      print(`  ${colours.red("●")} ${name}\n${printable(output_tail)}`);
  if (whole && result.diff_file !== null) {
    const { readFile } = await import("node:fs/promises");
    print(`\n${printable(await readFile(result.diff_file, "utf8"))}`);
  } else if (result.diff !== null) print(`\n${printable(result.diff)}`);
  result.premium_questions.forEach(({ kind, question, options }, index) => {
    print(`\n  ${index + 1}. ${colours.yellow(kind)}  ${printable(question)}`);
    if (options.length > 0) print(colours.dim(`     ${printableLine(options.join(" / "))}`));
  });
  if (result.premium !== null)
    print(
      colours.dim(
        `\npremium: ${printableLine([result.premium.source, result.premium.model, result.premium.note].filter((part) => part !== null).join(" · "))}`,
      ),
    );
  for (const one of result.notes) note(colours.dim(printableLine(one)));
  const paint = { proposed: colours.green, escalate: colours.yellow, failed: colours.red }[result.outcome];
  const sure = result.confidence === null ? "" : `, confidence ${result.confidence.toFixed(2)}`;
  print(`\n${colours.bold(paint(result.outcome))}${sure}${result.applied ? ", applied" : ""}`);
  if (result.diff_file !== null) print(`diff: ${printableLine(result.diff_file)}`);
  if (result.context_file !== null) print(`context: ${printableLine(result.context_file)}`);
  print(printable(nextStep(result)));
}

function mark(value: number, colours: CommandContext["terminal"]["colours"]): string {
  if (value >= 0.9) return colours.green("✓");
  return value < 0.5 ? colours.red("✗") : colours.yellow("~");
}

/** `next` is written for an agent, who calls tools; a person types commands. */
function nextStep(result: Implementation): string {
  const { outcome, applied, not_applied, worker } = result;
  if (applied) return "It is in your work tree, not staged. Read it, then run sluice review.";
  if (not_applied !== null && outcome === "proposed") return `Not applied: ${not_applied}.`;
  if (outcome === "proposed")
    return "Read it, then: git apply with the diff above, or run this again with --apply.";
  if (outcome === "failed") return "See above for why, and sluice doctor for what is missing.";
  if (worker.backend === "premium")
    return "It is for a premium model: hand the context to one, or run this again with --escalate.";
  return `Answer the questions with --answers${worker.backend === "hybrid" ? ", or run this again with --escalate" : ""}.`;
}
