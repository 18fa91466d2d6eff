import { untestable } from "../testable.js";
import { asItem, asSectionText } from "./clean.js";
import { requirementsCovered } from "./coverage.js";
import { checkFiles, type Tree } from "./files.js";
import { inOrder, withoutCycles } from "./order.js";
import { sizeOf, split } from "./size.js";
import { nearlySame } from "./titles.js";
import type { PlannedTask, Proposal, Requirement } from "./types.js";

/** A task that the spec has already. */
export interface ExistingTask {
  id: string;
  title: string;
  description: string;
  acceptance: string[];
  satisfies: string[];
}

/** What proposals are held against. */
export interface Ground {
  tree: Tree;
  requirements: readonly Requirement[];
  existing: readonly ExistingTask[];
}

export interface Settled {
  tasks: PlannedTask[];
  /** Proposals that are there already. */
  duplicates: { title: string; like: string }[];
  uncovered: Requirement[];
  /** What the one who proposed could mend. */
  problems: string[];
  /** What was changed or left out here. */
  notes: string[];
}

const mostTasks = 24;
const limits = { title: 120, description: 4_000, tests: 1_200, item: 400, acceptance: 12, files: 20 };

/**
 * Proposals as tasks that can be given to somebody: bounded, clean, with files that are there or could be, sizes that
 * one worker can do, dependencies without cycles, in an order in which each comes after what it needs.
 */
export function settle(proposals: readonly Proposal[], ground: Ground): Settled {
  const problems: string[] = [];
  const notes: string[] = [];
  if (proposals.length > mostTasks) {
    notes.push(`${proposals.length - mostTasks} tasks beyond the first ${mostTasks} were left out`);
    problems.push(
      `There are ${proposals.length} tasks; at most ${mostTasks} are taken. Put together what one worker does in one go.`,
    );
  }
  const cleaned = proposals.slice(0, mostTasks).map(clean);
  const { kept, standsFor, duplicates } = withoutRepeats(cleaned, ground.existing, notes);
  const tasks: PlannedTask[] = [];
  /** Of each proposal kept, where its parts are. */
  const places = new Map<number, { first: number; last: number }>();
  for (const { number, proposal } of kept) {
    const parts = split(proposal);
    if (parts.length > 1)
      notes.push(`"${proposal.title}" was too large for one worker: split into ${parts.length}`);
    places.set(number, { first: tasks.length, last: tasks.length + parts.length - 1 });
    for (const part of parts) tasks.push(check(part, number, ground, problems, notes));
  }
  const edges = tasks.map((): number[] => []);
  for (const { number, proposal } of kept) {
    const own = places.get(number);
    if (own === undefined) continue;
    for (let part = own.first + 1; part <= own.last; part++) edges[part]?.push(part - 1);
    for (const on of proposal.dependsOn) {
      const target = targetOf(on, standsFor, ground.existing);
      if (target === null) {
        notes.push(`"${proposal.title}" depended on ${asItem(String(on), 60)}, which is no task: left out`);
        problems.push(`Task ${number + 1} depends on ${asItem(String(on), 60)}, which is no task.`);
      } else if (typeof target === "string") tasks[own.first]?.dependsOnExisting.push(target);
      else edges[own.first]?.push(places.get(target)?.last ?? -1);
    }
  }
  const { kept: dependsOn, dropped } = withoutCycles(edges);
  for (const { task, on, why } of dropped) {
    const [one, other] = [tasks[task]?.title ?? "", tasks[on]?.title ?? ""];
    if (why === "cycle") {
      notes.push(
        `"${one}" and "${other}" depended on each other in a circle: the former no longer waits for the latter`,
      );
      problems.push(`"${one}" and "${other}" depend on each other in a circle.`);
    } else if (why === "itself") notes.push(`"${one}" depended on itself: left out`);
  }
  const ordered = reorder(tasks, dependsOn);
  return { tasks: ordered, duplicates, uncovered: uncovered(ordered, ground, problems), problems, notes };
}

function clean(proposal: Proposal): Proposal {
  return {
    ...proposal,
    title: asItem(proposal.title, limits.title).replace(/^(?:task\s*)?\d+\s*[:.)-]\s*/i, ""),
    description: asSectionText(proposal.description, limits.description),
    tests: asSectionText(proposal.tests, limits.tests),
    acceptance: [...new Set(proposal.acceptance.map((item) => asItem(item, limits.item)))]
      .filter((item) => item !== "")
      .slice(0, 6 * limits.acceptance),
    files: [...new Set(proposal.files)].slice(0, 2 * limits.files),
    dependsOn: proposal.dependsOn.slice(0, 2 * mostTasks),
  };
}

type Target = number | string | null;

