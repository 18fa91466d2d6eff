import { createHash } from "node:crypto";
import { git } from "./git.js";
import type { Repository } from "./types.js";

/**
 * A short text that stays the same while HEAD and what is uncommitted do. What is edited once more after it was edited
 * is not noticed: for that, take a Change.
 */
export async function workTreeMark(repository: Repository, signal: AbortSignal): Promise<string> {
  const limits = { signal, timeout: 30_000, maxOutput: 16 * 1024 * 1024, truncate: true, allowFailure: true };
  const head = await git(repository, ["rev-parse", "--verify", "--quiet", "HEAD"], limits);
  const hash = createHash("sha256").update(head.stdout);
  if (!repository.bare) {
    const args = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"];
    hash.update((await git(repository, args, limits)).stdout);
  }
  return hash.digest("hex").slice(0, 16);
}
