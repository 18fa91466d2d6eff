import { isAbsolute, relative, sep } from "node:path";
import { UsageError } from "../errors.js";
import type { Repository } from "./types.js";

const largestList = 500;
const longestGlob = 1_000;

/**
 * Whether a path from the repository's top is one of those a caller asked for. A folder stands for all below it.
 * Globs are matched over the changed paths and never reach git, so that nothing in them is an option or a pathspec.
 * Throws UsageError for what leaves the repository.
 */
export async function pathFilter(
  repository: Repository,
  globs: readonly string[],
): Promise<(path: string) => boolean> {
  if (globs.length > largestList) {
    throw new UsageError(
      `paths has ${globs.length} entries; ${largestList} are allowed.`,
      "Name folders or use globs.",
    );
  }
  const { Minimatch } = await import("minimatch");
  const matchers = globs.map((glob) => {
    const pattern = normalised(repository, glob);
    if (pattern === "") return () => true;
    const options = { dot: true, nonegate: true, nocomment: true, braceExpandMax: 1_000 } as const;
    const matcher = new Minimatch(pattern, options);
    return (path: string) => path === pattern || path.startsWith(`${pattern}/`) || matcher.match(path);
  });
  return (path) => matchers.some((matches) => matches(path));
}

function normalised(repository: Repository, glob: string): string {
  if (glob.length > longestGlob || glob.includes("\0")) {
    throw new UsageError(
      "An entry of paths is too long or holds a NUL.",
      "Pass short globs such as src/**/*.ts.",
    );
  }
  let pattern = sep === "\\" ? glob.replaceAll("\\", "/") : glob;
  if (isAbsolute(glob)) pattern = relative(repository.root, glob).split(sep).join("/");
  if (pattern.split("/").includes("..") || isAbsolute(pattern)) {
    throw new UsageError(
      `${glob} is outside the repository.`,
      "paths are globs over the changed files, relative to the repository's top: src/**/*.ts",
    );
  }
  return pattern
    .replace(/^(?:\.?\/)+/, "")
    .replace(/^\.$/, "")
    .replace(/\/+$/, "");
}
