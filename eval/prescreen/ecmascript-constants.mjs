import ts from "typescript";
import { site } from "./site.mjs";

/** `const` for a variable that is assigned to, or an assignment to a constant. */
export function reassignedConstants({ file, text, nodes, checker }) {
  const assigned = new Set(
    nodes.flatMap((node) => {
      const target =
        ts.isBinaryExpression(node) &&
        node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
        node.operatorToken.kind <= ts.SyntaxKind.LastAssignment
          ? node.left
          : ts.isPostfixUnaryExpression(node) ||
              (ts.isPrefixUnaryExpression(node) &&
                [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator))
            ? node.operand
            : null;
      return target && ts.isIdentifier(target) ? [checker.getSymbolAtLocation(target)] : [];
    }),
  );
  const lists = nodes.filter(ts.isVariableDeclarationList);
  const variables = lists.flatMap((list) => {
    const isLet = (list.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Let;
    if (!isLet || ts.isForOfStatement(list.parent) || ts.isForInStatement(list.parent)) return [];
    const names = list.declarations.map(({ name }) => name);
    if (list.declarations.some(({ initializer }) => !initializer)) return [];
    if (!names.some((name) => assigned.has(checker.getSymbolAtLocation(name)))) return [];
    const start = list.getStart(file);
    const edit = { start, end: start + "let".length, text: "const" };
    return [
      site("reassigned-constant", "declared", text, [edit], `const ${names.map((one) => one.getText(file))}`),
    ];
  });
  const constants = lists.flatMap((list) => {
    const isConst = (list.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Const;
    const [{ name, initializer }] = list.declarations;
    if (!isConst || list.declarations.length > 1 || !ts.isVariableStatement(list.parent)) return [];
    if (!ts.isIdentifier(name) || !initializer) return [];
    const value = initializer.getText(file);
    // Where no semicolon ends the line, what follows could be taken for its rest.
    if (value.includes("\n") || value.length > 100 || /^\s*[([`+\-/*.]/.test(text.slice(list.parent.end)))
      return [];
    const line = text.slice(text.lastIndexOf("\n", list.getStart(file)) + 1);
    const indent = /^[ \t]*/.exec(line)[0];
    const semicolon = text[list.parent.end - 1] === ";" ? ";" : "";
    const put = `\n${indent}${name.text} = ${value}${semicolon}`;
    const edit = { start: list.parent.end, end: list.parent.end, text: put };
    return [site("reassigned-constant", "assigned", text, [edit], `${name.text} assigned again`)];
  });
  return [...variables, ...constants];
}
