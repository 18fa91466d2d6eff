import { lstat, mkdir, readdir, readFile, realpath, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { isDeadMark, markPattern } from "../process-identity.js";
import { killMarked } from "../process-tree.js";
import { makeTemporary, removeTemporary } from "../temporary.js";
import { git } from "./git.js";
import type { Repository } from "./types.js";

/** A git worktree of ours, in a temporary folder, that nobody sees and that goes whatever happens. */
export interface ThrowAway {
  /** Its top: empty but for `.git`, its index as HEAD has it. */
  folder: string;
  /** A folder beside it, for what else is needed meanwhile. */
  beside: string;
  remove(): Promise<void>;
}

const prefix = "sluice-implement-";
const day = 24 * 60 * 60 * 1000;

/**
 * Makes a worktree of a repository at HEAD, detached: no branch, no hook, no file-system monitor, no filter runs. A
 * repository without commits gets a plain folder. Throws ConfigurationError when there is no room, SourceError when
 * git fails.
 */
export async function makeThrowAway(
  repository: Repository,
  temporary: string | undefined,
  signal: AbortSignal,
): Promise<ThrowAway> {
  const made = makeTemporary("implement", temporary);
  // git writes down where a worktree really is.
  const beside = await realpath(made);
  const folder = join(beside, "tree");
  const remove = async () => {
    for (const one of await ours(repository)) if (one.folder === folder) await forget(one.entry);
    await removeTemporary(made);
  };
  try {
    const head = await git(repository, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], {
      allowFailure: true,
      signal,
    });
    const commit = head.stdout.toString("latin1").trim();
    if (commit === "") await mkdir(folder);
    else {
      await git(repository, ["worktree", "add", "--quiet", "--detach", "--no-checkout", folder, commit], {
        signal,
      });
      await git(repository, ["-C", folder, "read-tree", "HEAD"], { signal });
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, beside, remove };
}

/**
 * Removes the worktrees of ours whose process is dead, with what git keeps of them, and nothing of anybody else's. A
 * process elsewhere (another container, before the last boot) can't be asked: after a day, and when its folder is
 * gone, its entry goes too. Never throws.
 *
 * @param now milliseconds since the epoch
 */
export async function removeAbandonedWorktrees(repository: Repository, now: number): Promise<void> {
  for (const { entry, folder, mark } of await ours(repository)) {
    const beside = dirname(folder);
    if (!isDeadMark(mark)) {
      const made = (await stat(entry).catch(() => null))?.mtimeMs ?? now;
      const isGone = (await lstat(folder).catch(() => null)) === null;
      if (!isGone || now - made < day) continue;
    }
    // What ran there without a sandbox may have outlived it.
    killMarked(basename(beside));
    await forget(entry);
    const found = await lstat(beside).catch(() => null);
    const isOwn = process.getuid === undefined || found?.uid === process.getuid();
    if (found?.isDirectory() && isOwn) await rm(beside, { recursive: true, force: true }).catch(() => {});
  }
}

/** What git keeps of the worktrees that this program made in a repository. */
async function ours(repository: Repository): Promise<{ entry: string; folder: string; mark: string }[]> {
  const place = join(repository.commonDir, "worktrees");
  const found: { entry: string; folder: string; mark: string }[] = [];
  for (const name of await readdir(place).catch(() => [])) {
    const entry = join(place, name);
    const text = await readFile(join(entry, "gitdir"), "utf8").catch(() => "");
    const folder = dirname(resolve(text.trim()));
    const top = basename(dirname(folder));
    const mark = markPattern.exec(top)?.[0];
    if (text.trim() === "" || basename(folder) !== "tree" || !top.startsWith(prefix) || mark === undefined)
      continue;
    found.push({ entry, folder, mark });
  }
  return found;
}

async function forget(entry: string): Promise<void> {
  await rm(entry, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  // As git leaves it: no empty folder. Another one in it keeps it.
  await rmdir(dirname(entry)).catch(() => {});
}
