import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Change } from "../../change/types.js";
import type { WrittenFile } from "../../change/written-tree.js";
import { messageOf } from "../../errors.js";
import { checkedOutTree } from "../../gates/checked-out.js";

export type Applied = { state: "applied" } | { state: "not-applied"; why: string };

interface Step {
  path: string;
  file: string;
  /** What is there now; null for a new file. */
  before: Buffer | null;
  after: Buffer | null;
  mode: number;
}

/**
 * Writes a proposal into the user's work tree: only when that is still the tree that the proposal was made for, and
 * all of it or nothing. Nothing is staged.
 */
export async function applyToWorkTree(
  base: Change,
  files: readonly WrittenFile[],
  signal: AbortSignal,
): Promise<Applied> {
  const { repository } = base;
  const now = await checkedOutTree(repository, signal);
  if (now !== base.head.tree)
    return { state: "not-applied", why: "the work tree has changed since the proposal was begun" };
  const steps: Step[] = [];
  for (const file of files) {
    const step = await prepare(repository.root, base, file);
    if ("why" in step) return { state: "not-applied", why: step.why };
    steps.push(step);
  }
  const done: Step[] = [];
  const folders: string[] = [];
  try {
    for (const step of steps) {
      await makeFolders(repository.root, step.path, folders);
      // From here on it may be half done.
      done.push(step);
      await put(step.file, step.after, step.mode);
    }
    return { state: "applied" };
  } catch (error) {
    const lost: string[] = [];
    for (const { file, path, before, mode } of done.reverse())
      await put(file, before, mode).catch(() => lost.push(path));
    for (const folder of folders.reverse()) await rmdir(folder).catch(() => {});
    const undone = lost.length === 0 ? "all was undone" : `these could not be undone: ${lost.join(", ")}`;
    return { state: "not-applied", why: `${messageOf(error)}; ${undone}` };
  }
}

async function prepare(
  root: string,
  base: Change,
  { path, content, mode }: WrittenFile,
): Promise<Step | { why: string }> {
  const parts = path.split("/");
  for (let count = 1; count < parts.length; count++) {
    const above = await lstat(join(root, ...parts.slice(0, count))).catch(() => null);
    if (above !== null && !above.isDirectory())
      return { why: `${parts.slice(0, count).join("/")} is no folder in the work tree` };
  }
  const file = join(root, ...parts);
  const stats = await lstat(file).catch(() => null);
  const blob = await base.objects.file("base", path);
  if (stats === null) {
    if (blob !== null) return { why: `${path} is not in the work tree` };
    return { path, file, before: null, after: content, mode: mode === "100755" ? 0o755 : 0o644 };
  }
  if (!stats.isFile()) return { why: `${path} is no regular file in the work tree` };
  const before = await readFile(file);
  // Ignored by git, so in no tree; or written as it is by a filter.
  if (blob === null) return { why: `${path} is there already, ignored by git` };
  const permissions = stats.mode & 0o777;
  if (before.equals(blob)) return { path, file, before, after: content, mode: permissions };
  const crlf = Buffer.from(
    blob.toString("latin1").replaceAll("\r\n", "\n").replaceAll("\n", "\r\n"),
    "latin1",
  );
  if (!before.equals(crlf)) return { why: `${path} is stored by a filter and can't be written as it is` };
  const after =
    content &&
    Buffer.from(content.toString("latin1").replaceAll("\r\n", "\n").replaceAll("\n", "\r\n"), "latin1");
  return { path, file, before, after, mode: permissions };
}

async function makeFolders(root: string, path: string, made: string[]): Promise<void> {
  const parts = path.split("/").slice(0, -1);
  for (let count = 1; count <= parts.length; count++) {
    const folder = join(root, ...parts.slice(0, count));
    if ((await lstat(folder).catch(() => null)) !== null) continue;
    await mkdir(folder);
    made.push(folder);
  }
}

/** In one step, so that no file is ever half written. */
async function put(file: string, content: Buffer | null, mode: number): Promise<void> {
  if (content === null) return rm(file, { force: true });
  const temporary = join(dirname(file), `.sluice-${randomBytes(6).toString("hex")}.tmp`);
  try {
    await writeFile(temporary, content, { flag: "wx", mode });
    await chmod(temporary, mode);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
