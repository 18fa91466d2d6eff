import { posix } from "node:path";
import { isTypeScript } from "../files.js";
import { distinct, isCostly } from "./globs.js";
import type { Manifest, Manifests } from "./manifests.js";
import { root, type Tree } from "./tree.js";
import { satisfies } from "./version-range.js";

/**
 * Packages of the repository itself, resolved to their sources by name: what a workspace gives that is not
 * installed, or whose `dist` is not built. Where the source can't be told, nothing is found.
 */
export interface Sources {
  /** File that a specifier means when a file imports it, or undefined. */
  find(specifier: string, from: string, conditions: readonly string[]): string | undefined;
  /** Could a specifier mean a package of the repository? */
  isOurs(specifier: string): boolean;
}

export function sourcesOf(tree: Tree, manifests: Manifests): Sources {
  let known: Map<string, string | null> | undefined;
  const packages = () => {
    known ??= workspacePackages(tree, manifests);
    return known;
  };
  const own = (specifier: string) => {
    const [first = "", second = "", ...rest] = specifier.split("/");
    const name = first.startsWith("@") ? `${first}/${second}` : first;
    const inner = first.startsWith("@") ? rest : [second, ...rest].filter((part) => part !== "");
    return { name, subpath: inner.length > 0 ? `./${inner.join("/")}` : "." };
  };
  return {
    isOurs: (specifier) => specifier.startsWith("#") || packages().has(own(specifier).name),
    find(specifier, from, conditions) {
      if (specifier.startsWith("#")) {
        for (let near = manifests.above(from); near; near = manifests.above(near.folder)) {
          if (near.manifest.imports !== undefined)
            return mapped(tree, near.folder, targetsOf(near.manifest.imports, specifier, conditions));
        }
        return undefined;
      }
      const { name, subpath } = own(specifier);
      const near = manifests.above(from);
      const folder = near?.manifest.name === name ? near.folder : packages().get(name);
      if (folder === undefined || folder === null) return undefined;
      const manifest = manifests.at(folder);
      if (!manifest) return undefined;
      const range = manifests.rangeFor(from, name);
      if (range !== undefined && near?.folder !== folder && !isLinked(range, manifest)) return undefined;
      return sourceOf(tree, folder, manifest, subpath, conditions);
    },
  };
}

/** Would a package manager take the workspace's own package for a range? */
function isLinked(range: string, { version }: Manifest): boolean {
  if (/^(workspace|link|file|portal|catalog):/.test(range)) return true;
  return version === undefined || satisfies(version, range) !== false;
}

/** Folder of each package by name; null where two have the same name. */
function workspacePackages(tree: Tree, manifests: Manifests): Map<string, string | null> {
  const folders: string[] = [];
  const tops: { folder: string; globs: string[] }[] = [];
  for (const path of tree.files.ids.keys()) {
    const name = posix.basename(path);
    if (name !== "package.json" && name !== "lerna.json") continue;
    const folder = posix.join(root, posix.dirname(path));
    if (name === "lerna.json") tops.push({ folder, globs: lernaGlobs(tree.read(`${root}/${path}`)) });
    else {
      folders.push(folder);
      tops.push({ folder, globs: manifests.at(folder)?.workspaces ?? [] });
    }
  }
  for (const [path, text] of tree.files.workspaceFiles)
    tops.push({ folder: posix.join(root, posix.dirname(path)), globs: pnpmGlobs(text) });
  const found = new Map<string, string | null>();
  for (const { folder: top, globs } of tops) {
    if (globs.length === 0) continue;
    const matches = globMatcher(globs);
    for (const folder of folders) {
      const inside =
        folder === top || (folder.startsWith(`${top}/`) && matches(folder.slice(top.length + 1)));
      const name = inside ? manifests.at(folder)?.name : undefined;
      if (name === undefined) continue;
      found.set(name, found.has(name) && found.get(name) !== folder ? null : folder);
    }
  }
  return found;
}

function lernaGlobs(text: string | undefined): string[] {
  try {
    const json: unknown = JSON.parse(text ?? "null");
    const globs = typeof json === "object" && json !== null && "packages" in json ? json.packages : [];
    return Array.isArray(globs) ? globs.filter((glob): glob is string => typeof glob === "string") : [];
  } catch {
    return [];
  }
}

