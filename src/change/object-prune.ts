import { randomBytes } from "node:crypto";
import { lstat, readdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const day = 24 * 60 * 60 * 1000;
/** Milliseconds since an object was last written or wanted again by git, which sets its time each time. */
const keptFor = 30 * day;
/** Milliseconds after which a process looks again whether a day is over. */
const lookAgain = 60 * 60 * 1000;
const removedAtOnce = 20_000;

const looked = new Map<string, number>();

/**
 * Once a day, by whichever process comes first, removes loose objects from `place`/objects that nobody wrote for 30
 * days. A call that makes a tree writes every object of it that is ours, or refreshes its time, so what is that old
 * belongs to no change that is being reviewed; verdicts keep ids of trees to show and compare, and read none.
 *
 * Resolves when it is settled whether to do so, to what does it in the background: neither ever rejects.
 *
 * @param userObjects the user's own object directory, which is never pruned, whatever `place` leads to
 */
export async function pruneDaily(place: string, userObjects: string): Promise<{ done: Promise<number> }> {
  const nothing = { done: Promise.resolve(0) };
  const last = looked.get(place);
  if (last !== undefined && performance.now() - last < lookAgain) return nothing;
  looked.set(place, performance.now());
  try {
    const now = await claim(place);
    if (now === null) return nothing;
    return { done: pruneObjects(place, userObjects, now).catch(() => 0) };
  } catch {
    // A full or read-only disk: nothing is removed.
    return nothing;
  }
}

/** Marks this day as ours, and gives the file system's time; null when somebody did within a day. */
async function claim(place: string): Promise<number | null> {
  const marker = join(place, "objects-pruned");
  const draft = `${marker}-${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, "", { mode: 0o600, flag: "wx" });
    const now = (await stat(draft)).mtimeMs;
    const before = await stat(marker).catch(() => null);
    // A time in the future is a clock that was wrong.
    if (before !== null && before.mtimeMs <= now && now - before.mtimeMs < day) return null;
    await rename(draft, marker);
    return now;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes the loose objects that are older than 30 days at `now` (milliseconds, by the clock of the file system), and
 * gives how many. Packs stay, links are not followed. Throws what the file system throws.
 */
export async function pruneObjects(place: string, userObjects: string, now: number): Promise<number> {
  const objects = join(place, "objects");
  const own = await realpath(objects);
  if (!(await lstat(objects)).isDirectory() || own === (await realpath(userObjects))) return 0;
  const limit = now - keptFor;
  let removed = 0;
  for (const folder of await readdir(objects, { withFileTypes: true })) {
    if (!folder.isDirectory() || !/^[0-9a-f]{2}$/.test(folder.name)) continue;
    for (const file of await readdir(join(objects, folder.name), { withFileTypes: true })) {
      if (!file.isFile() || !/^(?:[0-9a-f]{38}|[0-9a-f]{62}|tmp_obj_\w+)$/.test(file.name)) continue;
      if (await removeOld(join(objects, folder.name, file.name), limit)) removed++;
      if (removed >= removedAtOnce) return removed;
    }
  }
  return removed;
}

async function removeOld(path: string, limit: number): Promise<boolean> {
  // Moved aside first: git may want the object, and set its time, between our look and our removal.
  const aside = join(path, "..", `tmp_obj_pruned${randomBytes(6).toString("hex")}`);
  try {
    if ((await lstat(path)).mtimeMs >= limit) return false;
    await rename(path, aside);
    if ((await lstat(aside)).mtimeMs >= limit) {
      await rename(aside, path);
      return false;
    }
    await rm(aside);
    return true;
  } catch (error) {
    // Another process was here first.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
