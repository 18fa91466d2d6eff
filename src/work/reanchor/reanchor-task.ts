import { createHash } from "node:crypto";
import { shownPath } from "../../change/risk/reasons.js";
import { type Survey, surveyRepository } from "../../change/survey.js";
import { countTokens } from "../../change/tokens.js";
import { readMemory } from "../../flow/memory.js";
import type { Project } from "../../flow/project.js";
import type { FlowProblem } from "../../flow/types.js";
import { printable, printableLine } from "../../printable.js";
import type { Sluice } from "../../sluice.js";
import { recordWork } from "../../state/metrics.js";
import { openTask, type Task } from "../task.js";
import { type TaskFile, taskFiles } from "../task-files.js";
import { condense, missingFrom } from "./condense.js";
import { dependenciesOf } from "./dependencies.js";
import { briefOf, extractOf } from "./extract.js";
import { gitState } from "./git-state.js";
import { relevantMemory } from "./memory.js";
import { reanchorPage } from "./page.js";
import type { Reanchored } from "./reanchor-schema.js";
import { testNeeds } from "./tests.js";

export interface ReanchorOptions {
  /** Flow task id, path of a Markdown file, or the task in words. */
  task: string;
  files?: readonly string[] | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Where the caller has opened the task and looked at the repository already. */
  opened?: { task: Task; survey: Survey } | undefined;
  /** It is a step of another tool's work: that is what is recorded. */
  within?: boolean | undefined;
}

const mostFiles = 14;
const summaryLength = 300;

/**
 * What a worker that knows nothing must read before the first edit, at a fraction of the originals' tokens. Acceptance
 * criteria, constraints and figures are the spec's own words, whoever wrote the rest: a local model, as far as it
 * stands up to the originals, else their own sentences. Writes nothing but the cache.
 *
 * @throws UsageError for a task or a file that is not there to be named
 */
export async function reanchorTask(
  project: Project,
  sluice: Sluice,
  options: ReanchorOptions,
): Promise<Reanchored> {
  const { repository, config, store } = project;
  const { signal, onProgress } = options;
  const began = performance.now();
  const task = options.opened?.task ?? (await openTask(repository, sluice, options.task, signal));
  const survey = options.opened?.survey ?? (await surveyRepository(repository, { signal }));
  const files = taskFiles(survey, task, options.files);
  const notes = [...task.notes];
  const extract = extractOf(task);
  const dependencies = dependenciesOf(task);
  const problems: FlowProblem[] = [];
  const entries = config.work.reanchor.include_memory
    ? await readMemory(repository, config, signal, problems)
    : [];
  const about = [task.title, ...task.own.map(({ text }) => text), ...files.map(({ path }) => path)].join(
    "\n",
  );
  const memory = relevantMemory(entries, about, files);
  const [git, tests] = await Promise.all([
    gitState(repository, signal),
    testNeeds(repository, survey, task, files),
  ]);
  const condensing = await condense(sluice, {
    config,
    store,
    task,
    extract,
    notes: [
      ...memory.map(({ entry }) => ({ id: entry.id, text: `${entry.title}\n${entry.text}` })),
      ...dependencies.flatMap(({ id, summary }) => (summary === null ? [] : [{ id, text: summary }])),
    ],
    signal,
    onProgress,
  });
  const condensed = condensing.state === "condensed" ? condensing.result : null;
  if (condensing.state === "extract" && condensing.why !== null)
    notes.push(`in the spec's own sentences: ${condensing.why}`);
  if (condensed !== null && condensed.dropped > 0)
    notes.push(`${condensed.dropped} sentences of the local model's were dropped: the spec does not say so`);
  const brief = condensed?.brief ?? briefOf(extract, task);
  const constraints = missingFrom(brief, extract.kept);
  if (extract.criteria.length === 0)
    notes.push("the task has no acceptance criteria: settle them before the first edit");
  if (extract.otherCriteria > 0)
    notes.push(
      `${extract.otherCriteria} more criteria of the epic are for other tasks (this one satisfies ${task.flow?.satisfies.join(", ")})`,
    );
  notes.push(...standing(task, dependencies));
  if (!config.memory.enabled) notes.push("memory is switched off (memory.enabled)");
  else if (!config.work.reanchor.include_memory)
    notes.push("memory was left out (work.reanchor.include_memory)");
  notes.push(...problems.slice(0, 3).map(({ path, message }) => `${path}: ${message}`));

  const paths = [task.path, task.spec?.specPath ?? null].filter((path) => path !== null);
  const page: Omit<Reanchored, "tokens"> = {
    acceptance: extract.criteria.map(({ text, id, done, of }) => ({ text: printable(text), id, done, of })),
    files: files.slice(0, mostFiles).map(shownFile),
    patterns: memory.map(({ entry, text, why }) => ({
      text: printableLine(condensed?.gists.get(entry.id) ?? text),
      track: entry.category ?? entry.track,
      id: shownPath(entry.id),
      path: shownPath(entry.path),
      why: printableLine(why).slice(0, 120),
    })),
    dependencies: dependencies.map((one) => ({
      ...one,
      title: printableLine(one.title).slice(0, 120),
      summary:
        one.summary === null ? null : printableLine(shortened(condensed?.gists.get(one.id) ?? one.summary)),
      commits: one.commits.map(printableLine),
    })),
    tests: tests.map(({ kind, text, from }) => ({ kind, text: printableLine(text), from: shownPath(from) })),
    git,
    spec_paths: paths.map(shownPath),
    written_by: condensed === null ? "extract" : "local-model",
    brief: printable(brief),
    constraints: constraints.map(({ text, of, line }) => ({ text: printable(text), of, line })),
    page: null,
    cached: condensed?.cached ?? false,
    task: {
      id: task.id,
      title: printableLine(task.title).slice(0, 300),
      status: task.flow?.status ?? null,
      spec: task.spec === null ? null : printableLine(`${task.spec.id} ${task.spec.title}`).slice(0, 300),
    },
    notes: notes.map((note) => printableLine(note).slice(0, 300)),
  };
  const tokens = await tokensOf(
    task,
    memory,
    dependencies.map(({ id }) => id),
    page,
  );
  if (options.within !== true)
    await recordWork(store, sluice, began, {
      tool: "reanchor_task",
      about: { task: task.id, branch: repository.branch },
      outcome: page.written_by,
      cached: page.cached,
      originals_tokens: tokens.originals,
      summary_tokens: tokens.summary,
    });
  return { ...page, tokens };
}

