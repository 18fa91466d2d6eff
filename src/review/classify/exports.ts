import type { Node } from "web-tree-sitter";
import type { Grammar } from "../../change/risk/languages.js";

/** Something a file offers to others. */
export interface Export {
  /** Everything a user of it depends on, white space collapsed. */
  signature: string;
}

/** A statement or declaration at the top of a file, by its lines (1-based, inclusive). */
export interface TopLevel {
  type: string;
  first: number;
  last: number;
  exported: boolean;
}

const exportLimit = 5_000;

/**
 * Exported names with their signatures; null for a language of which they are not read.
 *
 * @param plain the source text with its comments blanked
 */
export function readExports(grammar: Grammar, root: Node, plain: string): Map<string, Export> | null {
  const found = new Map<string, Export>();
  const add = (name: string, signature: string) => {
    // Overloads and redeclarations: one entry with all of them.
    const before = found.get(name);
    const text = collapse(signature);
    if (before) before.signature += `\n${text}`;
    else if (found.size < exportLimit) found.set(name, { signature: text });
  };
  const out: Out = { add, text: (node) => plain.slice(node.startIndex, node.endIndex) };
  switch (grammar) {
    case "typescript":
    case "tsx":
    case "javascript":
      for (const node of children(root)) readScriptExport(node, out);
      return found;
    case "python":
      for (const node of children(root)) readPythonExport(node, "", out);
      return found;
    case "go":
      for (const node of children(root)) readGoExport(node, out);
      return found;
    case "rust":
      for (const node of children(root)) readRustExport(node, "", out);
      return found;
    case "java":
      for (const node of children(root)) readJavaExport(node, "", out);
      return found;
    default:
      return null;
  }
}

export function readTopLevel(root: Node): TopLevel[] {
  return children(root).map((node) => ({
    type: node.type,
    first: node.startPosition.row + 1,
    last: node.endPosition.row + 1,
    exported:
      node.type === "export_statement" ||
      /^(?:module\.)?exports\b/.test(node.text.slice(0, 40)) ||
      node.type === "package_clause",
  }));
}

interface Out {
  add(name: string, signature: string): void;
  /** A node's text without comments. */
  text(node: Node): string;
}

function children(node: Node): Node[] {
  return node.namedChildren.filter((child): child is Node => child !== null && !/comment/.test(child.type));
}

