import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import type { Side } from "../../change/types.js";
import { literally } from "../last-text.js";
import type { Workspace } from "../workspace.js";
import { importRoots } from "./project.js";

/** Whose a module is: the repository's, Python's, or somebody else's. */
export async function ownerOf(
  module: string,
  side: Side,
  workspace: Workspace,
): Promise<"own" | "python" | "other"> {
  if (module.startsWith(".")) return "own";
  const [top = ""] = module.split(".");
  const paths = await workspace.paths(side);
  for (const root of await importRoots(workspace, side)) {
    const path = posix.join(root, top);
    if (paths.has(`${path}.py`) || paths.has(`${path}.pyi`) || paths.has(path)) return "own";
  }
  return (await standardModules()).has(top) ? "python" : "other";
}

let standard: Promise<ReadonlySet<string>> | undefined;

/** By typeshed's list, which pyright brings along. */
function standardModules(): Promise<ReadonlySet<string>> {
  standard ??= (async () => {
    const folder = dirname(createRequire(import.meta.url).resolve("pyright/package.json"));
    const text = await readFile(join(folder, "dist/typeshed-fallback/stdlib/VERSIONS"), "utf8").catch(
      () => "",
    );
    return new Set([...text.matchAll(/^(\w+)[.\w]*:/gm)].flatMap(([, name]) => name ?? []));
  })();
  return standard;
}

/** The module of the `from … import` that a line belongs to. */
export function importedModule(lines: readonly string[], line: number): string | null {
  for (let at = line; at >= Math.max(1, line - 60); at--) {
    const text = lines[at - 1] ?? "";
    const module = /^\s*from\s+([.\w]+)\s+import\b/.exec(text)?.[1];
    if (module !== undefined) return module;
    if (at !== line && /^\s*(import|def|class)\b/.test(text)) return null;
  }
  return null;
}

/**
 * Does a module of the repository take a name, at the end, from one that is not the repository's? What is not
 * installed has nothing that could be found, and a name that is handed on from there is not missing.
 */
export async function isHandedOn(
  module: string,
  name: string,
  { side, path }: { side: Side; path: string },
  workspace: Workspace,
  depth = 0,
): Promise<boolean> {
  if (depth > 4) return true;
  const paths = await workspace.paths(side);
  for (const stem of await stemsOf(module, { side, path }, workspace)) {
    const file = [`${stem}.pyi`, `${stem}.py`, `${stem}/__init__.pyi`, `${stem}/__init__.py`].find((one) =>
      paths.has(one),
    );
    const text = file === undefined ? null : await workspace.text(side, file);
    if (file === undefined || text === null) continue;
    for (const [, from = "", list = ""] of text.matchAll(taking)) {
      const item = list
        .replace(/[()\\]|#[^\n]*/g, " ")
        .split(",")
        .map((one) => one.trim().split(/\s+as\s+/))
        .find((one) => one.at(-1) === name || one[0] === "*");
      if (item === undefined) continue;
      const original = item[0] === "*" ? name : (item[0] ?? name);
      if ((await ownerOf(from, side, workspace)) !== "own") return true;
      if (await isHandedOn(from, original, { side, path: file }, workspace, depth + 1)) return true;
    }
  }
  return false;
}

/**
 * Was a name that is missing at head missing at base too, where only the module's `__getattr__` kept a type checker from
 * saying so? Then an import that the change did not touch was as wrong before.
 */
export async function wasHidden(
  module: string,
  name: string,
  lines: readonly string[],
  { side, path, line }: { side: Side; path: string; line: number },
  workspace: Workspace,
): Promise<boolean> {
  if (side !== "head") return false;
  const before = await workspace.text("base", path);
  const own = (lines[line - 1] ?? "").trim();
  if (before === null || !before.split("\n").some((one) => one.trim() === own)) return false;
  const paths = await workspace.paths("base");
  for (const stem of await stemsOf(module, { side: "base", path }, workspace)) {
    const file = [`${stem}.pyi`, `${stem}.py`, `${stem}/__init__.pyi`, `${stem}/__init__.py`].find((one) =>
      paths.has(one),
    );
    const text = file === undefined ? null : await workspace.text("base", file);
    if (text === null) continue;
    return /^def\s+__getattr__\b/m.test(text) && !new RegExp(`\\b${literally(name)}\\b`).test(text);
  }
  return false;
}

const taking = /^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)/gm;

/** Where a module may be, without an ending. */
async function stemsOf(
  module: string,
  { side, path }: { side: Side; path: string },
  workspace: Workspace,
): Promise<string[]> {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const inside = module.slice(dots).replaceAll(".", "/");
  if (dots === 0) return (await importRoots(workspace, side)).map((root) => posix.join(root, inside));
  let folder = posix.dirname(path);
  for (let up = 1; up < dots; up++) folder = posix.dirname(folder);
  return [posix.join(folder, inside)];
}
