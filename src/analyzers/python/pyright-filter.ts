import { posix } from "node:path";
import type { Side } from "../../change/types.js";
import { type Diagnostic, evidenceOf, type Severity } from "../engine.js";
import { isTemplate } from "../files.js";
import { linesOf } from "../last-text.js";
import type { Workspace } from "../workspace.js";
import { pythonIndex } from "./file-index.js";
import { importedModule, isHandedOn, ownerOf, wasHidden } from "./modules.js";
import { importRoots } from "./project.js";
import { callAround, functionAround, givenNames, isInTry, isMeantToFail, lastStatement } from "./source.js";
import { isSuppressed } from "./suppression.js";

export interface PyrightDiagnostic {
  side: Side;
  path: string;
  message: string;
  rule?: string | undefined;
  /** 1-based. */
  line: number;
  /** 0-based. */
  column: number;
}

interface Judged {
  class: string;
  severity: Severity;
  subject?: string;
}

/** What is worth saying of one of pyright's diagnostics, or null. Packages are not installed: most of the rest is that. */
export async function judgePyright(one: PyrightDiagnostic, workspace: Workspace): Promise<Diagnostic | null> {
  const text = await workspace.text(one.side, one.path);
  if (text === null || one.rule === undefined || isTemplate(one.path, text)) return null;
  const lines = linesOf(text);
  const message = one.message.replace(/\s+/g, " ").trim();
  const judged = await judge({ ...one, message }, lines, text, workspace);
  if (!judged || isSuppressed(lines, one.line, judged.class, one.rule)) return null;
  return {
    code: one.rule,
    message: message.slice(0, 400),
    path: one.path,
    line: one.line,
    evidence: evidenceOf(lines[one.line - 1]),
    ...judged,
  };
}

async function judge(
  one: PyrightDiagnostic,
  lines: readonly string[],
  text: string,
  workspace: Workspace,
): Promise<Judged | null> {
  const line = lines[one.line - 1] ?? "";
  const before = line.slice(0, one.column);
  switch (one.rule) {
    case "reportUndefinedVariable": {
      const name = /^"([^"]+)" is not defined/.exec(one.message)?.[1];
      // ruff says the same, and knows better what tools put in; this is for what it can't parse.
      return name && !givenNames.has(name)
        ? { class: "undefined-name", severity: "certain", subject: name }
        : null;
    }
    case "reportUnboundVariable": {
      const name = /^"([^"]+)" is unbound/.exec(one.message)?.[1];
      return {
        class: "use-before-assignment",
        severity: /\bdel\b/.test(text) ? "hint" : "certain",
        ...(name ? { subject: name } : {}),
      };
    }
    case "reportPossiblyUnbound":
      return { class: "use-before-assignment", severity: "hint" };
    case "reportMissingImports":
      return missingImport(one, lines, workspace);
    case "reportAttributeAccessIssue":
      return attribute(one, lines, workspace);
    case "reportCallIssue":
      return call(one, lines, workspace);
    case "reportGeneralTypeIssues":
      return /is declared as Final and cannot be reassigned/.test(one.message)
        ? { class: "constant-assignment", severity: "likely" }
        : null;
    case "reportReturnType":
      return missingReturn(one, lines);
    case "reportUnusedCoroutine":
      return { class: "missing-await", severity: "likely" };
    case "reportOptionalMemberAccess":
    case "reportOptionalSubscript":
    case "reportOptionalIterable":
    case "reportOptionalCall":
    case "reportOptionalOperand":
    case "reportOptionalContextManager":
      return { class: "null-access", severity: await nullSeverity(one, before, lines, workspace) };
    default:
      return null;
  }
}

/**
 * An attribute that starts as None in `__init__` and is set later is how untyped Python is written; so are a default
 * of None, and a match that can't fail. An annotation means it.
 */
async function nullSeverity(
  one: PyrightDiagnostic,
  before: string,
  lines: readonly string[],
  workspace: Workspace,
): Promise<Severity> {
  const line = lines[one.line - 1] ?? "";
  const { annotated } = await pythonIndex(workspace, one.side);
  if (/\)[ \t]{0,9}\.?[ \t]{0,9}$/.test(before)) {
    const called = calleeBefore(before);
    return called !== null && annotated.has(called) ? "likely" : "hint";
  }
  const owner =
    /([\w.]+)[ \t]{0,9}(?:\.|\[)?[ \t]{0,9}$/.exec(before)?.[1]?.replace(/\.$/, "") ??
    /([\w.]+)/.exec(line.slice(before.length))?.[1] ??
    "";
  if (owner.includes(".")) {
    const name = owner.split(".").at(-1) ?? "";
    const said = new RegExp(
      `\\b${name}\\s*:\\s*[^=\\n]{0,300}(Optional|None)|def ${name}\\(.*->.*(Optional|None)`,
    );
    return lines.some((text) => said.test(text)) ? "likely" : "hint";
  }
  return (await isMeantOptional(owner, one.line, lines, annotated)) ? "likely" : "hint";
}

