/**
 * Dependencies between tasks that are numbered from 0, without cycles: those on an earlier task are kept, of the others
 * what closes a cycle is left out, in the order they are named. The same list gives the same answer every time.
 */
export function withoutCycles(dependsOn: readonly (readonly number[])[]): {
  kept: number[][];
  dropped: { task: number; on: number; why: "cycle" | "itself" | "unknown" }[];
} {
  const kept: number[][] = dependsOn.map(() => []);
  const dropped: { task: number; on: number; why: "cycle" | "itself" | "unknown" }[] = [];
  const later: { task: number; on: number }[] = [];
  for (const [task, on] of dependsOn.entries()) {
    for (const one of new Set(on)) {
      if (one === task) dropped.push({ task, on: one, why: "itself" });
      else if (!Number.isInteger(one) || one < 0 || one >= dependsOn.length)
        dropped.push({ task, on: one, why: "unknown" });
      else if (one < task) kept[task]?.push(one);
      else later.push({ task, on: one });
    }
  }
  for (const { task, on } of later) {
    if (reaches(kept, on, task)) dropped.push({ task, on, why: "cycle" });
    else kept[task]?.push(on);
  }
  return { kept, dropped };
}

function reaches(edges: readonly (readonly number[])[], from: number, to: number): boolean {
  const seen = new Set([from]);
  const queue = [from];
  for (const one of queue) {
    if (one === to) return true;
    for (const next of edges[one] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return false;
}

/** Positions in an order in which each comes after what it depends on, otherwise as they were. */
export function inOrder(dependsOn: readonly (readonly number[])[]): number[] {
  const order: number[] = [];
  const done = new Set<number>();
  while (order.length < dependsOn.length) {
    const next = dependsOn.findIndex((on, task) => !done.has(task) && on.every((one) => done.has(one)));
    if (next === -1) throw new Error("tasks depend on each other in a cycle");
    done.add(next);
    order.push(next);
  }
  return order;
}
