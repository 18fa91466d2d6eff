import { shownPath } from "../../change/risk/reasons.js";
import { type Survey, surveyRepository } from "../../change/survey.js";
import { acceptanceCriteria } from "../../flow/markdown.js";
import type { Project } from "../../flow/project.js";
import { printableLine } from "../../printable.js";
import type { Sluice } from "../../sluice.js";
import { recordWork } from "../../state/metrics.js";
import { openTask, type Task } from "../task.js";
import { type TaskFile, taskFiles } from "../task-files.js";
import type { TaskClassification } from "./classify-schema.js";
import { type Evidence, type Found, type IndicatorName, indicatorNames } from "./evidence.js";
import { findIndicators } from "./indicators.js";
import { raisedIndicators } from "./raise.js";
import { chooseWorker, type Level } from "./worker.js";

export interface ClassifyTaskOptions {
  /** Flow task id, path of a Markdown file, or the task in words. */
  task: string;
  /** Files that will probably change; without them the spec says, or an estimate. */
  files?: readonly string[] | undefined;
  signal: AbortSignal;
  /** Where the caller has opened the task or looked at the repository already. */
  opened?: { task: Task; survey: Survey } | undefined;
  /** It is a step of another tool's work: that is what is recorded. */
  within?: boolean | undefined;
}

const shownEvidence = 3;
const shownFiles = 20;

/**
 * How complex a task is, by seven indicators with their evidence, and which worker the configuration names for it.
 *
 * HIGH when it is security-sensitive or three or more indicators hold, MEDIUM with one or two, LOW with none. The rules
 * read the spec, what of its epic is about it, its files' paths and contents: the same answer for the same tree. A
 * local model that is loaded may add indicators with a quote of the spec, and takes none away. Runs nothing of the
 * repository's.
 *
 * @throws UsageError for a task or a file that is not there to be named
 */
export async function classifyTask(
  project: Project,
  sluice: Sluice,
  options: ClassifyTaskOptions,
): Promise<TaskClassification> {
  const { repository, config, store } = project;
  const { signal } = options;
  const began = performance.now();
  const task = options.opened?.task ?? (await openTask(repository, sluice, options.task, signal));
  const survey = options.opened?.survey ?? (await surveyRepository(repository, { signal }));
  const files = taskFiles(survey, task, options.files);
  const criteria = acceptanceCriteria(task.markdown).length;
  const { found, notes } = await findIndicators(
    { repository, survey, task, files, criteria, config },
    signal,
  );
  const byRules = levelOf(found);
  const raised =
    byRules === "HIGH" ? [] : await raisedIndicators(sluice, project, task, files, found, signal);
  for (const [name, evidence] of raised) found[name].push(evidence);
  const level = levelOf(found);
  const { worker, notes: aboutWorker } = await chooseWorker(sluice, {
    store,
    config,
    level,
    security: found.security_sensitive.length > 0,
    architectural: found.architectural.length > 0,
    signal,
  });
  if (options.within !== true)
    await recordWork(store, sluice, began, {
      tool: "classify_task",
      about: { task: task.id, branch: repository.branch },
      outcome: level,
    });
  // What the history lacks matters to an estimate only.
  const aboutEstimate = files.some(({ from }) => from === "estimate") ? survey.notes : [];
  return {
    level,
    indicators: shownIndicators(found),
    worker,
    decided_by: level === byRules ? "rules" : "model",
    files: files.slice(0, shownFiles).map(shownFile),
    task: {
      id: task.id,
      title: printableLine(task.title).slice(0, 200),
      status: task.flow?.status ?? null,
    },
    notes: [...task.notes, ...aboutEstimate, ...notes, ...aboutWorker].map((note) =>
      printableLine(note).slice(0, 300),
    ),
  };
}

/** The level that indicators make. */
export function levelOf(found: Found): Level {
  const holding = indicatorNames.filter((name) => found[name].length > 0).length;
  if (found.security_sensitive.length > 0 || holding >= 3) return "HIGH";
  return holding > 0 ? "MEDIUM" : "LOW";
}

function shownIndicators(found: Found): TaskClassification["indicators"] {
  const shown = (name: IndicatorName) => {
    const list = distinct(found[name]);
    return {
      present: list.length > 0,
      evidence: list.slice(0, shownEvidence),
      more: Math.max(0, list.length - shownEvidence),
    };
  };
  return {
    security_sensitive: shown("security_sensitive"),
    architectural: shown("architectural"),
    concurrency: shown("concurrency"),
    unfamiliar_patterns: shown("unfamiliar_patterns"),
    large_scope: shown("large_scope"),
    many_files: shown("many_files"),
    cross_module: shown("cross_module"),
  };
}

/** One line, or one path, is one piece of evidence, whatever it is evidence by. */
function distinct(list: readonly Evidence[]): Evidence[] {
  const seen = new Set<string>();
  return list.filter((one) => {
    const key = JSON.stringify([one.path, one.line, one.quote]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function shownFile({ path, why, state, from }: TaskFile): TaskClassification["files"][number] {
  return { path: shownPath(path), state, from, why: printableLine(why).slice(0, 200) };
}
