import type { Node, QueryCapture } from "web-tree-sitter";
import { statementsOf } from "./flow.js";

/** A mistake that one Python file shows by itself. */
export interface PythonMistake {
  kind: "self-comparison" | "duplicate-key" | "duplicate-case" | "constant-condition" | "unreachable-code";
  /** 1-based. */
  line: number;
  message: string;
  /** True for a shape that is meant at times. */
  isDoubtful: boolean;
  /** For a comparison: its operator, and what is on both sides. */
  operator?: string;
  operand?: string;
}

/** The nodes that `mistakesOf` looks at. */
export const wanted = `(comparison_operator) @compare (dictionary) @dictionary (if_statement) @if
  (match_statement) @match (block) @block (boolean_operator) @boolean`;

/** The mistakes in a module. One that does not parse gives none: what the parser made up proves nothing. */
export function mistakesOf(captures: readonly QueryCapture[]): PythonMistake[] {
  if (captures[0]?.node.tree.rootNode.hasError) return [];
  return captures.flatMap(({ name, node }) => {
    switch (name) {
      case "compare":
        return comparisons(node);
      case "dictionary":
        return duplicateKeys(node);
      case "if":
        return duplicateConditions(node);
      case "match":
        return duplicateCases(node);
      case "block":
      case "module":
        return unreachable(node);
      case "boolean":
        return constantOperand(node);
      default:
        return [];
    }
  });
}

function lineOf(node: Node): number {
  return node.startPosition.row + 1;
}

function short(text: string): string {
  const one = text.replace(/\s+/g, " ");
  return one.length > 80 ? `${one.slice(0, 79)}…` : one;
}

const literals = new Set(["integer", "float", "string", "true", "false", "none", "concatenated_string"]);

function isLiteral(node: Node): boolean {
  return literals.has(node.type) && !node.namedChildren.some((one) => one?.type === "interpolation");
}

/** Gives the same value when it is read twice: names, their attributes and items, and what is made of those. */
function isPure(node: Node): boolean {
  switch (node.type) {
    case "identifier":
      return true;
    case "attribute":
      return isPureField(node, "object");
    case "subscript":
      return node.namedChildren.every((one) => one !== null && isPure(one));
    case "parenthesized_expression":
    case "unary_operator":
    case "binary_operator":
    case "slice":
    case "tuple":
      return node.namedChildren.every((one) => one !== null && isPure(one));
    case "comparison_operator":
    case "boolean_operator":
    case "not_operator":
      return node.namedChildren.every((one) => one !== null && isPure(one));
    default:
      return isLiteral(node);
  }
}

function isPureField(node: Node, field: string): boolean {
  const value = node.childForFieldName(field);
  return value !== null && isPure(value);
}

function comparisons(node: Node): PythonMistake[] {
  const found: PythonMistake[] = [];
  let left: Node | null = null;
  let operator = "";
  for (const child of node.children) {
    if (child === null || child.type === "comment") continue;
    if (!child.isNamed) {
      operator = operator === "" ? child.text : `${operator} ${child.text}`;
      continue;
    }
    if (left !== null) {
      const mistake = comparison(left, operator.replace(/\s+/g, " "), child);
      if (mistake) found.push(mistake);
    }
    left = child;
    operator = "";
  }
  return found;
}

function comparison(left: Node, operator: string, right: Node): PythonMistake | null {
  if (isLiteral(left) && isLiteral(right) && !/\bin\b/.test(operator)) {
    return {
      kind: "constant-condition",
      line: lineOf(left),
      message: `Two literals are compared (${short(left.text)} ${operator} ${short(right.text)}): the answer is always the same.`,
      isDoubtful: false,
    };
  }
  if (isLiteral(left) || !isPure(left) || bare(left) !== bare(right)) return null;
  const operand = short(bare(left));
  return {
    kind: "self-comparison",
    line: lineOf(left),
    message: `"${operand}" is compared with itself by "${operator}": the answer is always the same.`,
    isDoubtful: false,
    operator,
    operand,
  };
}

/** An expression's text, however it is set. */
function bare(node: Node): string {
  let at = node;
  for (let inner = at.namedChildren[0]; at.type === "parenthesized_expression" && inner; ) {
    at = inner;
    inner = at.namedChildren[0];
  }
  return at.text.replace(/\s+/g, " ");
}

function duplicateKeys(node: Node): PythonMistake[] {
  const found: PythonMistake[] = [];
  const seen = new Map<string, { value: string; line: number }>();
  for (const child of node.namedChildren) {
    if (child?.type !== "pair") continue;
    const key = child.childForFieldName("key");
    const value = child.childForFieldName("value")?.text ?? "";
    const text = key && keyText(key);
    if (!key || !text) continue;
    const before = seen.get(text);
    if (before && before.value !== value) {
      found.push({
        kind: "duplicate-key",
        line: lineOf(key),
        message: `The key ${short(key.text)} is given twice in one dictionary (before on line ${before.line}): only the last value counts.`,
        isDoubtful: false,
      });
    }
    seen.set(text, { value, line: lineOf(key) });
  }
  return found;
}