function collapse(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The text of a declaration up to its body. */
function head(node: Node, out: Out, body = node.childForFieldName("body")): string {
  return body ? out.text(node).slice(0, body.startIndex - node.startIndex) : out.text(node);
}

function nameOf(node: Node): string {
  return node.childForFieldName("name")?.text ?? "";
}

function readScriptExport(node: Node, out: Out): void {
  if (node.type === "expression_statement") {
    const assignment = children(node)[0];
    const left = assignment?.type === "assignment_expression" ? assignment.childForFieldName("left") : null;
    const right = assignment?.childForFieldName("right");
    if (left && right && /^(?:module\.exports|exports)\b/.test(left.text))
      out.add(left.text, `${left.text} = ${scriptValue(right, true, out)}`);
    return;
  }
  if (node.type !== "export_statement") return;
  const declaration = node.childForFieldName("declaration");
  const value = node.childForFieldName("value");
  if (value || !declaration) {
    if (value) out.add("default", scriptValue(value, true, out));
    else out.add(collapse(out.text(node)).slice(0, 200), out.text(node));
    return;
  }
  const isDefault = /^export\s+default\b/.test(out.text(node));
  switch (declaration.type) {
    case "function_declaration":
    case "generator_function_declaration":
    case "function_signature":
      out.add(isDefault ? "default" : nameOf(declaration), head(declaration, out));
      return;
    case "class_declaration":
    case "abstract_class_declaration":
      out.add(isDefault ? "default" : nameOf(declaration), scriptClass(declaration, out));
      return;
    case "lexical_declaration":
    case "variable_declaration":
      for (const variable of children(declaration)) {
        const type = variable.childForFieldName("type")?.text ?? "";
        const assigned = variable.childForFieldName("value");
        out.add(
          nameOf(variable),
          `${nameOf(variable)}${type}${assigned ? scriptValue(assigned, type === "", out) : ""}`,
        );
      }
      return;
    default:
      out.add(nameOf(declaration) || collapse(out.text(node)).slice(0, 200), out.text(declaration));
  }
}

/** What of an exported value others depend on: a function's head, a class's members, an object's keys. */
function scriptValue(value: Node, whole: boolean, out: Out): string {
  if (/^(?:arrow_function|function|function_expression|generator_function)$/.test(value.type))
    return head(value, out);
  if (/^class/.test(value.type)) return scriptClass(value, out);
  if (value.type === "object") {
    return `{${children(value)
      .map(
        (entry) =>
          entry.childForFieldName("key")?.text ??
          (entry.type === "method_definition" ? head(entry, out) : out.text(entry)),
      )
      .join(",")}}`;
  }
  // The inferred type of anything else may hang on any part of it, but not on which number or word it is.
  return whole && !/^(?:number|string|template_string)$/.test(value.type) ? out.text(value) : value.type;
}

function scriptClass(node: Node, out: Out): string {
  const body = node.childForFieldName("body");
  const members = body ? children(body) : [];
  const shown = members
    .filter(
      (member) =>
        !/^\s*(?:(?:static|readonly|async|override)\s+)*(?:private\b|#)/.test(out.text(member).slice(0, 200)),
    )
    .map((member) => {
      const value = member.childForFieldName("value");
      return value ? out.text(member).slice(0, value.startIndex - member.startIndex) : head(member, out);
    });
  return `${head(node, out, body)}{${shown.join(";")}}`;
}

function readPythonExport(node: Node, owner: string, out: Out): void {
  const definition = node.type === "decorated_definition" ? node.childForFieldName("definition") : node;
  if (!definition) return;
  if (definition.type === "function_definition" || definition.type === "class_definition") {
    const name = nameOf(definition);
    if (name.startsWith("_") && !name.startsWith("__")) return;
    const body = definition.childForFieldName("body");
    const text = body ? out.text(node).slice(0, body.startIndex - node.startIndex) : out.text(node);
    out.add(owner + name, text.replace(/\s#[^\n]*/g, ""));
    if (definition.type === "class_definition" && body)
      for (const member of children(body)) readPythonExport(member, `${owner}${name}.`, out);
    return;
  }
  if (node.type === "expression_statement") {
    const assignment = children(node)[0];
    const left = assignment?.type === "assignment" ? assignment.childForFieldName("left")?.text : undefined;
    if (!assignment || left === undefined || (left.startsWith("_") && left !== "__all__")) return;
    out.add(
      owner + left,
      left === "__all__"
        ? out.text(assignment)
        : `${left}:${assignment.childForFieldName("type")?.text ?? ""}`,
    );
  }
}

function readGoExport(node: Node, out: Out): void {
  const exported = (name: string) => /^\p{Lu}/u.test(name);
  if (node.type === "function_declaration" || node.type === "method_declaration") {
    const receiver = node.childForFieldName("receiver")?.text ?? "";
    if (exported(nameOf(node))) out.add(receiver + nameOf(node), head(node, out));
    return;
  }
  for (const part of children(node)) {
    if (part.type === "type_spec" || part.type === "type_alias") {
      if (exported(nameOf(part))) out.add(nameOf(part), out.text(part));
    } else if (/^(?:var_spec|const_spec)$/.test(part.type)) {
      if (exported(nameOf(part)))
        out.add(nameOf(part), `${nameOf(part)} ${part.childForFieldName("type")?.text ?? ""}`);
    } else if (/_list$/.test(part.type)) {
      readGoExport(part, out);
    }
  }
}

function readRustExport(node: Node, owner: string, out: Out): void {
  if (node.type === "impl_item") {
    const target = collapse(head(node, out));
    const body = node.childForFieldName("body");
    const isTrait = node.childForFieldName("trait") !== null;
    if (isTrait) out.add(`${owner}${target}`, target);
    for (const member of body ? children(body) : [])
      if (!isTrait) readRustExport(member, `${owner}${target}::`, out);
    return;
  }
  const isPublic = children(node).some((child) => child.type === "visibility_modifier");
  if (node.type === "mod_item" && isPublic) {
    const body = node.childForFieldName("body");
    out.add(owner + nameOf(node), head(node, out));
    for (const member of body ? children(body) : []) readRustExport(member, `${owner}${nameOf(node)}::`, out);
    return;
  }
  if (node.type === "macro_definition") out.add(owner + nameOf(node), out.text(node));
  if (!isPublic) return;
  const name = nameOf(node) || collapse(out.text(node)).slice(0, 200);
  out.add(owner + name, node.type === "function_item" ? head(node, out) : out.text(node));
}

function readJavaExport(node: Node, owner: string, out: Out): void {
  const body = node.childForFieldName("body");
  if (/^(?:class|interface|enum|record|annotation_type)_declaration$/.test(node.type)) {
    const name = owner + nameOf(node);
    out.add(name, head(node, out));
    for (const member of body ? children(body) : []) readJavaExport(member, `${name}.`, out);
    return;
  }
  if (!/^(?:method|constructor|field|constant)_declaration$|^enum_constant$/.test(node.type)) return;
  const modifiers = children(node).find((child) => child.type === "modifiers")?.text ?? "";
  if (/\bprivate\b/.test(modifiers)) return;
  if (node.type === "field_declaration" || node.type === "constant_declaration") {
    const variable = node.childForFieldName("declarator");
    out.add(
      owner + (variable ? nameOf(variable) : ""),
      `${modifiers} ${node.childForFieldName("type")?.text ?? ""} ${variable ? nameOf(variable) : ""}`,
    );
    return;
  }
  out.add(owner + nameOf(node), head(node, out));
}
