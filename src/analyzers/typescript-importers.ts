import { posix } from "node:path";
import ts from "typescript";
import type { Side } from "../change/types.js";
import { hasScript } from "./files.js";
import { scriptText } from "./script-blocks.js";
import { existsOnSide, onDisk, type Project, readSide, root, type SideFiles } from "./typescript-project.js";

const importerLimit = 200;
/** Files read in search of importers, per side. */
const searchLimit = 20_000;

export interface Importers {
  paths: string[];
  cut: boolean;
}

/**
 * Files that did not change but import one that did, on either side: they break when an export goes away. What
 * passes everything on (`export * from`) is followed to its own importers.
 */
export function findImporters(
  both: Record<Side, SideFiles>,
  affected: Record<Side, readonly string[]>,
  find: Record<Side, (file: string) => Project>,
  known: ReadonlySet<string | null>,
): Importers {
  const result = new Set<string>();
  const headPaths = new Set(both.head.paths);
  for (const side of ["base", "head"] as const) {
    let targets = new Set(affected[side]);
    for (let depth = 0; depth < 4 && targets.size > 0 && result.size <= importerLimit; depth++) {
      const passing = new Set<string>();
      for (const [path, passes] of importing(both[side], targets, find[side])) {
        if (passes && !targets.has(path)) passing.add(path);
        if (!known.has(path) && headPaths.has(path)) result.add(path);
      }
      targets = passing;
    }
  }
  const paths = [...result].sort();
  return { paths: paths.slice(0, importerLimit), cut: paths.length > importerLimit };
}

/** Each file that imports one of the targets, and whether it passes everything on. */
function* importing(
  side: SideFiles,
  targets: ReadonlySet<string>,
  find: (file: string) => Project,
): Generator<[path: string, passes: boolean]> {
  const stems = new Set<string>();
  for (const path of targets) {
    const stem = posix.basename(path).replace(/\.[^.]+$/, "");
    stems.add(stem === "index" ? posix.basename(posix.dirname(path)) : stem);
  }
  const host: ts.ModuleResolutionHost = {
    fileExists: (file) => existsOnSide(side, file),
    readFile: (file) => readSide(side, file),
    directoryExists(folder) {
      const disk = onDisk(side, folder);
      return disk !== null && ts.sys.directoryExists(disk);
    },
  };
  const anything = stems.has(".") || stems.has("");
  for (const path of side.paths.filter(hasScript).slice(0, searchLimit)) {
    const whole = readSide(side, `${root}/${path}`);
    const text = whole === undefined ? null : scriptText(path, whole);
    if (text === null) continue;
    const relevant =
      anything || /['"]\.{1,2}\/?['"]/.test(text) || [...stems].some((stem) => text.includes(stem));
    if (!relevant) continue;
    const file = `${root}/${path}`;
    const imports = ts.preProcessFile(text, true, true).importedFiles;
    const hits = imports.filter(({ fileName }) => {
      const last = posix.basename(fileName).replace(/\.[^.]+$/, "");
      if (
        !anything &&
        !/^\.{1,2}\/?$/.test(fileName) &&
        !stems.has(last) &&
        !stems.has(posix.basename(fileName))
      )
        return false;
      const resolved = ts.resolveModuleName(fileName, file, find(file).options, host).resolvedModule
        ?.resolvedFileName;
      return resolved !== undefined && targets.has(resolved.slice(root.length + 1));
    });
    if (hits.length === 0) continue;
    yield [path, hits.some(({ fileName }) => passesOn(text, fileName))];
  }
}

function passesOn(text: string, specifier: string): boolean {
  const quoted = specifier.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`export\\s*\\*[^;'"]*from\\s*['"]${quoted}['"]`).test(text);
}
