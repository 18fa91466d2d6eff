import type { Node } from "web-tree-sitter";
import { holds, parts } from "./nodes.js";
import type { Grammar } from "./rule.js";

const functionLike =
  /^(function_declaration|method_declaration|function_definition|function_item|func_literal|lambda_expression|lambda_literal|anonymous_function|anonymous_function_creation_expression|anonymous_method_expression|arrow_function|closure_expression|local_function_statement|class_body|class_declaration|class_specifier|struct_specifier|accessor_declaration)$/;
const breakable =
  /^(for_statement|while_statement|do_statement|do_while_statement|enhanced_for_statement|foreach_statement|for_range_loop|switch_statement|switch_expression|expression_switch_statement|type_switch_statement|select_statement|loop_expression|while_expression|for_expression)$/;

/** Calls that don't come back, by their names: what they do is not to be seen here. */
const noReturn =
  /(abort|exit|panic|fatal|die|usage|fail|throw|error|unreachable|not_?reached|longjmp|assert|terminate|trap|never|halt|quit|crash|bug|raise|todo|exec|rethrow|redirect|forward|respond|send|deny|not_?found|unimplemented|bail|croak|stop|done)/i;

/**
 * False only when a statement surely goes on to the next one: `missing return` is said of nothing else. The rules are
 * those of the languages' specifications (Go: terminating statements; Java: statements that can complete normally),
 * and what syntax leaves open counts as an end.
 */
export function mayEnd(node: Node | undefined, grammar: Grammar): boolean {
  if (!node) return false;
  const inner = (name: string) => node.childForFieldName(name) ?? undefined;
  switch (node.type) {
    case "return_statement":
    case "throw_statement":
    case "goto_statement":
    case "co_return_statement":
    case "exit_statement":
    case "jump_expression":
    case "fallthrough_statement":
    case "yield_statement":
    case "ERROR":
      return true;
    case "continue_statement":
      return true;
    case "block":
    case "compound_statement":
    case "statement_list":
    case "statements":
    case "colon_block":
    case "control_structure_body":
    case "checked_statement":
    case "unsafe_statement":
    case "try_block":
      return listEnds(parts(node), grammar);
    case "else_clause": {
      const body = inner("body") ?? parts(node)[0];
      return mayEnd(body, grammar);
    }
    case "if_statement":
    case "if_expression":
      return ifEnds(node, grammar);
    case "labeled_statement":
      return mayEnd(parts(node).at(-1), grammar);
    case "synchronized_statement":
    case "lock_statement":
    case "using_statement":
    case "fixed_statement":
    case "declare_statement":
      return mayEnd(inner("body") ?? parts(node).at(-1), grammar);
    case "for_statement":
    case "while_statement":
    case "do_statement":
    case "do_while_statement":
      return loopEnds(node, grammar);
    case "try_statement":
    case "try_with_resources_statement":
    case "try_expression":
      return tryEnds(node, grammar);
    case "switch_statement":
    case "switch_expression":
    case "expression_switch_statement":
    case "type_switch_statement":
    case "select_statement":
    case "when_expression":
      return switchEnds(node, grammar);
    case "expression_statement":
      return expressionEnds(parts(node)[0], grammar);
    case "call_expression":
      return expressionEnds(node, grammar);
    default:
      return /^preproc_|_macro$|^asm_|^gnu_asm|^text_interpolation|^seh_/.test(node.type);
  }
}

function listEnds(statements: readonly Node[], grammar: Grammar): boolean {
  if (grammar === "java" && statements.some((one) => mayEnd(one, grammar))) return true;
  return mayEnd(statements.filter((one) => one.type !== "empty_statement").at(-1), grammar);
}

function ifEnds(node: Node, grammar: Grammar): boolean {
  const first = node.childForFieldName("consequence") ?? node.childForFieldName("body") ?? undefined;
  const others = node.childrenForFieldName("alternative").flatMap((one) => one ?? []);
  const last = others.at(-1);
  if (!last || /^(else_if_clause)$/.test(last.type)) return false;
  return [first, ...others].every((one) =>
    mayEnd(one?.type === "else_if_clause" ? (one.childForFieldName("body") ?? undefined) : one, grammar),
  );
}

function loopEnds(node: Node, grammar: Grammar): boolean {
  if (grammar === "go") {
    const clause = parts(node).find((one) => /^(range_clause|for_clause)$/.test(one.type));
    const hasCondition =
      clause?.type === "range_clause" ||
      clause?.childForFieldName("condition") != null ||
      parts(node).some((one) => !/^(for_clause|range_clause|block)$/.test(one.type));
    return !hasCondition && !isLeft(node);
  }
  const condition =
    node.childForFieldName("condition") ??
    (grammar === "kotlin" ? parts(node).find((one) => one.type !== "control_structure_body") : undefined);
  const text = condition?.text.replace(/[()\s]/g, "") ?? (node.type === "for_statement" ? "true" : "");
  const isForever =
    /^(true|TRUE|1|!0|!false|;*)$/.test(text) || (node.type === "for_statement" && condition == null);
  // A name may be a constant.
  if (!isForever) return /^[A-Za-z_][\w.:]*$/.test(text);
  return !isLeft(node);
}

