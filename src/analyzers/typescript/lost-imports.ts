import { posix } from "node:path";
import ts from "typescript";
import { isTest } from "../files.js";
import { componentOf } from "../javascript/script-blocks.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { root, type Tree } from "./tree.js";

/**
 * Names that a test runner may give to every file, and that are therefore not missed where nothing binds them: but a
 * file that imported one by name got it from there.
 */
const runnersNames: ReadonlySet<string> = new Set(
  `describe it test expect suite before after beforeAll afterAll beforeEach afterEach vi bench specify expectTypeOf
  assertType onTestFinished onTestFailed assert chai sinon spyOn`.split(/\s+/),
);

/** Modules whose names are global all the same when their tests run. */
const globalAnyway = /^(@jest\/globals|mocha|jasmine|bun:test|cypress)$/;

/**
 * Uses of names that a file imported before and does not any more, where the compiler's word alone would not do: a test
 * runner's names, and the namespaces of types, which packages that are not installed put into the global scope.
 */
export function lostImports(before: ts.SourceFile, file: ts.SourceFile, tree: Tree): TypeScriptDiagnostic[] {
  return [...lostNames(before, file, tree), ...lostNamespaces(before, file)];
}

function lostNames(before: ts.SourceFile, file: ts.SourceFile, tree: Tree): TypeScriptDiagnostic[] {
  if (/\beslint-env\b|\/\*\s*globals?\b/.test(file.text)) return [];
  const path = componentOf(file.fileName).slice(root.length + 1);
  const gone = [...importsOf(before)].filter(
    ([name, from]) => runnersNames.has(name) && !globalAnyway.test(from) && file.text.includes(name),
  );
  if (gone.length === 0) return [];
  const { bound, used } = namesIn(file);
  return gone.flatMap(([name, from]) => {
    const use = used.get(name);
    if (use === undefined || bound.has(name) || isGlobal(name, path, from, tree)) return [];
    return lostImport(name, from, use, file);
  });
}

/** What was imported by name is no global of a package's: those are reached by default imports or by none. */
function lostNamespaces(before: ts.SourceFile, file: ts.SourceFile): TypeScriptDiagnostic[] {
  const gone = new Map(
    [...importsOf(before)].filter(([name]) => namedImport(before, name) && file.text.includes(`${name}.`)),
  );
  if (gone.size === 0) return [];
  const used = new Map<string, ts.Identifier>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && gone.has(node.text)) {
      const { parent } = node;
      const isNamespace = ts.isQualifiedName(parent) && parent.left === node;
      if (isNamespace && !used.has(node.text)) used.set(node.text, node);
      if ("name" in parent && parent.name === node && isDeclaration(parent)) gone.delete(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...gone].flatMap(([name, from]) => {
    const use = used.get(name);
    return use === undefined ? [] : lostImport(name, from, use, file);
  });
}

function namedImport(file: ts.SourceFile, name: string): boolean {
  return file.statements.some((statement) => {
    const named = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    return named && ts.isNamedImports(named) && named.elements.some((one) => one.name.text === name);
  });
}

function isDeclaration(node: ts.Node): boolean {
  return (
    ts.isImportClause(node) ||
    ts.isImportSpecifier(node) ||
    ts.isNamespaceImport(node) ||
    ts.isImportEqualsDeclaration(node) ||
    ts.isModuleDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isClassLike(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isTypeParameterDeclaration(node)
  );
}

function lostImport(
  name: string,
  from: string,
  use: ts.Identifier,
  file: ts.SourceFile,
): TypeScriptDiagnostic {
  return {
    code: "lost-import",
    class: "undefined-name",
    severity: "likely",
    message: `'${name}' was imported from '${from}' before, and is not defined now. Import or declare it.`,
    path: componentOf(file.fileName).slice(root.length + 1),
    line: file.getLineAndCharacterOfPosition(use.getStart(file)).line + 1,
    subject: name,
  };
}

/** Modules by the names that a file's imports and requires bind. */
function importsOf(file: ts.SourceFile): Map<string, string> {
  const found = new Map<string, string>();
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const { name, namedBindings: named } = statement.importClause ?? {};
      const from = statement.moduleSpecifier.text;
      if (name) found.set(name.text, from);
      if (named && ts.isNamespaceImport(named)) found.set(named.name.text, from);
      if (named && ts.isNamedImports(named)) for (const one of named.elements) found.set(one.name.text, from);
    } else if (ts.isVariableStatement(statement)) {
      for (const { name, initializer } of statement.declarationList.declarations) {
        const [from] =
          initializer &&
          ts.isCallExpression(initializer) &&
          initializer.expression.getText(file) === "require"
            ? initializer.arguments
            : [];
        if (!from || !ts.isStringLiteral(from)) continue;
        const names = ts.isObjectBindingPattern(name) ? name.elements.map((one) => one.name) : [name];
        for (const one of names) if (ts.isIdentifier(one)) found.set(one.text, from.text);
      }
    }
  }
  return found;
}

/** Names that anything in a file declares, and the first use of each of a runner's names. */
function namesIn(file: ts.SourceFile) {
  const bound = new Set<string>();
  const used = new Map<string, ts.Identifier>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && runnersNames.has(node.text)) {
      if (isUse(node)) used.set(node.text, used.get(node.text) ?? node);
      else if (isBinding(node)) bound.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { bound, used };
}

function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  return (
    (ts.isCallExpression(parent) && parent.expression === node) ||
    (ts.isPropertyAccessExpression(parent) && parent.expression === node)
  );
}

/** In doubt it is one: whatever is neither a member nor a key. */
function isBinding(node: ts.Identifier): boolean {
  const { parent } = node;
  const isMember =
    (ts.isPropertyAccessExpression(parent) ||
      ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isPropertyDeclaration(parent)) &&
    parent.name === node;
  return !isMember && !(ts.isPropertyAssignment(parent) && parent.initializer === node);
}

/** May a test runner give the name to this file after all? */
function isGlobal(name: string, path: string, from: string, tree: Tree): boolean {
  const paths = [...tree.files.ids.keys()];
  const isVitests = from === "vitest" || isTest(path);
  if (isVitests && paths.filter(isTestConfiguration).some((one) => mayGiveGlobals(one, tree))) return true;
  return name !== "assert" && isTest(path) && paths.some((one) => runsOtherTests(one, tree));
}

function isTestConfiguration(path: string): boolean {
  return /(^|\/)((vitest|vite)[\w.-]*\.[cm]?[jt]s|[jt]sconfig[\w.-]*\.json)$/.test(path);
}

function mayGiveGlobals(path: string, tree: Tree): boolean {
  return /\bglobals['"]?\s*:\s*true|vitest\/globals/.test(tree.read(`${root}/${path}`) ?? "");
}

function runsOtherTests(path: string, tree: Tree): boolean {
  return (
    posix.basename(path) === "package.json" &&
    /"(jest|mocha|jasmine|karma|cypress|ava|react-scripts|bun-types|@types\/(jest|mocha|bun|jasmine))"\s*:|--globals|\bbun test\b/.test(
      tree.read(`${root}/${path}`) ?? "",
    )
  );
}
