import type { Repository } from "../change/types.js";
import { isObject, type JsonObject, parseJson } from "../config/json.js";
import { kindOf } from "../durable-file.js";
import type { Sluice } from "../sluice.js";
import { findFlowRoot, mapSome, Reading } from "./files.js";
import { dependencyProblems } from "./graph.js";
import { compareIds, isSpecId, isTaskId, parseFlowId } from "./ids.js";
import { headingProblems, listField, readFrontmatter, splitFrontmatter, taskSections } from "./markdown.js";
import { readRuntime, runtimeFolder } from "./runtime.js";
import type {
  Dialect,
  FlowFolder,
  FlowSpec,
  FlowSummary,
  FlowTask,
  TaskEvidence,
  TaskStatus,
} from "./types.js";

const longestText = 500;
const supportedSchemas = [1, 2, 3];

/**
 * Reads the work tree's `.flow` folder, in both dialects and mixed, with the status that flowctl keeps outside git.
 * What is broken is named in `problems`, and the rest is there.
 *
 * @returns null when there is no `.flow`, or nothing of flow-next's in it (Sluice keeps its own state there, too)
 */
export async function readFlow(
  repository: Repository,
  sluice: Sluice,
  signal?: AbortSignal,
): Promise<FlowFolder | null> {
  const found = await findFlowRoot(repository);
  if (found === null) return null;
  if ("refused" in found) {
    return {
      root: `${repository.root}/.flow`,
      dialect: "spec",
      schemaVersion: null,
      specs: [],
      tasks: [],
      problems: [{ path: ".flow", message: found.refused }],
    };
  }
  const reading = new Reading(found.root, signal);
  const [inSpecs, inEpics, inTasks, meta, dialect] = await Promise.all([
    reading.names(".flow/specs"),
    reading.names(".flow/epics"),
    reading.names(".flow/tasks"),
    readObject(reading, ".flow/meta.json"),
    dialectOf(found.root),
  ]);
  if (meta === "absent" && (await isEmpty(found.root))) return null;
  const schemaVersion = schemaOf(reading, meta);
  const specs = await readSpecs(reading, inSpecs, inEpics);
  const tasks = await readTasks(reading, inTasks, await runtimeFolder(repository, sluice, found.root));
  for (const { path, message } of dependencyProblems(specs, tasks)) reading.problem(path, message);
  return { root: found.root, dialect, schemaVersion, specs, tasks, problems: reading.finish() };
}

/** What a folder has, in figures. */
export function summarizeFlow(folder: FlowFolder): FlowSummary {
  const tasks: Record<TaskStatus, number> = { todo: 0, in_progress: 0, blocked: 0, done: 0 };
  for (const { status } of folder.tasks) tasks[status] += 1;
  const done = folder.specs.filter(({ status }) => status === "done").length;
  return {
    dialect: folder.dialect,
    schema_version: folder.schemaVersion,
    specs: { open: folder.specs.length - done, done },
    tasks,
    problems: folder.problems,
  };
}

/** Where flowctl would put a new spec's JSON (its `get_specs_json_write_dir`). */
export async function dialectOf(root: string): Promise<Dialect> {
  const [sentinel, epics] = await Promise.all([kindOf(`${root}/.flow_version`), kindOf(`${root}/epics`)]);
  return sentinel === "absent" && epics === "folder" ? "epic" : "spec";
}

async function isEmpty(root: string): Promise<boolean> {
  const kinds = await Promise.all(["specs", "epics", "tasks"].map((name) => kindOf(`${root}/${name}`)));
  return kinds.every((kind) => kind === "absent");
}

/** `absent` also when it is no object: that is a problem then. */
async function readObject(reading: Reading, path: string): Promise<JsonObject | "absent"> {
  const text = await reading.text(path);
  if (text === null) return "absent";
  const json = await parseJson(text, text.length * 4);
  if (json.ok && isObject(json.value)) return json.value;
  reading.problem(path, json.ok ? "it is not a JSON object" : json.message);
  return "absent";
}

