import { posix } from "node:path";
import type { QueryCapture } from "web-tree-sitter";
import type { ImportLanguage } from "./language.js";
import { directoryOf, join, stemOf, type TreeIndex, upwards } from "./tree-index.js";

const query = `
(attribute_item) @attribute
(mod_item) @mod
(use_declaration argument: (_) @use)
(extern_crate_declaration name: (identifier) @crate)
`;
/** Paths taken from one `use`, and characters of it that are read: far beyond what anybody writes. */
const useLimit = 500;
const useLength = 20_000;

/** Rust: `mod x;`, `use` of this crate's and the workspace's paths, `extern crate`. */
export const rust: ImportLanguage = {
  name: "Rust",
  handles: (path) => path.endsWith(".rs"),
  imports: (path) => path.endsWith(".rs"),
  grammar: () => "rust",
  query: () => query,
  marks: ["mod ", "use ", "extern"],
  specifiers,
  async resolver(index) {
    const crates = await cratesOf(index);
    return {
      resolve: (specifier, from) => resolve(specifier, from, index, crates),
      names(path) {
        const stem = stemOf(path);
        // `super` in a submodule means its parent without naming it.
        if (stem === "mod") return [posix.basename(directoryOf(path)), "super"];
        if (stem !== "lib" && stem !== "main") return [stem, "super"];
        const name = [...crates].find(([, directory]) => directory === directoryOf(path))?.[0];
        return [...(name === undefined ? [] : [name]), "crate", "super"];
      },
    };
  },
};

/**
 * `mod x;` as `mod x`, inside `mod a { … }` as `mod a/x`, with a path attribute as `path x.rs`. Captures come in
 * the order of the text, so what is around and before a module is known without walking up from it.
 */
function specifiers(captures: readonly QueryCapture[]): string[] {
  const found: string[] = [];
  const around: { name: string; end: number }[] = [];
  let path: string | null = null;
  for (const { name: kind, node } of captures) {
    while ((around.at(-1)?.end ?? node.startIndex) < node.startIndex) around.pop();
    if (kind === "attribute") {
      path = /\bpath\s*=\s*"([^"\\]+)"/.exec(node.text)?.[1] ?? path;
      continue;
    }
    if (kind === "use") found.push(...usedPaths(node.text));
    else if (kind === "crate") found.push(`use ${node.text}`);
    else {
      const name = node.childForFieldName("name")?.text ?? "";
      if (node.childForFieldName("body") !== null) around.push({ name, end: node.endIndex });
      else if (path !== null) found.push(`path ${path}`);
      else if (around.length < 64)
        found.push(`mod ${[...around.map((outer) => outer.name), name].join("/")}`);
    }
    path = null;
  }
  return found;
}

/** The paths in a `use` tree: `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`. */
function usedPaths(text: string): string[] {
  const found: string[] = [];
  const prefixes: string[] = [];
  let current = "";
  const end = () => {
    const path = [...prefixes, current].join("").replace(/::$|::\*$/, "");
    if (current !== "") found.push(`use ${path.replace(/^::/, "")}`);
    current = "";
  };
  const plain = text
    .slice(0, useLength)
    .replace(/\/\/[^\n]*/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ as \w+/g, "");
  for (const character of plain) {
    if (found.length >= useLimit) break;
    if (character === "{") {
      if (prefixes.length >= 32) break;
      prefixes.push(current);
      current = "";
    } else if (character === "}") {
      end();
      prefixes.pop();
    } else if (character === ",") end();
    else if (!/\s/.test(character)) current += character;
  }
  end();
  return found;
}

function resolve(
  specifier: string,
  from: string,
  index: TreeIndex,
  crates: ReadonlyMap<string, string>,
): string[] {
  const space = specifier.indexOf(" ");
  const [kind, path] = [specifier.slice(0, space), specifier.slice(space + 1)];
  const own = moduleFolder(from);
  if (kind === "path") {
    const file = join(directoryOf(from), path);
    return file !== null && index.has(file) ? [file] : [];
  }
  if (kind === "mod") {
    const file = join(own, path);
    return file === null ? [] : moduleFile(file, index);
  }
  const parts = path.split("::").map((part) => part.replace(/^r#/, ""));
  let root: string | null;
  if (parts[0] === "crate") {
    root = crateRoot(from, index);
    parts.shift();
  } else if (parts[0] === "self" || parts[0] === "super") {
    root = own;
    for (; parts[0] === "self" || parts[0] === "super"; parts.shift()) {
      if (parts[0] === "super" && root !== null) root = join(root, "..");
    }
  } else {
    root = crates.get(parts[0] ?? "") ?? null;
    if (root !== null) parts.shift();
    // Since 2018 a path may start at a module declared beside it.
    else root = own;
    if (root === own && moduleIn(own, parts.slice(0, 1), index).length === 0) return [];
  }
  if (root === null) return [];
  for (let length = Math.min(parts.length, 16); length >= 0; length--) {
    const found = moduleIn(root, parts.slice(0, length), index);
    if (found.length > 0) return found.filter((file) => file !== from);
  }
  return [];
}

function moduleIn(root: string, parts: readonly string[], index: TreeIndex): string[] {
  if (parts.length === 0) {
    const files = ["lib.rs", "main.rs", "mod.rs"].map((name) => (root === "" ? name : `${root}/${name}`));
    const found = [...files, `${root}.rs`].find((file) => index.has(file));
    return found === undefined ? [] : [found];
  }
  const path = join(root, parts.join("/"));
  return path === null ? [] : moduleFile(path, index);
}

function moduleFile(path: string, index: TreeIndex): string[] {
  const found = [`${path}.rs`, `${path}/mod.rs`].find((file) => index.has(file));
  return found === undefined ? [] : [found];
}

/** Where a file's own submodules are. */
function moduleFolder(path: string): string {
  const stem = stemOf(path);
  const directory = directoryOf(path);
  if (stem === "mod" || stem === "lib" || stem === "main") return directory;
  return directory === "" ? stem : `${directory}/${stem}`;
}

function crateRoot(from: string, index: TreeIndex): string | null {
  const above = upwards(directoryOf(from));
  const source = above.find((directory) =>
    ["lib.rs", "main.rs"].some((name) => index.has(directory === "" ? name : `${directory}/${name}`)),
  );
  if (source !== undefined) return source;
  const top = above.find((directory) =>
    index.has(directory === "" ? "Cargo.toml" : `${directory}/Cargo.toml`),
  );
  return top === undefined ? null : join(top, "src");
}

/** Crates of the tree by the name that code uses, and their source folders. */
async function cratesOf(index: TreeIndex): Promise<Map<string, string>> {
  const texts = await index.texts(index.named("Cargo.toml"));
  const crates = new Map<string, string>();
  for (const [path, text] of texts) {
    const name = packageName(text);
    const source = join(directoryOf(path), "src");
    if (name !== null && source !== null) crates.set(name.replaceAll("-", "_"), source);
  }
  return crates;
}

function packageName(manifest: string): string | null {
  let section = "";
  for (const line of manifest.split("\n")) {
    const trimmed = line.trim();
    if (trimmed.startsWith("[")) section = trimmed;
    const name = section === "[package]" ? /^name\s*=\s*["']([\w-]+)["']/.exec(trimmed)?.[1] : undefined;
    if (name !== undefined) return name;
  }
  return null;
}
