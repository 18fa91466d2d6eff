import { resolve } from "node:path";
import { UsageError } from "../errors.js";
import { openProject } from "../flow/project.js";
import { gatherEvidence, savingsOf } from "../premium/savings/savings.js";
import { defaultDays } from "../premium/savings/savings-schema.js";
import { seriesOf } from "../premium/savings/series.js";
import { printable, printableJson } from "../printable.js";
import { foldMetrics } from "../state/metrics.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { showEscapes, showReport } from "./report/show.js";

interface Options {
  days: string;
  escapes?: boolean;
  json?: boolean;
  html?: string;
}

export const reportCommand: AddCommand = (program, context) => {
  program
    .command("report")
    .description(
      "What Sluice saved: premium calls per task, tokens, what free stages caught, how long quota lasts.",
    )
    .argument("[path]", "a folder of a repository", ".")
    .option("--days <n>", "the last so many days (1 to 200)", String(defaultDays))
    .option("--escapes", "what reviewers sent back though the pre-screen had passed it, by class")
    .option("--json", "print it as JSON")
    .option("--html <file>", "write it as a page with plots; replaces only a page that it wrote itself")
    .action(async (path: string, options: Options) => {
      await report(context, path, options);
    });
};

async function report(
  { sluice, terminal, signal }: CommandContext,
  path: string,
  options: Options,
): Promise<void> {
  const days = Number(options.days);
  if (!Number.isInteger(days) || days < 1 || days > 200)
    throw new UsageError(`--days can't be ${options.days}.`, "It is a whole number of days, 1 to 200.");
  // A person who types a path means it: the limits on `repo` are for callers who are models.
  const own = { ...sluice, roots: async () => [path] };
  const { store, config } = await openProject(own, path, signal);
  await foldMetrics(store, sluice, { wait: 1_000 });
  const evidence = await gatherEvidence(sluice, { store, config, days });
  const savings = savingsOf(evidence);
  const series = seriesOf(evidence);
  if (options.html !== undefined) {
    const { writePage } = await import("./report/page.js");
    const file = resolve(sluice.cwd, options.html);
    await writePage(file, { savings, series, now: evidence.now });
    terminal.note(`Wrote ${printable(file)}.`);
  }
  // Of a terminal; else what a caller says, as for other programs.
  const columns = process.stdout.columns ?? (Number(sluice.env.COLUMNS) || 80);
  if (options.json) terminal.print(printableJson({ ...savings, series }));
  else if (options.escapes) showEscapes(savings, series, terminal, columns);
  else if (options.html === undefined) showReport(savings, terminal, columns);
  for (const warning of store.warnings)
    terminal.note(`${terminal.colours.yellow("warning")}: ${printable(warning)}`);
}
