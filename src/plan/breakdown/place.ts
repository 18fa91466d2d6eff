import { posix } from "node:path";
import { type Hits, soughtIn } from "../../change/content.js";
import { plainness, type RelevantFile, relevantFiles, stem, wordsOf } from "../../change/relevance.js";
import { mentionedPaths, type Survey } from "../../change/survey.js";
import { isTestPath } from "../../change/tests-of.js";
import { type Tree, treeOf } from "./files.js";
import type { Requirement } from "./types.js";

/** What a requirement is about: what others build on comes first. */
export type Layer = "data" | "core" | "surface" | "tests" | "docs";
export const layers: readonly Layer[] = ["data", "core", "surface", "tests", "docs"];

export interface Placed {
  requirement: Requirement;
  layer: Layer;
  /** Empty when it is not known which ones. */
  files: string[];
}

const docsWords =
  /\b(?:documentation|documented|readme|changelog|release notes?|docs?|guide|tutorial|docstrings?|jsdoc|migration notes?)\b|\.(?:md|mdx|rst)\b/i;
const testWords =
  /^(?:\*\*)?(?:all |new |existing |unit |integration |e2e |end-to-end |regression |type )*tests?\b|\b(?:test suite|test coverage|tests (?:pass|cover|exist|prove)|covered by (?:unit |integration |e2e )?tests?)\b/i;
const dataWords =
  /\b(?:migrations?|schemas?|tables?|columns?|database|data ?models?|entit(?:y|ies)|enums?|config(?:uration)? (?:key|option|file)s?|settings?)\b/i;
const surfaceWords =
  /\b(?:endpoints?|routes?|api|http|status|headers?|cli|commands?|flags?|ui|pages?|screens?|buttons?|forms?|components?|views?|templates?|webhooks?|responses?|requests?|log(?:s|ged)?|metrics?|exports?|exported)\b/i;
const manifest =
  /(?:^|\/)(?:package\.json|jsr\.json|deno\.jsonc?|pyproject\.toml|setup\.(?:py|cfg)|Cargo\.toml|go\.mod|pom\.xml|build\.gradle(?:\.kts)?|Gemfile|composer\.json)$/;

export const filesEach = 3;
/** Of a file's reasons, that it takes not to share one word by chance. */
const fewestReasons = 2;
/** Of the whole spec's files, how far down they are taken for what it is about. */
const mostStrong = 8;

/** Where things of a spec are, as far as its words and the repository's names say. */
export class Places {
  readonly #survey: Survey;
  readonly #tree: Tree;
  /** What the spec as a whole is about, the best first. */
  readonly #whole: readonly RelevantFile[];
  /** Where what nothing places goes: what the spec says is to be made, else what it is about most. */
  readonly home: readonly string[];
  readonly #homeIsPlanned: boolean;

  readonly #hits: Hits;
  /** Sentences of the spec that name files. */
  readonly #said: readonly { paths: string[]; stems: ReadonlySet<string> }[];

