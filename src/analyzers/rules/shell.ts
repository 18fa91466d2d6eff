import type { Node } from "web-tree-sitter";
import { above, lineOfNode, parts, quoted } from "./nodes.js";
import type { Mistake, Rule } from "./rule.js";

const mistake = (
  node: Node,
  code: string,
  message: string,
  severity: Mistake["severity"] = "likely",
): Mistake => ({
  code,
  class: "wrong-use",
  severity,
  message,
  line: lineOfNode(node),
});

/** A test whose brackets touch what is in them: the shell takes both for one word. */
export const shellTests: Rule = {
  kinds: ["test_command"],
  look(node, { grammar }) {
    if (grammar !== "bash") return null;
    const { text } = node;
    if (/^\[\[?[^\s[:]/.test(text) && /^\[+\$|^\[+["'!-]/.test(text)) {
      return mistake(
        node,
        "test-spacing",
        `A space is missing behind the bracket of ${quoted(text)}: the shell looks for a command of that name.`,
      );
    }
    const last = /([^\s\]])(\]\]?)$/.exec(text);
    if (last && !/[[;:]$/.test(text.slice(0, -2)) && !text.slice(1, -1).includes("[")) {
      return mistake(node, "test-spacing", `A space is missing before the last bracket of ${quoted(text)}.`);
    }
    return null;
  },
};

/** `NAME = value` and `$NAME=value`, which run a command instead of setting a variable. */
export const shellAssignments: Rule = {
  kinds: ["command"],
  look(node, { grammar }) {
    if (grammar !== "bash") return null;
    const name = node.childForFieldName("name");
    const first = node.childForFieldName("argument");
    if (!name) return null;
    if (
      first?.text === "=" &&
      /^[A-Za-z_]\w*$/.test(name.text) &&
      name.text !== "test" &&
      name.text !== "expr" &&
      name.text !== "let"
    ) {
      return mistake(
        node,
        "assignment-spacing",
        `This runs '${name.text}' as a command: no spaces around '=' in an assignment.`,
      );
    }
    if (/^\$\w+=/.test(name.text)) {
      return mistake(
        node,
        "assignment-dollar",
        `No '$' before the name in an assignment: ${quoted(name.text)} runs a command.`,
      );
    }
    return null;
  },
};

const functions = new Set(["function_definition"]);

/** `local` outside of a function, which is an error at run time. */
export const shellLocals: Rule = {
  kinds: ["declaration_command"],
  look(node, { grammar, text }) {
    if (grammar !== "bash" || !/^local\b/.test(node.text) || above(node, functions)) return null;
    if (node.tree.rootNode.hasError || /\b(eval|source)\b/.test(text.slice(0, 0)) || parts(node).length === 0)
      return null;
    return mistake(node, "local-outside", "'local' works in a function only.");
  },
};
