import { resolve } from "node:path";
import { Option } from "commander";
import { isObject, parseJson } from "../config/json.js";
import { readRegularFile, replaceFile } from "../durable-file.js";
import { UsageError } from "../errors.js";
import { draftQuestions } from "../interview/draft-questions.js";
import { type DraftedQuestions, draftQuestionsOutput } from "../interview/draft-questions-schema.js";
import { type Interview, openInterview } from "../interview/open.js";
import { answersIn } from "../interview/spec/answers.js";
import { draftSpec } from "../interview/spec/draft-spec.js";
import { printable, printableJson, printableLine } from "../printable.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { type AskedQuestion, holdInterview } from "./interview-session.js";

interface Options {
  repo: string;
  category?: string[];
  perCategory?: number;
  refine?: boolean;
  answers?: string;
  fresh?: boolean;
  spec?: boolean;
  title?: string;
  write?: boolean;
  json?: boolean;
}

const largestFile = 4 * 1024 * 1024;

export const interviewCommand: AddCommand = (program, context) => {
  program
    .command("interview")
    .description("Ask what has to be known before something is built, and make a spec of the answers.")
    .argument("<about>", "an epic or task id, a file, or the idea in quotes")
    .option("--repo <path>", "a folder of the repository", ".")
    .option("--category <name...>", "only these: scope, security, …, business, or all")
    .addOption(new Option("--per-category <n>", "questions at most, 1 to 10").argParser(countOf))
    .option("--refine", "have a premium model sharpen shallow questions, in one call")
    .option("--answers <file>", "where answers are kept, to be continued; default among Sluice's own state")
    .option("--fresh", "new questions, even where an interview was begun")
    .option("--spec", "make a spec of the answers and print it")
    .option("--title <title>", "with --write, of a new spec")
    .option("--write", "store the spec in .flow")
    .option("--json", "print it as JSON, ask nothing")
    .action(async (about: string, options: Options) => {
      await run(context, about, options);
    });
};

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 10) return count;
  throw new UsageError(`--per-category ${text} is no number from 1 to 10.`, "Leave it out for 5.");
}

async function run(context: CommandContext, about: string, options: Options): Promise<void> {
  const { sluice, signal, terminal } = context;
  // A person who types a path means it: the limits on `repo` are for callers who are models.
  const free = { ...sluice, roots: async () => [options.repo] };
  const opened = await openInterview(about, options.repo, free, signal);
  const file = options.answers === undefined ? keptFile(opened) : resolve(sluice.cwd, options.answers);
  const begun = options.fresh === true ? null : await readInterview(file, options.answers !== undefined);
  const wantsSpec = options.spec === true || options.write === true;
  const isThere = process.stdin.isTTY && process.stderr.isTTY && options.json !== true;
  const interview = begun ?? (wantsSpec && !isThere ? null : await newInterview(context, opened, options));
  if (interview === null) {
    throw new UsageError(
      `There are no answers in ${file}.`,
      "Hold the interview first, on a terminal, or pass --answers with a file of questions and answers.",
    );
  }
  const save = () => writeInterview(file, about, interview);
  if (!isThere && !wantsSpec) {
    if (options.answers !== undefined && begun === null) await save();
    show(context, interview, options, options.answers === undefined ? null : file);
    return;
  }
  if (isThere && interview.questions.some(({ answer }) => answer === "")) {
    describe(context, interview, begun !== null);
    await save();
    await holdInterview(
      interview.questions,
      { input: process.stdin, output: process.stderr },
      terminal.colours,
      save,
    );
    const answered = interview.questions.filter(({ answer }) => answer !== "").length;
    terminal.note(`\n${answered} of ${interview.questions.length} answered, kept in ${printableLine(file)}`);
    if (!wantsSpec) terminal.note("The same command goes on; with --spec it makes a spec of the answers.");
  }
  if (wantsSpec) await specOf(context, opened, interview, options);
}

interface Held extends Omit<DraftedQuestions, "questions"> {
  questions: AskedQuestion[];
}

async function newInterview(
  context: CommandContext,
  { subject, project }: Interview,
  options: Options,
): Promise<Held> {
  const { sluice, signal, terminal } = context;
  const drafted = await terminal.during("drafting questions", (progress) =>
    draftQuestions(subject, project, sluice, {
      categories: options.category,
      perCategory: options.perCategory,
      refine: options.refine === true ? "premium" : undefined,
      signal,
      onProgress: progress,
    }),
  );
  return { ...drafted, questions: drafted.questions.map((question) => ({ ...question, answer: "" })) };
}

function keptFile({ subject, project, key }: Interview): string {
  const name = (subject.id ?? subject.title)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50);
  // An id stays the same when its text changes, an idea is known by nothing but its text.
  const mark = subject.id === null ? `-${key.slice(0, 8)}` : "";
  return project.store.resultFile(`interview-${name}${mark}.json`);
}

