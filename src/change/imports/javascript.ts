import { posix } from "node:path";
import { type Packages, readPackages } from "./javascript-packages.js";
import type { ImportLanguage } from "./language.js";
import { directoryOf, join, type TreeIndex } from "./tree-index.js";

const sources = /\.(?:[cm]?[jt]sx?)$/;
const importable = /\.(?:[cm]?[jt]sx?|json|css|scss|less|vue|svelte|astro|graphql|gql|wasm)$/;

/** What a specifier's extension may stand for in the source tree, in TypeScript's order. */
const standsFor: Record<string, readonly string[]> = {
  ".js": [".ts", ".tsx", ".d.ts", ".js", ".jsx"],
  ".jsx": [".tsx", ".d.ts", ".jsx"],
  ".mjs": [".mts", ".d.mts", ".mjs"],
  ".cjs": [".cts", ".d.cts", ".cjs"],
};
const extensions = [
  ".ts",
  ".tsx",
  ".mts",
  ".cts",
  ".d.ts",
  ".js",
  ".jsx",
  ".mjs",
  ".cjs",
  ".json",
  ".vue",
  ".svelte",
];

const common = `
(import_statement source: (string) @specifier)
(export_statement source: (string) @specifier)
(call_expression function: (import) arguments: (arguments . [(string) (template_string)] @specifier))
(call_expression function: (identifier) @function arguments: (arguments . [(string) (template_string)] @argument))
(call_expression function: (member_expression object: (identifier) @object property: (property_identifier) @property)
  arguments: (arguments . [(string) (template_string)] @argument))
`;
const typescriptOnly = `(import_require_clause source: (string) @specifier)`;

/** TypeScript and JavaScript: imports, re-exports, `require`, `import()`, of literal texts. */
export const javascript: ImportLanguage = {
  name: "TypeScript and JavaScript",
  handles: (path) => sources.test(path),
  imports: (path) => importable.test(path),
  grammar(path) {
    if (/\.[cm]?ts$/.test(path)) return "typescript";
    return path.endsWith(".tsx") ? "tsx" : "javascript";
  },
  query: (grammar) => (grammar === "javascript" ? common : common + typescriptOnly),
  marks: ["import", "export", "require"],
  specifiers(captures) {
    const found: string[] = [];
    let callee = "";
    for (const { name, node } of captures) {
      if (name === "function" || name === "object") callee = node.text;
      else if (name === "property") callee += `.${node.text}`;
      else if (name === "specifier" || callee === "require" || callee === "require.resolve") {
        const literal = literalOf(node.text);
        if (literal !== null) found.push(literal);
      }
    }
    return found;
  },
  async resolver(index) {
    const packages = await readPackages(index, (path) => fileOrFolder(path, index));
    return {
      resolve: (specifier, from) => resolve(specifier, from, index, packages),
      names: (path) => names(path, packages),
    };
  },
};

/** How a folder is imported from inside or below it. */
const dots = [
  '"."',
  "'.'",
  '"./"',
  "'./'",
  '".."',
  "'..'",
  '"../"',
  "'../'",
  '/.."',
  "/..'",
  '/../"',
  "/../'",
];

function names(path: string, packages: Packages): string[] {
  const base = posix.basename(path);
  const stem = base.replace(/(?:\.d)?\.[^.]+$/, "");
  const all = [stem === "" ? base : stem, ...packages.specifiers(path)];
  return stem === "index" ? [...all, posix.basename(directoryOf(path)), ...dots] : all;
}

/** The value of a string literal without escapes or substitutions; null for others. */
function literalOf(text: string): string | null {
  const inner = text.slice(1, -1);
  return inner === "" || inner.includes("\\") || inner.includes("${") ? null : inner;
}

function resolve(specifier: string, from: string, index: TreeIndex, packages: Packages): readonly string[] {
  const found = locate(specifier, from, index, packages);
  if (found !== null) return [found];
  // Bundlers take `./icon.svg?raw`.
  const query = specifier.indexOf("?");
  const bare = query > 0 ? locate(specifier.slice(0, query), from, index, packages) : null;
  return bare === null ? [] : [bare];
}

function locate(specifier: string, from: string, index: TreeIndex, packages: Packages): string | null {
  if (/^\.{1,2}(?:\/|$)/.test(specifier)) {
    const path = join(directoryOf(from), specifier);
    return path === null ? null : fileOrFolder(path, index);
  }
  for (const path of packages.candidates(specifier, from)) {
    const found = fileOrFolder(path, index);
    if (found !== null) return found;
  }
  return null;
}

/** The source file that a path without certain extension means. */
function fileOrFolder(path: string, index: TreeIndex): string | null {
  const extension = posix.extname(path);
  const aliases = standsFor[extension];
  if (aliases !== undefined) {
    const stem = path.slice(0, -extension.length);
    for (const alias of aliases) if (index.has(stem + alias)) return stem + alias;
  }
  if (index.has(path)) return path;
  for (const added of extensions) if (index.has(path + added)) return path + added;
  if (!index.isDirectory(path)) return null;
  const prefix = path === "" ? "" : `${path}/`;
  for (const added of extensions) if (index.has(`${prefix}index${added}`)) return `${prefix}index${added}`;
  return null;
}