/** Proposals that are told once, and what stands for each of the others: the first of its kind, or a task's id. */
function withoutRepeats(
  proposals: readonly Proposal[],
  existing: readonly ExistingTask[],
  notes: string[],
): {
  kept: { number: number; proposal: Proposal }[];
  standsFor: Map<number, Target>;
  duplicates: { title: string; like: string }[];
} {
  const kept: { number: number; proposal: Proposal }[] = [];
  const standsFor = new Map<number, Target>();
  const duplicates: { title: string; like: string }[] = [];
  for (const [number, proposal] of proposals.entries()) {
    if (proposal.title === "") {
      notes.push("a task without a title was left out");
      standsFor.set(number, null);
      continue;
    }
    const there = existing.find(({ title }) => nearlySame(title, proposal.title));
    if (there !== undefined) {
      duplicates.push({ title: proposal.title, like: there.id });
      standsFor.set(number, there.id);
      continue;
    }
    const same = kept.find((one) => nearlySame(one.proposal.title, proposal.title));
    if (same !== undefined) {
      notes.push(`"${proposal.title}" was told twice: put together`);
      standsFor.set(number, same.number);
      same.proposal = together(same.proposal, proposal);
      continue;
    }
    standsFor.set(number, number);
    kept.push({ number, proposal });
  }
  return { kept, standsFor, duplicates };
}

function together(one: Proposal, other: Proposal): Proposal {
  const union = <T>(left: readonly T[], right: readonly T[]) => [...new Set([...left, ...right])];
  return {
    ...one,
    files: union(one.files, other.files),
    acceptance: union(one.acceptance, other.acceptance),
    dependsOn: union(one.dependsOn, other.dependsOn),
    satisfies: union(one.satisfies, other.satisfies),
  };
}

function targetOf(
  on: number | string,
  standsFor: ReadonlyMap<number, Target>,
  existing: readonly ExistingTask[],
): Target {
  const text = String(on).trim();
  const number = /^(?:#|t|task\s*)?(\d{1,4})$/i.exec(text)?.[1];
  if (number !== undefined) return standsFor.get(Number(number) - 1) ?? null;
  return existing.find(({ id }) => id === text)?.id ?? null;
}

function check(
  proposal: Proposal,
  number: number,
  ground: Ground,
  problems: string[],
  notes: string[],
): PlannedTask {
  const flags: string[] = [];
  const { files, dropped } = checkFiles(proposal.files, ground.tree);
  for (const { path, why } of dropped) {
    const name = asItem(path, 120);
    notes.push(`${name} of "${proposal.title}" was left out: ${why}`);
    problems.push(`Task ${number + 1}: the file ${name}: ${why}.`);
  }
  const acceptance = proposal.acceptance.slice(0, limits.acceptance);
  if (acceptance.length === 0) {
    flags.push("it has no acceptance criterion");
    problems.push(`Task ${number + 1} has no acceptance criterion.`);
  }
  for (const item of acceptance) {
    const why = untestable(item);
    if (why === null) continue;
    flags.push(`can't be checked: "${asItem(item, 80)}" (${why})`);
    problems.push(`Task ${number + 1}: the acceptance "${asItem(item, 160)}": ${why}.`);
  }
  const size = sizeOf(proposal.size, files.length, acceptance.length);
  if (size === "L" || size === "XL") {
    flags.push(`size ${size}: too much for one worker, and nothing to split it by`);
    problems.push(`Task ${number + 1} is ${size}: split it into tasks of size S or M.`);
  }
  const { covered, refused } = requirementsCovered(proposal, ground.requirements);
  for (const id of refused) {
    notes.push(`"${proposal.title}" claimed ${asItem(id, 20)}, of which nothing is in it: not counted`);
    problems.push(`Task ${number + 1} claims to satisfy ${asItem(id, 20)}, of which nothing is in it.`);
  }
  return {
    title: proposal.title,
    description: proposal.description,
    size,
    files: files.slice(0, limits.files),
    acceptance,
    tests: proposal.tests,
    dependsOn: [],
    dependsOnExisting: [],
    satisfies: covered,
    flags,
  };
}

function reorder(tasks: readonly PlannedTask[], dependsOn: readonly (readonly number[])[]): PlannedTask[] {
  const order = inOrder(dependsOn);
  const now = new Map(order.map((was, is) => [was, is]));
  return order.flatMap((was) => {
    const task = tasks[was];
    if (task === undefined) return [];
    const on = (dependsOn[was] ?? []).flatMap((one) => now.get(one) ?? []).sort((a, b) => a - b);
    return [{ ...task, dependsOn: on, dependsOnExisting: [...new Set(task.dependsOnExisting)] }];
  });
}

function uncovered(tasks: readonly PlannedTask[], ground: Ground, problems: string[]): Requirement[] {
  const covered = new Set([...tasks.flatMap(({ satisfies }) => satisfies), ...coveredAlready(ground)]);
  const left = ground.requirements.filter(({ id, done }) => !done && !covered.has(id));
  for (const { id, text } of left) problems.push(`No task satisfies ${id}: ${asItem(text, 160)}`);
  return left;
}

/** Ids of the requirements that tasks have which are there already. */
export function coveredAlready({
  existing,
  requirements,
}: Pick<Ground, "existing" | "requirements">): Set<string> {
  return new Set(existing.flatMap((task) => requirementsCovered(task, requirements).covered));
}
