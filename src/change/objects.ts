import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SourceError, UsageError } from "../errors.js";
import { byteStrings, textOf } from "./bytes.js";
import { diffedBlobLimit, type RawDiff, rawDiff } from "./diff.js";
import type { ObjectStore } from "./object-store.js";
import type { ChangedFile, Objects, Side, TreeEntry } from "./types.js";

/** Bytes of blobs asked of one git process. */
const batchLimit = 64 * 1024 * 1024;
/** Bytes of blobs kept for the next reader. */
const cacheLimit = 32 * 1024 * 1024;
const materialisedLimit = 5 * 1024 * 1024;
const diffCacheLimit = 32 * 1024 * 1024;

interface Reader {
  store: ObjectStore;
  cache: Map<string, Buffer>;
  cached: number;
  sizes: Map<string, number>;
}

/** Access to the objects of a change: `trees` by side, `files` for what is asked by a touched path. */
export function openObjects(
  store: ObjectStore,
  trees: Readonly<Record<Side, string>>,
  files: readonly ChangedFile[],
): Objects {
  const reader: Reader = { store, cache: new Map(), cached: 0, sizes: new Map() };
  const listings = new Map<Side, Promise<readonly TreeEntry[]>>();
  const byPath = new Map<Side, Promise<Map<string, TreeEntry>>>();
  const diffs = new Map<number, RawDiff>();
  const touched = touchedPaths(files);
  const single = batched((ids, limit) => readBlobs(reader, ids, limit));

  const objects: Objects = {
    async blob(id, limit = diffedBlobLimit) {
      const content = await single(id, limit);
      if (content !== undefined) return content;
      throw new UsageError(
        `Object ${id} is larger than ${limit} bytes.`,
        "Such a file is not read whole; leave it out of the change, or look at it in another way.",
      );
    },
    blobs: (ids, limit = diffedBlobLimit) => readBlobs(reader, ids, limit),
    async file(side, path) {
      const known = touched[side].get(path);
      if (known !== undefined) return isRegular(known.mode) ? objects.blob(known.id) : null;
      let index = byPath.get(side);
      if (index === undefined) {
        index = objects.tree(side).then((entries) => new Map(entries.map((entry) => [entry.path, entry])));
        byPath.set(
          side,
          forgetFailure(index, () => byPath.delete(side)),
        );
      }
      const entry = (await index).get(path);
      return entry !== undefined && isRegular(entry.mode) ? objects.blob(entry.id) : null;
    },
    tree(side) {
      let listing = listings.get(side);
      if (listing === undefined) {
        listing = readTree(reader, trees[side]);
        listings.set(
          side,
          forgetFailure(listing, () => listings.delete(side)),
        );
      }
      return listing;
    },
    async materialise(side, folder, select) {
      return writeFiles(reader, await objects.tree(side), folder, select);
    },
    async diff(paths, context = 3) {
      const lines = Math.max(0, Math.trunc(context));
      let diff = diffs.get(lines);
      if (diff === undefined) {
        diff = await rawDiff(store, trees.base, trees.head, lines);
        if (diff.output.length <= diffCacheLimit) diffs.set(lines, diff);
      }
      const wanted = new Set(paths ?? files.map(({ path }) => path));
      const { output } = diff;
      return diff.files
        .filter(({ path }) => wanted.has(path))
        .map(({ start, end }) => output.toString("utf8", start, end))
        .join("");
    },
  };
  return objects;
}

/** A failed read is tried anew by the next caller. */
function forgetFailure<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}

function isRegular(mode: string): boolean {
  return mode === "100644" || mode === "100755" || mode === "100664";
}

function touchedPaths(
  files: readonly ChangedFile[],
): Record<Side, Map<string, { mode: string; id: string }>> {
  const base = new Map<string, { mode: string; id: string }>();
  const head = new Map<string, { mode: string; id: string }>();
  for (const file of files) {
    if (file.oldId !== null) base.set(file.oldPath ?? file.path, { mode: file.oldMode, id: file.oldId });
    if (file.newId !== null) head.set(file.path, { mode: file.newMode, id: file.newId });
  }
  return { base, head };
}

/** Joins the single reads of one turn of the event loop into one git process. */
function batched(read: (ids: readonly string[], limit: number) => Promise<Map<string, Buffer>>) {
  let waiting = new Map<number, { ids: Set<string>; result: Promise<Map<string, Buffer>> }>();
  return async (id: string, limit: number): Promise<Buffer | undefined> => {
    let batch = waiting.get(limit);
    if (batch === undefined) {
      const ids = new Set<string>();
      const turn = new Promise<void>((resolve) => setImmediate(resolve));
      const result = turn.then(() => {
        waiting = new Map([...waiting].filter(([key]) => key !== limit));
        return read([...ids], limit);
      });
      batch = { ids, result };
      waiting.set(limit, batch);
    }
    batch.ids.add(id);
    return (await batch.result).get(id);
  };
}

async function readBlobs(
  reader: Reader,
  ids: readonly string[],
  limit: number,
): Promise<Map<string, Buffer>> {
  const result = new Map<string, Buffer>();
  const missing: string[] = [];
  for (const id of new Set(ids)) {
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) throw new Error(`Not an object id: ${id.slice(0, 80)}`);
    const kept = reader.cache.get(id);
    if (kept === undefined) missing.push(id);
    else if (kept.length <= limit) result.set(id, kept);
  }
  await readSizes(reader, missing);
  let batch: string[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    for (const [id, content] of await readBatch(reader, batch, bytes)) {
      result.set(id, content);
      keep(reader, id, content);
    }
    batch = [];
    bytes = 0;
  };
  for (const id of missing) {
    const size = reader.sizes.get(id) ?? 0;
    if (size > limit) continue;
    if (bytes + size > batchLimit) await flush();
    batch.push(id);
    bytes += size;
  }
  await flush();
  return result;
}

