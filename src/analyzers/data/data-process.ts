import { type Node as JsonNode, type ParseError, type ParseErrorCode, parseTree } from "jsonc-parser";
import { parse as parseToml, TomlError } from "smol-toml";
import { LineCounter, parseAllDocuments } from "yaml";
import * as z from "zod";
import { lineOf, lineStarts } from "../line-starts.js";
import { eachOf } from "../warm/answer.js";

const question = z.object({
  key: z.string(),
  format: z.enum(["json", "jsonc", "yaml", "toml"]),
  text: z.string(),
});

interface Problem {
  kind: "syntax" | "lenient" | "duplicate";
  message: string;
  line: number;
}

export const analyse = eachOf(question, ({ format, text }): Problem[] => {
  const read = format === "yaml" ? readYaml : format === "toml" ? readToml : readJson;
  const problems = text.trim() === "" ? [] : read(text, format === "jsonc");
  return problems.some(isSyntax) && isFilledIn(text) ? [] : problems;
});

const isSyntax = ({ kind }: Problem) => kind === "syntax";

/** Marks of a template engine outside of strings: the file is not data yet. */
function isFilledIn(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/g, '""').replace(/\$\{\{/g, "");
  return /\{\{|\{%|\{#|<%|<\?|\[\[[ -]|@\w+@|__[A-Z_]+__|%\{|^\s*#\s*(if|endif|include|define)\b/m.test(bare);
}

/** By jsonc-parser's `ParseErrorCode`, whose enum exists at compile time only. */
const jsonErrors: Readonly<Partial<Record<ParseErrorCode, string>>> = {
  1: "a symbol that is no value",
  2: "a number that is none",
  3: "a name in double quotes is missing here",
  4: "a value is missing here",
  5: "a colon is missing here",
  6: "a comma is missing here",
  7: "a closing brace is missing",
  8: "a closing bracket is missing",
  9: "there is more after the end of the value",
  11: "a comment does not end",
  12: "a string does not end",
  13: "a number that ends too early",
  14: "a wrong Unicode escape",
  15: "a wrong escape",
  16: "a character that must be escaped",
};

const commentCode = 10;

function readJson(text: string, comments: boolean): Problem[] {
  const starts = lineStarts(text);
  const strictly = parsedJson(text, false);
  if (strictly.errors.length === 0) return duplicates(strictly.root, starts);
  const tolerantly = parsedJson(text, true);
  const [error] = tolerantly.errors;
  if (error) {
    if (isLines(text)) return [];
    return [
      {
        kind: "syntax",
        message: `${jsonErrors[error.error] ?? "unreadable"}.`,
        line: lineOf(starts, error.offset),
      },
    ];
  }
  const found = duplicates(tolerantly.root, starts);
  const lenient = strictly.errors[0];
  if (comments || !lenient) return found;
  if (Number(lenient.error) === commentCode) {
    return [{ kind: "lenient", message: "a comment.", line: lineOf(starts, lenient.offset) }, ...found];
  }
  // It is noticed at the bracket, and stands before it.
  const comma = text.lastIndexOf(",", lenient.offset);
  const line = lineOf(starts, comma === -1 ? lenient.offset : comma);
  return [{ kind: "lenient", message: "a comma before a closing bracket.", line }, ...found];
}

function parsedJson(text: string, tolerant: boolean) {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: !tolerant, allowTrailingComma: tolerant });
  return { root, errors };
}

/** One value per line, which goes by the name of JSON too. */
function isLines(text: string): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (
    lines.length > 1 &&
    lines.every((line) => {
      try {
        JSON.parse(line);
        return true;
      } catch {
        return false;
      }
    })
  );
}

/** Keys that people repeat because they hold remarks. */
const remark = /^(\/\/.*|#.*|_?comments?\d*|\$comment|_+)$/i;

function duplicates(root: JsonNode | undefined, starts: readonly number[]): Problem[] {
  const found: Problem[] = [];
  const queue = root ? [root] : [];
  for (let node = queue.pop(); node; node = queue.pop()) {
    const seen = new Map<string, number>();
    for (const child of node.children ?? []) {
      if (node.type !== "object") {
        queue.push(child);
        continue;
      }
      const [name, value] = child.children ?? [];
      if (value) queue.push(value);
      if (!name || typeof name.value !== "string" || remark.test(name.value)) continue;
      const first = seen.get(name.value);
      if (first === undefined) seen.set(name.value, lineOf(starts, name.offset));
      else found.push(duplicate(name.value, first, lineOf(starts, name.offset)));
    }
  }
  return found;
}

function duplicate(name: string, first: number, line: number): Problem {
  const short = name.length > 60 ? `${name.slice(0, 59)}…` : name;
  return {
    kind: "duplicate",
    message: `The key '${short}' is there twice (first on line ${first}): one of the two values is lost.`,
    line,
  };
}

/** What other readers of YAML take. */
const tolerated = new Set(["KEY_OVER_1024_CHARS", "TAG_RESOLVE_FAILED", "BAD_DIRECTIVE", "NON_STRING_KEY"]);

function readYaml(text: string): Problem[] {
  const lineCounter = new LineCounter();
  // A scalar of any tag that nobody knows here (CloudFormation, Ansible, GitLab) is a warning, and those are left out.
  const documents = parseAllDocuments(text, {
    lineCounter,
    prettyErrors: false,
    merge: true,
    logLevel: "silent",
    strict: false,
  });
  const found: Problem[] = [];
  for (const document of documents) {
    for (const error of document.errors) {
      const { line } = lineCounter.linePos(error.pos[0]);
      if (error.code === "DUPLICATE_KEY") {
        const name = text.slice(error.pos[0]).split(/[:\n]/, 1)[0]?.trim() ?? "";
        found.push({
          kind: "duplicate",
          message: `The key '${name.slice(0, 60)}' is there twice in one mapping: one of the two values is lost.`,
          line,
        });
      } else if (!tolerated.has(error.code)) {
        found.push({ kind: "syntax", message: error.message.slice(0, 200), line });
      }
    }
  }
  // What follows the first is its echo.
  const syntax = found.find(isSyntax);
  return syntax ? [syntax] : found;
}

function readToml(text: string): Problem[] {
  try {
    parseToml(text, { integersAsBigInt: true });
    return [];
  } catch (error) {
    if (!(error instanceof TomlError)) return [];
    const message = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document:\s*/, "");
    const kind = /redefine|duplicate|already/i.test(message) ? "duplicate" : "syntax";
    return [
      {
        kind,
        message: kind === "duplicate" ? `Defined twice: ${message}.` : `${message}.`,
        line: error.line,
      },
    ];
  }
}
