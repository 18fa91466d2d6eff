import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "../change/types.js";
import { kindOf, readRegularFile } from "../durable-file.js";
import type { FlowProblem } from "./types.js";

/** Bytes. A spec's JSON keeps a ledger of reviews, which grows. */
const largestFile = 4 * 1024 * 1024;
/** Bytes of one reading altogether. */
const largestFolder = 128 * 1024 * 1024;
/** Entries of one folder. */
const mostEntries = 40_000;
const mostProblems = 500;
const atOnce = 24;

/** What a reading of a folder comes across, bounded: a hostile folder must not fill the memory. */
export class Reading {
  readonly problems: FlowProblem[] = [];
  #left = largestFolder;
  #more = 0;

  constructor(
    /** Absolute path of the `.flow` folder. */
    readonly root: string,
    readonly signal?: AbortSignal,
  ) {}

  problem(path: string, message: string): void {
    if (this.problems.length < mostProblems) this.problems.push({ path, message });
    else this.#more += 1;
  }

  /** Ends the reading: the problems by path, and how many more there were. */
  finish(): FlowProblem[] {
    const sorted = this.problems.toSorted((one, other) =>
      one.path < other.path ? -1 : one.path > other.path ? 1 : 0,
    );
    if (this.#more > 0) sorted.push({ path: ".flow", message: `${this.#more} more problems are not listed` });
    return sorted;
  }

  /**
   * A file's text, without a byte order mark; null when there is none, or when it can't be read: then it is a problem.
   *
   * @param path relative to the repository, below `.flow/`; or absolute
   * @param shown how problems call it
   */
  async text(path: string, shown = path): Promise<string | null> {
    this.signal?.throwIfAborted();
    if (this.#left <= 0) {
      this.problem(shown, "it was not read: the folder is too large");
      return null;
    }
    const file = await readRegularFile(this.#absolute(path), largestFile);
    if (file.state === "refused") this.problem(shown, `it was not read: ${file.why}`);
    if (file.state !== "read") return null;
    this.#left -= file.text.length;
    return file.text.charCodeAt(0) === 0xfeff ? file.text.slice(1) : file.text;
  }

  /** Names in a folder, sorted; none when it is not there, is a link or can't be read. */
  async names(path: string): Promise<string[]> {
    const folder = this.#absolute(path);
    const kind = await kindOf(folder);
    if (kind === "absent") return [];
    if (kind !== "folder") {
      this.problem(path, kind === "link" ? "it is a symbolic link and was not read" : "it is not a folder");
      return [];
    }
    try {
      const names = (await readdir(folder)).sort();
      if (names.length <= mostEntries) return names;
      this.problem(path, `it has ${names.length} entries, of which the first ${mostEntries} were read`);
      return names.slice(0, mostEntries);
    } catch {
      this.problem(path, "it can't be read");
      return [];
    }
  }

  #absolute(path: string): string {
    return path.startsWith(".flow/") ? join(this.root, path.slice(".flow/".length)) : path;
  }
}

/**
 * The `.flow` folder of a work tree: null when there is none. A link is followed only to the main work tree's own,
 * which is how worktrees share one.
 */
export async function findFlowRoot(
  repository: Repository,
): Promise<{ root: string } | { refused: string } | null> {
  if (repository.bare) return null;
  const own = join(repository.root, ".flow");
  const kind = await kindOf(own);
  if (kind === "folder") return { root: own };
  if (kind === "absent") return null;
  if (kind === "link" && repository.mainRoot !== null && repository.mainRoot !== repository.root) {
    const main = join(repository.mainRoot, ".flow");
    const target = await realpath(own).catch(() => null);
    if (target === main && (await kindOf(main)) === "folder") return { root: main };
  }
  return { refused: kind === "link" ? "it is a symbolic link and was not read" : "it is not a folder" };
}

/** Maps in order, some at a time. */
export async function mapSome<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}