/** Opens a task with the repository around it; `key` is another one when the texts or the commit are. */
export async function openNamedTask(
  { repository }: Project,
  sluice: Sluice,
  named: string,
  signal: AbortSignal,
): Promise<{ task: Task; survey: Survey; key: string }> {
  const task = await openTask(repository, sluice, named, signal);
  const survey = await surveyRepository(repository, { signal });
  const texts = [task.id, task.flow?.status, task.markdown, task.spec?.markdown, survey.head];
  return { task, survey, key: createHash("sha256").update(JSON.stringify(texts)).digest("hex") };
}

/** What stands in the way of beginning. */
function standing(task: Task, dependencies: ReturnType<typeof dependenciesOf>): string[] {
  const notes: string[] = [];
  const open = dependencies.filter(({ kind, status }) => kind === "needs" && status !== "done");
  if (open.length > 0)
    notes.push(`it needs what is not done: ${open.map(({ id, status }) => `${id} (${status})`).join(", ")}`);
  if (task.flow?.status === "blocked")
    notes.push(`it is blocked: ${task.flow.blockedReason ?? "nobody wrote why"}`);
  if (task.flow?.status === "done") notes.push("it is done already, as flow-next has it");
  if (task.flow?.statusSource === "committed" && task.flow.status === "todo" && dependencies.length > 0)
    notes.push("status comes from the committed files: a fresh clone does not know what was done elsewhere");
  return notes;
}

function shortened(text: string): string {
  return text.length > summaryLength ? `${text.slice(0, summaryLength - 1)}…` : text;
}

function shownFile({ path, why, state, from }: TaskFile): Reanchored["files"][number] {
  return { path: shownPath(path), state, from, why: printableLine(why).slice(0, 200) };
}

/** What a worker would otherwise read, each counted, and what it reads instead. */
async function tokensOf(
  task: Task,
  memory: ReturnType<typeof relevantMemory>,
  dependencies: readonly string[],
  page: Omit<Reanchored, "tokens">,
): Promise<Reanchored["tokens"]> {
  const parts: Reanchored["tokens"]["parts"] = [];
  const count = async (path: string, text: string) => {
    if (text !== "") parts.push({ path: shownPath(path), tokens: await countTokens(text) });
  };
  await count(task.path ?? "the task", task.markdown);
  if (task.spec?.markdown != null) await count(task.spec.specPath, task.spec.markdown);
  for (const id of dependencies) {
    const other = task.folder?.tasks.find((one) => one.id === id);
    if (other !== undefined && task.flow?.dependsOn.includes(id) === true)
      await count(other.specPath, other.markdown ?? "");
  }
  for (const { entry } of memory) await count(entry.path, entry.text);
  const { git } = page;
  const status = [...git.status, ...git.commits.map(({ id, subject }) => `${id} ${subject}`)].join("\n");
  await count("git status and log", status);
  const originals = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  return { originals, summary: await countTokens(reanchorPage(page)), parts: parts.slice(0, 12) };
}
