import { createHash } from "node:crypto";
import ts from "typescript";

/** A hash of `shapeText` of a whole file. Files with the same shape give their importers the same types. */
export function shapeOf(file: ts.SourceFile): string {
  return createHash("sha1").update(shapeText(file, file)).digest("hex");
}

/**
 * What a part of a file can tell others: its text without the bodies of functions that say what they return, and
 * without the initializers of variables that say what they are. It errs on the side of telling too much.
 */
export function shapeText(part: ts.Node, file: ts.SourceFile): string {
  const kept: string[] = [];
  let from = part.getStart(file);
  const leaveOut = (node: ts.Node) => {
    kept.push(file.text.slice(from, node.pos));
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
    // Whatever it matches, it is a RegExp.
    if (ts.isRegularExpressionLiteral(node)) {
      leaveOut(node);
      return;
    }
    ts.forEachChild(node, visit);
  };
  if (part === file) ts.forEachChild(part, visit);
  else visit(part);
  kept.push(file.text.slice(from, part.end));
  return kept.join("\0");
}

function saysItsType(node: ts.FunctionLikeDeclaration): boolean {
  return ts.isSetAccessor(node) || (node.type !== undefined && !ts.isConstructorDeclaration(node));
}
