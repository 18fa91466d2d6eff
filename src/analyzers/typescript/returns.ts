import ts from "typescript";
import { componentOf } from "../javascript/script-blocks.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { root } from "./project.js";

/**
 * Functions that returned a value on every way out before, and now on some or on none. On some, or with the word
 * `return` alone gone, that is a mistake; on none it is one where what they give is still used, and may be meant
 * elsewhere.
 *
 * @param said what the compiler said already: it is not said twice
 * @param checker of the program that `file` and `users` are in; without one nothing counts as used
 */
export function lostReturns(
  before: ts.SourceFile,
  file: ts.SourceFile,
  checker: ts.TypeChecker | null,
  users: readonly ts.SourceFile[],
  said: readonly TypeScriptDiagnostic[],
): TypeScriptDiagnostic[] {
  const path = componentOf(file.fileName).slice(root.length + 1);
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  const old = functionsOf(before);
  const found: TypeScriptDiagnostic[] = [];
  for (const [name, one] of functionsOf(file)) {
    const was = old.get(name);
    if (!was?.body || !one.body || !ts.isBlock(one.body)) continue;
    if (one.body.statements.length === 0 || one.asteriskToken || !alwaysReturned(was.body)) continue;
    if (!canEnd(one.body)) continue;
    const returns = returnsOf(one.body);
    const giving = returns.filter(({ expression }) => expression && !isNothing(expression));
    const isPartly = giving.length > 0;
    // Who writes a bare `return` knows that it gives nothing.
    if (isPartly && giving.length < returns.length) continue;
    const isWordLost = lostWord(was.body, before, one.body, file);
    // What is declared the compiler checks; but it is silent where something unknown may never return.
    if ((one.type || was.type) && !isPartly) continue;
    if (isPartly && ((!isWordLost && endsInUnknown(one.body, checker)) || mayGiveNothing(one.type))) continue;
    const line = lineOf((one.name ?? one).getStart(file));
    const head = { start: Math.min(line, lineOf(one.getStart(file))), end: lineOf(one.body.getStart(file)) };
    const isSaid = said.some(
      (other) =>
        other.class === "missing-return" &&
        other.path === path &&
        other.line >= head.start &&
        other.line <= head.end,
    );
    if (isSaid) continue;
    const short = name.slice(name.lastIndexOf(".") + 1);
    const isUsed =
      isPartly ||
      isWordLost ||
      returnsOf(was.body).some(({ expression }) => isElement(expression)) ||
      (checker !== null && users.some((user) => usesValueOf(one, short, user, checker)));
    found.push({
      code: "lost-return",
      class: "missing-return",
      severity: isUsed ? "likely" : "hint",
      message: isPartly
        ? `'${short}' returned a value on every way out before, and now comes to its end without one: return it there too.`
        : isUsed
          ? `'${short}' returned a value before and returns none now: return it.`
          : `'${short}' returned a value before and returns none now.`,
      path,
      line,
      subject: short,
    });
  }
  return found;
}

type Bodied = ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.MethodDeclaration;

function isBodied(node: ts.Node): node is Bodied {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node)
  );
}

/** Named functions by their path of names; not those whose path is ambiguous. */
function functionsOf(file: ts.SourceFile): Map<string, Bodied> {
  const found = new Map<string, Bodied>();
  const twice = new Set<string>();
  const visit = (node: ts.Node, path: string): void => {
    let below = path;
    const name = ts.isClassLike(node) ? node.name?.text : isBodied(node) ? nameOf(node) : undefined;
    if (name !== undefined) below = path === "" ? name : `${path}.${name}`;
    if (isBodied(node) && node.body && name !== undefined) {
      if (found.has(below)) twice.add(below);
      found.set(below, node);
    }
    ts.forEachChild(node, (child) => visit(child, below));
  };
  visit(file, "");
  for (const name of twice) found.delete(name);
  return found;
}

function nameOf(node: Bodied): string | undefined {
  const { parent } = node;
  const holder =
    node.name ??
    (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name : undefined);
  return holder && ts.isIdentifier(holder) ? holder.text : undefined;
}

function alwaysReturned(body: ts.ConciseBody): boolean {
  if (!ts.isBlock(body)) return true;
  const returns = returnsOf(body);
  return (
    returns.length > 0 &&
    returns.every(({ expression }) => expression && !isNothing(expression)) &&
    !canEnd(body)
  );
}

/** Is the last statement what the last `return` gave, without that word? */
function lostWord(was: ts.ConciseBody, before: ts.SourceFile, body: ts.Block, file: ts.SourceFile): boolean {
  const last = body.statements.at(-1);
  const given = ts.isBlock(was) ? was.statements.at(-1) : undefined;
  if (!last || !ts.isExpressionStatement(last) || !given || !ts.isReturnStatement(given)) return false;
  return given.expression?.getText(before) === last.expression.getText(file);
}

