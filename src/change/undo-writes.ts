import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errnoOf } from "../durable-file.js";
import { messageOf } from "../errors.js";
import { printableLine } from "../printable.js";
import { markPattern, ownMark, stateOfMark } from "../process-identity.js";
import type { Repository } from "./types.js";
import {
  dropJournal,
  hashOf,
  journalsOf,
  originalOf,
  readJournal,
  standingOf,
  type WriteJournal,
} from "./write-journal.js";

/** What became of files that were being written. */
export type Undoing =
  /** All is as it was before; the files that had been written. */
  | { state: "undone"; files: string[] }
  /** Nothing more was touched, and why. */
  | { state: "left"; why: string };

type Content = "before" | "after" | "other";
type Step = WriteJournal["steps"][number];

/**
 * Puts back what a journal says was there, unless somebody has edited one of the files since: then nothing is touched.
 *
 * @param folder the journal's
 */
export async function undoWrites(root: string, folder: string, journal: WriteJournal): Promise<Undoing> {
  const { steps, folders, temporary } = journal;
  for (const [index, { path }] of steps.entries())
    await rm(temporaryFile(root, path, temporary, index), { force: true }).catch(() => {});
  const found = await contentsOf(root, folder, journal);
  const edited = found.filter(({ content }) => content === "other");
  if (edited.length > 0)
    return { state: "left", why: `${list(edited.map(({ step }) => step.path))} was edited since` };
  const written = found.filter(({ content }) => content === "after");
  const failed: string[] = [];
  for (const { step, index } of written.reverse()) {
    try {
      const original = step.existed ? await readFile(originalOf(folder, step.path)) : null;
      // Once more, right before: an edit is worth more than an undoing.
      if ((await contentOf(root, folder, step)) !== "after") throw new Error("it was edited since");
      await putFile(root, step.path, original, step.mode, temporaryFile(root, step.path, temporary, index));
    } catch (error) {
      failed.push(`${step.path} could not be put back (${messageOf(error)})`);
    }
  }
  if (failed.length > 0) return { state: "left", why: failed.join("; ") };
  for (const one of [...folders].reverse()) await rmdir(join(root, ...one.split("/"))).catch(() => {});
  return { state: "undone", files: written.map(({ step }) => step.path) };
}

/** A file beside the one that it becomes: on the same file system. */
export function temporaryFile(root: string, path: string, prefix: string, index: number): string {
  return join(root, ...path.split("/").slice(0, -1), `${prefix}${index}.tmp`);
}

/**
 * Writes a file of a work tree, or takes it away, in one step. Throws when a folder above it is none or a link.
 *
 * @param temporary where it is written first
 */