/** The list under `packages:` of a pnpm-workspace.yaml, which nobody writes in any other way. */
function pnpmGlobs(text: string): string[] {
  const flow = /^packages:\s*\[([^\]]*)\]/m.exec(text);
  const lines = flow
    ? (flow[1] ?? "").split(",")
    : (/^packages:[^\n]*\n((?:[ \t]*(?:-[^\n]*|#[^\n]*)?(?:\r?\n|$))*)/m.exec(text)?.[1] ?? "").split(
        /\r?\n/,
      );
  return lines.flatMap((line) => {
    const item = line
      .replace(/^\s*-\s*/, "")
      .replace(/\s+#.*$/, "")
      .trim()
      .replace(/^(['"])(.*)\1$/, "$2");
    return item === "" || item.startsWith("#") ? [] : [item];
  });
}

function globMatcher(globs: readonly string[]): (folder: string) => boolean {
  const pattern = (glob: string) => {
    const parts = posix.normalize(glob).replace(/\/$/, "").split("/");
    const source = parts.map((part) =>
      part === "**"
        ? "**"
        : part
            .replace(/[.+^$()|[\]\\]/g, "\\$&")
            .replace(/\*+/g, "[^/]*")
            .replace(/\?/g, "[^/]")
            .replace(/\{([^{}]*)\}/g, (_, inner: string) => `(?:${inner.split(",").join("|")})`)
            .replace(/[{}]/g, "\\$&"),
    );
    return new RegExp(
      `^${source
        .join("/")
        .replaceAll("/**", "(?:/.+)?")
        .replace(/^\*\*\//, "(?:.+/)?")
        .replace(/^\*\*$/, ".*")}$`,
    );
  };
  const usable = distinct(globs).filter((glob) => !isCostly(glob));
  const wanted = usable.filter((glob) => !glob.startsWith("!")).map(pattern);
  const unwanted = usable.filter((glob) => glob.startsWith("!")).map((glob) => pattern(glob.slice(1)));
  return (folder) => wanted.some((one) => one.test(folder)) && !unwanted.some((one) => one.test(folder));
}

function sourceOf(
  tree: Tree,
  folder: string,
  manifest: Manifest,
  subpath: string,
  conditions: readonly string[],
): string | undefined {
  const { exports, entries } = manifest;
  const hasExports = exports !== undefined && exports !== null;
  if (subpath !== ".")
    return mapped(tree, folder, hasExports ? targetsOf(exports, subpath, conditions) : [subpath]);
  const found = mapped(tree, folder, hasExports ? targetsOf(exports, subpath, conditions) : entries);
  // What is written by hand beside sources in TypeScript only loads what they are built to.
  if (found !== undefined && isTypeScript(found)) return found;
  const main = mainSource(tree, folder);
  return main !== undefined && (found === undefined || isTypeScript(main)) ? main : found;
}

/** Where an entry is that was bundled from many files: everybody's place for it. */
function mainSource(tree: Tree, folder: string): string | undefined {
  return firstSource(tree, [`${folder}/src/index`, `${folder}/index`]);
}

/** Every file that `exports` or `imports` gives for a subpath, the likeliest conditions first. */
function targetsOf(table: unknown, subpath: string, conditions: readonly string[]): string[] {
  if (subpath === "." && (typeof table === "string" || Array.isArray(table)))
    return leaves(table, conditions);
  if (typeof table !== "object" || table === null) return [];
  const entries = Object.entries(table);
  const isTable = entries.some(([key]) => key.startsWith(".") || key.startsWith("#"));
  if (!isTable) return subpath === "." ? leaves(table, conditions) : [];
  const exact = entries.find(([key]) => key === subpath);
  if (exact) return leaves(exact[1], conditions);
  const matches = entries.flatMap(([key, value]) => {
    const [before = "", after] = key.split("*");
    if (after === undefined || !subpath.startsWith(before) || !subpath.endsWith(after)) return [];
    if (subpath.length < before.length + after.length) return [];
    return [
      { length: before.length, value, star: subpath.slice(before.length, subpath.length - after.length) },
    ];
  });
  const best = matches.sort((a, b) => b.length - a.length)[0];
  return best ? leaves(best.value, conditions).map((target) => target.replaceAll("*", best.star)) : [];
}

function leaves(value: unknown, conditions: readonly string[], depth = 0): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || depth > 8) return [];
  if (Array.isArray(value)) return value.flatMap((one) => leaves(one, conditions, depth + 1));
  const order = [
    ...conditions,
    "source",
    "types",
    "import",
    "module",
    "require",
    "node",
    "browser",
    "default",
  ];
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  return Object.entries(value)
    .filter(([key]) => key !== "development" || conditions.includes(key))
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(([, one]) => leaves(one, conditions, depth + 1));
}

const built =
  /^(dist|build|lib|libs|out|es|esm|cjs|umd|output|types|typings|_types|declarations|\.?tsup|temp|compiled)$/;
const format =
  /^(esm?|cjs|umd|types|typings|dts|node|browser|module|modern|legacy|commonjs|mjs|src|lib|development|production)\d*$/i;

/** The first target that is a source of the repository, or that one is built to by its path. */
function mapped(tree: Tree, folder: string, targets: readonly string[]): string | undefined {
  for (const target of targets) {
    const path = posix.normalize(target);
    if (path.startsWith("..") || path.startsWith("/") || !/^[^\0]*$/.test(path)) continue;
    const stem = path.replace(/(\.d)?\.[mc]?[jt]sx?$/, "");
    const hasExtension = stem !== path;
    const direct = `${folder}/${path}`;
    if (hasExtension && tree.fileExists(direct)) return direct;
    if (/\.[a-z]+$/i.test(stem) && !hasExtension) continue;
    const found = firstSource(
      tree,
      stemsOf(stem).map((one) => `${folder}/${one}`),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `dist/esm/a/b` is built from `src/a/b`, `lib/a/b` from `src/a/b`, `a/b` from itself or `src/a/b`. */
function stemsOf(stem: string): string[] {
  const parts = stem.split("/");
  const stems = [stem];
  if (built.test(parts[0] ?? "")) {
    let rest = parts.slice(1);
    stems.push(["src", ...rest].join("/"), rest.join("/"));
    while (rest.length > 1 && format.test(rest[0] ?? "")) {
      rest = rest.slice(1);
      stems.push(["src", ...rest].join("/"), rest.join("/"));
    }
  } else if (parts[0] !== "src") {
    stems.push(`src/${stem}`);
  }
  return stems;
}

const extensions = [".ts", ".tsx", ".mts", ".cts", ".d.ts", ".d.mts", ".js", ".jsx", ".mjs", ".cjs"];

function firstSource(tree: Tree, stems: readonly string[]): string | undefined {
  for (const stem of stems) {
    for (const end of ["", "/index"]) {
      const found = extensions.find((extension) => tree.fileExists(`${stem}${end}${extension}`));
      if (found) return `${stem}${end}${found}`;
    }
  }
  return undefined;
}
