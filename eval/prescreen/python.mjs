// Where a mistake of each class can be made in Python. Every site is a real mistake: it raises or misbehaves when
// run, as far as names and annotations can tell. Python has no constants to reassign.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { logicFinders } from "./logic-python.mjs";
import { argumentCounts } from "./python-calls.mjs";
import { duplicateKeys, selfComparisons } from "./python-literals.mjs";
import { missingImports, undefinedNames } from "./python-names.mjs";
import { nullAccesses } from "./python-null.mjs";
import { missingReturns } from "./python-returns.mjs";
import { bindings, nodesOf, pythonParser } from "./python-source.mjs";
import { isSilenced, isSilencedFile } from "./site.mjs";

const finders = {
  "missing-import": missingImports,
  "undefined-name": undefinedNames,
  "missing-return": missingReturns,
  "self-comparison": selfComparisons,
  "duplicate-key": duplicateKeys,
  "null-access": nullAccesses,
  "argument-count": argumentCounts,
  ...logicFinders,
};

export const pythonClasses = Object.keys(finders);

/** Sites of the given classes in files of a folder; `all` are the paths of all its Python files. */
export async function pythonSites({ folder, paths, all, wanted, randomAt }) {
  const parse = await pythonParser();
  const functions = functionsOf(folder, all);
  return paths.flatMap((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    if (isSilencedFile(text)) return [];
    const tree = parse(text);
    try {
      if (tree.rootNode.hasError) return [];
      const nodes = nodesOf(tree.rootNode);
      const words = new Set(text.match(/\w+/g));
      const input = {
        path,
        text,
        root: tree.rootNode,
        nodes,
        bound: bindings(nodes),
        words,
        functions,
        randomAt,
      };
      return wanted
        .flatMap((name) => finders[name]?.(input) ?? [])
        .filter((found) => !isSilenced(text, found))
        .map((found) => ({ ...found, file: path }));
    } finally {
      tree.delete();
    }
  });
}

/** Does it still parse? A mistake that breaks a file's syntax is another mistake than was meant. */
export async function parsesAsPython(text) {
  const parse = await pythonParser();
  const tree = parse(text);
  const right = !tree.rootNode.hasError;
  tree.delete();
  return right;
}

/** Functions by name, of all files, as far as text tells: where, how deep, and how their heads read. */
function functionsOf(folder, paths) {
  const found = new Map();
  for (const path of paths) {
    if (statSync(join(folder, path)).size > 1 << 20) continue;
    const text = readFileSync(join(folder, path), "utf8");
    for (const match of text.matchAll(/^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(/gm)) {
      const [, indent, name] = match;
      const before = text.slice(0, match.index).trimEnd().split("\n").at(-1) ?? "";
      const known = found.get(name) ?? [];
      // What stands above may be a decorator, or the end of one.
      const decorated = /^\s*(@|\))/.test(before);
      known.push({
        path,
        indent: indent.length,
        decorated,
        head: text.slice(match.index, match.index + 2_000),
      });
      found.set(name, known);
    }
  }
  return found;
}
