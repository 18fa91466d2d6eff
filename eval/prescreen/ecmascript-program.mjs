// A program of TypeScript's for a checked-out tree, to know what names and types are where a mistake is made.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** Texts of the compiler's own libraries, parsed once for all programs. */
const libraries = new Map();

/** Opens the files with all that they import from the folder; dependencies are not installed, and are `any`. */
export function openProgram(folder, paths) {
  const names = paths.map((path) => join(folder, path));
  const options = { ...configured(folder, paths[0] ?? ""), ...fixed };
  const host = ts.createCompilerHost(options, true);
  const read = host.getSourceFile;
  host.getSourceFile = (name, ...rest) => {
    if (name.startsWith(folder)) return read.call(host, name, ...rest);
    if (!libraries.has(name)) libraries.set(name, read.call(host, name, ...rest));
    return libraries.get(name);
  };
  return ts.createProgram({ rootNames: names, options, host });
}

const fixed = {
  allowJs: true,
  checkJs: false,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  incremental: false,
  composite: false,
  lib: undefined,
};

/**
 * What the project's own configuration says of strictness, paths and JSX; it is read as data. A configuration that
 * only refers to others says nothing: then the first of those that does counts.
 */
function configured(folder, path) {
  for (let at = dirname(join(folder, path)); at.startsWith(folder); at = dirname(at)) {
    const queue = [join(at, "tsconfig.json")];
    for (const file of queue) {
      const found = existsSync(file)
        ? ts.readConfigFile(file, (name) => readFileSync(name, "utf8")).config
        : null;
      if (!found) continue;
      const { options, projectReferences } = ts.parseJsonConfigFileContent(
        found,
        { ...ts.sys, readDirectory: () => [] },
        dirname(file),
      );
      const isRoot = found.files?.length === 0 && projectReferences?.length > 0;
      if (!isRoot) return understood(options, found);
      for (const { path: other } of projectReferences.slice(0, 20)) {
        queue.push(other.endsWith(".json") ? other : join(other, "tsconfig.json"));
      }
    }
  }
  return { strict: true, jsx: ts.JsxEmit.Preserve };
}

function understood({ strict, strictNullChecks, paths, pathsBasePath, baseUrl, jsx }, { extends: parents }) {
  // The published configurations are not installed; they are strict.
  const isPublished = [parents].flat().some((name) => /^@tsconfig\//.test(name ?? ""));
  return {
    strict: strict ?? isPublished,
    jsx: jsx ?? ts.JsxEmit.Preserve,
    ...(strictNullChecks === undefined ? {} : { strictNullChecks }),
    ...(paths === undefined ? {} : { paths, pathsBasePath }),
    ...(baseUrl === undefined ? {} : { baseUrl, ignoreDeprecations: "6.0" }),
  };
}

const given =
  `describe it test suite expect before after beforeEach afterEach beforeAll afterAll vi jest assert
  require module exports define __dirname __filename Deno Bun React`.split(/\s+/);

/** Names that something may provide when a file does not: leaving out their import may be no mistake. */
export function globalNames(program) {
  const names = new Set([...given, ...Object.getOwnPropertyNames(globalThis)]);
  const library = program.getSourceFiles().find((file) => program.isSourceFileDefaultLibrary(file));
  if (library === undefined) return names;
  const flags = ts.SymbolFlags.Value | ts.SymbolFlags.Type | ts.SymbolFlags.Namespace;
  for (const symbol of program.getTypeChecker().getSymbolsInScope(library, flags)) names.add(symbol.name);
  return names;
}

export function nodesOf(root) {
  const all = [];
  const visit = (node) => {
    all.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return all;
}

export function isNullable(type) {
  const has = ({ flags }) => (flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)) !== 0;
  return type.isUnion() && type.types.some(has) && !type.types.every(has);
}

export function isUnknown(type) {
  return (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0;
}