/** A component without its element shows nothing, whoever uses it. */
function isElement(expression: ts.Expression | undefined): boolean {
  if (expression && ts.isParenthesizedExpression(expression)) return isElement(expression.expression);
  return (
    expression !== undefined &&
    (ts.isJsxElement(expression) || ts.isJsxSelfClosingElement(expression) || ts.isJsxFragment(expression))
  );
}

/** Does a body end in a call of something unknown, which may never return? */
function endsInUnknown(body: ts.Block, checker: ts.TypeChecker | null): boolean {
  const last = body.statements.at(-1);
  if (!last || !ts.isExpressionStatement(last)) return false;
  const call = ts.isAwaitExpression(last.expression) ? last.expression.expression : last.expression;
  if (!ts.isCallExpression(call) || checker === null) return false;
  const unknown = ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Never;
  return (checker.getTypeAtLocation(call).flags & unknown) !== 0;
}

/** A declared type with which a function may come to its end. */
function mayGiveNothing(type: ts.TypeNode | undefined): boolean {
  return type !== undefined && /\b(void|undefined|any|unknown|never|asserts)\b/.test(type.getText());
}

function isNothing(expression: ts.Expression): boolean {
  return ts.isVoidExpression(expression) || (ts.isIdentifier(expression) && expression.text === "undefined");
}

function returnsOf(body: ts.Node): ts.ReturnStatement[] {
  const found: ts.ReturnStatement[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isReturnStatement(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  return found;
}

/** Whether the end of a statement can be reached, as far as syntax tells; in doubt it can. */
function canEnd(statement: ts.Statement | undefined): boolean {
  if (!statement) return true;
  if (ts.isReturnStatement(statement) || ts.isThrowStatement(statement)) return false;
  if (ts.isBlock(statement)) return statement.statements.every(canEnd);
  if (ts.isIfStatement(statement)) return canEnd(statement.thenStatement) || canEnd(statement.elseStatement);
  if (ts.isTryStatement(statement)) {
    if (statement.finallyBlock && !canEnd(statement.finallyBlock)) return false;
    return (
      canEnd(statement.tryBlock) || (statement.catchClause ? canEnd(statement.catchClause.block) : false)
    );
  }
  if (ts.isSwitchStatement(statement)) {
    const { clauses } = statement.caseBlock;
    const last = clauses.at(-1);
    const hasBreak = clauses.some((clause) => clause.statements.some(breaks));
    return hasBreak || !clauses.some(ts.isDefaultClause) || !last || last.statements.every(canEnd);
  }
  return true;
}

function breaks(node: ts.Node): boolean {
  if (ts.isBreakStatement(node)) return true;
  if (ts.isFunctionLike(node) || ts.isIterationStatement(node, false) || ts.isSwitchStatement(node))
    return false;
  return ts.forEachChild(node, (child) => breaks(child) || undefined) ?? false;
}

function usesValueOf(
  declaration: Bodied,
  name: string,
  file: ts.SourceFile,
  checker: ts.TypeChecker,
): boolean {
  if (!file.text.includes(name)) return false;
  const visit = (node: ts.Node): boolean => {
    if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const called = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
      if (
        ts.isIdentifier(called) &&
        called.text === name &&
        isValue(node) &&
        checker.getResolvedSignature(node)?.declaration === declaration
      )
        return true;
    }
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(file);
}

/** Is what a call gives looked at? What is only passed on may be meant to be nothing. */
function isValue(call: ts.CallExpression): boolean {
  let at: ts.Node = call;
  while (ts.isParenthesizedExpression(at.parent) || ts.isAwaitExpression(at.parent)) at = at.parent;
  const { parent } = at;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === at;
  if (ts.isBinaryExpression(parent)) {
    const kind = parent.operatorToken.kind;
    const isShort =
      kind === ts.SyntaxKind.AmpersandAmpersandToken ||
      kind === ts.SyntaxKind.BarBarToken ||
      kind === ts.SyntaxKind.QuestionQuestionToken;
    return kind !== ts.SyntaxKind.CommaToken && (!isShort || parent.left === at);
  }
  return (
    ts.isPropertyAccessExpression(parent) ||
    ts.isElementAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isIfStatement(parent) ||
    ts.isWhileStatement(parent) ||
    ts.isTemplateSpan(parent) ||
    ts.isSpreadElement(parent) ||
    ts.isArrayLiteralExpression(parent) ||
    ts.isForOfStatement(parent) ||
    ts.isPrefixUnaryExpression(parent) ||
    (ts.isConditionalExpression(parent) && parent.condition === at) ||
    (ts.isCallExpression(parent) && parent.arguments.some((argument) => argument === at))
  );
}
