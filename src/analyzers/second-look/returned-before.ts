import type { Node } from "web-tree-sitter";
import { capture } from "../../change/imports/grammar.js";
import { isPython } from "../files.js";

const returns = {
  python: "(return_statement (_) @value)",
  // The second is an arrow function without a block: it returns what it is.
  ecmascript: "(return_statement (_) @value) (arrow_function body: (_) @value)",
};

const functions =
  /^(function_definition|function_declaration|function_expression|function|arrow_function|method_definition|generator_function|generator_function_declaration)$/;

/**
 * Whether a function of this name returned a value, in the text of its file before a change. Where nothing was
 * returned, or the text can't be read, no return was taken away.
 */
export async function returnedValue(name: string, file: string, text: string): Promise<boolean> {
  const grammar = isPython(file) ? "python" : /\.[mc]?ts$/.test(file) ? "typescript" : "tsx";
  const query = grammar === "python" ? returns.python : returns.ecmascript;
  try {
    return await capture(grammar, query, text, (captures) =>
      captures.some(({ node }) => isReturnOf(node, name)),
    );
  } catch {
    return false;
  }
}

function isReturnOf(value: Node, name: string): boolean {
  if (value.type === "comment" || value.type === "statement_block") return false;
  let owner = value.parent;
  while (owner !== null && !functions.test(owner.type)) owner = owner.parent;
  if (owner === null) return false;
  const own = owner.childForFieldName("name");
  if (own !== null) return own.text === name;
  // `const f = () => …`, `f: () => …`, `x.f = () => …`, a class's `f = () => …`
  const holder = owner.parent;
  const holding = ["name", "key", "property", "left"].map((field) => holder?.childForFieldName(field)?.text);
  return holding.some((text) => text === name || text?.endsWith(`.${name}`));
}
