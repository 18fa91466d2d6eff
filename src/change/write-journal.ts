import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { replaceFile, syncFolder } from "../durable-file.js";
import { sha256 } from "./fingerprint.js";
import { git } from "./git.js";
import type { Repository } from "./types.js";

/** Relative to the work tree's top, and in it: what stands in a journal is believed no further than that. */
const path = z
  .string()
  .min(1)
  .refine((text) =>
    text.split("/").every((part) => !["", ".", ".."].includes(part) && part.toLowerCase() !== ".git"),
  );

const journal = z.object({
  /** HEAD's commit and what the index holds of the files, as one text. */
  standing: z.string(),
  steps: z
    .array(
      z.object({
        path,
        /** Whether there was a file: then it is kept beside the journal. */
        existed: z.boolean(),
        /** SHA-256 of what is written; null where the file is taken away. */
        after: z.string().nullable(),
        mode: z.int().min(0).max(0o777),
      }),
    )
    .max(1_000),
  /** Folders that are made for them, outer ones first. */
  folders: z.array(path),
  /** What the names of temporary files beside them begin with. */
  temporary: z.string().regex(/^\.sluice-[0-9a-f]{12}-$/),
});

/** What is about to be written into a work tree, on disk before the first of it is. */
export type WriteJournal = z.output<typeof journal>;

const name = "journal.json";

/** Where the journals of a work tree are: in its git folder, which no clone brings along. */
export function journalsOf({ gitDir }: Repository): string {
  return join(gitDir, "sluice", "apply");
}

/** What a file held before; `folder` is the journal's. */
export function originalOf(folder: string, file: string): string {
  return join(folder, "before", ...file.split("/"));
}

/** SHA-256 of a file's bytes, in hex. */
export function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Keeps the originals and then the journal itself, durably: where it is not there, nothing was written. */
export async function keepJournal(
  folder: string,
  content: WriteJournal,
  originals: readonly { path: string; bytes: Buffer; mode: number }[],
): Promise<void> {
  await mkdir(join(folder, "before"), { recursive: true, mode: 0o700 });
  for (const { path: file, bytes, mode } of originals) {
    const target = originalOf(folder, file);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const handle = await open(target, "wx", mode);
    try {
      await handle.writeFile(bytes);
      // A person may copy it back.
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await replaceFile(join(folder, name), JSON.stringify(content));
  await syncFolder(dirname(folder));
}

/** Null: there is none, or none that can be understood. */
export async function readJournal(folder: string): Promise<WriteJournal | null> {
  try {
    const text = await readFile(join(folder, name), "utf8");
    const json: unknown = JSON.parse(text);
    return journal.safeParse(json).data ?? null;
  } catch {
    return null;
  }
}

/** From here on nothing is to be undone. */
export async function dropJournal(folder: string): Promise<void> {
  await rm(join(folder, name), { force: true });
  await syncFolder(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {
    // Without a journal it goes with the next start.
  });
}

/** HEAD's commit and what the index holds of some files: another one when somebody has gone on from there. */
export async function standingOf(repository: Repository, files: readonly string[]): Promise<string> {
  const head = await git(repository, ["rev-parse", "--verify", "--quiet", "HEAD"], { allowFailure: true });
  const index = await git(repository, ["--literal-pathspecs", "ls-files", "-s", "-z", "--", ...files]);
  return sha256(`${head.stdout.toString("latin1")}\n${index.stdout.toString("latin1")}`);
}
