import type { Node } from "web-tree-sitter";
import { parts, squeezed, visitBelow } from "./nodes.js";

export interface Operation {
  left: Node;
  operator: string;
  right: Node;
}

/** The kinds of nodes with an operator between two operands. */
export const binaryKinds = [
  "binary_expression",
  "binary",
  "equality_expression",
  "comparison_expression",
  "conjunction_expression",
  "disjunction_expression",
];

/** Both operands and the operator, or null for what is none. */
export function operation(node: Node): Operation | null {
  const [first, ...others] = parts(node);
  const left = node.childForFieldName("left") ?? first;
  const right = node.childForFieldName("right") ?? others.at(-1);
  if (!left || !right || left.id === right.id) return null;
  const operator =
    node.childForFieldName("operator")?.text ?? node.children.find((one) => !one?.isNamed)?.text;
  return operator === undefined ? null : { left, operator, right };
}

const plain = new Set([
  "identifier",
  "field_identifier",
  "type_identifier",
  "package_identifier",
  "namespace_identifier",
  "simple_identifier",
  "scoped_identifier",
  "qualified_identifier",
  "variable_name",
  "name",
  "selector_expression",
  "field_access",
  "field_expression",
  "member_access_expression",
  "navigation_expression",
  "navigation_suffix",
  "class_constant_access_expression",
  "scoped_property_access_expression",
  "index_expression",
  "subscript_expression",
  "element_access_expression",
  "element_reference",
  "array_access",
  "bracketed_argument_list",
  "indexing_expression",
  "indexing_suffix",
  "subscript_argument_list",
  "this",
  "self",
  "this_expression",
  "instance_variable",
  "class_variable",
  "global_variable",
  "constant",
  "scope_resolution",
  "parenthesized_expression",
  "unary_expression",
  "prefix_unary_expression",
  "unary",
  "pointer_expression",
  "reference_expression",
  "cast_expression",
  "primitive_type",
  "type_descriptor",
  "binary_expression",
  "binary",
  "equality_expression",
  "comparison_expression",
  "simple_expansion",
  "expansion",
  "string",
  "string_content",
  "string_fragment",
  "escape_sequence",
  "special_variable_name",
  "nil",
  "null",
  "true",
  "false",
  "boolean",
  "boolean_literal",
  "integer",
  "float",
  "number",
  "simple_symbol",
  "encapsed_string",
  "constant_pattern",
  "expression_list",
]);

/** A name that says of itself that two reads of it need not be equal. */
function isRestless(text: string): boolean {
  return (
    /(^|[._>:$])_?\w*(next|current|now|today|random|rand|volatile)$/i.test(text) ||
    /(^|[._>:$])_?(pop|shift|gets|read|poll|take|dequeue|uuid|guid|tick|get(And|Next))(_\w*|[A-Z]\w*)?$/.test(
      text,
    )
  );
}

/** Calls without arguments that only read. */
const readers = /^(len|length|size|count|is[A-Z_]\w*|get[A-Z_]\w*|as_\w+|name|id|kind|type|key|value|empty)$/;

/** True for an operand whose value can be read twice in a row without a difference: no call, no side effect. */
export function isPlain(node: Node): boolean {
  let fine = true;
  visitBelow(node, (one) => {
    if (!fine) return false;
    if (plain.has(one.type) || /_literal(_content)?$/.test(one.type)) {
      if (/^(\+\+|--|<-|\*&)/.test(one.children[0]?.type ?? "")) fine = false;
      return fine;
    }
    if (isReader(one)) return false;
    fine = false;
    return false;
  });
  return fine && !isRestless(squeezed(node).replace(/\(\)$/, ""));
}

/** `len(x)`, `a.size()`, `a.getName()`; in Ruby every attribute is a call. */
function isReader(node: Node): boolean {
  const callee =
    node.childForFieldName("function") ?? node.childForFieldName("method") ?? node.childForFieldName("name");
  const passed = node.childForFieldName("arguments");
  const given = passed ? parts(passed) : [];
  if (node.type === "call" && passed === null) {
    const receiver = node.childForFieldName("receiver");
    return (
      receiver !== null &&
      isPlain(receiver) &&
      /^\w+$/.test(callee?.text ?? "") &&
      !isRestless(callee?.text ?? "")
    );
  }
  if (
    !/^(call_expression|method_invocation|invocation_expression|member_call_expression|function_call_expression|call)$/.test(
      node.type,
    )
  ) {
    return false;
  }
  if (
    callee?.text === "len" ||
    callee?.text === "cap" ||
    callee?.text === "count" ||
    callee?.text === "strlen"
  ) {
    return (
      given.length === 1 &&
      given[0] !== undefined &&
      isPlain(given[0].type === "argument" ? (given[0].namedChild(0) ?? given[0]) : given[0])
    );
  }
  const name = /(\w+)$/.exec(callee?.text ?? "")?.[1] ?? "";
  const owner =
    node.childForFieldName("object") ??
    node.childForFieldName("receiver") ??
    callee?.childForFieldName("value") ??
    callee?.childForFieldName("operand") ??
    callee?.childForFieldName("expression") ??
    callee?.childForFieldName("argument");
  return given.length === 0 && readers.test(name) && !isRestless(name) && owner != null && isPlain(owner);
}

const literalKind =
  /(_literal|^integer|^float|^number|^string|^encapsed_string|^true|^false|^nil|^null|^boolean|^constant_pattern)$/;

export function isLiteral(node: Node): boolean {
  return (
    literalKind.test(node.type) &&
    !/expansion|interpolation|variable_name/.test(node.namedChild(0)?.type ?? "")
  );
}
