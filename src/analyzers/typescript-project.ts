import { existsSync, readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import ts from "typescript";
import { decode, isTypeScript } from "./files.js";
import { componentOf, scriptOf } from "./script-blocks.js";

/** Both sides are seen under this name, so that messages and files are the same where nothing changed. */
export const root = "/repository";

/** One side of a change as the compiler sees it: nothing above its folder exists. */
export interface SideFiles {
  folder: string;
  /** Paths relative to the folder. */
  paths: readonly string[];
}

/** Whose strictness is known. Without a readable configuration nobody asked for what a `strict` project did. */
export interface Project {
  /** Path of the configuration file, or `` for files that none covers. */
  config: string;
  options: ts.CompilerOptions;
  /** Patterns of `paths` that are more than `*`. */
  aliases: readonly string[];
  /** Files it covers, absolute. */
  files: readonly string[];
  strictNullChecks: boolean;
  noImplicitReturns: boolean;
  noFallthrough: boolean;
  unknownInCatch: boolean;
}

/** Reads a file of a side; undefined when it is outside, missing, or no text. */
export function readSide(side: SideFiles, file: string): string | undefined {
  const path = onDisk(side, file);
  if (path === null) return undefined;
  try {
    const component = componentOf(path);
    const text = decode(readFileSync(component)) ?? undefined;
    return text === undefined || component === path ? text : (scriptOf(component, text)?.text ?? undefined);
  } catch {
    return undefined;
  }
}

export function existsOnSide(side: SideFiles, file: string): boolean {
  const path = onDisk(side, file);
  if (path === null) return false;
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export function onDisk(side: SideFiles, file: string): string | null {
  const path = posix.normalize(file);
  return path.startsWith(`${root}/`)
    ? `${side.folder}${path.slice(root.length)}`
    : path === root
      ? side.folder
      : null;
}

/** What a project may list beside scripts. */
const componentExtensions = [".vue", ".svelte"].map((extension) => ({
  extension,
  isMixedContent: true,
  scriptKind: ts.ScriptKind.Deferred,
}));

function parseHost(side: SideFiles): ts.ParseConfigHost {
  return {
    useCaseSensitiveFileNames: true,
    fileExists: (file) => existsOnSide(side, file),
    readFile: (file) => readSide(side, file),
    readDirectory(folder, extensions, excludes, includes, depth) {
      const disk = onDisk(side, folder);
      if (disk === null || !existsSync(disk)) return [];
      return ts.sys
        .readDirectory(disk, extensions, excludes, includes, depth)
        .filter((file) => file.startsWith(`${side.folder}/`))
        .map((file) => root + file.slice(side.folder.length));
    },
  };
}

/** Finds which configuration of a side covers a file. Configurations are read as data: no plugin of theirs is loaded. */
export function projectFinder(side: SideFiles): (file: string) => Project {
  const host = parseHost(side);
  const read = new Map<string, { project: Project; references: string[] } | null>();

  const open = (config: string) => {
    const known = read.get(config);
    if (known !== undefined) return known;
    const text = readSide(side, config);
    const source = text === undefined ? null : ts.readConfigFile(config, () => text);
    if (source === null || typeof source.config !== "object" || source.config === null) {
      read.set(config, null);
      return null;
    }
    const parsed = ts.parseJsonConfigFileContent(
      source.config,
      host,
      posix.dirname(config),
      undefined,
      config,
      undefined,
      componentExtensions,
    );
    const lost = parsed.errors.some(
      (error) => error.code === 6053 || error.code === 5083 || error.code === 18003,
    );
    const result = {
      project: describe(config, parsed, lost && extendsUnknown(source.config)),
      references: (parsed.projectReferences ?? []).map(({ path }) =>
        path.endsWith(".json") ? path : posix.join(path, "tsconfig.json"),
      ),
    };
    read.set(config, result);
    return result;
  };

  const candidates = function* (file: string): Generator<string> {
    for (let folder = posix.dirname(file); folder.startsWith(root); folder = posix.dirname(folder)) {
      const first = posix.join(folder, "tsconfig.json");
      const queue = existsOnSide(side, first) ? [first] : [];
      const seen = new Set(queue);
      for (const config of queue) {
        yield config;
        for (const reference of open(config)?.references ?? []) {
          if (seen.size < 50 && !seen.has(reference) && existsOnSide(side, reference)) {
            seen.add(reference);
            queue.push(reference);
          }
        }
      }
      const relative = folder.slice(root.length + 1);
      for (const path of side.paths) {
        if (/^(tsconfig\.[^/]+|jsconfig)\.json$/.test(posix.basename(path)) && folderOf(path) === relative) {
          if (!seen.has(`${root}/${path}`)) yield `${root}/${path}`;
        }
      }
    }
  };

  return (file) => {
    let nearest: Project | null = null;
    for (const config of candidates(file)) {
      const found = open(config)?.project;
      if (!found) continue;
      // A root that only lists references says nothing about options.
      if (nearest === null || (nearest.files.length === 0 && found.files.length > 0)) nearest = found;
      if (found.files.includes(file)) return found;
    }
    return nearest ?? unconfigured;
  };
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === "." ? "" : folder;
}

function extendsUnknown(config: { extends?: unknown }): boolean {
  const names = Array.isArray(config.extends) ? config.extends : [config.extends];
  // Every configuration published as @tsconfig/… is strict.
  return names.some(
    (name) => typeof name === "string" && !name.startsWith(".") && !name.startsWith("@tsconfig/"),
  );
}

/** What decides how source is understood; the rest of a project's options is about output and tools. */
function understanding(theirs: ts.CompilerOptions): ts.CompilerOptions {
  return {
    paths: theirs.paths,
    pathsBasePath: theirs.pathsBasePath,
    baseUrl: theirs.baseUrl,
    rootDirs: theirs.rootDirs,
    experimentalDecorators: theirs.experimentalDecorators,
    noUncheckedIndexedAccess: theirs.noUncheckedIndexedAccess,
    exactOptionalPropertyTypes: theirs.exactOptionalPropertyTypes,
    strictFunctionTypes: theirs.strictFunctionTypes,
    strictBindCallApply: theirs.strictBindCallApply,
    moduleSuffixes: theirs.moduleSuffixes,
    customConditions: theirs.customConditions,
  };
}

const common: ts.CompilerOptions = {
  noEmit: true,
  allowJs: true,
  checkJs: true,
  types: [],
  skipLibCheck: true,
  skipDefaultLibCheck: true,
  noImplicitAny: false,
  noImplicitThis: false,
  strictPropertyInitialization: false,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve,
  allowUnreachableCode: false,
  allowUnusedLabels: true,
  allowUmdGlobalAccess: true,
  resolveJsonModule: true,
  allowImportingTsExtensions: true,
  allowArbitraryExtensions: true,
  esModuleInterop: true,
  allowSyntheticDefaultImports: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  isolatedModules: false,
  ignoreDeprecations: "6.0",
  noLib: false,
};

const unconfigured: Project = {
  config: "",
  options: { ...common, strict: true, useUnknownInCatchVariables: false },
  aliases: [],
  files: [],
  strictNullChecks: true,
  noImplicitReturns: false,
  noFallthrough: false,
  unknownInCatch: false,
};

function describe(config: string, parsed: ts.ParsedCommandLine, unknownParent: boolean): Project {
  const theirs = parsed.options;
  const options: ts.CompilerOptions = { ...common, ...understanding(theirs) };
  // What a configuration that can't be read asked for is unknown; @tsconfig/… ones are strict.
  const parentIsStrict = !unknownParent && parsed.errors.some((error) => error.code === 6053);
  const strict = theirs.strict ?? parentIsStrict;
  options.strict = strict;
  options.strictNullChecks = theirs.strictNullChecks ?? strict;
  options.useUnknownInCatchVariables = theirs.useUnknownInCatchVariables ?? strict;
  const aliases = Object.keys(theirs.paths ?? {}).filter((pattern) => /^[^*]{2,}/.test(pattern));
  return {
    config,
    options,
    aliases,
    files: parsed.fileNames,
    strictNullChecks: options.strictNullChecks,
    noImplicitReturns: theirs.noImplicitReturns ?? false,
    noFallthrough: theirs.noFallthroughCasesInSwitch ?? false,
    unknownInCatch: options.useUnknownInCatchVariables,
  };
}

/** Files that declare names for the whole program, without which those names would look undefined. */
export function ambientFiles(side: SideFiles, project: Project): string[] {
  const covered =
    project.files.length > 0
      ? project.files
      : side.paths.filter((path) => /\.d\.[mc]?ts$/.test(path)).map((path) => `${root}/${path}`);
  return covered
    .filter((file) => isTypeScript(file))
    .slice(0, 5_000)
    .filter((file) => {
      if (/\.d\.[mc]?ts$/.test(file)) return true;
      const text = readSide(side, file);
      if (text === undefined) return false;
      return /\bdeclare\s+(global|module)\b/.test(text) || !/^\s*(import|export)\b/m.test(text);
    });
}
