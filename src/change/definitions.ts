import type { Node } from "web-tree-sitter";
import { breathe } from "../breathe.js";
import { definedName } from "./defined-name.js";
import { parse } from "./imports/parsers.js";

/** Something that a file defines, at its top or as a member of what stands there. */
export interface Definition {
  /** A member's with its owner: `Context.json`. */
  name: string;
  kind: "function" | "type" | "value";
  /** 1-based, inclusive. */
  line: number;
  end: number;
  /** Offered to other files, as far as the language says so. */
  exported: boolean;
  /** Its head in one line, at most 200 characters. */
  signature: string;
}

/** Grammars of which definitions are read. */
const grammars: Readonly<Record<string, string>> = {
  ts: "typescript",
  mts: "typescript",
  cts: "typescript",
  tsx: "tsx",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  jsx: "javascript",
  py: "python",
  pyi: "python",
  go: "go",
  rs: "rust",
  java: "java",
  cs: "c-sharp",
  php: "php",
  rb: "ruby",
  c: "cpp",
  h: "cpp",
  cc: "cpp",
  cpp: "cpp",
  hpp: "cpp",
};

const parsedLimit = 512 * 1024;
/** Steps of the parser after which a text is given up. */
const stepLimit = 10_000;
const most = 500;
const signatureLength = 200;

const isFunction =
  /^(?:async_)?(?:function|method|generator_function|constructor)(?:_(?:declaration|definition|item|signature))?$|^singleton_method$|^method_declaration$/;
const isType =
  /^(?:abstract_class|class|interface|enum|struct|trait|record|protocol|module|union|object)(?:_(?:declaration|definition|item|specifier))?$|^type_(?:alias_declaration|item|spec)$/;
/** What only wraps definitions. */
const isWrapper =
  /^(?:export_statement|decorated_definition|namespace_(?:declaration|definition)|file_scoped_namespace_declaration|internal_module|module_declaration|type_declaration|declaration_list|class_body|interface_body|enum_body|body_statement|block|ambient_declaration|mod_item|linkage_specification|template_declaration|program|preproc_ifdef|preproc_if)$/;
const isVariables =
  /^(?:lexical_declaration|variable_declaration|const_item|static_item|const_declaration|var_declaration)$/;
const isBody = /body|block|declaration_list/;

/** Whether definitions are read in files of that name. */
export function hasDefinitions(path: string): boolean {
  return Object.hasOwn(grammars, extensionOf(path));
}

/**
 * What a source text defines, in order; none for a language that is not known and for what can't be parsed. Nothing
 * inside of functions counts. Throws the signal's reason only.
 */
export async function definitionsOf(path: string, text: string, signal?: AbortSignal): Promise<Definition[]> {
  const grammar = grammars[extensionOf(path)];
  if (grammar === undefined || text.length > parsedLimit) return [];
  await breathe(signal);
  const tree = await parse(grammar, text, stepLimit).catch(() => null);
  signal?.throwIfAborted();
  if (tree === null) return [];
  try {
    const found: Definition[] = [];
    collect(tree.rootNode, { found, owner: "", exported: false, depth: 0, grammar });
    return found;
  } finally {
    tree.delete();
  }
}

interface Collecting {
  found: Definition[];
  owner: string;
  /** A wrapper around said so. */
  exported: boolean;
  depth: number;
  grammar: string;
}

