import { posix } from "node:path";
import type { ImportLanguage } from "./language.js";
import { directoryOf, nearest, stemOf, type TreeIndex } from "./tree-index.js";

/** Java: a class is found by its package path below any source root. */
export const java: ImportLanguage = {
  name: "Java",
  handles: (path) => path.endsWith(".java"),
  imports: (path) => path.endsWith(".java"),
  grammar: () => "java",
  query: () => "(import_declaration) @import",
  marks: ["import"],
  specifiers: (captures) =>
    captures.map(({ node }) => node.text.replace(/^import\s+(?:static\s+)?/, "").replace(/[\s;]/g, "")),
  async resolver(index) {
    const folders = foldersByName(index);
    return {
      resolve: (specifier, from) => resolve(specifier, from, index, folders),
      names: (path) => [stemOf(path), `${posix.basename(directoryOf(path))}.*`],
    };
  },
};

function foldersByName(index: TreeIndex): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const { path } of index.files) {
    if (!path.endsWith(".java")) continue;
    const folder = directoryOf(path);
    const name = posix.basename(folder);
    const known = folders.get(name);
    if (known === undefined) folders.set(name, new Set([folder]));
    else known.add(folder);
  }
  return folders;
}

function resolve(
  specifier: string,
  from: string,
  index: TreeIndex,
  folders: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const parts = specifier.split(".");
  if (parts.at(-1) === "*") {
    const path = parts.slice(0, -1).join("/");
    const fitting = [...(folders.get(parts.at(-2) ?? "") ?? [])].filter((folder) =>
      endsWithPath(folder, path),
    );
    if (fitting.length > 0) {
      return fitting.flatMap((folder) =>
        index.inDirectory(folder).filter((file) => file.endsWith(".java") && file !== from),
      );
    }
    parts.pop();
  }
  // `a.b.C`, a nested class `a.b.C.D` or a static member `a.b.C.m`.
  for (let length = parts.length; length > 0 && length > parts.length - 3; length--) {
    const path = `${parts.slice(0, length).join("/")}.java`;
    const fitting = index.named(posix.basename(path)).filter((file) => endsWithPath(file, path));
    const found = nearest(fitting, from);
    if (found !== null) return [found];
  }
  return [];
}

function endsWithPath(path: string, end: string): boolean {
  return path === end || path.endsWith(`/${end}`);
}
