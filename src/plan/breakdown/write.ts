import { UsageError } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import { openFlowWriter } from "../../flow/writer.js";
import type { Sluice } from "../../sluice.js";
import type { BreakdownOutput } from "../breakdown-schema.js";
import { isSkeleton, type SpecSource } from "../spec-source.js";
import type { Settled } from "./settle.js";
import { acceptanceText, descriptionText } from "./task-text.js";
import type { Requirement } from "./types.js";

/** @throws UsageError for a spec whose tasks have no place in `.flow` */
export function mayBeWritten({ spec, origin }: SpecSource): void {
  if (spec === null) {
    throw new UsageError(
      `Tasks belong to a spec in .flow, and ${origin} is none.`,
      "Put it there with draft_spec and write: true, then call break_down_tasks with its id; without write: true the tasks are only answered.",
    );
  }
  if (spec.status === "done") {
    throw new UsageError(
      `${spec.id} is done: it gets no more tasks.`,
      "Make a new spec for what is still to do.",
    );
  }
}

/** @throws UsageError for a spec without content: what it wants nobody could say */
export function saysSomething({ markdown, origin, spec }: SpecSource): void {
  if (!isSkeleton(markdown)) return;
  throw new UsageError(
    `${origin} says nothing yet.`,
    spec === null
      ? "Pass a text that says what is wanted."
      : `Write ${spec.specPath} first: draft_spec does, from an interview or a sentence.`,
  );
}

/** Creates the tasks, all or none, and gives them with their ids. */
export async function writeTasks(
  project: Project,
  sluice: Sluice,
  source: SpecSource,
  given: { settled: Settled; requirements: readonly Requirement[]; result: BreakdownOutput },
  signal: AbortSignal,
): Promise<BreakdownOutput> {
  const { settled, requirements, result } = given;
  if (source.spec === null) return result;
  const writer = await openFlowWriter(project, sluice, { signal });
  const named = new Set(requirements.filter((one) => one.named).map(({ id }) => id));
  const written = await writer.createTasks(
    source.spec.id,
    settled.tasks.map((task) => ({
      title: task.title,
      description: descriptionText(task, requirements),
      acceptance: acceptanceText(task),
      dependsOn: [...task.dependsOnExisting, ...task.dependsOn],
      satisfies: task.satisfies.filter((id) => named.has(id)),
    })),
  );
  const ids = written.map(({ id }) => id);
  const first = ids[0] ?? source.spec.id;
  return {
    ...result,
    tasks: result.tasks.map((task, at) => ({
      ...task,
      depends_on: [
        ...(settled.tasks[at]?.dependsOnExisting ?? []),
        ...(settled.tasks[at]?.dependsOn ?? []).flatMap((on) => ids[on] ?? []),
      ],
      id: ids[at] ?? null,
    })),
    written_via: writer.via,
    next: `Have the plan looked at: review_plan with ${source.spec.id}. Then begin with ${first}: reanchor_task.`,
  };
}
