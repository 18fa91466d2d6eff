import { posix } from "node:path";
import { root, type Tree } from "./tree.js";

/** What of a package.json says how it is resolved. */
export interface Manifest {
  name: string | undefined;
  version: string | undefined;
  /** Top-level fields that name an entry, in the order in which a compiler prefers them. */
  entries: string[];
  exports: unknown;
  imports: unknown;
  /** Ranges of everything it depends on. */
  dependencies: ReadonlyMap<string, string>;
  workspaces: string[];
}

const sizeLimit = 512 * 1024;

/** Reads package.json files of a tree, each once. */
export interface Manifests {
  at(folder: string): Manifest | null;
  /** The nearest one at or above a file's folder, below `root`. */
  above(file: string): { folder: string; manifest: Manifest } | null;
  /** The range by which a file's package, or one around it, asks for a package. */
  rangeFor(file: string, name: string): string | undefined;
}

export function manifestsOf(tree: Tree): Manifests {
  const read = new Map<string, Manifest | null>();
  const at = (folder: string) => {
    let known = read.get(folder);
    if (known === undefined) {
      known = parseManifest(tree.read(`${folder}/package.json`));
      read.set(folder, known);
    }
    return known;
  };
  function* around(file: string) {
    for (let folder = posix.dirname(file); folder.startsWith(root); folder = posix.dirname(folder)) {
      const manifest = at(folder);
      if (manifest) yield { folder, manifest };
    }
  }
  return {
    at,
    above(file) {
      for (const found of around(file)) return found;
      return null;
    },
    rangeFor(file, name) {
      for (const { manifest } of around(file)) {
        const range = manifest.dependencies.get(name);
        if (range !== undefined) return range;
      }
      return undefined;
    },
  };
}

function parseManifest(text: string | undefined): Manifest | null {
  if (text === undefined || text.length > sizeLimit) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return null;
  const fields: Record<string, unknown> = { ...json };
  const string = (name: string) => (typeof fields[name] === "string" ? fields[name] : undefined);
  const dependencies = new Map<string, string>();
  for (const kind of ["peerDependencies", "optionalDependencies", "devDependencies", "dependencies"]) {
    for (const [name, range] of Object.entries(fields[kind] ?? {})) {
      if (typeof range === "string") dependencies.set(name, range);
    }
  }
  const { workspaces } = fields;
  const globs = Array.isArray(workspaces)
    ? workspaces
    : typeof workspaces === "object" && workspaces !== null && "packages" in workspaces
      ? workspaces.packages
      : [];
  return {
    name: string("name"),
    version: string("version"),
    entries: ["source", "types", "typings", "module", "browser", "main"].flatMap(
      (name) => string(name) ?? [],
    ),
    exports: fields.exports,
    imports: fields.imports,
    dependencies,
    workspaces: Array.isArray(globs) ? globs.filter((glob): glob is string => typeof glob === "string") : [],
  };
}
