import { posix } from "node:path";
import { breathe } from "../breathe.js";
import { isPython } from "../files.js";
import type { Workspace } from "../workspace.js";

const importerLimit = 100;
const searchLimit = 10_000;

/** Unchanged Python files whose imports name one of the modules given, by path. */
export async function pythonImporters(
  workspace: Workspace,
  modules: readonly string[],
  known: ReadonlySet<string>,
): Promise<{ paths: string[]; cut: boolean }> {
  const names = new Set<string>();
  for (const path of modules) {
    const stem = posix.basename(path).replace(/\.pyi?$/, "");
    const name = stem === "__init__" ? posix.basename(posix.dirname(path)) : stem;
    if (/^\w+$/.test(name)) names.add(name);
  }
  if (names.size === 0) return { paths: [], cut: false };
  const base = await workspace.paths("base");
  const found: string[] = [];
  const sources = (await workspace.sources("head", "python"))
    .filter((path) => isPython(path))
    .slice(0, searchLimit);
  for (const path of sources) {
    if (known.has(path) || !base.has(path)) continue;
    const text = await workspace.source("head", "python", path);
    await breathe();
    if (text !== null && importsOneOf(names, text)) found.push(path);
    if (found.length > importerLimit) return { paths: found.slice(0, importerLimit), cut: true };
  }
  return { paths: found, cut: false };
}

/** Word by word: an expression with all names in it would try each of them at each place. */
function importsOneOf(names: ReadonlySet<string>, text: string): boolean {
  for (const [statement] of text.matchAll(/^[ \t]*(?:from|import)\b[^\n]{0,2000}/gm))
    for (const [word] of statement.matchAll(/\w+/g)) if (names.has(word)) return true;
  return false;
}
