import type { FlowTask } from "../../flow/types.js";
import type { Task } from "../task.js";

/** A task or spec that this one stands on, or that stands on this one. */
export interface Dependency {
  id: string;
  title: string;
  status: string;
  kind: "needs" | "needed_by" | "epic_needs";
  /** What was done there, in the words of whoever did it; null when nobody said. */
  summary: string | null;
  commits: string[];
}

const most = 12;

/** What a task depends on, with what was done there, and what depends on it. */
export function dependenciesOf(task: Task): Dependency[] {
  const { flow, folder, spec } = task;
  if (flow === null || folder === null) return [];
  const byId = new Map(folder.tasks.map((one) => [one.id, one]));
  const needs = flow.dependsOn.map((id): Dependency => {
    const other = byId.get(id);
    if (other === undefined) {
      return { id, title: "", status: "missing", kind: "needs", summary: null, commits: [] };
    }
    return dependency(other, "needs");
  });
  const needed = folder.tasks
    .filter((other) => other.dependsOn.includes(flow.id))
    .map((other) => ({ ...dependency(other, "needed_by"), summary: null, commits: [] }));
  const specs = (spec?.dependsOn ?? []).map((id): Dependency => {
    const other = folder.specs.find((one) => one.id === id);
    return {
      id,
      title: other?.title ?? "",
      status: other?.status ?? "missing",
      kind: "epic_needs",
      summary: null,
      commits: [],
    };
  });
  return [...needs, ...specs, ...needed].slice(0, most);
}

function dependency(task: FlowTask, kind: Dependency["kind"]): Dependency {
  const { id, title, status } = task;
  const commits = (task.evidence?.commits ?? []).slice(0, 3).map((commit) => commit.slice(0, 12));
  return { id, title, status, kind, summary: summaryOf(task), commits };
}

/** The done summary; null for what nobody filled in. */
function summaryOf({ sections, status, blockedReason }: FlowTask): string | null {
  const said = sections.doneSummary?.trim() ?? "";
  if (status === "blocked" && blockedReason !== null) return `Blocked: ${blockedReason}`;
  return said === "" || /^tbd\.?$/i.test(said) ? null : said.replace(/\s+/g, " ");
}
