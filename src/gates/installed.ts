import { cp, lstat, mkdir, readdir, realpath, symlink } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import type { TreeEntry } from "../change/types.js";

/** Written by tools next to what is installed: another tree's caches must not meet these. */
const caches = new Set([".cache", ".vite", ".vitest", ".prisma", ".tmp", ".turbo"]);

/**
 * Links what is installed in a work tree into a copy of it, which has none: packages one by one, so that what is
 * written beside them stays in the copy, and a workspace's own packages are the copy's.
 *
 * @param root the work tree's top
 * @param entries the tree that was written to `folder`
 */
export async function linkInstalled(
  root: string,
  entries: readonly TreeEntry[],
  folder: string,
): Promise<void> {
  const tracked = new Set(entries.map((entry) => entry.path.split("/")[0]));
  for (const name of [".venv", "venv", ".pnp.cjs", ".pnp.loader.mjs", ".yarn"]) {
    if (!tracked.has(name) && (await exists(join(root, name))))
      await symlink(join(root, name), join(folder, name));
  }
  if (!tracked.has("vendor")) await linkVendor(root, folder);
  const packages = entries
    .filter((entry) => /(^|\/)package\.json$/.test(entry.path))
    .map(({ path }) => posix.dirname(path));
  for (const place of packages) {
    const installed = join(root, place, "node_modules");
    const linked = join(folder, place, "node_modules");
    if (place.split("/").includes("node_modules") || !(await exists(installed)) || (await exists(linked)))
      continue;
    await linkModules(root, installed, linked, folder);
  }
}

/** A folder of links, one for each package, so that what a check writes beside them is not written into head's. */
async function linkModules(root: string, from: string, to: string, folder: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (caches.has(entry.name)) continue;
    const source = join(from, entry.name);
    if (entry.isDirectory() && entry.name.startsWith("@")) {
      await linkModules(root, source, join(to, entry.name), folder);
      continue;
    }
    const target = await realpath(source).catch(() => null);
    if (target === null) continue;
    // A workspace's own package is the copy's, not the one that is checked out.
    const within = relative(root, target);
    const own = !within.startsWith("..") && !within.split(sep).includes("node_modules");
    await symlink(own ? join(folder, within) : target, join(to, entry.name));
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Composer finds a project's own classes from the place of its autoloader, so that part is copied; Go's and Ruby's
 * have none. A vendor folder that is tracked came with the tree.
 */
async function linkVendor(root: string, folder: string): Promise<void> {
  const from = join(root, "vendor");
  const to = join(folder, "vendor");
  if ((await exists(to)) || !(await isFolder(from))) return;
  await mkdir(to);
  for (const { name } of await readdir(from, { withFileTypes: true })) {
    if (name === "autoload.php" || name === "composer")
      await cp(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
    else await symlink(join(from, name), join(to, name));
  }
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
