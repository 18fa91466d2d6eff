import type { Node } from "web-tree-sitter";
import type { Grammar } from "./languages.js";

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

/** Exported names with their signatures; null for a language of which they are not read. */
export function readExports(grammar: Grammar, root: Node): Map<string, Export> | null {
  const found = new Map<string, Export>();
  const add = (name: string, signature: string) => {
    // Overloads and redeclarations: one entry with all of them.
    const before = found.get(name);
    const text = collapse(signature);
    if (before) before.signature += `\n${text}`;
    else if (found.size < exportLimit) found.set(name, { signature: text });
  };
  switch (grammar) {
    case "typescript":
    case "tsx":
    case "javascript":
      for (const node of children(root)) readScriptExport(node, add);
      return found;
    case "python":
      for (const node of children(root)) readPythonExport(node, "", add);
      return found;
    case "go":
      for (const node of children(root)) readGoExport(node, add);
      return found;
    case "rust":
      for (const node of children(root)) readRustExport(node, "", add);
      return found;
    case "java":
      for (const node of children(root)) readJavaExport(node, "", add);
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

type Add = (name: string, signature: string) => void;

function children(node: Node): Node[] {
  return node.namedChildren.filter((child): child is Node => child !== null && !/comment/.test(child.type));
}

function collapse(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The text of a declaration up to its body. */
function head(node: Node, body = node.childForFieldName("body")): string {
  return body ? node.text.slice(0, body.startIndex - node.startIndex) : node.text;
}

function nameOf(node: Node): string {
  return node.childForFieldName("name")?.text ?? "";
}

function readScriptExport(node: Node, add: Add): void {
  if (node.type === "expression_statement") {
    const assignment = children(node)[0];
    const left = assignment?.type === "assignment_expression" ? assignment.childForFieldName("left") : null;
    const right = assignment?.childForFieldName("right");
    if (left && right && /^(?:module\.exports|exports)\b/.test(left.text))
      add(left.text, `${left.text} = ${scriptValue(right, true)}`);
    return;
  }
  if (node.type !== "export_statement") return;
  const declaration = node.childForFieldName("declaration");
  const value = node.childForFieldName("value");
  if (value || !declaration) {
    if (value) add("default", scriptValue(value, true));
    else add(collapse(node.text).slice(0, 200), node.text);
    return;
  }
  const isDefault = /^export\s+default\b/.test(node.text);
  switch (declaration.type) {
    case "function_declaration":
    case "generator_function_declaration":
    case "function_signature":
      add(isDefault ? "default" : nameOf(declaration), head(declaration));
      return;
    case "class_declaration":
    case "abstract_class_declaration":
      add(isDefault ? "default" : nameOf(declaration), scriptClass(declaration));
      return;
    case "lexical_declaration":
    case "variable_declaration":
      for (const variable of children(declaration)) {
        const type = variable.childForFieldName("type")?.text ?? "";
        const assigned = variable.childForFieldName("value");
        add(
          nameOf(variable),
          `${nameOf(variable)}${type}${assigned ? scriptValue(assigned, type === "") : ""}`,
        );
      }
      return;
    default:
      add(nameOf(declaration) || collapse(node.text).slice(0, 200), declaration.text);
  }
}

/** What of an exported value others depend on: a function's head, a class's members, an object's keys. */
function scriptValue(value: Node, whole: boolean): string {
  if (/^(?:arrow_function|function|function_expression|generator_function)$/.test(value.type))
    return head(value);
  if (/^class/.test(value.type)) return scriptClass(value);
  if (value.type === "object") {
    return `{${children(value)
      .map(
        (entry) =>
          entry.childForFieldName("key")?.text ??
          (entry.type === "method_definition" ? head(entry) : entry.text),
      )
      .join(",")}}`;
  }
  // The inferred type of anything else may hang on any part of it, but not on which number or word it is.
  return whole && !/^(?:number|string|template_string)$/.test(value.type) ? value.text : value.type;
}

function scriptClass(node: Node): string {
  const body = node.childForFieldName("body");
  const members = body ? children(body) : [];
  const shown = members
    .filter(
      (member) =>
        !/^\s*(?:(?:static|readonly|async|override)\s+)*(?:private\b|#)/.test(member.text.slice(0, 200)),
    )
    .map((member) => {
      const value = member.childForFieldName("value");
      return value ? member.text.slice(0, value.startIndex - member.startIndex) : head(member);
    });
  return `${head(node, body)}{${shown.join(";")}}`;
}

function readPythonExport(node: Node, owner: string, add: Add): void {
  const definition = node.type === "decorated_definition" ? node.childForFieldName("definition") : node;
  if (!definition) return;
  if (definition.type === "function_definition" || definition.type === "class_definition") {
    const name = nameOf(definition);
    if (name.startsWith("_") && !name.startsWith("__")) return;
    const body = definition.childForFieldName("body");
    const text = body ? node.text.slice(0, body.startIndex - node.startIndex) : node.text;
    add(owner + name, text.replace(/\s#[^\n]*/g, ""));
    if (definition.type === "class_definition" && body)
      for (const member of children(body)) readPythonExport(member, `${owner}${name}.`, add);
    return;
  }
  if (node.type === "expression_statement") {
    const assignment = children(node)[0];
    const left = assignment?.type === "assignment" ? assignment.childForFieldName("left")?.text : undefined;
    if (!assignment || left === undefined || (left.startsWith("_") && left !== "__all__")) return;
    add(
      owner + left,
      left === "__all__" ? assignment.text : `${left}:${assignment.childForFieldName("type")?.text ?? ""}`,
    );
  }
}

function readGoExport(node: Node, add: Add): void {
  const exported = (name: string) => /^\p{Lu}/u.test(name);
  if (node.type === "function_declaration" || node.type === "method_declaration") {
    const receiver = node.childForFieldName("receiver")?.text ?? "";
    if (exported(nameOf(node))) add(receiver + nameOf(node), head(node));
    return;
  }
  for (const part of children(node)) {
    if (part.type === "type_spec" || part.type === "type_alias") {
      if (exported(nameOf(part))) add(nameOf(part), part.text);
    } else if (/^(?:var_spec|const_spec)$/.test(part.type)) {
      if (exported(nameOf(part)))
        add(nameOf(part), `${nameOf(part)} ${part.childForFieldName("type")?.text ?? ""}`);
    } else if (/_list$/.test(part.type)) {
      readGoExport(part, add);
    }
  }
}

function readRustExport(node: Node, owner: string, add: Add): void {
  if (node.type === "impl_item") {
    const target = collapse(head(node));
    const body = node.childForFieldName("body");
    const isTrait = node.childForFieldName("trait") !== null;
    if (isTrait) add(`${owner}${target}`, target);
    for (const member of body ? children(body) : [])
      if (!isTrait) readRustExport(member, `${owner}${target}::`, add);
    return;
  }
  const isPublic = children(node).some((child) => child.type === "visibility_modifier");
  if (node.type === "mod_item" && isPublic) {
    const body = node.childForFieldName("body");
    add(owner + nameOf(node), head(node));
    for (const member of body ? children(body) : []) readRustExport(member, `${owner}${nameOf(node)}::`, add);
    return;
  }
  if (node.type === "macro_definition") add(owner + nameOf(node), node.text);
  if (!isPublic) return;
  const name = nameOf(node) || collapse(node.text).slice(0, 200);
  add(owner + name, node.type === "function_item" ? head(node) : node.text);
}

function readJavaExport(node: Node, owner: string, add: Add): void {
  const body = node.childForFieldName("body");
  if (/^(?:class|interface|enum|record|annotation_type)_declaration$/.test(node.type)) {
    const name = owner + nameOf(node);
    add(name, head(node));
    for (const member of body ? children(body) : []) readJavaExport(member, `${name}.`, add);
    return;
  }
  if (!/^(?:method|constructor|field|constant)_declaration$|^enum_constant$/.test(node.type)) return;
  const modifiers = children(node).find((child) => child.type === "modifiers")?.text ?? "";
  if (/\bprivate\b/.test(modifiers)) return;
  if (node.type === "field_declaration" || node.type === "constant_declaration") {
    const variable = node.childForFieldName("declarator");
    add(
      owner + (variable ? nameOf(variable) : ""),
      `${modifiers} ${node.childForFieldName("type")?.text ?? ""} ${variable ? nameOf(variable) : ""}`,
    );
    return;
  }
  add(owner + nameOf(node), head(node));
}
