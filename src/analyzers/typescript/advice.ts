import ts from "typescript";
import { root } from "./project.js";

/** What to do about a class of mistake, where the compiler only says what is wrong. */
const advice: Readonly<Record<string, string>> = {
  "undefined-name": "Import or declare it.",
  "missing-export": "Import a name that it exports, or export this one.",
  "missing-module": "Correct the path, or add the file.",
  "missing-return": "Return a value on every way out.",
  "use-before-assignment": "Move the declaration or the assignment before this use.",
  "null-access": "Check for it before this use.",
  "constant-condition": "Correct the condition.",
  "duplicate-key": "Remove or rename one of them.",
  redeclaration: "Remove or rename one of them.",
  "constant-assignment": "Declare it as changeable, or assign to something else.",
  "unreachable-code": "Remove it, or what ends the way to it.",
  fallthrough: "End the case with break or return.",
  "missing-member": "Use a member that it has, or declare this one.",
  "wrong-type": "Convert the value, or correct the type.",
};

/** The compiler's words, with paths as the repository has them, what it adds on the side, and what to do. */
export function messageOf(diagnostic: ts.Diagnostic, kind: string): string {
  const said = ts
    .flattenDiagnosticMessageText(diagnostic.messageText, " ")
    .replace(/\s+/g, " ")
    .replaceAll(`${root}/`, "")
    .slice(0, 400);
  if (kind === "missing-await") return `${said} Did you forget await?`;
  if (kind === "argument-count") {
    const [related] = diagnostic.relatedInformation ?? [];
    const detail = related ? ts.flattenDiagnosticMessageText(related.messageText, " ") : "";
    return /^An argument for/.test(detail) ? `${said} ${detail}` : said;
  }
  const what = advice[kind];
  return what === undefined || /\bDid you (mean|forget)\b|\?$/.test(said) ? said : `${said} ${what}`;
}

/** Does the compiler itself suspect a promise that nobody waited for? */
export function isAboutPromise(diagnostic: ts.Diagnostic): boolean {
  return (diagnostic.relatedInformation ?? []).some(({ code }) => code === 2773);
}
