import type { Node } from "web-tree-sitter";
import { above, holds, lineOfNode, parts, quoted, squeezed } from "./nodes.js";
import { binaryKinds, isLiteral, isPlain, operation } from "./operands.js";
import type { Mistake, Rule, Source } from "./rule.js";

const comparing = /^(==|!=|===|!==|<|>|<=|>=|<>|=|=~|eql\?|-eq|-ne|-lt|-gt|-le|-ge)$/;
const joining = /^(&&|\|\||and|or)$/;

/** `a == a`, `a.b < a.b`, `x && x`, `a == 1 || b || a == 1`. */
export const comparisons: Rule = {
  kinds: binaryKinds,
  look(node, source) {
    const both = operation(node);
    if (!both) return null;
    const { left, operator, right } = both;
    if (comparing.test(operator)) {
      const text = squeezed(left);
      if (text !== squeezed(right) || isLiteral(left) || !isPlain(left)) return null;
      if (isAsserted(node) || isForNaN(left, operator, node, source)) return null;
      return {
        code: "self-comparison",
        class: "self-comparison",
        severity: source.isTest || isInTests(node, source) ? "hint" : "likely",
        message: `${quoted(left.text)} is compared with itself.`,
        line: lineOfNode(node),
      };
    }
    if (!joining.test(operator)) return null;
    return repeated(node, operator, source);
  },
};

/** Only of the outermost of a chain of the same operator. */
function repeated(node: Node, operator: string, source: Source): Mistake | null {
  const outer = node.parent;
  if (outer && binaryKinds.includes(outer.type) && operation(outer)?.operator === operator) return null;
  const seen = new Set<string>();
  const queue = [node];
  for (let at = queue.pop(); at; at = queue.pop()) {
    const both = binaryKinds.includes(at.type) ? operation(at) : null;
    if (both?.operator === operator) {
      queue.push(both.left, both.right);
      continue;
    }
    const text = squeezed(at);
    if (seen.has(text) && isPlain(at) && !isLiteral(at) && !isAsserted(node)) {
      return {
        code: "repeated-operand",
        class: "constant-condition",
        severity: source.isTest ? "hint" : "likely",
        message: `${quoted(at.text)} is on both sides of '${operator}': one of them is not needed, or something else was meant.`,
        line: lineOfNode(node),
      };
    }
    seen.add(text);
  }
  return null;
}

const calls = new Set([
  "call_expression",
  "method_invocation",
  "invocation_expression",
  "function_call_expression",
  "member_call_expression",
  "scoped_call_expression",
  "macro_invocation",
  "call",
  "static_assert_declaration",
]);

/** A check of the operator itself. */
function isAsserted(node: Node): boolean {
  const call = above(node, calls);
  if (call === null) return false;
  if (call.type === "static_assert_declaration") return true;
  const name =
    call.childForFieldName("function") ?? call.childForFieldName("name") ?? call.childForFieldName("method");
  return /assert|expect|check|require|should|verify|ensure|\b(is)?(true|false)\b|equal/i.test(
    (name ?? call).text.slice(0, 80),
  );
}

const functions =
  /^(function_declaration|method_declaration|function_definition|function_item|local_function_statement|method|singleton_method|constructor_declaration|operator_declaration)$/;

