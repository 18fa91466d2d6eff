import { posix } from "node:path";
import { hasScript, isFixture, isPython } from "../files.js";
import { scriptText } from "../javascript/script-blocks.js";
import type { SearchLook } from "./look.js";
import { searchLimit } from "./name-from-elsewhere.js";
import { type Ending, endingOf, exportOf, type Import, importLine, importOf } from "./suggest-ecmascript.js";
import { definesInPython, moduleName, pythonImportOf } from "./suggest-python.js";

/** Where the rest of a repository has the names that a change misses. */
export interface Sources {
  exporters(name: string): { path: string; kind: "value" | "type" }[];
  /** The import from a package that every other file has it by. */
  usualImport(name: string): Import | null;
  /** How relative imports end in a folder, if all do alike. */
  ending(folder: string): Ending | null;
  /** Python modules that define it, with their dotted name. */
  modules(name: string): { path: string; name: string | null }[];
  usualPythonImport(name: string): string | null;
}

/** Reads the sources once for all names, up to a limit. */
export async function searchNames(
  findings: readonly { file: string; class: string; subject: string }[],
  { workspace }: SearchLook,
): Promise<Sources> {
  const names = (python: boolean) => [
    ...new Set(
      findings.flatMap((one) =>
        one.class !== "missing-module" && isPython(one.file) === python ? [one.subject] : [],
      ),
    ),
  ];
  const exporters = new Map<string, { path: string; kind: "value" | "type" }[]>();
  const imports = new Map<string, Map<string, Import>>();
  const endings = new Map<string, Ending | null>();
  const modules = new Map<string, { path: string; name: string | null }[]>();
  const pythonImports = new Map<string, Set<string>>();
  const paths = await workspace.paths("head");

  const ofEcmaScript = names(false);
  const folders = new Set(findings.map(({ file }) => posix.dirname(file)));
  const scripts = ofEcmaScript.length === 0 ? [] : await workspace.sources("head", "ecmascript");
  for (const path of scripts.filter((one) => hasScript(one) && !isFixture(one)).slice(0, searchLimit)) {
    const whole = await workspace.source("head", "ecmascript", path);
    const text = whole === null ? null : scriptText(path, whole);
    if (text === null) continue;
    const folder = posix.dirname(path);
    if (folders.has(folder)) {
      const ending = endingOf(text);
      const known = endings.get(folder);
      if (ending !== null) endings.set(folder, known === undefined || known === ending ? ending : null);
    }
    for (const name of ofEcmaScript) {
      if (!text.includes(name)) continue;
      const kind = /\.d\.[cm]?ts$/.test(path) ? null : exportOf(name, text);
      if (kind !== null) listAt(exporters, name).push({ path, kind });
      const found = importOf(name, text);
      // A relative import of another file's says nothing of this one's; it is found by what it exports.
      if (found === null || found.specifier.startsWith(".")) continue;
      const known = imports.get(name) ?? new Map<string, Import>();
      imports.set(name, known);
      known.set(importLine({ ...found, quote: '"', semicolon: true }), found);
    }
  }

  const ofPython = names(true);
  const pythons = ofPython.length === 0 ? [] : await workspace.sources("head", "python");
  for (const path of pythons.filter((one) => isPython(one) && !isFixture(one)).slice(0, searchLimit)) {
    const text = await workspace.source("head", "python", path);
    if (text === null) continue;
    for (const name of ofPython) {
      if (!text.includes(name)) continue;
      if (!path.endsWith(".pyi") && definesInPython(name, text))
        listAt(modules, name).push({ path, name: moduleName(path, paths) });
      const found = pythonImportOf(name, text);
      if (found === null || /^from \./.test(found)) continue;
      const known = pythonImports.get(name) ?? new Set<string>();
      pythonImports.set(name, known.add(found));
    }
  }

  return {
    exporters: (name) => exporters.get(name) ?? [],
    usualImport: (name) => theOnly([...(imports.get(name)?.values() ?? [])]),
    ending: (folder) => endings.get(folder) ?? null,
    modules: (name) => modules.get(name) ?? [],
    usualPythonImport: (name) => theOnly([...(pythonImports.get(name) ?? [])]),
  };
}

function listAt<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function theOnly<T>(items: readonly T[]): T | null {
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : null;
}
