import ts from "typescript";
import type { TypeScriptDiagnostic } from "./filter.js";
import { root } from "./project.js";

/**
 * Calls of the repository's own asynchronous functions whose promise nobody looks at, in a function that could wait.
 * Only for functions that the same file does wait for elsewhere, or did: some promises are meant to float. The
 * severity is settled where both sides are known.
 */
export function floatingPromises(
  file: ts.SourceFile,
  checker: ts.TypeChecker,
): Pick<TypeScriptDiagnostic, "severity" | "message" | "line" | "subject">[] {
  const found: ReturnType<typeof floatingPromises> = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression) && canWait(node)) {
      const call = node.expression;
      const declaration = checker.getResolvedSignature(call)?.declaration;
      if (
        declaration?.getSourceFile().fileName.startsWith(`${root}/`) &&
        isPromise(checker.getTypeAtLocation(call))
      ) {
        const text = call.getText(file);
        found.push({
          severity: "hint",
          message: `Nothing waits for the promise of '${call.expression.getText(file).slice(0, 80)}': add await, or void where that is meant.`,
          line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1,
          subject: text.length > 400 ? undefined : text,
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Is a statement in an asynchronous function, other than a test's or a callback's that is given away? */
function canWait(node: ts.Node): boolean {
  for (let at = node.parent; at; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    return ts.canHaveModifiers(at)
      ? (ts.getModifiers(at) ?? []).some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword)
      : false;
  }
  return false;
}

/** The language's own Promise, and nothing that merely has a `then`. */
function isPromise(type: ts.Type): boolean {
  if (type.flags & ts.TypeFlags.Any) return false;
  const symbol = type.getSymbol();
  return (
    symbol?.name === "Promise" &&
    (symbol.declarations ?? []).every((one) => !one.getSourceFile().fileName.startsWith(`${root}/`))
  );
}