export async function putFile(
  root: string,
  path: string,
  content: Buffer | null,
  mode: number,
  temporary: string,
): Promise<void> {
  const file = join(root, ...path.split("/"));
  if (!(await isInTree(root, path)))
    throw new Error(`${dirname(path)} is no folder of the work tree any more`);
  if (content === null) return rm(file, { force: true });
  await mkdir(dirname(file), { recursive: true });
  try {
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.writeFile(content);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function isInTree(root: string, path: string): Promise<boolean> {
  const parts = path.split("/");
  for (let count = 1; count < parts.length; count++) {
    const above = await lstat(join(root, ...parts.slice(0, count))).catch(() => null);
    if (above === null) return true;
    if (!above.isDirectory()) return false;
  }
  return true;
}

function contentsOf(root: string, folder: string, { steps }: WriteJournal) {
  return Promise.all(
    steps.map(async (step, index) => ({ step, index, content: await contentOf(root, folder, step) })),
  );
}

async function contentOf(root: string, folder: string, step: Step): Promise<Content> {
  const file = join(root, ...step.path.split("/"));
  if (!(await isInTree(root, step.path))) return "other";
  const stats = await lstat(file).catch(() => null);
  if (stats === null) return !step.existed ? "before" : step.after === null ? "after" : "other";
  if (!stats.isFile()) return "other";
  const now = await readFile(file);
  const original = step.existed ? await readFile(originalOf(folder, step.path)).catch(() => null) : null;
  if (original?.equals(now) === true) return "before";
  return hashOf(now) === step.after ? "after" : "other";
}

const heldPrefix = "held-";
/** Milliseconds after which a process elsewhere that was writing some files is done with it, or dead. */
const patience = 10 * 60_000;

/**
 * Finishes what a killed process was writing into this work tree by undoing it, so that all of it is there or nothing.
 * Never touches what somebody has edited since. Never throws.
 *
 * @param now milliseconds since the epoch
 * @returns what a person should know of it, a sentence each
 */
export async function undoUnfinished(repository: Repository, now: number): Promise<string[]> {
  if (repository.bare) return [];
  const place = journalsOf(repository);
  const told: string[] = [];
  for (const name of (await readdir(place).catch(() => [])).sort()) {
    const folder = join(place, name);
    if (!(await isAbandoned(folder, now))) continue;
    try {
      const message = await finish(repository, folder);
      if (message !== null) told.push(printableLine(message));
    } catch (error) {
      told.push(printableLine(`${begun}, and it can't be undone: ${messageOf(error)}. ${originals(folder)}`));
    }
  }
  return told;
}

const begun = "A killed implement_task had begun to apply a proposal";

async function isAbandoned(folder: string, now: number): Promise<boolean> {
  const name = basename(folder);
  if (name.startsWith(heldPrefix)) return true;
  const mark = markPattern.exec(name)?.[0];
  if (mark === undefined) return false;
  const state = stateOfMark(mark);
  if (state !== "elsewhere") return state === "dead";
  const made = (await stat(folder).catch(() => null))?.mtimeMs ?? now;
  return now - made > patience;
}

async function finish(repository: Repository, found: string): Promise<string | null> {
  const place = dirname(found);
  const id = basename(found).replace(markPattern, "").replace(heldPrefix, "").replace(/^-+/, "");
  const mine = join(place, `${ownMark()}-${id}`);
  try {
    // Whoever renames it has it: two never undo the same.
    await rename(found, mine);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
  const journal = await readJournal(mine);
  if (journal === null) {
    await dropJournal(mine);
    return null;
  }
  const paths = journal.steps.map(({ path }) => path);
  const kinds = new Set((await contentsOf(repository.root, mine, journal)).map(({ content }) => content));
  if (kinds.size === 1 && kinds.has("after")) {
    await dropJournal(mine);
    return `${begun} and had written all of it (${list(paths)}). Read the diff.`;
  }
  const isGoneOn = kinds.size > 1 && (await standingOf(repository, paths)) !== journal.standing;
  const undoing: Undoing = isGoneOn
    ? { state: "left", why: "it was staged or committed since" }
    : await undoWrites(repository.root, mine, journal).catch((error: unknown) => ({
        state: "left",
        why: messageOf(error),
      }));
  if (undoing.state === "undone") {
    await dropJournal(mine);
    return undoing.files.length === 0
      ? null
      : `${begun}; it was undone whole (${list(undoing.files)}), and can be applied again.`;
  }
  const said = await hold(repository.root, mine, journal, undoing.why);
  return `${begun}, and nothing was undone: ${said}`;
}

/**
 * Keeps a journal that can't be undone, for a person and for the next try.
 *
 * @returns which file is in which state, and what to do
 */
export async function hold(
  root: string,
  folder: string,
  journal: WriteJournal,
  why: string,
): Promise<string> {
  const name = join(
    dirname(folder),
    `${heldPrefix}${basename(folder).replace(markPattern, "").replace(/^-+/, "")}`,
  );
  const held = await rename(folder, name).then(
    () => name,
    () => folder,
  );
  const found = await contentsOf(root, held, journal);
  const named = { after: "As proposed", other: "Edited since", before: "As before" } as const;
  const states = (["after", "other", "before"] as const).flatMap((content) => {
    const those = found.filter((one) => one.content === content);
    return those.length === 0 ? [] : `${named[content]}: ${list(those.map(({ step }) => step.path))}.`;
  });
  return `${why}. ${states.join(" ")} ${originals(held)}`;
}

function originals(folder: string): string {
  return `What the files held is in ${join(folder, "before")} (one that is not there was new). Copy back what you want, or leave the tree as it is, then remove ${folder}.`;
}

const listed = 8;

function list(files: readonly string[]): string {
  const more = files.length - listed;
  return `${files.slice(0, listed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
