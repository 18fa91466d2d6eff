import { chmod, lstat, mkdir, readdir, realpath, symlink } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import type { Change, TreeEntry } from "../change/types.js";
import { isSluiceError, messageOf } from "../errors.js";
import { makeTemporary, removeTemporary } from "../temporary.js";

/** The base of a change as files in a folder of its own, beside the dependencies installed in the work tree. */
export interface Baseline {
  folder: string;
  /** For what a check would otherwise leave in the project: build output that must not mix with head's. */
  scratch: string;
  remove(): Promise<void>;
}

const maxFiles = 60_000;
const maxBytes = 1024 * 1024 * 1024;

/** Lock files of what is installed into the project's folder and so is there once only, for head. */
const lockFiles =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|requirements[\w.-]*\.txt)$/;
const manifests = /(^|\/)(package\.json|pyproject\.toml|setup\.(py|cfg))$/;

/** Written by tools next to what is installed: another tree's caches must not meet these. */
const caches = new Set([".cache", ".vite", ".vitest", ".prisma", ".tmp", ".turbo"]);

/**
 * Writes the base tree to a temporary folder, with links to the dependencies that are installed in the work tree.
 * Gives a reason instead when a check there would not say anything about base.
 */
export async function makeBaseline(
  change: Change,
  temporary: string | undefined,
): Promise<Baseline | { reason: string }> {
  const [base, head] = [await change.objects.tree("base"), await change.objects.tree("head")];
  const bytes = base.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
  if (base.length > maxFiles || bytes > maxBytes)
    return { reason: "base is too large to be checked on the side" };
  if (dependenciesDiffer(base, head)) return { reason: "the change also changes dependencies" };
  const made = makeTemporary("base", temporary);
  const top = await realpath(made);
  const remove = () => removeTemporary(made);
  const folder = join(top, "tree");
  const scratch = join(top, "scratch");
  try {
    await mkdir(folder);
    await mkdir(scratch);
    const written = new Set(await change.objects.materialise("base", folder, isFile));
    for (const entry of base) {
      if (entry.mode === "100755" && written.has(entry.path)) await chmod(join(folder, entry.path), 0o755);
      if (entry.mode === "120000") await link(change, entry, folder);
    }
    await linkInstalled(change.repository.root, base, folder);
    return { folder, scratch, remove };
  } catch (error) {
    await remove();
    if (isSluiceError(error) || isFileError(error))
      return { reason: `base could not be written to a temporary folder: ${messageOf(error)}` };
    throw error;
  }
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode === "100644" || entry.mode === "100755";
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function dependenciesDiffer(base: readonly TreeEntry[], head: readonly TreeEntry[]): boolean {
  const locks = signature(base, lockFiles);
  if (locks !== "" || signature(head, lockFiles) !== "") return locks !== signature(head, lockFiles);
  return signature(base, manifests) !== signature(head, manifests);
}

function signature(entries: readonly TreeEntry[], names: RegExp): string {
  return entries
    .filter((entry) => names.test(entry.path))
    .map((entry) => `${entry.path} ${entry.id}`)
    .sort()
    .join("\n");
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

async function linkInstalled(root: string, base: readonly TreeEntry[], folder: string): Promise<void> {
  const tracked = new Set(base.map((entry) => entry.path.split("/")[0]));
  for (const name of [".venv", "venv", ".pnp.cjs", ".pnp.loader.mjs", ".yarn"]) {
    if (!tracked.has(name) && (await exists(join(root, name))))
      await symlink(join(root, name), join(folder, name));
  }
  const packages = base
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
    // A workspace's own package is the base's, not the one that is checked out.
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