  /** @param hits of the whole spec's words in the contents of files */
  constructor(title: string, markdown: string, survey: Survey, hits: Hits) {
    this.#survey = survey;
    this.#hits = hits;
    this.#tree = treeOf(survey.files.map(({ path }) => path));
    const text = `${title}\n${markdown}`;
    this.#said = text
      .slice(0, 100_000)
      .split(/(?<=[.;!?])\s+|\n/)
      .flatMap((sentence) => {
        const found = mentionedPaths(survey, sentence).found;
        const paths = found.filter((path) => !path.endsWith("/") && isCode(path));
        return paths.length === 0 ? [] : { paths, stems: new Set(wordsOf(sentence).map(stem)) };
      })
      .slice(0, 100);
    this.#whole = relevantFiles(survey, text, { limit: 60, hits });
    const strong = this.#whole.filter((file) => isCode(file.path) && reasons(file) >= fewestReasons + 1);
    const made = plannedFiles(text, this.#tree);
    const planned = made.some((path) => !isTestPath(path) && !isDocument(path)) ? made : [];
    this.#homeIsPlanned = planned.length > 0;
    this.home = planned.length > 0 ? planned : strong.slice(0, filesEach - 1).map(({ path }) => path);
  }

  place(requirement: Requirement): Placed {
    const { text } = requirement;
    const named = mentionedPaths(this.#survey, text).found.filter((path) => !path.endsWith("/"));
    const layer = layerOf(text, named);
    if (layer === "docs") return { requirement, layer, files: this.documents(named, text) };
    const planned = plannedFiles(text, this.#tree);
    if (layer === "tests") {
      const near = this.#homeIsPlanned ? [] : this.#near(text).filter((file) => isTestPath(file.path));
      const files = [...named, ...planned, ...near.map(({ path }) => path), ...this.home.filter(isTestPath)];
      return { requirement, layer, files: [...new Set(files)].slice(0, filesEach) };
    }
    // Where the spec itself says what is to be made, a likeness of words says nothing better.
    const near = this.#homeIsPlanned ? [] : this.#near(text).filter(({ path }) => isCode(path));
    const best = near[0]?.score ?? 0;
    const likely = near.filter(({ score }) => score >= 0.6 * best).map(({ path }) => path);
    const own = [...named.filter((path) => !isTestPath(path)), ...planned];
    const code = own.length > 0 ? own : this.#saidOf(text);
    const files = [...new Set(code.length > 0 ? code : likely.length > 0 ? likely : this.home)];
    return { requirement, layer, files: files.slice(0, filesEach) };
  }

  /** Documents that are named, that a text is about, or that every project has. */
  documents(named: readonly string[], text: string): string[] {
    const near = relevantFiles(this.#survey, text, { limit: 200 }).filter(
      (file) => isDocument(file.path) && !isTestPath(file.path) && reasons(file) >= fewestReasons,
    );
    const usual = this.#survey.files
      .map(({ path }) => path)
      .filter((path) => /^(?:readme|changelog|changes|history)(?:\.(?:md|rst|txt))?$/i.test(path));
    const files = [...named.filter(isDocument), ...near.map(({ path }) => path).slice(0, 2), ...usual];
    return [...new Set(files)].slice(0, filesEach);
  }

  /** Files that the spec names in a sentence that shares with a text what its other such sentences don't have. */
  #saidOf(text: string): string[] {
    const words = new Set(wordsOf(text).map(stem));
    const shared = this.#said.map(({ stems }) => {
      const particular = [...stems].filter((word) => {
        const others = this.#said.filter((one) => one.stems.has(word)).length;
        return words.has(word) && 2 * others <= Math.max(2, this.#said.length);
      });
      return particular.length;
    });
    const best = Math.max(0, ...shared);
    return best === 0 ? [] : this.#said.flatMap(({ paths }, at) => (shared[at] === best ? paths : []));
  }

  #hitsOf(text: string): Hits {
    const own = new Set(soughtIn(text).map(({ word }) => word));
    return new Map([...this.#hits].filter(([word]) => own.has(word)));
  }

  /** Files that a text is about by more than one word, or that the whole spec is about, too. */
  #near(text: string): RelevantFile[] {
    const strong = new Map(this.#whole.slice(0, mostStrong).map((file) => [file.path, file]));
    return relevantFiles(this.#survey, text, { limit: 30, hits: this.#hitsOf(text) })
      .filter((file) => {
        const whole = strong.get(file.path);
        return reasons(file) >= fewestReasons || (whole !== undefined && reasons(whole) > fewestReasons);
      })
      .map((file) => ({
        ...file,
        score: file.score + Math.min(file.score, strong.get(file.path)?.score ?? 0),
      }))
      .sort((one, other) => other.score - one.score || (one.path < other.path ? -1 : 1));
  }
}

/** Different words of its name and content that are a text's; a name in code counts twice, being named outright is enough. */
function reasons({ why }: RelevantFile): number {
  if (why.includes("named")) return 10;
  const words = new Map<string, number>();
  for (const one of why) {
    const word = /^(?:name|folder|content): (.+?)(?: \(\d+\))?$/.exec(one)?.[1];
    if (word !== undefined) words.set(word.toLowerCase(), /[a-z][A-Z]|_/.test(word) ? 2 : 1);
  }
  return [...words.values()].reduce((sum, count) => sum + count, 0);
}

function layerOf(text: string, named: readonly string[]): Layer {
  if (named.length > 0 && named.every(isDocument)) return "docs";
  if (named.length > 0 && named.every((path) => manifest.test(path))) return "surface";
  if (testWords.test(text)) return "tests";
  if (docsWords.test(text) && !/\b(?:returns?|throws?|rejects?|endpoint|function|class)\b/i.test(text))
    return "docs";
  if (surfaceWords.test(text)) return "surface";
  return dataWords.test(text) ? "data" : "core";
}

function isDocument(path: string): boolean {
  return (
    /\.(?:md|mdx|rst|adoc)$/i.test(path) ||
    /(?:^|\/)docs?\//.test(path) ||
    /^(?:readme|changelog|changes|history)\b/i.test(path)
  );
}

function isCode(path: string): boolean {
  const shows = /(?:^|\/)(?:examples?|benchmarks?|demos?)\//.test(path);
  return !shows && !isTestPath(path) && !isDocument(path) && plainness(path) > 0.3;
}

/**
 * Files that a text says are to be made: paths in folders that exist, and for a new folder the files that most of its
 * neighbours have (`index.ts`, `index.test.ts`).
 */
function plannedFiles(text: string, tree: Tree): string[] {
  const found = new Set<string>();
  for (const [raw] of text.slice(0, 100_000).matchAll(/(?<![\w/.:@-])[\w.@-]+(?:\/[\w.@[\]-]+)+/g)) {
    const path = raw.replace(/[.:]+$/, "").replace(/^(?:\.\/)+/, "");
    const folder = posix.dirname(path);
    if (tree.files.has(path) || tree.folders.has(path) || folder === "." || !tree.folders.has(folder))
      continue;
    if (path.split("/").includes("..")) continue;
    if (/\.[A-Za-z]\w{0,5}$/.test(path)) found.add(path);
    else for (const name of usualNames(folder, tree)) found.add(`${path}/${name}`);
    if (found.size >= filesEach) break;
  }
  return [...found].slice(0, filesEach);
}

/** Names of files that at least half of a folder's folders have, code before tests. */
function usualNames(folder: string, tree: Tree): string[] {
  const neighbours = [...tree.folders].filter((one) => posix.dirname(one) === folder);
  const counts = new Map<string, number>();
  for (const neighbour of neighbours)
    for (const path of tree.files)
      if (posix.dirname(path) === neighbour)
        counts.set(posix.basename(path), (counts.get(posix.basename(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= 2 && 2 * count >= neighbours.length)
    .map(([name]) => name)
    .sort(
      (one, other) =>
        Number(isTestPath(`${folder}/${one}`)) - Number(isTestPath(`${folder}/${other}`)) ||
        (one < other ? -1 : 1),
    )
    .slice(0, 2);
}
