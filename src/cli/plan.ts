import { UsageError } from "../errors.js";
import type { DraftedSpec } from "../interview/spec/draft-spec-schema.js";
import type { BreakdownOutput } from "../plan/breakdown-schema.js";
import type { ScoutRun } from "../plan/scouts/run.js";
import { printable, printableJson, printableLine } from "../printable.js";
import type { AddCommand, CommandContext } from "./command-line.js";

interface Options {
  repo: string;
  title?: string;
  scouts: boolean;
  write?: boolean;
  json?: boolean;
}

/** What of the scouts' digest goes to a model, in characters. */
const digestLength = 6_000;

export const planCommand: AddCommand = (program, context) => {
  const { terminal, exit } = context;
  program
    .command("plan")
    .description(
      "Plan a feature: scouts look, a spec is drafted, and broken down into tasks. Writes nothing by itself.",
    )
    .argument("<feature...>", "what is to be built, in quotes; or an epic or spec id, or a Markdown file")
    .option("--repo <path>", "a folder of the repository", ".")
    .option("--title <title>", "of a new spec (default: from the feature)")
    .option("--no-scouts", "go by the feature's text alone")
    .option("--write", "create the spec and its tasks in .flow, and .flow where there is none")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      '\nsluice plan "rate limiting per API key"\nsluice plan fn-3 --write\nExit code: 0 planned, 1 something has to be settled first (open requirements, flagged tasks), 2 wrong use.',
    )
    .action(async (words: string[], options: Options) => {
      const plan = await terminal.during("planning", (progress) =>
        makePlan(context, words.join(" "), options, progress),
      );
      if (options.json) terminal.print(printableJson(forJson(plan)));
      else show(plan, context);
      const open =
        plan.broken.uncovered.length > 0 || plan.broken.tasks.some(({ flags }) => flags.length > 0);
      exit(open ? 1 : 0);
    });
};

interface Plan {
  run: ScoutRun | null;
  digest: string;
  /** Null when the spec was there already. */
  drafted: DraftedSpec | null;
  broken: BreakdownOutput;
  next: string[];
}

/** Each phase gives what it found to the next, which knows nothing of it. */
async function makePlan(
  { sluice, signal }: CommandContext,
  about: string,
  options: Options,
  onProgress: (message: string) => void,
): Promise<Plan> {
  const { openInterview } = await import("../interview/open.js");
  // A person who types a path means it: the limits on `repo` are for callers who are models.
  const opened = { ...sluice, roots: async () => [options.repo] };
  const { subject, project } = await openInterview(about, options.repo, opened, signal);
  if (subject.task !== null) {
    throw new UsageError(
      `${subject.task.id} is a task.`,
      `Plan its spec: sluice plan ${subject.task.spec}. To begin with the task: sluice task ${subject.task.id}.`,
    );
  }
  if (options.write && subject.flow === null) {
    const { openFlowWriter } = await import("../flow/writer.js");
    await openFlowWriter(project, opened, { create: true, signal });
  }
  const { run, digest } = options.scouts
    ? await scout(project, opened, `${subject.title}\n\n${subject.text}`, signal, onProgress)
    : { run: null, digest: "" };
  const { isSkeleton, openSpecSource } = await import("../plan/spec-source.js");
  const written = subject.spec?.markdown ?? null;
  const isThere = written !== null && !isSkeleton(written);
  let drafted: DraftedSpec | null = null;
  if (!isThere) {
    const { draftSpec } = await import("../interview/spec/draft-spec.js");
    drafted = await draftSpec(subject, project, opened, {
      answers: [],
      title: subject.id === null ? (options.title ?? shortTitle(subject.title)) : undefined,
      write: options.write,
      digest,
      signal,
      onProgress: (message) => onProgress(`spec: ${message}`),
    });
  }
  const { breakDownSource } = await import("../plan/breakdown.js");
  const { requirementsOf } = await import("../plan/breakdown/requirements.js");
  const id = drafted?.id ?? subject.id;
  const source = await openSpecSource(id ?? drafted?.markdown ?? subject.text, project, opened, signal);
  // Without a model a draft has headings and what was looked up: what was asked for says more.
  const said = requirementsOf(source.markdown).from === "acceptance" ? source.markdown : subject.text;
  const broken = await breakDownSource(
    project,
    opened,
    drafted === null ? source : { ...source, markdown: said },
    {
      write: options.write,
      digest,
      signal,
      onProgress: (message) => onProgress(`tasks: ${message}`),
    },
  );
  return { run, digest, drafted, broken, next: nextSteps(about, drafted, broken) };
}

async function scout(
  project: Parameters<typeof import("../plan/scouts/run.js")["runScouts"]>[0],
  sluice: CommandContext["sluice"],
  feature: string,
  signal: AbortSignal,
  onProgress: (message: string) => void,
): Promise<{ run: ScoutRun; digest: string }> {
  const { runScouts } = await import("../plan/scouts/run.js");
  const { digestOf } = await import("../plan/scouts/digest.js");
  const run = await runScouts(project, sluice, {
    feature,
    signal,
    onProgress: (message) => onProgress(`scouts: ${message}`),
  });
  return { run, digest: digestOf(run, digestLength).text };
}

