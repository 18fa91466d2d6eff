import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Language, Parser, Query, QueryCapture } from "web-tree-sitter";

/**
 * Steps of the parser (calls of its progress callback: 5,000 to 7,000 for a megabyte of real code) after which a file
 * is given up. Steps and not time, so that the answer does not depend on the machine's load.
 */
const stepLimit = (text: string) => 2_000 + text.length / 100;
/** Milliseconds for a query, which takes 60 for a megabyte; on 100,000 unclosed brackets it is quadratic. */
const queryLimit = 2_000;

interface Loaded {
  parser: Parser;
  language: Language;
  queries: Map<string, Query>;
}

const grammars = new Map<string, Promise<Loaded>>();
let runtime: Promise<void> | undefined;

/**
 * Hands `read` what a query captures in a source text. Tree-sitter and not a native parser: that one ends the whole
 * process on a few thousand nested brackets, this one only gives up.
 *
 * Throws an Error when the grammar can't be loaded or the text is more than the parser is allowed to take.
 */
export async function capture<T>(
  grammar: string,
  query: string,
  text: string,
  read: (captures: readonly QueryCapture[]) => T,
): Promise<T> {
  const loaded = await load(grammar);
  const { Query } = await import("web-tree-sitter");
  const compiled = loaded.queries.get(query) ?? new Query(loaded.language, query);
  loaded.queries.set(query, compiled);
  const limit = stepLimit(text);
  let steps = 0;
  const tree = loaded.parser.parse(text, null, { progressCallback: () => ++steps > limit });
  if (tree === null) {
    loaded.parser.reset();
    throw new Error("it is too tangled to parse");
  }
  try {
    const started = performance.now();
    let stopped = false;
    const progressCallback = () => {
      stopped ||= performance.now() - started > queryLimit;
      return stopped;
    };
    const captures = compiled.captures(tree.rootNode, { progressCallback });
    if (stopped) throw new Error("it is too tangled to search");
    return read(captures);
  } finally {
    tree.delete();
  }
}

function load(grammar: string): Promise<Loaded> {
  let loaded = grammars.get(grammar);
  if (loaded === undefined) {
    loaded = start(grammar);
    grammars.set(grammar, loaded);
    loaded.catch(() => grammars.delete(grammar));
  }
  return loaded;
}

async function start(grammar: string): Promise<Loaded> {
  const { Language, Parser } = await import("web-tree-sitter");
  runtime ??= Parser.init();
  await runtime;
  const folder = dirname(createRequire(import.meta.url).resolve("@vscode/tree-sitter-wasm"));
  const language = await Language.load(join(folder, `tree-sitter-${grammar}.wasm`));
  const parser = new Parser();
  parser.setLanguage(language);
  return { parser, language, queries: new Map() };
}
