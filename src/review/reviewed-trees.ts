import * as z from "zod";
import type { Change } from "../change/types.js";
import { UsageError } from "../errors.js";

/** Which trees a result speaks of. */
export const treesOutput = z.object({
  base: z.string(),
  head: z.string(),
  base_tree: z.string(),
  head_tree: z.string(),
});

export function treesOf({ base, head }: Change): z.output<typeof treesOutput> {
  return { base: base.label, head: head.label, base_tree: base.tree, head_tree: head.tree };
}

/** Throws UsageError when a change has no files: there is nothing to say about it. */
export function refuseEmpty(change: Change): void {
  if (change.files.length > 0) return;
  throw new UsageError(
    `There is nothing between ${change.base.label} and ${change.head.label}: the change is empty.`,
    "Name another `base` or `head` (WORKTREE takes uncommitted work), or widen `paths`.",
  );
}
