import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { decode } from "../files.js";
import { componentOf, scriptOf } from "../javascript/script-blocks.js";
import type { Installed } from "./installed.js";

/** Both sides are seen under this name, so that messages and files are the same where nothing changed. */
export const root = "/repository";

/** One side of a change as it is written out: nothing above its folder exists. */
export interface SideFiles {
  folder: string;
  /** Blob ids by path relative to the folder: the same id is the same text, on either side and at any time. */
  ids: ReadonlyMap<string, string>;
  /** What is read of configuration that is not written out: pnpm-workspace.yaml files, by path. */
  workspaceFiles: ReadonlyMap<string, string>;
}

/**
 * A side's own files under `root`, with the installed dependencies of the work tree where a checkout would have
 * them. Asked by absolute names; what is linked into `node_modules` from the repository itself is the side's own.
 */
export interface Tree {
  /** Replaced by those of another moment with the same key, when what was learnt of names is used again. */
  files: SideFiles;
  installed: Installed | null;
  /** The same for two trees in which every name resolves alike: same paths, same configuration. */
  key: string;
  fileExists(file: string): boolean;
  folderExists(folder: string): boolean;
  /** Names of the folders in a folder. */
  folders(folder: string): string[];
  /** Undefined when it is outside, missing, too large, or no text. */
  read(file: string): string | undefined;
  /** The name a file really has, all links of `node_modules` followed. */
  real(file: string): string;
  /** What tells one text under this name from another; undefined where there is none. */
  id(file: string): string | undefined;
}

/** Path of one of the side's own files relative to the top; null for what is installed or outside. */
export function ownPath(file: string): string | null {
  return file.startsWith(`${root}/`) && !isInstalled(file) ? file.slice(root.length + 1) : null;
}

export function isInstalled(file: string): boolean {
  return file.includes("/node_modules/");
}

export function openTree(
  files: SideFiles,
  installed: Installed | null,
  key: string = treeKey(files, installed),
): Tree {
  let known: Map<string, Set<string>> | undefined;
  const folders = () => {
    known ??= foldersOf(files.ids.keys());
    return known;
  };
  const real = (file: string): string => {
    const name = posix.normalize(file);
    return isInstalled(name) && installed ? (installed.real(name) ?? name) : name;
  };
  const own = (name: string): string | undefined => {
    const path = ownPath(name);
    return path !== null && tree.files.ids.has(path) ? path : undefined;
  };
  const under = (name: string) => (name === root ? "" : ownPath(name));
  const tree: Tree = {
    files,
    installed,
    key,
    real,
    fileExists(file) {
      const name = real(file);
      return isInstalled(name) ? (installed?.isFile(name) ?? false) : own(name) !== undefined;
    },
    folderExists(folder) {
      const name = real(folder);
      if (isInstalled(`${name}/`)) return installed?.isFolder(name) ?? false;
      const path = under(name);
      return path !== null && folders().has(path);
    },
    folders(folder) {
      const name = real(folder);
      if (isInstalled(`${name}/`)) return installed?.folders(name) ?? [];
      return [...(folders().get(under(name) ?? "\0") ?? [])];
    },
    read(file) {
      const name = real(file);
      if (isInstalled(name)) return installed?.read(name);
      const component = componentOf(name);
      const path = own(component);
      if (path === undefined) return undefined;
      try {
        const text = decode(readFileSync(join(tree.files.folder, path))) ?? undefined;
        return text === undefined || component === name ? text : scriptOf(component, text)?.text;
      } catch {
        return undefined;
      }
    },
    id(file) {
      const name = real(file);
      if (isInstalled(name)) return installed?.isFile(name) ? `${installed.key} ${name}` : undefined;
      const path = own(componentOf(name));
      return path === undefined ? undefined : tree.files.ids.get(path);
    },
  };
  return tree;
}

/** Every folder that has something in it, with the folders in it. */
function foldersOf(paths: Iterable<string>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>([["", new Set()]]);
  for (const path of paths) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      const known = folders.has(folder);
      if (!known) folders.set(folder, new Set());
      const above = folder.lastIndexOf("/");
      const parent = above === -1 ? "" : folder.slice(0, above);
      const siblings = folders.get(parent) ?? new Set();
      siblings.add(folder.slice(above + 1));
      folders.set(parent, siblings);
      if (known) break;
    }
  }
  return folders;
}

function treeKey({ ids, workspaceFiles }: SideFiles, installed: Installed | null): string {
  const hash = createHash("sha1").update(installed?.key ?? "");
  for (const [path, text] of workspaceFiles) hash.update(`\0${path}\0${text}`);
  for (const path of [...ids.keys()].sort()) {
    hash.update(`\0${path}`);
    if (path.endsWith(".json")) hash.update(`\0${ids.get(path)}`);
  }
  return hash.digest("hex");
}
