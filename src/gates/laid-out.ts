import { chmod, mkdir, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { Change, Side, TreeEntry } from "../change/types.js";

const maxFiles = 60_000;
const maxBytes = 1024 * 1024 * 1024;

/** Whether a tree is more than is written out on the side. */
export function isTooLarge(entries: readonly TreeEntry[]): boolean {
  const bytes = entries.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
  return entries.length > maxFiles || bytes > maxBytes;
}

/** Writes one side of a change to a folder, which must exist: files as the tree has them, and links that stay inside. */
export async function layOut(change: Change, side: Side, folder: string): Promise<void> {
  const written = new Set(await change.objects.materialise(side, folder, isFile));
  for (const entry of await change.objects.tree(side)) {
    if (entry.mode === "100755" && written.has(entry.path)) await chmod(join(folder, entry.path), 0o755);
    if (entry.mode === "120000") await link(change, entry, folder);
  }
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode === "100644" || entry.mode === "100755";
}

/** A link is made only when its text leads to somewhere inside the folder. */
async function link(change: Change, entry: TreeEntry, folder: string): Promise<void> {
  const target = (await change.objects.blob(entry.id, 4096)).toString("utf8");
  const inside = posix.normalize(posix.join(posix.dirname(entry.path), target));
  if (target.startsWith("/") || inside === ".." || inside.startsWith("../")) return;
  const path = join(folder, entry.path);
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}
