import { UsageError } from "../errors.js";
import type { ObjectStore } from "./object-store.js";
import { applyDiff } from "./patch.js";
import { defaultBase, headCommit, resolveRef } from "./revisions.js";
import { trackedState, withoutState } from "./state-paths.js";
import { taskBase } from "./task-base.js";
import type { HeadKind, Skipped, TreeEnd } from "./types.js";
import { stagedTree, worktreeTree } from "./worktree.js";

/** What a caller asked for, with blanks taken as left out. */
export interface Asked {
  base: string | undefined;
  head: string | undefined;
  diff: string | undefined;
  task: string | undefined;
  exclude: readonly string[];
}

export interface Ends {
  base: TreeEnd;
  head: TreeEnd;
  headKind: HeadKind;
  skipped: Skipped[];
}

interface Head {
  end: TreeEnd;
  kind: HeadKind;
  skipped: Skipped[];
}

/** The two trees that a caller means. Throws UsageError when the arguments name none. */
export async function resolveEnds(store: ObjectStore, asked: Asked, signal?: AbortSignal): Promise<Ends> {
  if (asked.diff !== undefined) return pastedEnds(store, asked, asked.diff, signal);
  const head = await resolveHead(store, asked, signal);
  return strip(store, await baseFor(store, asked, head, signal), head, asked, signal);
}

async function strip(
  store: ObjectStore,
  base: TreeEnd,
  head: Head,
  asked: Asked,
  signal?: AbortSignal,
): Promise<Ends> {
  const [before, after] = await Promise.all([
    withoutState(store, base.tree, asked.exclude, signal),
    withoutState(store, head.end.tree, asked.exclude, signal),
  ]);
  return {
    base: { ...base, tree: before.tree },
    head: { ...head.end, tree: after.tree },
    headKind: head.kind,
    skipped: [...head.skipped, ...trackedState(before, after)],
  };
}

async function resolveHead(store: ObjectStore, asked: Asked, signal?: AbortSignal): Promise<Head> {
  const { repository } = store;
  if (asked.head === "STAGED" || asked.head === "WORKTREE") {
    if (repository.bare) {
      throw new UsageError("A bare repository has no work tree.", "Pass head as a branch, tag or commit.");
    }
    return asked.head === "STAGED" ? staged(store, signal) : worktree(store, asked, signal);
  }
  if (asked.head !== undefined) {
    return { end: await resolveRef(repository, asked.head, "head", signal), kind: "commit", skipped: [] };
  }
  const current = await headCommit(repository, signal);
  if (repository.bare) {
    if (current !== null) return { end: current, kind: "commit", skipped: [] };
    throw new UsageError("The repository has no commits yet.", "Commit something first.");
  }
  const work = await worktree(store, asked, signal);
  const dirty = work.end.tree !== current?.tree || work.skipped.length > 0;
  return dirty || current === null ? work : { end: current, kind: "commit", skipped: [] };
}

async function staged(store: ObjectStore, signal?: AbortSignal): Promise<Head> {
  const { tree, skipped } = await stagedTree(store, signal);
  return { end: { tree, commit: null, label: "STAGED" }, kind: "staged", skipped };
}

async function worktree(store: ObjectStore, asked: Asked, signal?: AbortSignal): Promise<Head> {
  const { tree, skipped } = await worktreeTree(store, asked.exclude, signal);
  return { end: { tree, commit: null, label: "WORKTREE" }, kind: "worktree", skipped };
}

async function baseFor(store: ObjectStore, asked: Asked, head: Head, signal?: AbortSignal): Promise<TreeEnd> {
  const { repository } = store;
  if (asked.base !== undefined) return resolveRef(repository, asked.base, "base", signal);
  if (head.kind === "commit" && head.end.commit === null) {
    throw new UsageError("head is a tree without history, so it has no default base.", "Pass base.");
  }
  if (asked.task !== undefined) {
    const tip = head.end.commit ?? (await headCommit(repository, signal))?.commit ?? null;
    const recorded = await taskBase(repository, tip, signal);
    if (recorded !== null) return recorded;
  }
  const ref = head.kind === "commit" && asked.head !== undefined ? asked.head : null;
  const uncommitted = head.kind !== "commit";
  return defaultBase(repository, { commit: head.end.commit, uncommitted, ref }, signal);
}

/**
 * A pasted diff on `base`. Without one: on HEAD, which is what `git diff` shows a diff to, else on the default base,
 * for the diff of a whole branch.
 */
async function pastedEnds(
  store: ObjectStore,
  asked: Asked,
  diff: string,
  signal?: AbortSignal,
): Promise<Ends> {
  if (asked.head !== undefined) {
    throw new UsageError("head and diff cannot both be given.", "A diff is applied to base; leave head out.");
  }
  let why = "";
  for await (const base of pastedBases(store, asked, signal)) {
    const applied =
      diff.trim() === "" ? { tree: base.tree, skipped: [] } : await applyDiff(store, base.tree, diff, signal);
    if (applied.tree !== null) {
      const end = { tree: applied.tree, commit: null, label: "diff" };
      return strip(store, base, { end, kind: "diff", skipped: applied.skipped }, asked, signal);
    }
    why ||= `The diff does not apply to ${base.label}: ${applied.reason}`;
  }
  throw new UsageError(
    why,
    "Pass as base the commit that the diff was made against, with the diff unshortened.",
  );
}

async function* pastedBases(store: ObjectStore, asked: Asked, signal?: AbortSignal): AsyncGenerator<TreeEnd> {
  const { repository } = store;
  const { base } = asked;
  if (base !== undefined) {
    yield await resolveRef(repository, base, "base", signal);
    return;
  }
  const options = { commit: null, uncommitted: true, ref: null };
  const current = await headCommit(repository, signal);
  if (current !== null) yield current;
  // Without common history there is no second base to try.
  const other = await defaultBase(repository, options, signal).catch(() => null);
  signal?.throwIfAborted();
  if (other !== null && other.tree !== current?.tree) yield other;
}
