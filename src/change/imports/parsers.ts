import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Language, Parser } from "web-tree-sitter";

export interface LoadedParser {
  parser: Parser;
  language: Language;
}

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

async function start(grammar: string): Promise<LoadedParser> {
  const { Language, Parser } = await import("web-tree-sitter");
  runtime ??= Parser.init().catch((error: unknown) => {
    runtime = undefined;
    throw error;
  });
  await runtime;
  const folder = dirname(createRequire(import.meta.url).resolve("@vscode/tree-sitter-wasm"));
  const language = await Language.load(join(folder, `tree-sitter-${grammar}.wasm`));
  const parser = new Parser();
  parser.setLanguage(language);
  return { parser, language };
}
