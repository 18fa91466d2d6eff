import { posix } from "node:path";
import type { Side, TreeEntry, Trees } from "../types.js";

/** A side's tree, made quick to ask. Only regular files: links are never followed. */
export interface TreeIndex {
  /** Sorted by path. */
  files: readonly TreeEntry[];
  has(path: string): boolean;
  entry(path: string): TreeEntry | undefined;
  /** Paths of the files right in a directory (`""` is the top), sorted. */
  inDirectory(directory: string): readonly string[];
  isDirectory(path: string): boolean;
  /** Paths of all files with that name, sorted. */
  named(name: string): readonly string[];
  /** Texts of small files (256 KiB at most each, 2,000 files, 32 MiB in all): configuration. Kept. */
  texts(paths: readonly string[]): Promise<Map<string, string>>;
}

const configurationLimit = 256 * 1024;
const configurationFiles = 2_000;
const configurationTotal = 32 * 1024 * 1024;
const indexes = new WeakMap<Trees["objects"], Map<Side, Promise<TreeIndex>>>();

/** The index of a side's tree, built once for each change. */
export function treeIndex(change: Trees, side: Side): Promise<TreeIndex> {
  const sides = indexes.get(change.objects) ?? new Map<Side, Promise<TreeIndex>>();
  indexes.set(change.objects, sides);
  let index = sides.get(side);
  if (index === undefined) {
    index = build(change.objects, side);
    sides.set(side, index);
    // A failed read (cancelled, say) is not kept.
    index.catch(() => sides.delete(side));
  }
  return index;
}

async function build(objects: Trees["objects"], side: Side): Promise<TreeIndex> {
  const files = (await objects.tree(side))
    .filter(({ type, mode }) => type === "blob" && mode !== "120000")
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const byPath = new Map<string, TreeEntry>();
  const byDirectory = new Map<string, string[]>([["", []]]);
  const byName = new Map<string, string[]>();
  for (const entry of files) {
    byPath.set(entry.path, entry);
    const directory = directoryOf(entry.path);
    append(byDirectory, directory, entry.path);
    append(byName, posix.basename(entry.path), entry.path);
    for (let above = directory; above !== ""; ) {
      above = directoryOf(above);
      if (byDirectory.has(above)) break;
      byDirectory.set(above, []);
    }
  }
  const kept = new Map<string, string>();
  return {
    files,
    has: (path) => byPath.has(path),
    entry: (path) => byPath.get(path),
    inDirectory: (directory) => byDirectory.get(directory) ?? [],
    isDirectory: (path) => byDirectory.has(path),
    named: (name) => byName.get(name) ?? [],
    async texts(paths) {
      const wanted = paths.slice(0, configurationFiles).flatMap((path) => byPath.get(path) ?? []);
      let room = configurationTotal;
      const missing = wanted.filter(({ path, size }) => {
        if (kept.has(path) || (size ?? 0) > configurationLimit) return false;
        room -= size ?? 0;
        return room >= 0;
      });
      const blobs =
        missing.length === 0 ? new Map<string, Buffer>() : await objects.blobs(missing.map(({ id }) => id));
      for (const { path, id } of missing) {
        const bytes = blobs.get(id);
        if (bytes !== undefined) kept.set(path, textOf(bytes));
      }
      return new Map(wanted.flatMap(({ path }) => (kept.has(path) ? [[path, kept.get(path) ?? ""]] : [])));
    },
  };
}

/** `compute`, done once for each tree; a failure (cancelled, say) is not kept. */
export function oncePerTree<T>(compute: (index: TreeIndex) => Promise<T>): (index: TreeIndex) => Promise<T> {
  const known = new WeakMap<TreeIndex, Promise<T>>();
  return (index) => {
    let value = known.get(index);
    if (value === undefined) {
      value = compute(index);
      known.set(index, value);
      value.catch(() => known.delete(index));
    }
    return value;
  };
}

/** Directory of a path inside a tree: `""` for the top, never `.`. */
export function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "" : path.slice(0, end);
}

/** `base` and `relative` as one path inside the tree; null when it leaves it. */
export function join(base: string, relative: string): string | null {
  if (relative.startsWith("/") || relative.includes("\0")) return null;
  const joined = posix.normalize(posix.join(base, relative)).replace(/\/$/, "");
  if (joined === ".." || joined.startsWith("../")) return null;
  return joined === "." ? "" : joined;
}

/** The directory and all above it, nearest first, ending with `""`. */
export function upwards(directory: string): string[] {
  const all = [directory];
  for (let above = directory; above !== ""; ) {
    above = directoryOf(above);
    all.push(above);
  }
  return all;
}

/** File name without directory and without what follows its last dot. */
export function stemOf(path: string): string {
  const name = posix.basename(path);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}

/** The candidate that shares the longest beginning with `path`, the first of equals; null for none. */
export function nearest(candidates: readonly string[], path: string): string | null {
  let best: string | null = null;
  let longest = -1;
  for (const candidate of candidates) {
    let shared = 0;
    while (shared < path.length && candidate[shared] === path[shared]) shared++;
    if (shared > longest) {
      longest = shared;
      best = candidate;
    }
  }
  return best;
}

export function textOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

export function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
