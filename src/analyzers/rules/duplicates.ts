import type { Node } from "web-tree-sitter";
import type { Severity } from "../engine.js";
import { holds, lineOfNode, parts, quoted, squeezed } from "./nodes.js";
import { isLiteral, isPlain } from "./operands.js";
import type { Grammar, Mistake, Rule, Source } from "./rule.js";

/** A value as it is compared: quotes of either kind are the same. */
function sameText(node: Node): string {
  const text = squeezedUnlessText(node);
  return /^(['"])[^'"\\$#]*\1$/.test(text) ? `"${text.slice(1, -1)}"` : text;
}

function squeezedUnlessText(node: Node): string {
  return /string|char|rune|pattern|word/.test(node.type) ? node.text : squeezed(node);
}

const switches: Readonly<Partial<Record<Grammar, readonly string[]>>> = {
  go: ["expression_switch_statement", "type_switch_statement"],
  java: ["switch_block"],
  rust: ["match_block"],
  php: ["switch_block", "match_block"],
  ruby: ["case"],
  "c-sharp": ["switch_body"],
  cpp: ["switch_statement"],
  kotlin: ["when_expression"],
  bash: ["case_statement"],
};

/** The same label twice in one `switch`, `match`, `when` or `case`. */
export const repeatedCases: Rule = {
  kinds: [...new Set(Object.values(switches).flat())],
  look(node, source) {
    if (!switches[source.grammar]?.includes(node.type)) return null;
    if (source.grammar === "cpp" && /^[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif)\b/m.test(node.text))
      return null;
    const seen = new Map<string, Node>();
    const found: Mistake[] = [];
    for (const label of labelsOf(node, source.grammar)) {
      const text = sameText(label);
      const first = seen.get(text);
      if (first === undefined) seen.set(text, label);
      else if (isLiteral(label) || isPlain(label) || /pattern|type/.test(label.type)) {
        found.push({
          code: "duplicate-case",
          class: "duplicate-case",
          severity: caseSeverity(label, node, source.grammar),
          message: `The case ${quoted(label.text)} is there twice (first on line ${lineOfNode(first)}): the second is never taken.`,
          line: lineOfNode(label),
        });
      }
    }
    return found;
  },
};

function caseSeverity(label: Node, node: Node, grammar: Grammar): Severity {
  if (grammar === "java" || grammar === "c-sharp" || grammar === "cpp") return "certain";
  if (grammar === "go") {
    // Without a value the cases are conditions.
    return node.type === "type_switch_statement" || (node.childForFieldName("value") && isLiteral(label))
      ? "certain"
      : "likely";
  }
  return grammar === "bash" ? "hint" : "likely";
}

/** The labels that are tried one after another; none where something else decides too. */
function labelsOf(node: Node, grammar: Grammar): Node[] {
  switch (grammar) {
    case "go":
      return parts(node).flatMap((part) => {
        if (part.type === "type_case") return part.childrenForFieldName("type").flatMap((one) => one ?? []);
        const value = part.type === "expression_case" ? part.childForFieldName("value") : null;
        return value ? parts(value) : [];
      });
    case "java":
      return parts(node).flatMap((group) =>
        parts(group)
          .filter(
            (label) =>
              label.type === "switch_label" && !holds(label, /^(guard|pattern|record_pattern|type_pattern)$/),
          )
          .flatMap(parts),
      );
    case "rust":
      return parts(node).flatMap((arm) => {
        const pattern = arm.childForFieldName("pattern");
        const [only, ...rest] = pattern ? parts(pattern) : [];
        if (!only || rest.length > 0 || pattern?.childForFieldName("condition") || hasAttribute(arm))
          return [];
        const each = only.type === "or_pattern" ? leaves(only, "or_pattern") : [only];
        // A name alone binds, or is a constant: only a path is surely compared.
        return each.filter(
          (one) => isLiteral(one) || one.type === "scoped_identifier" || one.type === "negative_literal",
        );
      });
    case "php":
      return parts(node).flatMap((arm) => {
        const list = arm.childForFieldName("conditional_expressions");
        const value = arm.type === "case_statement" ? arm.childForFieldName("value") : null;
        return list ? parts(list) : value ? [value] : [];
      });
    case "ruby":
      if (node.childForFieldName("value") === null) return [];
      return parts(node)
        .filter((one) => one.type === "when")
        .flatMap((one) =>
          one.childrenForFieldName("pattern").flatMap((pattern) => pattern?.namedChild(0) ?? []),
        )
        .filter((one) => !/splat|call|lambda|range/.test(one.type));
    case "c-sharp":
      return parts(node).flatMap((section) =>
        parts(section).some((one) => one.type === "when_clause")
          ? []
          : parts(section).filter((one) => one.type === "constant_pattern"),
      );
    case "cpp": {
      const body = node.childForFieldName("body");
      return (body ? parts(body) : []).flatMap((one) =>
        one.type === "case_statement" ? (one.childForFieldName("value") ?? []) : [],
      );
    }
    case "kotlin":
      if (!parts(node).some((one) => one.type === "when_subject")) return [];
      return parts(node)
        .filter(
          (one) =>
            one.type === "when_entry" &&
            !one.children.some((child) => child?.type === "if" || child?.type === "when_guard"),
        )
        .flatMap((entry) => parts(entry).filter((one) => one.type === "when_condition"))
        .flatMap((condition) => {
          const [only] = parts(condition);
          return only && !/call|range_test|type_test/.test(only.type) ? [only] : [];
        });
    case "bash":
      if (/;;?&/.test(node.text)) return [];
      return parts(node)
        .filter((one) => one.type === "case_item")
        .flatMap((item) => item.childrenForFieldName("value").flatMap((one) => one ?? []));
  }
}

function leaves(node: Node, kind: string): Node[] {
  return parts(node).flatMap((one) => (one.type === kind ? leaves(one, kind) : [one]));
}

function hasAttribute(node: Node): boolean {
  return (
    node.previousNamedSibling?.type === "attribute_item" ||
    parts(node).some((one) => one.type === "attribute_item")
  );
}

const tables: Readonly<Record<string, readonly Grammar[]>> = {
  literal_value: ["go"],
  array_creation_expression: ["php"],
  hash: ["ruby"],
  argument_list: ["ruby"],
  field_initializer_list: ["rust"],
  field_declaration_list: ["rust"],
  initializer_list: ["cpp"],
  initializer_expression: ["c-sharp"],
  value_arguments: ["kotlin"],
  enum_variant_list: ["rust"],
};

/** The same key twice in a map, hash, struct or the like that is written out. */
export const repeatedKeys: Rule = {
  kinds: Object.keys(tables),
  look(node, source) {
    if (!tables[node.type]?.includes(source.grammar)) return null;
    if (
      source.grammar === "kotlin" &&
      !/\b(mapOf|mutableMapOf|hashMapOf|linkedMapOf)\s*(<[^()]*>)?\s*$/.test(before(node))
    )
      return null;
    if (source.grammar === "cpp" && /^[ \t]*#/m.test(node.text)) return null;
    const seen = new Map<string, Node>();
    const found: Mistake[] = [];
    for (const key of keysOf(node, source)) {
      const text = sameText(key).replace(/^:/, "");
      const first = seen.get(text);
      if (first === undefined) seen.set(text, key);
      else {
        found.push({
          code: "duplicate-key",
          class: "duplicate-key",
          severity: keySeverity(node, key, source),
          message: `The key ${quoted(key.text)} is there twice (first on line ${lineOfNode(first)}).`,
          line: lineOfNode(key),
        });
      }
    }
    return found;
  },
};

/** What stands before the arguments of a call. */
function before(node: Node): string {
  const call = node.parent?.parent;
  return call ? (call.text.slice(0, 200).split("(", 1)[0] ?? "") : "";
}

function keySeverity(node: Node, key: Node, { grammar, isTest }: Source): Severity {
  if (grammar === "go") return isLiteral(key) ? "certain" : "likely";
  if (grammar === "rust") return "certain";
  if (grammar === "cpp") return "likely";
  return isTest && grammar !== "c-sharp" && node.type !== "argument_list" ? "hint" : "likely";
}

function keysOf(node: Node, { grammar }: Source): Node[] {
  const members = parts(node);
  switch (grammar) {
    case "go": {
      const keys = members.flatMap((one) =>
        one.type === "keyed_element" ? (one.childForFieldName("key")?.namedChild(0) ?? []) : [],
      );
      return keys.filter((one) => isLiteral(one) || one.type === "identifier");
    }
    case "php":
      return members.flatMap((one) => {
        const [key, value] = parts(one);
        return one.type === "array_element_initializer" &&
          key &&
          value &&
          isLiteral(key) &&
          !/\$/.test(key.text)
          ? [key]
          : [];
      });
    case "ruby":
      return members.flatMap((one) => {
        const key = one.type === "pair" ? one.childForFieldName("key") : null;
        return key &&
          /^(hash_key_symbol|simple_symbol|string|integer)$/.test(key.type) &&
          !key.text.includes("#{")
          ? [key]
          : [];
      });
    case "rust":
      return members.flatMap((one) => {
        if (hasAttribute(one)) return [];
        if (one.type === "field_initializer") return one.childForFieldName("field") ?? [];
        if (one.type === "shorthand_field_initializer") return one.namedChild(0) ?? [];
        return /^(field_declaration|enum_variant)$/.test(one.type)
          ? (one.childForFieldName("name") ?? [])
          : [];
      });
    case "cpp":
      return members.flatMap((one) => {
        const designators = one.childrenForFieldName("designator");
        return one.type === "initializer_pair" &&
          designators.length === 1 &&
          designators[0]?.type === "field_designator"
          ? [designators[0]]
          : [];
      });
    case "c-sharp":
      return dictionaryKeys(node, members);
    case "kotlin":
      return members.flatMap((one) => {
        const [pair] = parts(one);
        const [key, word] = pair?.type === "infix_expression" ? parts(pair) : [];
        return key && word?.text === "to" && isLiteral(key) && !key.text.includes("$") ? [key] : [];
      });
    default:
      return [];
  }
}

/** `["a"] = 1` of any indexer, `{ "a", 1 }` of dictionaries, `A = 1` of an object. */
function dictionaryKeys(node: Node, members: readonly Node[]): Node[] {
  const isDictionary = /^new\s+([\w.]*\.)?\w*Dictionary\b/.test(node.parent?.text.slice(0, 120) ?? "");
  return members.flatMap((one) => {
    if (one.type === "assignment_expression") {
      const left = one.childForFieldName("left");
      if (left?.type === "identifier") return [left];
      const key = left?.type === "element_binding_expression" ? left.namedChild(0)?.namedChild(0) : null;
      return key && isLiteral(key) ? [key] : [];
    }
    const [key, value, more] = one.type === "initializer_expression" ? parts(one) : [];
    return isDictionary && key && value && !more && isLiteral(key) ? [key] : [];
  });
}

const bodies: Readonly<Record<string, readonly Grammar[]>> = {
  source_file: ["go", "rust", "kotlin"],
  class_body: ["java", "kotlin"],
  enum_body_declarations: ["java"],
  interface_body: ["java"],
  declaration_list: ["rust", "php", "c-sharp"],
  translation_unit: ["cpp"],
  program: ["php"],
};

/** A function that is there twice, as a wrong edit leaves it behind. */
export const repeatedFunctions: Rule = {
  kinds: Object.keys(bodies),
  look(node, source) {
    if (!bodies[node.type]?.includes(source.grammar)) return null;
    // A text that does not parse is in pieces.
    if (source.grammar !== "cpp" && node.hasError) return null;
    if (source.grammar === "cpp" && !source.isC) return null;
    const seen = new Map<string, Node>();
    const found: Mistake[] = [];
    for (const member of parts(node)) {
      const key = signature(member, source.grammar);
      if (key === null) continue;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, member);
      else {
        const name = nameOf(member);
        found.push({
          code: "duplicate-function",
          class: "redeclared",
          severity: "certain",
          message: `'${name}' is defined twice (first on line ${lineOfNode(first)}).`,
          line: lineOfNode(member),
          subject: name,
        });
      }
    }
    return found;
  },
};

function nameOf(member: Node): string {
  if (member.type === "function_definition" && member.childForFieldName("declarator")) {
    return /(\w+)\s*\(/.exec(member.childForFieldName("declarator")?.text ?? "")?.[1] ?? "";
  }
  return (
    (member.childForFieldName("name") ?? parts(member).find((one) => one.type === "simple_identifier"))
      ?.text ?? ""
  );
}

/** Equal for what can't be there twice; null for what may, or what syntax doesn't tell. */
function signature(member: Node, grammar: Grammar): string | null {
  const name = nameOf(member);
  if (name === "") return null;
  switch (grammar) {
    case "go": {
      if (name === "_" || (member.type === "function_declaration" && name === "init")) return null;
      if (member.type === "function_declaration") return name;
      const receiver = member.type === "method_declaration" ? member.childForFieldName("receiver") : null;
      const type = /(\w+)\s*(\[[^\]]*\])?\s*\)$/.exec(receiver?.text ?? "")?.[1];
      return type === undefined ? null : `${type}.${name}`;
    }
    case "java":
    case "c-sharp": {
      if (
        !/^(method_declaration|constructor_declaration)$/.test(member.type) ||
        parts(member).some(isPreprocessor)
      )
        return null;
      const parameters = member.childForFieldName("parameters");
      if (!parameters || (grammar === "c-sharp" && /\bpartial\b|\./.test(headOf(member)))) return null;
      const types = parts(parameters).map((one) => typeOf(one));
      const count = member.childForFieldName("type_parameters")
        ? parts(member.childForFieldName("type_parameters") ?? member).length
        : 0;
      if (grammar === "c-sharp" && /\w\s*\.\s*\w+\s*(<[^()]*>)?\s*\(/.test(headOf(member))) return null;
      return types.includes(null) ? null : `${name}/${count}(${types.join(",")})`;
    }
    case "rust":
      return member.type === "function_item" && !hasAttribute(member) ? name : null;
    case "php":
      return member.type ===
        (member.parent?.type === "program" ? "function_definition" : "method_declaration")
        ? name.toLowerCase()
        : null;
    case "cpp":
      // In K&R style and behind macros the name is something else.
      return member.type === "function_definition" &&
        member.childForFieldName("type") &&
        !member.hasError &&
        !isMacroLike(member)
        ? name
        : null;
    case "kotlin": {
      if (member.type !== "function_declaration") return null;
      const list = parts(member);
      const at = list.findIndex((one) => one.type === "function_value_parameters");
      const body = list.find((one) => one.type === "function_body");
      // What stands before the parameters is the receiver and the type parameters, which tell overloads apart.
      const head = member.text.slice(0, (list[at]?.startIndex ?? member.startIndex) - member.startIndex);
      if (at === -1 || !body || /\b(expect|actual)\b|@/.test(head)) return null;
      const types = parts(list[at] ?? member).map((one) => squeezed(parts(one).at(-1) ?? one));
      return `${squeezedText(head.replace(/\b(public|private|internal|protected|override|open|inline|suspend|final|operator)\b/g, ""))}(${types.join(",")})`;
    }
    default:
      return null;
  }
}

function squeezedText(text: string): string {
  return text.replace(/\s+/g, "");
}

const isPreprocessor = ({ type }: Node) => type.startsWith("preproc");

function headOf(member: Node): string {
  const body = member.childForFieldName("body");
  return member.text.slice(0, body ? body.startIndex - member.startIndex : 300);
}

function isMacroLike(member: Node): boolean {
  return (
    /^[A-Z_0-9]+$/.test(nameOf(member)) ||
    holds(member.childForFieldName("declarator") ?? member, /^(ERROR|qualified_identifier)$/)
  );
}

function typeOf(parameter: Node): string | null {
  const type =
    parameter.childForFieldName("type") ?? parts(parameter).find((one) => one.type !== "modifiers");
  if (!type || parameter.type === "receiver_parameter") return null;
  const array = parameter.childForFieldName("dimensions")?.text ?? "";
  const way = /^\s*(ref|out|in|this)\b/.exec(parameter.text)?.[1] ?? "";
  const many = parameter.type === "spread_parameter" ? "..." : "";
  return `${way} ${squeezed(type)}${array}${many}`;
}
