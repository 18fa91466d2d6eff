// Where a mistake of each class can be made in TypeScript and JavaScript. Every site is a real mistake: it fails to
// compile or misbehaves when run, as far as names and types can tell.
import { join } from "node:path";
import ts from "typescript";
import { argumentCounts } from "./ecmascript-calls.mjs";
import { reassignedConstants } from "./ecmascript-constants.mjs";
import { duplicateKeys, selfComparisons } from "./ecmascript-literals.mjs";
import { missingImports, undefinedNames } from "./ecmascript-names.mjs";
import { nullAccesses } from "./ecmascript-null.mjs";
import { globalNames, nodesOf, openProgram } from "./ecmascript-program.mjs";
import { missingReturns } from "./ecmascript-returns.mjs";
import { logicFinders } from "./logic-ecmascript.mjs";
import { isSilenced, isSilencedFile } from "./site.mjs";

const finders = {
  "missing-import": missingImports,
  "undefined-name": undefinedNames,
  "missing-return": missingReturns,
  "self-comparison": selfComparisons,
  "duplicate-key": duplicateKeys,
  "reassigned-constant": reassignedConstants,
  "null-access": nullAccesses,
  "argument-count": argumentCounts,
  ...logicFinders,
};

/**
 * Sites of the given classes in files of a folder: `{class, variant, file, line, edits, note}`. `randomAt(...words)`
 * gives chance that depends on the words alone.
 */
export function ecmascriptSites({ folder, paths, wanted, randomAt }) {
  const program = openProgram(folder, paths);
  const checker = program.getTypeChecker();
  const globals = globalNames(program);
  return paths.flatMap((path) => {
    const file = program.getSourceFile(join(folder, path));
    if (file === undefined || file.isDeclarationFile || isSilencedFile(file.text)) return [];
    if (errorsIn(path, file.text) > 0) return [];
    const nodes = nodesOf(file);
    const words = new Set(file.text.match(/[\w$]+/g));
    const input = { folder, path, file, text: file.text, nodes, checker, program, globals, words, randomAt };
    return wanted
      .flatMap((name) => finders[name](input))
      .filter((found) => !isSilenced(file.text, found))
      .map((found) => ({ ...found, file: path }));
  });
}

/** Does it still parse? A mistake that breaks a file's syntax is another mistake than was meant. */
export function parsesAsEcmaScript(path, text) {
  return errorsIn(path, text) === 0;
}

function errorsIn(path, text) {
  const kind = /\.[cm]?js$/.test(path) ? ts.ScriptKind.JSX : undefined;
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, kind).parseDiagnostics.length;
}
