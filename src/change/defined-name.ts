import type { Node } from "web-tree-sitter";

/** Where a definition says what it is called; C keeps the name inside of declarators. Null where it has none. */
export function definedName(node: Node): Node | null {
  const name = node.childForFieldName("name");
  if (name !== null) return name;
  let inner = node.childForFieldName("declarator");
  for (let depth = 0; inner !== null && depth < 6; depth++) {
    const next = inner.childForFieldName("declarator");
    if (next === null) return inner;
    inner = next;
  }
  return inner;
}
