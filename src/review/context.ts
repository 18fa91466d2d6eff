import type { Role, Surroundings } from "../change/surroundings.js";
import { countTokens, estimateTokens } from "../change/tokens.js";
import type { Change } from "../change/types.js";

export interface ContextFile {
  path: string;
  role: Role;
  tokens: number;
}

/** What a reviewer is given, whole and in this order: task and spec, the diff, then changed files, direct imports, tests. */
export interface ContextSize {
  /** Of everything together, task and spec included. */
  tokens: number;
  diff_tokens: number;
  files: ContextFile[];
  /** True when some of it was reckoned from its size: exact counts of megabytes take too long to wait for. */
  estimated: boolean;
}

/** Bytes that are counted exactly; what comes after is reckoned from its size. */
const exactLimit = 4 * 1024 * 1024;
const fileLimit = 1024 * 1024;
const batch = 64;

/** Whose diff a reviewer reads: text, and where links and submodules point to. */
export function diffedPaths({ files }: Pick<Change, "files">): string[] {
  return files
    .filter(({ kind }) => kind === "text" || kind === "symlink" || kind === "submodule")
    .map(({ path }) => path);
}

/** The size of a change's review context in tokens (o200k). Throws what reading objects throws, and on cancellation. */
export async function contextSize(
  change: Change,
  surroundings: Pick<Surroundings, "files">,
  signal: AbortSignal,
): Promise<ContextSize> {
  signal.throwIfAborted();
  let left = exactLimit;
  let estimated = false;
  const shown = diffedPaths(change);
  const diff = shown.length === 0 ? "" : await change.objects.diff(shown);
  const diffTokens = await count(diff, diff.length);
  const files: ContextFile[] = [];
  let tokens = diffTokens;
  for (const { text } of change.specification ?? []) tokens += await count(text, text.length);
  for (let start = 0; start < surroundings.files.length; start += batch) {
    signal.throwIfAborted();
    const part = surroundings.files.slice(start, start + batch);
    const exact = part.filter((file) => file.bytes <= fileLimit);
    const blobs =
      left > 0
        ? await change.objects.blobs(
            exact.map(({ id }) => id),
            fileLimit,
          )
        : new Map<string, Buffer>();
    for (const { path, role, id, bytes } of part) {
      const size = await count(blobs.get(id)?.toString("utf8"), bytes);
      files.push({ path, role, tokens: size });
      tokens += size;
    }
  }
  return { tokens, diff_tokens: diffTokens, files, estimated };

  async function count(text: string | undefined, bytes: number): Promise<number> {
    signal.throwIfAborted();
    if (text === undefined || bytes > left) {
      estimated = true;
      return estimateTokens(bytes);
    }
    left -= bytes;
    return countTokens(text);
  }
}
