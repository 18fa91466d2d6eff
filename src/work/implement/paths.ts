import { isManifest, pathReasons } from "../../change/risk/paths.js";
import { shownPath } from "../../change/risk/reasons.js";
import type { TreeEntry } from "../../change/types.js";

/** Whether a model may write a path. `ask`: not by itself, since the task does not speak of it. */
export type PathRuling =
  | { state: "allowed"; path: string }
  | { state: "refused"; why: string }
  | { state: "ask"; path: string; why: string };

const longestPath = 400;
/** What is installed is no part of the project. */
const installed = new Set(["node_modules", ".venv", "venv", "__pycache__", ".pnp.cjs", ".yarn"]);
const guardedRules = new Set([
  // A model that can't satisfy a check must not change the check.
  "build",
  "ci",
  "dependency",
  "runs-unasked",
  "agent-settings",
  "agent-instructions",
  "review-settings",
  "secret-file",
]);

/** A tree's entries by path, and the folders that they are in. */
export interface TreePaths {
  entries: ReadonlyMap<string, TreeEntry>;
  /** Lower-case path to the one that is there: some file systems tell no case. */
  lower: ReadonlyMap<string, string>;
  folders: ReadonlySet<string>;
}

export function treePaths(entries: readonly TreeEntry[]): TreePaths {
  const folders = new Set<string>();
  for (const { path } of entries)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  return {
    entries: new Map(entries.map((entry) => [entry.path, entry])),
    lower: new Map(
      [...entries.map(({ path }) => path), ...folders].map((path) => [path.toLowerCase(), path]),
    ),
    folders,
  };
}

/**
 * Judges a path that a model wrote. Nothing outside the tree, nothing of git's, no way through a link or a submodule,
 * nothing that is installed or flow-next's own; what runs by itself, in CI or with keys, or decides which code from
 * outside is taken, only when the task names the file.
 *
 * @param task the task's own words
 */
export function judgePath(written: string, tree: TreePaths, task: string): PathRuling {
  const path = written.trim().replace(/^(?:\.\/)+/, "");
  const refused = (why: string): PathRuling => ({ state: "refused", why });
  if (path === "" || path.length > longestPath) return refused("it is no path of a file");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is refused
  if (/[\x00-\x1f\x7f\\]/.test(path)) return refused("it has a backslash or a control character in it");
  if (path.startsWith("/") || path.startsWith("~") || /^[A-Za-z]:/.test(path))
    return refused("it is absolute: write it relative to the repository's top");
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    return refused("it leads outside or is not written plainly: no `..`, no empty part");
  if (parts.some(isGits)) return refused("it is git's own");
  if (parts[0]?.toLowerCase() === ".flow")
    return refused("specs, tasks and state in .flow are not yours to change");
  const within = parts.find((part) => installed.has(part.toLowerCase()));
  if (within !== undefined) return refused(`${within} holds what is installed, not the project's own code`);
  for (let count = 1; count < parts.length; count++) {
    const folder = parts.slice(0, count).join("/");
    const entry = tree.entries.get(folder);
    if (entry !== undefined) return refused(`${folder} is ${kindOf(entry)}, not a folder of this repository`);
    const other = tree.lower.get(folder.toLowerCase());
    if (other !== undefined && other !== folder) return refused(`there is ${other}: write it so`);
  }
  const entry = tree.entries.get(path);
  if (entry !== undefined && entry.mode !== "100644" && entry.mode !== "100755")
    return refused(`it is ${kindOf(entry)}`);
  if (tree.folders.has(path)) return refused("it is a folder");
  const other = tree.lower.get(path.toLowerCase());
  if (other !== undefined && other !== path) return refused(`there is ${other}: write it so`);
  const why = guarded(path);
  return why === null || isNamed(path, task) ? { state: "allowed", path } : { state: "ask", path, why };
}

/** `.git` in every spelling that some file system takes for it. */
function isGits(part: string): boolean {
  // Characters that HFS+ leaves out, and what NTFS cuts off.
  const plain = part
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, "")
    .replace(/[. ]+$|:.*$/g, "")
    .toLowerCase();
  return plain === ".git" || /^git~\d+$/.test(plain) || plain === ".gitmodules";
}

function kindOf({ mode, type }: TreeEntry): string {
  if (mode === "120000") return "a symbolic link";
  return type === "commit" ? "a submodule" : "a file";
}

/** Why a file is not changed unasked; null when it is like any other. */
function guarded(path: string): string | null {
  if (isManifest(path)) return "it says which code from outside the project takes";
  const found = pathReasons({ path, oldPath: null }).find(({ rule }) => guardedRules.has(rule));
  if (found !== undefined) return `it${found.evidence.slice(shownPath(path).length)}`;
  return path.startsWith("vendor/") || path.includes("/vendor/") ? "it is code from outside" : null;
}

/** Whether the task speaks of a file, by its path or its name. */
export function isNamed(path: string, task: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return mentions(task, path) || mentions(task, name);
}

function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? " ";
    const after = text.slice(at + name.length, at + name.length + 2);
    if (!/[\w.-]/.test(before) && !/^[\w-]|^\.\w/.test(after)) return true;
  }
  return false;
}
