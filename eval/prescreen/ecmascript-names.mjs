// Imports left out, and names misspelt.
import ts from "typescript";
import { misspelt } from "./random.mjs";
import { site } from "./site.mjs";

/** An import, or a `require` into names, of what is used and that nothing else can provide. */
export function missingImports({ file, text, nodes, checker, globals }) {
  const uses = usesBySymbol(nodes, checker);
  const isNeeded = (name) =>
    !globals.has(name.text) && (uses.get(checker.getSymbolAtLocation(name)) ?? 0) > 0;
  const sites = [];
  const add = (variant, names, start, end) => {
    if (!names.some(isNeeded)) return;
    const note = `import of ${names.map((name) => name.text).join(", ")} left out`;
    sites.push(site("missing-import", variant, text, [{ start, end, text: "" }], note));
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
      if (name) {
        add(
          "default",
          [name],
          namedBindings ? name.getStart(file) : start,
          namedBindings?.getStart(file) ?? end,
        );
      }
      if (namedBindings && ts.isNamespaceImport(namedBindings) && !name)
        add("namespace", [namedBindings.name], start, end);
      const specifiers = namedBindings && ts.isNamedImports(namedBindings) ? [...namedBindings.elements] : [];
      const isWhole = (only) => only && !name;
      withoutOne(specifiers, file, (one, from, to, only) => {
        if (isWhole(only)) add("named", [one.name], start, end);
        else if (!only) add("named", [one.name], from, to);
      });
      if (specifiers.length > 1 && !name)
        add(
          "statement",
          specifiers.map((one) => one.name),
          start,
          end,
        );
    }
    if (ts.isVariableStatement(statement) && statement.declarationList.declarations.length === 1) {
      const [{ name, initializer }] = statement.declarationList.declarations;
      if (!initializer || !isRequire(initializer) || hasExport(statement)) continue;
      if (ts.isIdentifier(name)) add("require", [name], start, end);
      if (!ts.isObjectBindingPattern(name)) continue;
      const elements = [...name.elements];
      if (elements.some((one) => one.dotDotDotToken || !ts.isIdentifier(one.name))) continue;
      withoutOne(elements, file, (one, from, to, only) => {
        if (only) add("require", [one.name], start, end);
        else add("require-name", [one.name], from, to);
      });
    }
  }
  return sites;
}

/** Each of a list with the range that takes it and one comma out. */
function withoutOne(list, file, take) {
  for (const [index, one] of list.entries()) {
    const [before, next] = [list[index - 1], list[index + 1]];
    if (next) take(one, one.getStart(file), next.getStart(file), false);
    else if (before) take(one, before.end, one.end, false);
    else take(one, one.getStart(file), one.end, true);
  }
}

function usesBySymbol(nodes, checker) {
  const uses = new Map();
  for (const node of nodes) {
    if (!ts.isIdentifier(node) || ts.isImportSpecifier(node.parent) || ts.isImportClause(node.parent))
      continue;
    if (ts.isNamespaceImport(node.parent) || ts.isExportSpecifier(node.parent)) continue;
    if (
      ts.isBindingElement(node.parent) ||
      (ts.isVariableDeclaration(node.parent) && node.parent.name === node)
    )
      continue;
    const symbol = symbolOf(checker, node);
    if (symbol) uses.set(symbol, (uses.get(symbol) ?? 0) + 1);
  }
  return uses;
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
export function undefinedNames({ path, file, text, nodes, checker, globals, words, randomAt }) {
  const sites = [];
  for (const node of nodes) {
    if (!ts.isIdentifier(node) || node.text.length < 4) continue;
    const variant = readAs(node);
    if (variant === null) continue;
    const declared = symbolOf(checker, node)?.declarations ?? [];
    if (!declared.some((one) => one.getSourceFile() === file)) continue;
    const start = node.getStart(file);
    const random = randomAt(path, "undefined-name", String(start));
    const slip = misspelt(node.text, (name) => words.has(name) || globals.has(name), random);
    if (slip === null) continue;
    const edit = { start, end: node.end, text: slip };
    sites.push(site("undefined-name", variant, text, [edit], `${node.text} misspelt ${slip}`));
  }
  return sites;
}

/** As what a name is read here, or null when it is not, or not for certain. */
function readAs(node) {
  const { parent } = node;
  if (ts.isTypeReferenceNode(parent)) return parent.typeName === node ? "type" : null;
  if (ts.isShorthandPropertyAssignment(parent)) return isAssignedTo(parent.parent) ? null : "shorthand";
  // A closing tag would have to be misspelt alike.
  if (ts.isJsxSelfClosingElement(parent)) return /^[A-Z]/.test(node.text) ? "jsx" : null;
  return isRead(node) ? "value" : null;
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
  if (ts.isArrayLiteralExpression(parent) || ts.isSpreadElement(parent)) return !isAssignedTo(parent);
  if (ts.isForOfStatement(parent) || ts.isForInStatement(parent)) return parent.expression === node;
  if (ts.isArrowFunction(parent)) return parent.body === node;
  return (
    ts.isReturnStatement(parent) ||
    ts.isIfStatement(parent) ||
    ts.isWhileStatement(parent) ||
    ts.isSwitchStatement(parent) ||
    ts.isCaseClause(parent) ||
    ts.isThrowStatement(parent) ||
    ts.isConditionalExpression(parent) ||
    ts.isTemplateSpan(parent) ||
    ts.isPrefixUnaryExpression(parent) ||
    ts.isAwaitExpression(parent) ||
    ts.isJsxExpression(parent)
  );
}

/** Is it a pattern, which takes values apart, and not a value? */
function isAssignedTo(node) {
  for (let at = node; at.parent; at = at.parent) {
    const { parent } = at;
    if (ts.isBinaryExpression(parent))
      return parent.left === at && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    if (ts.isForOfStatement(parent) || ts.isForInStatement(parent)) return parent.initializer === at;
    const isInside =
      ts.isArrayLiteralExpression(parent) ||
      ts.isObjectLiteralExpression(parent) ||
      ts.isPropertyAssignment(parent) ||
      ts.isSpreadElement(parent) ||
      ts.isSpreadAssignment(parent);
    if (!isInside) return false;
  }
  return false;
}
