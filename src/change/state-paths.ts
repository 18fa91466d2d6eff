import { UsageError } from "../errors.js";
import { byteStrings, textOf } from "./bytes.js";
import { printedId } from "./git.js";
import { type ObjectStore, withTemporaryIndex } from "./object-store.js";
import type { Skipped } from "./types.js";

/** Sluice's own state in `.flow/`, with lock, temporary and set-aside files beside each. */
const own = /^\.flow\/(?:(?:review_state|quota_state|metrics)\.json(?:[.~-].*)?|cache\/.*)$/s;

/** Whether a path (or byte string) from the repository's top is Sluice's own state, or excluded by the caller. */
export function isExcluded(path: string, exclude: readonly string[] = []): boolean {
  return own.test(path) || exclude.some((other) => path === other || path.startsWith(`${other}/`));
}

/** A tree without Sluice's own state, and what had to be taken out of it: `path` to blob id. */
export interface Stripped {
  tree: string;
  removed: ReadonlyMap<string, string>;
}

/** Takes Sluice's own state, and what the caller excludes, out of a tree. Most trees have none and stay what they are. */
export async function withoutState(
  store: ObjectStore,
  tree: string,
  exclude: readonly string[],
  signal?: AbortSignal,
): Promise<Stripped> {
  for (const path of exclude) {
    if (path === "" || path.startsWith("/") || path.split("/").includes("..")) {
      throw new UsageError(`${path} is no path inside the repository.`, "Exclude paths relative to its top.");
    }
  }
  const listed = await store.read(["ls-tree", "-r", "-z", "--full-tree", tree, "--", ".flow", ...exclude], {
    signal,
  });
  const removed = new Map<string, string>();
  const paths: string[] = [];
  for (const record of byteStrings(listed.stdout)) {
    const [meta = "", path = ""] = splitOnce(record, "\t");
    if (!isExcluded(textOf(path), exclude)) continue;
    paths.push(path);
    removed.set(textOf(path), meta.split(" ")[2] ?? "");
  }
  if (paths.length === 0) return { tree, removed };
  const zero = "0".repeat(tree.length);
  const stripped = await withTemporaryIndex(async (index) => {
    const env = { GIT_INDEX_FILE: index };
    await store.read(["read-tree", tree], { env, signal });
    const input = Buffer.from(paths.map((path) => `0 ${zero}\t${path}\0`).join(""), "latin1");
    await store.read(["update-index", "-z", "--index-info"], { env, signal, input });
    return store.read(["write-tree", "--missing-ok"], { env, signal });
  });
  return { tree: printedId(stripped), removed };
}

/**
 * State that git tracks and that differs between the sides: it is left out of the change, so nobody reviews it, and
 * a file there could be anything.
 */
export function trackedState(base: Stripped, head: Stripped): Skipped[] {
  const skipped: Skipped[] = [];
  for (const [path, id] of head.removed) {
    if (!own.test(path) || base.removed.get(path) === id) continue;
    skipped.push({ path, reason: "Sluice's own state file is tracked by git; it is never part of a review" });
  }
  return skipped;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
