import * as z from "zod";
import { breathe } from "../breathe.js";
import { type BothSides, type Diagnostic, type Engine, evidenceOf, type Severity } from "../engine.js";
import { isPython, isPython2, isTemplate } from "../files.js";
import { forLastTexts, linesOf } from "../last-text.js";
import { textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";
import { givenNames } from "./source.js";
import { isSuppressed } from "./suppression.js";

const answer = z.object({
  found: z.array(z.object({ code: z.string(), message: z.string(), line: z.number() })),
  lost: z.string().optional(),
});

interface Rule {
  class: string;
  severity: Severity;
}

/** First match counts. */
const rules: readonly [RegExp, Rule][] = [
  [/^(invalid-syntax|E9\d\d)$/, { class: "syntax", severity: "certain" }],
  [/^F821$/, { class: "undefined-name", severity: "certain" }],
  [/^F822$/, { class: "undefined-name", severity: "certain" }],
  [/^F823$/, { class: "use-before-assignment", severity: "certain" }],
  [/^F811$/, { class: "redeclaration", severity: "likely" }],
  [/^(F404|F62[12]|F63[1345]|F70\d|F722)$/, { class: "wrong-use", severity: "certain" }],
  [/^F632$/, { class: "constant-condition", severity: "likely" }],
  [/^F50\d$/, { class: "wrong-format", severity: "likely" }],
  [/^F52[14]$/, { class: "wrong-format", severity: "likely" }],
  [/^F402$/, { class: "redeclaration", severity: "hint" }],
  [/^(B015|PLW0129|PLW0711)$/, { class: "constant-condition", severity: "likely" }],
  [/^B018$/, { class: "wrong-use", severity: "hint" }],
  [
    /^(B002|PLE0?1\d\d|PLE0237|PLE0302|PLE0604|PLE0643|PLE070\d|PLE12\d\d|PLE1507)$/,
    { class: "wrong-use", severity: "likely" },
  ],
  [/^PLW012[78]$/, { class: "self-assignment", severity: "likely" }],
  [/^T100$/, { class: "debugger", severity: "likely" }],
];

const select = [
  ..."E9 F402 F404 F50 F521 F524 F62 F63 F70 F722 F81 F82 B002 B015 B018".split(" "),
  ..."PLE PLW0127 PLW0128 PLW0129 PLW0711 T100".split(" "),
];

/** ruff, compiled to WebAssembly, over the changed files with rules of ours: it sees no configuration. */
export const ruff: Engine = {
  name: "ruff",
  languages: "Python",
  handles: isPython,
  timeout: 30_000,
  lane: "light",
  async analyse(input) {
    const texts = await textsOf(input.files, input.workspace);
    const questions = [...texts.values()].map(({ key, text }) => ({ key, text, select }));
    const result: BothSides = { base: [], head: [] };
    const answers = await answersOf("python/ruff-process", questions, texts, answer, input);
    for (const [key, { found, lost }] of answers) {
      const file = texts.get(key);
      if (!file) continue;
      if (lost !== undefined) input.note(`${file.path} could not be checked (${lost})`);
      const syntax = found.find((one) => one.code === "invalid-syntax");
      // What follows the first syntax error is its echo, and so is what else is said of such a file.
      for (const one of syntax ? [syntax] : found) {
        await breathe(input.signal);
        const diagnostic = judge(
          one,
          file,
          file.other === null ? null : (texts.get(file.other)?.text ?? null),
        );
        if (diagnostic) result[file.side].push(diagnostic);
      }
    }
    return result;
  },
};

function judge(
  one: { code: string; message: string; line: number },
  { path, text }: { path: string; text: string },
  other: string | null,
): Diagnostic | null {
  const rule = rules.find(([pattern]) => pattern.test(one.code))?.[1];
  if (!rule) return null;
  const lines = linesOf(text);
  const line = lines[one.line - 1] ?? "";
  const diagnostic: Diagnostic = { ...one, ...rule, path, evidence: evidenceOf(line) };
  if (one.code === "invalid-syntax") return isPython2(text) || isTemplate(path, text) ? null : diagnostic;
  const name = /`([^`]+)`/.exec(one.message)?.[1];
  const isLost = rule.class === "undefined-name" && name !== undefined && binds(other, name);
  // A name that was there before is no concern of a comment for type checkers.
  const read = isLost ? withoutTypeIgnore(text) : lines;
  if (isSuppressed(read, one.line, rule.class, one.code)) return null;
  switch (rule.class) {
    case "undefined-name":
      if (name === undefined || (givenNames.has(name) && !isLost)) return null;
      if (one.code === "F822" && path.endsWith("__init__.py")) return null;
      return { ...diagnostic, subject: name };
    case "redeclaration":
      // pytest hands fixtures in under the name they were imported by.
      return /^\s*(async\s+)?def\b[^)]*\(/.test(line) && !new RegExp(`def\\s+${name}\\b`).test(line)
        ? null
        : diagnostic;
    default:
      return diagnostic;
  }
}

const withoutTypeIgnore = forLastTexts((text) =>
  linesOf(text).map((line) => line.replace(/#\s*type:\s*ignore(?!\[)/, "#")),
);

/** Does a file give the name itself, by an import or an assignment? Then no tool does. */
function binds(text: string | null, name: string): boolean {
  if (!text?.includes(name)) return false;
  const bound = new RegExp(
    `^[ \\t]*((from|import)\\b.*\\b${name}\\b|(def|class)\\s+${name}\\b|${name}\\s*[:=])|^[ \\t]+${name},$`,
    "m",
  );
  return bound.test(text);
}