/** The function whose call ends a text: `find` of `a.find(x, g())`. */
function calleeBefore(text: string): string | null {
  let depth = 0;
  for (let at = text.lastIndexOf(")"); at >= 0; at--) {
    if (text[at] === ")") depth++;
    if (text[at] === "(" && --depth === 0)
      return /\b(\w+)\s{0,9}$/.exec(text.slice(Math.max(0, at - 200), at))?.[1] ?? null;
  }
  return null;
}

/** Is a local name's None one that somebody wrote down: in an annotation of it, or of what gave it? */
async function isMeantOptional(
  name: string,
  line: number,
  lines: readonly string[],
  annotated: ReadonlySet<string>,
): Promise<boolean> {
  if (!/^\w+$/.test(name)) return false;
  const typed = new RegExp(`(?<![\\w.])${name}\\s*:[^=]*\\b(None|Optional)\\b`);
  const given = new RegExp(`(?:^\\s*${name}\\s*=(?!=)|\\(\\s*${name}\\s*:=)\\s*(.*)`);
  const owner = functionAround(lines, line);
  for (let at = line; at >= (owner?.line ?? 1); at--) {
    const text = lines[at - 1] ?? "";
    if (typed.test(text)) return true;
    const value = given.exec(text)?.[1];
    if (value === undefined) continue;
    const called = /^(?:await\s+)?(?:[\w.]+\.)?(\w+)\(/.exec(value)?.[1];
    if (called !== undefined) return annotated.has(called);
    // A name or an attribute that somebody annotated elsewhere.
    const other = /^(?:\w+\.)+(\w+)\s*(?:#.*)?$/.exec(value)?.[1];
    if (other === undefined) return false;
    return lines.some((one) => new RegExp(`\\b${other}\\s*:\\s*[^=]*(Optional|None)`).test(one));
  }
  return lines.some((text) => /^\w/.test(text) && typed.test(text));
}

async function missingImport(
  one: PyrightDiagnostic,
  lines: readonly string[],
  workspace: Workspace,
): Promise<Judged | null> {
  const name = /^Import "([^"]+)"/.exec(one.message)?.[1];
  if (!name || isInTry(lines, one.line)) return null;
  const paths = await workspace.paths(one.side);
  const dots = /^\.*/.exec(name)?.[0].length ?? 0;
  const parts = name.slice(dots).split(".").filter(Boolean);
  if (dots > 0) {
    let folder = posix.dirname(one.path);
    for (let up = 1; up < dots; up++) folder = posix.dirname(folder);
    const target = posix.join(folder, ...parts);
    return target.startsWith("..") ? null : { class: "missing-module", severity: "certain", subject: target };
  }
  // Only a regular package of ours can't have parts that live elsewhere.
  for (const root of await importRoots(workspace, one.side)) {
    const top = posix.join(root, parts[0] ?? "");
    if (!paths.has(`${top}/__init__.py`)) continue;
    const target = posix.join(root, ...parts);
    const parent = posix.dirname(target);
    const regular = paths.has(`${parent}/__init__.py`);
    return regular ? { class: "missing-module", severity: "certain", subject: target } : null;
  }
  return null;
}

const builtin = /^(?:str|int|float|bool|bytes|list|dict|set|tuple|frozenset|Literal)\b/;