/** A floating-point number that is no number differs from itself, which is how some code asks for it. */
function isForNaN(left: Node, operator: string, node: Node, { grammar, text }: Source): boolean {
  if (grammar === "bash" || /^(<|>|<>|-[lg]t)$/.test(operator)) return false;
  const line = lineOfNode(node);
  const lines = text.split("\n").slice(Math.max(0, line - 4), line + 2);
  if (lines.some((one) => /nan|infinit|float|double|numeric|reflexive/i.test(one))) return true;
  let around = node.parent;
  while (around !== null && !functions.test(around.type)) around = around.parent;
  if (around && /nan|isfinite|isinf|compare|equals?\b/i.test(around.text.split(/[{\n]/, 1)[0] ?? ""))
    return true;
  const name = /(\w+)\W*$/.exec(left.text)?.[1] ?? "";
  const float =
    "(?:long )?(?:float|double|f32|f64|f16|float32|float64|Float|Double|Single|Half|half|real|T|U|V|_Tp|auto)";
  const before = new RegExp(`\\b${float}\\b[&*?\\s]+(?:\\w+\\s*,\\s*)*${name}\\b`);
  const after = new RegExp(`\\b${name}\\b\\s*(?:,\\s*\\w+\\s*)*:?\\s*[&*]?\\s*\\b${float}\\b`);
  return before.test(text) || after.test(text);
}

/** Rust keeps unit tests beside what they test. */
export function isInTests(node: Node, { grammar }: Source): boolean {
  if (grammar !== "rust") return false;
  for (let at = node.parent; at !== null; at = at.parent) {
    if (at.type === "mod_item" && /^(tests?|.*_tests?)$/.test(at.childForFieldName("name")?.text ?? ""))
      return true;
  }
  return false;
}

const assignmentKinds = [
  "assignment_statement",
  "assignment_expression",
  "assignment",
  "variable_assignment",
];

/** `x = x`, `a.b = a.b`. */
export const selfAssignments: Rule = {
  kinds: assignmentKinds,
  look(node, source) {
    const both = operation(node);
    if (both?.operator !== "=" || source.grammar === "bash") return null;
    const { left, right } = both;
    const text = squeezed(left);
    if (text !== squeezed(right) || !isPlain(left)) return null;
    // There it names what is set.
    if (/initializer|attribute_argument|element_value_pair|with_/.test(node.parent?.type ?? "")) return null;
    if (source.grammar === "cpp" && source.text.includes("#define") && /^[A-Z_]+$/.test(text)) return null;
    // A setter, a volatile register or a copy-on-write value may do something.
    const isName = /^[$]?\w+$/.test(text);
    const mayDo = !isName && /^(c-sharp|ruby|php|kotlin|cpp)$/.test(source.grammar);
    const isProperty = source.grammar === "c-sharp" && /(^|\.)[A-Z]\w*$/.test(text);
    return {
      code: "self-assignment",
      class: "self-assignment",
      severity: mayDo || isProperty || source.isTest || isInTests(node, source) ? "hint" : "likely",
      message: `${quoted(left.text)} is assigned to itself.`,
      line: lineOfNode(node),
    };
  },
};

const chains = ["if_statement", "if_expression", "if"];

/** The same condition twice in an `if … else if` chain: the second branch is never taken. */
export const repeatedConditions: Rule = {
  kinds: chains,
  look(node, source) {
    if (isContinuation(node)) return null;
    const seen = new Set<string>();
    const found: Mistake[] = [];
    for (const condition of conditionsOf(node)) {
      // What stands before the condition changes what it means.
      if (
        condition.parent?.childForFieldName("initializer") ??
        condition.parent?.childForFieldName("initializer")
      )
        break;
      const text = squeezed(condition);
      if (seen.has(text) && isJudgeable(condition)) {
        found.push({
          code: "duplicate-condition",
          class: "constant-condition",
          severity: isPlainCondition(condition) ? "likely" : "hint",
          message: `The condition ${quoted(condition.text)} is there twice in one chain: the second branch is never taken.`,
          line: lineOfNode(condition),
        });
      }
      seen.add(text);
    }
    return source.grammar === "bash" ? null : found;
  },
};

function isContinuation(node: Node): boolean {
  const above = node.parent;
  if (!above) return false;
  if (/^(else_clause|else_if_clause)$/.test(above.type)) return true;
  if (above.type === "control_structure_body")
    return (
      above.parent?.childForFieldName("alternative")?.id === above.id && chains.includes(above.parent.type)
    );
  return chains.includes(above.type) && above.childForFieldName("alternative")?.id === node.id;
}

function conditionsOf(start: Node): Node[] {
  const found: Node[] = [];
  const queue: Node[] = [start];
  for (let at = queue.shift(); at && found.length < 200; at = queue.shift()) {
    const condition = at.childForFieldName("condition");
    if (condition) found.push(condition);
    for (const alternative of at.childrenForFieldName("alternative")) {
      if (!alternative) continue;
      const [inner] = parts(alternative);
      if (/^(if_statement|if_expression|elsif|else_if_clause)$/.test(alternative.type))
        queue.push(alternative);
      else if (
        inner &&
        /^(else_clause|control_structure_body)$/.test(alternative.type) &&
        chains.includes(inner.type)
      )
        queue.push(inner);
      else if (
        alternative.type === "else_clause" &&
        inner &&
        chains.includes(alternative.childForFieldName("body")?.type ?? "")
      )
        queue.push(inner);
    }
  }
  return found;
}

const changing =
  /^(assignment|assignment_expression|assignment_statement|update_expression|inc_statement|postfix_|let_condition|let_chain|await|yield|declaration)/;

/** Not one that changes what it asks, binds a name, or reads the next of something. */
function isJudgeable(condition: Node): boolean {
  return (
    !holds(condition, changing) &&
    !/\b(next|read|accept|match|consume|scan|poll|try|take|shift|pop|advance|eat|expect)\w*\s*\(/i.test(
      condition.text,
    )
  );
}

function isPlainCondition(condition: Node): boolean {
  const inner =
    condition.type === "condition_clause" ? (condition.childForFieldName("value") ?? condition) : condition;
  return everyOperand(inner);
}

function everyOperand(node: Node): boolean {
  if (isPlain(node)) return true;
  const both = binaryKinds.includes(node.type) ? operation(node) : null;
  if (both) return everyOperand(both.left) && everyOperand(both.right);
  const [inner, ...rest] = parts(node);
  return (
    /^(parenthesized_expression|unary_expression|prefix_expression|prefix_unary_expression|unary)$/.test(
      node.type,
    ) &&
    inner !== undefined &&
    rest.length === 0 &&
    everyOperand(inner)
  );
}
