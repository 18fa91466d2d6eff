import { posix } from "node:path";
import { hasScript, isFixture, isPython, isTest } from "../files.js";
import { scriptText } from "../javascript/script-blocks.js";
import type { SearchLook } from "./look.js";
import { searchLimit } from "./name-from-elsewhere.js";
import { nearestName } from "./nearest-name.js";
import {
  declaredNames,
  endingOf,
  type Import,
  importLine,
  importOf,
  specifierTo,
} from "./suggest-ecmascript.js";
import { pythonImportOf, pythonNames, standardImport } from "./suggest-python.js";
import { type Sources, searchNames } from "./suggest-search.js";

/** A finding about a name or module that is not there. */
export interface Named {
  file: string;
  class: string;
  subject: string;
  message: string;
  evidence: string;
}

/** What would most likely mend each of the findings; null where there is nothing to say, or several would do. */
export async function adviceOn(findings: readonly Named[], look: SearchLook): Promise<(string | null)[]> {
  const sources = await searchNames(findings, look);
  const said: (string | null)[] = [];
  for (const finding of findings) said.push(await adviceFor(finding, sources, look));
  return said;
}

async function adviceFor(finding: Named, sources: Sources, look: SearchLook): Promise<string | null> {
  if (finding.class === "missing-module") return nearestModule(finding, look);
  if (finding.class === "missing-export") return otherExporter(finding, sources);
  return isPython(finding.file) ? pythonName(finding, sources, look) : ecmascriptName(finding, sources, look);
}

async function textOf(
  { file }: Named,
  side: "base" | "head",
  { oldPath, workspace }: SearchLook,
): Promise<string> {
  const path = side === "head" ? file : oldPath(file);
  const text = await workspace.text(side, path);
  return text === null ? "" : (scriptText(path, text) ?? "");
}

async function ecmascriptName(finding: Named, sources: Sources, look: SearchLook): Promise<string | null> {
  const { subject: name, file } = finding;
  const before = importOf(name, await textOf(finding, "base", look));
  const paths = await look.workspace.paths("head");
  if (before !== null && isThere(before.specifier, file, paths)) return `Add back: ${importLine(before)}`;
  const now = await textOf(finding, "head", look);
  const exporters = sources
    .exporters(name)
    .filter((one) => one.path !== file && (isTest(file) || !isTest(one.path)));
  const usual = sources.usualImport(name);
  const [exporter] = exporters;
  if (exporter && exporters.length === 1 && usual === null) {
    const ending = endingOf(now) ?? sources.ending(posix.dirname(file));
    const where = `'${name}' is exported by ${exporter.path}`;
    if (ending === null || !isSamePackage(file, exporter.path, paths)) return `${where}.`;
    const line = importLine({
      clause: `{ ${name} }`,
      specifier: specifierTo(exporter.path, file, ending),
      isType: exporter.kind === "type",
      isRequire: false,
      ...styleOf(now),
    });
    return /\brequire\s*\(/.test(now) && !/^[ \t]*import\b/m.test(now) ? `${where}.` : `${where}: ${line}`;
  }
  if (usual !== null && exporters.length === 0)
    return `Elsewhere here: ${importLine({ ...usual, ...styleOf(now) })}`;
  if (/did you mean/i.test(finding.message)) return null;
  const near = nearestName(name, declaredNames(now));
  return near === null ? null : `Did you mean '${near}'?`;
}

/** The only module that has what another was asked for. */
function otherExporter({ subject: name, file, message }: Named, sources: Sources): string | null {
  if (/did you mean/i.test(message) || isPython(file)) return null;
  const [exporter, ...others] = sources.exporters(name).filter(({ path }) => path !== file && !isTest(path));
  return exporter && others.length === 0 ? `'${name}' is exported by ${exporter.path}.` : null;
}

/** Quotes and semicolons of a file's own imports. */
function styleOf(text: string): Pick<Import, "quote" | "semicolon"> {
  const [, quote = '"', end] = /(?:from|import|require\()\s*(['"])[^'"\n]+['"]\)?[ \t]*(;?)/.exec(text) ?? [];
  return { quote, semicolon: end === undefined || end === ";" };
}

/** A package is; a file may have gone with the import. */
function isThere(specifier: string, from: string, paths: ReadonlySet<string>): boolean {
  if (!specifier.startsWith(".")) return true;
  const target = posix.join(posix.dirname(from), specifier);
  const bare = target.replace(/\.[cm]?jsx?$/, "");
  const endings = [
    "",
    ".ts",
    ".tsx",
    ".mts",
    ".cts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".d.ts",
    "/index.ts",
    "/index.js",
  ];
  return endings.some((end) => paths.has(target + end) || (bare !== target && paths.has(bare + end)));
}

function isSamePackage(one: string, other: string, paths: ReadonlySet<string>): boolean {
  return packageOf(one, paths) === packageOf(other, paths);
}

function packageOf(file: string, paths: ReadonlySet<string>): string {
  let folder = posix.dirname(file);
  while (folder !== "." && !paths.has(`${folder}/package.json`)) folder = posix.dirname(folder);
  return folder;
}

async function pythonName(finding: Named, sources: Sources, look: SearchLook): Promise<string | null> {
  const { subject: name, file } = finding;
  const before = pythonImportOf(name, await textOf(finding, "base", look));
  if (before !== null) return `Add back: ${before}`;
  const standard = standardImport(name, finding.evidence);
  const modules = sources
    .modules(name)
    .filter((one) => one.path !== file && (isTest(file) || !isTest(one.path)));
  const [module] = modules;
  if (module && modules.length === 1 && standard === null) {
    return module.name === null
      ? `'${name}' is defined in ${module.path}.`
      : `'${name}' is defined in ${module.path}: from ${module.name} import ${name}`;
  }
  if (standard !== null && modules.length === 0) return `Add: ${standard}`;
  const usual = sources.usualPythonImport(name);
  if (usual !== null && modules.length === 0) return `Elsewhere here: ${usual}`;
  const near = nearestName(name, pythonNames(await textOf(finding, "head", look)));
  return near === null ? null : `Did you mean '${near}'?`;
}

/** A file of nearly that name in the same folder, or the only one of that very name anywhere. */
async function nearestModule(
  { subject: target, file }: Named,
  { workspace }: SearchLook,
): Promise<string | null> {
  const belongs = isPython(file) ? isPython : hasScript;
  const stemOf = (path: string) => posix.basename(path).replace(/(\.d)?\.[a-z]+$/i, "");
  const stem = stemOf(target);
  const beside: string[] = [];
  const elsewhere: string[] = [];
  let read = 0;
  for (const path of await workspace.paths("head")) {
    if (++read > searchLimit * 25) break;
    if (!belongs(path) || path === file) continue;
    if (posix.dirname(path) === posix.dirname(target)) beside.push(path);
    if (stemOf(path) === stem && stem !== "index" && !isFixture(path)) elsewhere.push(path);
  }
  const near = nearestName(stem, beside.map(stemOf));
  const found = near === null ? elsewhere : beside.filter((path) => stemOf(path) === near);
  const [only] = found;
  return only && found.length === 1 ? `There is ${only}: did you mean that?` : null;
}
