import type { BreakdownOutput } from "../breakdown-schema.js";
import type { SpecSource } from "../spec-source.js";
import type { Settled } from "./settle.js";
import type { Requirement } from "./types.js";

const mostNotes = 25;

/** What a caller gets of tasks that are not written yet. */
export function output(
  source: SpecSource,
  requirements: readonly Requirement[],
  {
    settled,
    writtenBy,
    notes,
  }: { settled: Settled; writtenBy: BreakdownOutput["written_by"]; notes: string[] },
): BreakdownOutput {
  const { tasks, duplicates, uncovered } = settled;
  const told = [...new Set(notes)];
  const more = told.length - mostNotes;
  return {
    tasks: tasks.map((task) => ({
      title: task.title,
      size: task.size,
      description: task.description,
      acceptance: task.acceptance,
      depends_on: [...task.dependsOnExisting, ...task.dependsOn.map((on) => String(on + 1))],
      files: task.files.map(({ path }) => path),
      new_files: task.files.flatMap(({ path, isNew }) => (isNew ? path : [])),
      tests: task.tests,
      satisfies: task.satisfies,
      flags: task.flags,
      id: null,
    })),
    uncovered: uncovered.map(({ id, text }) => ({ id, text })),
    duplicates,
    spec: source.spec?.id ?? null,
    written_by: writtenBy,
    requirements: requirements.map(({ id, text }) => ({ id, text })),
    written_via: null,
    notes: more > 0 ? [...told.slice(0, mostNotes), `and ${more} more`] : told,
    next: next(source, settled),
  };
}

function next(source: SpecSource, { tasks, uncovered, duplicates }: Settled): string {
  if (tasks.length === 0) {
    return duplicates.length > 0 || source.tasks.length > 0
      ? `${source.origin} has these tasks already: call reanchor_task with the first that is open.`
      : "There is nothing to do by this spec: write down what is wanted (draft_spec), then call again.";
  }
  const gaps =
    uncovered.length === 0
      ? ""
      : ` ${uncovered
          .map(({ id }) => id)
          .slice(0, 8)
          .join(", ")} still need${uncovered.length === 1 ? "s" : ""} a task.`;
  const flagged = tasks.filter(({ flags }) => flags.length > 0).length;
  const look = flagged === 0 ? "Read them" : `Look at the ${flagged} with flags`;
  if (source.spec === null) {
    return `${look}.${gaps} To keep them, put the spec into .flow first (draft_spec with write: true), then call break_down_tasks with its id and write: true.`;
  }
  return `${look}.${gaps} Then call break_down_tasks with {"spec": "${source.spec.id}", "write": true}: the same tasks are written.`;
}
