import { join } from "node:path";
import { breathe } from "../breathe.js";
import { readRegularFile } from "../durable-file.js";
import type { Survey } from "./survey.js";
import type { Repository, TreeEntry, Trees } from "./types.js";

/**
 * The work tree that a survey saw, as both sides of a change: for what asks a tree about imports and tests. A file's
 * id is its path, and what has gone since is not there. Nothing can be read of a bare repository.
 */
export function surveyTree(repository: Repository, survey: Survey, signal: AbortSignal): Trees {
  const entries: TreeEntry[] = survey.files.map(({ path, bytes }) => ({
    path,
    mode: "100644",
    type: "blob",
    id: path,
    size: bytes,
  }));
  return {
    objects: {
      tree: async () => entries,
      async blobs(ids, limit = 20 * 1024 * 1024) {
        const found = new Map<string, Buffer>();
        if (repository.bare) return found;
        for (const id of ids) {
          await breathe(signal);
          const content = await readRegularFile(join(repository.root, id), limit);
          if (content.state === "read") found.set(id, Buffer.from(content.text));
        }
        return found;
      },
    },
  };
}
