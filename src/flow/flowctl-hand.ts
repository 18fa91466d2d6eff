import { rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as z from "zod";
import type { Repository } from "../change/types.js";
import { replaceFile } from "../durable-file.js";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { makeTemporary, removeTemporary } from "../temporary.js";
import { type Flowctl, runFlowctl } from "./flowctl.js";
import type { Hand, PreparedTask } from "./hand.js";
import { isSpecId, isTaskId } from "./ids.js";
import { taskMarkdown } from "./task-text.js";
import type { FlowSpec } from "./types.js";

const done = z.looseObject({});
const newSpec = z.looseObject({ id: z.string().refine(isSpecId) });
const newTask = z.looseObject({ id: z.string().refine(isTaskId) });
const newTasks = z.looseObject({ tasks: z.array(newTask) });
const newEntry = z.looseObject({ entry_id: z.string(), path: z.string() });

/** Has flowctl write, which holds flow-next's locks. What it doesn't do, `own` does. */
export function flowctlHand(
  flowctl: Flowctl,
  own: Hand,
  repository: Repository,
  root: string,
  sluice: Sluice,
  signal: AbortSignal | undefined,
): Hand {
  const group = flowctl.speaks;
  const run = <T extends z.ZodType>(args: readonly string[], shape: T) =>
    runFlowctl(flowctl, args, shape, { repository, sluice, signal });

  const createOne = async (spec: FlowSpec, task: PreparedTask, ids: readonly string[]) => {
    const dependsOn = task.dependsOn.map((to) => (typeof to === "number" ? (ids[to] ?? "") : to));
    const deps = dependsOn.length > 0 ? [`--deps=${dependsOn.join(",")}`] : [];
    const priority = task.priority === null ? [] : [`--priority=${task.priority}`];
    const args = [`--${group}=${spec.id}`, `--title=${task.title}`, ...deps, ...priority];
    const { id } = await run(["task", "create", ...args], newTask);
    // These versions take neither a description nor requirements here.
    await replaceFile(join(root, "tasks", `${id}.md`), taskMarkdown(id, task.title, task), { mode: 0o644 });
    return id;
  };

  return {
    via: "flowctl",

    async createSpec(title, render) {
      const { id } = await run([group, "create", `--title=${title}`], newSpec);
      if (render !== null) {
        await withFiles(sluice, async (folder) => {
          await run([group, "set-plan", id, `--file=${await put(folder, "plan.md", render(id))}`], done);
        });
      }
      return { id, specPath: `.flow/specs/${id}.md` };
    },

    async setPlan(spec, markdown) {
      await withFiles(sluice, async (folder) => {
        await run([group, "set-plan", spec.id, `--file=${await put(folder, "plan.md", markdown)}`], done);
      });
    },

    async createTasks(spec, tasks) {
      if (flowctl.bulk) {
        return withFiles(sluice, async (folder) => {
          const path = await put(folder, "tasks.json", JSON.stringify(tasks.map(bulkTask)));
          const made = await run(["task", "create", `--spec=${spec.id}`, `--from-json=${path}`], newTasks);
          return made.tasks.map(({ id }) => id);
        });
      }
      const ids: string[] = [];
      try {
        for (const task of tasks) ids.push(await createOne(spec, task, ids));
        return ids;
      } catch (error) {
        for (const id of ids) {
          for (const end of [".md", ".json"]) await rm(join(root, "tasks", id + end), { force: true });
        }
        throw error;
      }
    },

    async setTaskSpec(task, parts) {
      await withFiles(sluice, async (folder) => {
        const files: string[] = [];
        for (const [name, text] of Object.entries(parts)) {
          if (text !== undefined) files.push(`--${name}=${await put(folder, `${name}.md`, text)}`);
        }
        await run(["task", "set-spec", task.id, ...files], done);
      });
    },

    async setPlanReviewStatus(spec, status) {
      // 0.x knows three words; whoever needs a person has no plan that was let pass.
      const word = group === "epic" && status === "needs_human" ? "needs_work" : status;
      await run([group, "set-plan-review-status", spec.id, `--status=${word}`], done);
    },

    async addMemory(entry) {
      if (group === "epic") return own.addMemory(entry);
      return withFiles(sluice, async (folder) => {
        const body = await put(folder, "body.md", entry.text);
        const args = [
          ...["memory", "add", `--track=${entry.track}`, `--category=${entry.category}`],
          ...[`--title=${entry.title}`, `--body-file=${body}`],
          ...(entry.module ? [`--module=${entry.module}`] : []),
          ...(entry.tags !== undefined && entry.tags.length > 0 ? [`--tags=${entry.tags.join(",")}`] : []),
        ];
        try {
          const made = await run(args, newEntry);
          return {
            id: made.entry_id,
            specPath: join(".flow", relative(root, made.path)).replaceAll("\\", "/"),
          };
        } catch (error) {
          // Its own switch is off until somebody sets it; the one that counts here was looked at before.
          if (!(error instanceof UsageError) || !/not (?:enabled|initialized)/i.test(error.message))
            throw error;
          return own.addMemory(entry);
        }
      });
    },
  };
}

/** As `task create --from-json` of flowctl 4.x takes it: places count from 1. */
function bulkTask(task: PreparedTask): Record<string, unknown> {
  return {
    title: task.title,
    ...(task.description === "" ? {} : { description: task.description }),
    ...(task.acceptance === "" ? {} : { acceptance: task.acceptance }),
    ...(task.satisfies.length === 0 ? {} : { satisfies: task.satisfies }),
    ...(task.priority === null ? {} : { priority: task.priority }),
    deps: task.dependsOn.map((to) => (typeof to === "number" ? to + 1 : to)),
  };
}

async function withFiles<R>(sluice: Sluice, work: (folder: string) => Promise<R>): Promise<R> {
  const folder = makeTemporary("flow", sluice.env.TMPDIR);
  try {
    return await work(folder);
  } finally {
    await removeTemporary(folder);
  }
}

async function put(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}
