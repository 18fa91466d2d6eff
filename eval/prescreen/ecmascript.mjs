// Where a mistake of each class can be made in TypeScript and JavaScript. Every site is a real mistake: it fails to
// compile or misbehaves when run, as far as names and types can tell.
import { join } from "node:path";
import ts from "typescript";
import { argumentCounts } from "./ecmascript-calls.mjs";
import { nullAccesses } from "./ecmascript-null.mjs";
import { globalNames, isUnknown, nodesOf, openProgram } from "./ecmascript-program.mjs";
import { misspelt } from "./random.mjs";
import { isSilenced, isSilencedFile, site } from "./site.mjs";

const finders = {
  "missing-import": missingImports,
  "undefined-name": undefinedNames,
  "missing-return": missingReturns,
  "self-comparison": selfComparisons,
  "duplicate-key": duplicateKeys,
  "reassigned-constant": reassignedConstants,
  "null-access": nullAccesses,
  "argument-count": argumentCounts,
};

/** Sites of the given classes in files of a folder: `{class, file, line, edits, note}`. */
export function ecmascriptSites({ folder, paths, wanted, random }) {
  const program = openProgram(folder, paths);
  const checker = program.getTypeChecker();
  const globals = globalNames(program);
  return paths.flatMap((path) => {
    const file = program.getSourceFile(join(folder, path));
    if (file === undefined || file.isDeclarationFile || isSilencedFile(file.text)) return [];
    if (errorsIn(path, file.text) > 0) return [];
    const nodes = nodesOf(file);
    const words = new Set(file.text.match(/[\w$]+/g));
    const input = { folder, path, file, text: file.text, nodes, checker, program, globals, words, random };
    return wanted
      .flatMap((name) => finders[name](input))
      .filter((found) => !isSilenced(file.text, found.line))
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

/** An import, or a `require` into a name, of what is used and that nothing else can provide. */
function missingImports({ file, text, nodes, checker, globals }) {
  const used = (name) => {
    const symbol = checker.getSymbolAtLocation(name);
    return nodes.some(
      (node) =>
        ts.isIdentifier(node) &&
        node !== name &&
        node.text === name.text &&
        !ts.isImportSpecifier(node.parent) &&
        !ts.isExportSpecifier(node.parent) &&
        symbolOf(checker, node) === symbol,
    );
  };
  const sites = [];
  const add = (name, start, end) => {
    if (globals.has(name.text) || !used(name)) return;
    sites.push(site("missing-import", text, [{ start, end, text: "" }], `import of ${name.text} left out`));
  };
  // The last import or export of a file makes it a module: without it, names would mean something else.
  const modular = file.statements.filter(
    (one) => ts.isImportDeclaration(one) || ts.isExportDeclaration(one) || hasExport(one),
  ).length;
  for (const statement of file.statements) {
    const start = statement.getStart(file);
    const end = lineEnd(text, statement.end);
    if (ts.isImportDeclaration(statement) && statement.importClause && modular > 1) {
      const { name, namedBindings } = statement.importClause;
      const specifiers = namedBindings && ts.isNamedImports(namedBindings) ? [...namedBindings.elements] : [];
      if (name) add(name, namedBindings ? name.getStart(file) : start, namedBindings?.getStart(file) ?? end);
      if (namedBindings && ts.isNamespaceImport(namedBindings) && !name) add(namedBindings.name, start, end);
      for (const [index, one] of specifiers.entries()) {
        const [before, next] = [specifiers[index - 1], specifiers[index + 1]];
        if (next) add(one.name, one.getStart(file), next.getStart(file));
        else if (before) add(one.name, before.end, one.end);
        else if (!name) add(one.name, start, end);
      }
    }
    if (ts.isVariableStatement(statement) && statement.declarationList.declarations.length === 1) {
      const [{ name, initializer }] = statement.declarationList.declarations;
      if (ts.isIdentifier(name) && initializer && isRequire(initializer)) add(name, start, end);
    }
  }
  return sites;
}

function isRequire(node) {
  return (
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === "require" &&
    node.arguments.length === 1
  );
}

function hasExport(statement) {
  return (
    ts.isExportAssignment(statement) ||
    (ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
  );
}

function symbolOf(checker, node) {
  return ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
}

function lineEnd(text, end) {
  const rest = /^[ \t]*(\r?\n)?/.exec(text.slice(end, end + 200))?.[0].length ?? 0;
  return end + rest;
}

/** A name that is read, misspelt into one that is nowhere in the file. */
function undefinedNames({ file, text, nodes, checker, globals, words, random }) {
  const sites = [];
  for (const node of nodes) {
    if (!ts.isIdentifier(node) || node.text.length < 4 || !isRead(node)) continue;
    const declared = checker.getSymbolAtLocation(node)?.declarations ?? [];
    if (!declared.some((one) => one.getSourceFile() === file)) continue;
    const slip = misspelt(node.text, (name) => words.has(name) || globals.has(name), random);
    if (slip === null) continue;
    const edit = { start: node.getStart(file), end: node.end, text: slip };
    sites.push(site("undefined-name", text, [edit], `${node.text} misspelt ${slip}`));
  }
  return sites;
}

function isRead(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent))
    return parent.expression === node || parent.argumentExpression === node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  if (ts.isBinaryExpression(parent)) {
    const assigns =
      parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment;
    return !assigns || parent.right === node;
  }
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return (
    ts.isReturnStatement(parent) ||
    ts.isIfStatement(parent) ||
    ts.isConditionalExpression(parent) ||
    ts.isTemplateSpan(parent) ||
    ts.isPrefixUnaryExpression(parent) ||
    ts.isAwaitExpression(parent) ||
    ts.isSpreadElement(parent) ||
    ts.isJsxExpression(parent)
  );
}

/** The last way out of a function that gives a value, without its `return`. */
function missingReturns({ file, text, nodes, checker }) {
  const sites = [];
  for (const node of nodes) {
    if (!ts.isFunctionLike(node) || !node.body || !ts.isBlock(node.body) || node.asteriskToken) continue;
    if (ts.isConstructorDeclaration(node) || !isKnownToGive(node, checker)) continue;
    for (const last of waysOut(node.body)) {
      const value = last.expression;
      if (!value || ts.isVoidExpression(value) || /^(undefined|null)$/.test(value.getText(file))) continue;
      const type = checker.getAwaitedType(checker.getTypeAtLocation(value));
      const nothing = ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never;
      if (!type || type.flags & nothing) continue;
      if (type.isUnion() && type.types.some(({ flags }) => flags & ts.TypeFlags.Void)) continue;
      // What an unknown function gives may be nothing, and then nothing is lost.
      if (!node.type && isUnknown(type)) continue;
      const start = last.getStart(file);
      const note = `return dropped, ${node.type ? "type annotated" : "type inferred"}`;
      sites.push(site("missing-return", text, [{ start, end: last.end, text: "" }], note));
    }
  }
  return sites;
}

/** Is it a function whose value somebody takes: one with a type, or a named one that is no callback? */
function isKnownToGive(node, checker) {
  if (node.type) {
    const type = checker.getTypeFromTypeNode(node.type);
    const given = checker.getAwaitedType(type) ?? type;
    const parts = given.isUnion() ? given.types : [given];
    return !parts.some(({ flags }) => flags & (ts.TypeFlags.Void | ts.TypeFlags.Never));
  }
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isGetAccessor(node)) return true;
  return ts.isVariableDeclaration(node.parent) && !node.parent.type;
}

/** Of a block, the statements that end it: without one of them, its end is reached. */
function waysOut(block) {
  const last = ts.isBlock(block) ? block.statements.at(-1) : block;
  if (!last) return [];
  if (ts.isReturnStatement(last)) return ts.isBlock(last.parent) ? [last] : [];
  if (ts.isIfStatement(last) && last.elseStatement)
    return [...waysOut(last.thenStatement), ...waysOut(last.elseStatement)];
  if (ts.isTryStatement(last) && !last.finallyBlock) return waysOut(last.tryBlock);
  return [];
}

const comparisons = new Set(["===", "!==", "==", "!=", "<", ">", "<=", ">="]);

/** A comparison whose right side is its left side. */
function selfComparisons({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    if (!ts.isBinaryExpression(node) || !comparisons.has(node.operatorToken.getText(file))) return [];
    const left = node.left.getText(file);
    if (!/^[\w$]+(\.[\w$]+)*$/.test(left) || /^\d/.test(left) || left === node.right.getText(file)) return [];
    const edit = { start: node.right.getStart(file), end: node.right.end, text: left };
    return [site("self-comparison", text, [edit], `${left} compared with itself`)];
  });
}

