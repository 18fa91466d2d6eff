import { resolve } from "node:path";
import * as z from "zod";
import type { Repository } from "../change/types.js";
import { parseJson } from "../config/json.js";
import { kindOf } from "../durable-file.js";
import type { Sluice } from "../sluice.js";
import type { Reading } from "./files.js";

/** What flowctl keeps of a task outside git; it lies over the task's own JSON. */
const runtimeSchema = z.looseObject({ status: z.string() });
export type Runtime = z.output<typeof runtimeSchema>;

/**
 * Where flowctl keeps the status of tasks: `FLOW_STATE_DIR`, else `flow-state/` in the git common directory, which
 * all worktrees share. `.flow/state` is of a time before the repository was one of git's.
 */
export async function runtimeFolder(
  repository: Repository,
  sluice: Sluice,
  flowRoot: string,
): Promise<string> {
  const named = sluice.env.FLOW_STATE_DIR;
  if (named !== undefined && named !== "") return resolve(sluice.cwd, named);
  const common = resolve(repository.commonDir, "flow-state");
  const early = resolve(flowRoot, "state");
  const [inGit, inFolder] = await Promise.all([kindOf(common), kindOf(early)]);
  return inGit === "absent" && inFolder === "folder" ? early : common;
}

/** Null when there is none, or none that can be read: then the committed JSON counts, as for flowctl. */
export async function readRuntime(reading: Reading, folder: string, task: string): Promise<Runtime | null> {
  const path = `${task}.state.json`;
  const text = await reading.text(resolve(folder, "tasks", path), `flow-state/tasks/${path}`);
  if (text === null) return null;
  const json = await parseJson(text, text.length * 4);
  const runtime = json.ok ? runtimeSchema.safeParse(json.value) : null;
  if (runtime?.success === true) return runtime.data;
  const why = json.ok ? "it is no task state" : json.message;
  reading.problem(`flow-state/tasks/${path}`, `${why}; the status in the task's own JSON counts`);
  return null;
}