function keep(reader: Reader, id: string, content: Buffer): void {
  if (content.length > cacheLimit / 8) return;
  reader.cache.set(id, content);
  reader.cached += content.length;
  for (const [oldest, { length }] of reader.cache) {
    if (reader.cached <= cacheLimit) break;
    reader.cache.delete(oldest);
    reader.cached -= length;
  }
}

async function readSizes(reader: Reader, ids: readonly string[]): Promise<void> {
  const unknown = ids.filter((id) => !reader.sizes.has(id));
  if (unknown.length === 0) return;
  const lines = (await catFile(reader, "--batch-check", unknown, 64 * 1024 * 1024))
    .toString("latin1")
    .split("\n");
  for (const line of lines) {
    const [id = "", type, size] = line.split(" ");
    if (id === "") continue;
    if (type !== "blob") throw unreadable(id, type ?? "unknown");
    reader.sizes.set(id, Number(size));
  }
}

async function readBatch(
  reader: Reader,
  ids: readonly string[],
  bytes: number,
): Promise<Map<string, Buffer>> {
  const output = await catFile(reader, "--batch", ids, bytes + ids.length * 200);
  const result = new Map<string, Buffer>();
  for (let at = 0; at < output.length; ) {
    const newline = output.indexOf(0x0a, at);
    const [id = "", type, size = ""] = output.toString("latin1", at, newline).split(" ");
    if (type !== "blob") throw unreadable(id, type ?? "unknown");
    const start = newline + 1;
    const end = start + Number(size);
    // A copy, so that one small blob in the cache does not hold on to the whole batch.
    result.set(id, Buffer.from(output.subarray(start, end)));
    at = end + 1;
  }
  return result;
}

async function catFile(
  reader: Reader,
  mode: string,
  ids: readonly string[],
  maxOutput: number,
): Promise<Buffer> {
  // In a partial clone only the user's repository knows where missing objects come from.
  const run = reader.store.partial ? reader.store.write : reader.store.read;
  const args = ["cat-file", mode];
  return (await run(args, { input: ids.map((id) => `${id}\n`).join(""), timeout: 120_000, maxOutput }))
    .stdout;
}

function unreadable(id: string, type: string): SourceError {
  const what = type === "missing" ? "is not in the repository" : `is a ${type}, not a blob`;
  return new SourceError(`Object ${id} ${what}.`, "Run `git fsck`; in a shallow clone, fetch more history.", {
    kind: "git",
  });
}

async function readTree(reader: Reader, tree: string): Promise<readonly TreeEntry[]> {
  // Sizes need the objects, which a partial clone may not have: there they stay unknown.
  const sizes = reader.store.partial ? [] : ["-l"];
  const { stdout } = await reader.store.read(["ls-tree", "-r", "-z", "--full-tree", ...sizes, tree], {
    timeout: 120_000,
  });
  const entries: TreeEntry[] = [];
  for (const record of byteStrings(stdout)) {
    const tab = record.indexOf("\t");
    const [mode = "", type, id = "", size = "-"] = record.slice(0, tab).split(/ +/);
    const path = record.slice(tab + 1);
    const bytes = /^\d+$/.test(size) ? Number(size) : null;
    if (bytes !== null) reader.sizes.set(id, bytes);
    entries.push({
      path: isAscii(path) ? path : textOf(path),
      mode,
      type: type === "commit" ? "commit" : "blob",
      id,
      size: bytes,
    });
  }
  return entries;
}

function isAscii(byteString: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes above 0x7f are looked for
  return /^[\x00-\x7f]*$/.test(byteString);
}

async function writeFiles(
  reader: Reader,
  entries: readonly TreeEntry[],
  folder: string,
  select: (entry: TreeEntry) => boolean = (entry) => entry.size === null || entry.size <= materialisedLimit,
): Promise<string[]> {
  const wanted = entries.filter((entry) => isRegular(entry.mode) && isSafePath(entry.path) && select(entry));
  const written: string[] = [];
  const folders = new Set<string>();
  for (let at = 0; at < wanted.length; ) {
    const batch: TreeEntry[] = [];
    let bytes = 0;
    for (let entry = wanted[at]; entry !== undefined; entry = wanted[at]) {
      if (batch.length > 0 && bytes + (entry.size ?? 0) > batchLimit) break;
      batch.push(entry);
      bytes += entry.size ?? 0;
      at += 1;
    }
    const contents = await readBlobs(
      reader,
      batch.map(({ id }) => id),
      diffedBlobLimit,
    );
    for (const { path, id } of batch) {
      const content = contents.get(id);
      if (content !== undefined && (await writeNew(folder, path, content, folders))) written.push(path);
    }
  }
  return written;
}

/** Names that a tree can hold and a checkout refuses: nothing leaves the folder or becomes a git directory. */
function isSafePath(path: string): boolean {
  return path.split("/").every((name) => {
    const plain = name.toLowerCase().replace(/[. ]+$/, "");
    return (
      plain !== "" &&
      plain !== ".git" &&
      !/^git~\d+$/.test(plain) &&
      !/[\\:\0]/.test(process.platform === "win32" ? name : "")
    );
  });
}

async function writeNew(
  folder: string,
  path: string,
  content: Buffer,
  folders: Set<string>,
): Promise<boolean> {
  const target = join(folder, path);
  const parent = dirname(target);
  try {
    if (!folders.has(parent)) await mkdir(parent, { recursive: true });
    folders.add(parent);
    // `wx`: two paths that differ in case only are one file on some disks; the first stays.
    await writeFile(target, content, { flag: "wx" });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST" || code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "EILSEQ") return false;
    throw error;
  }
}
