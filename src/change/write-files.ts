import { randomBytes } from "node:crypto";
import { lstat, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors.js";
import { ownMark } from "../process-identity.js";
import type { Repository } from "./types.js";
import { hold, putFile, temporaryFile, undoWrites } from "./undo-writes.js";
import {
  dropJournal,
  hashOf,
  journalsOf,
  keepJournal,
  standingOf,
  type WriteJournal,
} from "./write-journal.js";

/** A file of the work tree, as it is and as it is to be; null: there is none. */
export interface PlannedWrite {
  path: string;
  before: Buffer | null;
  after: Buffer | null;
  /** Permissions, before and after. */
  mode: number;
}

/**
 * Writes files into a work tree, all of them or none, whatever happens: what stands in the way undoes the rest, and a
 * process that is killed meanwhile leaves a journal by which the next one undoes it (`undoUnfinished`). No edit of
 * somebody else's is written over.
 *
 * @returns why nothing was written; null when all was
 */
export async function writeAllOrNothing(
  repository: Repository,
  writes: readonly PlannedWrite[],
): Promise<string | null> {
  const { root } = repository;
  const id = randomBytes(6).toString("hex");
  const folder = join(journalsOf(repository), `${ownMark()}-${id}`);
  const journal: WriteJournal = {
    standing: await standingOf(
      repository,
      writes.map(({ path }) => path),
    ),
    steps: writes.map(({ path, before, after, mode }) => ({
      path,
      existed: before !== null,
      after: after === null ? null : hashOf(after),
      mode,
    })),
    folders: await missingFolders(root, writes),
    temporary: `.sluice-${id}-`,
  };
  try {
    const originals = writes.flatMap(({ path, before, mode }) =>
      before === null ? [] : [{ path, bytes: before, mode }],
    );
    await keepJournal(folder, journal, originals);
  } catch (error) {
    await dropJournal(folder).catch(() => {});
    return `${messageOf(error)}; nothing was touched`;
  }
  let begun = 0;
  try {
    for (const one of journal.folders) await mkdir(join(root, ...one.split("/")));
    for (const [index, { path, before, after, mode }] of writes.entries()) {
      if (!(await isAs(join(root, ...path.split("/")), before)))
        throw new Error(`${path} was edited meanwhile`);
      begun = index + 1;
      await putFile(root, path, after, mode, temporaryFile(root, path, journal.temporary, index));
    }
  } catch (error) {
    // What was not come to is somebody else's, whatever is there.
    const those = { ...journal, steps: journal.steps.slice(0, begun) };
    const undoing = await undoWrites(root, folder, those).catch((second: unknown) => ({
      state: "left" as const,
      why: messageOf(second),
    }));
    if (undoing.state === "left")
      return `${messageOf(error)}; not all was undone: ${await hold(root, folder, journal, undoing.why)}`;
    await dropJournal(folder).catch(() => {});
    return `${messageOf(error)}; all was undone`;
  }
  // One that stays says that all was written: nothing is undone by it.
  await dropJournal(folder).catch(() => {});
  return null;
}

async function isAs(file: string, content: Buffer | null): Promise<boolean> {
  const stats = await lstat(file).catch(() => null);
  if (stats === null || content === null) return stats === null && content === null;
  return stats.isFile() && content.equals(await readFile(file));
}

/** Folders that are to be made, outer ones first. */
async function missingFolders(root: string, writes: readonly PlannedWrite[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const { path, after } of writes) {
    if (after === null) continue;
    const parts = path.split("/").slice(0, -1);
    for (let count = 1; count <= parts.length; count++) {
      const folder = parts.slice(0, count).join("/");
      if ((await lstat(join(root, ...parts.slice(0, count))).catch(() => null)) === null) missing.add(folder);
    }
  }
  return [...missing];
}
