import ts from "typescript";
import { root } from "./project.js";

/**
 * Without node_modules, types of packages are unknown, and what depends on them must not be reported. The compiler
 * turns most of it into `any`; these are the places where it doesn't.
 */

/** The innermost node that starts at or spans a position. */
export function nodeAt(file: ts.SourceFile, start: number, length: number): ts.Node {
  const find = (node: ts.Node): ts.Node => {
    const child = ts.forEachChild(node, (candidate) =>
      candidate.getStart(file) <= start && candidate.end >= start + length ? candidate : undefined,
    );
    return child ? find(child) : node;
  };
  return find(file);
}

/** The first ancestor (or the node itself) that passes. */
export function closest<T extends ts.Node>(node: ts.Node, is: (node: ts.Node) => node is T): T | undefined {
  for (let at: ts.Node | undefined = node; at; at = at.parent) if (is(at)) return at;
  return undefined;
}

function isUnknown(type: ts.Type): boolean {
  return (type.flags & ts.TypeFlags.Any) !== 0;
}

/** May this type have members that only an uninstalled package knows? */
export function hasUnknownParts(checker: ts.TypeChecker, type: ts.Type, depth = 0): boolean {
  if (depth > 8 || isUnknown(type)) return true;
  if (type.isUnionOrIntersection())
    return type.types.some((part) => hasUnknownParts(checker, part, depth + 1));
  const symbol = type.getSymbol();
  for (const declaration of symbol?.declarations ?? []) {
    if (ts.isSourceFile(declaration)) {
      if (exportsUnknown(checker, declaration)) return true;
    } else if (addsToOther(declaration)) {
      return true;
    } else if (ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration)) {
      for (const clause of declaration.heritageClauses ?? []) {
        if (clause.token === ts.SyntaxKind.ImplementsKeyword) continue;
        for (const parent of clause.types) {
          const parentType = checker.getTypeAtLocation(parent);
          const value = checker.getTypeAtLocation(parent.expression);
          const unknownValue = ts.isClassLike(declaration) && isUnknown(value);
          if (unknownValue || hasUnknownParts(checker, parentType, depth + 1)) return true;
        }
      }
    }
  }
  return false;
}

/** Is a declaration inside `declare module "x"` or `declare global`, where it may add to what we can't see? */
function addsToOther(declaration: ts.Node): boolean {
  for (let at: ts.Node | undefined = declaration.parent; at; at = at.parent) {
    if (ts.isModuleDeclaration(at)) {
      if (ts.isStringLiteral(at.name) || at.name.text === "global") return true;
      if (ts.isSourceFile(at.parent) && !ts.isExternalModule(at.parent) && at.parent.isDeclarationFile)
        return true;
    }
  }
  return false;
}

/** Does a module re-export everything of one that can't be found? */
export function exportsUnknown(
  checker: ts.TypeChecker,
  file: ts.SourceFile,
  seen = new Set<ts.SourceFile>(),
): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  return file.statements.some((statement) => {
    if (ts.isExportAssignment(statement)) return statement.isExportEquals === true;
    if (!ts.isExportDeclaration(statement) || statement.exportClause || !statement.moduleSpecifier)
      return false;
    const target = checker
      .getSymbolAtLocation(statement.moduleSpecifier)
      ?.declarations?.find(ts.isSourceFile);
    // What a module of CommonJS gives is known when it runs.
    const isCommon =
      target !== undefined &&
      "commonJsModuleIndicator" in target &&
      target.commonJsModuleIndicator !== undefined;
    return target === undefined || isCommon || exportsUnknown(checker, target, seen);
  });
}

/** Is a type (or what it is made of) declared by the compiler's own library for browsers? Node's differs. */
export function isPlatformType(type: ts.Type): boolean {
  const parts = type.isUnionOrIntersection() ? type.types : [type];
  return parts.some((part) =>
    (part.getSymbol()?.declarations ?? []).some((declaration) =>
      isPlatformFile(declaration.getSourceFile().fileName),
    ),
  );
}

export function isPlatformFile(name: string): boolean {
  return !name.startsWith(`${root}/`) && /lib\.(dom|webworker|scripthost)[^/]*$/.test(name);
}

/**
 * Could a function that we know nothing of have changed what is known of an expression at a place: an assertion, a
 * type guard, or something that never returns, of an uninstalled package?
 */
