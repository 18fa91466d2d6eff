import type { Node } from "web-tree-sitter";
import type { Severity } from "../engine.js";
import { mayEnd } from "./endings.js";
import { above, holds, lineOfNode, parts, quoted } from "./nodes.js";
import type { Grammar, Mistake, Rule, Source } from "./rule.js";

const kinds: Readonly<Partial<Record<Grammar, readonly string[]>>> = {
  go: ["function_declaration", "method_declaration", "func_literal"],
  java: ["method_declaration"],
  "c-sharp": [
    "method_declaration",
    "local_function_statement",
    "operator_declaration",
    "conversion_operator_declaration",
  ],
  php: ["method_declaration", "function_definition"],
  cpp: ["function_definition"],
  kotlin: ["function_declaration"],
};

const nested =
  /^(func_literal|lambda_expression|lambda_literal|anonymous_function|anonymous_function_creation_expression|anonymous_method_expression|arrow_function|local_function_statement|class_body|class_declaration|declaration_list|class_specifier|struct_specifier|object_literal|function_declaration)$/;

/** A function that promises a value and can run off its end. */
export const missingReturns: Rule = {
  kinds: [...new Set(Object.values(kinds).flat())],
  look(node, source) {
    const { grammar } = source;
    if (!kinds[grammar]?.includes(node.type) || node.hasError) return null;
    const body = bodyOf(node, grammar);
    if (!body || !givesValue(node, source) || mayEnd(body, grammar)) return null;
    // Branches of the preprocessor are not to be told apart from what runs.
    if (holds(body, /^preproc_(if|ifdef|else|elif|call|def|function_def)/)) return null;
    if (
      holds(
        body,
        /^(yield_statement|yield_expression|co_yield_statement|co_await_expression|co_return_statement|gnu_asm_expression|asm_statement)$/,
        nested,
      )
    )
      return null;
    const returns = holds(body, /^(return_statement|jump_expression)$/, nested);
    const severity = severityOf(grammar, returns, parts(body).length === 0);
    const name =
      node.childForFieldName("name")?.text ??
      /(\w+)\s*\(/.exec(node.childForFieldName("declarator")?.text ?? "")?.[1];
    return {
      code: "missing-return",
      class: "missing-return",
      severity: severity === "likely" && source.isTest ? "hint" : severity,
      message: `${name ? `'${name}'` : "This function"} promises a value, but can reach its end without a 'return'.`,
      line: body.endPosition.row + 1,
      subject: name,
    };
  },
};

function bodyOf(node: Node, grammar: Grammar): Node | null {
  if (grammar !== "kotlin") {
    const body = node.childForFieldName("body");
    return body && /^(block|compound_statement)$/.test(body.type) ? body : null;
  }
  const body = parts(node).find((one) => one.type === "function_body");
  return body?.children[0]?.type === "{" ? (parts(body)[0] ?? null) : null;
}

function severityOf(grammar: Grammar, returns: boolean, empty: boolean): Severity {
  if (grammar === "go" || grammar === "java" || grammar === "c-sharp") return "certain";
  // Its grammar reads some expressions as two.
  if (grammar === "kotlin") return "hint";
  // Without any `return` it may be a stub, or what its compiler is told never comes back.
  return returns && !empty ? "likely" : "hint";
}

function givesValue(node: Node, { grammar, isC }: Source): boolean {
  switch (grammar) {
    case "go": {
      const result = node.childForFieldName("result");
      return result !== null && (result.type !== "parameter_list" || parts(result).length > 0);
    }
    case "java":
      return node.childForFieldName("type")?.type !== "void_type";
    case "c-sharp":
      return !isEmptyTask(node);
    case "php": {
      const type = node.childForFieldName("return_type")?.text ?? "void";
      return !/^\??(void|never|static|iterable|\\?(Generator|Iterator|Traversable)\b.*)$/i.test(type);
    }
    case "kotlin": {
      const type = kotlinType(node);
      return type !== null && !/^(Unit|Nothing|kotlin\.Unit|kotlin\.Nothing)\??$/.test(type);
    }
    case "cpp":
      return cGivesValue(node, isC);
    default:
      return false;
  }
}

function kotlinType(node: Node): string | null {
  const children = parts(node);
  const at = children.findIndex((one) => one.type === "function_value_parameters");
  const next = children[at + 1];
  return at !== -1 && next && /type$/.test(next.type) ? next.text : null;
}

function isEmptyTask(node: Node): boolean {
  const type = node.childForFieldName("returns") ?? node.childForFieldName("type");
  if (!type || type.text === "void") return true;
  const isAsync = parts(node).some((one) => one.type === "modifier" && one.text === "async");
  return isAsync && !type.text.includes("<");
}

function cGivesValue(node: Node, isC: boolean): boolean {
  const type = node.childForFieldName("type");
  const declarator = node.childForFieldName("declarator");
  if (!type || !declarator || /^(placeholder_type_specifier|decltype)$/.test(type.type)) return false;
  const head = node.text.slice(
    0,
    (node.childForFieldName("body")?.startIndex ?? node.startIndex) - node.startIndex,
  );
  if (/\bmain\s*\(|noreturn|naked|_Noreturn|\boperator\b|->/.test(head)) return false;
  const isPointer = declarator.type === "pointer_declarator" || declarator.type === "reference_declarator";
  if (!isPointer && /^(void|VOID)$/.test(type.text)) return false;
  // A macro where the type stands may be anything.
  if (type.type === "type_identifier" && /^[A-Z_0-9]+$|inline|static|export|api$/i.test(type.text))
    return false;
  if (/^(constexpr|explicit|virtual|static|inline)$/.test(type.text)) return false;
  return isC || !/\b[A-Z_]{3,}\s*\(/.test(head);
}

const functions = new Set([
  "function_declaration",
  "method_declaration",
  "func_literal",
  "lambda_expression",
  "anonymous_method_expression",
  "local_function_statement",
  "constructor_declaration",
  "accessor_declaration",
  "operator_declaration",
  "conversion_operator_declaration",
  "function_item",
  "closure_expression",
  "async_block",
  "function_definition",
  "static_initializer",
  "destructor_declaration",
  "indexer_declaration",
  "property_declaration",
  "compact_constructor_declaration",
  "const_block",
  "gen_block",
  "try_block",
]);

/** A `return` that gives another number of values than the function promises. */
export const returnCounts: Rule = {
  kinds: ["return_statement", "return_expression"],
  look(node, source) {
    const around = above(node, functions);
    if (!around || around.hasError) return null;
    const wrong = source.grammar === "go" ? goReturn(node, around) : oneOrNone(node, around, source);
    if (wrong === null) return null;
    return {
      code: "return-count",
      class: "wrong-return",
      severity: "certain",
      message: wrong,
      line: lineOfNode(node),
    } satisfies Mistake;
  },
};

function goReturn(node: Node, around: Node): string | null {
  const result = around.childForFieldName("result");
  const given = parts(node).flatMap((one) => (one.type === "expression_list" ? parts(one) : [one]));
  const { count, named } = promised(result);
  if (given.length === count || (given.length === 0 && named)) return null;
  // One call can give all of them.
  if (given.length === 1 && given[0]?.type === "call_expression" && count > 1) return null;
  return `The function promises ${count} ${count === 1 ? "value" : "values"}, and ${given.length} ${given.length === 1 ? "is" : "are"} returned here.`;
}

function promised(result: Node | null): { count: number; named: boolean } {
  if (result === null) return { count: 0, named: false };
  if (result.type !== "parameter_list") return { count: 1, named: false };
  const all = parts(result).map((one) => one.childrenForFieldName("name").length);
  return {
    count: all.reduce((sum, names) => sum + Math.max(names, 1), 0),
    named: all.some((names) => names > 0),
  };
}

function oneOrNone(node: Node, around: Node, { grammar }: Source): string | null {
  // `this` has no named node in C#.
  const given = !/^return\s*;?$/.test(node.text.replace(/\/[/*].*/s, ""));
  if (grammar === "java" && around.type === "method_declaration") {
    return contradiction(given, around.childForFieldName("type")?.type === "void_type");
  }
  if (grammar === "c-sharp" && /^(method_declaration|local_function_statement)$/.test(around.type)) {
    const type = (around.childForFieldName("returns") ?? around.childForFieldName("type"))?.text ?? "";
    const isAsync = parts(around).some((one) => one.type === "modifier" && one.text === "async");
    if (isAsync && type !== "void" && !/^(Task|ValueTask)(<|$)/.test(type)) return null;
    return contradiction(given, isEmptyTask(around));
  }
  if (grammar === "rust" && around.type === "function_item" && !given) {
    const type = around.childForFieldName("return_type");
    return type && /^(generic_type|primitive_type|reference_type)$/.test(type.type)
      ? contradiction(false, false)
      : null;
  }
  return null;
}

function contradiction(given: boolean, isVoid: boolean): string | null {
  if (given && isVoid) return "A value is returned from a function that gives none.";
  if (!given && !isVoid) return "The function promises a value, and none is returned here.";
  return null;
}

/** Statements after which a Rust function has no value to give. */
const valueless =
  /^(let_declaration|assignment_expression|compound_assignment_expr|for_expression|while_expression)$/;
const printing =
  /^(println|print|eprintln|eprint|write|writeln|assert|assert_eq|assert_ne|debug_assert|debug|info|warn|trace|log)$/;

/** A Rust function with a value whose last statement has none: a semicolon too many, or a last line left out. */
export const missingTails: Rule = {
  kinds: ["function_item"],
  look(node, { grammar }) {
    const body = node.childForFieldName("body");
    const type = node.childForFieldName("return_type");
    if (grammar !== "rust" || !body || !type || node.hasError) return null;
    if (/^(unit_type|never_type|abstract_type)$/.test(type.type) || /^\(\s*\)$|^!$/.test(type.text))
      return null;
    const statements = parts(body).filter(
      (one) => one.type !== "empty_statement" && !/_item$/.test(one.type),
    );
    const last = statements.at(-1);
    if (!last || statements.some((one) => leavesRust(one))) return null;
    const inner = last.type === "expression_statement" ? last.namedChild(0) : last;
    if (!inner) return null;
    const macro =
      inner.type === "macro_invocation" && last.text.endsWith(";")
        ? (inner.childForFieldName("macro")?.text ?? "")
        : "";
    const isLone = inner.type === "if_expression" && inner.childForFieldName("alternative") === null;
    const isDropped =
      last.type === "expression_statement" &&
      last.text.endsWith(";") &&
      /^(identifier|field_expression|integer_literal|string_literal|boolean_literal|struct_expression|binary_expression|tuple_expression|reference_expression|array_expression)$/.test(
        inner.type,
      );
    const isWrapped =
      last.type === "expression_statement" &&
      last.text.endsWith(";") &&
      inner.type === "call_expression" &&
      /^(Ok|Err|Some)$/.test(inner.childForFieldName("function")?.text ?? "");
    if (!valueless.test(inner.type) && !printing.test(macro) && !isLone && !isDropped && !isWrapped)
      return null;
    if (inner.type === "while_expression" && /^while\s+true\b/.test(inner.text)) return null;
    const isAlias = type.type === "type_identifier";
    const name = node.childForFieldName("name")?.text ?? "";
    return {
      code: "missing-return",
      class: "missing-return",
      severity: isAlias ? "likely" : "certain",
      message:
        isDropped || isWrapped
          ? `The semicolon behind ${quoted(inner.text)} drops the value that '${name}' promises.`
          : `'${name}' promises a value, but its last statement has none.`,
      line: last.endPosition.row + 1,
      subject: name,
    };
  },
};

function leavesRust(statement: Node): boolean {
  const inner = statement.type === "expression_statement" ? statement.namedChild(0) : statement;
  if (!inner) return false;
  if (/^(return_expression|loop_expression|break_expression|continue_expression)$/.test(inner.type))
    return true;
  return (
    inner.type === "macro_invocation" &&
    /^(panic|unreachable|todo|unimplemented|bail|compile_error)/.test(
      inner.childForFieldName("macro")?.text ?? "",
    )
  );
}