async function attribute(
  one: PyrightDiagnostic,
  lines: readonly string[],
  workspace: Workspace,
): Promise<Judged | null> {
  const symbol = /^"([^"]+)" is unknown import symbol/.exec(one.message)?.[1];
  if (symbol) {
    const module = importedModule(lines, one.line);
    if (module === null || isInTry(lines, one.line)) return null;
    const owner = await ownerOf(module, one.side, workspace);
    if (owner === "own" && (await isHandedOn(module, symbol, one, workspace))) return null;
    if (owner === "own" && (await wasHidden(module, symbol, lines, one, workspace))) return null;
    if (owner === "own") return { class: "missing-export", severity: "certain" };
    // Its types may be of another version than the one that is installed.
    return { class: "missing-export", severity: owner === "python" ? "likely" : "hint" };
  }
  const ofModule = /^"(\w+)" is not a known attribute of module "([\w.]+)"/.exec(one.message);
  if (ofModule) return moduleMember(one, ofModule[1] ?? "", ofModule[2] ?? "", lines, workspace);
  const member = /^Cannot access attribute "(\w+)" for class "([^"]+)"/.exec(one.message);
  if (!member) return null;
  const [, name = "", owner = ""] = member;
  const line = lines[one.line - 1] ?? "";
  if (isAskedFor(name, lines) || isMeantToFail(lines, one.line)) return null;
  if (/^(type\[|Module|FunctionType|MethodType|partial|object\b)/.test(owner) || /\bsuper\(\)/.test(line))
    return null;
  if (isDuckTyped(one, lines)) return { class: "missing-member", severity: "hint" };
  if (builtin.test(owner)) return { class: "missing-member", severity: "likely" };
  const bare = owner.replace(/\*$/, "").replace(/\[.*$/, "");
  if (!/^\w+$/.test(bare)) return null;
  return { class: "missing-member", severity: "likely", subject: bare };
}

/** A name that its function asks for other members is more than the one type it was narrowed to. */
function isDuckTyped({ line, column }: PyrightDiagnostic, lines: readonly string[]): boolean {
  const receiver = /(\w+)\s{0,9}\.\s{0,9}$/.exec((lines[line - 1] ?? "").slice(0, column))?.[1];
  const owner = receiver === undefined ? null : functionAround(lines, line);
  if (!owner) return false;
  return new RegExp(`\\bhasattr\\(\\s{0,9}${receiver}\\s{0,9},`).test(
    lines.slice(owner.line - 1, owner.end).join("\n"),
  );
}

/** Code that asks whether something is there knows that it may not be. */
function isAskedFor(name: string, lines: readonly string[]): boolean {
  return new RegExp(`(has|get|set)attr\\([^)]{0,300}['"]${name}['"]`).test(lines.join("\n"));
}

async function moduleMember(
  one: PyrightDiagnostic,
  name: string,
  module: string,
  lines: readonly string[],
  workspace: Workspace,
): Promise<Judged | null> {
  if (isAskedFor(name, lines) || isInTry(lines, one.line) || isMeantToFail(lines, one.line)) return null;
  const owner = await ownerOf(module, one.side, workspace);
  if (owner === "other") return null;
  if (owner === "own") {
    // A module inside of a package is there once anybody has imported it.
    const paths = await workspace.paths(one.side);
    const inside = `${module.replaceAll(".", "/")}/${name}`;
    for (const root of await importRoots(workspace, one.side)) {
      const path = posix.join(root, inside);
      if (paths.has(`${path}.py`) || paths.has(`${path}.pyi`) || paths.has(path)) return null;
      // A module that makes its names as it runs has more of them than are written in it.
      const stem = posix.join(root, module.replaceAll(".", "/"));
      for (const file of [`${stem}.py`, `${stem}/__init__.py`]) {
        const text = paths.has(file) ? await workspace.text(one.side, file) : null;
        if (text && /globals\(\)|setattr\(|sys\.modules|import \*|__dict__|\bexec\(/.test(text)) return null;
      }
    }
  }
  return { class: "missing-member", severity: "likely" };
}

async function call(
  { message, side, line: number, column }: PyrightDiagnostic,
  lines: readonly string[],
  workspace: Workspace,
): Promise<Judged | null> {
  const line = lines[number - 1] ?? "";
  if (/\bsuper\(|[(,]\s*\*\*?[\w.([{]/.test(line)) return null;
  const counts =
    /^(Expected \d+ (more )?positional argument|Arguments? missing for parameter|No parameter named)/;
  if (!counts.test(message) || isMeantToFail(lines, number)) return null;
  // What a decorator makes of a function or class is as its annotation says, which is often not what it does; and when
  // the decorator's package is not installed, nobody knows.
  const { decorated, open } = await pythonIndex(workspace, side);
  const callees = [...line.matchAll(/\b(\w+)\s{0,9}\(/g)].flatMap(([, name]) => name ?? []);
  const outer = callAround(lines, number, column);
  if (outer !== null) callees.push(outer);
  const isDoubtful = callees.some((name) => decorated.has(name) || open.has(name));
  return { class: "argument-count", severity: isDoubtful ? "hint" : "likely" };
}

function missingReturn(one: PyrightDiagnostic, lines: readonly string[]): Judged | null {
  if (!one.message.includes("must return value")) return null;
  const owner = functionAround(lines, one.line) ?? functionAbove(lines, one.line);
  const last = owner ? lastStatement(lines, owner) : "";
  // A call at the end may be one that never returns, of a package that is not installed.
  const unknown =
    /^[\w.]+\(.*\)$/.test(last) || /^(\.\.\.|pass|"""|\)|raise\b)/.test(last) || last.endsWith('"""');
  const matches =
    owner &&
    lines
      .slice(owner.line, owner.end)
      .some((line) => /^\s*(match\s.*:|async with\b|with\b.*:)\s*$/.test(line));
  return { class: "missing-return", severity: unknown || matches ? "hint" : "likely" };
}

/** For a return type on a later line than its `def`. */
function functionAbove(lines: readonly string[], line: number) {
  for (let at = line; at >= Math.max(1, line - 40); at--) {
    if (/^\s*(?:async\s+)?def\s/.test(lines[at - 1] ?? "")) return functionAround(lines, at);
  }
  return null;
}
