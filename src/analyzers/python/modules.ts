import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import type { Side } from "../../change/types.js";
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
