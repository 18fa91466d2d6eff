import { breathe } from "../breathe.js";
import { isSluiceError } from "../errors.js";
import { byteStrings, textOf } from "./bytes.js";
import { git } from "./git.js";
import { stem, wordsOf } from "./relevance.js";
import type { Repository } from "./types.js";

/** How often what was looked for stands in a file, by what was looked for. */
export type Hits = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Words that stand in every second source file: where they are says nothing. */
const everywhere = new Set(
  `array async await base body boolean bool build call case change check class client code config const content context
  core count current data default def delete element else end error event export extends false field file files filter
  find first flag format function group handle handler header headers html http id import index info init input int
  interface item items json key keys length level lib library line lines list load log main map message method mode
  model module name names node none null number object open option options order output package page param params parent parse
  part pass path print private process project property public query read remove request require res response result
  return root run save script select self send server service set size source start state static status step string
  style system table tag task test tests text time token tree true type types undefined url user users value values var
  version view void write`
    .split(/\s+/)
    .map(stem),
);

export interface Sought {
  /** As it is told: `rate`, `rate limit`. */
  word: string;
  /** What all its forms begin with, as an expression that POSIX and Perl read alike; in lower case. */
  pattern: string;
  /** An identifier (`send_file`, `parseBody`), which stands as it is. */
  exact?: boolean;
}

const mostNames = 8;
const mostWords = 16;
const mostPairs = 12;
const outputLimit = 8 * 1024 * 1024;
/** Bytes of matches that are read when names are looked for. */
const namesLimit = 4 * 1024 * 1024;
/** Milliseconds. */
const timeLimit = 8_000;

/** What is worth being looked for in contents: identifiers, words that say something, and two that stand together. */
export function soughtIn(text: string): Sought[] {
  const names = new Map<string, Sought>();
  for (const [name] of text.slice(0, 20_000).matchAll(identifier))
    names.set(name.toLowerCase(), { word: name, pattern: name.toLowerCase(), exact: true });
  const single = new Map<string, Sought>();
  const pairs = new Map<string, Sought>();
  for (const sentence of text.slice(0, 20_000).split(/[.,;:!?\n]+/)) {
    const words = wordsOf(sentence);
    for (const [at, word] of words.entries()) {
      const next = words[at + 1] ?? "";
      if (/^[a-z0-9]{2,}$/.test(word) && /^[a-z0-9]{3,}$/.test(next)) {
        const pattern = `${word}[-_ ]?${beginning(next)}`;
        pairs.set(pattern, { word: `${word} ${next}`, pattern });
      }
      if (!/^[a-z0-9]{3,}$/.test(word) || everywhere.has(stem(word))) continue;
      if (!single.has(beginning(word))) single.set(beginning(word), { word, pattern: beginning(word) });
    }
  }
  return [
    ...[...names.values()].slice(0, mostNames),
    ...[...single.values()].slice(0, mostWords),
    ...[...pairs.values()].slice(0, mostPairs),
  ];
}

/** What nobody writes in a sentence: with a line below or a hump within. */
const identifier = /(?<![\w./-])(?=\w{4,60}(?![\w/-]))[a-zA-Z]\w*(?:_\w|[a-z][A-Z])\w*/g;

/** `retr` of `retry` and `retries`, `cach` of `cache` and `caching`. */
function beginning(word: string): string {
  const short = stem(word).replace(/(?<=[a-z]{3})y$/, "");
  return short.length >= 3 ? short : word;
}

const endings = "(?:e|es|ed|er|ers|or|ors|ing|ings|s|y|ies|ied|ying|able|ation|ations|ment|ments|ization)?";

/**
 * All of them as one expression, names as they stand, words where one begins (in `useRateLimit` too) and ends: `rate` is
 * not in `generate`, nor in `rather`. Begin and end are looked at once for all words, which halves the time.
 */
function expressionOf(sought: readonly Sought[]): string {
  // Of two that begin alike, the first is taken.
  const longestFirst = sought.toSorted((one, other) => other.pattern.length - one.pattern.length);
  const patterns = (isName: boolean) =>
    longestFirst.filter(({ exact = false }) => exact === isName).map(({ pattern }) => pattern);
  const [names, words] = [patterns(true).join("|"), patterns(false).join("|")];
  const start = "(?:(?<![A-Za-z])|(?<=[a-z0-9])(?=[A-Z]))";
  return [
    ...(names === "" ? [] : [`(?<!\\w)(?i:${names})(?!\\w)`]),
    ...(words === "" ? [] : [`${start}(?i:(?:${words})${endings})(?![a-z])`]),
  ].join("|");
}

/**
 * How often each of the words stands in which file of the work tree, untracked ones included and binary ones not: by
 * `git grep`. When there is too much of it, only the rare ones are looked for. Empty for a bare repository.
 */
