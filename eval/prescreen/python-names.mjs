// Imports left out, and names misspelt.
import { ancestors, isBuiltin, isRead, nodesOf, statementsOf, wholeLines } from "./python-source.mjs";
import { misspelt } from "./random.mjs";
import { site } from "./site.mjs";

/** An import of a name that is used when the code runs and bound nowhere else: at a module's top, or in a function. */
export function missingImports({ path, text, root, nodes, bound }) {
  if (path.endsWith("__init__.py") || /^from .* import \*/m.test(text)) return [];
  const read = new Set(
    nodes.filter((node) => node.type === "identifier" && isRead(node)).map((node) => node.text),
  );
  const sites = [];
  const top = statementsOf(root);
  const inner = nodes.filter(
    ({ type, parent }) =>
      type.startsWith("import_") && parent?.type === "block" && parent.parent?.type === "function_definition",
  );
  for (const statement of [...top, ...inner]) {
    if (statement.type !== "import_statement" && statement.type !== "import_from_statement") continue;
    const isTop = statement.parent?.type === "module";
    if (!isTop && statementsOf(statement.parent).length === 1) continue;
    const items = importedNames(statement);
    const isNeeded = (item) => {
      const alias = item.childForFieldName("alias");
      const name = alias?.text ?? item.text;
      // `import a.b` binds `a`, which another import may bind too; `a as a` is there for others to import.
      if (name.includes(".") || isBuiltin(name) || bound.get(name) !== 1) return false;
      return !(alias && alias.text === item.childForFieldName("name")?.text) && read.has(name);
    };
    const whole = { ...wholeLines(statement, text), text: "" };
    const add = (variant, edit, names) =>
      sites.push(site("missing-import", variant, text, [edit], `import of ${names} left out`));
    for (const [index, item] of items.entries()) {
      if (!isNeeded(item)) continue;
      const [before, next] = [items[index - 1], items[index + 1]];
      const name = item.childForFieldName("alias")?.text ?? item.text;
      if (!isTop) {
        if (items.length === 1) add("local", whole, name);
      } else if (next) add("name", { start: item.startIndex, end: next.startIndex, text: "" }, name);
      else if (before) add("name", { start: before.endIndex, end: item.endIndex, text: "" }, name);
      else add("statement", whole, name);
    }
    if (isTop && items.length > 1 && items.some(isNeeded))
      add("statement", whole, items.map((item) => item.text).join(", "));
  }
  return sites;
}

function importedNames(statement) {
  const module = statement.childForFieldName("module_name");
  return statement.namedChildren.filter(
    (one) => one !== null && one.id !== module?.id && ["dotted_name", "aliased_import"].includes(one.type),
  );
}

/** A name that is read, misspelt into one that is nowhere in the file. */
export function undefinedNames({ path, text, nodes, bound, words, randomAt }) {
  if (/^\s*from .* import \*/m.test(text)) return [];
  const sites = [];
  for (const node of nodes) {
    if (node.type !== "identifier" || node.text.length < 4 || !bound.has(node.text) || !isRead(node))
      continue;
    if (isExpectedToFail(node)) continue;
    const random = randomAt(path, "undefined-name", String(node.startIndex));
    const slip = misspelt(node.text, (name) => words.has(name) || isBuiltin(name), random);
    if (slip === null) continue;
    const edit = { start: node.startIndex, end: node.endIndex, text: slip };
    const variant = node.parent?.type === "decorator" || isBase(node) ? "head" : "value";
    sites.push(site("undefined-name", variant, text, [edit], `${node.text} misspelt ${slip}`));
  }
  return sites;
}

function isBase(node) {
  return node.parent?.type === "argument_list" && node.parent.parent?.type === "class_definition";
}

/** Does the code ask whether the name is there? */
function isExpectedToFail(node) {
  return ancestors(node).some(
    (one) =>
      one.type === "try_statement" &&
      nodesOf(one).some(({ type, text }) => type === "except_clause" && /\bNameError\b/.test(text)),
  );
}
