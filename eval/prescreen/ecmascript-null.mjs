import ts from "typescript";
import { isNullable, nodesOf } from "./ecmascript-program.mjs";
import { site } from "./site.mjs";

/** A `?.` or a guard dropped, where the type at that place has null or undefined in it. TypeScript only. */
export function nullAccesses(input) {
  const { path, program } = input;
  const { strict, strictNullChecks } = program.getCompilerOptions();
  if (!/\.[cm]?tsx?$/.test(path) || !(strictNullChecks ?? strict)) return [];
  return input.nodes.flatMap((node) => [
    ...withoutChain(node, input),
    ...withoutGuard(node, input),
    ...withoutCondition(node, input),
  ]);
}

/** `a?.b` becomes `a.b`. */
function withoutChain(node, { file, text, checker }) {
  const token = node.questionDotToken;
  if (!token || !ts.isOptionalChain(node) || ts.isOptionalChain(node.expression)) return [];
  if (!isNullable(checker.getTypeAtLocation(node.expression))) return [];
  const put = ts.isPropertyAccessExpression(node) ? "." : "";
  const edit = { start: token.getStart(file), end: token.end, text: put };
  return [
    site("null-access", text, [edit], `?. dropped after ${node.expression.getText(file).slice(0, 60)}`),
  ];
}

/** `if (!a) return` goes, and `a.b` is what comes next of `a`. */
function withoutGuard(node, { file, text, checker }) {
  if (!ts.isIfStatement(node) || node.elseStatement || !ts.isBlock(node.parent)) return [];
  const then = ts.isBlock(node.thenStatement) ? node.thenStatement.statements.at(-1) : node.thenStatement;
  if (!then || !leaves(then)) return [];
  const guarded = guardedBy(node.expression, file);
  if (!guarded || !isNullable(checker.getTypeAtLocation(guarded))) return [];
  const name = guarded.getText(file);
  const after = node.parent.statements.slice(node.parent.statements.indexOf(node) + 1);
  if (!isAccessedFirst(name, after, file)) return [];
  const edit = { start: node.getStart(file), end: node.end, text: "" };
  return [site("null-access", text, [edit], `guard of ${name} dropped`)];
}

/** `a && a.b` becomes `a.b`. */
function withoutCondition(node, { file, text, checker }) {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken)
    return [];
  const name = node.left.getText(file);
  if (!isPath(node.left) || !isNullable(checker.getTypeAtLocation(node.left))) return [];
  const right = node.right.getText(file);
  if (!right.startsWith(`${name}.`) && !right.startsWith(`${name}[`) && !right.startsWith(`${name}(`))
    return [];
  const edit = { start: node.left.getStart(file), end: node.right.getStart(file), text: "" };
  return [site("null-access", text, [edit], `condition ${name} && dropped`)];
}

function leaves(statement) {
  return (
    ts.isReturnStatement(statement) ||
    ts.isThrowStatement(statement) ||
    ts.isContinueStatement(statement) ||
    ts.isBreakStatement(statement)
  );
}

function isPath(node) {
  return (
    ts.isIdentifier(node) ||
    node.kind === ts.SyntaxKind.ThisKeyword ||
    (ts.isPropertyAccessExpression(node) && !node.questionDotToken && isPath(node.expression))
  );
}

/** What `!a`, `a === undefined`, `a == null` ask about. */
function guardedBy(condition, file) {
  if (ts.isPrefixUnaryExpression(condition) && condition.operator === ts.SyntaxKind.ExclamationToken)
    return isPath(condition.operand) ? condition.operand : null;
  if (!ts.isBinaryExpression(condition) || !isPath(condition.left)) return null;
  const [operator, right] = [condition.operatorToken.getText(file), condition.right.getText(file)];
  const isNull = operator === "==" ? /^(null|undefined)$/ : operator === "===" ? /^undefined$/ : null;
  return isNull?.test(right) ? condition.left : null;
}

/** Is the first thing done with it, straight in these statements, an access that null does not survive? */
function isAccessedFirst(name, statements, file) {
  for (const statement of statements) {
    for (const node of nodesOf(statement)) {
      if (ts.isFunctionLike(node)) return false;
      if (!isPath(node) || node.getText(file) !== name) continue;
      const { parent } = node;
      return (
        !parent.questionDotToken &&
        (ts.isPropertyAccessExpression(parent) ||
          ts.isElementAccessExpression(parent) ||
          ts.isCallExpression(parent)) &&
        parent.expression === node
      );
    }
  }
  return false;
}
