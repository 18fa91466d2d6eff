import type { FlowProblem, FlowSpec, FlowTask } from "./types.js";

/** What flowctl's `validate` would say of what depends on what: ids that are not there, and cycles. */
export function dependencyProblems(specs: readonly FlowSpec[], tasks: readonly FlowTask[]): FlowProblem[] {
  const problems: FlowProblem[] = [];
  const specIds = new Set(specs.map(({ id }) => id));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const spec of specs) {
    for (const id of spec.dependsOn) {
      if (id === spec.id) problems.push({ path: spec.jsonPath, message: "it depends on itself" });
      else if (!specIds.has(id))
        problems.push({ path: spec.jsonPath, message: `it depends on ${id}, which is not there` });
    }
  }
  for (const task of tasks) {
    if (!specIds.has(task.spec)) {
      problems.push({ path: task.jsonPath, message: `its spec ${task.spec} is not there` });
    }
    for (const id of task.dependsOn) {
      const other = byId.get(id);
      if (other === undefined)
        problems.push({ path: task.jsonPath, message: `it depends on ${id}, which is not there` });
      else if (other.spec !== task.spec) {
        problems.push({ path: task.jsonPath, message: `it depends on ${id}, which is of another spec` });
      }
    }
  }
  const cycle = findCycle(new Map(tasks.map(({ id, dependsOn }) => [id, dependsOn])));
  if (cycle !== null) {
    const path = byId.get(cycle[0] ?? "")?.jsonPath ?? ".flow/tasks";
    problems.push({
      path,
      message: `tasks depend on each other in a circle: ${cycle.slice(0, 20).join(" → ")}`,
    });
  }
  return problems;
}

/**
 * A circle of what depends on what, its first member repeated at the end; null when there is none. What is not a key
 * depends on nothing.
 */
export function findCycle<T>(edges: ReadonlyMap<T, readonly T[]>): T[] | null {
  const finished = new Set<T>();
  for (const start of edges.keys()) {
    if (finished.has(start)) continue;
    const path: T[] = [start];
    const onPath = new Set<T>(path);
    const waiting: T[][] = [[...(edges.get(start) ?? [])]];
    while (waiting.length > 0) {
      const next = waiting.at(-1)?.pop();
      if (next === undefined) {
        waiting.pop();
        const left = path.pop();
        if (left !== undefined) {
          onPath.delete(left);
          finished.add(left);
        }
      } else if (onPath.has(next)) {
        return [...path.slice(path.indexOf(next)), next];
      } else if (!finished.has(next)) {
        path.push(next);
        onPath.add(next);
        waiting.push([...(edges.get(next) ?? [])]);
      }
    }
  }
  return null;
}
