import { posix } from "node:path";
import ts from "typescript";
import { isComponent, isJavaScript, isTest } from "../files.js";
import { componentOf, isGivenBySvelte } from "../javascript/script-blocks.js";
import { isAboutPromise, messageOf } from "./advice.js";
import { givenNames, givenPrefix } from "./ambient.js";
import { callIsKnown, isTooFewForLanguage } from "./calls.js";
import { isNamespaceMember } from "./checks.js";
import { type CodeRule, codeRules } from "./codes.js";
import {
  closest,
  decidesOnUnknown,
  endsInUnknownCall,
  exportsUnknown,
  hasUnknownParts,
  isPlatformType,
  narrowedByUnknown,
  nodeAt,
} from "./doubt.js";
import { exportSeverity, isDeclaredByPackages } from "./modules.js";
import { type Project, root } from "./project.js";

export interface TypeScriptDiagnostic {
  code: string;
  class: string;
  severity: "certain" | "likely" | "hint";
  message: string;
  path: string;
  line: number;
  subject?: string | undefined;
}

/** What is worth saying of one of the compiler's diagnostics, or null. */
export function judge(
  diagnostic: ts.Diagnostic,
  file: ts.SourceFile,
  checker: ts.TypeChecker,
  project: Project,
): TypeScriptDiagnostic | null {
  const start = diagnostic.start ?? 0;
  const found: TypeScriptDiagnostic = {
    code: `TS${diagnostic.code}`,
    class: "syntax",
    severity: "certain",
    message: "",
    path: componentOf(file.fileName).slice(root.length + 1),
    line: file.getLineAndCharacterOfPosition(start).line + 1,
  };
  const rule = codeRules[diagnostic.code];
  if (!rule) return null;
  const javascript = isJavaScript(file.fileName);
  const node = nodeAt(file, start, diagnostic.length ?? 0);
  const isMember = rule.class === "missing-member" && isNamespaceMember(node, checker);
  if (javascript && !rule.javascript && !isMember) return null;
  found.class = isAboutPromise(diagnostic) ? "missing-await" : rule.class;
  const isDoubtful =
    javascript && rule.javascript === "hint" && !isTooFewForLanguage(diagnostic, node, checker);
  found.severity = isDoubtful ? "hint" : rule.severity;
  found.message = messageOf(diagnostic, found.class);
  if (isComponent(found.path) && isComponentsWay(found, rule, node, file)) return null;
  const text = file.text.slice(start, start + (diagnostic.length ?? 0));
  const kept = (): TypeScriptDiagnostic | null => {
    const isMember =
      node.parent !== undefined && ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
    const subject = isMember ? node.parent : node;
    if (rule.narrowing && narrowedByUnknown(checker, file, subject)) return null;
    return found;
  };

  switch (rule.class) {
    case "undefined-name":
      // A script shares its names with files that a page loads beside it.
      if (/\.svelte$/i.test(found.path) && isGivenBySvelte(text, file.text)) return null;
      if (givenNames.has(text) || givenPrefix.test(text) || !/^[\w$]+$/.test(text)) return null;
      return { ...found, subject: text };
    case "missing-module":
      return missingModule(found, node, file, project);
    case "missing-export":
      return missingExport(found, node, checker, project);
    case "missing-return":
      return missingReturn(found, node, diagnostic.code, checker, project);
    case "redeclaration":
      return inOneFile(diagnostic, file) ? found : null;
    case "fallthrough":
      return project.noFallthrough ? found : null;
    case "unreachable-code":
      return /^break\s*;?$/.test(text.trim()) ? null : kept();
    case "missing-member":
      return memberIsKnown(node, checker) ? kept() : null;
    case "argument-count":
      // Tests call with too much or too little to see what happens.
      if (found.severity === "hint" && isTest(found.path)) return null;
      return callIsKnown(diagnostic, node, checker, project, javascript) ? found : null;
    case "wrong-type":
      return isPlainMismatch(found.message) || found.class === "missing-await" ? kept() : null;
    case "null-access":
      return project.strictNullChecks && !(diagnostic.code === 18046 && !project.unknownInCatch)
        ? kept()
        : null;
    default:
      return kept();
  }
}

/** Is it how components are written: what their two blocks share, or what Svelte changes behind the script's back? */
function isComponentsWay(
  { class: kind, path }: TypeScriptDiagnostic,
  rule: CodeRule,
  node: ts.Node,
  file: ts.SourceFile,
): boolean {
  if (kind === "redeclaration" || kind === "use-before-assignment") return true;
  if (!/\.svelte$/i.test(path)) return false;
  const owner = closest(node.parent ?? file, (at): at is ts.SignatureDeclaration => ts.isFunctionLike(at));
  return rule.narrowing === true && owner === undefined;
}

/** SvelteKit's types of a route, React Router's, and what Nuxt and Nitro build. */
const frameworkTypes =
  /^\.\/(\$types|\+types\/)|(^|\/)\.(nuxt|svelte-kit|react-router|output|next|astro|wxt)(\/|$)/;

