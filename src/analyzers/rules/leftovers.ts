import { posix } from "node:path";
import * as z from "zod";
import { breathe } from "../breathe.js";
import { type BothSides, type Engine, evidenceOf } from "../engine.js";
import { isEcmaScript, isFixture, isFlow, isPython, isPython2, isTest } from "../files.js";
import { linesOf } from "../last-text.js";
import { textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";

const answer = z.object({
  found: z.array(
    z.object({
      kind: z.enum(["focused-test", "skipped-test", "debugger"]),
      what: z.string(),
      line: z.number(),
    }),
  ),
  lost: z.string().optional(),
});

/** Focused or skipped tests and calls of a debugger that were forgotten: by syntax, so not in strings or comments. */
export const leftovers: Engine = {
  name: "leftovers",
  languages: "TypeScript, JavaScript, Python or Ruby",
  handles: (path) => grammarOf(path) !== null && !isFixture(path) && !/\.d\.[mc]?ts$/.test(path),
  timeout: 30_000,
  lane: "light",
  async analyse(input) {
    const { files, workspace, note } = input;
    const texts = await textsOf(files, workspace);
    const questions = [...texts.values()]
      .filter(({ text }) => isWorthALook(text))
      .map(({ key, path, text }) => ({ key, grammar: grammarOf(path), text, test: isTestSource(path) }));
    const result: BothSides = { base: [], head: [] };
    const answers = await answersOf("rules/leftovers-process", questions, texts, answer, input);
    for (const [key, { found, lost }] of answers) {
      const file = texts.get(key);
      if (!file) continue;
      if (lost !== undefined) note(`${file.path} could not be checked (${lost})`);
      if (isFlow(file.text) || (isPython(file.path) && isPython2(file.text))) continue;
      const lines = linesOf(file.text);
      for (const { kind, what, line } of found) {
        await breathe(input.signal);
        if (isAllowed(lines, line)) continue;
        result[file.side].push({
          code: kind,
          class: kind,
          severity: kind === "skipped-test" ? "hint" : "likely",
          message: messages[kind](what),
          path: file.path,
          line,
          evidence: evidenceOf(lines[line - 1]),
        });
      }
    }
    return result;
  },
};

const messages = {
  "focused-test": (what: string) => `'${what}' keeps the other tests from running: take the focus away.`,
  "skipped-test": (what: string) => `'${what}' keeps this test from running.`,
  debugger: (what: string) => `'${what}' stops the program for a debugger: remove it.`,
};

function grammarOf(path: string): string | null {
  if (isEcmaScript(path)) {
    if (/\.tsx$/i.test(path)) return "tsx";
    return /\.[mc]?ts$/i.test(path) ? "typescript" : "javascript";
  }
  if (isPython(path)) return "python";
  return /\.rb$/i.test(path) ? "ruby" : null;
}

/** Spares most files the parser. */
function isWorthALook(text: string): boolean {
  return /\b(only|skip(If|Unless)?|fixme|f(it|describe|context)|x(it|describe|context|test)|focus|debugger|breakpoint|set_trace|pry|irb|byebug)\b/.test(
    text,
  );
}

function isTestSource(path: string): boolean {
  return isTest(path) || /(_spec|_test)\.rb$/.test(path) || /^test/.test(posix.basename(path));
}

/** Meant, and said so. */
function isAllowed(lines: readonly string[], line: number): boolean {
  const here = lines[line - 1] ?? "";
  const above = lines[line - 2] ?? "";
  return (
    /(eslint|oxlint|biome|rubocop|rslint)[-:](disable|ignore)|#\s*noqa|biome-ignore|deno-lint-ignore/.test(
      here,
    ) || /(eslint|oxlint)-disable-next-line|biome-ignore|deno-lint-ignore/.test(above)
  );
}
