import { searchContents, soughtIn } from "../change/content.js";
import { surveyRepository } from "../change/survey.js";
import { acceptanceCriteria } from "../flow/markdown.js";
import type { Project } from "../flow/project.js";
import type { FlowTask } from "../flow/types.js";
import type { ConsultOptions } from "../premium/consult.js";
import type { Sluice } from "../sluice.js";
import { recordWork } from "../state/metrics.js";
import { asItem } from "./breakdown/clean.js";
import { extractTasks } from "./breakdown/extract.js";
import { treeOf } from "./breakdown/files.js";
import { keepingAnswers } from "./breakdown/kept.js";
import { type Material, materialText } from "./breakdown/material.js";
import { output } from "./breakdown/output.js";
import { localPlanner } from "./breakdown/planner.js";
import { premiumPlanner } from "./breakdown/premium-planner.js";
import { type Planner, proposeTasks } from "./breakdown/propose.js";
import { requirementsOf } from "./breakdown/requirements.js";
import { coveredAlready, type ExistingTask, type Ground, type Settled, settle } from "./breakdown/settle.js";
import { mayBeWritten, saysSomething, writeTasks } from "./breakdown/write.js";
import type { BreakdownOutput } from "./breakdown-schema.js";
import type { SpecSource } from "./spec-source.js";
import { testCommandOf } from "./test-command.js";

export interface BreakdownOptions {
  /** Creates the tasks in `.flow`. */
  write?: boolean | undefined;
  /** What scouts found, for the model. */
  digest?: string | undefined;
  /** Why no premium model may be asked, whatever is configured. */
  noPremium?: string | undefined;
  /** Stands in for the premium sources in tests. */
  open?: ConsultOptions["open"];
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
}

/**
 * Tasks for what a spec asks for: by a model where there is one, else by rules, each checked against the repository
 * and the spec. Nothing is written unless asked.
 *
 * @throws UsageError for a spec that says nothing, and for writing the tasks of one that is not in `.flow`
 */
export async function breakDownSource(
  project: Project,
  sluice: Sluice,
  source: SpecSource,
  options: BreakdownOptions,
): Promise<BreakdownOutput> {
  const { signal, onProgress } = options;
  const began = performance.now();
  if (options.write) mayBeWritten(source);
  saysSomething(source);
  onProgress?.("looking at the repository");
  const unseen: string[] = [];
  const [surveyed, hits] = await Promise.all([
    surveyRepository(project.repository, { signal }),
    searchContents(project.repository, soughtIn(`${source.title}\n${source.markdown}`), {
      signal,
      note: (sentence) => unseen.push(sentence),
    }),
  ]);
  // The plan itself is nothing to plan with.
  const survey = { ...surveyed, files: surveyed.files.filter(({ path }) => !path.startsWith(".flow/")) };
  const { requirements, from, cut } = requirementsOf(source.markdown);
  const notes = [...survey.notes, ...unseen, ...problemsOf(source)];
  if (from !== "acceptance")
    notes.push(
      from === "nothing"
        ? "the spec has no acceptance criteria, and nothing to take for one"
        : `the spec has no acceptance criteria: its ${from} stand in for them`,
    );
  if (cut > 0)
    notes.push(`${cut} requirements beyond the first ${requirements.length} were left out: split the spec`);
  const ground: Ground = {
    tree: treeOf(survey.files.map(({ path }) => path)),
    requirements,
    existing: source.tasks.map(existingTask),
  };
  const material: Material = {
    title: source.title,
    markdown: source.markdown,
    requirements,
    survey,
    hits,
    existing: ground.existing,
    testCommand: await testCommandOf(project.repository, survey),
    digest: options.digest ?? "",
  };
  const made = await make(project, sluice, source, material, ground, options);
  const result = output(source, requirements, { ...made, notes: [...notes, ...made.notes] });
  await recordWork(
    project.store,
    sluice,
    began,
    {
      tool: "break_down_tasks",
      about: { task: source.spec?.id ?? null, branch: project.repository.branch },
      outcome: result.written_by,
    },
    ...(result.written_by === "extract" ? [{ kind: "skip" as const, what: "tasks", why: "no model" }] : []),
  );
  if (!options.write || result.tasks.length === 0) return result;
  onProgress?.("writing tasks");
  return writeTasks(project, sluice, source, { settled: made.settled, requirements, result }, signal);
}

interface Made {
  settled: Settled;
  writtenBy: BreakdownOutput["written_by"];
  notes: string[];
}

async function make(
  project: Project,
  sluice: Sluice,
  source: SpecSource,
  material: Material,
  ground: Ground,
  options: BreakdownOptions,
): Promise<Made> {
  const { onProgress } = options;
  const { planners, notes } = plannersFor(project, sluice, source, options);
  for (const planner of planners) {
    onProgress?.("asking for tasks");
    const proposed = await proposeTasks(planner, materialText(material), ground, (message: string) =>
      onProgress?.(message),
    );
    notes.push(...proposed.notes);
    const { settled } = proposed;
    if (settled === null) continue;
    return { settled, writtenBy: planner.writtenBy, notes: [...notes, ...settled.notes] };
  }
  const covered = coveredAlready(ground);
  const open = ground.requirements.filter(({ id, done }) => !done && !covered.has(id));
  const settled = settle(extractTasks({ ...material, requirements: open }), ground);
  notes.push(
    "made by rules from the spec's own words, without a model: look at each task's files and size before you begin",
  );
  return { settled, writtenBy: "extract", notes: [...notes, ...settled.notes] };
}

/** Who is asked, in order: by `plan.task_breakdown`, the local model, a premium one, or one after the other. */
function plannersFor(
  project: Project,
  sluice: Sluice,
  source: SpecSource,
  options: BreakdownOptions,
): { planners: Planner[]; notes: string[] } {
  const { config, store } = project;
  const { backend, model } = config.plan.task_breakdown;
  const cache = store.cache("local-model");
  const local = keepingAnswers(localPlanner(project, sluice, options), cache, config.local.primary_model);
  if (backend === "local") return { planners: [local], notes: [] };
  if (options.noPremium !== undefined)
    return { planners: [local], notes: [`no premium model: ${options.noPremium}`] };
  const premium = keepingAnswers(
    premiumPlanner(project, sluice, { ...options, about: source.spec?.id ?? null }),
    cache,
    model,
  );
  return { planners: backend === "premium" ? [premium, local] : [local, premium], notes: [] };
}

function existingTask({ id, title, sections, satisfies }: FlowTask): ExistingTask {
  const acceptance = acceptanceCriteria(`## Acceptance\n${sections.acceptance ?? ""}`).map(
    ({ text }) => text,
  );
  return { id, title, description: sections.description ?? "", acceptance, satisfies };
}

function problemsOf({ folder, spec }: SpecSource): string[] {
  if (folder === null || spec === null) return [];
  const own = folder.problems.filter(({ path }) => path.includes(spec.id));
  return own.slice(0, 5).map(({ path, message }) => asItem(`${path}: ${message}`, 300));
}
