import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { isSluiceError, messageOf, UsageError } from "../errors.js";
import { byteStrings, textOf } from "./bytes.js";
import { filterDrivers, filtersOff } from "./filters.js";
import { git, printedId } from "./git.js";
import { copyIndex, type ObjectStore, withTemporaryIndex } from "./object-store.js";
import { isWithin } from "./repository.js";
import { isExcluded } from "./state-paths.js";
import type { Skipped } from "./types.js";

/** Bytes: an untracked file above this is listed in `skipped`, not hashed. */
export const untrackedFileLimit = 5 * 1024 * 1024;
/** More untracked files or bytes than this are a forgotten .gitignore entry, not a change. */
export const untrackedCountLimit = 50_000;
export const untrackedTotalLimit = 512 * 1024 * 1024;

/** Runs of update-index spent on finding the files that git cannot take. */
const attempts = 64;

export interface Snapshot {
  /** Tree id. */
  tree: string;
  skipped: Skipped[];
}

interface Step {
  store: ObjectStore;
  index: string;
  signal: AbortSignal | undefined;
  exclude: readonly string[];
  skipped: Skipped[];
}

/**
 * The tree that `git add -A && git write-tree` would give, untracked files included and ignored ones not, by way of a
 * temporary index. The user's own filters run, as they would on add; a file whose filter is missing or fails keeps
 * its indexed version and is listed in `skipped`, as is all else that git cannot take.
 */
export function worktreeTree(
  store: ObjectStore,
  exclude: readonly string[],
  signal?: AbortSignal,
): Promise<Snapshot> {
  return withTemporaryIndex(async (index) => {
    const step: Step = { store, index, signal, exclude, skipped: [] };
    await copyIndex(store.repository, index);
    const [changed, untracked] = await Promise.all([
      changedPaths(step),
      untrackedPaths(step),
      listDirtySubmodules(step),
    ]);
    await removeEntries(step, changed.gone);
    await addEntries(step, [...changed.present, ...untracked]);
    return { tree: await writeTree(step), skipped: step.skipped };
  });
}

/** The index as a tree. Paths in conflict are taken as "ours" and listed in `skipped`. */
export function stagedTree(store: ObjectStore, signal?: AbortSignal): Promise<Snapshot> {
  return withTemporaryIndex(async (index) => {
    const step: Step = { store, index, signal, exclude: [], skipped: [] };
    await copyIndex(store.repository, index);
    await settleConflicts(step);
    return { tree: await writeTree(step), skipped: step.skipped };
  });
}

async function writeTree(step: Step): Promise<string> {
  const written = await runAnyway(step, ["write-tree", "--missing-ok"]);
  return printedId(written);
}

interface RunOptions {
  input?: Uint8Array;
  /** Filter drivers to leave out. */
  without?: readonly string[];
}

function run(step: Step, args: readonly string[], { input, without = [] }: RunOptions = {}) {
  return step.store.write(args, {
    env: { GIT_INDEX_FILE: step.index, ...filtersOff(without) },
    signal: step.signal,
    timeout: 300_000,
    ...(input === undefined ? {} : { input }),
  });
}

/**
 * For what needs no filter but may meet one: comparing, and writing an index, look again at files that were touched
 * in the same moment as the index, and a required filter that cannot run ends them. Then it goes without filters:
 * such files count as changed, and adding them finds out one by one.
 */
async function runAnyway(step: Step, args: readonly string[], input?: Uint8Array) {
  const options = input === undefined ? {} : { input };
  try {
    return await run(step, args, options);
  } catch (error) {
    step.signal?.throwIfAborted();
    const without = await filterDrivers(step.store.repository, step.signal);
    if (without.length === 0) throw error;
    return run(step, args, { ...options, without });
  }
}

function list(paths: readonly string[]): Buffer {
  return Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1");
}

