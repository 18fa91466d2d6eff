import { randomInt } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "../change/types.js";
import { isObject, parseJson } from "../config/json.js";
import { createFile, kindOf, readRegularFile, replaceFile } from "../durable-file.js";
import { SourceError, UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { isNumberShared, nextSpecNumber, nextTaskNumber } from "./allocate.js";
import { flowNow, memoryFile } from "./entry.js";
import { specLock, taskLock, withFlowctlLock } from "./flowctl-lock.js";
import { dialectOf } from "./folder.js";
import type { Hand, PreparedMemory, PreparedTask } from "./hand.js";
import { slugOf } from "./ids.js";
import { editFlowJson, flowJson } from "./json.js";
import { taskHeadings } from "./markdown.js";
import { runtimeFolder } from "./runtime.js";
import { patchSection, sectionContent, specSkeleton, taskMarkdown } from "./task-text.js";
import type { Dialect, FlowSpec, Written } from "./types.js";

const largestFile = 4 * 1024 * 1024;
const attempts = 20;

type NewFile = readonly [path: string, text: string];

/** Writes as flowctl does, for where there is none. */
export function ownHand(
  repository: Repository,
  root: string,
  sluice: Sluice,
  signal: AbortSignal | undefined,
): Hand {
  const now = () => flowNow(sluice);
  const at = (path: string) => join(root, path.slice(".flow/".length));
  const held = { repository, root, sluice, signal };
  return {
    via: "sluice",

    async createSpec(title, render) {
      const dialect = await dialectOf(root);
      const slug = slugOf(title) || Array.from({ length: 3 }, () => randomInt(36).toString(36)).join("");
      return withFlowctlLock(specLock, held, async () => {
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          const id = `fn-${await nextSpecNumber(repository, root, signal)}-${slug}`;
          const specPath = `.flow/specs/${id}.md`;
          const files: NewFile[] = [
            [at(`.flow/${dialect}s/${id}.json`), flowJson(newSpec(id, title, dialect, now()))],
            [at(specPath), render === null ? specSkeleton(id, title) : render(id)],
          ];
          // One that locks nothing (flowctl before 3.13) may have counted before ours was there: ours gives way.
          if (await createAll(files, () => isNumberShared(repository, root, id, signal))) {
            return { id, specPath };
          }
        }
        throw crowded("spec");
      });
    },

    async setPlan(spec, markdown) {
      await replaceText(at(`.flow/specs/${spec.id}.md`), markdown);
      await edit(at(spec.jsonPath), { updated_at: now() });
    },

    async createTasks(spec, tasks) {
      const state = await runtimeFolder(repository, sluice, root);
      return withFlowctlLock(taskLock(spec.id), held, async () => {
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          const first = await nextTaskNumber(repository, root, state, spec.id, signal);
          const ids = tasks.map((_, place) => `${spec.id}.${first + place}`);
          const files = tasks.flatMap((task, place) => taskFiles(spec, task, ids, place, now()));
          if (await createAll(files.map(([path, text]): NewFile => [at(path), text]))) return ids;
        }
        throw crowded("task");
      });
    },

    async setTaskSpec(task, parts) {
      const current = await readText(at(task.specPath), task.specPath);
      const changes = [
        [taskHeadings[0], parts.description],
        [taskHeadings[1], parts.acceptance],
      ] as const;
      let markdown = current;
      for (const [heading, text] of changes) {
        if (text === undefined) continue;
        const patched = patchSection(markdown, heading, sectionContent(heading, text, await dialectOf(root)));
        if (patched === null) {
          throw new UsageError(
            `${task.specPath} has not exactly one heading "${heading}".`,
            "Put the headings of that file right, then call again.",
          );
        }
        markdown = patched;
      }
      await replaceText(at(task.specPath), markdown);
      await edit(at(task.jsonPath), { updated_at: now() });
    },

    async setPlanReviewStatus(spec, status) {
      const when = now();
      // 0.x knows three words; whoever needs a person has no plan that was let pass.
      const word = spec.dialect === "epic" && status === "needs_human" ? "needs_work" : status;
      await edit(at(spec.jsonPath), { plan_review_status: word, plan_reviewed_at: when, updated_at: when });
    },

    async addMemory(entry) {
      return addMemory(root, entry, sluice);
    },
  };
}

function newSpec(id: string, title: string, dialect: Dialect, now: string): Record<string, unknown> {
  const tracker = {
    baseHashFlow: null,
    baseHashTracker: null,
    depRelations: [],
    id: null,
    identifier: null,
    lastSyncedAt: null,
    mergeBaseFlow: null,
    mergeBaseTracker: null,
    url: null,
  };
  return {
    branch_name: id,
    created_at: now,
    depends_on_epics: [],
    id,
    next_task: 1,
    plan_review_status: "unknown",
    plan_reviewed_at: null,
    spec_path: `.flow/specs/${id}.md`,
    status: "open",
    title,
    ...(dialect === "spec" ? { tracker } : {}),
    updated_at: now,
  };
}

