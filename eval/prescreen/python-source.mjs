// A Python file as its syntax tree, and what is asked of it in more than one place.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Language, Parser } from "web-tree-sitter";

let loading;

/** Gives `parse(text)`, whose result the caller deletes. */
export function pythonParser() {
  loading ??= load();
  return loading;
}

async function load() {
  await Parser.init();
  const folder = dirname(createRequire(import.meta.url).resolve("@vscode/tree-sitter-wasm"));
  const language = await Language.load(join(folder, "tree-sitter-python.wasm"));
  const parser = new Parser();
  parser.setLanguage(language);
  return (text) => parser.parse(text);
}

export function nodesOf(root) {
  const all = [];
  const visit = (node) => {
    all.push(node);
    for (const child of node.namedChildren) if (child !== null) visit(child);
  };
  visit(root);
  return all;
}

export function ancestors(node) {
  const all = [];
  for (let at = node.parent; at; at = at.parent) all.push(at);
  return all;
}

export function isField(node, field) {
  return node.parent?.childForFieldName(field)?.id === node.id;
}

/** From the start of a statement's first line to the start of the line after its last. */
export function wholeLines(node, text) {
  const start = text.lastIndexOf("\n", node.startIndex - 1) + 1;
  const end = text.indexOf("\n", node.endIndex);
  return { start, end: end === -1 ? text.length : end + 1 };
}

/** The statements of a block, comments left out. */
export function statementsOf(block) {
  return block.namedChildren.filter((one) => one !== null && one.type !== "comment");
}

/** Is an identifier a name that the interpreter looks up here? Certain ones only, and no annotations. */
export function isRead(node) {
  const { parent } = node;
  if (!parent || ancestors(node).some(({ type }) => type === "type" || type === "import_statement"))
    return false;
  switch (parent.type) {
    case "call":
      return isField(node, "function");
    case "attribute":
      return isField(node, "object");
    case "assignment":
      return isField(node, "right");
    case "keyword_argument":
      return isField(node, "value");
    case "if_statement":
    case "while_statement":
      return isField(node, "condition");
    case "argument_list":
      return ["call", "class_definition"].includes(parent.parent?.type ?? "");
    case "subscript":
      return isField(node, "value") || isField(node, "subscript");
    case "for_statement":
    case "for_in_clause":
      return isField(node, "right");
    case "augmented_assignment":
      return isField(node, "right");
    case "default_parameter":
    case "typed_default_parameter":
      return isField(node, "value");
    case "pair":
    case "list":
    case "tuple":
    case "set":
    case "with_item":
    case "conditional_expression":
    case "parenthesized_expression":
    case "unary_operator":
    case "expression_list":
    case "list_splat":
    case "dictionary_splat":
    case "assert_statement":
    case "list_comprehension":
    case "set_comprehension":
    case "generator_expression":
    case "if_clause":
    case "slice":
    case "yield":
    case "return_statement":
    case "comparison_operator":
    case "binary_operator":
    case "boolean_operator":
    case "not_operator":
    case "decorator":
    case "interpolation":
    case "raise_statement":
      return true;
    default:
      return false;
  }
}

/** How often each name is given a meaning somewhere in the file. */
export function bindings(nodes) {
  const counts = new Map();
  for (const node of nodes) {
    if (node.type === "identifier" && binds(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1);
  }
  return counts;
}

const patterns = new Set([
  "pattern_list",
  "tuple_pattern",
  "list_pattern",
  "list_splat_pattern",
  "dictionary_splat_pattern",
]);

function binds(node) {
  let at = node;
  while (at.parent && patterns.has(at.parent.type)) at = at.parent;
  const { parent } = at;
  if (!parent) return false;
  switch (parent.type) {
    case "assignment":
    case "augmented_assignment":
    case "for_statement":
    case "for_in_clause":
      return isField(at, "left");
    case "function_definition":
    case "class_definition":
    case "named_expression":
    case "default_parameter":
    case "typed_default_parameter":
      return isField(at, "name");
    case "aliased_import":
      return isField(at, "alias");
    case "dotted_name":
      return (
        at.id === parent.namedChildren[0]?.id &&
        (parent.parent?.type === "import_statement" ||
          (parent.parent?.type === "import_from_statement" &&
            parent.parent.childForFieldName("module_name")?.id !== parent.id))
      );
    case "parameters":
    case "lambda_parameters":
    case "typed_parameter":
    case "as_pattern_target":
    case "global_statement":
    case "nonlocal_statement":
    case "delete_statement":
      return true;
    default:
      return false;
  }
}

export const builtinNames = new Set(
  `abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
  credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr hash
  help hex id input int isinstance issubclass iter len license list locals map max memoryview min next object oct open
  ord pow print property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple type
  vars zip unicode xrange basestring long reduce reload self cls None True False and as assert async await break class
  continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return
  try while with yield match case _ __file__ __name__ __doc__ __builtins__ __all__ __path__ __version__`.split(
    /\s+/,
  ),
);

export function isBuiltin(name) {
  return builtinNames.has(name) || /^[A-Z]\w*(Error|Exception|Warning|Exit|Interrupt|Iteration)$/.test(name);
}
