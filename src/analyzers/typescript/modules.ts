import { posix } from "node:path";
import ts from "typescript";
import type { Project } from "./project.js";
import { isInstalled, ownPath, type Tree } from "./tree.js";

const missingModule = new Set([2307, 2792, 2882]);

/** Is a missing relative module one that a framework puts there when it builds: its types, or a root that is not there? */
export function isMadeLater(
  { code, start = 0, length = 0, file }: ts.Diagnostic,
  project: Project,
  tree: Tree,
): boolean {
  if (!missingModule.has(code) || !file) return false;
  const specifier = file.text.slice(start + 1, start + length - 1);
  if (!/^\.{1,2}(\/|$)/.test(specifier)) return false;
  // `./$types` of SvelteKit, `./+types/route` of React Router.
  if (/(^|\/)(\$|\+)types(\/|$)/.test(specifier)) return true;
  return (project.options.rootDirs ?? []).some((folder) => !tree.folderExists(posix.normalize(folder)));
}

/**
 * How sure it is that a module lacks an export. What is installed, or is only found through the sources of a
 * package, may be built from something else.
 */
export function exportSeverity(specifier: string, target: string, project: Project): "certain" | "likely" {
  if (isInstalled(target)) return "likely";
  if (/^\.{1,2}(\/|$)/.test(specifier)) return "certain";
  const isAlias = Object.keys(project.options.paths ?? {}).some((pattern) => {
    const [before = "", after] = pattern.split("*");
    return after === undefined
      ? specifier === before
      : specifier.startsWith(before) && specifier.endsWith(after);
  });
  return isAlias ? "certain" : "likely";
}

/** Is a module one that only installed packages declare (`declare module "node:fs"`)? */
export function isDeclaredByPackages(symbol: ts.Symbol | undefined): boolean {
  const declarations = symbol?.declarations ?? [];
  return (
    declarations.length > 0 &&
    declarations.every((one) => {
      const { fileName } = one.getSourceFile();
      return ts.isModuleDeclaration(one) && isInstalled(fileName) && ownPath(fileName) === null;
    })
  );
}
