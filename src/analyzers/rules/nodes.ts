import type { Node } from "web-tree-sitter";

/** The named children, without comments. */
export function parts(node: Node): Node[] {
  return node.namedChildren.filter((child): child is Node => child !== null && !isComment(child));
}

export function isComment({ type }: Node): boolean {
  return (
    type === "comment" || type === "line_comment" || type === "block_comment" || type === "multiline_comment"
  );
}

/** 1-based line on which a node starts. */
export function lineOfNode(node: Node): number {
  return node.startPosition.row + 1;
}

/** A node's text without white space: equal for what is the same but for its layout. */
export function squeezed(node: Node): string {
  return node.text.replace(/\s+/g, "");
}

/** The nearest node above of one of the kinds, or null. */
export function above(node: Node, kinds: ReadonlySet<string>): Node | null {
  for (let at = node.parent; at !== null; at = at.parent) if (kinds.has(at.type)) return at;
  return null;
}

/** Calls `visit` for a node and all below it; what `visit` answers with false is not entered. */
export function visitBelow(node: Node, visit: (node: Node) => boolean): void {
  if (!visit(node)) return;
  for (const child of node.namedChildren) if (child) visitBelow(child, visit);
}

/** True when a node of one of the kinds is below, not looking into those of the other kinds. */
export function holds(node: Node, kinds: RegExp, closed?: RegExp): boolean {
  let found = false;
  visitBelow(node, (one) => {
    if (found || (one.id !== node.id && closed?.test(one.type))) return false;
    if (kinds.test(one.type)) found = true;
    return !found;
  });
  return found;
}

/** A text cut for a message. */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return `'${line.length > 60 ? `${line.slice(0, 59)}…` : line}'`;
}
