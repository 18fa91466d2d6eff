import { posix } from "node:path";
import ts from "typescript";
import { isComponent, isJavaScript, isTest } from "../files.js";
import { componentOf } from "../javascript/script-blocks.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { root } from "./project.js";
import { floatingPromises } from "./promises.js";
import type { Tree } from "./tree.js";
import { missingArguments } from "./untyped.js";

/** What the compiler does not say by itself, of a file that it could read. */
export function furtherChecks(
  tree: Tree,
  file: ts.SourceFile,
  checker: ts.TypeChecker,
): TypeScriptDiagnostic[] {
  if (isUnchecked(file)) return [];
  const path = componentOf(file.fileName).slice(root.length + 1);
  return [
    ...missingComponents(tree, file).map((one) => ({ ...one, path, ...codes.component })),
    ...floatingPromises(file, checker).map((one) => ({ ...one, path, ...codes.promise })),
    ...(isTest(path) ? [] : missingArguments(file, checker)).map((one) => ({
      ...one,
      path,
      ...codes.argument,
    })),
  ];
}

const codes = {
  component: { code: "missing-component", class: "missing-module" },
  promise: { code: "floating-promise", class: "missing-await" },
  argument: { code: "missing-argument", class: "argument-count" },
};

function isUnchecked(file: ts.SourceFile): boolean {
  return /^\s*\/\/\s*@ts-nocheck\b/m.test(file.text.slice(0, 5_000));
}

/** Components are no modules to the compiler; where a `declare module "*.vue"` stands for all, it misses none. */
function missingComponents(
  tree: Tree,
  file: ts.SourceFile,
): Pick<TypeScriptDiagnostic, "severity" | "message" | "line" | "subject">[] {
  return file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const literal = statement.moduleSpecifier;
    if (!literal || !ts.isStringLiteral(literal) || !/^\.{1,2}\//.test(literal.text)) return [];
    const target = posix.join(posix.dirname(file.fileName), literal.text.replace(/[?#].*$/, ""));
    if (!isComponent(target) || !target.startsWith(`${root}/`) || tree.fileExists(target)) return [];
    const isLikely = "likely" as const;
    return {
      severity: isLikely,
      message: `Cannot find '${literal.text}'.`,
      line: file.getLineAndCharacterOfPosition(literal.getStart(file)).line + 1,
      subject: target.slice(root.length + 1),
    };
  });
}

/** A member of a namespace import of one of the repository's own modules: as certain as an import of its name. */
export function isNamespaceMember(node: ts.Node, checker: ts.TypeChecker): boolean {
  const access = node.parent;
  if (!ts.isPropertyAccessExpression(access) || access.name !== node) return false;
  if (!ts.isIdentifier(access.expression) || access.questionDotToken) return false;
  const symbol = checker.getSymbolAtLocation(access.expression);
  if (!symbol?.declarations?.some(ts.isNamespaceImport)) return false;
  const target = checker.getAliasedSymbol(symbol).declarations?.find(ts.isSourceFile);
  if (!target?.fileName.startsWith(`${root}/`) || !ts.isExternalModule(target)) return false;
  return !(isJavaScript(target.fileName) && /\bmodule\.exports\b|\bexports\./.test(target.text));
}
