import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import { git } from "./git.js";
import { isAncestor, resolveRef } from "./revisions.js";
import type { Repository, TreeEnd } from "./types.js";

/** Native ids (`fn-1-add-login.2`) and tracker ids (`wor-17-fix.2`), as flow-next reads them. */
const taskId = /^[a-z][a-z0-9]{0,9}-\d+(?:-[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?(?:\.\d+)?$/;

/** Throws UsageError for what no flow-next task could be called. */
export function checkTaskId(task: string): void {
  if (task.length <= 200 && taskId.test(task)) return;
  throw new UsageError(
    `task: ${JSON.stringify(task.slice(0, 200))} is not a flow task id.`,
    "Pass an id such as fn-1-add-login.2, or leave task out.",
  );
}

/**
 * The commit that a flow-next worker (4.x) recorded in `.flow/tmp/base_commit` before its first edit; null when there
 * is none that head grew from. A file that git tracks is nobody's record: it would let a commit choose how little
 * of it is reviewed.
 */
export async function taskBase(
  repository: Repository,
  headCommit: string | null,
  signal?: AbortSignal,
): Promise<TreeEnd | null> {
  if (repository.bare || headCommit === null) return null;
  const path = ".flow/tmp/base_commit";
  for (const root of new Set([repository.root, repository.mainRoot ?? repository.root])) {
    const id = await readSmall(join(root, path));
    if (id === null || !/^[0-9a-f]{7,64}$/.test(id)) continue;
    const tracked = await git(repository, ["-C", root, "ls-files", "--error-unmatch", "--", path], {
      allowFailure: true,
      signal,
    });
    if (tracked.code === 0) continue;
    const base = await resolveRef(repository, id, "base", signal).catch(() => null);
    if (base?.commit == null || !(await isAncestor(repository, base.commit, headCommit, signal))) continue;
    return { ...base, label: "the task's recorded base" };
  }
  return null;
}

async function readSmall(path: string): Promise<string | null> {
  try {
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(200), 0, 200, null);
      return buffer.toString("latin1", 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
