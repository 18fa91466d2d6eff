import type { Sluice } from "../sluice.js";
import type { ChangeArguments } from "./arguments.js";
import { changedFiles, rawDiff } from "./diff.js";
import { type Asked, type Ends, resolveEnds } from "./ends.js";
import { pathFilter } from "./globs.js";
import { classifyKinds } from "./kinds.js";
import { type ObjectStore, openObjectStore } from "./object-store.js";
import { openObjects } from "./objects.js";
import { openRepository } from "./repository.js";
import { checkTaskId } from "./task-base.js";
import type { Change, TreeEnd } from "./types.js";

export { type ChangeArguments, changeArguments } from "./arguments.js";

export interface OpenOptions {
  /** Folders beyond the server's own repository and the client's roots, from the user's configuration. */
  allowed?: readonly string[];
  signal?: AbortSignal;
  /** Paths (files or folders) that are never part of the change, besides Sluice's own state. */
  exclude?: readonly string[];
}

/**
 * Opens the change that a caller's arguments name: two trees and what git says of their difference. A change with
 * nothing in it has no files; saying so is up to the caller. Nothing of the user's is written but `sluice/` in the git
 * common directory. Throws UsageError when the arguments name no change, SourceError when git fails.
 */
export async function openChange(
  sluice: Sluice,
  args: ChangeArguments,
  options: OpenOptions = {},
): Promise<Change> {
  const { signal } = options;
  const asked = readArguments(args, options);
  const repository = await openRepository(sluice, given(args.repo), options);
  const wanted = args.paths?.length ? await pathFilter(repository, args.paths) : null;
  const store = await openObjectStore(repository, signal);
  const ends = await resolveEnds(store, asked, signal);
  const change = await changeOf(store, ends, { wanted, task: asked.task ?? null, signal });
  origins.set(change, { asked, baseTree: ends.base.tree, headTree: ends.head.tree });
  return change;
}

/**
 * The change from one tree to another, both in the store already: what nobody asked for by a ref. `staleness` does not
 * know it. Throws SourceError when git fails.
 */
export function changeBetween(
  store: ObjectStore,
  ends: { base: TreeEnd; head: TreeEnd },
  options: { task: string | null; signal: AbortSignal },
): Promise<Change> {
  return changeOf(store, { ...ends, headKind: "diff", skipped: [] }, { ...options, wanted: null });
}

async function changeOf(
  store: ObjectStore,
  { base, head, headKind, skipped: untaken }: Ends,
  options: {
    wanted: ((path: string) => boolean) | null;
    task: string | null;
    signal: AbortSignal | undefined;
  },
): Promise<Change> {
  const { wanted, task, signal } = options;
  const all =
    base.tree === head.tree
      ? []
      : await changedFiles(await rawDiff(store, base.tree, head.tree, 0, signal), signal);
  const isWanted = (path: string) => wanted === null || wanted(path);
  const files = all.filter(
    (file) => isWanted(file.path) || (file.oldPath !== null && isWanted(file.oldPath)),
  );
  const objects = openObjects(store, { base: base.tree, head: head.tree }, files);
  const large = await classifyKinds(store, base.tree, objects, files, signal);
  const skipped = untaken.filter(({ path }) => isWanted(path));
  const narrowed = files.length < all.length || skipped.length < untaken.length;
  return {
    repository: store.repository,
    base,
    head,
    headKind,
    files,
    skipped: [...skipped, ...large],
    partial: narrowed || headKind === "diff",
    task,
    objects,
  };
}

/** How each change was asked for, to see later whether the same words still mean the same trees. */
const origins = new WeakMap<Change, { asked: Asked; baseTree: string; headTree: string }>();

function readArguments(args: ChangeArguments, options: OpenOptions): Asked {
  const task = given(args.task);
  if (task !== undefined) checkTaskId(task);
  return {
    base: given(args.base),
    head: given(args.head),
    diff: args.diff,
    task,
    exclude: (options.exclude ?? []).map((path) => path.replace(/\/+$/, "")),
  };
}

/** Models fill in optional arguments with "": left out. A blank `diff` is different: it is an empty change. */
function given(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === "" ? undefined : text;
}

/** What a result says of the trees it saw. */
export interface ChangeLabel {
  /** How a person would say it: `merge-base with main`, `WORKTREE`, … */
  base: string;
  base_tree: string;
  head: string;
  head_tree: string;
  /** Touched files, and lines added and deleted in those that are text. */
  files: number;
  added: number;
  deleted: number;
}

export function changeLabel(change: Change): ChangeLabel {
  const sum = (lines: (number | null)[]) => lines.reduce<number>((total, count) => total + (count ?? 0), 0);
  return {
    base: change.base.label,
    base_tree: change.base.tree,
    head: change.head.label,
    head_tree: change.head.tree,
    files: change.files.length,
    added: sum(change.files.map(({ added }) => added)),
    deleted: sum(change.files.map(({ deleted }) => deleted)),
  };
}

/**
 * Whether the same arguments now mean other trees: refs moved, files were edited. Throws as `openChange` does, when
 * they mean nothing any more.
 */
export async function staleness(change: Change, sluice: Sluice, signal?: AbortSignal): Promise<boolean> {
  const origin = origins.get(change);
  if (origin === undefined) throw new Error("staleness() takes a change that openChange() gave");
  const options = signal === undefined ? {} : { signal };
  const repository = await openRepository({ ...sluice, cwd: change.repository.root }, undefined, options);
  const ends = await resolveEnds(await openObjectStore(repository, signal), origin.asked, signal);
  return ends.base.tree !== origin.baseTree || ends.head.tree !== origin.headTree;
}
