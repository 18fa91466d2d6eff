import type { Repository, SpecificationText } from "../change/types.js";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { findFlowId } from "./find.js";
import { readFlow } from "./folder.js";
import type { FlowSpec, FlowTask } from "./types.js";

/**
 * What a change is for: the task's description and acceptance and the whole of its spec, from the work tree. Empty
 * where flow-next has no such task. What was done and its evidence are left out: they change when the task is closed,
 * and say nothing about what it asks for.
 *
 * @param task id of a task, or of a spec
 */
export async function specificationOf(
  repository: Repository,
  sluice: Sluice,
  task: string,
  signal?: AbortSignal,
): Promise<SpecificationText[]> {
  const folder = await readFlow(repository, sluice, signal);
  if (folder === null) return [];
  let found: FlowSpec | FlowTask;
  try {
    found = findFlowId(folder, task);
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
  if (found.kind === "spec") return [specText(found)];
  const { spec } = found;
  const parent = folder.specs.find(({ id }) => id === spec);
  return [taskText(found), ...(parent === undefined ? [] : [specText(parent)])];
}

function taskText({ id, title, specPath, markdown, sections, satisfies }: FlowTask): SpecificationText {
  const { description, acceptance } = sections;
  const parts = [
    `# ${id} ${title}`,
    ...(satisfies.length > 0 ? [`Of the spec it satisfies ${satisfies.join(", ")}.`] : []),
    ...(description === null ? [] : [`## Description\n${description}`]),
    ...(acceptance === null ? [] : [`## Acceptance\n${acceptance}`]),
    // Without its headings nobody can say which part is which.
    ...(description === null && acceptance === null ? [markdown ?? missing] : []),
  ];
  return { path: specPath, text: parts.join("\n\n") };
}

function specText({ id, title, specPath, markdown }: FlowSpec): SpecificationText {
  return { path: specPath, text: markdown ?? `# ${id} ${title}\n\n${missing}` };
}

const missing = "(Its text is missing or could not be read.)";
