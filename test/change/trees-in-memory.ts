import { createHash } from "node:crypto";
import type { Change, Objects, Side, TreeEntry } from "../../src/change/types.js";

export type Files = Record<string, string | Buffer>;

/** A change between two trees that are only in memory, for what reads trees and never asks git. */
export function changeInMemory(head: Files, options: { base?: Files; files?: Change["files"] } = {}): Change {
  const sides: Record<Side, Files> = { base: options.base ?? {}, head };
  const blobs = new Map<string, Buffer>();
  const trees: Record<Side, TreeEntry[]> = { base: [], head: [] };
  for (const side of ["base", "head"] as const) {
    for (const [path, content] of Object.entries(sides[side])) {
      const bytes = Buffer.from(content);
      const id = createHash("sha1").update(bytes).digest("hex");
      blobs.set(id, bytes);
      trees[side].push({ path, mode: "100644", type: "blob", id, size: bytes.length });
    }
  }
  const unused = () => Promise.reject(new Error("not in memory"));
  const objects: Objects = {
    blob: unused,
    file: unused,
    materialise: unused,
    diff: unused,
    async blobs(ids, limit = 20 * 1024 * 1024) {
      const found = new Map<string, Buffer>();
      for (const id of ids) {
        const bytes = blobs.get(id);
        if (bytes !== undefined && bytes.length <= limit) found.set(id, bytes);
      }
      return found;
    },
    tree: async (side) => trees[side],
  };
  return {
    repository: {
      root: "/repository",
      gitDir: "/repository/.git",
      commonDir: "/repository/.git",
      mainRoot: "/repository",
      bare: false,
      shallow: false,
      objectFormat: "sha1",
      branch: "main",
    },
    base: { tree: "base", commit: null, label: "base" },
    head: { tree: "head", commit: null, label: "head" },
    headKind: "commit",
    files: options.files ?? [],
    skipped: [],
    partial: false,
    task: null,
    objects,
  };
}
