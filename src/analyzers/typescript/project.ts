import { posix } from "node:path";
import ts from "typescript";
import { isTypeScript } from "../files.js";
import { factsOf } from "./facts.js";
import { distinct, filesOfGlobs, isCostly } from "./globs.js";
import { isInstalled, ownPath, root, type Tree } from "./tree.js";

export { root } from "./tree.js";

/** Whose strictness is known. Without a readable configuration nobody asked for what a `strict` project did. */
export interface Project {
  /** Path of the configuration file, or `` for files that none covers. */
  config: string;
  options: ts.CompilerOptions;
  /** Patterns of `paths` that are more than `*`. */
  aliases: readonly string[];
  /** Files it covers, absolute. */
  files: ReadonlySet<string>;
  strictNullChecks: boolean;
  noImplicitReturns: boolean;
  noFallthrough: boolean;
  unknownInCatch: boolean;
  /** Is its `lib` a browser's or a worker's, or that of nothing in particular? */
  isForBrowsers: boolean;
}

/** What a project may list beside scripts. */
const componentExtensions = [".vue", ".svelte"].map((extension) => ({
  extension,
  isMixedContent: true,
  scriptKind: ts.ScriptKind.Deferred,
}));

function parseHost(tree: Tree): ts.ParseConfigHost {
  return {
    useCaseSensitiveFileNames: true,
    fileExists: (file) => tree.fileExists(file),
    readFile: (file) => readConfig(tree, file),
    readDirectory(folder, extensions, excludes, includes) {
      const files: string[] = [];
      for (const path of tree.files.ids.keys()) files.push(`${root}/${path}`);
      return filesOfGlobs(files, folder, extensions, includes, excludes ?? []);
    },
  };
}

interface Opened {
  project: Project;
  references: string[];
}

/** Configurations of one side that are read: each one's patterns are tried on every file. */
const configLimit = 1_000;

/** Characters of a configuration: a longer one is none. Shorter than the second, it has few patterns. */
const longestConfig = 256 * 1024;
const shortConfig = 8 * 1024;

/** A configuration's text, with no more patterns than anybody writes: the compiler makes one expression of them all. */
function readConfig(tree: Tree, file: string): string | undefined {
  const text = tree.read(file);
  if (text === undefined || text.length > longestConfig) return undefined;
  if (text.length <= shortConfig) return text;
  const read: { config?: unknown } = ts.readConfigFile(file, () => text);
  if (typeof read.config !== "object" || read.config === null) return text;
  const config: Record<string, unknown> = { ...read.config };
  for (const key of ["include", "exclude"]) {
    const globs = config[key];
    if (!Array.isArray(globs)) continue;
    const usable = globs.filter((glob): glob is string => typeof glob === "string" && !isCostly(glob));
    config[key] = distinct(usable);
  }
  return JSON.stringify(config);
}

/** Null for what is nested deeper than the stack is high, or has too much in it for the compiler. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Finds which configuration of a tree covers a file. Configurations are read as data: no plugin of theirs is loaded. */
export function projectFinder(tree: Tree): (file: string) => Project {
  const host = parseHost(tree);
  const read = new Map<string, Opened | null>();
  const extended = new Map<string, ts.ExtendedConfigCacheEntry>();
  const others = otherConfigs(tree);

  const open = (config: string) => {
    let known = read.get(config);
    if (known === undefined) {
      known = read.size < configLimit ? readable(() => openConfig(tree, config, host, extended)) : null;
      read.set(config, known);
    }
    return known;
  };

  const candidates = function* (file: string): Generator<string> {
    for (let folder = posix.dirname(file); folder.startsWith(root); folder = posix.dirname(folder)) {
      const first = posix.join(folder, "tsconfig.json");
      const queue = tree.fileExists(first) ? [first] : [];
      const seen = new Set(queue);
      for (const config of queue) {
        yield config;
        for (const reference of open(config)?.references ?? []) {
          if (seen.size < 50 && !seen.has(reference) && tree.fileExists(reference)) {
            seen.add(reference);
            queue.push(reference);
          }
        }
      }
      for (const config of others.get(folder) ?? []) if (!seen.has(config)) yield config;
    }
  };

  const found = new Map<string, Project>();
  const find = (file: string) => {
    let nearest: Project | null = null;
    for (const config of candidates(file)) {
      const project = open(config)?.project;
      if (!project) continue;
      // A root that only lists references says nothing about options.
      if (nearest === null || (nearest.files.size === 0 && project.files.size > 0)) nearest = project;
      if (project.files.has(file)) return project;
    }
    return nearest ?? unconfigured;
  };
  return (file) => {
    let project = found.get(file);
    if (project === undefined) {
      project = find(file);
      found.set(file, project);
    }
    return project;
  };
}

function otherConfigs(tree: Tree): Map<string, string[]> {
  const configs = new Map<string, string[]>();
  for (const path of tree.files.ids.keys()) {
    if (!/(^|\/)(tsconfig\.[^/]+|jsconfig)\.json$/.test(path)) continue;
    const folder = posix.join(root, posix.dirname(path));
    configs.set(folder, [...(configs.get(folder) ?? []), `${root}/${path}`]);
  }
  return configs;
}

