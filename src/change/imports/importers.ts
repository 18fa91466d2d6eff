import { breathe } from "../../breathe.js";
import type { Side, TreeEntry, Trees } from "../types.js";
import {
  createReader,
  forEachBlob,
  type ImportOptions,
  languageOf,
  parsedFileLimit,
  resolverOf,
} from "./direct.js";
import type { ImportLanguage } from "./language.js";
import { languages } from "./languages.js";
import { append, type TreeIndex, treeIndex } from "./tree-index.js";

export interface ImporterOptions extends ImportOptions {
  /** Which files to look at; default all. */
  among?: ((path: string) => boolean) | undefined;
}

/** Bytes looked through for names in one call. */
const scannedLimit = 512 * 1024 * 1024;
/** Texts that are searched for one by one; more are looked up word by word, in one pass. */
const fewNames = 16;

/**
 * The files that import each of the given files directly, on one side of a change: for each given path, sorted.
 * A file is parsed only when it contains the name of one of them.
 */
export async function importersOf(
  change: Trees,
  side: Side,
  paths: readonly string[],
  options: ImporterOptions = {},
): Promise<Map<string, string[]>> {
  const index = await treeIndex(change, side);
  const found = new Map<string, string[]>(paths.map((path) => [path, []]));
  const reader = createReader(index, options);
  const searches = new Map<ImportLanguage, Search | null>();
  for (const language of languages) {
    const targets = paths.filter((path) => language.imports(path));
    if (targets.length > 0) searches.set(language, await searchFor(targets, language, index));
  }
  const candidates: TreeEntry[] = [];
  let bytesLeft = scannedLimit;
  let tooLarge = 0;
  for (const entry of index.files) {
    const language = languageOf(entry.path);
    if (language === null || !searches.has(language)) continue;
    if (options.among !== undefined && !options.among(entry.path)) continue;
    if ((entry.size ?? 0) > parsedFileLimit) {
      tooLarge++;
      continue;
    }
    bytesLeft -= entry.size ?? 0;
    if (bytesLeft < 0) {
      options.note?.(`importers were looked for in the first ${scannedLimit >> 20} MiB of source only`);
      break;
    }
    candidates.push(entry);
  }
  if (tooLarge > 0) {
    options.note?.(
      `importers were not looked for in ${tooLarge} files larger than ${parsedFileLimit >> 20} MiB`,
    );
  }
  await forEachBlob(change, candidates, options, async (entry, bytes) => {
    const language = languageOf(entry.path);
    const search = language === null ? undefined : searches.get(language);
    if (search === undefined || (search !== null && !mentions(bytes, search))) return;
    for (const target of await reader.importsOf(entry.path, bytes)) {
      if (found.has(target)) append(found, target, entry.path);
    }
  });
  return found;
}

interface Search {
  /** Runs of word characters, as Latin-1 of their UTF-8 bytes. */
  words: Set<string>;
  /** Texts without any word character. */
  literals: Set<string>;
}

/** What to look for; null when every file has to be parsed. */
async function searchFor(
  targets: readonly string[],
  language: ImportLanguage,
  index: TreeIndex,
): Promise<Search | null> {
  const resolver = await resolverOf(language, index);
  const search: Search = { words: new Set(), literals: new Set() };
  for (const target of targets) {
    await breathe();
    const names = resolver.names(target);
    if (names === null) return null;
    for (const name of names) {
      const bytes = Buffer.from(name).toString("latin1");
      const longest = wordsIn(bytes).reduce((best, word) => (word.length > best.length ? word : best), "");
      if (longest === "") search.literals.add(bytes);
      else search.words.add(longest);
    }
  }
  return search;
}

function mentions(bytes: Buffer, { words, literals }: Search): boolean {
  for (const literal of literals) if (bytes.includes(literal, 0, "latin1")) return true;
  if (words.size <= fewNames) {
    for (const word of words) if (bytes.includes(word, 0, "latin1")) return true;
    return false;
  }
  return wordsIn(bytes.toString("latin1")).some((word) => words.has(word));
}

/** Every byte beyond ASCII counts as part of a word, so that words are the same in any language. */
function wordsIn(latin1: string): string[] {
  return latin1.match(/[\w\x80-\xff]+/g) ?? [];
}
