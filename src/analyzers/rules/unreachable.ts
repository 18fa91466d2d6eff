import type { Node } from "web-tree-sitter";
import { isComment, lineOfNode, quoted } from "./nodes.js";
import type { Grammar, Mistake, Rule, Source } from "./rule.js";

/** What holds statements that run one after another. */
const sequences: Readonly<Record<Grammar, readonly string[]>> = {
  go: ["statement_list"],
  java: ["block", "switch_block_statement_group", "constructor_body"],
  rust: ["block"],
  php: ["compound_statement", "case_statement", "default_statement", "colon_block"],
  ruby: ["body_statement", "then", "else", "do", "block_body", "begin"],
  "c-sharp": ["block", "switch_section"],
  cpp: ["compound_statement", "case_statement"],
  kotlin: ["statements"],
  bash: ["compound_statement"],
};

const leaving: Readonly<Record<Grammar, RegExp>> = {
  go: /^(return|goto|break|continue)_statement$/,
  java: /^(return|throw|break|continue|yield)_statement$/,
  rust: /^$/,
  php: /^(return|break|continue|goto|exit)_statement$/,
  ruby: /^(return|next|break|redo|retry)$/,
  "c-sharp": /^(return|throw|break|continue|goto)_statement$/,
  cpp: /^(return|throw|break|continue|goto|co_return)_statement$/,
  kotlin: /^jump_expression$/,
  bash: /^$/,
};

/** Statements that are no dead code where they stand. */
const fine =
  /^(labeled_statement|label|case_statement|default_statement|preproc_\w+|empty_statement|heredoc_body|text_interpolation|text|php_tag|php_end_tag|rescue|ensure|else|elsif|when|uninterpreted|switch_label|attribute_item|macro_definition|.*_item|function_definition|function_declaration|local_function_statement|class_declaration|interface_declaration|trait_declaration|enum_declaration|record_declaration|type_declaration|const_declaration|declaration|class_specifier|template_declaration|alias_declaration|using_declaration|type_definition|class|module|method|singleton_method|constant_pattern|when_clause|local_class_declaration|statement_label|ERROR)$/;

/** A statement behind a `return`, `throw`, `break` or the like in the same block. */
export const unreachable: Rule = {
  kinds: [...new Set(Object.values(sequences).flat())],
  look(node, source) {
    const { grammar } = source;
    if (!sequences[grammar].includes(node.type) || node.hasError) return null;
    const statements = node.namedChildren.filter((one): one is Node => one !== null && !isComment(one));
    if (statements.length < 2) return null;
    // Of an `if` and the like only some children are run in order.
    if (statements.some((one) => /^preproc_/.test(one.type))) return null;
    for (const [index, statement] of statements.entries()) {
      const next = statements[index + 1];
      if (!next) return null;
      const how = leaves(statement, grammar);
      if (how === null || fine.test(next.type)) continue;
      // Kotlin's grammar reads some `return f()` as two statements.
      if (grammar === "kotlin" && next.startPosition.row === statement.endPosition.row) continue;
      if (isCourtesy(how, next, source)) return null;
      return dead(how, next, source);
    }
    return null;
  },
};

function dead(how: string, next: Node, { grammar, isTest }: Source): Mistake {
  const severity = grammar === "java" && how !== "call" ? "certain" : grammar === "bash" ? "hint" : "likely";
  return {
    code: "unreachable",
    class: "unreachable",
    severity: severity === "likely" && isTest ? "hint" : severity,
    message: `This is never reached: the ${how === "call" ? "call" : `'${how}'`} before it leaves the block.`,
    line: lineOfNode(next),
    subject: quoted(next.text),
  };
}

/** How a statement leaves its block, or null where it doesn't. */
function leaves(statement: Node, grammar: Grammar): string | null {
  if (leaving[grammar].test(statement.type)) return /^[a-z_]+/.exec(statement.text)?.[0] ?? "return";
  const [inner] = statement.namedChildren;
  if (grammar === "rust" && statement.type === "expression_statement" && inner) {
    if (/^(return|break|continue)_expression$/.test(inner.type)) return inner.type.split("_")[0] ?? "return";
    const macro = inner.type === "macro_invocation" ? inner.childForFieldName("macro")?.text : undefined;
    return macro === "panic" || macro === "unreachable" ? `${macro}!` : null;
  }
  if (grammar === "go" && statement.type === "expression_statement") {
    return /^panic\(/.test(statement.text) ? "panic" : null;
  }
  if (grammar === "php" && statement.type === "expression_statement" && inner?.type === "throw_expression")
    return "throw";
  if (grammar === "ruby" && statement.type === "call") {
    const isRaise =
      statement.childForFieldName("method")?.text === "raise" &&
      statement.childForFieldName("receiver") === null;
    return isRaise && statement.childForFieldName("block") === null ? "raise" : null;
  }
  if (grammar === "bash" && statement.type === "command") {
    return /^(return|exit|break|continue)\b/.exec(statement.text)?.[0] ?? null;
  }
  return null;
}

/** What people write behind a way out to please a compiler, a linter, or a template. */
function isCourtesy(how: string, next: Node, { grammar }: Source): boolean {
  if (/^(break|continue)_statement$/.test(next.type)) return grammar !== "java" && grammar !== "go";
  const isReturn = /^return/.test(next.type) || /^(return|exit)\b/.test(next.text);
  if (isReturn && how !== "return") return grammar !== "java";
  // A generator is one by its `yield`, wherever that stands.
  return (
    /^\s*yield\b/.test(next.text) || (grammar === "ruby" && next.type === "identifier" && how !== "return")
  );
}
