import { printedId } from "./git.js";
import { type ObjectStore, withTemporaryIndex } from "./object-store.js";

/** A file as it is to be in a tree; a null `content` takes it out. */
export interface WrittenFile {
  path: string;
  content: Buffer | null;
  /** Octal git mode of a regular file. */
  mode: "100644" | "100755";
}

/**
 * The tree that another becomes when some of its files are written: by way of a temporary index, in our own object
 * directory. git itself refuses paths that leave the top or lead into `.git`. Throws SourceError when it does.
 */
export async function treeWith(
  store: ObjectStore,
  tree: string,
  files: readonly WrittenFile[],
  signal: AbortSignal,
): Promise<string> {
  if (files.length === 0) return tree;
  return withTemporaryIndex(async (index) => {
    const env = { GIT_INDEX_FILE: index };
    await store.read(["read-tree", tree], { env, signal });
    const zero = "0".repeat(tree.length);
    const lines: string[] = [];
    for (const { path, content, mode } of files) {
      if (content === null) {
        lines.push(`0 ${zero}\t${path}\0`);
        continue;
      }
      const args = ["hash-object", "-w", "--stdin", "--no-filters"];
      const id = printedId(await store.read(args, { signal, input: content }));
      lines.push(`${mode} ${id}\t${path}\0`);
    }
    await store.read(["update-index", "-z", "--index-info"], { env, signal, input: lines.join("") });
    return printedId(await store.read(["write-tree", "--missing-ok"], { env, signal }));
  });
}
