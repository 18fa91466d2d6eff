import { posix } from "node:path";
import type { Node } from "web-tree-sitter";
import type { ImportLanguage, Resolver } from "./language.js";
import { directoryOf, join, stemOf, type TreeIndex, upwards } from "./tree-index.js";

const query = `
(import_statement) @import
(import_from_statement) @from
(call function: [(identifier) (attribute)] @function arguments: (argument_list . (string) @argument))
`;

/** Characters of a module's name and names in one statement: far beyond what anybody writes. */
const nameLimit = 500;
const namesLimit = 1_000;

/** Python: `import`, `from … import`, and `import_module`/`__import__` of a literal. */
export const python: ImportLanguage = {
  name: "Python",
  handles: (path) => /\.pyi?$/.test(path),
  imports: (path) => /\.pyi?$/.test(path),
  grammar: () => "python",
  query: () => query,
  marks: ["import"],
  specifiers(captures) {
    const found: string[] = [];
    let callee = "";
    for (const { name, node } of captures) {
      if (name === "import") found.push(...modulesOf(node));
      else if (name === "from") found.push(...fromModules(node));
      else if (name === "function") callee = node.text;
      else if (/^(?:importlib\.)?import_module$|^__import__$/.test(callee)) {
        const literal = /^["']([\w.]+)["']$/.exec(node.text)?.[1];
        if (literal !== undefined) found.push(literal);
      }
    }
    return found;
  },
  async resolver(index) {
    const roots = rootsOf(index);
    return {
      resolve: (specifier, from) => resolve(specifier, from, index, roots),
      names,
    } satisfies Resolver;
  },
};

function names(path: string): string[] {
  const stem = stemOf(path);
  if (stem !== "__init__") return [stem];
  // A package is imported by its name, or from inside by dots.
  return [posix.basename(directoryOf(path)), "from .", "import_module("].filter((name) => name !== "");
}

function modulesOf(statement: Node): string[] {
  return statement.namedChildren.flatMap((child) => {
    if (child?.type === "dotted_name") return [child.text];
    const name = child?.type === "aliased_import" ? child.childForFieldName("name") : null;
    return name === null ? [] : [name.text];
  });
}

/** `from a import b` may mean the module `a`, the module `a.b` or both. */
function fromModules(statement: Node): string[] {
  const module = statement.childForFieldName("module_name")?.text.replace(/\s/g, "");
  if (module === undefined || module.length > nameLimit) return [];
  const found = [module];
  for (const child of statement.childrenForFieldName("name").slice(0, namesLimit)) {
    const name = child?.type === "aliased_import" ? child.childForFieldName("name")?.text : child?.text;
    if (name !== undefined) found.push(module.endsWith(".") ? module + name : `${module}.${name}`);
  }
  return found;
}

/** Folders that are likely on `sys.path`: the top, those of a project file, and their `src`. */
function rootsOf(index: TreeIndex): string[] {
  const projects = ["pyproject.toml", "setup.py", "setup.cfg"]
    .flatMap((name) => index.named(name))
    .map(directoryOf);
  const roots = new Set(["", ...projects]);
  for (const root of [...roots]) {
    for (const name of ["src", "lib"]) {
      const inside = root === "" ? name : `${root}/${name}`;
      if (index.isDirectory(inside)) roots.add(inside);
    }
  }
  return [...roots].sort().slice(0, 200);
}

function resolve(specifier: string, from: string, index: TreeIndex, roots: readonly string[]): string[] {
  const dots = /^\.*/.exec(specifier)?.[0].length ?? 0;
  const parts = specifier.slice(dots).split(".").filter(Boolean);
  const directory = directoryOf(from);
  if (dots > 0) {
    const base = join(directory, "../".repeat(dots - 1));
    return base === null ? [] : (moduleIn(base, parts, index) ?? []);
  }
  for (const root of new Set([...owners(directory, index), ...roots])) {
    const found = moduleIn(root, parts, index);
    if (found !== null) return found;
  }
  return [];
}

/** The script's own folder, and the folder that holds its outermost package. */
function owners(directory: string, index: TreeIndex): string[] {
  const outside = upwards(directory).find((above) => !index.has(inside(above, "__init__.py")));
  return outside === undefined ? [directory] : [outside, directory];
}

function moduleIn(root: string, parts: readonly string[], index: TreeIndex): string[] | null {
  const path = parts.reduce(inside, root);
  for (const candidate of [
    `${path}.py`,
    `${path}.pyi`,
    inside(path, "__init__.py"),
    inside(path, "__init__.pyi"),
  ]) {
    if (index.has(candidate)) return [candidate];
  }
  return null;
}

function inside(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
