import ts from "typescript";
import { componentOf } from "../javascript/script-blocks.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { root } from "./project.js";
import { canEnd, droppedReturn, gives, isShortCircuit, mayAct, returnsOf } from "./ways-out.js";

/**
 * Functions that could not come to their end before without a value, and now can. Where nothing but a `return` is
 * gone, or the word alone, that is a mistake; where more was changed it is one when what they give is still used.
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
    const lost = was && lossOf(was, one);
    if (!lost) continue;
    const line = lineOf((one.name ?? one).getStart(file));
    const from = Math.min(line, lineOf(one.getStart(file)));
    const to = lineOf(one.body?.getStart(file) ?? one.end);
    const isSaid = said.some(
      (other) =>
        other.class === "missing-return" && other.path === path && other.line >= from && other.line <= to,
    );
    if (isSaid) continue;
    const short = name.slice(name.lastIndexOf(".") + 1);
    const isLikely =
      lost.isClear ||
      (checker !== null && users.some((user) => usesValueOf(one, short, user, checker, lost.isDropped)));
    if (!isLikely && checker !== null && isEmpty(one.body)) continue;
    found.push({
      code: "lost-return",
      class: "missing-return",
      severity: isLikely ? "likely" : "hint",
      message: lost.isPartly
        ? `'${short}' returned a value on every way out before, and now comes to its end without one: return it there too.`
        : isLikely
          ? `'${short}' returned a value before and returns none now: return it.`
          : `'${short}' returned a value before and returns none now.`,
      path,
      line,
      subject: short,
    });
  }
  return found;
}

interface Loss {
  /** Does it give a value on other ways out? */
  isPartly: boolean;
  /** Is nothing else gone at its end? */
  isDropped: boolean;
  /** Is it a mistake, whoever uses what the function gives? */
  isClear: boolean;
}

function lossOf(was: Bodied, one: Bodied): Loss | null {
  if (!was.body || !one.body || !ts.isBlock(one.body) || one.asteriskToken || was.asteriskToken) return null;
  const before = ts.isBlock(was.body) ? returnsOf(was.body) : [];
  if (ts.isBlock(was.body) && (canEnd(was.body) || !before.some(gives))) return null;
  if (!canEnd(one.body) || isOfNothing(one.type)) return null;
  const returns = returnsOf(one.body);
  const giving = returns.filter(gives);
  const isPartly = giving.length > 0;
  // Who writes a bare `return` knows that it gives nothing.
  const bare = (all: readonly ts.ReturnStatement[]) => all.filter((each) => !gives(each)).length;
  if (bare(returns) > bare(before)) return null;
  const dropped = droppedReturn(was.body, one.body);
  if (dropped === null) {
    // Some ways out may well have lost their value on purpose; and of a declared type the compiler tells.
    if (isPartly || one.type || was.type || bare(before) > 0) return null;
    return { isPartly, isDropped: false, isClear: before.some(({ expression }) => isElement(expression)) };
  }
  // The word by which one says that there is nothing.
  if (dropped.value.kind === ts.SyntaxKind.NullKeyword) return null;
  const isClear =
    isPartly ||
    one.type !== undefined ||
    isElement(dropped.value) ||
    (dropped.what === "word" && !mayAct(dropped.value));
  return { isPartly, isDropped: true, isClear };
}

/** A declared type with which a function gives nothing at all. */
function isOfNothing(type: ts.TypeNode | undefined): boolean {
  return type !== undefined && /\b(void|never|asserts)\b/.test(type.getText());
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
  if (ts.isBinaryExpression(parent) && parent.right === node && !node.name) {
    // `exports.name = function`, `Type.prototype.name = function`
    const target = parent.left.getText();
    return /^[\w$]+(\.[\w$]+)*$/.test(target) ? target : undefined;
  }
  const isNamed =
    ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent);
  const holder = node.name ?? (isNamed ? parent.name : undefined);
  return holder && (ts.isIdentifier(holder) || ts.isPrivateIdentifier(holder)) ? holder.text : undefined;
}

/** A function that does nothing may be meant to. */
function isEmpty(body: ts.ConciseBody | undefined): boolean {
  return body !== undefined && ts.isBlock(body) && body.statements.length === 0;
}

/** A component without its element shows nothing, whoever uses it. */
function isElement(expression: ts.Expression | undefined): boolean {
  if (expression && ts.isParenthesizedExpression(expression)) return isElement(expression.expression);
  return (
    expression !== undefined &&
    (ts.isJsxElement(expression) || ts.isJsxSelfClosingElement(expression) || ts.isJsxFragment(expression))
  );
}

function usesValueOf(
  declaration: Bodied,
  name: string,
  file: ts.SourceFile,
  checker: ts.TypeChecker,
  isGivenOnToo: boolean,
): boolean {
  if (!file.text.includes(name)) return false;
  const visit = (node: ts.Node): boolean => {
    if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const called = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
      if (
        ts.isIdentifier(called) &&
        called.text === name &&
        isValue(node, isGivenOnToo) &&
        checker.getResolvedSignature(node)?.declaration === declaration
      )
        return true;
    }
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(file);
}

/**
 * Is what a call gives looked at? What is only passed on may be meant to be nothing.
 *
 * @param isGivenOnToo whether what is given on counts: by a function, through `||`, `&&`, `??`, `? :`
 */
function isValue(call: ts.CallExpression, isGivenOnToo: boolean): boolean {
  let at: ts.Node = call;
  while (
    ts.isParenthesizedExpression(at.parent) ||
    ts.isAwaitExpression(at.parent) ||
    (isGivenOnToo && isPassage(at))
  )
    at = at.parent;
  const { parent } = at;
  if (isGivenOnToo && isGivenOn(at)) return true;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === at;
  if (ts.isBinaryExpression(parent)) {
    const kind = parent.operatorToken.kind;
    return !isShortCircuit(kind) || (kind !== ts.SyntaxKind.CommaToken && parent.left === at);
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

/** Does an expression give on what this part of it gives? */
function isPassage(part: ts.Node): boolean {
  const { parent } = part;
  if (ts.isBinaryExpression(parent))
    return isShortCircuit(parent.operatorToken.kind) && parent.right === part;
  if (ts.isConditionalExpression(parent)) return parent.condition !== part;
  return ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent) || ts.isNonNullExpression(parent);
}

function isGivenOn(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isReturnStatement(parent) || (ts.isArrowFunction(parent) && parent.body === node);
}