function collect(node: Node, within: Collecting): void {
  if (within.depth > 8) return;
  for (const child of node.namedChildren) {
    if (child === null || within.found.length >= most) continue;
    const deeper = { ...within, depth: within.depth + 1 };
    if (isFunction.test(child.type)) add(child, "function", within);
    else if (isType.test(child.type)) {
      const owner = add(child, "type", within);
      const body =
        child.childForFieldName("body") ??
        child.namedChildren.find((one) => one !== null && isBody.test(one.type));
      if (body && owner !== null) collect(body, { ...deeper, owner: `${owner}.` });
    } else if (child.type === "impl_item") {
      const body = child.childForFieldName("body");
      const owner = child.childForFieldName("type")?.text ?? "";
      if (body) collect(body, { ...deeper, owner: /^\w+$/.test(owner) ? `${owner}.` : "" });
    } else if (isVariables.test(child.type) && within.owner === "") addVariables(child, within);
    else if (child.type === "expression_statement" && within.grammar === "python" && within.depth === 0) {
      const assignment = child.namedChildren[0];
      if (assignment?.type === "assignment")
        addNamed(child, assignment.childForFieldName("left"), "value", within);
    } else if (
      child.type === "expression_statement" &&
      /script|tsx/.test(within.grammar) &&
      within.depth === 0
    ) {
      addAssigned(child, within);
    } else if (isWrapper.test(child.type)) {
      collect(child, { ...deeper, exported: within.exported || child.type === "export_statement" });
    }
  }
}

function add(node: Node, kind: Definition["kind"], within: Collecting): string | null {
  return addNamed(node, definedName(node), kind, within);
}

/** Consts that hold functions or classes are what they hold. */
function addVariables(node: Node, within: Collecting): void {
  for (const variable of [node, ...node.namedChildren]) {
    if (variable === null) continue;
    const name = variable.childForFieldName("name");
    if (name === null) continue;
    const value = variable.childForFieldName("value");
    const kind =
      value !== null && /function|arrow/.test(value.type)
        ? "function"
        : value !== null && /class/.test(value.type)
          ? "type"
          : "value";
    addNamed(node, name, kind, within);
  }
}

/** `exports.parse = …`, `app.use = function …`, `Route.prototype.all = …`. */
function addAssigned(node: Node, within: Collecting): void {
  const assignment = node.namedChildren[0];
  const left = assignment?.type === "assignment_expression" ? assignment.childForFieldName("left") : null;
  const right = assignment?.childForFieldName("right");
  if (left?.type !== "member_expression" || !right) return;
  const exported = /^(?:module\.)?exports\b/.test(left.text);
  const isCode = /function|class/.test(right.type);
  if (exported || isCode)
    addNamed(node, left.childForFieldName("property"), isCode ? "function" : "value", {
      ...within,
      exported,
    });
}

function addNamed(
  node: Node,
  named: Node | null,
  kind: Definition["kind"],
  { found, owner, exported, grammar }: Collecting,
): string | null {
  const name =
    named?.text
      .split(/::|[.:]/)
      .at(-1)
      ?.trim() ?? "";
  if (!/^[\p{L}_$#~][\p{L}\p{N}_$!?=]{0,80}$/u.test(name)) return null;
  const whole = `${owner}${name}`;
  const body = node.childForFieldName("body");
  const head = body === null ? node.text : node.text.slice(0, Math.max(0, body.startIndex - node.startIndex));
  const signature =
    head
      .slice(0, 2_000)
      .split(/\n\s*\n/)[0]
      ?.replace(/\s+/g, " ")
      .trim() ?? "";
  found.push({
    name: whole,
    kind,
    line: node.startPosition.row + 1,
    end: node.endPosition.row + 1,
    exported: isExported(grammar, name, node, exported),
    signature: signature.length > signatureLength ? `${signature.slice(0, signatureLength - 1)}…` : signature,
  });
  return whole;
}

function isExported(grammar: string, name: string, node: Node, wrapped: boolean): boolean {
  switch (grammar) {
    case "go":
      return /^\p{Lu}/u.test(name);
    case "python":
    case "ruby":
      return !name.startsWith("_");
    case "rust":
      return node.namedChildren.some((child) => child?.type === "visibility_modifier");
    case "java":
    case "c-sharp":
    case "php":
      return !/^[^{(]*\b(?:private|protected)\b/.test(node.text.slice(0, 200));
    case "cpp":
      return true;
    default:
      return wrapped;
  }
}

function extensionOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1).toLowerCase();
}
