import type { Node } from "web-tree-sitter";
import { lineOfNode, parts, quoted } from "./nodes.js";
import { isLiteral } from "./operands.js";
import type { Grammar, Rule } from "./rule.js";

const asking = new Set([
  "if_statement",
  "while_statement",
  "do_statement",
  "if",
  "elsif",
  "while",
  "unless",
  "else_if_clause",
  "if_modifier",
  "unless_modifier",
]);
const assigning: readonly Grammar[] = ["cpp", "java", "php", "c-sharp", "ruby"];

/** `if (x = 5)`: a literal assigned where a comparison was meant. */
export const assignedConditions: Rule = {
  kinds: [...asking],
  look(node, { grammar }) {
    if (!assigning.includes(grammar)) return null;
    let at = node.childForFieldName("condition");
    if (at?.type === "condition_clause") at = at.childForFieldName("value");
    else if (at?.type === "parenthesized_expression") at = parts(at)[0] ?? null;
    // A second pair of brackets says that it is meant.
    if (!at || !/^(assignment_expression|assignment)$/.test(at.type)) return null;
    const value = at.childForFieldName("right");
    const operator = at.childForFieldName("operator")?.text ?? at.children.find((one) => !one?.isNamed)?.text;
    if (!value || operator !== "=" || !isLiteral(value)) return null;
    return {
      code: "assigned-condition",
      class: "constant-condition",
      severity: "likely",
      message: `${quoted(at.text)} assigns, and so the condition is always the same: was a comparison meant?`,
      line: lineOfNode(at),
    };
  },
};

/** `if (x);` and a loop that ends at its own semicolon while a block follows. */
export const emptyBodies: Rule = {
  kinds: [
    "if_statement",
    "while_statement",
    "for_statement",
    "enhanced_for_statement",
    "foreach_statement",
    "for_range_loop",
  ],
  look(node, { grammar }) {
    if (!/^(java|cpp|c-sharp|php)$/.test(grammar)) return null;
    const isIf = node.type === "if_statement";
    const body =
      node.childForFieldName(isIf && grammar !== "php" ? "consequence" : "body") ?? emptyAtEnd(node);
    if (body?.text.trim() !== ";") return null;
    // With an `else` it says "nothing then"; a macro that was left out leaves only its semicolon.
    if (isIf && node.childForFieldName("alternative") !== null) return null;
    const next = node.nextNamedSibling;
    const block =
      next !== null &&
      /^(block|compound_statement)$/.test(next.type) &&
      next.startPosition.row - body.endPosition.row <= 1;
    if (!block && (!isIf || node.parent?.type.startsWith("preproc"))) return null;
    return {
      code: "empty-body",
      class: "constant-condition",
      severity: block ? "likely" : "hint",
      message: block
        ? "The semicolon ends this statement: the block behind it runs whatever the condition says."
        : "The semicolon ends this 'if': the condition decides nothing.",
      line: lineOfNode(body),
    };
  },
};

/** In Java's grammar a lone semicolon has no node of its own with a name. */
function emptyAtEnd(node: Node): Node | null {
  const last = node.children.at(-1);
  return last?.type === ";" ? last : null;
}
