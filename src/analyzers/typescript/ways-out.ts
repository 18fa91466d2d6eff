import ts from "typescript";

/** How functions come to their ends, as far as syntax tells. */

/** `return` statements of a function's body, without those of functions in it. */
export function returnsOf(body: ts.Node): ts.ReturnStatement[] {
  const found: ts.ReturnStatement[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isReturnStatement(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  return found;
}

/** Does a `return` give something? */
export function gives({ expression }: ts.ReturnStatement): boolean {
  if (!expression || ts.isVoidExpression(expression)) return false;
  return !(ts.isIdentifier(expression) && expression.text === "undefined");
}

/** Whether the end of a statement can be reached; in doubt it can. */
export function canEnd(statement: ts.Statement | undefined): boolean {
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

/** A `return` that is gone while all around it stayed: wholly, or but for its value. */
export interface Dropped {
  what: "statement" | "word";
  value: ts.Expression;
}

/** The dropped `return` by which a function now comes to its end; null where more than that changed there. */
export function droppedReturn(was: ts.ConciseBody, now: ts.Block): Dropped | null {
  if (ts.isBlock(was)) return droppedFrom(was.statements, now.statements);
  const [only, ...others] = now.statements;
  return only && others.length === 0 && isValueOf(only, was) ? { what: "word", value: was } : null;
}

function droppedFrom(was: readonly ts.Statement[], now: readonly ts.Statement[]): Dropped | null {
  const last = was.at(-1);
  const end = now.at(-1);
  if (!last) return null;
  if (ts.isReturnStatement(last)) {
    const { expression } = last;
    if (!expression || !gives(last)) return null;
    if (end && isValueOf(end, expression)) return { what: "word", value: expression };
    const before = was.at(-2);
    const isSame = before === undefined ? end === undefined : end?.getText() === before.getText();
    return isSame ? { what: "statement", value: expression } : null;
  }
  if (!end || end.kind !== last.kind) return null;
  let found: Dropped | null = null;
  for (const [old, one] of branches(last, end)) {
    if (old.some((statement) => !canEnd(statement)) && one.every(canEnd)) {
      const dropped = droppedFrom(old, one);
      if (dropped === null) return null;
      found ??= dropped;
    }
  }
  return found;
}

type Branch = readonly ts.Statement[];

/** The ways through a statement of each side, in pairs. */
function branches(was: ts.Statement, now: ts.Statement): [Branch, Branch][] {
  if (ts.isBlock(was) && ts.isBlock(now)) return [[was.statements, now.statements]];
  if (ts.isIfStatement(was) && ts.isIfStatement(now))
    return [
      [listed(was.thenStatement), listed(now.thenStatement)],
      [listed(was.elseStatement), listed(now.elseStatement)],
    ];
  if (ts.isTryStatement(was) && ts.isTryStatement(now))
    return [
      [was.tryBlock.statements, now.tryBlock.statements],
      [listed(was.catchClause?.block), listed(now.catchClause?.block)],
    ];
  if (ts.isSwitchStatement(was) && ts.isSwitchStatement(now)) {
    const [old, one] = [was.caseBlock.clauses.at(-1), now.caseBlock.clauses.at(-1)];
    return [[old?.statements ?? [], one?.statements ?? []]];
  }
  return [];
}

function listed(statement: ts.Statement | undefined): Branch {
  if (!statement) return [];
  return ts.isBlock(statement) ? statement.statements : [statement];
}

function isValueOf(statement: ts.Statement, value: ts.Expression): boolean {
  return ts.isExpressionStatement(statement) && statement.expression.getText() === value.getText();
}

/** Could an expression stand alone for what it does? */
export function mayAct(value: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(value) || ts.isAsExpression(value) || ts.isNonNullExpression(value))
    return mayAct(value.expression);
  if (ts.isConditionalExpression(value)) return mayAct(value.whenTrue) || mayAct(value.whenFalse);
  if (ts.isBinaryExpression(value)) {
    const { kind } = value.operatorToken;
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return true;
    return isShortCircuit(kind) && mayAct(value.right);
  }
  return (
    ts.isCallExpression(value) ||
    ts.isNewExpression(value) ||
    ts.isAwaitExpression(value) ||
    ts.isDeleteExpression(value) ||
    ts.isTaggedTemplateExpression(value) ||
    ts.isPostfixUnaryExpression(value) ||
    (ts.isPrefixUnaryExpression(value) &&
      (value.operator === ts.SyntaxKind.PlusPlusToken || value.operator === ts.SyntaxKind.MinusMinusToken))
  );
}

/** `&&`, `||`, `??` and the comma. */
export function isShortCircuit(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken ||
    kind === ts.SyntaxKind.CommaToken
  );
}