function schemaOf(reading: Reading, meta: JsonObject | "absent"): number | null {
  const path = ".flow/meta.json";
  if (meta === "absent") {
    if (!reading.problems.some((problem) => problem.path === path)) reading.problem(path, "it is missing");
    return null;
  }
  const version = meta.schema_version;
  if (typeof version !== "number") {
    reading.problem(path, "it has no schema_version");
    return null;
  }
  if (!supportedSchemas.includes(version)) {
    reading.problem(path, `its schema_version ${version} is newer than what Sluice knows`);
  }
  return version;
}

async function readSpecs(reading: Reading, inSpecs: string[], inEpics: string[]): Promise<FlowSpec[]> {
  const stems = (names: readonly string[], end: string) =>
    names
      .filter((name) => name.endsWith(end))
      .map((name) => name.slice(0, -end.length))
      .filter(isSpecId);
  const folders = new Map<string, "specs" | "epics">();
  for (const id of stems(inSpecs, ".json")) folders.set(id, "specs");
  for (const id of stems(inEpics, ".json")) {
    if (folders.has(id))
      reading.problem(`.flow/epics/${id}.json`, "it is in .flow/specs, too, and that one counts");
    else folders.set(id, "epics");
  }
  for (const id of stems(inSpecs, ".md")) {
    if (!folders.has(id)) reading.problem(`.flow/specs/${id}.md`, "its JSON is missing");
  }
  const besideEpics = new Set(stems(inEpics, ".md"));
  const specs = await mapSome([...folders], async ([id, folder]) => {
    const path = `.flow/${folder}/${id}.json`;
    const json = await readObject(reading, path);
    if (json === "absent") return null;
    // Some early folders keep both halves in epics/.
    const beside = !inSpecs.includes(`${id}.md`) && besideEpics.has(id);
    return readSpec(reading, id, path, `.flow/${beside ? "epics" : "specs"}/${id}.md`, json);
  });
  return specs.filter((spec) => spec !== null).sort((one, other) => compareIds(one.id, other.id));
}

async function readSpec(
  reading: Reading,
  id: string,
  jsonPath: string,
  specPath: string,
  json: JsonObject,
): Promise<FlowSpec> {
  if (json.id !== undefined && json.id !== id) {
    reading.problem(jsonPath, "the id in it is another one than its file name");
  }
  const status = json.status ?? "open";
  if (status !== "open" && status !== "done") {
    reading.problem(jsonPath, "its status is neither open nor done; it counts as open");
  }
  return {
    kind: "spec",
    id,
    title: textOf(json.title) ?? id,
    status: status === "done" ? "done" : "open",
    dialect: jsonPath.startsWith(".flow/epics/") ? "epic" : "spec",
    jsonPath,
    specPath,
    markdown: await half(reading, specPath),
    dependsOn: idsOf(reading, jsonPath, json.depends_on_epics ?? json.depends_on_specs, "depends_on_epics"),
    planReviewStatus: textOf(json.plan_review_status) ?? "unknown",
    completionReviewStatus: textOf(json.completion_review_status) ?? "unknown",
    branch: textOf(json.branch_name),
    tracker: trackerOf(json.tracker),
    createdAt: textOf(json.created_at),
    updatedAt: textOf(json.updated_at),
  };
}

async function readTasks(reading: Reading, names: string[], stateFolder: string): Promise<FlowTask[]> {
  const jsons = names
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .filter(isTaskId);
  const known = new Set(jsons);
  for (const name of names) {
    const id = name.endsWith(".md") ? name.slice(0, -".md".length) : "";
    if (isTaskId(id) && !known.has(id)) reading.problem(`.flow/tasks/${name}`, "its JSON is missing");
  }
  const tasks = await mapSome(jsons, (id) => readTask(reading, id, stateFolder));
  return tasks.filter((task) => task !== null).sort((one, other) => compareIds(one.id, other.id));
}

