import { openObjectStore } from "../change/object-store.js";
import { withoutState } from "../change/state-paths.js";
import type { Change, Repository } from "../change/types.js";
import { worktreeTree } from "../change/worktree.js";

/** The tree of what is checked out now, with all edits and untracked files, without Sluice's own state. */
export async function checkedOutTree(repository: Repository, signal: AbortSignal): Promise<string> {
  const store = await openObjectStore(repository, signal);
  const { tree } = await worktreeTree(store, [], signal);
  return (await withoutState(store, tree, [], signal)).tree;
}

/**
 * Why a change's head is not what a command would see that runs in the work tree; null when it is.
 *
 * @param now what `checkedOutTree` gives
 */
export function notCheckedOut(change: Change, now: string): string | null {
  if (change.headKind === "worktree" || change.head.tree === now) return null;
  const { label } = change.head;
  return change.headKind === "staged"
    ? "the work tree differs from what is staged: stage or stash the rest, or pass head: WORKTREE"
    : `${label} is not what is checked out: check it out with a clean work tree, or pass head: WORKTREE`;
}
