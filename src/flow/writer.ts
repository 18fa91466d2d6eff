import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { createFile, kindOf } from "../durable-file.js";
import { UsageError } from "../errors.js";
import { withLock } from "../file-lock.js";
import type { Sluice } from "../sluice.js";
import { findFlowRoot } from "./files.js";
import { findFlowId } from "./find.js";
import { findFlowctl } from "./flowctl.js";
import { flowctlHand } from "./flowctl-hand.js";
import { dialectOf, readFlow } from "./folder.js";
import type { Hand } from "./hand.js";
import { flowJson } from "./json.js";
import { ownHand } from "./own-hand.js";
import { checkLength, oneLine, prepareMemory, prepareTasks } from "./prepare.js";
import { cleanMarkdown, sectionContent, specMarkdown } from "./task-text.js";
import type { Dialect, FlowFolder, FlowSpec, FlowTask, FlowWriter } from "./types.js";

export interface WriterOptions {
  /** Makes the folder where there is none; else that is a UsageError. */
  create?: boolean;
  signal?: AbortSignal;
}

/** Milliseconds. With flowctl, which starts Python for each command, twenty others may be before us. */
const lockWait = 180_000;

/**
 * Opens the work tree's `.flow` folder for writing: through flowctl where it is found, else by ourselves. Everything
 * is written as flowctl does and in the folder's own dialect. One process of Sluice's writes at a time, in all work
 * trees of a repository.
 *
 * @throws UsageError when there is no folder and none is to be made, or a part of it leads elsewhere;
 *   ConfigurationError when the configured flowctl is not there
 */
export async function openFlowWriter(
  project: { repository: Repository; config: Config },
  sluice: Sluice,
  options: WriterOptions = {},
): Promise<FlowWriter> {
  const { repository, config } = project;
  const { create = false, signal } = options;
  const found = await findFlowctl(repository, config, sluice, signal);
  const root = await openRoot(repository, create, found?.speaks ?? "spec");
  const own = ownHand(repository, root, sluice, signal);
  // A flowctl of 0.x does not see the specs of a folder of 1.0, and would make a second kind of them.
  const fits = found !== null && (found.speaks === "spec" || (await dialectOf(root)) === "epic");
  const hand: Hand = fits ? flowctlHand(found, own, repository, root, sluice, signal) : own;

  const locks = join(repository.commonDir, "flow-state", "locks");
  await mkdir(locks, { recursive: true });
  const alone = <R>(work: () => Promise<R>) =>
    withLock(join(locks, "sluice.lock"), { signal, wait: lockWait }, async () => {
      await checkFolders(root);
      // git keeps no empty folders, and flowctl misses them.
      for (const name of ["specs", "tasks", "memory"]) await mkdir(join(root, name), { recursive: true });
      return work();
    });
  const read = async (): Promise<FlowFolder> => {
    const folder = await readFlow(repository, sluice, signal);
    if (folder === null) throw noFolder(repository);
    return folder;
  };
  const spec = async (id: string): Promise<FlowSpec> => specOf(await read(), id);

  return {
    via: hand.via,

    async createSpec({ title, markdown }) {
      const line = oneLine(title);
      checkLength(markdown ?? "", "The plan");
      const render = markdown === undefined ? null : (id: string) => specMarkdown(id, line, markdown);
      return alone(() => hand.createSpec(line, render));
    },

    async setPlan(id, markdown) {
      checkLength(markdown, "The plan");
      const text = `${cleanMarkdown(markdown).trimEnd()}\n`;
      return alone(async () => {
        const found = await spec(id);
        // What is there already is not touched, the time of its last change included.
        if (found.markdown !== text && found.markdown !== markdown) await hand.setPlan(found, text);
        return { id: found.id, specPath: `.flow/specs/${found.id}.md` };
      });
    },

    createTasks: (id, tasks) =>
      alone(async () => {
        const folder = await read();
        const found = specOf(folder, id);
        const { prepared, order } = prepareTasks(folder, found, tasks);
        const ids = await hand.createTasks(found, prepared);
        return tasks.map((_, place) => {
          const made = ids[order.indexOf(place)] ?? "";
          return { id: made, specPath: `.flow/tasks/${made}.md` };
        });
      }),

    setTaskSpec: (id, { description, acceptance }) =>
      alone(async () => {
        const folder = await read();
        const task = findFlowId(folder, id);
        if (task.kind !== "task")
          throw new UsageError(`${task.id} is a spec.`, `Pass a task, such as ${task.id}.1.`);
        if (description === undefined && acceptance === undefined) {
          throw new UsageError("There is nothing to set.", "Pass description, acceptance or both.");
        }
        for (const text of [description, acceptance]) checkLength(text ?? "", "The text");
        const parts = changedParts(task, { description, acceptance }, folder.dialect);
        if (Object.keys(parts).length > 0) await hand.setTaskSpec(task, parts);
        return { id: task.id, specPath: task.specPath };
      }),

    setPlanReviewStatus: (id, status) => alone(async () => hand.setPlanReviewStatus(await spec(id), status)),

    async addMemory(entry) {
      if (!config.memory.enabled) {
        throw new UsageError(
          "Memory is switched off in this repository (memory.enabled).",
          "Leave the note out, or ask the user to switch memory on.",
        );
      }
      const prepared = prepareMemory(entry);
      const folders = [`memory/${prepared.track}`, `memory/${prepared.track}/${prepared.category}`];
      return alone(async () => {
        await checkFolders(root, folders);
        return hand.addMemory(prepared);
      });
    },
  };
}