/** An interview that was begun; null where there is none. */
async function readInterview(file: string, isNamed: boolean): Promise<Held | null> {
  const content = await readRegularFile(file, largestFile, isNamed ? "follow" : "refuse");
  if (content.state === "absent") return null;
  const problem = (why: string) =>
    new UsageError(
      `${file} can't be gone on with: ${why}.`,
      "Name another file with --answers, or begin anew with --fresh.",
    );
  if (content.state === "refused") throw problem(content.why);
  const parsed = await parseJson(content.text, largestFile);
  if (!parsed.ok) throw problem(parsed.message);
  const { value } = parsed;
  const given = answersIn(value);
  const whole = draftQuestionsOutput.safeParse(
    isObject(value)
      ? {
          shallow: [],
          refined_by: null,
          next: "",
          looked_up: [],
          skipped: [],
          about: { kind: "idea", id: null, path: null, title: "" },
          ...value,
        }
      : value,
  );
  if (whole.success) {
    return {
      ...whole.data,
      questions: whole.data.questions.map((question, at) => ({
        ...question,
        answer: given[at]?.answer ?? "",
      })),
    };
  }
  if (given.length === 0) throw problem("it has no questions and answers");
  // A list that somebody else wrote: enough for a spec.
  const about = { kind: "idea" as const, id: null, path: null, title: "" };
  return {
    shallow: [],
    refined_by: null,
    next: "",
    looked_up: [],
    skipped: [],
    about,
    questions: given.map(({ question, answer, category }, at) => ({
      id: `Q${at + 1}`,
      category: draftQuestionsOutput.shape.questions.element.shape.category.catch("scope").parse(category),
      question,
      why: "",
      header: "",
      batch: 1,
      from: "bank" as const,
      answer,
    })),
  };
}

async function writeInterview(
  file: string,
  asked: string,
  { questions, about, looked_up, refined_by, shallow }: Held,
): Promise<void> {
  const content = { schema_version: 1, asked, about, questions, shallow, looked_up, refined_by };
  await replaceFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

function describe(
  { terminal }: CommandContext,
  { about, questions, looked_up, skipped }: Held,
  isContinued: boolean,
): void {
  const { note, colours } = terminal;
  const left = questions.filter(({ answer }) => answer === "").length;
  note(
    `${colours.bold(printableLine(about.title))}: ${isContinued ? `${left} of ${questions.length} questions left` : `${left} questions`}`,
  );
  for (const { question, answer, source } of looked_up)
    note(colours.dim(`  ${printableLine(question)} ${printableLine(answer)} (${printableLine(source)})`));
  for (const { what, why } of skipped) note(colours.dim(`  ${printableLine(what)}: ${printableLine(why)}`));
}

function show(context: CommandContext, interview: Held, options: Options, file: string | null): void {
  const { print, note, colours } = context.terminal;
  const { questions, shallow, skipped, looked_up } = interview;
  if (options.json) {
    print(printableJson({ ...interview, questions, ...(file === null ? {} : { answers: file }) }));
    return;
  }
  let category = "";
  for (const { id, question, why, options: choices = [], ...rest } of questions) {
    if (rest.category !== category) {
      category = rest.category;
      print(`\n${colours.bold(category.replace("_", " "))}`);
    }
    print(`  ${id.padEnd(4)}${printable(question)}`);
    print(colours.dim(`      ${printable(why)}`));
    for (const { label, description } of choices)
      print(`      - ${printableLine(label)}${colours.dim(`: ${printableLine(description)}`)}`);
  }
  if (looked_up.length > 0) print(`\n${colours.bold("looked up, not asked")}`);
  for (const { question, answer, source } of looked_up)
    print(
      `  ${printableLine(question)} ${printableLine(answer)} ${colours.dim(`(${printableLine(source)})`)}`,
    );
  for (const { id, evidence } of shallow)
    note(`${colours.yellow("shallow")}: ${id}: ${printableLine(evidence.join("; "))}`);
  for (const { what, why } of skipped) note(colours.dim(`${printableLine(what)}: ${printableLine(why)}`));
  note(
    file === null
      ? "On a terminal they are asked one by one; --answers names a file to fill in."
      : `Fill the answers in: ${printableLine(file)}, then run this again with --spec.`,
  );
}

async function specOf(
  context: CommandContext,
  { subject, project }: Interview,
  { questions }: Held,
  options: Options,
): Promise<void> {
  const { sluice, signal, terminal } = context;
  const { print, note, colours } = terminal;
  const answers = questions.map(({ question, answer, category }) => ({ question, answer, category }));
  const spec = await terminal.during("writing the spec", (progress) =>
    draftSpec(subject, project, sluice, {
      answers,
      title: options.title,
      write: options.write,
      signal,
      onProgress: progress,
    }),
  );
  if (options.json) {
    print(printableJson(spec));
    return;
  }
  if (spec.path === null) print(printable(spec.markdown));
  else print(`${printableLine(spec.id ?? "")} written: ${printableLine(spec.path)}`);
  for (const { what, why } of spec.skipped)
    note(colours.dim(`${printableLine(what)}: ${printableLine(why)}`));
  if (spec.open_questions.length > 0) {
    note(`\n${spec.open_questions.length} open:`);
    for (const question of spec.open_questions) note(`  ${colours.yellow("?")} ${printableLine(question)}`);
  }
  if (spec.path === null)
    note(
      subject.id === null
        ? '\nNothing is written; --write --title "…" makes a spec of it.'
        : "\nNothing is written; --write stores it.",
    );
}
