import { posix } from "node:path";
import ts from "typescript";
import * as z from "zod";
import type { Side } from "../change/types.js";
import { messageOf } from "../errors.js";
import { isComponent, isFlow, isJavaScript } from "./files.js";
import { componentOf, scriptName, scriptOf } from "./script-blocks.js";
import { ambientText } from "./typescript-ambient.js";
import { furtherChecks } from "./typescript-checks.js";
import { judge, type TypeScriptDiagnostic } from "./typescript-filter.js";
import { findImporters } from "./typescript-importers.js";
import {
  ambientFiles,
  existsOnSide,
  onDisk,
  type Project,
  projectFinder,
  readSide,
  root,
  type SideFiles,
} from "./typescript-project.js";
import { lostReturns } from "./typescript-returns.js";

const sideFiles = z.object({ folder: z.string(), paths: z.array(z.string()) });
const request = z.object({
  base: sideFiles,
  head: sideFiles,
  files: z.array(z.object({ base: z.string().nullable(), head: z.string().nullable() })),
  /** Files whose importers are to be checked too, by side. */
  affected: z.object({ base: z.array(z.string()), head: z.array(z.string()) }),
});

interface Pair {
  base: string | null;
  head: string | null;
}

const ambientName = `${root}/node_modules/.sluice/ambient.d.ts`;
const projectLimit = 20;

/** See `typescript.ts`. */
export function analyse(asked: unknown) {
  const { base, head, files, affected } = request.parse(asked);
  const both: Record<Side, SideFiles> = { base, head };
  const find = { base: projectFinder(base), head: projectFinder(head) };
  const notes: string[] = [];
  const importers = findImporters(
    both,
    affected,
    find,
    new Set(files.flatMap((file) => [file.base, file.head])),
  );
  if (importers.cut)
    notes.push(`only the first ${importers.paths.length} importers of what changed were checked`);
  const pairs: Pair[] = [...files, ...importers.paths.map((path) => ({ base: path, head: path }))];

  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const on = (side: Side) => (pair[side] === null ? null : find[side](`${root}/${pair[side]}`).config);
    const key = `${on("base") ?? on("head")}\n${on("head") ?? on("base")}`;
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  if (groups.size > projectLimit)
    notes.push(`only the first ${projectLimit} of ${groups.size} projects were checked`);

  const found: Record<Side, TypeScriptDiagnostic[]> = { base: [], head: [] };
  const parsed = new Map<string, ts.SourceFile>();
  const lost = new Set<string>();
  for (const group of [...groups.values()].slice(0, projectLimit)) {
    const projects = agree(group, find);
    let before: ts.Program | undefined;
    const programs: Partial<Record<Side, ts.Program>> = {};
    for (const side of ["base", "head"] as const) {
      const paths = group.flatMap((pair) => pair[side] ?? []);
      const project = projects[side];
      if (paths.length === 0 || !project) continue;
      before = programOf(both[side], project, paths, parsed, before);
      programs[side] = before;
      for (const path of paths) {
        try {
          found[side].push(...check(both[side], before, path, project));
        } catch (error) {
          // Nested thousands deep: that file's findings are lost, no others.
          lost.add(`${path} could not be checked (${messageOf(error)})`);
        }
      }
    }
    found.head.push(...valuesLost(both, programs, group));
  }
  return { ...found, importers: importers.paths.length, notes: [...notes, ...[...lost].slice(0, 5)] };
}

/** Both sides of a group with the options of each, but as strict as the less strict of the two. */
function agree(group: Pair[], find: Record<Side, (file: string) => Project>): Record<Side, Project | null> {
  const of = (side: Side) => {
    const path = group.find((pair) => pair[side] !== null)?.[side];
    return path ? find[side](`${root}/${path}`) : null;
  };
  const base = of("base");
  const head = of("head");
  if (!base || !head) return { base, head };
  const weaker = {
    strictNullChecks: base.strictNullChecks && head.strictNullChecks,
    noImplicitReturns: base.noImplicitReturns && head.noImplicitReturns,
    noFallthrough: base.noFallthrough && head.noFallthrough,
    unknownInCatch: base.unknownInCatch && head.unknownInCatch,
  };
  const strict = base.options.strict === true && head.options.strict === true;
  const soften = (project: Project): Project => ({
    ...project,
    ...weaker,
    options: {
      ...project.options,
      strict,
      strictNullChecks: weaker.strictNullChecks,
      useUnknownInCatchVariables: weaker.unknownInCatch,
    },
  });
  return { base: soften(base), head: soften(head) };
}