/** Byte strings of the tracked paths that differ from the index, by whether there is something to take. */
async function changedPaths(step: Step): Promise<{ present: string[]; gone: string[] }> {
  const command = ["diff-files", "--raw", "-z", "--no-renames", "--ignore-submodules=dirty"];
  const output = (await runAnyway(step, command)).stdout;
  const present = new Set<string>();
  const gone = new Set<string>();
  const pieces = byteStrings(output);
  for (let at = 0; at + 1 < pieces.length; at += 2) {
    const [, newMode = "", , , status = ""] = (pieces[at] ?? "").split(" ");
    const path = pieces[at + 1] ?? "";
    if (status === "U" ? lstatOrNull(step, path) !== null : newMode !== "000000") present.add(path);
    else gone.add(path);
  }
  for (const path of present) gone.delete(path);
  return { present: [...present], gone: [...gone] };
}

/** A submodule is taken as the commit checked out in it: what is edited there and not committed is in no tree. */
async function listDirtySubmodules(step: Step): Promise<void> {
  if (!existsSync(join(step.store.repository.root, ".gitmodules"))) return;
  const command = ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=no"];
  const { stdout } = await runAnyway(step, [...command, "--ignore-submodules=none"]);
  for (const record of byteStrings(stdout)) {
    // `1 XY S<commit><modified><untracked> …8 fields… path`, `u` with 10 before the path.
    const [kind = "", , submodule = ""] = record.split(" ", 3);
    if (!/^S.(?:M.|.U)$/.test(submodule)) continue;
    const path = record
      .split(" ")
      .slice(kind === "u" ? 10 : 8)
      .join(" ");
    skip(
      step,
      path,
      "a submodule with uncommitted changes of its own: commit them there, or review it by itself",
    );
  }
}

/** Byte strings of the untracked paths to take: not ignored, not too large, no repository of its own. */
async function untrackedPaths(step: Step): Promise<string[]> {
  const output = (await run(step, ["ls-files", "--others", "--exclude-standard", "-z"])).stdout;
  const paths: string[] = [];
  let total = 0;
  for (const path of byteStrings(output)) {
    if (isExcluded(textOf(path), step.exclude)) continue;
    if (path.endsWith("/")) {
      if (await isNestedRepository(step, path)) paths.push(path.slice(0, -1));
      continue;
    }
    const found = lstatOrNull(step, path);
    if (found === null) continue;
    if (found.size > untrackedFileLimit) {
      skip(step, path, `untracked file of ${found.size} bytes, above the limit of ${untrackedFileLimit}`);
      continue;
    }
    total += found.size;
    paths.push(path);
    if (paths.length > untrackedCountLimit || total > untrackedTotalLimit) {
      throw new UsageError(
        `There are more than ${paths.length - 1} untracked files (${Math.round(total / 1048576)} MiB) that git does not ignore.`,
        "Add generated folders to .gitignore, or pass head: STAGED or HEAD.",
      );
    }
  }
  return paths;
}

function skip(step: Step, path: string, reason: string): void {
  step.skipped.push({ path: textOf(path), reason });
}

function lstatOrNull(step: Step, path: string) {
  const root = Buffer.from(`${step.store.repository.root}/`);
  return (
    lstatSync(Buffer.concat([root, Buffer.from(path, "latin1")]), { throwIfNoEntry: false, bigint: false }) ??
    null
  );
}

/** As `git add` does, a repository inside this one becomes a submodule entry; this repository's own worktrees do not. */
async function isNestedRepository(step: Step, path: string): Promise<boolean> {
  const folder = join(step.store.repository.root, textOf(path));
  if (isOwnWorktree(folder, step.store.repository.commonDir)) return false;
  const head = await git(step.store.repository, ["-C", folder, "rev-parse", "--quiet", "--verify", "HEAD"], {
    allowFailure: true,
    signal: step.signal,
  });
  if (head.code !== 0) skip(step, path.slice(0, -1), "a git repository of its own without commits");
  return head.code === 0;
}

function isOwnWorktree(folder: string, commonDir: string): boolean {
  try {
    const link = readFileSync(join(folder, ".git"), "utf8");
    const target = /^gitdir: (.+)$/m.exec(link)?.[1];
    return target !== undefined && isWithin(realpathSync(target.trim()), join(commonDir, "worktrees"));
  } catch {
    return false;
  }
}