export function narrowedByUnknown(checker: ts.TypeChecker, file: ts.SourceFile, node: ts.Node): boolean {
  const name = rootName(node, file);
  const scope = outermostFunction(node) ?? file;
  const mentions = (other: ts.Node) =>
    name === null || new RegExp(`(^|[^\\w$])${quoted(name)}($|[^\\w$])`).test(other.getText(file));
  const visit = (other: ts.Node): boolean => {
    if (other.pos >= node.end) return false;
    if (
      ts.isCallExpression(other) &&
      other.end <= node.getStart(file) &&
      isUnknown(checker.getTypeAtLocation(other.expression))
    ) {
      if (
        other.arguments.some(mentions) &&
        (isCondition(other) || asserts.test(other.expression.getText(file)))
      )
        return true;
      const statement = closest(other, ts.isExpressionStatement);
      if (statement && unwrapped(statement.expression) === other && endsGuard(statement, mentions))
        return true;
    }
    return ts.forEachChild(other, (child) => visit(child) || undefined) ?? false;
  };
  return visit(scope);
}

const asserts =
  /assert|invariant|ensure|expect|require|check|verify|guard|must|\bok\b|truthy|defined|valid|condition|narrow/i;

/** Is a call's result what an `if`, `while`, `? :`, `&&` or `||` decides on: a type guard, perhaps? */
function isCondition(call: ts.CallExpression): boolean {
  let at: ts.Node = call;
  while (ts.isParenthesizedExpression(at.parent) || ts.isPrefixUnaryExpression(at.parent)) at = at.parent;
  const parent = at.parent;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isConditionalExpression(parent))
    return true;
  if (!ts.isBinaryExpression(parent)) return false;
  const operator = parent.operatorToken.kind;
  return operator === ts.SyntaxKind.AmpersandAmpersandToken || operator === ts.SyntaxKind.BarBarToken;
}

/** Is this call the last thing that happens in an `if`, `catch` or `case` that is about the expression? */
function endsGuard(statement: ts.ExpressionStatement, mentions: (node: ts.Node) => boolean): boolean {
  const block = statement.parent;
  const last =
    ts.isBlock(block) || ts.isCaseOrDefaultClause(block) ? block.statements.at(-1) === statement : true;
  if (!last) return false;
  const guard = ts.isBlock(block) ? block.parent : block;
  if (ts.isIfStatement(guard)) return mentions(guard.expression);
  return ts.isCatchClause(guard) || ts.isCaseOrDefaultClause(guard);
}

/** Could a function end in a call of something unknown that never returns (`notFound()`, `fail()`)? */
export function endsInUnknownCall(checker: ts.TypeChecker, body: ts.Node): boolean {
  const visit = (node: ts.Node): boolean => {
    if (node !== body && ts.isFunctionLike(node)) return false;
    if (ts.isExpressionStatement(node)) {
      const call = unwrapped(node.expression);
      const siblings =
        ts.isBlock(node.parent) || ts.isCaseOrDefaultClause(node.parent) ? node.parent.statements : null;
      if (ts.isCallExpression(call) && (siblings === null || siblings.at(-1) === node)) {
        return isUnknown(checker.getTypeAtLocation(call.expression));
      }
    }
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(body);
}

/** Does a switch or a chain of conditions decide on something unknown, so that nobody can tell whether it is complete? */
export function decidesOnUnknown(checker: ts.TypeChecker, body: ts.Node): boolean {
  const visit = (node: ts.Node): boolean => {
    if (node !== body && ts.isFunctionLike(node)) return false;
    if (ts.isSwitchStatement(node) && isUnknown(checker.getTypeAtLocation(node.expression))) return true;
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(body);
}

function unwrapped(expression: ts.Expression): ts.Expression {
  let at = expression;
  while (ts.isAwaitExpression(at) || ts.isParenthesizedExpression(at) || ts.isVoidExpression(at))
    at = at.expression;
  return at;
}

function rootName(node: ts.Node, file: ts.SourceFile): string | null {
  const match = /[A-Za-z_$][\w$]*/.exec(node.getText(file).replace(/^this\./, ""));
  return match?.[0] ?? null;
}

function outermostFunction(node: ts.Node): ts.Node | undefined {
  let found: ts.Node | undefined;
  for (let at: ts.Node | undefined = node; at; at = at.parent) if (ts.isFunctionLike(at)) found = at;
  return found;
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
