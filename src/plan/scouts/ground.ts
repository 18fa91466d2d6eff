import { join } from "node:path";
import { filesImporting, searchContents, soughtIn } from "../../change/content.js";
import { type Definition, definitionsOf, hasDefinitions } from "../../change/definitions.js";
import { pathFilter } from "../../change/globs.js";
import { importersOf } from "../../change/imports/importers.js";
import { directoryOf, stemOf } from "../../change/imports/tree-index.js";
import { mentionedPaths, type RelevantFile, relevantFiles, wordsOf } from "../../change/relevance.js";
import { type Survey, surveyRepository } from "../../change/survey.js";
import { surveyTree } from "../../change/survey-tree.js";
import { isTestPath, testsOf } from "../../change/tests-of.js";
import { readRegularFile } from "../../durable-file.js";
import { readFlow } from "../../flow/folder.js";
import { readMemory } from "../../flow/memory.js";
import type { Project } from "../../flow/project.js";
import type { FlowFolder, MemoryEntry } from "../../flow/types.js";
import { printableLine } from "../../printable.js";
import type { Sluice } from "../../sluice.js";

/** What is to be built, as it was asked for. */
export interface Feature {
  /** First line, without Markdown, at most 100 characters. */
  title: string;
  text: string;
  words: readonly string[];
}

/** What all scouts of one call look at. Read once, whoever asks first; everything of the repository's in it is data. */
export interface Ground {
  sluice: Sluice;
  project: Project;
  feature: Feature;
  /** The whole repository, with 200 commits. */
  survey: Survey;
  /** Files that the feature is about, the best first, within `paths` where the caller gave some. */
  relevant: readonly RelevantFile[];
  /** Paths that the feature names. */
  mentioned: { found: readonly string[]; missing: readonly string[] };
  has(path: string): boolean;
  /** Whether a path is in what the caller asked about. */
  inScope(path: string): boolean;
  /** A file's text; null when it is not there, is a link, is binary or has more than 512 KiB. Kept. */
  read(path: string): Promise<string | null>;
  /** What a file defines; none in an unknown language. Kept. */
  definitions(path: string): Promise<readonly Definition[]>;
  /** Who imports each of some files, and which tests are about it: by name, and by imports. */
  around(paths: readonly string[]): Promise<ReadonlyMap<string, Around>>;
  /** The work tree's `.flow` folder; null where there is none. Kept. */
  flow(): Promise<FlowFolder | null>;
  /** The project's memory, newest first; none when the configuration switches it off. Kept. */
  memory(): Promise<readonly MemoryEntry[]>;
  /** For a person: what could not be seen. Grows. */
  notes: string[];
}

export interface Around {
  importers: readonly string[];
  tests: readonly string[];
}

const mostImporters = 600;
const textLimit = 512 * 1024;
const historyLength = 200;
const mostRelevant = 60;

/** Looks at the repository for a feature: a listing, a log and a search of contents. */
export async function openGround(
  sluice: Sluice,
  project: Project,
  request: { feature: string; paths?: readonly string[] | undefined; signal: AbortSignal },
): Promise<Ground> {
  const { repository } = project;
  const { signal } = request;
  const text = request.feature.trim();
  const notes: string[] = [];
  const inScope =
    request.paths === undefined || request.paths.length === 0
      ? () => true
      : await pathFilter(repository, request.paths);
  const [survey, hits] = await Promise.all([
    surveyRepository(repository, { signal, commits: historyLength }),
    searchContents(repository, soughtIn(text), { signal, note: (sentence) => notes.push(sentence) }),
  ]);
  notes.push(...survey.notes);
  const present = new Set(survey.files.map(({ path }) => path));
  const relevant = relevantFiles(survey, text, { hits, limit: 10_000 })
    .filter(({ path }) => inScope(path) && !path.startsWith(".flow/"))
    .slice(0, mostRelevant);
  const texts = new Map<string, Promise<string | null>>();
  const read = (path: string) =>
    once(texts, path, async () => (present.has(path) ? readText(repository.root, path) : null));
  const flow = new Map<"", Promise<FlowFolder | null>>();
  const memory = new Map<"", Promise<readonly MemoryEntry[]>>();
  const defined = new Map<string, Promise<readonly Definition[]>>();
  return {
    sluice,
    project,
    feature: { title: titleOf(text), text, words: wordsOf(text) },
    survey,
    relevant,
    mentioned: mentionedPaths(survey, text),
    has: (path) => present.has(path),
    inScope,
    read,
    definitions: (path) =>
      once(defined, path, async () => {
        const source = hasDefinitions(path) ? await read(path) : null;
        return source === null ? [] : definitionsOf(path, source, signal);
      }),
    around: (paths) => lookAround(paths, { project, survey, signal, notes }),
    flow: () => once(flow, "", () => readFlow(repository, sluice, signal)),
    memory: () => once(memory, "", () => readMemory(repository, project.config, signal)),
    notes,
  };
}

function once<K, T>(kept: Map<K, Promise<T>>, key: K, make: () => Promise<T>): Promise<T> {
  let value = kept.get(key);
  if (value === undefined) {
    value = make();
    kept.set(key, value);
  }
  return value;
}

/** Imports are parsed only in files that hold the name of one of those asked about. */
async function lookAround(
  paths: readonly string[],
  {
    project,
    survey,
    signal,
    notes,
  }: { project: Project; survey: Survey; signal: AbortSignal; notes: string[] },
): Promise<Map<string, Around>> {
  const { repository } = project;
  const tree = surveyTree(repository, survey, signal);
  const names = paths.map((path) => {
    const stem = stemOf(path).replace(/\.d$/, "");
    return /^(?:index|__init__|mod|main|lib)$/.test(stem) ? stemOf(directoryOf(path)) || stem : stem;
  });
  const isGo = paths.some((path) => path.endsWith(".go"));
  const candidates = await filesImporting(repository, [...new Set(names)], { isGo, signal });
  if (candidates === null) {
    notes.push("who imports what could not be found out");
    return new Map();
  }
  if (candidates.size > mostImporters)
    notes.push(`importers were looked for in ${mostImporters} of ${candidates.size} files`);
  const looked = new Set([...candidates].slice(0, mostImporters));
  const importers = await importersOf(tree, "head", paths, { signal, among: (path) => looked.has(path) });
  // Tests that import it are among those already.
  const named = await testsOf(tree, paths, { signal, among: () => false });
  return new Map(
    paths.map((path) => {
      const all = importers.get(path) ?? [];
      const tests = new Set([...(named.get(path) ?? []), ...all.filter(isTestPath)]);
      return [path, { importers: all.filter((one) => !isTestPath(one)), tests: [...tests].sort() }];
    }),
  );
}

async function readText(root: string, path: string): Promise<string | null> {
  const content = await readRegularFile(join(root, path), textLimit);
  return content.state === "read" && !content.text.includes("\0") ? content.text : null;
}

function titleOf(text: string): string {
  const line = text.split("\n").find((one) => /[\p{L}\p{N}]/u.test(one)) ?? "";
  const plain = printableLine(line)
    .replace(/^[\s#>*-]+/, "")
    .trim();
  return plain.length > 100 ? `${plain.slice(0, 99)}…` : plain;
}
