import * as z from "zod";
import { breathe } from "../breathe.js";
import { type BothSides, type Diagnostic, type Engine, evidenceOf, type Severity } from "../engine.js";
import { isPython, isPython2, isTemplate, isTest } from "../files.js";
import { linesOf } from "../last-text.js";
import { type SideText, textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";
import { lostReturns } from "./returns.js";
import { isSuppressed } from "./suppression.js";

const flow = z.object({
  name: z.string(),
  line: z.number(),
  annotation: z.string().nullable(),
  decorators: z.array(z.string()),
  documented: z.boolean(),
  isGenerator: z.boolean(),
  isStub: z.boolean(),
  values: z.number(),
  returned: z.array(z.string()),
  returnedNames: z.array(z.string()),
  unread: z.array(z.string()),
  isPassedOn: z.boolean(),
  bare: z.number(),
  falls: z.boolean(),
  tails: z.array(z.string()),
  calls: z.array(z.string()),
});

const mistake = z.object({
  kind: z.enum([
    "self-comparison",
    "duplicate-key",
    "duplicate-case",
    "constant-condition",
    "unreachable-code",
  ]),
  line: z.number(),
  message: z.string(),
  isDoubtful: z.boolean(),
  operator: z.string().optional(),
  operand: z.string().optional(),
});
type Mistake = z.infer<typeof mistake>;

const answer = z.object({
  found: z.array(mistake),
  now: z.array(flow),
  before: z.array(flow),
  lost: z.string().optional(),
});

const severities: Readonly<Record<Mistake["kind"], Severity>> = {
  "self-comparison": "certain",
  "duplicate-key": "certain",
  "duplicate-case": "likely",
  "constant-condition": "likely",
  "unreachable-code": "likely",
};

/** Mistakes that a Python file's syntax tree shows, and returns that a function had before the change and lost. */
export const pythonRules: Engine = {
  name: "python",
  languages: "Python",
  handles: isPython,
  timeout: 30_000,
  lane: "light",
  async analyse(input) {
    const texts = await textsOf(input.files, input.workspace);
    const questions = [...texts.values()].map(({ key, side, other, text }) => ({
      key,
      text,
      before: side === "head" && other !== null ? (texts.get(other)?.text ?? null) : null,
    }));
    const result: BothSides = { base: [], head: [] };
    const answers = await answersOf("python/python-rules-process", questions, texts, answer, input);
    for (const [key, { found, now, before, lost }] of answers) {
      const file = texts.get(key);
      if (!file || isTemplate(file.path, file.text) || isPython2(file.text)) continue;
      if (lost !== undefined) input.note(`${file.path} could not be checked (${lost})`);
      const lines = linesOf(file.text);
      for (const one of found) {
        await breathe(input.signal);
        const diagnostic = judge(one, file, lines);
        if (diagnostic) result[file.side].push(diagnostic);
      }
      for (const one of await lostReturns(now, before, input)) {
        if (isSuppressed(lines, one.line, "missing-return", "missing-return")) continue;
        const evidence = evidenceOf(lines[one.line - 1]);
        result.head.push({
          ...one,
          code: "missing-return",
          class: "missing-return",
          path: file.path,
          evidence,
        });
      }
    }
    return result;
  },
};

function judge(one: Mistake, { path }: SideText, lines: readonly string[]): Diagnostic | null {
  const { kind, line, message } = one;
  if (isSuppressed(lines, line, kind, kind)) return null;
  const severity = one.isDoubtful || isMeant(one, path, lines) ? "hint" : severities[kind];
  return { code: kind, class: kind, severity, message, path, line, evidence: evidenceOf(lines[line - 1]) };
}

/** Tests compare things with themselves to see whether they are equal, and only NaN differs from itself. */
function isMeant(
  { kind, line, operator, operand }: Mistake,
  path: string,
  lines: readonly string[],
): boolean {
  if (isTest(path)) return kind !== "duplicate-key" && kind !== "duplicate-case";
  if (kind !== "self-comparison") return false;
  const around = lines.slice(Math.max(0, line - 6), line + 2).join("\n");
  if (/nan|\bNaT\b|isnull|isna\b|\bnp\.|\bfloat\b/i.test(around) && /^[!=]=$/.test(operator ?? ""))
    return true;
  return (
    /^([!=]=|(not )?in)$/.test(operator ?? "") &&
    /^\s*(assert|self\.assert)/.test(lines[line - 1] ?? "") &&
    /^\w+$/.test(operand ?? "")
  );
}
