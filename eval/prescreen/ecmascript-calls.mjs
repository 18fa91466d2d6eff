import ts from "typescript";
import { nodesOf } from "./ecmascript-program.mjs";
import { site } from "./site.mjs";

/** The last argument of a call dropped where the function requires it, or one more given than it takes. */
export function argumentCounts({ path, file, text, nodes, checker }) {
  return nodes.flatMap((node) => {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
    const given = [...(node.arguments ?? [])];
    if (!node.arguments || given.some(ts.isSpreadElement) || ts.isOptionalChain(node)) return [];
    const declaration = onlyDeclaration(node, checker);
    if (!declaration) return [];
    const callee = node.expression.getText(file).slice(0, 60);
    const sites = [];
    const last = given.at(-1);
    if (last && requires(declaration, given.length, { node, checker })) {
      const start = given.at(-2)?.end ?? node.arguments.pos;
      const edit = { start, end: last.end, text: "" };
      sites.push(site("argument-count", "dropped", text, [edit], `last argument of ${callee} dropped`));
    }
    // JavaScript takes what is too much and says nothing.
    if (/\.[cm]?tsx?$/.test(path) && takesNoMore(declaration, given.length)) {
      const end = last?.end ?? node.arguments.pos;
      const edit = { start: end, end, text: last ? ", 0" : "0" };
      sites.push(site("argument-count", "added", text, [edit], `one argument too many for ${callee}`));
    }
    return sites;
  });
}

function takesNoMore(declaration, count) {
  if (/\.[cm]?jsx?$/.test(declaration.getSourceFile().fileName)) return false;
  const parameters = ownParameters(declaration);
  return parameters.length === count && !parameters.some(({ dotDotDotToken }) => dotDotDotToken);
}

function ownParameters({ parameters = [] }) {
  return parameters.filter(({ name }) => !(ts.isIdentifier(name) && name.text === "this"));
}

/** The function that is called, when there is only one way to call it. */
function onlyDeclaration(node, checker) {
  const type = checker.getTypeAtLocation(node.expression);
  const signatures = ts.isNewExpression(node) ? type.getConstructSignatures() : type.getCallSignatures();
  if (type.isUnion() || signatures.length !== 1) return null;
  return checker.getResolvedSignature(node)?.declaration ?? null;
}

function requires(declaration, position, { node, checker }) {
  const parameters = ownParameters(declaration);
  if (parameters.some(({ dotDotDotToken }) => dotDotDotToken)) return false;
  const parameter = parameters[position - 1];
  if (!parameter || parameter.questionToken || parameter.initializer) return false;
  if (/\.[cm]?jsx?$/.test(declaration.getSourceFile().fileName))
    return isDereferenced(parameter, declaration);
  // As it is for this call: `resolve(value: T)` needs nothing where T is void.
  const symbol = checker.getResolvedSignature(node)?.getParameters()[position - 1];
  const types = [
    checker.getTypeAtLocation(parameter),
    symbol && checker.getTypeOfSymbolAtLocation(symbol, node),
  ];
  const parts = types.flatMap((type) => (type?.isUnion() ? type.types : (type ?? [])));
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