async function readTask(reading: Reading, id: string, stateFolder: string): Promise<FlowTask | null> {
  const parsed = parseFlowId(id);
  const jsonPath = `.flow/tasks/${id}.json`;
  const specPath = `.flow/tasks/${id}.md`;
  const definition = await readObject(reading, jsonPath);
  // Reports and other files that are only named like a task have no id: flowctl passes over them, too.
  if (parsed === null || definition === "absent" || definition.id === undefined) return null;
  const spec = definition.spec ?? definition.epic;
  if (definition.id !== id || spec !== parsed.spec) {
    const what =
      definition.id !== id
        ? "the id in it is another one than its file name"
        : "it names another spec than its id";
    reading.problem(jsonPath, `${what}: it is left out`);
    return null;
  }
  const [runtime, markdown] = await Promise.all([
    readRuntime(reading, stateFolder, id),
    half(reading, specPath),
  ]);
  const merged: JsonObject | Record<string, unknown> = { ...definition, ...runtime };
  if (markdown !== null) {
    for (const problem of headingProblems(markdown)) reading.problem(specPath, problem);
  }
  const front = markdown === null ? null : splitFrontmatter(markdown);
  const fields = front === null ? null : await readFrontmatter(front.yaml);
  if (front !== null && fields === null) reading.problem(specPath, "its frontmatter can't be read");
  return {
    kind: "task",
    id,
    spec: parsed.spec,
    title: textOf(definition.title) ?? id,
    number: parsed.task ?? 0,
    status: statusOf(reading, jsonPath, merged.status ?? "todo"),
    statusSource: runtime === null ? "committed" : "flow-state",
    jsonPath,
    specPath,
    markdown,
    sections:
      markdown === null
        ? { description: null, acceptance: null, doneSummary: null, evidence: null }
        : taskSections(front?.body ?? markdown),
    satisfies: listField(fields, "satisfies"),
    dependsOn: idsOf(reading, jsonPath, definition.depends_on ?? definition.deps, "depends_on"),
    priority: typeof merged.priority === "number" ? merged.priority : null,
    assignee: textOf(merged.assignee),
    blockedReason: textOf(merged.blocked_reason),
    evidence: evidenceOf(merged.evidence),
  };
}

/** The markdown of a pair of files, which has to be there. */
async function half(reading: Reading, path: string): Promise<string | null> {
  const before = reading.problems.length;
  const text = await reading.text(path);
  if (text === null && !reading.problems.slice(before).some((problem) => problem.path === path)) {
    reading.problem(path, "it is missing: only its JSON is there");
  }
  return text;
}

function statusOf(reading: Reading, path: string, status: unknown): TaskStatus {
  if (status === "todo" || status === "in_progress" || status === "blocked" || status === "done")
    return status;
  reading.problem(path, "its status is none of todo, in_progress, blocked and done; it counts as todo");
  return "todo";
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.slice(0, longestText) : null;
}

function idsOf(reading: Reading, path: string, value: unknown, key: string): string[] {
  if (value === undefined || value === null) return [];
  const items = Array.isArray(value) ? value : [];
  const ids = items.filter((item) => typeof item === "string" && parseFlowId(item) !== null);
  if (!Array.isArray(value) || ids.length < items.length)
    reading.problem(path, `its ${key} is not a list of ids`);
  return ids.slice(0, 1_000);
}

function evidenceOf(value: unknown): TaskEvidence | null {
  if (typeof value !== "object" || value === null) return null;
  const fields = new Map<string, unknown>(Object.entries(value));
  const texts = (name: string) => {
    const list = fields.get(name);
    const items = Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
    return items.slice(0, 500).map((item) => item.slice(0, 2_000));
  };
  return { commits: texts("commits"), tests: texts("tests"), prs: texts("prs") };
}

function trackerOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields = new Map<string, unknown>(Object.entries(value));
  return textOf(fields.get("identifier")) ?? textOf(fields.get("id")) ?? textOf(fields.get("url"));
}
