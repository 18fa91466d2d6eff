import { linesOf } from "../flow/markdown.js";

/** A sentence, list item or line of code of a task's or an epic's markdown: the least that can be quoted. */
export interface Statement {
  /** Word for word, in one line, without list marks and boxes. */
  text: string;
  /** File it stands in, from the repository's top; null for a task that was given as text. */
  path: string | null;
  /** 1-based; null for a title that is in a file's JSON only. */
  line: number | null;
  /** Headings above it, outermost first, lower case, without marks. */
  headings: readonly string[];
  kind: "title" | "prose" | "item" | "code";
}

export interface Document {
  path: string | null;
  markdown: string;
}

/** Characters of a document that are read, and of one statement; a longer one becomes several. */
const documentLimit = 2_000_000;
const statementLimit = 2_000;
const most = 20_000;

/** What nobody filled in. */
const unfilled = /^(?:tbd|todo|n\/?a|none|-|…|\.\.\.)\.?$/i;

/**
 * A document's statements in order. Front matter, comments and what nobody filled in (`TBD`) are left out; headings
 * in code fences are code. A list item or paragraph that goes over several lines is put together first.
 */
export function statementsOf({ path, markdown }: Document): Statement[] {
  const found: Statement[] = [];
  const headings: { level: number; text: string }[] = [];
  let block: { line: number; kind: "prose" | "item"; text: string } | null = null;
  const add = (text: string, line: number, kind: Statement["kind"]) => {
    const said = text.replace(/\s+/g, " ").trim();
    if (said === "" || unfilled.test(said) || found.length >= most) return;
    for (const piece of piecesOf(said)) {
      found.push({ text: piece, path, line, headings: headings.map((heading) => heading.text), kind });
    }
  };
  const finish = () => {
    if (block === null) return;
    const { line, kind, text } = block;
    for (const sentence of sentences(text)) add(sentence, line, kind);
    block = null;
  };
  const body = withoutFrontmatter(withoutComments(markdown.slice(0, documentLimit)));
  for (const [at, { text, fenced }] of linesOf(body).entries()) {
    const line = at + 1;
    const fence = /^\s*(?:```|~~~)/.test(text);
    if (fenced || fence) {
      finish();
      if (!fence) add(text, line, "code");
      continue;
    }
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(text);
    if (heading !== null) {
      finish();
      const level = heading[1]?.length ?? 1;
      while ((headings.at(-1)?.level ?? 0) >= level) headings.pop();
      const words = plain(heading[2] ?? "");
      if (level === 1) add(words, line, "title");
      headings.push({ level, text: words.toLowerCase() });
      continue;
    }
    const item = /^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s*)?(.*)$/.exec(text);
    if (item !== null) {
      finish();
      block = { line, kind: "item", text: item[1] ?? "" };
    } else if (text.trim() === "") finish();
    else if (/^\s*\|/.test(text)) {
      finish();
      if (!/^[\s|:-]+$/.test(text)) add(text.replace(/^\s*\||\|\s*$/g, ""), line, "prose");
    } else if (block === null) block = { line, kind: "prose", text: text.replace(/^\s*>\s?/, "") };
    else if (block.text.length < documentLimit) block.text += ` ${text.trim()}`;
  }
  finish();
  return found;
}

/** A sentence without end in pieces that end between two words, so that nothing of it is lost. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > statementLimit) {
    const space = rest.lastIndexOf(" ", statementLimit);
    const end = space > statementLimit / 2 ? space : statementLimit;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...pieces, rest];
}

/** Sentences of a paragraph: cut behind `.`, `!`, `?` or `;` before a space and a beginning, not in `e.g.` or `v1.2`. */
function sentences(text: string): string[] {
  return text
    .split(/(?<=[.!?;])(?<!\b(?:e\.g|i\.e|etc|vs|cf|approx|no|max|min)\.)\s+(?=[\p{Lu}\p{N}`"'*([])/u)
    .filter((sentence) => sentence.trim() !== "");
}

/** Comments are for whoever fills in a template; their lines stay, so that line numbers do. */
function withoutComments(markdown: string): string {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const start = markdown.indexOf("<!--", at);
    const end = start < 0 ? -1 : markdown.indexOf("-->", start + 4);
    if (start < 0 || end < 0) break;
    parts.push(markdown.slice(at, start), markdown.slice(start, end + 3).replace(/[^\n]/g, ""));
    at = end + 3;
  }
  parts.push(markdown.slice(at));
  return parts.join("");
}

function withoutFrontmatter(markdown: string): string {
  const front = /^\ufeff?---[ \t]*\r?\n[\s\S]{0,32768}?\n---[ \t]*(?=\r?\n|$)/.exec(markdown);
  return front === null ? markdown : front[0].replace(/[^\n]/g, "") + markdown.slice(front[0].length);
}

/** Inline marks of Markdown taken off: for comparing and for headings, never for quoting. */
export function plain(text: string): string {
  return text
    .replace(/[*_`]+/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Headings of what is not to be done, or is told for background. */
const aside =
  /^(?:non[- ]?goals?|out[- ]of[- ]scope|boundaries|not (?:in|part of)\b.*|what not to build|won'?t.*|exclu(?:ded|sions?)|references?|links|see also|further reading|decision context|alternatives(?: considered)?|history)$/;

/** Whether a statement is under a heading that takes it out of the work. */
export function isAside({ headings }: Statement): boolean {
  return headings.some((heading) => aside.test(heading.replace(/[:.]+$/, "")));
}