export async function searchContents(
  repository: Repository,
  sought: readonly Sought[],
  options: { signal: AbortSignal; note: (sentence: string) => void },
): Promise<Hits> {
  if (repository.bare || sought.length === 0) return new Map();
  const first = await grep(repository, sought, options.signal);
  if (first !== null && !first.cut) return first.hits;
  // What fills all the room says nothing of where something is.
  const total = ({ word }: Sought) =>
    [...(first?.hits.get(word)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  const all = sought.reduce((sum, one) => sum + total(one), 0);
  const rare = sought.filter((one) => total(one) < all * 0.03);
  const second = first === null || rare.length === 0 ? null : await grep(repository, rare, options.signal);
  if (second !== null && !second.cut) return second.hits;
  options.note("the contents of files could not be searched: too much of it, or too slow");
  return new Map();
}

const importing = "\\b(?:import|from|require|require_once|include|include_once|use|using|mod)\\b.*";
/** What Go has on a line of an `import ( … )`. To look for it doubles the time. */
const importedString = '^\\s*[\\w.]*\\s*"[^"]*';

/**
 * The files of the work tree that may import one of some files, by a line that looks like it and holds a name by which
 * they are imported; null when that could not be found out.
 *
 * @param isGo whether files of Go are among those
 */
export async function filesImporting(
  repository: Repository,
  names: readonly string[],
  { isGo, signal }: { isGo: boolean; signal: AbortSignal },
): Promise<Set<string> | null> {
  if (repository.bare || names.length === 0) return new Set();
  const flags = ["-I", "-l", "-z", "--untracked", "--no-textconv", "--no-color", "--no-recurse-submodules"];
  const run = (way: readonly string[]) =>
    git(repository, ["grep", ...flags, ...way], {
      signal,
      timeout: timeLimit,
      maxOutput: outputLimit,
      truncate: true,
      allowFailure: true,
    });
  const begin = isGo ? `(?:${importing}|${importedString})` : importing;
  const any = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|");
  try {
    let found = await run(["-P", "-e", `${begin}(?<!\\w)(?:${any})(?!\\w)`]);
    if (found.code > 1) found = await run(["-F", ...names.flatMap((name) => ["-e", name])]);
    return found.code > 1 ? null : new Set(byteStrings(found.stdout).map(textOf));
  } catch (error) {
    signal.throwIfAborted();
    if (isSluiceError(error)) return null;
    throw error;
  }
}

async function grep(
  repository: Repository,
  sought: readonly Sought[],
  signal: AbortSignal,
): Promise<{ hits: Hits; cut: boolean } | null> {
  // A file's path stands once above its matches, not before each: a third of the output, or less.
  const flags = ["-I", "-o", "-z", "--heading", "--break", "--untracked", "--no-textconv", "--no-color"];
  const args = ["grep", ...flags, "--no-line-number", "--no-column", "--no-recurse-submodules"];
  const run = (way: readonly string[]) =>
    git(repository, [...args, ...way], {
      signal,
      timeout: timeLimit,
      maxOutput: outputLimit,
      truncate: true,
      allowFailure: true,
    });
  let output: Buffer;
  try {
    // One expression is five times as fast as many; a git that was built without it says so at once.
    let found = await run(["-P", "-e", expressionOf(sought)]);
    if (found.code > 1) found = await run(["-i", "-E", ...sought.flatMap(({ pattern }) => ["-e", pattern])]);
    output = found.stdout;
  } catch (error) {
    signal.throwIfAborted();
    // Too slow a disk, or too much on it: what names and history say remains.
    if (isSluiceError(error)) return null;
    throw error;
  }
  return { hits: await hitsIn(output, sought, signal), cut: output.length >= outputLimit };
}

/**
 * Of `path LF match LF match LF LF path LF match LF`: no match is empty. A path that holds a line end is taken for
 * another, which is in no survey or gets a hit too many.
 */
async function hitsIn(output: Buffer, sought: readonly Sought[], signal: AbortSignal): Promise<Hits> {
  const matchers = sought.map(({ word, pattern }) => ({ word, matcher: new RegExp(pattern) }));
  const known = new Map<string, string[]>();
  const wordsIn = (match: string) => {
    let words = known.get(match);
    if (words === undefined) {
      const small = match.toLowerCase();
      words = matchers.filter(({ matcher }) => matcher.test(small)).map(({ word }) => word);
      known.set(match, words);
    }
    return words;
  };
  const hits = new Map<string, Map<string, number>>();
  for (const file of output.toString("latin1").split("\n\n")) {
    await breathe(signal);
    const [path = "", ...matches] = file.split("\n");
    const counts = new Map<string, number>();
    for (const match of matches) counts.set(match, (counts.get(match) ?? 0) + 1);
    const name = textOf(path);
    for (const [match, count] of counts)
      for (const word of wordsIn(match)) {
        const files = hits.get(word) ?? new Map<string, number>();
        hits.set(word, files);
        files.set(name, (files.get(name) ?? 0) + count);
      }
  }
  return hits;
}

/**
 * Which of some names stand anywhere in the work tree, as words of their own: at most three searches, however many names
 * there are. Those that could not be looked for are left out.
 */
export async function namesPresent(
  repository: Repository,
  names: Iterable<string>,
  signal: AbortSignal,
): Promise<Set<string>> {
  const missing = new Set(names);
  const present = new Set<string>();
  if (repository.bare) return present;
  const flags = ["-I", "-o", "-h", "-w", "-F", "--untracked", "--no-textconv", "--no-color"];
  const args = ["grep", ...flags, "--no-line-number", "--no-column", "--no-recurse-submodules"];
  const limits = { timeout: timeLimit, maxOutput: namesLimit, truncate: true, allowFailure: true };
  try {
    for (let round = 0; round < 3 && missing.size > 0; round += 1) {
      const patterns = [...missing].flatMap((name) => ["-e", name]);
      const { stdout } = await git(repository, [...args, ...patterns], { signal, ...limits });
      for (const match of new Set(stdout.toString("utf8").split("\n")))
        if (missing.delete(match)) present.add(match);
      // One that is on every line leaves no room for the others: they are looked for without it.
      if (stdout.length < namesLimit) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isSluiceError(error)) throw error;
  }
  return present;
}
