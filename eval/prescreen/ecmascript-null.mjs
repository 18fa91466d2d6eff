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
    ...withoutCheck(node, input),
    ...withoutCondition(node, input),
    ...withoutChoice(node, input),
    ...withoutDefault(node, input),
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
    site(
      "null-access",
      "chain",
      text,
      [edit],
      `?. dropped after ${node.expression.getText(file).slice(0, 60)}`,
    ),
  ];
}

/** `if (!a) return` goes, and `a.b` is what comes next of `a`. */
function withoutGuard(node, { file, text, checker }) {
  if (!ts.isIfStatement(node) || node.elseStatement || !ts.isBlock(node.parent)) return [];
  const then = ts.isBlock(node.thenStatement) ? node.thenStatement.statements.at(-1) : node.thenStatement;
  if (!then || !leaves(then)) return [];
  const guarded = guardedBy(node.expression, { file, checker });
  if (!guarded || !isNullable(checker.getTypeAtLocation(guarded))) return [];
  const name = guarded.getText(file);
  const after = node.parent.statements.slice(node.parent.statements.indexOf(node) + 1);
  if (!isAccessedFirst(name, after, file)) return [];
  const edit = { start: node.getStart(file), end: node.end, text: "" };
  return [site("null-access", "guard", text, [edit], `guard of ${name} dropped`)];
}

/** `if (a) { a.b }` becomes `a.b`. */
function withoutCheck(node, { file, text, checker }) {
  if (!ts.isIfStatement(node) || node.elseStatement || !ts.isBlock(node.thenStatement)) return [];
  if (!ts.isBlock(node.parent) || !isPath(node.expression)) return [];
  if (!isNullable(checker.getTypeAtLocation(node.expression))) return [];
  const { statements } = node.thenStatement;
  const name = node.expression.getText(file);
  // What is declared in there could be declared outside too.
  if (
    statements.length === 0 ||
    statements.some(
      (one) => ts.isVariableStatement(one) || ts.isFunctionDeclaration(one) || ts.isClassDeclaration(one),
    )
  )
    return [];
  if (!isAccessedFirst(name, statements, file)) return [];
  const edits = [
    { start: node.getStart(file), end: statements[0].getStart(file), text: "" },
    { start: statements.at(-1).end, end: node.end, text: "" },
  ];
  return [site("null-access", "check", text, edits, `check of ${name} dropped`)];
}

/** `a ? a.b : c` becomes `a.b`. */
function withoutChoice(node, { file, text, checker }) {
  if (!ts.isConditionalExpression(node) || !isPath(node.condition)) return [];
  const name = node.condition.getText(file);
  if (!isNullable(checker.getTypeAtLocation(node.condition))) return [];
  if (!startsWithAccess(node.whenTrue.getText(file), name)) return [];
  const edits = [
    { start: node.getStart(file), end: node.whenTrue.getStart(file), text: "" },
    { start: node.whenTrue.end, end: node.end, text: "" },
  ];
  return [site("null-access", "choice", text, edits, `choice by ${name} dropped`)];
}

/** `(a ?? b).c` becomes `a.c`. */
function withoutDefault(node, { file, text, checker }) {
  if (!ts.isParenthesizedExpression(node) || !ts.isBinaryExpression(node.expression)) return [];
  const { left, operatorToken } = node.expression;
  const operators = [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BarBarToken];
  if (!operators.includes(operatorToken.kind) || !isPath(left)) return [];
  const { parent } = node;
  const isAccess =
    (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) &&
    parent.expression === node &&
    !parent.questionDotToken;
  if (!isAccess || !isNullable(checker.getTypeAtLocation(left))) return [];
  const name = left.getText(file);
  const edit = { start: node.getStart(file), end: node.end, text: name };
  return [site("null-access", "default", text, [edit], `default of ${name} dropped`)];
}

function startsWithAccess(text, name) {
  return text.startsWith(`${name}.`) || text.startsWith(`${name}[`) || text.startsWith(`${name}(`);
}

/** `a && a.b` becomes `a.b`. */
function withoutCondition(node, { file, text, checker }) {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken)
    return [];
  const name = node.left.getText(file);
  if (!isPath(node.left) || !isNullable(checker.getTypeAtLocation(node.left))) return [];
  const right = node.right.getText(file);
  if (!startsWithAccess(right, name)) return [];
  const edit = { start: node.left.getStart(file), end: node.right.getStart(file), text: "" };
  return [site("null-access", "condition", text, [edit], `condition ${name} && dropped`)];
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

/** What `!a`, `a === undefined`, `a === null`, `a == null` ask about, when nothing empty is left behind. */
function guardedBy(condition, { file, checker }) {
  if (ts.isPrefixUnaryExpression(condition) && condition.operator === ts.SyntaxKind.ExclamationToken)
    return isPath(condition.operand) ? condition.operand : null;
  if (!ts.isBinaryExpression(condition) || !isPath(condition.left)) return null;
  const [operator, right] = [condition.operatorToken.getText(file), condition.right.getText(file)];
  if (!/^(null|undefined)$/.test(right)) return null;
  if (operator === "==") return condition.left;
  if (operator !== "===") return null;
  const { types = [] } = checker.getTypeAtLocation(condition.left);
  const other = right === "null" ? ts.TypeFlags.Undefined : ts.TypeFlags.Null;
  return types.some(({ flags }) => flags & other) ? null : condition.left;
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
