import type { Node } from "web-tree-sitter";
import { definedName } from "../../change/defined-name.js";
import { parse } from "../../change/imports/parsers.js";
import type { Grammar } from "../../change/risk/languages.js";

/** A function, method or class that a place is in. Lines are 1-based, both ends belong to it. */
export interface Scope {
  kind: "function" | "type";
  name: string | null;
  start: number;
  end: number;
}

export interface LineRange {
  start: number;
  end: number;
}

/** Steps of the parser (progress callbacks) after which a text is given up. */
const stepLimit = 20_000;
const isFunction =
  /function|method|constructor|destructor|arrow|lambda|closure|accessor|getter|setter|func_literal/;
const isType =
  /^(?:abstract_)?class|^(?:impl|trait|struct|enum|interface|object|module|namespace|record|protocol)(?:_|$)/;
/** Named after a scope, and none: uses of one, and parts of what its parent is. */
const isNone =
  /body|call|invocation|param|reference|signature|declarator|modifier|pattern|argument|type$|creation|heritage/;

/**
 * For each range of lines the scopes that hold it whole, innermost first; null where the text can't be read that far.
 * A text with errors in it is read as well as it goes.
 */
export async function scopesOf(
  grammar: Grammar,
  text: string,
  ranges: readonly LineRange[],
): Promise<Scope[][] | null> {
  const tree = await parse(grammar, text, stepLimit);
  if (tree === null) return null;
  try {
    const lines = text.split("\n");
    return ranges.map(({ start, end }) => {
      const first = { row: start - 1, column: indentOf(lines[start - 1]) };
      const last = {
        row: end - 1,
        column: Math.max(indentOf(lines[end - 1]), lines[end - 1]?.trimEnd().length ?? 0),
      };
      return chain(tree.rootNode.descendantForPosition(first, last));
    });
  } finally {
    tree.delete();
  }
}

function indentOf(line: string | undefined): number {
  return line === undefined ? 0 : line.length - line.trimStart().length;
}

function chain(from: Node | null): Scope[] {
  const scopes: Scope[] = [];
  for (let node = from; node !== null; node = node.parent) {
    const kind = isFunction.test(node.type) ? "function" : isType.test(node.type) ? "type" : null;
    // The whole text is a scope (`module` in Python) that says nothing.
    if (kind === null || !node.isNamed || node.parent === null || isNone.test(node.type)) continue;
    scopes.push({
      kind,
      name: nameOf(node),
      start: node.startPosition.row + 1,
      end: node.endPosition.row + 1,
    });
  }
  return scopes;
}

/** Of what a function is called by; one without a name may be given to a variable or a field. */
function nameOf(node: Node): string | null {
  const holder = node.parent;
  const own = definedName(node);
  const given =
    own ??
    (holder !== null && /declarator|pair|field|property|assignment/.test(holder.type)
      ? (holder.childForFieldName("name") ??
        holder.childForFieldName("key") ??
        holder.childForFieldName("left"))
      : null);
  const name = given?.text.split(/[.:]/).at(-1) ?? "";
  return /^[\p{L}_$][\p{L}\p{N}_$]{1,80}$/u.test(name) ? name : null;
}