async function removeEntries(step: Step, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const zero = "0".repeat(step.store.repository.objectFormat === "sha256" ? 64 : 40);
  const input = Buffer.from(paths.map((path) => `0 ${zero}\t${path}\0`).join(""), "latin1");
  await runAnyway(step, ["update-index", "-z", "--index-info"], input);
}

/** Adds all in one go; only when that fails are the files at fault looked for. */
async function addEntries(step: Step, paths: readonly string[]): Promise<void> {
  if (paths.length === 0 || (await tryToAdd(step, paths)) === null) return;
  const drivers = await filterDrivers(step.store.repository, step.signal);
  const budget = { left: attempts };
  for (const [driver, group] of await byFilter(step, paths)) {
    // Each group goes without the filters that are not its own, so that one at fault stops its own files only.
    const without = drivers.filter((other) => other !== driver);
    if (!drivers.includes(driver)) {
      await addByHalves(step, group, without, budget);
      continue;
    }
    const failure = await tryToAdd(step, group, without);
    if (failure === null) continue;
    for (const path of group) skip(step, path, `its filter "${driver}" could not run: ${failure}`);
  }
}

async function addByHalves(
  step: Step,
  paths: readonly string[],
  without: readonly string[],
  budget: { left: number },
): Promise<void> {
  if (paths.length === 0) return;
  budget.left -= 1;
  const failure = await tryToAdd(step, paths, without);
  if (failure === null) return;
  if (paths.length === 1 || budget.left <= 0) {
    for (const path of paths) skip(step, path, `git could not read it: ${failure}`);
    return;
  }
  const middle = paths.length >> 1;
  await addByHalves(step, paths.slice(0, middle), without, budget);
  await addByHalves(step, paths.slice(middle), without, budget);
}

/** Null when it worked, else what git said. */
async function tryToAdd(
  step: Step,
  paths: readonly string[],
  without: readonly string[] = [],
): Promise<string | null> {
  try {
    const args = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];
    await run(step, args, { input: list(paths), without });
    return null;
  } catch (error) {
    step.signal?.throwIfAborted();
    if (!isSluiceError(error) || error.name !== "SourceError") throw error;
    return messageOf(error).replace(/^git update-index failed: (?:fatal: |error: )?/, "");
  }
}

/** Paths by the filter their attributes name; "" for none. */
async function byFilter(step: Step, paths: readonly string[]): Promise<Map<string, string[]>> {
  const groups = new Map<string, string[]>();
  const output = (await run(step, ["check-attr", "-z", "--stdin", "filter"], { input: list(paths) })).stdout;
  const pieces = byteStrings(output);
  for (let at = 0; at + 2 < pieces.length; at += 3) {
    const value = pieces[at + 2] ?? "";
    const driver = ["unspecified", "unset", "set"].includes(value) ? "" : textOf(value);
    const group = groups.get(driver);
    if (group === undefined) groups.set(driver, [pieces[at] ?? ""]);
    else group.push(pieces[at] ?? "");
  }
  return groups;
}

/** `write-tree` refuses an index with conflicts: each becomes what HEAD's side says. */
async function settleConflicts(step: Step): Promise<void> {
  if (!existsSync(step.index)) return;
  const output = (await run(step, ["ls-files", "--unmerged", "-z"])).stdout;
  const ours = new Map<string, string | null>();
  for (const record of byteStrings(output)) {
    const tab = record.indexOf("\t");
    const [mode = "", id = "", stage = ""] = record.slice(0, tab).split(" ");
    const path = record.slice(tab + 1);
    if (stage === "2") ours.set(path, `${mode} ${id} 0`);
    else if (!ours.has(path)) ours.set(path, null);
  }
  if (ours.size === 0) return;
  for (const path of ours.keys()) skip(step, path, "in conflict: resolve it and stage it");
  await removeEntries(step, [...ours.keys()]);
  const kept = [...ours].flatMap(([path, entry]) => (entry === null ? [] : [`${entry}\t${path}\0`]));
  if (kept.length > 0) {
    await runAnyway(step, ["update-index", "-z", "--index-info"], Buffer.from(kept.join(""), "latin1"));
  }
}
