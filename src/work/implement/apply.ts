import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Change } from "../../change/types.js";
import { type PlannedWrite, writeAllOrNothing } from "../../change/write-files.js";
import type { WrittenFile } from "../../change/written-tree.js";
import { checkedOutTree } from "../../gates/checked-out.js";

export type Applied = { state: "applied" } | { state: "not-applied"; why: string };

/**
 * Writes a proposal into the user's work tree: only when that is still the tree that the proposal was made for, and
 * all of it or nothing, also when this process is killed meanwhile. Nothing is staged.
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
  const steps: PlannedWrite[] = [];
  for (const file of files) {
    const step = await prepare(repository.root, base, file);
    if ("why" in step) return { state: "not-applied", why: step.why };
    steps.push(step);
  }
  const why = await writeAllOrNothing(repository, steps);
  return why === null ? { state: "applied" } : { state: "not-applied", why };
}

async function prepare(
  root: string,
  base: Change,
  { path, content, mode }: WrittenFile,
): Promise<PlannedWrite | { why: string }> {
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
    return { path, before: null, after: content, mode: mode === "100755" ? 0o755 : 0o644 };
  }
  if (!stats.isFile()) return { why: `${path} is no regular file in the work tree` };
  const before = await readFile(file);
  // Ignored by git, so in no tree; or written as it is by a filter.
  if (blob === null) return { why: `${path} is there already, ignored by git` };
  const permissions = stats.mode & 0o777;
  if (before.equals(blob)) return { path, before, after: content, mode: permissions };
  const crlf = Buffer.from(
    blob.toString("latin1").replaceAll("\r\n", "\n").replaceAll("\n", "\r\n"),
    "latin1",
  );
  if (!before.equals(crlf)) return { why: `${path} is stored by a filter and can't be written as it is` };
  const after =
    content &&
    Buffer.from(content.toString("latin1").replaceAll("\r\n", "\n").replaceAll("\n", "\r\n"), "latin1");
  return { path, before, after, mode: permissions };
}
