import type { Project } from "../flow/project.js";
import { openProject } from "../flow/project.js";
import { printable, printableJson, printableLine } from "../printable.js";
import type { TaskClassification } from "../work/classify/classify-schema.js";
import { classifyTask } from "../work/classify/classify-task.js";
import { reanchorPage } from "../work/reanchor/page.js";
import { openNamedTask, reanchorTask } from "../work/reanchor/reanchor-task.js";
import type { AddCommand, CommandContext } from "./command-line.js";

export const taskCommand: AddCommand = (program, context) => {
  const { sluice, terminal, signal } = context;
  program
    .command("task")
    .description("How hard a task is, who should do it, and what to read before the first edit.")
    .argument("<task>", "flow task id, path of a Markdown file in the repository, or the task in words")
    .argument("[path]", "a folder of the repository", ".")
    .option(
      "--files <path...>",
      "files that will probably change (default: those the spec names, or an estimate)",
    )
    .option("--json", "print the result as JSON")
    .action(async (named: string, path: string, options: { files?: string[]; json?: boolean }) => {
      // A person who types a path means it: the limits on `repo` are for callers who are models.
      const opened = { ...sluice, roots: async () => [path] };
      const project: Project = await openProject(opened, path, signal);
      const result = await terminal.during("reading the task", async (progress) => {
        const there = await openNamedTask(project, opened, named, signal);
        const asked = { task: named, files: options.files, opened: there, signal };
        const classification = await classifyTask(project, opened, asked);
        const anchor = await reanchorTask(project, opened, { ...asked, onProgress: progress });
        return { classification, anchor };
      });
      if (options.json) {
        terminal.print(printableJson(result));
        return;
      }
      const { originals, summary } = result.anchor.tokens;
      terminal.print(printable(reanchorPage(result.anchor)));
      showClass(result.classification, context);
      const by = result.anchor.written_by === "extract" ? "the spec's own sentences" : "a local model";
      terminal.print(
        terminal.colours.dim(
          `\n${summary} tokens instead of ${originals}, by ${by}${result.anchor.cached ? " (kept)" : ""}`,
        ),
      );
    });
};

function showClass(result: TaskClassification, { terminal }: CommandContext): void {
  const { print, colours } = terminal;
  const { level, indicators, worker } = result;
  const paint = level === "HIGH" ? colours.red : level === "MEDIUM" ? colours.yellow : colours.green;
  print(`${colours.bold(paint(level))}`);
  for (const [name, { present, evidence, more }] of Object.entries(indicators)) {
    if (!present) continue;
    print(`  ${name.replaceAll("_", " ")}`);
    for (const { what, quote, path, line } of evidence) {
      const place = path === null || path === quote ? "" : `${path}${line === null ? "" : `:${line}`}  `;
      print(
        `    ${colours.dim(printableLine(place))}${printableLine(what)} ${colours.dim(`“${printableLine(quote)}”`)}`,
      );
    }
    if (more > 0) print(colours.dim(`    and ${more} more`));
  }
  const models = [...new Set([worker.model, worker.premium_model])].filter((model) => model !== null);
  print(`worker: ${worker.backend}, ${printableLine(models.join(" then "))}`);
  print(colours.dim(`  ${printableLine(worker.reason)}`));
  if (worker.instead !== null) print(`  ${printableLine(worker.instead)}`);
  for (const line of worker.advice) print(colours.dim(`  ${line}`));
  for (const one of result.notes) print(colours.dim(`  ${printableLine(one)}`));
}