function programOf(
  side: SideFiles,
  project: Project,
  paths: readonly string[],
  parsed: Map<string, ts.SourceFile>,
  before: ts.Program | undefined,
): ts.Program {
  const libraries = ts.getDefaultLibFilePath({});
  const libraryFolder = posix.dirname(libraries.replaceAll("\\", "/"));
  const isLibrary = (file: string) => posix.dirname(file) === libraryFolder;
  const read = (file: string) => {
    if (file === ambientName) return ambientText;
    return isLibrary(file) ? ts.sys.readFile(file) : readSide(side, file);
  };
  const host: ts.CompilerHost = {
    getSourceFile(file, options) {
      const text = read(file);
      if (text === undefined) return undefined;
      const key = `${file}\n${ts.sys.createHash?.(text) ?? text.length}`;
      const known = parsed.get(key);
      if (known) return known;
      try {
        const source = ts.createSourceFile(file, text, options, true);
        parsed.set(key, source);
        return source;
      } catch {
        return undefined;
      }
    },
    getDefaultLibFileName: (options) => posix.join(libraryFolder, ts.getDefaultLibFileName(options)),
    getDefaultLibLocation: () => libraryFolder,
    writeFile() {
      // Nothing is ever emitted.
    },
    getCurrentDirectory: () => root,
    getCanonicalFileName: (file) => file,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (file) =>
      file === ambientName || isLibrary(file)
        ? ts.sys.fileExists(file) || file === ambientName
        : existsOnSide(side, file),
    readFile: read,
    directoryExists(folder) {
      const disk = onDisk(side, folder);
      return disk !== null && ts.sys.directoryExists(disk);
    },
    getDirectories: () => [],
    realpath: (file) => file,
  };
  const roots = new Set([
    ...paths.flatMap((path) => sourceName(side, path) ?? []),
    ...ambientFiles(side, project),
    ambientName,
  ]);
  return ts.createProgram({
    rootNames: [...roots],
    options: project.options,
    host,
    ...(before ? { oldProgram: before } : {}),
  });
}

/** What a file is called in the program: a component goes by the name of its script. */
function sourceName(side: SideFiles, path: string): string | null {
  const file = `${root}/${path}`;
  if (!isComponent(path)) return file;
  const script = scriptOf(path, readSide(side, file) ?? "");
  return script === null ? null : scriptName(file, script.language);
}

function check(side: SideFiles, program: ts.Program, path: string, project: Project): TypeScriptDiagnostic[] {
  const name = sourceName(side, path);
  const file = name === null ? undefined : program.getSourceFile(name);
  if (!file) return [];
  const javascript = isJavaScript(file.fileName);
  if (javascript && isFlow(file.text)) return [];
  const syntax = program.getSyntacticDiagnostics(file).filter((one) => one.code < 2000);
  if (syntax.length > 0) {
    // What follows the first mistake is mostly its echo, and so is what the checker says of such a file.
    return javascript ? [] : syntax.slice(0, 1).map((one) => syntaxError(one, file));
  }
  const checker = program.getTypeChecker();
  const semantic = program.getSemanticDiagnostics(file).filter((one) => one.file === file);
  // «Used before its declaration» and «used before being assigned» are one mistake.
  const early = new Set(
    semantic.flatMap(({ code, start }) => (code === 2448 || code === 2449 ? [start] : [])),
  );
  return semantic
    .filter(({ code, start }) => code !== 2454 || !early.has(start))
    .flatMap((one) => judge(one, file, checker, project) ?? [])
    .concat(furtherChecks(side, file, checker));
}

/** Functions of both sides that no longer return what they did. */
function valuesLost(
  both: Record<Side, SideFiles>,
  { base, head }: Partial<Record<Side, ts.Program>>,
  pairs: readonly Pair[],
): TypeScriptDiagnostic[] {
  if (!base || !head) return [];
  const sourceOf = (side: Side, program: ts.Program, path: string | null) => {
    const name = path === null ? null : sourceName(both[side], path);
    return name === null ? undefined : program.getSourceFile(name);
  };
  const users = pairs.flatMap((pair) => sourceOf("head", head, pair.head) ?? []);
  return pairs.flatMap((pair) => {
    const before = sourceOf("base", base, pair.base);
    const after = sourceOf("head", head, pair.head);
    if (!before || !after || before.text === after.text) return [];
    return lostReturns(before, after, head.getTypeChecker(), users);
  });
}

function syntaxError(one: ts.DiagnosticWithLocation, file: ts.SourceFile): TypeScriptDiagnostic {
  return {
    code: `TS${one.code}`,
    class: "syntax",
    severity: "certain",
    message: ts.flattenDiagnosticMessageText(one.messageText, " "),
    path: componentOf(file.fileName).slice(root.length + 1),
    line: file.getLineAndCharacterOfPosition(one.start).line + 1,
  };
}
