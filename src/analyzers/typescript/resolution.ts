import { posix } from "node:path";
import ts from "typescript";
import { isJavaScript } from "../files.js";
import type { Manifests } from "./manifests.js";
import type { Sources } from "./sources.js";
import { isInstalled, root, type Tree } from "./tree.js";
import { satisfies } from "./version-range.js";

/** Resolves what files of a tree import: as the compiler does, and to sources where that leads to what is not built. */
export interface Resolver {
  module(specifier: string, from: string, mode: ts.ResolutionMode): ts.ResolvedModuleFull | undefined;
  /** A package of ambient types. */
  types(name: string, from: string, mode: ts.ResolutionMode): ts.ResolvedTypeReferenceDirective | undefined;
}

/** The part of a tree that resolution asks. */
export function resolutionHost(tree: Tree): ts.ModuleResolutionHost {
  return {
    fileExists: (file) => tree.fileExists(file),
    readFile: (file) => tree.read(file),
    directoryExists: (folder) => tree.folderExists(folder),
    getDirectories: (folder) => tree.folders(folder),
    realpath: (file) => tree.real(file),
    getCurrentDirectory: () => root,
    useCaseSensitiveFileNames: true,
  };
}

export interface Surroundings {
  tree: Tree;
  manifests: Manifests;
  /** Of the other side: what is installed must be what both ask for. */
  otherManifests: Manifests;
  sources: Sources;
}

export function resolverOf(around: Surroundings, options: ts.CompilerOptions): Resolver {
  const { tree, sources } = around;
  const host = resolutionHost(tree);
  const same = (name: string) => name;
  const cache = ts.createModuleResolutionCache(root, same, options);
  const bundled: ts.CompilerOptions = {
    ...options,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const isBundled = options.moduleResolution === ts.ModuleResolutionKind.Bundler;
  const secondCache = isBundled ? cache : ts.createModuleResolutionCache(root, same, bundled);
  const typeCache = ts.createTypeReferenceDirectiveResolutionCache(root, same, options);
  const isCurrent = currency(around);
  const conditions = options.customConditions ?? [];

  const resolve = (specifier: string, from: string, mode: ts.ResolutionMode) => {
    const usable = (found: ts.ResolvedModuleFull | undefined) =>
      found && (!isInstalled(found.resolvedFileName) || isCurrent(found.resolvedFileName, from))
        ? found
        : undefined;
    const attempt = (theirs: ts.CompilerOptions, known: ts.ModuleResolutionCache) =>
      usable(ts.resolveModuleName(specifier, from, theirs, host, known, undefined, mode).resolvedModule);
    const found = attempt(options, cache) ?? (isBundled ? undefined : attempt(bundled, secondCache));
    if (isInstalled(from) || /^\.{0,2}\//.test(specifier)) return found;
    // A package's entry in JavaScript may be a stub that loads what is built.
    const isStub = found && !isInstalled(found.resolvedFileName) && isJavaScript(found.resolvedFileName);
    if (found && !isStub) return found;
    const source = sources.find(specifier, from, conditions);
    if (source === undefined || (found && isJavaScript(source))) return found;
    return { resolvedFileName: source, extension: extensionOf(source), isExternalLibraryImport: false };
  };

  const modules = new Map<string, ts.ResolvedModuleFull | undefined>();
  return {
    module(specifier, from, mode) {
      const key = `${mode ?? ""} ${posix.dirname(from)} ${specifier}`;
      if (modules.has(key)) return modules.get(key);
      const found = resolve(specifier, from, mode);
      modules.set(key, found);
      return found;
    },
    types(name, from, mode) {
      const found = ts.resolveTypeReferenceDirective(
        name,
        from,
        options,
        host,
        undefined,
        typeCache,
        mode,
      ).resolvedTypeReferenceDirective;
      const file = found?.resolvedFileName;
      return file === undefined || !isInstalled(file) || isCurrent(file, from) ? found : undefined;
    },
  };
}

function extensionOf(file: string): string {
  return /(\.d)?\.[mc]?[jt]sx?$/.exec(file)?.[0] ?? posix.extname(file);
}

/**
 * Is an installed package the version that both sides of the change ask for? A `node_modules` that is behind would
 * make what is there look missing. What the lock file names is current; without one, what the ranges allow.
 */
function currency({
  tree,
  manifests,
  otherManifests,
}: Surroundings): (file: string, from: string) => boolean {
  const packages = new Map<string, { name: string; version: string; isLocked: boolean | null } | null>();
  const describe = (folder: string) => {
    const manifest = manifests.at(folder);
    if (!manifest?.name || !manifest.version) return null;
    const { name, version } = manifest;
    let isLocked: boolean | null = null;
    const owner = folder.slice(0, folder.indexOf("/node_modules/"));
    for (let at = owner; at.startsWith(root); at = posix.dirname(at)) {
      const lock = tree.installed?.locks.get(at);
      if (!lock) continue;
      isLocked = lock.has(`${name}@${version}`);
      break;
    }
    return { name, version, isLocked };
  };
  return (file, from) => {
    const folder = packageFolder(file);
    let found = packages.get(folder);
    if (found === undefined) {
      found = describe(folder);
      packages.set(folder, found);
    }
    if (found === null || found.isLocked === false) return false;
    if (isInstalled(from)) return true;
    const { name, version, isLocked } = found;
    const allowed = [manifests, otherManifests].map((side) => {
      const range = side.rangeFor(from, name);
      return range === undefined ? null : satisfies(version, range);
    });
    return isLocked ? !allowed.includes(false) : allowed.every((one) => one === true);
  };
}

/** The folder of the package that an installed file belongs to. */
export function packageFolder(file: string): string {
  const at = file.lastIndexOf("/node_modules/") + "/node_modules/".length;
  const [first = "", second = ""] = file.slice(at).split("/");
  return file.slice(0, at) + (first.startsWith("@") ? `${first}/${second}` : first);
}
