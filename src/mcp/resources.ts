import { UsageError } from "../errors.js";
import type { Project } from "../flow/project.js";
import { printable, printableJson } from "../printable.js";
import type { Sluice } from "../sluice.js";
import { abortAfter } from "../time-limit.js";
import type { Group } from "./define-tool.js";

export interface ListedResource {
  uri: string;
  name: string;
  title: string;
  description: string;
  mimeType: string;
}

interface Fixed extends ListedResource {
  groups: readonly Group[];
  read(project: Project, sluice: Sluice, signal: AbortSignal): Promise<unknown>;
}

const json = "application/json";
const markdown = "text/markdown";
const flowGroups: readonly Group[] = ["interview", "plan", "work"];

/** Open specs, and their tasks that are not done, that are listed one by one; any other is read by its template. */
const listedSpecs = 30;
const listedTasks = 60;
/** In one answer: the newest specs, and files of a verdict. */
const mostSpecs = 200;
const mostFiles = 200;
/** Characters of a text; what is longer ends with a line that says where the rest is. */
const longestText = 100_000;
/** Milliseconds for a list: a client asks for it when it connects. */
const listLimit = 5_000;

const fixed: readonly Fixed[] = [
  {
    uri: "sluice://quota",
    name: "quota",
    title: "Quota left",
    description:
      "Every premium source by window, with provenance and age; null is unknown. As last seen: nobody is asked.",
    mimeType: json,
    groups: ["quota"],
    async read({ store, config }, sluice) {
      const { quotaStatus } = await import("../premium/quota-status.js");
      return quotaStatus(sluice, { store, config });
    },
  },
  {
    uri: "sluice://metrics",
    name: "metrics",
    title: "What Sluice saved",
    description: "Premium calls per task, tokens saved by stage, catch rate, days a week of quota lasts.",
    mimeType: json,
    groups: ["quota"],
    async read(project, sluice) {
      const { savings } = await import("../premium/savings/savings.js");
      return savings(sluice, project);
    },
  },
  {
    uri: "sluice://review/last",
    name: "last review",
    title: "The last verdict",
    description: "The newest verdict of this repository, who gave it, and its blockers.",
    mimeType: json,
    groups: ["review"],
    async read({ store }, sluice) {
      const { findVerdicts } = await import("../state/review-state.js");
      const [last] = await findVerdicts(store, sluice);
      if (last === undefined) return { verdict: null, next: "Nothing was reviewed yet: call review_change." };
      const { verdict, attested_by, source, model, at, task, branch, blockers, files } = last;
      const paths = files.slice(0, mostFiles).map(({ path }) => path);
      return { verdict, attested_by, source, model, at, task, branch, blockers, files: paths };
    },
  },
  {
    uri: "sluice://specs",
    name: "specs",
    title: "Specs and tasks",
    description: "Every flow-next spec (epic) with its tasks, their status, and what is broken in .flow.",
    mimeType: json,
    groups: flowGroups,
    async read({ repository }, sluice, signal) {
      const { readFlow } = await import("../flow/folder.js");
      const folder = await readFlow(repository, sluice, signal);
      if (folder === null) return { specs: [], next: "There is no .flow folder here." };
      const { specs, tasks, problems, dialect } = folder;
      return {
        dialect,
        specs: specs.slice(-mostSpecs).map(({ id, title, status, planReviewStatus, dependsOn }) => ({
          id,
          title,
          status,
          plan_review_status: planReviewStatus,
          depends_on: dependsOn,
          tasks: tasks
            .filter(({ spec }) => spec === id)
            .map((task) => ({
              id: task.id,
              title: task.title,
              status: task.status,
              depends_on: task.dependsOn,
            })),
        })),
        older_specs: Math.max(0, specs.length - mostSpecs),
        problems: problems.slice(0, 50),
      };
    },
  },
];

const templates = [
  {
    uriTemplate: "sluice://spec/{id}",
    name: "spec",
    title: "A spec (epic)",
    description: "Its Markdown, by id.",
    mimeType: markdown,
  },
  {
    uriTemplate: "sluice://task/{id}",
    name: "task",
    title: "A task",
    description: "Its Markdown and its status, by id.",
    mimeType: markdown,
  },
];

const hasFlow = (groups: ReadonlySet<Group>) => flowGroups.some((group) => groups.has(group));

export function listTemplates(groups: ReadonlySet<Group>) {
  return hasFlow(groups) ? templates : [];
}

