import { createHash } from "node:crypto";
import { UsageError } from "../../errors.js";
import { findFlowId } from "../../flow/find.js";
import { readFlow } from "../../flow/folder.js";
import { linesOf } from "../../flow/markdown.js";
import type { Project } from "../../flow/project.js";
import type { FlowFolder, FlowProblem, FlowSpec, FlowTask } from "../../flow/types.js";
import type { Sluice } from "../../sluice.js";

/** What is reviewed: a spec (or epic) and its tasks, as they are on disk. */
export interface Plan {
  folder: FlowFolder;
  spec: FlowSpec;
  tasks: FlowTask[];
  /** Specs that it depends on. */
  dependencies: FlowSpec[];
  /** Of the spec and its tasks. */
  problems: FlowProblem[];
  /** The spec, then the tasks. */
  texts: PlanText[];
  /** Files that could not be read: nothing ships without them. */
  unreadable: string[];
}

/** One file's part of a plan, as a reviewer reads it. */
export interface PlanText {
  role: "spec" | "task";
  id: string;
  /** Of the markdown, relative to the repository. */
  path: string;
  /** What stands in the JSON beside it. */
  facts: { title: string; depends_on: string[]; satisfies?: string[] };
  /** The markdown; a task's without what became of it. */
  text: string;
  /** SHA-256 of the text and the facts, in hex. */
  hash: string;
}

/**
 * Reads the plan that an id names: a spec's, or with a task's id that of its spec.
 *
 * @throws UsageError when there is no `.flow`, or nothing of that name in it
 */
export async function readPlan(
  { repository }: Pick<Project, "repository">,
  sluice: Sluice,
  id: string,
  signal: AbortSignal,
): Promise<Plan> {
  const folder = await readFlow(repository, sluice, signal);
  if (folder === null) {
    throw new UsageError(
      `There is no .flow folder with specs in ${repository.root}.`,
      "Pass `repo` for another repository, or make a spec first: draft_spec with write: true.",
    );
  }
  const named = findFlowId(folder, id);
  const spec = named.kind === "spec" ? named : folder.specs.find((one) => one.id === named.spec);
  if (spec === undefined) {
    throw new UsageError(
      `The spec of ${named.id} can't be read.`,
      `Mend .flow/specs/${named.kind === "task" ? named.spec : named.id}.json, then call again.`,
    );
  }
  return planOf(folder, spec);
}

export function planOf(folder: FlowFolder, spec: FlowSpec): Plan {
  const tasks = folder.tasks.filter((task) => task.spec === spec.id);
  const own = new Set([spec, ...tasks].flatMap(({ jsonPath, specPath }) => [jsonPath, specPath]));
  const problems = folder.problems.filter(
    ({ path }) => own.has(path) || path.startsWith(`.flow/tasks/${spec.id}.`),
  );
  const texts = [
    textOf("spec", spec, spec.markdown ?? "", { title: spec.title, depends_on: spec.dependsOn }),
    ...tasks.map((task) =>
      textOf("task", task, withoutOutcome(task), {
        title: task.title,
        depends_on: task.dependsOn,
        ...(task.satisfies.length > 0 ? { satisfies: task.satisfies } : {}),
      }),
    ),
  ];
  const listed = new Set(tasks.map(({ jsonPath }) => jsonPath));
  return {
    folder,
    spec,
    tasks,
    dependencies: folder.specs.filter(({ id }) => id !== spec.id && spec.dependsOn.includes(id)),
    problems,
    texts,
    unreadable: [
      ...[spec, ...tasks].filter(({ markdown }) => markdown === null).map(({ specPath }) => specPath),
      // A task whose JSON is broken is in no list: nobody would have read it.
      ...new Set(
        problems
          .map(({ path }) => path)
          .filter((path) => path.startsWith(`.flow/tasks/${spec.id}.`) && !path.endsWith(".md"))
          .filter((path) => !listed.has(path)),
      ),
    ],
  };
}

function textOf(
  role: PlanText["role"],
  { id, specPath }: Pick<FlowSpec, "id" | "specPath">,
  text: string,
  facts: PlanText["facts"],
): PlanText {
  const hash = createHash("sha256")
    .update(JSON.stringify([id, text, facts]))
    .digest("hex");
  return { role, id, path: specPath, facts, text, hash };
}

const outcomes = ["## Done summary", "## Evidence"];
const untouched = /^(?:TBD|- (?:Commits|Tests|PRs):)?$/;

/**
 * A task's markdown without what flowctl writes when it is worked on, so that a plan stays the same while it is
 * carried out. In a task that nobody began, what stands there was written by somebody else: it is shown.
 */
function withoutOutcome({ markdown, status }: FlowTask): string {
  const kept: string[] = [];
  const cut: string[] = [];
  let inside = false;
  for (const line of linesOf(markdown ?? "")) {
    if (!line.fenced && line.text.startsWith("## ")) inside = outcomes.includes(line.text.trim());
    (inside ? cut : kept).push(line.text);
  }
  const written = cut.some((line) => !outcomes.includes(line.trim()) && !untouched.test(line.trim()));
  return status === "todo" && written ? (markdown ?? "") : kept.join("\n");
}

/** The line of a plan's file that holds a text, from 1; null when none does. */
export function lineOf(markdown: string | null, text: string): number | null {
  const first = text.split("\n", 1)[0]?.trim() ?? "";
  if (markdown === null || first === "") return null;
  const at = markdown.split(/\r\n|\r|\n/).findIndex((line) => line.includes(first));
  return at < 0 ? null : at + 1;
}