function shortTitle(title: string): string {
  return title.length <= 80 ? title : `${title.slice(0, 79).replace(/\s+\S*$/, "")}…`;
}

/** What a person would do now, the most urgent first. */
function nextSteps(about: string, drafted: DraftedSpec | null, broken: BreakdownOutput): string[] {
  const steps: string[] = [];
  const id = broken.spec;
  const open = drafted?.open_questions.length ?? 0;
  const quoted = /\s/.test(about) ? JSON.stringify(about.slice(0, 200)) : about;
  if (open > 0 || drafted?.written_by === "answers")
    steps.push(
      `Answer what is open${open > 0 ? ` (${open} questions)` : ""}: sluice interview ${id ?? quoted}`,
    );
  if (broken.uncovered.length > 0)
    steps.push(
      `Give a task to what has none: ${broken.uncovered
        .map((one) => one.id)
        .slice(0, 10)
        .join(", ")}`,
    );
  if (broken.tasks.length === 0 && id !== null)
    steps.push(`Its tasks are there already: sluice task ${id}.1 shows the first`);
  const flagged = broken.tasks.filter(({ flags }) => flags.length > 0).length;
  if (flagged > 0) steps.push(`Settle what is flagged in ${flagged} task${flagged === 1 ? "" : "s"}`);
  if (broken.written_via === null && broken.tasks.length > 0)
    steps.push(`Keep it: sluice plan ${id ?? quoted} --write`);
  if (broken.written_via !== null && id !== null) {
    steps.push(`Have the plan reviewed: your agent's review_plan with ${id}`);
    steps.push(
      `Begin: sluice task ${broken.tasks.find(({ depends_on }) => depends_on.length === 0)?.id ?? id}`,
    );
  }
  return steps;
}

function forJson({ run, digest, drafted, broken, next }: Plan): object {
  return {
    ...broken,
    next,
    spec_markdown: drafted?.markdown ?? null,
    spec_path: drafted?.path ?? null,
    open_questions: drafted?.open_questions ?? [],
    scouts: run?.scouts.map(({ name, state, why, cached }) => ({ name, state, why, cached })) ?? [],
    digest,
  };
}

function show({ run, drafted, broken, next }: Plan, { terminal }: CommandContext): void {
  const { print, colours } = terminal;
  if (run !== null) {
    const told = run.scouts.map(({ name, state, cached }) => `${name} ${cached ? "kept" : state}`);
    print(colours.dim(`scouts: ${printableLine(told.join(", "))} (sluice scout shows what they found)`));
  }
  if (drafted !== null) {
    print(
      colours.dim(
        `spec: ${drafted.path === null ? "a draft" : printableLine(drafted.path)}, written by ${drafted.written_by === "answers" ? "rules, without a model" : drafted.written_by}`,
      ),
    );
    if (drafted.path === null) print(`\n${printable(drafted.markdown.trimEnd())}\n`);
  } else print(colours.dim(`spec: ${broken.spec ?? ""}, as it is`));
  print(
    colours.dim(
      `tasks: ${broken.tasks.length}, by ${broken.written_by === "extract" ? "rules, without a model" : broken.written_by}${broken.written_via === null ? "" : `, written by ${broken.written_via}`}\n`,
    ),
  );
  for (const [at, task] of broken.tasks.entries()) {
    const after =
      task.depends_on.length === 0 ? "" : colours.dim(`  after ${printableLine(task.depends_on.join(", "))}`);
    const covers =
      task.satisfies.length === 0 ? "" : colours.dim(`  ${printableLine(task.satisfies.join(", "))}`);
    print(
      `${colours.bold(printableLine(task.id ?? String(at + 1)))} ${colours.dim(`[${task.size}]`)} ${printableLine(task.title)}${covers}${after}`,
    );
    const fresh = new Set(task.new_files);
    if (task.files.length > 0)
      print(
        `    ${task.files.map((file) => `${printableLine(file)}${fresh.has(file) ? " (new)" : ""}`).join(", ")}`,
      );
    for (const item of task.acceptance) print(`    ${colours.dim("□")} ${printableLine(item)}`);
    for (const flag of task.flags) print(`    ${colours.yellow("!")} ${printableLine(flag)}`);
  }
  for (const { title, like } of broken.duplicates)
    print(`${colours.dim("·")} ${printableLine(title)}: there already, ${printableLine(like)}`);
  for (const { id, text } of broken.uncovered)
    print(`${colours.red("✗")} no task for ${printableLine(id)}: ${printableLine(text)}`);
  if (broken.notes.length > 0) print("");
  for (const note of broken.notes) print(colours.dim(`note: ${printableLine(note)}`));
  if (next.length > 0) print("");
  for (const [at, step] of next.entries()) print(`${at + 1}. ${printable(step)}`);
}
