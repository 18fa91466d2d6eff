import { posix } from "node:path";
import type { Side } from "../change/types.js";
import { type Diagnostic, evidenceOf, type Severity } from "./engine.js";
import { isTemplate } from "./files.js";
import { importRoots } from "./python-project.js";
import { functionAround, givenNames, isInTry, lastStatement } from "./python-source.js";
import { isSuppressed } from "./python-suppression.js";
import type { Workspace } from "./workspace.js";

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
  const lines = text.split(/\r?\n/);
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
      return attribute(one, lines);
    case "reportCallIssue":
      return call(one.message, line, text);
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
      return { class: "null-access", severity: nullSeverity(before, line, text) };
    default:
      return null;
  }
}

/**
 * An attribute that starts as None in `__init__` and is set later is how untyped Python is written; so is a match
 * that can't fail. An annotation, or a local name, means it.
 */
function nullSeverity(before: string, line: string, text: string): Severity {
  const owner =
    /([\w.]+)\s*(?:\.|\[)?\s*$/.exec(before)?.[1]?.replace(/\.$/, "") ??
    /([\w.]+)/.exec(line.slice(before.length))?.[1] ??
    "";
  if (/\)\s*\.?\s*$/.test(before))
    return /\bre\.|match|search|inspect\.|getmodule/.test(before) ? "hint" : "likely";
  if (!owner.includes(".")) return isRegexMatch(owner, text) ? "hint" : "likely";
  const name = owner.split(".").at(-1) ?? "";
  const annotated = new RegExp(`\\b${name}\\s*:\\s*[^=\\n]*(Optional|None)`).test(text);
  return annotated ? "likely" : "hint";
}

function isRegexMatch(name: string, text: string): boolean {
  return (
    /^\w+$/.test(name) && new RegExp(`\\b${name}\\s*:?=\\s*[\\w.]*(match|search|fullmatch)\\(`).test(text)
  );
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

function attribute(one: PyrightDiagnostic, lines: readonly string[]): Judged | null {
  const symbol = /^"([^"]+)" is unknown import symbol/.exec(one.message)?.[1];
  if (symbol) {
    if (isInTry(lines, one.line)) return null;
    return { class: "missing-export", severity: "certain" };
  }
  const member = /^Cannot access attribute "(\w+)" for class "([^"]+)"/.exec(one.message);
  if (!member) return null;
  const [, name = "", owner = ""] = member;
  const line = lines[one.line - 1] ?? "";
  if (new RegExp(`hasattr\\([^)]*['"]${name}['"]`).test(lines.join("\n"))) return null;
  if (/^(type\[|Module|FunctionType|MethodType|partial|object\b)/.test(owner) || /\bsuper\(\)/.test(line))
    return null;
  if (builtin.test(owner)) return { class: "missing-member", severity: "likely" };
  const bare = owner.replace(/\*$/, "").replace(/\[.*$/, "");
  if (!/^\w+$/.test(bare)) return null;
  return { class: "missing-member", severity: "likely", subject: bare };
}

function call(message: string, line: string, text: string): Judged | null {
  if (/\bsuper\(|\*\*?\w+[,)]/.test(line)) return null;
  const counts =
    /^(Expected \d+ (more )?positional argument|Arguments? missing for parameter|No parameter named)/;
  if (!counts.test(message)) return null;
  // What a decorator makes of a function is as its annotation says, which is often not what it does.
  const callees = [...line.matchAll(/(\w+)\s*\(/g)].flatMap(([, name]) => name ?? []);
  const isDecorated = callees.some((name) =>
    new RegExp(
      `^[ \\t]*@(?!staticmethod|classmethod|dataclass)[^\\n]*\\n(?:[ \\t]*@[^\\n]*\\n)*[ \\t]*(?:async[ \\t]+)?def[ \\t]+${name}\\b`,
      "m",
    ).test(text),
  );
  return { class: "argument-count", severity: isDecorated ? "hint" : "likely" };
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
