import { posix } from "node:path";
import type { ImportLanguage } from "./language.js";
import { directoryOf, join, nearest, type TreeIndex } from "./tree-index.js";

const sources = /\.(?:c|h|cc|hh|cpp|hpp|cxx|hxx|c\+\+|h\+\+|inl|ipp|tpp|cu|cuh|ino|m|mm)$/i;
const included = /\.(?:inc|def|tbl)$/i;

/** C and C++: `#include`. Include folders are not known, so a path is also looked up by its end. */
export const c: ImportLanguage = {
  name: "C and C++",
  handles: (path) => sources.test(path),
  imports: (path) => sources.test(path) || included.test(path),
  grammar: () => "cpp",
  query: () => "(preproc_include path: (_) @specifier)",
  marks: ["include"],
  specifiers: (captures) => captures.map(({ node }) => node.text),
  async resolver(index) {
    return {
      resolve: (specifier, from) => resolve(specifier, from, index),
      names: (path) => [posix.basename(path)],
    };
  },
};

/** `specifier` still has its quotes or angle brackets. */
function resolve(specifier: string, from: string, index: TreeIndex): string[] {
  const quoted = specifier.startsWith('"');
  if (!quoted && !specifier.startsWith("<")) return [];
  const name = specifier.slice(1, -1).trim();
  if (name === "") return [];
  const beside = quoted ? join(directoryOf(from), name) : null;
  if (beside !== null && index.has(beside)) return [beside];
  const plain = posix.normalize(name).replace(/^(?:\.\.\/)+/, "");
  const fitting = index
    .named(posix.basename(plain))
    .filter((path) => path === plain || path.endsWith(`/${plain}`));
  // `<string.h>` is the system's, unless a folder named for includes has one.
  const own =
    quoted || plain.includes("/")
      ? fitting
      : fitting.filter((path) => /(?:^|\/)(?:include|inc)\//.test(path));
  const found = nearest(own, from);
  return found === null ? [] : [found];
}
