import ts from "typescript";
import { nodesOf } from "./ecmascript-program.mjs";
import { site } from "./site.mjs";

/** The last argument of a call dropped, where a function of this repository requires it. */
export function argumentCounts(input) {
  const { file, text, nodes, folder, checker } = input;
  return nodes.flatMap((node) => {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
    const given = [...(node.arguments ?? [])];
    const last = given.at(-1);
    if (!last || given.some(ts.isSpreadElement) || ts.isOptionalChain(node)) return [];
    const declaration = onlyDeclaration(node, checker);
    if (!declaration?.getSourceFile().fileName.startsWith(folder)) return [];
    if (!requires(declaration, given.length, checker)) return [];
    const before = given.at(-2);
    const start = before ? before.end : node.arguments.pos;
    const callee = node.expression.getText(file).slice(0, 60);
    const edit = { start, end: last.end, text: "" };
    return [site("argument-count", text, [edit], `last argument of ${callee} dropped`)];
  });
}

/** The function that is called, when there is only one way to call it. */
function onlyDeclaration(node, checker) {
  const type = checker.getTypeAtLocation(node.expression);
  const signatures = ts.isNewExpression(node) ? type.getConstructSignatures() : type.getCallSignatures();
  if (type.isUnion() || signatures.length !== 1) return null;
  return checker.getResolvedSignature(node)?.declaration ?? null;
}

function requires(declaration, position, checker) {
  const parameters = (declaration.parameters ?? []).filter(
    ({ name }) => !(ts.isIdentifier(name) && name.text === "this"),
  );
  if (parameters.some(({ dotDotDotToken }) => dotDotDotToken)) return false;
  const parameter = parameters[position - 1];
  if (!parameter || parameter.questionToken || parameter.initializer) return false;
  if (/\.[cm]?jsx?$/.test(declaration.getSourceFile().fileName))
    return isDereferenced(parameter, declaration);
  const type = checker.getTypeAtLocation(parameter);
  const parts = type.isUnion() ? type.types : [type];
  return !parts.some(({ flags }) => flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void));
}

/** JavaScript has no required parameters; one whose members are read at once, unasked, is required all the same. */
function isDereferenced({ name }, { body }) {
  if (!ts.isIdentifier(name) || !body) return false;
  const nodes = nodesOf(body).filter(ts.isIdentifier);
  if (nodes.some(({ text }) => text === "arguments")) return false;
  const first = nodes.find((node) => node.text === name.text);
  const { parent } = first ?? {};
  return (
    parent !== undefined &&
    (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) &&
    parent.expression === first &&
    !parent.questionDotToken
  );
}