function taskFiles(
  spec: FlowSpec,
  task: PreparedTask,
  ids: readonly string[],
  place: number,
  now: string,
): [path: string, text: string][] {
  const id = ids[place] ?? "";
  const specPath = `.flow/tasks/${id}.md`;
  const json = {
    assignee: null,
    claim_note: "",
    claimed_at: null,
    created_at: now,
    depends_on: task.dependsOn.map((to) => (typeof to === "number" ? (ids[to] ?? "") : to)),
    id,
    priority: task.priority,
    [spec.dialect]: spec.id,
    spec_path: specPath,
    status: "todo",
    title: task.title,
    updated_at: now,
  };
  return [
    [`.flow/tasks/${id}.json`, flowJson(json)],
    [specPath, taskMarkdown(id, task.title, task)],
  ];
}

/**
 * Makes all of the files or none; false when one stood there already, of somebody who holds no lock of ours, or when
 * `isTaken` says so once they are there.
 */
async function createAll(
  files: readonly NewFile[],
  isTaken: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<boolean> {
  const made: string[] = [];
  let whole = false;
  try {
    for (const [path, text] of files) {
      if (!(await createFile(path, text))) return false;
      made.push(path);
    }
    whole = !(await isTaken());
    return whole;
  } finally {
    if (!whole) for (const path of made) await rm(path, { force: true });
  }
}

async function readText(path: string, shown: string): Promise<string> {
  const file = await readRegularFile(path, largestFile);
  if (file.state === "read") return file.text;
  throw new UsageError(
    `${shown} can't be changed: ${file.state === "absent" ? "it is not there" : file.why}.`,
    "Restore it (`git checkout` or `git restore`), then call again.",
  );
}

/** Keeps the file's mode; a link in its place is replaced, not followed. */
async function replaceText(path: string, text: string): Promise<void> {
  const mode = (await kindOf(path)) === "file" ? (await stat(path)).mode & 0o777 : 0o644;
  await replaceFile(path, text, { mode });
}

async function edit(path: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const text = await readText(path, path);
  const json = await parseJson(text, largestFile);
  if (!json.ok || !isObject(json.value)) {
    throw new UsageError(
      `${path} can't be changed: ${json.ok ? "it is not a JSON object" : json.message}.`,
      "Put it right, then call again.",
    );
  }
  await replaceText(path, editFlowJson(text, changes));
}

async function addMemory(root: string, entry: PreparedMemory, sluice: Sluice): Promise<Written> {
  const flat = await flatFile(root, entry);
  if (flat !== null) {
    const path = join(root, "memory", `${flat.name}.md`);
    const there = await readText(path, `.flow/memory/${flat.name}.md`);
    const said = entry.text.startsWith(entry.title) ? entry.text : `${entry.title}\n\n${entry.text}`;
    const text = sectionContent("## Description", said, "epic");
    await replaceText(path, `${there}\n## ${flowNow(sluice).slice(0, 10)} manual [${flat.type}]\n${text}\n`);
    return { id: `legacy/${flat.name}`, specPath: `.flow/memory/${flat.name}.md` };
  }
  const { folder, slug, date, text } = memoryFile(entry, sluice);
  await mkdir(join(root, folder), { recursive: true });
  for (let number = 1; number <= 1_000; number += 1) {
    const id = `${folder.slice("memory/".length)}/${slug}${number === 1 ? "" : `-${number}`}-${date}`;
    if (await createFile(join(root, "memory", `${id}.md`), text)) {
      return { id, specPath: `.flow/memory/${id}.md` };
    }
  }
  throw crowded("memory entry");
}

/** The flat file of flow-next 0.26 that the entry belongs in; null where memory is a tree. */
async function flatFile(
  root: string,
  { track, category }: PreparedMemory,
): Promise<{ name: string; type: string } | null> {
  const kind = (name: string) => kindOf(join(root, "memory", name));
  const [bug, knowledge] = await Promise.all([kind("bug"), kind("knowledge")]);
  if (bug !== "absent" || knowledge !== "absent") return null;
  const decides = ["decisions", "tooling-decisions", "architecture-patterns"].includes(category);
  const type = track === "bug" ? "pitfall" : decides ? "decision" : "convention";
  return (await kind(`${type}s.md`)) === "file" ? { name: `${type}s`, type } : null;
}

function crowded(what: string): SourceError {
  return new SourceError(
    `No new ${what} could be made: others took every id first.`,
    "Nothing was written. Call again.",
    { kind: "locked" },
  );
}