function changedParts(
  task: FlowTask,
  wanted: { description?: string | undefined; acceptance?: string | undefined },
  dialect: Dialect,
): { description?: string; acceptance?: string } {
  const parts: { description?: string; acceptance?: string } = {};
  for (const [name, heading] of [
    ["description", "## Description"],
    ["acceptance", "## Acceptance"],
  ] as const) {
    const text = wanted[name];
    if (text === undefined) continue;
    const content = sectionContent(heading, text, dialect);
    if (content !== task.sections[name]) parts[name] = content;
  }
  return parts;
}

function specOf(folder: FlowFolder, id: string): FlowSpec {
  const found = findFlowId(folder, id);
  if (found.kind === "spec") return found;
  throw new UsageError(`${found.id} is a task.`, `Pass its spec: ${found.spec}.`);
}

function noFolder(repository: Repository): UsageError {
  return new UsageError(
    `${repository.root} has no .flow folder of flow-next's.`,
    "Run `flowctl init` there, or `sluice plan … --write`, which makes what is missing.",
  );
}

/** The folder, made when it is wanted: what flowctl 4.x (or 0.x) needs of it to work, and no more. */
async function openRoot(repository: Repository, create: boolean, dialect: Dialect): Promise<string> {
  if (repository.bare) {
    throw new UsageError("A bare repository has no work tree.", "Pass repo as a work tree of it.");
  }
  const found = await findFlowRoot(repository);
  if (found !== null && "refused" in found) {
    throw new UsageError(`.flow can't be written: ${found.refused}.`, "Make it a folder, then call again.");
  }
  const root = found?.root ?? join(repository.root, ".flow");
  const names = ["meta.json", "specs", "epics", "tasks"];
  const kinds = await Promise.all(names.map((name) => kindOf(join(root, name))));
  const [meta] = kinds;
  if (kinds.some((kind) => kind !== "absent")) {
    if (meta === "file") return root;
    throw new UsageError(
      `${join(root, "meta.json")} is missing.`,
      "Restore it from git, or run `flowctl init` there, then call again.",
    );
  }
  if (!create) throw noFolder(repository);
  for (const name of [...(dialect === "epic" ? ["epics"] : []), "specs", "tasks", "memory"]) {
    await mkdir(join(root, name), { recursive: true });
  }
  const counters =
    dialect === "epic" ? { next_epic: 1, schema_version: 2 } : { next_spec: 1, schema_version: 3 };
  // Without it git would be shown the locks of a flowctl that works on the folder later. One that is there stays.
  if (dialect === "spec") await createFile(join(root, ".gitignore"), flowctlIgnores);
  await createFile(join(root, "meta.json"), flowJson(counters));
  return root;
}

/** As flowctl 4.4 writes it, with the marks that it looks for. */
const flowctlIgnores = `# Auto-managed by flowctl \u2014 do not edit above this marker.
.checkpoint-*.json
receipts/
tmp/
.backup-pre-1.0/
.banner-acknowledged
.migrating
.migration-manifest
sync-runs/
.locks/
locks/
pilot-runs/
.cache/
create-first/
# End of auto-managed block. User patterns below this line are preserved.
`;

/** Throws UsageError when a part of the folder leads elsewhere: whoever wrote the repository would choose what is written. */
async function checkFolders(
  root: string,
  names: readonly string[] = ["specs", "epics", "tasks", "memory", "locks"],
): Promise<void> {
  for (const name of names) {
    const kind = await kindOf(join(root, name));
    if (kind === "folder" || kind === "absent") continue;
    const what = kind === "link" ? "a symbolic link" : "not a folder";
    throw new UsageError(`.flow/${name} is ${what}.`, "Make it a folder, then call again.");
  }
}
