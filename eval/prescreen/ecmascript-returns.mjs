import ts from "typescript";
import { isUnknown, nodesOf } from "./ecmascript-program.mjs";
import { site } from "./site.mjs";

/** The last way out of a function that gives a value, without its `return`. */
export function missingReturns({ file, text, nodes, checker }) {
  const sites = [];
  for (const node of nodes) {
    if (!ts.isFunctionLike(node) || !node.body || !ts.isBlock(node.body) || node.asteriskToken) continue;
    if (ts.isConstructorDeclaration(node) || ts.isSetAccessor(node)) continue;
    const isCallback = isArrayCallback(node, checker);
    if (!isCallback && !isKnownToGive(node, checker)) continue;
    for (const last of waysOut(node.body)) {
      const value = last.expression;
      if (!value || !isLost(value, node, { file, checker })) continue;
      const start = last.getStart(file);
      const from = value.getStart(file);
      const note = `return dropped, ${isCallback ? "callback" : node.type ? "type annotated" : "type inferred"}`;
      const add = (variant, end) =>
        sites.push(site("missing-return", variant, text, [{ start, end, text: "" }], note));
      if (isCallback) {
        // Dropped in one branch only, it may be what was meant: `undefined` filters out.
        if (waysOut(node.body).length === 1 && returnsOf(node.body).length === 1) add("callback", last.end);
        continue;
      }
      add("statement", last.end);
      // What begins like this would be read as a block, or as the rest of the line above.
      if (!/^[{([`+\-*/.]|^(function|class|let|async)\b/.test(text.slice(from))) add("keyword", from);
    }
  }
  return sites;
}

function isLost(value, node, { file, checker }) {
  if (ts.isVoidExpression(value) || /^(undefined|null)$/.test(value.getText(file))) return false;
  const type = checker.getAwaitedType(checker.getTypeAtLocation(value));
  const nothing = ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never;
  if (!type || type.flags & nothing) return false;
  if (type.isUnion() && type.types.some(({ flags }) => flags & ts.TypeFlags.Void)) return false;
  // What an unknown function gives may be nothing, and then nothing is lost.
  const isCall = nodesOf(value).some((one) => ts.isCallExpression(one) || ts.isAwaitExpression(one));
  return Boolean(node.type) || !isUnknown(type) || !isCall;
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

const methods = new Set(
  "map filter find findIndex findLast findLastIndex some every reduce reduceRight flatMap sort toSorted".split(
    " ",
  ),
);

/** Is it handed to a method of an array that does something with what it gives? */
function isArrayCallback(node, checker) {
  const { parent } = node;
  return (
    !node.type &&
    (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) &&
    ts.isCallExpression(parent) &&
    parent.arguments[0] === node &&
    ts.isPropertyAccessExpression(parent.expression) &&
    methods.has(parent.expression.name.text) &&
    checker.isArrayLikeType(checker.getTypeAtLocation(parent.expression.expression))
  );
}

function returnsOf(body) {
  const found = [];
  const visit = (node) => {
    if (ts.isReturnStatement(node)) found.push(node);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  return found;
}

/** Of a block, the statements that end it: without one of them, its end is reached. */
function waysOut(block) {
  const last = ts.isBlock(block) || ts.isDefaultClause(block) ? block.statements.at(-1) : block;
  if (!last) return [];
  if (ts.isReturnStatement(last))
    return ts.isBlock(last.parent) || ts.isDefaultClause(last.parent) ? [last] : [];
  if (ts.isBlock(last)) return waysOut(last);
  if (ts.isIfStatement(last) && last.elseStatement)
    return [...waysOut(last.thenStatement), ...waysOut(last.elseStatement)];
  if (ts.isTryStatement(last) && !last.finallyBlock)
    return [...waysOut(last.tryBlock), ...(last.catchClause ? waysOut(last.catchClause.block) : [])];
  if (ts.isSwitchStatement(last)) {
    const clause = last.caseBlock.clauses.at(-1);
    return clause && ts.isDefaultClause(clause) ? waysOut(clause) : [];
  }
  return [];
}