/** True when a `break` leads out of a loop or a switch. */
function isLeft(node: Node): boolean {
  const label = node.parent?.type === "labeled_statement" ? (parts(node.parent)[0]?.text ?? null) : null;
  let left = false;
  const search = (at: Node, isOwn: boolean) => {
    for (const child of at.namedChildren) {
      if (left || !child || functionLike.test(child.type)) continue;
      if (
        child.type === "break_statement" ||
        child.type === "break_expression" ||
        (child.type === "jump_expression" && /^break\b/.test(child.text))
      ) {
        const to = parts(child)[0]?.text;
        if (/^\d+$/.test(to ?? "")) left = true;
        else if (to === undefined ? isOwn : to === label) left = true;
      } else search(child, isOwn && !breakable.test(child.type));
    }
  };
  search(node, true);
  return left;
}

function tryEnds(node: Node, grammar: Grammar): boolean {
  const body =
    node.childForFieldName("body") ??
    parts(node).find((one) => /^(block|compound_statement|statements)$/.test(one.type));
  const last = parts(node).find((one) => /^finally_(clause|block)$/.test(one.type));
  if (last && mayEnd(parts(last).at(-1), grammar)) return true;
  const catches = parts(node).filter((one) => /^catch_(clause|block)$/.test(one.type));
  // An empty `try` of Kotlin has no node.
  if (!body) return true;
  return [body, ...catches.map((one) => one.childForFieldName("body") ?? parts(one).at(-1))].every((one) =>
    mayEnd(one, grammar),
  );
}

function switchEnds(node: Node, grammar: Grammar): boolean {
  const body = node.childForFieldName("body") ?? node;
  if (grammar === "java" && /^switch_rule$/.test(parts(body)[0]?.type ?? "")) {
    const rules = parts(body);
    // Over an enum or a sealed type it may be complete without a default.
    if (!rules.some(isDefault)) return true;
    return !isLeft(node) && rules.every((one) => mayEnd(parts(one).at(-1), grammar));
  }
  const groups = parts(body).filter((one) => /(case|default|group|section|entry)/.test(one.type));
  if (groups.length === 0) return true;
  // C's compilers, too, take a switch over all of an enum for complete.
  if (node.type !== "select_statement" && grammar !== "cpp" && !groups.some(isDefault)) {
    // Patterns and enums can be complete without one.
    return (
      grammar === "kotlin" || (grammar === "java" && holds(body, /^(type_pattern|record_pattern|pattern)$/))
    );
  }
  if (isLeft(node)) return false;
  const ends = (group: Node) => {
    const statements = parts(group).filter(
      (one) =>
        !/^(switch_label|expression_list|constant_pattern|.*_pattern|when_clause|when_condition|type_identifier)$/.test(
          one.type,
        ),
    );
    const last = statements.at(-1);
    return last !== undefined && (mayEnd(last, grammar) || last.type === "fallthrough_statement");
  };
  if (grammar === "go" || grammar === "c-sharp" || grammar === "kotlin") return groups.every(ends);
  // Groups fall through to the next, so only the last one can run out; empty ones share the next one's code.
  const last = groups.at(-1);
  return last !== undefined && ends(last);
}

function isDefault(group: Node): boolean {
  return (
    group.type === "default_case" ||
    group.type === "default_statement" ||
    /^(default|else)\b/.test(group.text) ||
    /(^|[\s;}])default\s*(:|->)/.test(group.text.slice(0, 2_000))
  );
}

function expressionEnds(node: Node | undefined, grammar: Grammar): boolean {
  if (!node) return false;
  if (node.type === "throw_expression" || node.type === "yield_expression") return true;
  if (/(call|invocation|creation)_expression$|^method_invocation$|^macro_invocation$/.test(node.type)) {
    if (grammar === "go") return /^panic\(/.test(node.text);
    // For these compilers a call always comes back.
    if (grammar === "java" || grammar === "c-sharp") return false;
    const name =
      /([\w$]+)\s*(::<[^(]*>)?[!(]/.exec(
        node.text.replace(/^[\s\S]*?(?=[\w$]+\s*\([^()]*(\([^()]*\)[^()]*)*\)$)/, ""),
      )?.[1] ?? node.text;
    return (
      noReturn.test(
        node.childForFieldName("function")?.text ?? node.childForFieldName("name")?.text ?? name,
      ) || /^[A-Z_0-9]+$/.test(name)
    );
  }
  // The macro of a library, a continuation, or the value of a block.
  return (
    /^(parenthesized_expression|co_await_expression|conditional_expression|switch_expression|when_expression)$/.test(
      node.type,
    ) &&
    grammar !== "java" &&
    grammar !== "c-sharp"
  );
}