function openConfig(
  tree: Tree,
  config: string,
  host: ts.ParseConfigHost,
  extended: Map<string, ts.ExtendedConfigCacheEntry>,
): Opened | null {
  const text = readConfig(tree, config);
  const source = text === undefined ? null : ts.readConfigFile(config, () => text);
  if (source === null || typeof source.config !== "object" || source.config === null) return null;
  const parsed = ts.parseJsonConfigFileContent(
    source.config,
    host,
    posix.dirname(config),
    undefined,
    config,
    undefined,
    componentExtensions,
    extended,
  );
  const lost = parsed.errors.some(
    (error) => error.code === 6053 || error.code === 5083 || error.code === 18003,
  );
  return {
    project: describe(tree, config, parsed, lost && extendsUnknown(source.config)),
    references: (parsed.projectReferences ?? []).map(({ path }) =>
      path.endsWith(".json") ? path : posix.join(path, "tsconfig.json"),
    ),
  };
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
  maxNodeModuleJsDepth: 0,
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
  files: new Set(),
  strictNullChecks: true,
  noImplicitReturns: false,
  noFallthrough: false,
  unknownInCatch: false,
  isForBrowsers: false,
};

function describe(tree: Tree, config: string, parsed: ts.ParsedCommandLine, unknownParent: boolean): Project {
  const theirs = parsed.options;
  const options: ts.CompilerOptions = {
    ...common,
    ...understanding(theirs),
    ...installedOptions(tree, config, theirs),
  };
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
    files: new Set(parsed.fileNames),
    strictNullChecks: options.strictNullChecks,
    noImplicitReturns: theirs.noImplicitReturns ?? false,
    noFallthrough: theirs.noFallthroughCasesInSwitch ?? false,
    unknownInCatch: options.useUnknownInCatchVariables,
    isForBrowsers: !unknownParent && (theirs.lib?.some((name) => /^lib\.(dom|webworker)/.test(name)) ?? true),
  };
}

const nodeModules = new Set<ts.ModuleKind | undefined>([
  ts.ModuleKind.Node16,
  ts.ModuleKind.Node18,
  ts.ModuleKind.Node20,
  ts.ModuleKind.NodeNext,
]);

/** What only matters when packages are there: whose types are ambient, how their modules look from outside. */
function installedOptions(tree: Tree, config: string, theirs: ts.CompilerOptions): ts.CompilerOptions {
  const roots = typeRoots(tree, config, theirs);
  if (!tree.installed || roots === null) return {};
  const names = theirs.types?.includes("*") === false ? theirs.types : allTypes(tree, roots, theirs);
  return {
    configFilePath: config,
    types: names,
    typeRoots: roots,
    jsx: theirs.jsx ?? common.jsx,
    jsxImportSource: theirs.jsxImportSource,
    jsxFactory: theirs.jsxFactory,
    jsxFragmentFactory: theirs.jsxFragmentFactory,
    preserveSymlinks: theirs.preserveSymlinks,
    // A module of CommonJS seen from one of ECMAScript: Node gives its exports as a whole, bundlers don't.
    ...(nodeModules.has(theirs.module)
      ? { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
      : {}),
  };
}

/** The folders of ambient types a configuration sees; null when there is no `node_modules` above it. */
function typeRoots(tree: Tree, config: string, theirs: ts.CompilerOptions): string[] | null {
  const found: string[] = [];
  let any = false;
  for (let folder = posix.dirname(config); folder.startsWith(root); folder = posix.dirname(folder)) {
    any ||= tree.folderExists(`${folder}/node_modules`);
    if (tree.folderExists(`${folder}/node_modules/@types`)) found.push(`${folder}/node_modules/@types`);
  }
  return any ? (theirs.typeRoots ?? found) : null;
}

/** What a compiler before 6 takes when no types are named, and a later one for `*`. */
function allTypes(tree: Tree, roots: readonly string[], theirs: ts.CompilerOptions): string[] {
  if (theirs.types === undefined && compilerOf(tree) >= 6) return [];
  return [...new Set(roots.flatMap((folder) => tree.folders(folder)))].filter(
    (name) => !name.startsWith("."),
  );
}

function compilerOf(tree: Tree): number {
  const text = tree.read(`${root}/node_modules/typescript/package.json`) ?? "";
  return Number(/"version"\s*:\s*"(\d+)\./.exec(text)?.[1] ?? 0);
}

/** Files that declare names for the whole program, without which those names would look undefined. */
export function ambientFiles(tree: Tree, project: Project): string[] {
  const isDeclaration = (file: string) => /\.d\.[mc]?ts$/.test(file);
  const covered =
    project.files.size > 0
      ? [...project.files]
      : [...tree.files.ids.keys()].filter(isDeclaration).map((path) => `${root}/${path}`);
  return covered
    .filter((file) => isTypeScript(file) && !isInstalled(file) && ownPath(file) !== null)
    .slice(0, 5_000)
    .filter((file) => {
      const id = tree.id(file);
      return id !== undefined && factsOf(id, isDeclaration(file), () => tree.read(file)).ambient;
    });
}
