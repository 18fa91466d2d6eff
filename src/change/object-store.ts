import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporary, removeTemporary } from "../temporary.js";
import { type Environment, type GitOptions, type GitResult, git } from "./git.js";
import { pruneDaily } from "./object-prune.js";
import type { Repository } from "./types.js";

/**
 * Where the objects of a change are: a directory of ours in front of the user's, which is only read.
 *
 * `read` runs git in a bare repository of our own that sees both directories and no configuration, attribute, index
 * or work tree: what it says of two trees depends on the trees alone, whatever the user or the repository set
 * (diff drivers, `*.ts -diff`, noprefix, algorithms, textconv). `write` runs git in the user's repository, with
 * the user's filters and line-end settings as `git add` would, but new objects go to our directory.
 */
export interface ObjectStore {
  repository: Repository;
  read(args: readonly string[], options?: GitOptions): Promise<GitResult>;
  write(args: readonly string[], options?: GitOptions): Promise<GitResult>;
  /** True when objects may be missing here and come from a remote on demand (a partial clone). */
  partial: boolean;
}

/**
 * Opens the directory `sluice/` in the git common directory, making it when needed; objects that nobody needs any more
 * are cleared away meanwhile. Where that cannot be written,
 * a temporary one serves that is gone with the process.
 */
export async function openObjectStore(repository: Repository, signal?: AbortSignal): Promise<ObjectStore> {
  const place = await ownPlace(repository);
  const ours = join(place, "objects");
  const bare = join(place, "git");
  const shared: Environment = {
    GIT_OBJECT_DIRECTORY: ours,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: cQuoted(join(repository.commonDir, "objects")),
  };
  const isolated: Environment = {
    ...shared,
    GIT_DIR: bare,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    XDG_CONFIG_HOME: bare,
  };
  const promisor = await git(
    repository,
    ["config", "--get-regexp", "^(remote\\..*\\.promisor|extensions\\.partialclone)$"],
    {
      allowFailure: true,
      signal,
    },
  );
  return {
    repository,
    partial: promisor.code === 0,
    read: (args, options = {}) => git(repository, args, { ...options, env: { ...isolated, ...options.env } }),
    write: (args, options = {}) => git(repository, args, { ...options, env: { ...shared, ...options.env } }),
  };
}

const temporaryPlaces = new Map<string, string>();

async function ownPlace(repository: Repository): Promise<string> {
  const place = join(repository.commonDir, "sluice");
  try {
    await prepare(place, repository);
    await pruneDaily(place, join(repository.commonDir, "objects"));
    return place;
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
  let temporary = temporaryPlaces.get(repository.commonDir);
  if (temporary === undefined || !existsSync(temporary)) {
    temporary = makeTemporary("objects", process.env.TMPDIR);
    temporaryPlaces.set(repository.commonDir, temporary);
    await prepare(temporary, repository);
  }
  return temporary;
}

function isDenied(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "ENOSPC";
}

/** Made beside and renamed, so that several processes can do it at once. */
async function prepare(place: string, repository: Repository): Promise<void> {
  await mkdir(join(place, "objects"), { recursive: true, mode: 0o700 });
  const bare = join(place, "git");
  if (existsSync(join(bare, "HEAD"))) return;
  const draft = join(place, `git-${randomBytes(6).toString("hex")}`);
  await mkdir(join(draft, "refs"), { recursive: true, mode: 0o700 });
  // git wants an `objects` folder to call something a repository, whatever GIT_OBJECT_DIRECTORY says.
  await mkdir(join(draft, "objects"));
  const sha256 = repository.objectFormat === "sha256";
  await writeFile(
    join(draft, "config"),
    [
      "[core]",
      `\trepositoryformatversion = ${sha256 ? 1 : 0}`,
      "\tbare = true",
      "\tprotectHFS = true",
      "\tprotectNTFS = true",
      ...(sha256 ? ["[extensions]", "\tobjectformat = sha256"] : []),
      "",
    ].join("\n"),
  );
  await writeFile(join(draft, "HEAD"), "ref: refs/heads/none\n");
  try {
    await rename(draft, bare);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(join(bare, "HEAD"))) throw error;
  }
}

/** The list is colon-separated; a quoted entry may hold anything. */
function cQuoted(path: string): string {
  if (!/[":\n\\]/.test(path)) return path;
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** Runs `work` with the path of an index file that does not exist yet, in a temporary folder that goes whatever happens. */
export async function withTemporaryIndex<T>(work: (index: string) => Promise<T>): Promise<T> {
  const folder = makeTemporary("index", process.env.TMPDIR);
  try {
    return await work(join(folder, "index"));
  } finally {
    await removeTemporary(folder);
  }
}

/**
 * Copies the user's index to `index`; an unborn one leaves nothing there. The copy keeps the original's time, rounded
 * down: git compares a file again when it is not older than the index, and a newer copy would hide an edit made in
 * the same moment as the last `git add`.
 */
export async function copyIndex(repository: Repository, index: string): Promise<void> {
  const original = join(repository.gitDir, "index");
  if (!existsSync(original)) return;
  const before = await stat(original);
  await copyFile(original, index);
  const seconds = Math.floor(before.mtimeMs) / 1000 - 0.001;
  await utimes(index, seconds, seconds);
}
