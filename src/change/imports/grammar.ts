import type { Language, Node, Query, QueryCapture } from "web-tree-sitter";
import { loadParser, parse } from "./parsers.js";

/**
 * Steps of the parser (calls of its progress callback: 5,000 to 7,000 for a megabyte of real code) after which a file
 * is given up. Steps and not time, so that the answer does not depend on the machine's load.
 */
const stepLimit = (text: string) => 2_000 + text.length / 100;
/** Milliseconds for a query, which takes 60 for a megabyte; on 100,000 unclosed brackets it is quadratic. */
const queryLimit = 2_000;

const queries = new WeakMap<Language, Map<string, Query>>();

/**
 * Hands `read` what a query captures in a source text.
 *
 * Throws an Error when the grammar can't be loaded or the text is more than the parser is allowed to take.
 */
export async function capture<T>(
  grammar: string,
  query: string,
  text: string,
  read: (captures: readonly QueryCapture[]) => T,
): Promise<T> {
  return withTree(grammar, text, query, (_, captures) => read(captures));
}

/** As `capture`, with the tree's root too: one parse for all that is read of a text. */
export async function withTree<T>(
  grammar: string,
  text: string,
  query: string,
  read: (root: Node, captures: readonly QueryCapture[]) => T,
): Promise<T> {
  const { language } = await loadParser(grammar);
  const compiled = await compile(language, query);
  const tree = await parse(grammar, text, stepLimit(text));
  if (tree === null) throw new Error("it is too tangled to parse");
  try {
    const started = performance.now();
    let stopped = false;
    const progressCallback = () => {
      stopped ||= performance.now() - started > queryLimit;
      return stopped;
    };
    const captures = compiled.captures(tree.rootNode, { progressCallback });
    if (stopped) throw new Error("it is too tangled to search");
    return read(tree.rootNode, captures);
  } finally {
    tree.delete();
  }
}

async function compile(language: Language, query: string): Promise<Query> {
  const { Query } = await import("web-tree-sitter");
  const known = queries.get(language) ?? new Map<string, Query>();
  queries.set(language, known);
  const compiled = known.get(query) ?? new Query(language, query);
  known.set(query, compiled);
  return compiled;
}
