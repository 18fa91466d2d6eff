// Comparisons of a thing with itself, and keys given twice.
import { nodesOf } from "./python-source.mjs";
import { site } from "./site.mjs";

/** A comparison whose right side is its left side, or the other way round. */
export function selfComparisons({ text, nodes }) {
  return nodes.flatMap((node) => {
    if (node.type !== "comparison_operator" || node.namedChildren.length !== 2) return [];
    const [left, right] = node.namedChildren;
    const operator = text.slice(left.endIndex, right.startIndex).trim();
    if (!/^(==|!=|<|>|<=|>=|is|is not)$/.test(operator)) return [];
    if (left.text === right.text || left.text.includes("\n") || right.text.includes("\n")) return [];
    const replaced = (variant, side, put) => {
      const edit = { start: side.startIndex, end: side.endIndex, text: put };
      return site("self-comparison", variant, text, [edit], `${put} compared with itself`);
    };
    const kind = kindOf(left);
    return [
      ...(kind === null ? [] : [replaced(kind, right, left.text)]),
      ...(kindOf(right) === null ? [] : [replaced("right", left, right.text)]),
    ];
  });
}

/** Of what is the same each time it is looked at; null for the rest, and for what is no name at all. */
function kindOf(node) {
  if (/^\w+(\.\w+)*$/.test(node.text)) return /^\d|^(None|True|False)$/.test(node.text) ? null : "path";
  const fixed = [
    "identifier",
    "attribute",
    "subscript",
    "string",
    "string_start",
    "string_content",
    "string_end",
  ];
  const isFixed = nodesOf(node).every(({ type }) => fixed.includes(type) || type === "integer");
  return isFixed && node.type === "subscript" ? "expression" : null;
}

/** A dictionary's key given twice, with another value the second time. */
export function duplicateKeys({ text, nodes }) {
  const sites = [];
  for (const node of nodes) {
    if (node.type !== "dictionary") continue;
    const pairs = node.namedChildren.filter((one) => one !== null && one.type === "pair");
    for (const [index, later] of pairs.entries()) {
      const key = pairs[index - 1]?.childForFieldName("key");
      if (!key || !["string", "integer", "identifier"].includes(key.type) || /^\w*f\w*["']/i.test(key.text))
        continue;
      const value = later.childForFieldName("value").text;
      if (value === pairs[index - 1].childForFieldName("value").text || value.length > 200) continue;
      const old = later.childForFieldName("key");
      const note = `key ${key.text} given twice`;
      const added = { start: later.endIndex, end: later.endIndex, text: `, ${key.text}: ${value}` };
      const renamed = { start: old.startIndex, end: old.endIndex, text: key.text };
      const kind = key.type === "identifier" ? "-name" : "";
      sites.push(site("duplicate-key", `added${kind}`, text, [added], note));
      sites.push(site("duplicate-key", `renamed${kind}`, text, [renamed], note));
    }
  }
  return sites;
}
