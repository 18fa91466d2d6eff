import { posix } from "node:path";
import ts from "typescript";
import { ambientText } from "./ambient.js";
import { ambientFiles, type Project } from "./project.js";
import { type Resolver, resolutionHost } from "./resolution.js";
import { optionsKey } from "./sessions.js";
import { root, type Tree } from "./tree.js";

const ambientName = `${root}/node_modules/.sluice/ambient.d.ts`;

/** Parsed files by name, text and what decides how a text is parsed: shared by both sides and by later requests. */
const parsed = new Map<string, ts.SourceFile>();

const libraryFolder = posix.dirname(ts.getDefaultLibFilePath({}).replaceAll("\\", "/"));
const isLibrary = (file: string) => posix.dirname(file) === libraryFolder;

/** A side of a project, ready to be checked. */
export interface Checked {
  tree: Tree;
  project: Project;
  resolver: Resolver;
}

/** A program over some files of a side and what they reach. Nothing of it is ever emitted. */
export function programOf(checked: Checked, files: readonly string[]): ts.Program {
  const { tree, project } = checked;
  const roots = [...new Set([...files, ...ambientFiles(tree, project)])];
  const host = hostOf(checked);
  const create = (rootNames: string[]) => ts.createProgram({ rootNames, options: project.options, host });
  const withOurs = () => create([...roots, ambientName]);
  if (tree.installed === null) return withOurs();
  const key = understandingKey(checked);
  const isReal = (program: ts.Program) =>
    program.getSourceFiles().some(({ fileName }) => isNodeTypes(fileName));
  // Ours are a stand-in for the real ones, and would contradict them.
  const first = hadNodeTypes.has(key) ? create(roots) : withOurs();
  if (isReal(first) === hadNodeTypes.has(key)) return first;
  if (hadNodeTypes.delete(key)) return withOurs();
  hadNodeTypes.add(key);
  return create(roots);
}

/** Projects whose last program contained real declarations of what ours stand in for. */
const hadNodeTypes = new Set<string>();

function isNodeTypes(file: string): boolean {
  return /\/node_modules\/(@types\/(node|bun)|bun-types|deno)\//.test(file);
}

function hostOf({ tree, project, resolver }: Checked): ts.CompilerHost {
  const { options } = project;
  const resolution = resolutionHost(tree);
  const read = (file: string) => {
    if (file === ambientName) return ambientText;
    return isLibrary(file) ? ts.sys.readFile(file) : tree.read(file);
  };
  const idOf = (file: string) => (file === ambientName || isLibrary(file) ? ts.version : tree.id(file));
  const parsing = `${options.jsx} ${options.jsxImportSource} ${options.module} ${options.experimentalDecorators}`;
  return {
    ...resolution,
    getSourceFile(file, given) {
      const id = idOf(file);
      if (id === undefined) return undefined;
      const format = typeof given === "object" ? given.impliedNodeFormat : undefined;
      const key = `${file} ${id} ${isLibrary(file) ? "" : `${format} ${parsing}`}`;
      const known = parsed.get(key);
      if (known) return known;
      const text = read(file);
      if (text === undefined) return undefined;
      try {
        const source = ts.createSourceFile(file, text, given, true);
        parsed.set(key, source);
        return source;
      } catch {
        return undefined;
      }
    },
    getDefaultLibFileName: (wanted) => posix.join(libraryFolder, ts.getDefaultLibFileName(wanted)),
    getDefaultLibLocation: () => libraryFolder,
    writeFile() {
      // Nothing is ever emitted.
    },
    getCurrentDirectory: () => root,
    getCanonicalFileName: (file) => file,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (file) =>
      file === ambientName || (isLibrary(file) ? ts.sys.fileExists(file) : tree.fileExists(file)),
    readFile: read,
    resolveModuleNameLiterals: (literals, from, _, theirs, source) =>
      literals.map((literal) => ({
        resolvedModule: resolver.module(
          literal.text,
          from,
          ts.getModeForUsageLocation(source, literal, theirs),
        ),
      })),
    resolveTypeReferenceDirectiveReferences: (references, from) =>
      references.map((reference) => ({
        resolvedTypeReferenceDirective:
          typeof reference === "string"
            ? resolver.types(reference, from, undefined)
            : resolver.types(reference.fileName, from, reference.resolutionMode),
      })),
  };
}

const heapLimit = 1_200 * 1024 * 1024;

/** Forgets what was parsed when it has become too much to keep. */
export function limitMemory(): boolean {
  if (process.memoryUsage().heapUsed < heapLimit) return false;
  parsed.clear();
  return true;
}

/** The same for sides that are understood alike, and whose packages are the same ones. */
export function understandingKey({ tree, project }: Checked): string {
  const { strictNullChecks, noImplicitReturns, noFallthrough, unknownInCatch, isForBrowsers, aliases } =
    project;
  return JSON.stringify([
    tree.installed?.key ?? "",
    optionsKey(project.options),
    strictNullChecks,
    noImplicitReturns,
    noFallthrough,
    unknownInCatch,
    isForBrowsers,
    aliases,
    project.config,
  ]);
}