function missingModule(
  found: TypeScriptDiagnostic,
  node: ts.Node,
  file: ts.SourceFile,
  project: Project,
): TypeScriptDiagnostic | null {
  const literal = ts.isStringLiteralLike(node) ? node : undefined;
  if (!literal || closest(literal, (at): at is ts.TryStatement => ts.isTryStatement(at))) return null;
  const specifier = literal.text;
  if (specifier.startsWith("./") || specifier.startsWith("../") || specifier === "." || specifier === "..") {
    const target = posix.join(posix.dirname(file.fileName), specifier.replace(/[?#].*$/, ""));
    // Components are looked for apart, and some files are written by a framework beside the sources.
    if (!target.startsWith(`${root}/`) || isComponent(target) || frameworkTypes.test(specifier)) return null;
    const dynamic =
      ts.isCallExpression(literal.parent) && literal.parent.expression.kind === ts.SyntaxKind.ImportKeyword;
    return { ...found, severity: dynamic ? "likely" : "certain", subject: target.slice(root.length + 1) };
  }
  const alias = project.aliases.find((pattern) => {
    const [before = "", after = ""] = pattern.split("*");
    return pattern.includes("*") && specifier.startsWith(before) && specifier.endsWith(after);
  });
  if (!alias) return null;
  const [before = ""] = alias.split("*");
  const [target = ""] = project.options.paths?.[alias] ?? [];
  const base = project.options.baseUrl ?? posix.dirname(project.config);
  const path = posix.join(base, target.replace("*", specifier.slice(before.length).replace(/[?#].*$/, "")));
  if (!path.startsWith(`${root}/`) || path.includes("/node_modules/")) return null;
  return { ...found, severity: "likely", subject: path.slice(root.length + 1) };
}

function missingExport(
  found: TypeScriptDiagnostic,
  node: ts.Node,
  checker: ts.TypeChecker,
  project: Project,
): TypeScriptDiagnostic | null {
  const statement = closest(
    node,
    (at): at is ts.ImportDeclaration | ts.ExportDeclaration =>
      ts.isImportDeclaration(at) || ts.isExportDeclaration(at),
  );
  if (!statement?.moduleSpecifier || !ts.isStringLiteral(statement.moduleSpecifier)) return null;
  const module = checker.getSymbolAtLocation(statement.moduleSpecifier);
  if (isDeclaredByPackages(module)) return { ...found, severity: "likely" };
  const target = module?.declarations?.find(ts.isSourceFile);
  if (!target?.fileName.startsWith(`${root}/`) || !/\.[mc]?[jt]sx?$/.test(target.fileName)) return null;
  const common = "commonJsModuleIndicator" in target && target.commonJsModuleIndicator !== undefined;
  if (!ts.isExternalModule(target) || common || exportsUnknown(checker, target)) return null;
  const subject = ts.isIdentifier(node) && ts.isImportSpecifier(node.parent) ? node.text : undefined;
  const named = { ...found, subject };
  if (found.severity !== "certain") return named;
  return { ...named, severity: exportSeverity(statement.moduleSpecifier.text, target.fileName, project) };
}

function missingReturn(
  found: TypeScriptDiagnostic,
  node: ts.Node,
  code: number,
  checker: ts.TypeChecker,
  project: Project,
): TypeScriptDiagnostic | null {
  // Where nobody asked for this check, `lostReturns` tells what used to be returned on every way out.
  if (code === 7030 && !project.noImplicitReturns) return null;
  const owner = closest(
    node,
    (at): at is ts.FunctionLikeDeclaration => ts.isFunctionLike(at) && "body" in at,
  );
  const body = owner?.body;
  if (!body) return null;
  return endsInUnknownCall(checker, body) || decidesOnUnknown(checker, body) ? null : found;
}

function inOneFile(diagnostic: ts.Diagnostic, file: ts.SourceFile): boolean {
  const related = diagnostic.relatedInformation ?? [];
  return related.every((other) => other.file === file) && (ts.isExternalModule(file) || related.length > 0);
}

/** Names that Node adds to what browsers and the language have. */
const nodeMembers = new Set(["unref", "ref", "hasRef", "refresh", "captureStackTrace", "stackTraceLimit"]);

function memberIsKnown(node: ts.Node, checker: ts.TypeChecker): boolean {
  const access = closest(
    node,
    (
      at,
    ): at is
      | ts.PropertyAccessExpression
      | ts.ElementAccessExpression
      | ts.BindingElement
      | ts.QualifiedName =>
      ts.isPropertyAccessExpression(at) ||
      ts.isElementAccessExpression(at) ||
      ts.isBindingElement(at) ||
      ts.isQualifiedName(at),
  );
  if (!access || nodeMembers.has(node.getText())) return false;
  const owner = ts.isBindingElement(access)
    ? access.parent
    : ts.isQualifiedName(access)
      ? access.left
      : access.expression;
  const type = checker.getTypeAtLocation(owner);
  if (isPlatformType(type) || hasUnknownParts(checker, type)) return false;
  const text = checker.typeToString(type);
  return !/\bglobalThis\b|^ImportMeta$|^ErrorConstructor$/.test(text) && !ts.isMetaProperty(owner);
}

const primitive =
  /^(string|number|boolean|bigint|symbol|null|undefined|void|true|false|-?\d[\d.e+]*n?|"(?:[^"\\]|\\.)*")$/;

/** Is a mismatch one of primitive types, or of nothing but a missing null check? Then no unknown type hides in it. */
function isPlainMismatch(message: string): boolean {
  const match = /^(?:Argument of type|Type) '(.+?)' is not assignable to (?:parameter of )?type '(.+?)'/.exec(
    message,
  );
  if (!match) return false;
  const [source = [], target = []] = [match[1] ?? "", match[2] ?? ""].map((type) => type.split(" | "));
  if ([...source, ...target].every((part) => primitive.test(part))) return true;
  const absent = (part: string) => part === "undefined" || part === "null";
  return (
    source.some(absent) &&
    !target.some(absent) &&
    source.filter((part) => !absent(part)).join(" | ") === target.join(" | ")
  );
}