/** An object's key given twice, with another value the second time. */
function duplicateKeys({ file, text, nodes }) {
  const sites = [];
  for (const node of nodes) {
    if (!ts.isObjectLiteralExpression(node)) continue;
    if (ts.isBinaryExpression(node.parent) && node.parent.left === node) continue;
    const named = node.properties.filter(
      (one) => ts.isPropertyAssignment(one) && (ts.isIdentifier(one.name) || ts.isStringLiteral(one.name)),
    );
    for (const [index, later] of named.entries()) {
      const first = named[index - 1];
      if (!first || first.name.text === "__proto__") continue;
      const value = later.initializer.getText(file);
      if (value === first.initializer.getText(file) || value.length > 200) continue;
      const put = `, ${first.name.getText(file)}: ${value}`;
      const edit = { start: later.end, end: later.end, text: put };
      sites.push(site("duplicate-key", text, [edit], `key ${first.name.text} given twice`));
    }
  }
  return sites;
}

/** `const` for a variable that is assigned to; or, where a file has none, an assignment to a constant. */
function reassignedConstants({ file, text, nodes, checker }) {
  const assigned = new Set(
    nodes.flatMap((node) => {
      const target =
        ts.isBinaryExpression(node) &&
        node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
        node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
          ? node.left
          : ts.isPostfixUnaryExpression(node) ||
              (ts.isPrefixUnaryExpression(node) &&
                [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator))
            ? node.operand
            : null;
      return target && ts.isIdentifier(target) ? [checker.getSymbolAtLocation(target)] : [];
    }),
  );
  const lists = nodes.filter(ts.isVariableDeclarationList);
  const variables = lists.flatMap((list) => {
    const isLet = (list.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Let;
    if (!isLet || ts.isForOfStatement(list.parent) || ts.isForInStatement(list.parent)) return [];
    const names = list.declarations.map(({ name }) => name);
    if (list.declarations.some(({ initializer }) => !initializer)) return [];
    if (!names.some((name) => assigned.has(checker.getSymbolAtLocation(name)))) return [];
    const start = list.getStart(file);
    const edit = { start, end: start + "let".length, text: "const" };
    return [site("reassigned-constant", text, [edit], `const ${names.map((one) => one.getText(file))}`)];
  });
  if (variables.length > 0) return variables;
  return lists.flatMap((list) => {
    const isConst = (list.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Const;
    const [{ name, initializer }] = list.declarations;
    if (!isConst || list.declarations.length > 1 || !ts.isVariableStatement(list.parent)) return [];
    if (!ts.isIdentifier(name) || !initializer) return [];
    const value = initializer.getText(file);
    // Where no semicolon ends the line, what follows could be taken for its rest.
    if (value.includes("\n") || value.length > 100 || /^\s*[([`+\-/*.]/.test(text.slice(list.parent.end)))
      return [];
    const line = text.slice(text.lastIndexOf("\n", list.getStart(file)) + 1);
    const indent = /^[ \t]*/.exec(line)[0];
    const semicolon = text[list.parent.end - 1] === ";" ? ";" : "";
    const put = `\n${indent}${name.text} = ${value}${semicolon}`;
    const edit = { start: list.parent.end, end: list.parent.end, text: put };
    return [site("reassigned-constant", text, [edit], `${name.text} assigned again`)];
  });
}
