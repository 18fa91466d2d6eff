import { UsageError } from "../errors.js";
import { findCycle } from "./graph.js";
import type { PreparedMemory, PreparedTask } from "./hand.js";
import { memoryCategories } from "./memory.js";
import { cleanMarkdown, sectionContent } from "./task-text.js";
import type { FlowFolder, FlowSpec, NewMemory, NewTask } from "./types.js";

/** A task's id, or the 0-based place of another one in the same list. */
export type Reference = string | number;
export type MemoryCategory = (typeof memoryCategories)["bug" | "knowledge"][number];

const longestTitle = 200;
/** Characters of one markdown. */
const longestText = 1_000_000;
const mostTasks = 200;

/** A title in one line. Throws UsageError when nothing is left of it. */
export function oneLine(title: string, most = longestTitle): string {
  const line = cleanMarkdown(title).replace(/\s+/g, " ").trim();
  if (line === "") throw new UsageError("The title is empty.", "Pass a title in a few words.");
  return [...line].slice(0, most).join("").trimEnd();
}

/** Throws UsageError for what is too long to be a plan. */
export function checkLength(text: string, what: string): void {
  if (text.length <= longestText) return;
  throw new UsageError(
    `${what} has ${text.length} characters, more than the ${longestText} allowed.`,
    "Shorten it, or divide it.",
  );
}

/**
 * Tasks as they can be created one after the other: what they depend on comes first. `order` says for each which one
 * of the list it is.
 *
 * @throws UsageError for a cycle, a dependency that is not there, or a malformed requirement
 */
export function prepareTasks(
  folder: FlowFolder,
  spec: FlowSpec,
  tasks: readonly NewTask[],
): { prepared: PreparedTask[]; order: number[] } {
  if (tasks.length === 0) throw new UsageError("There are no tasks to create.", "Pass at least one.");
  if (tasks.length > mostTasks) {
    throw new UsageError(
      `${tasks.length} tasks are more than the ${mostTasks} that are created at once.`,
      "Make them fewer and larger, or divide the spec.",
    );
  }
  const known = new Set(folder.tasks.filter((task) => task.spec === spec.id).map(({ id }) => id));
  const references = tasks.map((task, place) => checkDependencies(task, place, tasks.length, known, spec));
  const order = inOrder(references, tasks);
  const places = new Map(order.map((place, position) => [place, position]));
  const prepared = order.map((place): PreparedTask => {
    const task = tasks[place];
    if (task === undefined) throw new Error("an order of more than there is");
    checkLength(task.description, "A description");
    checkLength(task.acceptance, "An acceptance");
    return {
      title: oneLine(task.title),
      description: sectionContent("## Description", task.description, folder.dialect),
      acceptance: sectionContent("## Acceptance", task.acceptance, folder.dialect),
      dependsOn: (references[place] ?? []).map((to) => (typeof to === "number" ? (places.get(to) ?? 0) : to)),
      priority: checkPriority(task),
      satisfies: checkRequirements(task),
    };
  });
  return { prepared, order };
}

function checkDependencies(
  task: NewTask,
  place: number,
  count: number,
  known: ReadonlySet<string>,
  spec: FlowSpec,
): Reference[] {
  const wanted = [...new Set(task.dependsOn ?? [])];
  for (const to of wanted) {
    const there =
      typeof to === "number" ? Number.isInteger(to) && to >= 0 && to < count && to !== place : known.has(to);
    if (there) continue;
    throw new UsageError(
      `Task ${place} (${oneLine(task.title, 80)}) depends on ${JSON.stringify(to)}, which is not there.`,
      `Name tasks of ${spec.id} by id (${[...known].slice(0, 5).join(", ") || "it has none yet"}), or those of this list by place: 0 to ${count - 1}, not its own.`,
    );
  }
  return wanted;
}

/** Places, each behind those it depends on and otherwise as given. */
function inOrder(references: readonly Reference[][], tasks: readonly NewTask[]): number[] {
  const edges = new Map(
    references.map((list, place) => [place, list.filter((to) => typeof to === "number")]),
  );
  const cycle = findCycle(edges);
  if (cycle !== null) {
    const names = cycle.slice(0, 8).map((place) => `${place} (${oneLine(tasks[place]?.title ?? "?", 40)})`);
    throw new UsageError(
      `Tasks depend on each other in a circle: ${names.join(" → ")}.`,
      "Leave out one of these dependencies.",
    );
  }
  const order: number[] = [];
  const done = new Set<number>();
  const visit = (place: number): void => {
    if (done.has(place)) return;
    done.add(place);
    for (const to of edges.get(place) ?? []) visit(to);
    order.push(place);
  };
  for (const place of references.keys()) visit(place);
  return order;
}

function checkPriority({ priority, title }: NewTask): number | null {
  if (priority === undefined || priority === null) return null;
  if (Number.isSafeInteger(priority)) return priority;
  throw new UsageError(
    `The priority of ${oneLine(title, 80)} is not a whole number.`,
    "Pass 1, 2, 3, … or none.",
  );
}

function checkRequirements({ satisfies, title }: NewTask): string[] {
  const ids = [...new Set(satisfies ?? [])];
  const wrong = ids.find((id) => !/^R[1-9][0-9]*[a-z]?$/.test(id));
  if (wrong === undefined) return ids;
  throw new UsageError(
    `satisfies of ${oneLine(title, 80)}: ${JSON.stringify(wrong.slice(0, 40))} is no requirement's id.`,
    "Use the ids of the spec's acceptance criteria, such as R1 or R4a.",
  );
}

/** Throws UsageError for a category that is not the track's. */
export function prepareMemory(entry: NewMemory): PreparedMemory {
  const categories = memoryCategories[entry.track];
  const category = categories.find((name) => name === entry.category);
  if (category === undefined) {
    throw new UsageError(
      `${JSON.stringify(entry.category.slice(0, 80))} is no category of ${entry.track}.`,
      `Use one of: ${categories.join(", ")}.`,
    );
  }
  checkLength(entry.text, "The text");
  const oneWord = (text: string) =>
    cleanMarkdown(text)
      .replace(/[\s,]+/g, " ")
      .trim();
  return {
    track: entry.track,
    category,
    title: oneLine(entry.title, 80),
    text: cleanMarkdown(entry.text).trim(),
    module: entry.module === undefined || entry.module === null ? null : oneWord(entry.module) || null,
    tags: (entry.tags ?? []).map(oneWord).filter((tag) => tag !== ""),
  };
}
