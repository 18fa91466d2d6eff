import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../change/git.js";
import type { Repository } from "../change/types.js";

const specFolders = ["epics", "specs", "charts"];
const specName = /^fn-(\d{1,15})(?:-[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?(?:\.(?:json|md))?$/;

/** Milliseconds for the history of all refs; what it would have said is then left out, as flowctl does. */
const historyLimit = 20_000;

/**
 * The number of the next spec, as flowctl allocates it: one more than the highest in this work tree, in every other
 * one and in the history of all refs, so that one that was deleted or stands on another branch is not given again.
 * Charts count, too.
 */
export async function nextSpecNumber(
  repository: Repository,
  root: string,
  signal?: AbortSignal,
): Promise<number> {
  const names = await specNames(repository, root, signal);
  const past = await namesInHistory(repository, signal);
  return 1 + highest([...names, ...past], specName);
}

/** Whether another spec or chart has a spec's number: somebody took it who knows no lock of ours. */
export async function isNumberShared(
  repository: Repository,
  root: string,
  id: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const number = specName.exec(id)?.[1];
  const names = await specNames(repository, root, signal);
  return names.some(
    (name) => name.replace(/\.(?:json|md)$/, "") !== id && specName.exec(name)?.[1] === number,
  );
}

/** Names of the files in all work trees that hold a spec's number. */
async function specNames(repository: Repository, root: string, signal?: AbortSignal): Promise<string[]> {
  const roots = [root, ...(await otherFolders(repository, root, signal))];
  const names = await Promise.all(
    roots.flatMap((folder) => specFolders.map((name) => namesIn(join(folder, name)))),
  );
  return names.flat();
}

/**
 * The number of a spec's next task: one more than the highest here, in the other work trees and in the runtime state,
 * where a task that is gone may have left that it is done.
 */
export async function nextTaskNumber(
  repository: Repository,
  root: string,
  stateFolder: string,
  spec: string,
  signal?: AbortSignal,
): Promise<number> {
  const folders = [root, ...(await otherFolders(repository, root, signal))].map((folder) =>
    join(folder, "tasks"),
  );
  const names = await Promise.all([...folders, join(stateFolder, "tasks")].map(namesIn));
  const own = names.flat().filter((name) => name.startsWith(`${spec}.`));
  return (
    1 +
    highest(
      own.map((name) => name.slice(spec.length)),
      /^\.(\d{1,15})\.(?:json|md|state\.json)$/,
    )
  );
}

function highest(names: readonly string[], pattern: RegExp): number {
  let found = 0;
  for (const name of names) found = Math.max(found, Number(pattern.exec(name)?.[1] ?? 0));
  return found;
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The `.flow` folders of the repository's other work trees. */
async function otherFolders(repository: Repository, root: string, signal?: AbortSignal): Promise<string[]> {
  const list = await textOf(repository, ["worktree", "list", "--porcelain"], signal);
  return list
    .split("\n")
    .filter((line) => line.startsWith("worktree "))
    .map((line) => join(line.slice("worktree ".length).trim(), ".flow"))
    .filter((folder) => folder !== root);
}

async function namesInHistory(repository: Repository, signal?: AbortSignal): Promise<string[]> {
  const folders = specFolders.map((name) => `.flow/${name}`);
  const args = [
    "log",
    "--all",
    "--full-history",
    "--diff-filter=A",
    "--format=",
    "--name-only",
    "--",
    ...folders,
  ];
  const list = await textOf(repository, args, signal);
  return list.split("\n").map((line) => line.slice(line.lastIndexOf("/") + 1).trim());
}

/** Empty when git fails: then the rest decides. */
async function textOf(
  repository: Repository,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  try {
    const result = await git(repository, args, {
      signal,
      timeout: historyLimit,
      maxOutput: 32 * 1024 * 1024,
      truncate: true,
      allowFailure: true,
      // A partial clone must not be completed over the network for this.
      env: { GIT_NO_LAZY_FETCH: "1" },
    });
    return result.code === 0 ? result.stdout.toString("utf8") : "";
  } catch {
    signal?.throwIfAborted();
    return "";
  }
}
