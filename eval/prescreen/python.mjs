// Where a mistake of each class can be made in Python. Every site is a real mistake: it raises or misbehaves when
// run, as far as names and annotations can tell. Python has no constants to reassign.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { argumentCounts } from "./python-calls.mjs";
import { nullAccesses } from "./python-null.mjs";
import {
  bindings,
  isBuiltin,
  isRead,
  nodesOf,
  pythonParser,
  statementsOf,
  wholeLines,
} from "./python-source.mjs";
import { misspelt } from "./random.mjs";
import { isSilenced, isSilencedFile, site } from "./site.mjs";

const finders = {
  "missing-import": missingImports,
  "undefined-name": undefinedNames,
  "missing-return": missingReturns,
  "self-comparison": selfComparisons,
  "duplicate-key": duplicateKeys,
  "null-access": nullAccesses,
  "argument-count": argumentCounts,
};

export const pythonClasses = Object.keys(finders);

/** Sites of the given classes in files of a folder; `all` are the paths of all its Python files. */
export async function pythonSites({ folder, paths, all, wanted, random }) {
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
        random,
      };
      return wanted
        .flatMap((name) => finders[name]?.(input) ?? [])
        .filter((found) => !isSilenced(text, found.line))
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

function importedNames(statement) {
  const module = statement.childForFieldName("module_name");
  return statement.namedChildren.filter(
    (one) => one !== null && one.id !== module?.id && ["dotted_name", "aliased_import"].includes(one.type),
  );
}

/** An import at the top of a module, of a name that is used when the code runs and bound nowhere else. */
function missingImports({ path, text, root, nodes, bound }) {
  if (path.endsWith("__init__.py") || /^from .* import \*/m.test(text)) return [];
  const sites = [];
  for (const statement of statementsOf(root)) {
    if (statement.type !== "import_statement" && statement.type !== "import_from_statement") continue;
    const items = importedNames(statement);
    for (const [index, item] of items.entries()) {
      const alias = item.childForFieldName("alias");
      const name = alias?.text ?? item.text;
      // `import a.b` binds `a`, which another import may bind too; `a as a` is there for others to import.
      if (name.includes(".") || isBuiltin(name) || bound.get(name) !== 1) continue;
      if (alias && alias.text === item.childForFieldName("name")?.text) continue;
      if (!nodes.some((node) => node.type === "identifier" && node.text === name && isRead(node))) continue;
      const [before, next] = [items[index - 1], items[index + 1]];
      const edit = next
        ? { start: item.startIndex, end: next.startIndex, text: "" }
        : before
          ? { start: before.endIndex, end: item.endIndex, text: "" }
          : { ...wholeLines(statement, text), text: "" };
      sites.push(site("missing-import", text, [edit], `import of ${name} left out`));
    }
  }
  return sites;
}

/** A name that is read, misspelt into one that is nowhere in the file. */
function undefinedNames({ text, nodes, bound, words, random }) {
  if (/^\s*from .* import \*/m.test(text)) return [];
  const sites = [];
  for (const node of nodes) {
    if (node.type !== "identifier" || node.text.length < 4 || !bound.has(node.text) || !isRead(node))
      continue;
    const slip = misspelt(node.text, (name) => words.has(name) || isBuiltin(name), random);
    if (slip === null) continue;
    const edit = { start: node.startIndex, end: node.endIndex, text: slip };
    sites.push(site("undefined-name", text, [edit], `${node.text} misspelt ${slip}`));
  }
  return sites;
}

/** The last way out of a function that gives a value, without it. */
function missingReturns({ text, nodes }) {
  const sites = [];
  for (const node of nodes) {
    if (node.type !== "function_definition") continue;
    const body = node.childForFieldName("body");
    const annotation = node.childForFieldName("return_type")?.text;
    if (!body || /^(None|NoReturn|Never|t\.NoReturn)$/.test(annotation ?? "") || isGenerator(body)) continue;
    for (const last of waysOut(body)) {
      const value = last.namedChildren[0];
      if (!value || value.type === "none") continue;
      // What a call gives may be nothing, and then nothing is lost.
      if (annotation === undefined && ["call", "await"].includes(value.type)) continue;
      const alone = statementsOf(last.parent).length === 1;
      const edit = { start: last.startIndex, end: last.endIndex, text: alone ? "pass" : "" };
      const note = `return dropped, ${annotation === undefined ? "no annotation" : "type annotated"}`;
      sites.push(site("missing-return", text, [edit], note));
    }
  }
  return sites;
}

function isGenerator(body) {
  return nodesOf(body).some(({ type }) => type === "yield");
}

function waysOut(block) {
  const last = statementsOf(block).at(-1);
  if (last?.type === "return_statement") return [last];
  if (last?.type === "with_statement") return waysOut(last.childForFieldName("body"));
  if (last?.type !== "if_statement") return [];
  const branches = last.namedChildren.filter((one) => one !== null && /^(elif|else)_clause$/.test(one.type));
  if (branches.at(-1)?.type !== "else_clause") return [];
  return [
    ...waysOut(last.childForFieldName("consequence")),
    ...branches.flatMap((one) =>
      waysOut(one.childForFieldName("consequence") ?? one.childForFieldName("body")),
    ),
  ];
}

/** A comparison whose right side is its left side. */
function selfComparisons({ text, nodes }) {
  return nodes.flatMap((node) => {
    if (node.type !== "comparison_operator" || node.namedChildren.length !== 2) return [];
    const [left, right] = node.namedChildren;
    const operator = text.slice(left.endIndex, right.startIndex).trim();
    if (!/^(==|!=|<|>|<=|>=|is|is not)$/.test(operator)) return [];
    if (!/^\w+(\.\w+)*$/.test(left.text) || /^\d|^(None|True|False)$/.test(left.text)) return [];
    if (left.text === right.text) return [];
    const edit = { start: right.startIndex, end: right.endIndex, text: left.text };
    return [site("self-comparison", text, [edit], `${left.text} compared with itself`)];
  });
}

/** A dictionary's key given twice, with another value the second time. */
function duplicateKeys({ text, nodes }) {
  const sites = [];
  for (const node of nodes) {
    if (node.type !== "dictionary") continue;
    const pairs = node.namedChildren.filter((one) => one !== null && one.type === "pair");
    for (const [index, later] of pairs.entries()) {
      const key = pairs[index - 1]?.childForFieldName("key");
      if (!key || !["string", "integer"].includes(key.type) || key.text.startsWith("f")) continue;
      const value = later.childForFieldName("value").text;
      if (value === pairs[index - 1].childForFieldName("value").text || value.length > 200) continue;
      const edit = { start: later.endIndex, end: later.endIndex, text: `, ${key.text}: ${value}` };
      sites.push(site("duplicate-key", text, [edit], `key ${key.text} given twice`));
    }
  }
  return sites;
}
