import { createHash } from "node:crypto";
import ts from "typescript";

/**
 * A hash of what a file can tell others: its text without the bodies of functions that say what they return, and
 * without the initializers of variables that say what they are. Files with the same shape give their importers the
 * same types. It errs on the side of being different.
 */
export function shapeOf(file: ts.SourceFile): string {
  const hash = createHash("sha1");
  let from = 0;
  const leaveOut = (node: ts.Node) => {
    hash.update(file.text.slice(from, node.pos)).update("\0");
    from = node.end;
  };
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body && saysItsType(node)) {
      for (const parameter of node.parameters) visit(parameter);
      leaveOut(node.body);
      return;
    }
    if ((ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) && node.type && node.initializer) {
      leaveOut(node.initializer);
      return;
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return hash.update(file.text.slice(from, file.endOfFileToken.pos)).digest("hex");
}

function saysItsType(node: ts.FunctionLikeDeclaration): boolean {
  return ts.isSetAccessor(node) || (node.type !== undefined && !ts.isConstructorDeclaration(node));
}
