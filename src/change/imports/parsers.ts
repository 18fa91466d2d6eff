import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Language, Parser, Tree } from "web-tree-sitter";

export interface LoadedParser {
  parser: Parser;
  language: Language;
}

/** Steps between which others get their turn: about 10 ms of a processor. By steps, so that load changes nothing. */
const stretch = 250;

/** The parse that each grammar's parser is in the middle of. */
const busy = new Map<string, Promise<unknown>>();

const loaded = new Map<string, Promise<LoadedParser>>();
let runtime: Promise<void> | undefined;

/**
 * The tree-sitter parser of a grammar (`typescript`, `python`, …), loaded once for the process: a parser that is
 * given up has to be `reset()`. Throws an Error when it can't be loaded; the next call tries again.
 *
 * Tree-sitter and not a native parser: that one ends the whole process on a few thousand nested brackets, this one
 * only gives up.
 */
export function loadParser(grammar: string): Promise<LoadedParser> {
  let parser = loaded.get(grammar);
  if (parser === undefined) {
    parser = start(grammar);
    loaded.set(grammar, parser);
    parser.catch(() => loaded.delete(grammar));
  }
  return parser;
}

/**
 * A text's tree, to be deleted by who asked; null when the parser gave up after so many steps (calls of its progress
 * callback: steps and not time, so that the answer does not depend on the machine's load). A long text is parsed in
 * stretches, between which the process does other things.
 */
export async function parse(grammar: string, text: string, steps: number): Promise<Tree | null> {
  const { parser } = await loadParser(grammar);
  const before = busy.get(grammar);
  const mine = (before ?? Promise.resolve()).then(() => inStretches(parser, text, steps));
  const settled = mine.catch(() => parser.reset());
  busy.set(grammar, settled);
  return mine;
}

async function inStretches(parser: Parser, text: string, steps: number): Promise<Tree | null> {
  for (let left = steps; left > 0; left -= stretch) {
    let taken = 0;
    const most = Math.min(left, stretch);
    // Stopped, it goes on where it was when it is asked for the same text again.
    const tree = parser.parse(text, null, { progressCallback: () => ++taken > most });
    if (tree !== null) return tree;
    await setImmediate();
  }
  parser.reset();
  return null;
}

async function start(grammar: string): Promise<LoadedParser> {
  const { Language, Parser } = await import("web-tree-sitter");
  runtime ??= Parser.init().catch((error: unknown) => {
    runtime = undefined;
    throw error;
  });
  await runtime;
  const language = await Language.load(grammarFile(grammar));
  const parser = new Parser();
  parser.setLanguage(language);
  return { parser, language };
}

/** Grammars that are in another package than the rest. */
const elsewhere: Readonly<Record<string, string>> = {
  kotlin: "@cursorless/tree-sitter-wasms/out/tree-sitter-kotlin.wasm",
};

function grammarFile(grammar: string): string {
  const { resolve } = createRequire(import.meta.url);
  const other = elsewhere[grammar];
  if (other !== undefined) return resolve(other);
  return join(dirname(resolve("@vscode/tree-sitter-wasm")), `tree-sitter-${grammar}.wasm`);
}

/** False for a grammar whose package is optional and was not installed. */
export function hasGrammar(grammar: string): boolean {
  try {
    grammarFile(grammar);
    return true;
  } catch {
    return false;
  }
}
