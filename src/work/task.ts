import { join, posix } from "node:path";
import { isExcluded } from "../change/state-paths.js";
import type { Repository } from "../change/types.js";
import { readRegularFile } from "../durable-file.js";
import { UsageError } from "../errors.js";
import { findFlowId } from "../flow/find.js";
import { readFlow } from "../flow/folder.js";
import type { FlowFolder, FlowSpec, FlowTask } from "../flow/types.js";
import type { Sluice } from "../sluice.js";
import { type Statement, statementsOf } from "./statements.js";

/** A task to work on: from a `.flow` folder, a file, or words. */
export interface Task {
  /** Null for one that is in no `.flow` folder. */
  id: string | null;
  title: string;
  flow: FlowTask | null;
  /** The spec or epic that it belongs to. */
  spec: FlowSpec | null;
  folder: FlowFolder | null;
  /** The task's own markdown, as it is. */
  markdown: string;
  /** Where that is, from the repository's top; null for words. */
  path: string | null;
  /** What is asked for: title first, without what was done (`Done summary`, `Evidence`). */
  own: Statement[];
  /** The epic's, title first. */
  epic: Statement[];
  /** What a person should know of the folder. */
  notes: string[];
}

const idPattern = /^[a-z][a-z0-9]{0,9}-\d+(?:-[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?(?:\.\d+)?$/i;
const fileLimit = 4 * 1024 * 1024;
const textLimit = 200_000;
const titleLength = 200;

/** Headings of a task that tell what was done, not what to do. */
const outcome = /^(?:done summary|evidence)$/;

/**
 * Opens the task that a caller names: a flow id, a Markdown file of the repository, or the task in words.
 *
 * @throws UsageError that says what is wrong with the name, and what else there is
 */
export async function openTask(
  repository: Repository,
  sluice: Sluice,
  named: string,
  signal: AbortSignal,
): Promise<Task> {
  const name = named.trim();
  if (name === "") {
    throw new UsageError(
      "task is empty.",
      "Pass a flow task id such as fn-1-add-login.2, the path of a Markdown file, or the task in words.",
    );
  }
  if (idPattern.test(name)) return fromFlow(repository, sluice, name, signal);
  const file = await fromFile(repository, name);
  if (file !== null) return file;
  if (name.length > textLimit) {
    throw new UsageError(
      `task has ${name.length} characters, more than ${textLimit}.`,
      "Put it into a Markdown file in the repository and pass that file's path.",
    );
  }
  return worded(name, null);
}

async function fromFlow(
  repository: Repository,
  sluice: Sluice,
  id: string,
  signal: AbortSignal,
): Promise<Task> {
  const folder = await readFlow(repository, sluice, signal);
  if (folder === null) {
    throw new UsageError(
      `There is no .flow folder in ${repository.root}, so ${id} can't be looked up.`,
      "Pass the task in words, or the path of a Markdown file with it.",
    );
  }
  const found = findFlowId(folder, id);
  if (found.kind === "spec") {
    const tasks = folder.tasks.filter((task) => task.spec === found.id);
    throw new UsageError(
      `${found.id} is a spec, not a task.`,
      tasks.length === 0
        ? "It has no tasks yet: call break_down_tasks with it."
        : `Pass one of its tasks: ${tasks
            .slice(0, 20)
            .map((task) => `${task.id} (${task.title.slice(0, 60)}, ${task.status})`)
            .join("; ")}.`,
    );
  }
  const spec = folder.specs.find((one) => one.id === found.spec) ?? null;
  const markdown = found.markdown ?? "";
  const own = statementsOf({ path: found.specPath, markdown }).filter(
    ({ kind, headings }) => kind !== "title" && !headings.some((heading) => outcome.test(heading)),
  );
  const epic =
    spec?.markdown == null
      ? []
      : statementsOf({ path: spec.specPath, markdown: spec.markdown }).filter(({ kind }) => kind !== "title");
  const notes = folder.problems
    .filter(({ path }) => path.includes(found.id) || path.includes(found.spec))
    .slice(0, 5)
    .map(({ path, message }) => `${path}: ${message}`);
  return {
    id: found.id,
    title: found.title,
    flow: found,
    spec,
    folder,
    markdown,
    path: found.specPath,
    own: [titled(found.title, found.specPath), ...own],
    epic: spec === null ? [] : [titled(spec.title, spec.specPath), ...epic],
    notes,
  };
}

/** A path in one line that names a file of the repository; null for anything else. */
async function fromFile(repository: Repository, name: string): Promise<Task | null> {
  if (name.includes("\n") || name.length > 500 || !/\.(?:md|markdown|txt)$/i.test(name)) return null;
  const path = posix.normalize(name.replace(/^\.\//, ""));
  if (path.startsWith("../") || path.startsWith("/") || repository.bare || isExcluded(path)) return null;
  const content = await readRegularFile(join(repository.root, path), fileLimit);
  if (content.state === "read") return worded(content.text, path);
  if (/\s/.test(name)) return null;
  throw new UsageError(
    content.state === "absent"
      ? `There is no ${name} in ${repository.root}.`
      : `${name} was not read: ${content.why}.`,
    "Pass a flow task id, the path of a Markdown file in the repository, or the task in words.",
  );
}

function worded(markdown: string, path: string | null): Task {
  const statements = statementsOf({ path, markdown }).filter(
    ({ headings }) => !headings.some((heading) => outcome.test(heading)),
  );
  const heading = statements.find(({ kind }) => kind === "title");
  const [first, ...rest] = statements;
  const title = heading ?? first;
  // The first words are the title, unless they are all there is to say.
  const own =
    heading !== undefined
      ? [heading, ...statements.filter((one) => one !== heading)]
      : first === undefined || first.text.length > titleLength
        ? statements
        : [{ ...first, kind: "title" as const }, ...rest];
  return {
    id: null,
    title: (title?.text ?? "").slice(0, titleLength),
    flow: null,
    spec: null,
    folder: null,
    markdown,
    path,
    own,
    epic: [],
    notes: [],
  };
}

function titled(text: string, path: string): Statement {
  return { text: text.slice(0, 500), path, line: 1, headings: [], kind: "title" };
}

/** Words a task needs to say for itself, before its epic has to speak for it. */
const enoughWords = 8;

/** Whether a task says what it is about beyond its title; else what holds for its epic holds for it. */
export function saysEnough(task: Task): boolean {
  const words = task.own
    .filter(({ kind }) => kind !== "title")
    .reduce((sum, { text }) => sum + text.split(/\s+/).length, 0);
  return words >= enoughWords;
}

/**
 * What of an epic is about a task: the requirements that it satisfies, and what names it. All of it when the task
 * says next to nothing itself.
 */
export function epicStatements(task: Task): Statement[] {
  const flow = task.flow;
  if (flow === null) return [];
  const rest = task.epic.filter(({ kind }) => kind !== "title");
  if (!saysEnough(task)) return rest;
  const short = `.${flow.number}`;
  const ids = flow.satisfies.map((id) => id.toLowerCase());
  return rest.filter(({ text }) => {
    const start = /^\W{0,4}(r\d{1,4}[a-z]?)\b/i.exec(text)?.[1]?.toLowerCase();
    return (
      (start !== undefined && ids.includes(start)) ||
      text.includes(flow.id) ||
      (flow.title.length >= 8 && text.toLowerCase().includes(flow.title.toLowerCase())) ||
      new RegExp(`\\btask ${short}(?!\\d)|\\btask ${flow.number}(?!\\d|\\.)`, "i").test(text)
    );
  });
}
