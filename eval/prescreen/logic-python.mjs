// Mistakes of logic in Python.
import { flipped, ordered, shifted, swapped } from "./logic.mjs";
import { ancestors, nodesOf } from "./python-source.mjs";

export const logicFinders = {
  "flipped-comparison": (input) => comparisons(input, "flipped-comparison", flipped),
  "off-by-one": (input) => [...comparisons(input, "off-by-one", shifted), ...lengths(input)],
  "swapped-operands": swappedOperands,
  "wrong-variable": wrongVariables,
  "dropped-await": droppedAwaits,
  "negated-condition": negatedConditions,
};

function comparisons({ text, nodes }, name, table) {
  return nodes.flatMap((node) => {
    if (node.type !== "comparison_operator" || node.namedChildren.length !== 2) return [];
    const [left, right] = node.namedChildren;
    const between = text.slice(left.endIndex, right.startIndex);
    const operator = between.trim();
    if (!Object.hasOwn(table, operator)) return [];
    const start = left.endIndex + between.indexOf(operator);
    return [swapped(name, operator, text, start, start + operator.length, table[operator])];
  });
}

/** `len(items) - 1` without its `- 1`. */
function lengths({ text, nodes }) {
  return nodes.flatMap((node) => {
    const [left, right] = node.type === "binary_operator" ? node.namedChildren : [];
    const isLast = right?.text === "1" && /^len\(/.test(left.text) && operatorOf(node, text) === "-";
    return isLast ? [swapped("off-by-one", "last", text, left.endIndex, node.endIndex, "")] : [];
  });
}

function operatorOf(node, text) {
  const [left, right] = node.namedChildren;
  return text.slice(left.endIndex, right.startIndex).trim();
}

function swappedOperands({ text, nodes }) {
  return nodes.flatMap((node) => {
    const isOperator = node.type === "binary_operator" && node.namedChildren.length === 2;
    if (isOperator && ordered.has(operatorOf(node, text)))
      return exchanged(text, ...node.namedChildren, "operator");
    if (node.type !== "argument_list" || node.parent?.type !== "call") return [];
    const [first, second] = node.namedChildren;
    return first?.type === "identifier" && second?.type === "identifier"
      ? exchanged(text, first, second, "arguments")
      : [];
  });
}

function exchanged(text, left, right, variant) {
  const isPlain = ({ type }) => ["identifier", "attribute", "integer", "float"].includes(type);
  if (left.text === right.text || !isPlain(left) || !isPlain(right)) return [];
  const between = text.slice(left.endIndex, right.startIndex);
  const put = right.text + between + left.text;
  return [swapped("swapped-operands", variant, text, left.startIndex, right.endIndex, put)];
}

/** A parameter used where another one with the same annotation was meant. */
function wrongVariables({ text, nodes }) {
  return nodes.flatMap((node) => {
    if (node.type !== "function_definition") return [];
    const named = node.childForFieldName("parameters").namedChildren.flatMap(parameterOf);
    const body = node.childForFieldName("body");
    return named.flatMap(({ name, type }) => {
      const other = named.find((one) => one.name !== name && one.type === type);
      if (!other) return [];
      const uses = nodesOf(body).filter(
        (one) => one.type === "identifier" && one.text === name && isUse(one) && !isBeside(one, other.name),
      );
      const variant = type === "" ? "untyped" : "typed";
      return uses.map((use) =>
        swapped("wrong-variable", variant, text, use.startIndex, use.endIndex, other.name),
      );
    });
  });
}

function parameterOf(node) {
  const named = node.type === "identifier" ? node : (node.childForFieldName("name") ?? node.namedChildren[0]);
  if (named?.type !== "identifier" || ["self", "cls"].includes(named.text)) return [];
  return [{ name: named.text, type: node.childForFieldName("type")?.text ?? "" }];
}

/** A comparison or difference of a thing with itself is another class. */
function isBeside({ parent }, name) {
  const joins = ["binary_operator", "comparison_operator"].includes(parent.type);
  return joins && parent.namedChildren.some(({ text }) => text === name);
}

function isUse(node) {
  const { parent } = node;
  if (ancestors(node).some(({ type }) => type === "type" || type === "lambda")) return false;
  if (parent.type === "attribute") return parent.childForFieldName("object")?.id === node.id;
  return [
    "argument_list",
    "return_statement",
    "binary_operator",
    "comparison_operator",
    "subscript",
  ].includes(parent.type);
}

function droppedAwaits({ text, nodes }) {
  return nodes.flatMap((node) => {
    const [awaited] = node.type === "await" ? node.namedChildren : [];
    if (awaited?.type !== "call") return [];
    const variant = node.parent?.type === "expression_statement" ? "statement" : "value";
    return [swapped("dropped-await", variant, text, node.startIndex, awaited.startIndex, "")];
  });
}

function negatedConditions({ text, nodes }) {
  return nodes.flatMap((node) => {
    if (!["if_statement", "while_statement", "elif_clause"].includes(node.type)) return [];
    const condition = node.childForFieldName("condition");
    if (condition === null || condition.text.includes("\n")) return [];
    if (condition.type === "not_operator") {
      const [operand] = condition.namedChildren;
      return [swapped("negated-condition", "without", text, condition.startIndex, operand.startIndex, "")];
    }
    const isPlain = ["identifier", "attribute", "call", "comparison_operator"].includes(condition.type);
    const put = isPlain ? `not ${condition.text}` : `not (${condition.text})`;
    return [swapped("negated-condition", "with", text, condition.startIndex, condition.endIndex, put)];
  });
}
