// Comparisons of a thing with itself, and keys given twice.
import ts from "typescript";
import { nodesOf } from "./ecmascript-program.mjs";
import { site } from "./site.mjs";

const comparisons = new Set(["===", "!==", "==", "!=", "<", ">", "<=", ">="]);

/** A comparison whose right side is its left side, or the other way round. */
export function selfComparisons({ file, text, nodes }) {
  return nodes.flatMap((node) => {
    if (!ts.isBinaryExpression(node) || !comparisons.has(node.operatorToken.getText(file))) return [];
    const [left, right] = [node.left.getText(file), node.right.getText(file)];
    if (left === right || left.includes("\n") || right.includes("\n")) return [];
    const replaced = (variant, side, put) => {
      const edit = { start: side.getStart(file), end: side.end, text: put };
      return site("self-comparison", variant, text, [edit], `${put} compared with itself`);
    };
    const kind = kindOf(node.left);
    return [
      ...(kind === null ? [] : [replaced(kind, node.right, left)]),
      ...(kindOf(node.right) === null ? [] : [replaced("right", node.left, right)]),
    ];
  });
}

/** Of what is the same each time it is looked at; null for the rest, and for what is no name at all. */
function kindOf(node) {
  if (isPath(node)) return ts.isIdentifier(node) && node.text === "undefined" ? null : "path";
  if (!nodesOf(node).some(ts.isIdentifier)) return null;
  const isFixed = nodesOf(node).every(
    (one) =>
      isPath(one) ||
      ts.isPropertyAccessExpression(one) ||
      ts.isElementAccessExpression(one) ||
      ts.isTypeOfExpression(one) ||
      ts.isLiteralExpression(one) ||
      ts.isNonNullExpression(one),
  );
  return isFixed ? "expression" : null;
}

function isPath(node) {
  return (
    ts.isIdentifier(node) ||
    node.kind === ts.SyntaxKind.ThisKeyword ||
    (ts.isPropertyAccessExpression(node) && !node.questionDotToken && isPath(node.expression))
  );
}

/** An object's key given twice, with another value the second time. */
export function duplicateKeys({ file, text, nodes }) {
  const sites = [];
  for (const node of nodes) {
    if (!ts.isObjectLiteralExpression(node) || isPattern(node)) continue;
    const named = node.properties.filter(
      (one) =>
        ts.isShorthandPropertyAssignment(one) ||
        (ts.isPropertyAssignment(one) &&
          (ts.isIdentifier(one.name) || ts.isStringLiteral(one.name) || ts.isNumericLiteral(one.name))),
    );
    for (const [index, later] of named.entries()) {
      const first = named[index - 1];
      if (!first || first.name.text === "__proto__" || !ts.isPropertyAssignment(later)) continue;
      const value = later.initializer.getText(file);
      const known = ts.isPropertyAssignment(first) ? first.initializer : first.name;
      if (value === known.getText(file) || value.length > 200) continue;
      const key = first.name.getText(file);
      const added = { start: later.end, end: later.end, text: `, ${key}: ${value}` };
      const renamed = { start: later.name.getStart(file), end: later.name.end, text: key };
      const note = `key ${first.name.text} given twice`;
      sites.push(site("duplicate-key", "added", text, [added], note));
      sites.push(site("duplicate-key", "renamed", text, [renamed], note));
    }
  }
  return sites;
}

/** Does it take a value apart, where the same key twice is no mistake? */
function isPattern(node) {
  let at = node;
  while (
    ts.isPropertyAssignment(at.parent) ||
    ts.isObjectLiteralExpression(at.parent) ||
    ts.isArrayLiteralExpression(at.parent)
  )
    at = at.parent;
  const { parent } = at;
  return (
    (ts.isBinaryExpression(parent) && parent.left === at) ||
    ((ts.isForOfStatement(parent) || ts.isForInStatement(parent)) && parent.initializer === at)
  );
}
