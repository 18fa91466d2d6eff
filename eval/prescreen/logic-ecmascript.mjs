// Mistakes of logic in TypeScript and JavaScript.
import ts from "typescript";
import { nodesOf } from "./ecmascript-program.mjs";
import { flipped, ordered, shifted, swapped } from "./logic.mjs";

export const logicFinders = {
  "flipped-comparison": (input) => comparisons(input, "flipped-comparison", flipped),
  "off-by-one": (input) => [...comparisons(input, "off-by-one", shifted), ...lengths(input)],
  "swapped-operands": swappedOperands,
  "wrong-variable": wrongVariables,
  "dropped-await": droppedAwaits,
  "negated-condition": negatedConditions,
};

function comparisons({ file, text, nodes }, name, table) {
  return nodes.flatMap((node) => {
    if (!ts.isBinaryExpression(node)) return [];
    const operator = node.operatorToken.getText(file);
    if (!Object.hasOwn(table, operator)) return [];
    const start = node.operatorToken.getStart(file);
    return [swapped(name, operator, text, start, node.operatorToken.end, table[operator])];
  });
}

/** `items.length - 1` without its `- 1`. */
function lengths({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    const isLast =
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.MinusToken &&
      node.right.getText(file) === "1" &&
      /(?:length|size|count)$/i.test(node.left.getText(file));
    return isLast ? [swapped("off-by-one", "last", text, node.left.end, node.end, "")] : [];
  });
}

function swappedOperands({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    if (ts.isBinaryExpression(node) && ordered.has(node.operatorToken.getText(file)))
      return exchanged(file, text, node.left, node.right, "operator");
    // Two plain names next to each other as arguments.
    if (!ts.isCallExpression(node) || node.arguments.length < 2) return [];
    const [first, second] = node.arguments;
    return ts.isIdentifier(first) && ts.isIdentifier(second)
      ? exchanged(file, text, first, second, "arguments")
      : [];
  });
}

function exchanged(file, text, left, right, variant) {
  const [one, other] = [left.getText(file), right.getText(file)];
  const isPlain = (side) =>
    ts.isIdentifier(side) || ts.isPropertyAccessExpression(side) || ts.isLiteralExpression(side);
  if (one === other || !isPlain(left) || !isPlain(right)) return [];
  const between = text.slice(left.end, right.getStart(file));
  return [swapped("swapped-operands", variant, text, left.getStart(file), right.end, other + between + one)];
}

/** A parameter used where another one of the same written type was meant. */
function wrongVariables({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    if (!ts.isFunctionLike(node) || !node.body) return [];
    const named = node.parameters.filter((one) => ts.isIdentifier(one.name) && !one.dotDotDotToken);
    return named.flatMap((parameter) => {
      const type = parameter.type?.getText(file) ?? "";
      const other = named.find((one) => one !== parameter && (one.type?.getText(file) ?? "") === type);
      if (!other) return [];
      const uses = nodesOf(node.body).filter(
        (one) =>
          ts.isIdentifier(one) &&
          one.text === parameter.name.text &&
          isUse(one) &&
          !isBeside(one, other.name.text),
      );
      return uses.map((use) =>
        swapped(
          "wrong-variable",
          type === "" ? "untyped" : "typed",
          text,
          use.getStart(file),
          use.end,
          other.name.text,
        ),
      );
    });
  });
}

/** A comparison or difference of a thing with itself is another class. */
function isBeside({ parent }, name) {
  return ts.isBinaryExpression(parent) && [parent.left, parent.right].some((one) => one.text === name);
}

function isUse(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isBinaryExpression(parent))
    return parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken || parent.right === node;
  return (ts.isCallExpression(parent) && parent.arguments.includes(node)) || ts.isReturnStatement(parent);
}

function droppedAwaits({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    if (!ts.isAwaitExpression(node) || !ts.isCallExpression(node.expression)) return [];
    const variant = ts.isExpressionStatement(node.parent) ? "statement" : "value";
    return [swapped("dropped-await", variant, text, node.getStart(file), node.expression.getStart(file), "")];
  });
}

function negatedConditions({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    const condition = ts.isIfStatement(node) || ts.isWhileStatement(node) ? node.expression : node.condition;
    if (
      !condition ||
      !(ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isConditionalExpression(node))
    )
      return [];
    const start = condition.getStart(file);
    if (ts.isPrefixUnaryExpression(condition) && condition.operator === ts.SyntaxKind.ExclamationToken)
      return [swapped("negated-condition", "without", text, start, condition.operand.getStart(file), "")];
    if (text.slice(start, condition.end).includes("\n")) return [];
    const put =
      ts.isIdentifier(condition) || ts.isCallExpression(condition) || ts.isPropertyAccessExpression(condition)
        ? `!${condition.getText(file)}`
        : `!(${condition.getText(file)})`;
    return [swapped("negated-condition", "with", text, start, condition.end, put)];
  });
}