/**
 * What can be read: quota, the last review, the list of specs, and open work one by one. What is in the repository is
 * left out when it can't be read in time; never throws for it.
 */
export async function listResources(groups: ReadonlySet<Group>, sluice: Sluice): Promise<ListedResource[]> {
  const always = fixed
    .filter((one) => one.groups.some((group) => groups.has(group)))
    .map(({ uri, name, title, description, mimeType }) => ({ uri, name, title, description, mimeType }));
  return hasFlow(groups) ? [...always, ...(await openWork(sluice))] : always;
}

async function openWork(sluice: Sluice): Promise<ListedResource[]> {
  try {
    const { openRepository } = await import("../change/repository.js");
    const { readFlow } = await import("../flow/folder.js");
    const signal = abortAfter(listLimit);
    const folder = await readFlow(await openRepository(sluice, undefined, { signal }), sluice, signal);
    const specs = (folder?.specs ?? []).filter(({ status }) => status === "open").slice(-listedSpecs);
    const open = new Set(specs.map(({ id }) => id));
    const tasks = (folder?.tasks ?? []).filter(({ spec, status }) => open.has(spec) && status !== "done");
    const entry = (
      kind: "spec" | "task",
      id: string,
      title: string,
      description: string,
    ): ListedResource => ({
      uri: `sluice://${kind}/${id}`,
      name: id,
      title: printable(title).slice(0, 120),
      description,
      mimeType: markdown,
    });
    return [
      ...specs.map(({ id, title }) => entry("spec", id, title, "An open spec of flow-next's.")),
      ...tasks
        .slice(0, listedTasks)
        .map(({ id, title, status }) => entry("task", id, title, `A task of flow-next's: ${status}.`)),
    ];
  } catch {
    return [];
  }
}

/**
 * One resource of the repository that the server works in.
 *
 * @throws UsageError for an address that leads nowhere
 */
export async function readResource(
  groups: ReadonlySet<Group>,
  uri: string,
  sluice: Sluice,
  signal: AbortSignal,
): Promise<{ uri: string; mimeType: string; text: string }> {
  const { openProject } = await import("../flow/project.js");
  const one = fixed.find((known) => known.uri === uri && known.groups.some((group) => groups.has(group)));
  if (one !== undefined) {
    const project = await openProject(sluice, undefined, signal);
    const value = await one.read(project, sluice, signal);
    return { uri, mimeType: json, text: printableJson(value) };
  }
  const match = /^sluice:\/\/(spec|task)\/([^/?#]{1,200})$/.exec(uri);
  if (match === null || !hasFlow(groups)) throw nowhere(uri, groups);
  const { repository } = await openProject(sluice, undefined, signal);
  const { readFlow } = await import("../flow/folder.js");
  const { findFlowId } = await import("../flow/find.js");
  const folder = await readFlow(repository, sluice, signal);
  if (folder === null)
    throw new UsageError("There is no .flow folder here.", "Read sluice://specs for what there is.");
  const item = findFlowId(folder, decoded(match[2] ?? ""));
  if (item.kind !== match[1]) {
    throw new UsageError(`${item.id} is a ${item.kind}.`, `Read sluice://${item.kind}/${item.id}.`);
  }
  const head =
    item.kind === "task"
      ? `<!-- ${item.id}: ${item.status}, ${item.specPath} -->`
      : `<!-- ${item.id}: ${item.status}, plan review ${item.planReviewStatus}, ${item.specPath} -->`;
  const text = item.markdown ?? `(${item.specPath} is missing or can't be read)`;
  return { uri, mimeType: markdown, text: bounded(`${printable(head)}\n${text}`, item.specPath) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function nowhere(uri: string, groups: ReadonlySet<Group>): UsageError {
  const known = [
    ...fixed.filter((one) => one.groups.some((group) => groups.has(group))).map((one) => one.uri),
    ...listTemplates(groups).map(({ uriTemplate }) => uriTemplate),
  ];
  return new UsageError(
    `There is no resource ${JSON.stringify(uri.slice(0, 200))}.`,
    `This server has: ${known.join(", ")}.`,
  );
}

function bounded(text: string, rest: string): string {
  const safe = printable(text);
  return safe.length <= longestText
    ? safe
    : `${safe.slice(0, longestText)}\n\n(cut here; the rest: ${printable(rest)})`;
}
