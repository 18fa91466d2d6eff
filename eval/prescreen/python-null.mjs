import { calledFunction } from "./python-calls.mjs";
import { ancestors, isField, nodesOf, statementsOf, wholeLines } from "./python-source.mjs";
import { site } from "./site.mjs";

const optional = /\bNone\b|\bOptional\[/;

/** A check for None dropped, of what is annotated to be None at times, with an access that None does not survive. */
export function nullAccesses(input) {
  return input.nodes.flatMap((node) => {
    if (node.type === "boolean_operator") return withoutCondition(node, input);
    if (node.type === "conditional_expression") return withoutChoice(node, input);
    if (node.type !== "if_statement") return [];
    const clauses = node.namedChildren.filter((one) => one !== null && /^(elif|else)_clause$/.test(one.type));
    if (clauses.length > 0 || node.parent?.type === "else_clause") return [];
    return [...withoutGuard(node, input), ...withoutCheck(node, input)];
  });
}

/** `if x is None: return` goes (or `x = …`), and `x.y` is what comes next of `x`. */
function withoutGuard(node, { text, ...input }) {
  const asked = /^(?:not ([\w.]+)|([\w.]+) is None)$/.exec(node.childForFieldName("condition").text);
  const name = asked?.[1] ?? asked?.[2];
  if (!name || !isOptional(name, node, { text, ...input })) return [];
  const last = statementsOf(node.childForFieldName("consequence")).at(-1);
  if (!/^(return|raise|continue|break)\b/.test(last.text) && !last.text.startsWith(`${name} = `)) return [];
  const siblings = statementsOf(node.parent);
  const after = siblings.slice(siblings.findIndex(({ id }) => id === node.id) + 1);
  if (!isAccessedFirst(name, after)) return [];
  const edit = { ...wholeLines(node, text), text: "" };
  return [site("null-access", "guard", text, [edit], `guard of ${name} dropped`)];
}

/** The body of `if x is not None:` without its condition. */
function withoutCheck(node, { text, ...input }) {
  const name = /^([\w.]+)( is not None)?$/.exec(node.childForFieldName("condition").text)?.[1];
  if (!name || !isOptional(name, node, { text, ...input })) return [];
  const body = node.childForFieldName("consequence");
  const statements = statementsOf(body);
  if (
    !isAccessedFirst(name, statements) ||
    body.text.includes('"""') ||
    body.startPosition.row === node.startPosition.row
  )
    return [];
  const depth = node.startPosition.column;
  const inner = statements[0].startPosition.column;
  const { start, end } = wholeLines(node, text);
  const from = text.lastIndexOf("\n", statements[0].startIndex - 1) + 1;
  const moved = text
    .slice(from, end)
    .split("\n")
    .map((line) => (/^\s*$/.test(line.slice(0, inner)) ? line.slice(inner - depth) : line))
    .join("\n");
  return [site("null-access", "check", text, [{ start, end, text: moved }], `check of ${name} dropped`)];
}

/** `x and x.y` (or `x is not None and x.y`) becomes `x.y`. */
function withoutCondition(node, { text, ...input }) {
  if (node.childForFieldName("operator")?.text !== "and") return [];
  const [left, right] = [node.childForFieldName("left"), node.childForFieldName("right")];
  const name = /^([\w.]+)( is not None)?$/.exec(left.text)?.[1];
  if (!name || !right.text.startsWith(`${name}.`) || !isOptional(name, node, { text, ...input })) return [];
  const edit = { start: left.startIndex, end: right.startIndex, text: "" };
  return [site("null-access", "condition", text, [edit], `condition ${name} and dropped`)];
}

/** `x.y if x else z` becomes `x.y`. */
function withoutChoice(node, { text, ...input }) {
  const [then, condition] = node.namedChildren;
  const name = /^([\w.]+)( is not None)?$/.exec(condition.text)?.[1];
  if (!name || !then.text.startsWith(`${name}.`) || !isOptional(name, node, { text, ...input })) return [];
  const edit = { start: then.endIndex, end: node.endIndex, text: "" };
  return [site("null-access", "choice", text, [edit], `choice by ${name} dropped`)];
}

/** Does an annotation say that it may be None: of the parameter, variable, attribute, or of the function it is from? */
function isOptional(name, node, { path, text, bound, functions }) {
  if (name.startsWith("self.")) {
    const owner = ancestors(node).find(({ type }) => type === "class_definition");
    const attribute = name.slice(5);
    if (!owner || attribute.includes(".") || isSet(name, node)) return false;
    return new RegExp(`^\\s*(self\\.)?${attribute}\\s*:[^=\\n]*(\\bNone\\b|\\bOptional\\[)`, "m").test(
      owner.text,
    );
  }
  if (!/^\w+$/.test(name)) return false;
  const owner = ancestors(node).find(({ type }) => type === "function_definition");
  if (!owner) return false;
  for (const one of nodesOf(owner)) {
    if (one.startIndex >= node.startIndex) break;
    const type = one.childForFieldName("type")?.text ?? "";
    if (/^typed_(default_)?parameter$/.test(one.type) && one.text.startsWith(name) && optional.test(type)) {
      if (new RegExp(`^${name}\\b`).test(one.text)) return !isAssigned(name, one, node, owner);
    }
    if (one.type !== "assignment" || one.childForFieldName("left")?.text !== name) continue;
    // The last assignment before the check is the one that counts, when it stands in the same block.
    const isLast = !isAssigned(name, one, node, owner) && one.parent?.parent?.id === node.parent?.id;
    if (!isLast) continue;
    const right = one.childForFieldName("right");
    if (optional.test(type) && right?.type !== "none") return right?.type === "call" || right === null;
    if (right?.type === "call") {
      const head = calledFunction(right, { path, text, bound, functions })?.head ?? "";
      const result = /^[^:]*?\)\s*->\s*([^\n]*?):\s*$/m.exec(head.split(/\n\s*\n/)[0] ?? "")?.[1];
      if (result && optional.test(result)) return true;
    }
  }
  return false;
}

/** Was an attribute given a value earlier in the same function? Then it is what it was given. */
function isSet(name, node) {
  const owner = ancestors(node).find(({ type }) => type === "function_definition");
  return owner !== undefined && isAssigned(name, owner, node, owner);
}

function isAssigned(name, from, to, owner) {
  return nodesOf(owner).some(
    (one) =>
      one.type === "assignment" &&
      one.startIndex > from.startIndex &&
      one.startIndex < to.startIndex &&
      one.childForFieldName("left")?.text === name,
  );
}

/** Is the first thing done with it an attribute, an item or a call, and at once? */
function isAccessedFirst(name, statements) {
  for (const statement of statements) {
    for (const one of nodesOf(statement)) {
      if (["function_definition", "lambda", "boolean_operator", "conditional_expression"].includes(one.type))
        return false;
      if (one.text !== name || !["identifier", "attribute"].includes(one.type)) continue;
      const { parent } = one;
      if (parent?.type === "attribute") return isField(one, "object");
      if (parent?.type === "subscript") return isField(one, "value");
      return parent?.type === "call" && isField(one, "function");
    }
  }
  return false;
}
