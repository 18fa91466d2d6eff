import { createHash } from "node:crypto";
import type { Node, TreeCursor } from "web-tree-sitter";
import { breathe } from "../../breathe.js";
import { parse } from "../../change/imports/parsers.js";
import type { Grammar } from "../../change/risk/languages.js";
import { type Export, readExports, readTopLevel, type TopLevel } from "./exports.js";

export interface Comment {
  /** UTF-16 offsets. */
  start: number;
  end: number;
  text: string;
}

/** What a parser can say about a source text that it reads without an error. */
export interface Syntax {
  /**
   * Hash of the syntax tree and its tokens without comments and layout: equal means that the program is the same.
   * Comments that steer a tool (`// eslint-disable`, `//go:build`) count as tokens.
   */
  code: string;
  comments: Comment[];
  /** What the file offers to others, by name; null where the language's exports are not read. */
  exports: Map<string, Export> | null;
  topLevel: TopLevel[];
}

/**
 * Comments that a compiler, checker, scanner or packager acts on. Whoever adds one switches something on or off.
 */
const directive =
  /(?:^|[\s/*#;!-])(?:eslint|oxlint|biome-ignore|prettier-ignore|stylelint|tslint|jshint|jscs|standard-|deno-lint|@ts-|@flow|@jsx|@license|<reference|<amd|sourceMappingURL|sourceURL|webpack|@?vite-ignore|istanbul|c8 ignore|v8 ignore|@vitest|@jest|#__|@__|type:|noqa|pylint|pyright|mypy|ruff|flake8|fmt:|isort|yapf|pragma|nosec|nosemgrep|semgrep|NOSONAR|lgtm|codeql|gitleaks|secretlint|trufflehog|checkov|tfsec|trivy|snyk|hadolint|shellcheck|cython|distutils|coding[:=]|-\*-|go:|\+build|export |nolint|lint:|line |#?cgo|rustfmt|clippy|NOLINT|clang-|IWYU|LCOV|GCOV|cppcheck|fallthrough|FALLTHRU|checkstyle|NOPMD|noinspection|SuppressWarnings|formatter:|rubocop|brakeman|frozen_string_literal|typed:|sorbet|phpcs|phpstan|psalm|@codeCoverage|ReSharper|language=|@generated|DO NOT EDIT|syntax=|escape=|@lint|@preserve|endregion|region )/i;

/** Switches off something that looks for security holes. */
const securityDirective =
  /nosec|nosemgrep|semgrep|NOSONAR|lgtm\b|codeql|gitleaks|secretlint|trufflehog|checkov|tfsec|trivy|snyk|brakeman|allowlist secret|security\//i;

export function isDirective(comment: string): boolean {
  return directive.test(comment.slice(0, 4_000));
}

export function isSecurityDirective(comment: string): boolean {
  return isDirective(comment) && securityDirective.test(comment.slice(0, 4_000));
}

/** Steps of the parser (progress callbacks) after which a text is given up: steps, so that load changes nothing. */
const stepLimit = 20_000;

/**
 * What the parser says of a source text; null when it finds an error, gives up, or the text holds characters that
 * parsers of the language do not agree on (then nothing is shown by syntax). Never throws for the text.
 */
export async function readSyntax(grammar: Grammar, text: string): Promise<Syntax | null> {
  if (isAmbiguous(grammar, text)) return null;
  const tree = await parse(grammar, text, stepLimit);
  if (tree === null) return null;
  try {
    const root = tree.rootNode;
    if (root.hasError) return null;
    const cursor = tree.walk();
    try {
      const { code, comments } = await readTokens(grammar, text, cursor);
      if (comments.some((comment) => endsElsewhere(grammar, comment.text))) return null;
      return {
        code,
        comments,
        exports: readExports(grammar, root, withoutComments(text, comments)),
        topLevel: readTopLevel(root),
      };
    } finally {
      cursor.delete();
    }
  } finally {
    tree.delete();
  }
}

/** The text with its comments blanked, line for line. */
export function withoutComments(text: string, comments: readonly Comment[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of comments) {
    parts.push(text.slice(at, start), text.slice(start, end).replace(/[^\r\n]/g, " "));
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join("");
}

/**
 * Texts in which our parser and the real one could disagree about where a comment ends: line ends that only some
 * know, and JavaScript's HTML comments, which scripts have and modules don't.
 */
function isAmbiguous(grammar: Grammar, text: string): boolean {
  if (/\r(?!\n)|[\0\v\f\u0085\u2028\u2029]/.test(text)) return true;
  const script = grammar === "javascript" || grammar === "typescript" || grammar === "tsx";
  return script && (text.includes("<!--") || /^[ \t]*-->/m.test(text));
}

function endsElsewhere(grammar: Grammar, comment: string): boolean {
  switch (grammar) {
    case "java":
      // Unicode escapes are read before comments are: `// \u000a` ends there.
      return comment.includes("\\u");
    case "cpp":
      return /(?:\\|\?\?\/)[ \t]*$/m.test(comment);
    default:
      return false;
  }
}

const comment = /comment/;
/** Nodes inside which every character counts. */
const verbatim =
  /(?:^|_)(?:string|heredoc|regex|char|character|rune)(?:_|$)|^(?:jsx_text|text|text_block|text_interpolation|preproc_arg|token_tree|plain_value)$/;
/** Where the last comma may go without a meaning. */
const lists = new Set([
  "arguments",
  "argument_list",
  "formal_parameters",
  "parameters",
  "parameter_list",
  "array",
  "list",
  "object",
  "object_pattern",
  "object_type",
  "interface_body",
  "dictionary",
  "set",
  "named_imports",
  "export_clause",
  "enum_body",
  "literal_value",
  "field_initializer_list",
  "field_declaration_list",
  "enum_variant_list",
]);
/** Languages in which a space or its absence can change what is called; there, layout counts as well. */
const spaced = new Set<Grammar>(["bash", "ruby", "php", "cpp"]);
const restricted = new Set(["return", "break", "continue", "throw", "yield", "async", "++", "--"]);

async function readTokens(
  grammar: Grammar,
  text: string,
  cursor: TreeCursor,
): Promise<{ code: string; comments: Comment[] }> {
  const script = grammar === "javascript" || grammar === "typescript" || grammar === "tsx";
  const tokens: string[] = [];
  const comments: Comment[] = [];
  const parents: string[] = [];
  let gap = "\n";
  let end = 0;
  let last = "";
  let lastParent = "";
  const take = (value: string) => {
    // What no token covers is code of which the grammar tells nothing (parts of a template, say): kept as it is.
    if (/[^\s\\]/.test(gap)) tokens.push(`~${gap}`);
    const broken = gap.includes("\n");
    if (script && broken && (restricted.has(last) || value === "++" || value === "--")) tokens.push("\n");
    if (spaced.has(grammar)) tokens.push(broken ? "\n" : gap === "" ? "" : " ");
    gap = "";
    if (/^[)\]}>]$/.test(value) && last === "," && lists.has(lastParent)) tokens.pop();
    tokens.push(`=${value}`);
    last = value;
    lastParent = parents.at(-1) ?? "";
  };
  for (let step = 0; ; step++) {
    if (step % 64 === 0) await breathe();
    const type = cursor.nodeType;
    const start = cursor.startIndex;
    if (start > end) {
      gap += text.slice(end, start);
      end = start;
    }
    let inside = false;
    if (cursor.nodeIsNamed && comment.test(type)) {
      const found = { start, end: cursor.endIndex, text: text.slice(start, cursor.endIndex) };
      comments.push(found);
      end = found.end;
      // Stands where it stood, so that moving it is a change too.
      if (isDirective(found.text)) tokens.push(`#${found.text.trimEnd()}`);
      gap += " ";
      if (found.text.endsWith("\n")) gap += "\n";
    } else if (verbatim.test(type) || !cursor.gotoFirstChild()) {
      const value = text.slice(start, cursor.endIndex);
      end = cursor.endIndex;
      const named = cursor.nodeIsNamed;
      const parent = parents.at(-1) ?? "";
      const optional =
        script &&
        value === ";" &&
        /_(?:statement|declaration|definition)$/.test(parent) &&
        parent !== "for_statement";
      if (named) tokens.push(`(${type}`);
      if (value.trim() === "" && !named) gap += "\n";
      else if (!optional || parent === "empty_statement")
        take(script && type === "string" ? requote(value) : value);
    } else {
      tokens.push(`(${type}`);
      parents.push(type);
      inside = true;
    }
    if (inside) continue;
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) {
        if (/[^\s\\]/.test(text.slice(end))) tokens.push(`~${text.slice(end)}`);
        const hash = createHash("sha256");
        for (const token of tokens) hash.update(`${token.length}:${token}`);
        return { code: hash.digest("hex"), comments };
      }
      parents.pop();
      tokens.push(")");
      end = Math.max(end, cursor.endIndex);
    }
  }
}

function requote(value: string): string {
  return /^'[^'"\\]*'$/.test(value) ? `"${value.slice(1, -1)}"` : value;
}

export type { Node };
