import ts from "typescript";
import { isJavaScript } from "../files.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { root } from "./project.js";

/**
 * Calls in plain JavaScript that leave out what the called function of the repository needs. Every parameter is
 * optional there, so this speaks only where the function's own code shows that it is not.
 */
export function missingArguments(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
): Pick<TypeScriptDiagnostic, "severity" | "message" | "line" | "subject">[] {
  if (!isJavaScript(file.fileName)) return [];
  const found: ReturnType<typeof missingArguments> = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const need = ts.isIdentifier(node.expression) ? neededBy(node, checker) : null;
      if (need !== null) {
        const name = node.expression.getText(file);
        const { count } = need;
        found.push({
          severity: need.isCertain ? "likely" : "hint",
          message: `'${name}' uses its argument '${need.name}' (number ${need.position}), but gets only ${count} here.`,
          line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1,
          subject: `${name}(${need.name})`,
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function neededBy(call: ts.CallExpression, checker: ts.TypeChecker) {
  if (call.questionDotToken || call.arguments.some(ts.isSpreadElement)) return null;
  const callee = functionOf(call.expression, checker);
  if (!callee?.body || !isJavaScript(callee.getSourceFile().fileName)) return null;
  const count = call.arguments.length;
  const parameter = callee.parameters[count];
  if (!parameter || callee.parameters.some((one) => one.dotDotDotToken)) return null;
  if (parameter.initializer || isOptionalByComment(parameter) || mentions(callee.body, "arguments"))
    return null;
  const position = count + 1;
  if (!ts.isIdentifier(parameter.name)) {
    return { name: parameter.name.getText(), position, count, isCertain: true };
  }
  const name = parameter.name.text;
  const isCertain = isUsedAtOnce(callee.body, name);
  return isCertain ? { name, position, count, isCertain } : null;
}

/** The one function that a name can mean. */
function functionOf(expression: ts.Expression, checker: ts.TypeChecker): ts.FunctionLikeDeclaration | null {
  let symbol = checker.getSymbolAtLocation(expression);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  const [declaration, ...others] = symbol?.declarations ?? [];
  if (!declaration || others.length > 0) return null;
  if (!declaration.getSourceFile().fileName.startsWith(`${root}/`)) return null;
  if (ts.isFunctionDeclaration(declaration)) return declaration;
  if (!ts.isVariableDeclaration(declaration) || !declaration.initializer) return null;
  if (!(ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const)) return null;
  const value = declaration.initializer;
  return ts.isFunctionExpression(value) || ts.isArrowFunction(value) ? value : null;
}

function isOptionalByComment(parameter: ts.ParameterDeclaration): boolean {
  return ts.getJSDocParameterTags(parameter).some((tag) => {
    const type = tag.typeExpression?.type.getText() ?? "";
    return (
      tag.isBracketed || /[?=]|\b(any|undefined|null|void)\b|^\*$/.test(type) || /option/i.test(tag.getText())
    );
  });
}

function mentions(body: ts.Node, name: string): boolean {
  const visit = (node: ts.Node): boolean =>
    (ts.isIdentifier(node) && node.text === name) ||
    (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false);
  return visit(body);
}

/** Is a parameter dereferenced or called on the way in, before anything could have asked whether it is there? */
function isUsedAtOnce(body: ts.ConciseBody, name: string): boolean {
  const statements: readonly ts.Node[] = ts.isBlock(body) ? body.statements : [body];
  for (const statement of statements) {
    if (ts.isFunctionDeclaration(statement) || ts.isEmptyStatement(statement)) continue;
    const isPlain =
      ts.isExpressionStatement(statement) ||
      ts.isReturnStatement(statement) ||
      ts.isVariableStatement(statement) ||
      ts.isThrowStatement(statement) ||
      ts.isExpression(statement);
    const first = firstUse(statement, name);
    if (first !== null) return isPlain && first;
    if (!isPlain) return false;
  }
  return false;
}

/** Null when it is not mentioned; true when its first mention fails for what is undefined. */
function firstUse(node: ts.Node, name: string): boolean | null {
  if (ts.isFunctionLike(node) || ts.isConditionalExpression(node)) return mentions(node, name) ? false : null;
  if (ts.isBinaryExpression(node) && isLogical(node.operatorToken.kind)) {
    return firstUse(node.left, name) ?? (mentions(node.right, name) ? false : null);
  }
  if (ts.isIdentifier(node) && node.text === name) {
    const { parent } = node;
    if (ts.isPropertyAccessExpression(parent) && parent.name === node) return null;
    if (ts.isPropertyAssignment(parent) && parent.name === node) return null;
    if (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent))
      return parent.expression === node && !parent.questionDotToken;
    return ts.isCallExpression(parent) && parent.expression === node && !parent.questionDotToken;
  }
  let found: boolean | null = null;
  ts.forEachChild(node, (child) => {
    found ??= firstUse(child, name);
  });
  return found;
}

function isLogical(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}
