import { setImmediate } from "node:timers/promises";
import { breathe } from "../../breathe.js";
import { messageOf } from "../../errors.js";
import type { Side, TreeEntry, Trees } from "../types.js";
import { capture } from "./grammar.js";
import type { ImportLanguage, Resolver } from "./language.js";
import { languages } from "./languages.js";
import { oncePerTree, type TreeIndex, textOf, treeIndex } from "./tree-index.js";

export interface ImportOptions {
  signal?: AbortSignal | undefined;
  /** Gets a sentence for each file whose imports could not be read. */
  note?: ((sentence: string) => void) | undefined;
}

/** Bytes: a larger file is data or generated, and its imports are not read. */
export const parsedFileLimit = 1024 * 1024;
/** Bytes parsed in one call, at about 4 MB a second. */
const parsedTotalLimit = 64 * 1024 * 1024;
/** Milliseconds spent on parsing in one call: real code stays far below, many tangled files would not. */
const parsingLimit = 30_000;
/** Bytes of blobs held at once. */
const batchBytes = 16 * 1024 * 1024;
const specifierLength = 1_000;
const resolvers = new Map(
  languages.map((language) => [language, oncePerTree((index) => language.resolver(index))]),
);

/**
 * The files of the repository that each given file imports directly, on one side of a change: for each path that
 * is there, sorted, without itself. A file in an unknown language, too large or impossible to parse imports
 * nothing; the last two are noted.
 */
export async function directImports(
  change: Trees,
  side: Side,
  paths: readonly string[],
  options: ImportOptions = {},
): Promise<Map<string, string[]>> {
  const index = await treeIndex(change, side);
  const found = new Map<string, string[]>();
  const wanted: TreeEntry[] = [];
  for (const path of new Set(paths)) {
    const entry = index.entry(path);
    if (entry === undefined) continue;
    found.set(path, []);
    if (languageOf(path) !== null) wanted.push(entry);
  }
  const reader = createReader(index, options);
  await forEachBlob(change, wanted, options, async (entry, bytes) => {
    found.set(entry.path, await reader.importsOf(entry.path, bytes));
  });
  return found;
}

export function languageOf(path: string): ImportLanguage | null {
  return languages.find((language) => language.handles(path)) ?? null;
}

export function resolverOf(language: ImportLanguage, index: TreeIndex): Promise<Resolver> {
  return resolvers.get(language)?.(index) ?? language.resolver(index);
}

/** Reads what files import, within one allowance for all of them. */
export function createReader(index: TreeIndex, { note, signal }: ImportOptions) {
  let allowance = parsedTotalLimit;
  let spent = 0;
  let exhausted = false;
  let pause = performance.now();
  return {
    async importsOf(path: string, bytes: Buffer): Promise<string[]> {
      const language = languageOf(path);
      if (language === null || !language.marks.some((mark) => bytes.includes(mark))) return [];
      allowance -= bytes.length;
      if (allowance < 0 || spent > parsingLimit) {
        if (!exhausted) note?.(`imports were read up to ${path} only: there is too much source`);
        exhausted = true;
        return [];
      }
      // Parsing is synchronous: others get their turn, and a cancellation is heard.
      if (performance.now() - pause > 50) {
        await setImmediate();
        pause = performance.now();
      }
      signal?.throwIfAborted();
      const resolver = await resolverOf(language, index);
      const started = performance.now();
      const specifiers = await specifiersOf(language, path, bytes, note);
      const found = new Set<string>();
      for (const specifier of specifiers) {
        await breathe(signal);
        if (specifier.length > specifierLength) continue;
        for (const target of resolver.resolve(specifier, path)) found.add(target);
      }
      spent += performance.now() - started;
      found.delete(path);
      return [...found].sort();
    },
  };
}

async function specifiersOf(
  language: ImportLanguage,
  path: string,
  bytes: Buffer,
  note: ImportOptions["note"],
): Promise<Set<string>> {
  const grammar = language.grammar(path);
  try {
    return new Set(
      await capture(grammar, language.query(grammar), textOf(bytes), (captures) =>
        language.specifiers(captures),
      ),
    );
  } catch (error) {
    note?.(`imports of ${path} could not be read: ${messageOf(error)}`);
    return new Set();
  }
}

/** Hands each file's bytes to `visit`, reading many at a time but never many megabytes; too large ones are noted. */
export async function forEachBlob(
  change: Trees,
  entries: readonly TreeEntry[],
  { signal, note }: ImportOptions,
  visit: (entry: TreeEntry, bytes: Buffer) => Promise<void>,
): Promise<void> {
  let batch: TreeEntry[] = [];
  let held = 0;
  const flush = async () => {
    signal?.throwIfAborted();
    const blobs = await change.objects.blobs([...new Set(batch.map(({ id }) => id))], parsedFileLimit);
    for (const entry of batch) {
      const bytes = blobs.get(entry.id);
      if (bytes !== undefined) await visit(entry, bytes);
    }
    batch = [];
    held = 0;
  };
  for (const entry of entries) {
    const size = entry.size ?? 0;
    if (size > parsedFileLimit) {
      note?.(`imports of ${entry.path} were not read: it is larger than ${parsedFileLimit >> 20} MiB`);
      continue;
    }
    batch.push(entry);
    held += size;
    if (held >= batchBytes || batch.length >= 2_000) await flush();
  }
  if (batch.length > 0) await flush();
}
