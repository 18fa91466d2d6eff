import { posix } from "node:path";

export interface PlannedFile {
  /** From the repository's top. A folder ends with a slash. */
  path: string;
  /** It is to be made. */
  isNew: boolean;
}

export interface Tree {
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
  /** Paths by their last part, in lower case. */
  byName: ReadonlyMap<string, readonly string[]>;
}

const longestPath = 300;
/** Nobody's task writes there. */
const offLimits = /(?:^|\/)(?:\.git|node_modules|\.flow|\.svn|\.hg|__pycache__|\.venv)(?:\/|$)/i;

export function treeOf(paths: Iterable<string>): Tree {
  const files = new Set(paths);
  const folders = new Set<string>();
  const byName = new Map<string, string[]>();
  for (const path of files) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
    const name = posix.basename(path).toLowerCase();
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [path]);
    else known.push(path);
  }
  return { files, folders, byName };
}

/**
 * What is meant by paths that a model or a spec names: those that are there; those that could be made, because their
 * folder is there or would be one new folder in one that is; the rest is dropped, with why.
 */
export function checkFiles(
  named: readonly string[],
  tree: Tree,
): { files: PlannedFile[]; dropped: { path: string; why: string }[] } {
  const files = new Map<string, PlannedFile>();
  const dropped: { path: string; why: string }[] = [];
  for (const name of named) {
    const path = tidied(name);
    if (path === "") continue;
    const why = refusal(path);
    if (why !== null) {
      dropped.push({ path: name.trim().slice(0, longestPath), why });
      continue;
    }
    const found = there(path, tree);
    if (found !== null) files.set(found, { path: found, isNew: false });
    else if (couldBeMade(path, tree)) files.set(path, { path, isNew: true });
    else dropped.push({ path, why: "neither it nor its folder exists" });
  }
  return { files: [...files.values()], dropped };
}

/** Without what people and models put around a path: quotes, `./`, a line number, "(new)". */
function tidied(name: string): string {
  return name
    .trim()
    .replace(/\s*\((?:new|existing|create|modify|update)[^)]*\)\s*$/i, "")
    .replace(/^[`'"*]+|[`'"*,;]+$/g, "")
    .replaceAll("\\", "/")
    .replace(/:\d+(?:[-:]\d+)?$/, "")
    .replace(/#L\d+(?:-L?\d+)?$/, "")
    .replace(/^(?:\.\/)+/, "")
    .replace(/\/{2,}/g, "/");
}

function refusal(path: string): string | null {
  if (path.length > longestPath) return "it is too long";
  if (/[\p{Cc}\p{Cf}\u2028\u2029<>|*?`]/u.test(path)) return "it is no path";
  if (path.startsWith("/") || path.startsWith("~") || /^[a-z]+:/i.test(path))
    return "it is outside the repository";
  if (path.split("/").includes("..")) return "it is outside the repository";
  if (offLimits.test(path)) return "no task writes there";
  return null;
}

function there(path: string, tree: Tree): string | null {
  const plain = path.replace(/\/+$/, "");
  if (tree.files.has(plain)) return plain;
  if (tree.folders.has(plain)) return `${plain}/`;
  // `middleware/jwt.ts` of `src/middleware/jwt.ts`: only where there is no doubt, and never a bare name like index.ts.
  if (!plain.includes("/")) return null;
  const ends = (tree.byName.get(posix.basename(plain).toLowerCase()) ?? []).filter((one) =>
    one.endsWith(`/${plain}`),
  );
  return ends.length === 1 ? (ends[0] ?? null) : null;
}

function couldBeMade(path: string, tree: Tree): boolean {
  if (path.endsWith("/")) return false;
  const name = posix.basename(path);
  if (!/^[\w.@+()[\]$ -]+$/.test(name) || name.startsWith("-")) return false;
  const folder = posix.dirname(path);
  if (folder === "." || tree.folders.has(folder)) return /\./.test(name) || folder !== ".";
  const above = posix.dirname(folder);
  return above !== "." && tree.folders.has(above);
}
