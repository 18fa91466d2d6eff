import { posix } from "node:path";
import type { Hits } from "./content.js";
import { append } from "./imports/tree-index.js";
import type { Survey } from "./survey.js";
import { isTestPath } from "./tests-of.js";

/** A file that has to do with a text, and how that is known. */
export interface RelevantFile {
  path: string;
  /** Only good for comparing. */
  score: number;
  /** `named`, `name: cache`, `folder: cache`, `changed in: 3 commits (fix cache …)`. */
  why: string[];
}

/** Words that say nothing about where something is: of English, and of asking for software. */
const stopWords = new Set(
  `a able about above add added adding after again against all allow allows also always am an and any are as at be because
  been before being below better between both but by can cannot could create created current currently did do does
  doing done down each either else enable ensure etc even every existing feature features few for from further get
  gets give given gives go had has have having he her here his how i if implement implemented implementing implements
  improve in instead into is it its itself just keep let like make makes making may me more most much must my need
  needed needs new no nor not now of off on once one only onto option optional optionally or other our out over own per please
  possible provide provides really same see set shall she should so some somehow something such support supported
  supporting supports sure take takes than that the their them then there these they thing things this those through
  to too under until up update updated upon us use used uses using very via want wants was way we were what
  when where whether which while who whom why will with within without work working works would yet you your`.split(
    /\s+/,
  ),
);

/** Characters of a text that are looked at, and words taken from it. */
const textLimit = 100_000;
const mostWords = 400;

/**
 * What a text is about, in its order, each once: lower-case words, identifiers taken apart (`parseURLPath` gives
 * `parse`, `url`, `path`), without those that say nothing.
 */
export function wordsOf(text: string): string[] {
  const found = new Set<string>();
  for (const word of text.slice(0, textLimit).match(/[\p{L}\p{N}]+/gu) ?? []) {
    for (const part of partsOf(word)) {
      if (part.length < 2 || part.length > 40 || /^\d+$/.test(part) || stopWords.has(part)) continue;
      found.add(part);
      if (found.size >= mostWords) return [...found];
    }
  }
  return [...found];
}

