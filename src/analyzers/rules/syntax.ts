import { posix } from "node:path";
import * as z from "zod";
import { hasGrammar } from "../../change/imports/parsers.js";
import type { Side } from "../../change/types.js";
import { breathe } from "../breathe.js";
import {
  type BothSides,
  type Diagnostic,
  type Engine,
  type EngineFile,
  evidenceOf,
  type Severity,
} from "../engine.js";
import { isFixture, isTemplate, isTest } from "../files.js";
import { linesOf } from "../last-text.js";
import { type SideText, textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";
import type { Workspace } from "../workspace.js";

const brackets = z.object({ round: z.number(), square: z.number(), curly: z.number() });
type Brackets = z.infer<typeof brackets>;
const parsed = z.object({
  errors: z.array(z.object({ line: z.number(), end: z.number(), missing: z.string().nullable() })),
  /** How many more are opened than closed, strings and comments left out; counted where there are errors. */
  open: brackets,
  mistakes: z.array(
    z.object({
      code: z.string(),
      class: z.string(),
      severity: z.enum(["certain", "likely", "hint"]),
      message: z.string(),
      line: z.number(),
      subject: z.string().optional(),
    }),
  ),
  lost: z.string().optional(),
});
type Parsed = z.infer<typeof parsed>;

interface Language {
  grammar: string;
  name: string;
  /**
   * Of an error that is no wrong bracket, in a file that was right before. Measured over 4,700 files of 13 public
   * repositories: the grammars of Go, Java, Rust, PHP and Ruby read all of them, that of C# misread 1 in 100
   * (conditional compilation, `params` collections), that of bash some; C and C++ can't be read without their macros.
   */
  severity: Severity;
  /** Whether wrong brackets are certain. */
  brackets: boolean;
}

const languages: readonly [RegExp, Language][] = [
  [/\.go$/, { grammar: "go", name: "Go", severity: "likely", brackets: true }],
  [/\.java$/, { grammar: "java", name: "Java", severity: "likely", brackets: true }],
  [/\.rs$/, { grammar: "rust", name: "Rust", severity: "likely", brackets: true }],
  [/(?<!\.blade)\.php$/, { grammar: "php", name: "PHP", severity: "likely", brackets: true }],
  [/\.(rb|rake|gemspec)$/, { grammar: "ruby", name: "Ruby", severity: "likely", brackets: true }],
  [/\.kts?$/, { grammar: "kotlin", name: "Kotlin", severity: "hint", brackets: true }],
  [/\.cs$/, { grammar: "c-sharp", name: "C#", severity: "hint", brackets: true }],
  [/\.(sh|bash)$/, { grammar: "bash", name: "shell", severity: "hint", brackets: false }],
  [/\.(c|h|cc|cpp|cxx|hh|hpp|hxx)$/, { grammar: "cpp", name: "C or C++", severity: "hint", brackets: false }],
];

function languageOf(path: string): Language | null {
  const name = posix.basename(path);
  return languages.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

/**
 * Languages that no other engine here reads: syntax errors, which is what did parse before and no longer does, and the
 * mistakes that rules see in the syntax.
 */
export const syntax: Engine = {
  name: "syntax",
  languages: "Go, Rust, Java, Kotlin, C#, C, C++, Ruby, PHP or shell",
  handles: (path) => languageOf(path) !== null && !isFixture(path),
  timeout: 60_000,
  lane: "light",
  async analyse(input) {
    const { files, workspace, note } = input;
    const readable = files.filter(({ head, base }) =>
      hasGrammar(languageOf(head ?? base ?? "")?.grammar ?? ""),
    );
    if (readable.length < files.length) note("Kotlin's grammar is not installed");
    const texts = await textsOf(readable, workspace);
    const questions = [...texts.values()].map(({ key, path, text }) => ({
      key,
      grammar: languageOf(path)?.grammar ?? "",
      isC: isC(path, text),
      isTest: isTestSource(path),
      text,
    }));
    const byKey = await answersOf("rules/syntax-process", questions, texts, parsed, input);
    const found: BothSides = { base: [], head: [] };
    for (const { key, side, path, text } of texts.values()) {
      const lines = linesOf(text);
      for (const { subject, ...mistake } of byKey.get(key)?.mistakes ?? []) {
        await breathe(input.signal);
        if (
          mistake.code === "missing-import" &&
          (await isDeclaredBeside(path, subject ?? "", side, workspace))
        ) {
          continue;
        }
        found[side].push({ ...mistake, path, evidence: evidenceOf(lines[mistake.line - 1]) });
      }
    }
    for (const file of files) {
      const now = read("head", file.head, texts, byKey);
      const before = read("base", file.base, texts, byKey);
      if (!now) continue;
      if (now.parsed.lost !== undefined) note(`${now.file.path} could not be checked (${now.parsed.lost})`);
      // What the grammar could not read before says nothing now; neither does what it has no "before" of.
      if (
        file.base !== null &&
        (!before || before.parsed.lost !== undefined || before.parsed.errors.length > 0)
      ) {
        continue;
      }
      const diagnostic = judge(now, before?.file.text ?? null, file);
      if (!diagnostic) continue;
      // In a text that is broken the rules see what is not there.
      found.head = found.head.filter(({ path }) => path !== diagnostic.path);
      found.head.push(diagnostic);
    }
    return found;
  },
};

function isC(path: string, text: string): boolean {
  return (
    /\.c$/.test(path) || (/\.h$/.test(path) && !/^[ \t]*(class|namespace|template|using)\b|::/m.test(text))
  );
}

/** Every language has its own name for a test. */
function isTestSource(path: string): boolean {
  return (
    isTest(path) ||
    /(Tests?|Spec|IT)\.(java|kt|cs|php)$|(^|\/)(src\/(\w*[tT]est\w*)|[\w.]*\.Tests?|[tT]esting|benches|examples)\//.test(
      path,
    )
  );
}

/** A name of Go's may be declared in any file of its folder. */
async function isDeclaredBeside(
  path: string,
  name: string,
  side: Side,
  workspace: Workspace,
): Promise<boolean> {
  const folder = posix.dirname(path);
  const declared = new RegExp(
    `^(?:var|const|type|func)\\s+${name}\\b|^\\t(?:\\w+,[ \\t]*)*${name}(?:,[ \\t]*\\w+)*(?:[ \\t]+[\\w*.[\\]]+)?[ \\t]*(?:=|$)`,
    "m",
  );
  for (const other of await workspace.paths(side)) {
    await breathe();
    if (!other.endsWith(".go") || posix.dirname(other) !== folder || other === path) continue;
    if (declared.test((await workspace.text(side, other)) ?? "")) return true;
  }
  return false;
}

interface Read {
  file: SideText;
  parsed: Parsed;
}

function read(
  side: "base" | "head",
  path: string | null,
  texts: ReadonlyMap<string, SideText>,
  answers: ReadonlyMap<string, Parsed>,
): Read | null {
  const key = `${side}:${path}`;
  const file = texts.get(key);
  const answer = answers.get(key);
  return file && answer ? { file, parsed: answer } : null;
}

function judge(
  { file, parsed: { errors, open } }: Read,
  before: string | null,
  { change }: EngineFile,
): Diagnostic | null {
  const { path, text } = file;
  const language = languageOf(path);
  if (!language || errors.length === 0) return null;
  // Templates of generators are code of their own.
  if (before === null && (isTemplate(path, text) || /<%|\{\{-?\s*\.?\w|\{%/.test(text))) return null;
  if (language.grammar === "bash" && /^#!.*\b(zsh|fish|ksh|csh|tcsh)\b/.test(text)) return null;
  const wrong = language.brackets ? wrongBracket(open, text, before) : null;
  const missing = errors.length <= 3 ? (errors.find((one) => one.missing !== null)?.missing ?? null) : null;
  const what =
    wrong ??
    (missing === null ? `this is not valid ${language.name}` : `'${missing}' is missing here or nearby`);
  // A lone semicolon is no gap of a grammar.
  const isPlain = errors.length === 1 && missing === ";" && language.grammar === "c-sharp";
  const severity = wrong !== null ? "certain" : isPlain ? "likely" : language.severity;
  const lines = linesOf(text);
  const line = Math.min(lineOf(errors.slice(0, 1_000), change), lines.length);
  return {
    code: "syntax",
    class: "syntax",
    severity: before === null && (isTest(path) || severity === "hint") ? "hint" : severity,
    message: `Syntax error: ${what}.`,
    path,
    line,
    evidence: evidenceOf(lines[line - 1]),
  };
}

/**
 * A bracket too few or too many, on which the parser's tokens and a plain count of characters agree: where a grammar
 * only doesn't know some new syntax, brackets are still in pairs.
 */
function wrongBracket(open: Brackets, text: string, before: string | null): string | null {
  const pairs = [
    ["curly", "{", "}"],
    ["round", "(", ")"],
    ["square", "[", "]"],
  ] as const;
  for (const [kind, opening, closing] of pairs) {
    const more = surplus(text, opening, closing) - (before === null ? 0 : surplus(before, opening, closing));
    if (open[kind] === 0 || open[kind] !== more) continue;
    return more > 0 ? `a '${opening}' is never closed` : `there is a '${closing}' too many`;
  }
  return null;
}

function surplus(text: string, opening: string, closing: string): number {
  return text.split(opening).length - text.split(closing).length;
}

/** The error nearest to what the change wrote: a parser often notices late. */
function lineOf(errors: Parsed["errors"], change: EngineFile["change"]): number {
  const changed = (change?.hunks ?? []).map(
    ({ newStart, newLines }) => [newStart, newStart + Math.max(newLines, 1) - 1] as const,
  );
  for (const { line } of errors)
    if (changed.some(([start, end]) => line >= start && line <= end)) return line;
  for (const { line, end } of errors) {
    const inside = changed.find(([start, last]) => last >= line && start <= end);
    if (inside) return Math.max(inside[0], line);
  }
  return errors[0]?.line ?? 1;
}