/** What is the same key to Python, as far as text tells; null when that can't be told. */
function keyText(key: Node): string | null {
  switch (key.type) {
    case "string": {
      const match = /^([bBuU]?)("""|'''|"|')([\s\S]*)\2$/.exec(key.text);
      if (!match || (match[3] ?? "").includes("\\")) return null;
      return `${/b/i.test(match[1] ?? "") ? "bytes" : "text"}:${match[3]}`;
    }
    case "integer":
      return /^\d+$/.test(key.text) ? `number:${Number(key.text)}` : `number:${key.text}`;
    case "true":
    case "false":
    case "none":
      return key.text;
    case "tuple":
      return key.namedChildren.every((one) => one !== null && isPure(one)) ? bare(key) : null;
    // A name may have another value by then only if something in between gave it one.
    case "identifier":
    case "attribute":
      return isPure(key) ? key.text : null;
    default:
      return null;
  }
}

function duplicateConditions(node: Node): PythonMistake[] {
  const found: PythonMistake[] = [];
  const seen = new Map<string, number>();
  const clauses = node.namedChildren.filter((one) => one?.type === "elif_clause");
  for (const one of [node, ...clauses]) {
    const condition = one?.childForFieldName("condition");
    if (!condition || !isPure(condition) || isLiteral(condition)) continue;
    const text = bare(condition);
    const before = seen.get(text);
    if (before !== undefined) {
      found.push({
        kind: "duplicate-case",
        line: lineOf(condition),
        message: `The condition "${short(text)}" was asked already on line ${before}: this branch is never taken.`,
        isDoubtful: false,
      });
    } else seen.set(text, lineOf(condition));
  }
  return found;
}

function duplicateCases(node: Node): PythonMistake[] {
  const found: PythonMistake[] = [];
  const seen = new Map<string, number>();
  for (const clause of node.childForFieldName("body")?.namedChildren ?? []) {
    if (clause?.type !== "case_clause") continue;
    const patterns = clause.namedChildren.filter((one) => one?.type === "case_pattern");
    const text = patterns.length === 1 ? (patterns[0]?.text ?? "") : "";
    if (clause.childForFieldName("guard") !== null || !/^("[^"\\]*"|'[^'\\]*'|-?\d+|\w+(\.\w+)+)$/.test(text))
      continue;
    const before = seen.get(text);
    if (before !== undefined) {
      found.push({
        kind: "duplicate-case",
        line: lineOf(clause),
        message: `The case ${short(text)} was given already on line ${before}: this one is never taken.`,
        isDoubtful: false,
      });
    } else seen.set(text, lineOf(clause));
  }
  return found;
}

/** `if kind == "a" or "b":` is always true. */
function constantOperand(node: Node): PythonMistake[] {
  if (node.childForFieldName("operator")?.text !== "or" || !isCondition(node)) return [];
  const left = node.childForFieldName("left");
  const right = node.childForFieldName("right");
  if (!left || !right || !isLiteral(right)) return [];
  const isTrue = right.type === "string" ? !/^\w?(""|'')$/.test(right.text) : /[1-9]/.test(right.text);
  if (!isTrue || right.type === "true" || !/^(comparison|boolean)_operator$/.test(left.type)) return [];
  return [
    {
      kind: "constant-condition",
      line: lineOf(right),
      message: `The condition is always true: "or ${short(right.text)}" does not compare with ${short(right.text)}.`,
      isDoubtful: false,
    },
  ];
}

function isCondition(node: Node): boolean {
  const { parent } = node;
  if (parent?.type === "boolean_operator" || parent?.type === "parenthesized_expression")
    return isCondition(parent);
  return (
    /^(if_statement|elif_clause|while_statement)$/.test(parent?.type ?? "") &&
    parent?.childForFieldName("condition")?.id === node.id
  );
}

function unreachable(block: Node): PythonMistake[] {
  const statements = statementsOf(block);
  const at = statements.findIndex(stops);
  const stop = statements[at];
  const rest = statements.slice(at + 1);
  const [first] = rest;
  if (!stop || !first || isHarmless(stop, rest)) return [];
  return [
    {
      kind: "unreachable-code",
      line: lineOf(first),
      message: `This is never reached: ${endedBy(stop)} on line ${lineOf(stop)} leaves before it.`,
      isDoubtful: /^raise\s+[\w.]*(NotImplemented|Skip|Todo|Deprecat|Unsupported)/i.test(stop.text),
    },
  ];
}

function endedBy(stop: Node): string {
  const word = /^\w+/.exec(stop.text)?.[0] ?? "";
  return /^(return|raise|continue|break)$/.test(word) ? `"${word}"` : `every way out of "${word}"`;
}

/** Does it leave the block, whatever happens in it? Without `with`, which may swallow exceptions. */
function stops(node: Node): boolean {
  const all = (block: Node | null | undefined) => block != null && statementsOf(block).some(stops);
  switch (node.type) {
    case "return_statement":
    case "raise_statement":
    case "continue_statement":
    case "break_statement":
      return true;
    case "if_statement": {
      const clauses = node.namedChildren.filter((one) => one !== null && /_clause$/.test(one.type));
      return (
        clauses.at(-1)?.type === "else_clause" &&
        all(node.childForFieldName("consequence")) &&
        clauses.every((one) => all(one?.childForFieldName("consequence") ?? one?.childForFieldName("body")))
      );
    }
    default:
      return false;
  }
}

/** A `yield` that makes a generator of the function, or what is written for readers and type checkers. */
function isHarmless(stop: Node, rest: readonly Node[]): boolean {
  if (rest.some((one) => one.descendantsOfType("yield").length > 0)) return true;
  if (rest.every(({ type, text }) => type === "pass_statement" || /^(\.\.\.|"|'|r")/.test(text))) return true;
  const [only, ...more] = rest;
  if (!only || more.length > 0) return false;
  if (/^(break|continue|return|return None)$/.test(only.text)) return true;
  return stop.type !== "return_statement" && /^(return|raise|assert)\b/.test(only.text);
}