/** `parseURLPath2` as `parse`, `url`, `path2`. */
function partsOf(word: string): string[] {
  if (!/[A-Z]/.test(word)) return [word.toLowerCase()];
  return word
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]{2,})([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(" ");
}

/** What words have in common that differ in their endings only: `cached`, `caching` and `caches` give `cach`. */
export function stem(word: string): string {
  if (word.length <= 3 || !/^[a-z]+$/.test(word)) return word;
  let short = word.replace(/ies?$/, "y").replace(/(?:sses)$/, "ss");
  if (short.endsWith("s") && !/(?:ss|us|is)$/.test(short)) short = short.slice(0, -1);
  for (const ending of ["ization", "ation", "ing", "ed", "er", "or", "ment", "e"]) {
    const rest = short.slice(0, -ending.length);
    if (!short.endsWith(ending) || rest.length < 3 || !/[aeiouy]/.test(rest)) continue;
    // `logging` and `logger` are about logs.
    return /([bdgmnprt])\1$/.test(rest) ? rest.slice(0, -1) : rest;
  }
  return short;
}

/** Abbreviations that code uses for words people write. */
const alike: readonly (readonly string[])[] = [
  ["auth", "authentication", "authenticate", "authorization", "authorize", "login"],
  ["config", "configuration", "settings", "configure", "conf", "cfg"],
  ["db", "database"],
  ["doc", "docs", "documentation"],
  ["dir", "directory", "folder"],
  ["env", "environment"],
  ["param", "parameter", "params"],
  ["repo", "repository"],
  ["arg", "argument", "args"],
  ["msg", "message"],
  ["req", "request"],
  ["res", "response", "resp"],
  ["cmd", "command"],
  ["fn", "function", "func"],
  ["impl", "implementation"],
  ["ctx", "context"],
  ["err", "error"],
  ["i18n", "internationalization", "internationalisation", "translation", "locale"],
  ["l10n", "localization", "localisation", "locale"],
  ["a11y", "accessibility"],
  ["ts", "typescript"],
  ["js", "javascript"],
  ["ws", "websocket", "websockets"],
  ["validator", "validate", "validation"],
  ["sql", "query"],
  ["cli", "commandline"],
];
const alikeByStem = new Map<string, Set<string>>();
for (const group of alike) {
  const stems = new Set(group.map(stem));
  for (const one of stems) alikeByStem.set(one, new Set([...(alikeByStem.get(one) ?? []), ...stems]));
}

type Place = "name" | "folder";

interface Posting {
  path: string;
  /** 1 in the file's name, less in its folders. */
  weight: number;
  word: string;
  place: Place;
}

/** What the paths of a survey say. */
interface NameIndex {
  /** By stem; of a path its best only. */
  postings: ReadonlyMap<string, readonly Posting[]>;
  /** Paths by their names without anything but letters and digits: `useragent`. */
  joined: ReadonlyMap<string, readonly string[]>;
}

const nameIndexes = new WeakMap<Survey, NameIndex>();

function nameIndex(survey: Survey): NameIndex {
  const known = nameIndexes.get(survey);
  if (known !== undefined) return known;
  const stems = new Map<string, readonly (readonly [string, string])[]>();
  const stemsOf = (part: string) => {
    let found = stems.get(part);
    if (found === undefined) {
      found = wordsOf(part).map((word) => [stem(word), word] as const);
      stems.set(part, found);
    }
    return found;
  };
  const postings = new Map<string, Posting[]>();
  const joined = new Map<string, string[]>();
  for (const { path } of survey.files) {
    const folders = path.split("/");
    const name = folders.pop() ?? "";
    const dot = name.indexOf(".", 1);
    const base = dot > 0 ? name.slice(0, dot) : name;
    const best = new Map<string, Posting>();
    const raise = (part: string, weight: number, place: Place) => {
      for (const [key, word] of stemsOf(part))
        if ((best.get(key)?.weight ?? 0) < weight) best.set(key, { path, weight, word, place });
    };
    for (const [at, part] of folders.entries()) {
      const above = folders.length - at;
      // The folder of an `index.ts` is its name.
      const nearest = indexName.test(base) ? 0.95 : 0.55;
      raise(part, above === 1 ? nearest : 0.35 / (above - 1), "folder");
    }
    raise(name, 1, "name");
    for (const [key, posting] of best) append(postings, key, posting);
    append(joined, base.toLowerCase().replace(/[^a-z0-9]+/g, ""), path);
  }
  const index = { postings, joined };
  nameIndexes.set(survey, index);
  return index;
}

const indexName = /^(?:index|mod|main|__init__|lib)$/;

/** Paths that are seldom what a feature is about, and how much less they count. */
const lesser: readonly [RegExp, number][] = [
  [/(?:^|\/)(?:node_modules|vendor|third_party|dist|build|__snapshots__|\.yarn)\//, 0.15],
  [
    /\.min\.(?:js|css)$|\.(?:lock|map|snap|svg|png|jpe?g|gif|ico|pdf|woff2?|ttf|po|pot)$|-lock\.(?:json|ya?ml)$/,
    0.15,
  ],
  [/(?:^|\/)(?:fixtures?|testdata|test-data|__fixtures__|__mocks__|samples?|golden|templates?)\//, 0.4],
  [/(?:^|\/)(?:changelogs?|change_?notes?|releases?)(?:\/|\.)|(?:^|\/)CHANGES?(?:\.|$)/i, 0.3],
  [/(?:^|\/)(?:\.github|docs?|documentation|examples?|benchmarks?|website|scripts)\//, 0.6],
  [/\.(?:md|mdx|rst|txt|adoc|json|ya?ml|toml|ini|cfg|csv|html|css)$/, 0.7],
];

/** Folders that hold tests and what belongs to them, in any language. */
export const testFolder = /(?:^|\/)(?:__tests__|tests?|specs?|e2e|integration)\//i;

/** How much a path counts as a place where a feature is built; tests come with what they test. */
export function plainness(path: string): number {
  let weight = testFolder.test(path) || isTestPath(path) ? 0.5 : 1;
  for (const [pattern, factor] of lesser) if (pattern.test(path)) weight *= factor;
  return weight;
}

/**
 * The files that a text is about, the best first: by words in their names and folders (the rarer, the more), paths
 * that the text mentions, commits whose subjects share its words, and what stands in them where `hits` says so.
 */
export function relevantFiles(
  survey: Survey,
  text: string,
  options: { limit?: number; hits?: Hits } = {},
): RelevantFile[] {
  const words = wordsOf(text);
  const scores = new Map<string, { score: number; why: string[] }>();
  const add = (path: string, score: number, why: string) => {
    const known = scores.get(path) ?? { score: 0, why: [] };
    scores.set(path, known);
    known.score += score;
    if (known.why.length < 4 && !known.why.includes(why)) known.why.push(why);
  };
  byName(survey, words, text, add);
  byHistory(survey, words, new Set(survey.files.map(({ path }) => path)), add);
  if (options.hits !== undefined) byContent(survey, options.hits, add);
  const found = [...scores].map(([path, { score, why }]) => ({ path, score: score * plainness(path), why }));
  for (const path of mentionedPaths(survey, text).found) {
    const known = found.find((one) => one.path === path);
    if (known !== undefined) {
      known.score += 100;
      known.why.unshift("named");
    } else if (!path.endsWith("/")) found.push({ path, score: 100, why: ["named"] });
  }
  found.sort((one, other) => other.score - one.score || (one.path < other.path ? -1 : 1));
  return found.slice(0, options.limit ?? 30).map(({ path, score, why }) => ({
    path,
    score: Math.round(score * 100) / 100,
    why,
  }));
}

/** What a word that is in some of all files says: nothing when it is in half of them. */
function rarityOf(some: number, all: number): number {
  return Math.max(0.05, Math.log((all + 1) / (some + 1)) - 0.3);
}

type Add = (path: string, score: number, why: string) => void;

function byName(survey: Survey, words: readonly string[], text: string, add: Add): void {
  const { postings, joined } = nameIndex(survey);
  const rarity = (key: string) => rarityOf(postings.get(key)?.length ?? 0, survey.files.length);
  for (const [at, word] of words.entries()) {
    const exact = stem(word);
    const best = new Map<string, { score: number; why: string }>();
    for (const [key, share] of keysLike(exact, postings)) {
      // The first words of a description are its title.
      const weight = share * rarity(key) * (at < 12 ? 1 : 0.6);
      for (const posting of postings.get(key) ?? []) {
        const score = posting.weight * weight;
        if ((best.get(posting.path)?.score ?? 0) < score)
          best.set(posting.path, { score, why: `${posting.place}: ${posting.word}` });
      }
    }
    for (const [path, { score, why }] of best) add(path, score, why);
  }
  // Two words of the text that are one in a name: "user agent" and `useragent`, "OAuth 2" and `oauth2`.
  const pairs = new Set(words.slice(1).map((word, at) => `${words[at]}${word}`));
  for (const [, word = "", number = ""] of text.slice(0, textLimit).matchAll(numbered))
    pairs.add(`${word.toLowerCase()}${number}`);
  for (const pair of pairs)
    for (const path of joined.get(pair) ?? [])
      add(path, 2 * Math.log(1 + survey.files.length / 2), `name: ${pair}`);
}

/** A number says nothing by itself, and with the word before it which one is meant. */
const numbered = /([\p{L}\p{N}]{2,40})[ _-](\d{1,9})(?![\p{L}\p{N}])/gu;

/** The stems that a word stands for, and how surely: itself, what code writes for it, what begins as it does. */
function keysLike(exact: string, postings: ReadonlyMap<string, unknown>): Map<string, number> {
  const keys = new Map([[exact, 1]]);
  for (const other of alikeByStem.get(exact) ?? []) if (other !== exact) keys.set(other, 0.7);
  const long = [...keys].filter(([key]) => key.length >= 4);
  if (long.length === 0) return keys;
  for (const key of postings.keys()) {
    if (keys.has(key) || key.length < 4) continue;
    for (const [known, weight] of long) {
      if (!key.startsWith(known) && !known.startsWith(key)) continue;
      const share = Math.min(key.length, known.length) / Math.max(key.length, known.length);
      if (share >= 0.5) keys.set(key, Math.max(keys.get(key) ?? 0, (weight * share) / 2));
    }
  }
  return keys;
}

/** As search engines weigh words (BM25): the rarer, the more; the tenth time says little, and less in a long file. */
function byContent(survey: Survey, hits: Hits, add: Add): void {
  const sizes = new Map(survey.files.map(({ path, bytes }) => [path, bytes]));
  const typical = 6_000;
  for (const [word, files] of hits) {
    const weight = rarityOf(files.size, survey.files.length) * (/[ _A-Z]/.test(word) ? 1.1 : 0.7);
    for (const [path, count] of files) {
      const bytes = sizes.get(path);
      if (bytes === undefined) continue;
      const saturation = count / (count + 1.5 * (0.4 + (0.6 * bytes) / typical));
      add(path, weight * saturation, `content: ${word} (${count})`);
    }
  }
}

const mostByHistory = 4;

function byHistory(survey: Survey, words: readonly string[], present: ReadonlySet<string>, add: Add): void {
  if (survey.commits.length === 0) return;
  const subjects = survey.commits.map((commit) => ({
    commit,
    stems: new Set(wordsOf(commit.subject).map(stem)),
  }));
  const wanted = [...new Set(words.map(stem))].filter((key) => key.length > 2);
  const rarity = new Map(
    wanted.map((key) => {
      const holding = subjects.filter(({ stems }) => stems.has(key)).length;
      return [key, holding === 0 ? 0 : Math.log(1 + subjects.length / holding)];
    }),
  );
  const given = new Map<string, number>();
  for (const { commit, stems } of subjects) {
    const shared = wanted.filter((key) => stems.has(key));
    const weight = shared.reduce((sum, key) => sum + (rarity.get(key) ?? 0), 0);
    // One common word says little, and a commit that touched everything says nothing.
    if (weight < 1.5 || commit.touched > 40) continue;
    const each = Math.min(2, (weight / Math.sqrt(commit.touched)) * 0.35);
    for (const path of commit.files) {
      // What every second commit touches (a changelog, a manifest) is not about all of them.
      const room = mostByHistory - (given.get(path) ?? 0);
      if (!present.has(path) || room <= 0) continue;
      const score = Math.min(each, room);
      given.set(path, (given.get(path) ?? 0) + score);
      add(path, score, `commit ${commit.id.slice(0, 9)}: ${commit.subject.slice(0, 60)}`);
    }
  }
}

/**
 * Paths that a text names: `found` as they are in the repository (folders end with `/`), `missing` what can only be
 * meant as one and is not there.
 */
export function mentionedPaths(survey: Survey, text: string): { found: string[]; missing: string[] } {
  const found = new Set<string>();
  const missing = new Set<string>();
  const index = pathIndex(survey);
  for (const match of text.slice(0, textLimit).matchAll(/[^\s"'`()[\]{}<>,;|*]+/g)) {
    const before = text[(match.index ?? 0) - 1] ?? "";
    const raw = match[0]
      .replace(/[.:!?]+$/, "")
      .replace(/(?::\d+(?:[-:]\d+)?|#L\d+(?:-L?\d+)?)$/, "")
      .replace(/^(?:\.\/)+/, "");
    if (raw.length < 3 || raw.length > 400 || /^[a-z][a-z0-9+.-]*:/i.test(raw) || raw.startsWith("/"))
      continue;
    const extension = /[^/]\.[A-Za-z][A-Za-z0-9]{0,9}$/.test(raw);
    const slash = raw.includes("/");
    if (!slash && !extension && !index.files.has(raw)) continue;
    const path = raw.replace(/\/+$/, "");
    if (index.files.has(path)) found.add(path);
    else if (slash && index.folders.has(path)) found.add(`${path}/`);
    else {
      const same = (index.byName.get(posix.basename(path)) ?? []).filter((file) => file.endsWith(`/${path}`));
      const [only, ...others] = same;
      if (only !== undefined && others.length <= 2) for (const file of same) found.add(file);
      else if (only === undefined && extension && (slash || before === "`")) missing.add(path);
    }
  }
  return { found: [...found], missing: [...missing] };
}

interface PathIndex {
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
  byName: ReadonlyMap<string, readonly string[]>;
}

const indexes = new WeakMap<Survey, PathIndex>();

function pathIndex(survey: Survey): PathIndex {
  const known = indexes.get(survey);
  if (known !== undefined) return known;
  const folders = new Set<string>();
  const byName = new Map<string, string[]>();
  for (const { path } of survey.files) {
    append(byName, posix.basename(path), path);
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  const index = { files: new Set(survey.files.map(({ path }) => path)), folders, byName };
  indexes.set(survey, index);
  return index;
}
