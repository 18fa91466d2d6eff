import type { Definition } from "../../../change/definitions.js";
import { stem, testFolder, wordsOf } from "../../../change/relevance.js";
import { isTestPath } from "../../../change/tests-of.js";
import type { Around, Ground } from "../ground.js";
import { type Fact, quoted } from "../scout.js";

/** The code that a feature has to do with. */
export interface Related {
  facts: Fact[];
  /** Source files, the best first. */
  files: string[];
  around: ReadonlyMap<string, Around>;
}

/** Files told of, looked into for definitions, and asked about for who imports them. */
const told = 10;
const lookedInto = 40;
const askedAbout = 16;
const mostReusable = 10;
const excerptLines = 30;

/** Nothing is built in these. */
const noSource =
  /\.(?:md|mdx|rst|txt|adoc|lock|snap|map|svg|png|jpe?g|gif|ico|po|csv)$|(?:^|\/)(?:CHANGE|LICENSE|COPYING)/i;

export async function related(ground: Ground, signal: AbortSignal): Promise<Related> {
  const sources = ground.relevant.filter(
    ({ path }) => !isTestPath(path) && !noSource.test(path) && !testFolder.test(path),
  );
  const best = cutTail(sources);
  const files = best.slice(0, told).map(({ path }) => path);
  const matching: { path: string; definition: Definition; score: number }[] = [];
  const scores = new Map<string, number>();
  const texts = new Map<string, { lines: number; definitions: readonly Definition[] }>();
  for (const { path, score: fileScore } of sources.slice(0, lookedInto)) {
    signal.throwIfAborted();
    const text = await ground.read(path);
    if (text === null) continue;
    const definitions = await ground.definitions(path);
    texts.set(path, { lines: text.split("\n").length, definitions });
    scores.set(path, fileScore);
  }
  const words = weigh(
    ground.feature.words,
    [...texts.values()].flatMap(({ definitions }) => definitions),
  );
  for (const [path, { definitions }] of texts)
    for (const definition of definitions) {
      const score = matchOf(definition, words);
      if (score > 0) matching.push({ path, definition, score: score * (1 + (scores.get(path) ?? 0) / 20) });
    }
  const around = await ground.around(
    [...new Set([...files, ...matching.map(({ path }) => path)])].slice(0, askedAbout),
  );
  const facts: Fact[] = [];
  for (const { path, why } of best.slice(0, told)) {
    facts.push(await fileFact(ground, path, why, { words, texts, around }));
  }
  facts.push(...reusable(matching, around, new Set(files.slice(0, 1))));
  return { facts, files, around };
}

/** Without those that are far behind the first. */
function cutTail(found: Ground["relevant"]): Ground["relevant"] {
  const top = found[0]?.score ?? 0;
  return found.filter(({ score }, at) => at < 3 || score >= top * 0.22);
}

/** What each word of the feature says in a name: the less, the more names have it. */
function weigh(words: readonly string[], definitions: readonly Definition[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of definitions)
    for (const word of stemsOf(name)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map(
    words.map((word) => {
      const key = stem(word);
      return [key, Math.max(0.2, Math.log((definitions.length + 1) / ((counts.get(key) ?? 0) + 1)) / 3)];
    }),
  );
}

function stemsOf(name: string): Set<string> {
  return new Set(wordsOf(name).map(stem));
}

/** How much of a name is what the feature speaks of: 0 when nothing. */
function matchOf({ name, exported }: Definition, words: ReadonlyMap<string, number>): number {
  const own = [...stemsOf(name)];
  const shared = own.filter((word) => words.has(word));
  if (shared.length === 0) return 0;
  const weight = shared.reduce((sum, word) => sum + (words.get(word) ?? 0), 0);
  return weight * (1 + shared.length / own.length) * (exported ? 1 : 0.5) * (name.includes(".") ? 0.6 : 1);
}

async function fileFact(
  ground: Ground,
  path: string,
  why: readonly string[],
  {
    words,
    texts,
    around,
  }: {
    words: ReadonlyMap<string, number>;
    texts: ReadonlyMap<string, { lines: number; definitions: readonly Definition[] }>;
    around: ReadonlyMap<string, Around>;
  },
): Promise<Fact> {
  const known = texts.get(path);
  const ranked = (known?.definitions ?? [])
    .map((definition) => ({
      definition,
      score: matchOf(definition, words) + (definition.exported ? 0.4 : 0),
    }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .map(({ definition }) => definition);
  const shown = ranked.slice(0, 5).sort((one, other) => one.line - other.line);
  const uses = around.get(path);
  const parts = [
    shown.length === 0
      ? null
      : `defines ${shown.map(({ name, line }) => `${name} (line ${line})`).join(", ")}`,
    uses === undefined || uses.importers.length === 0 ? null : importedBy(uses.importers),
    reasons(why),
  ].filter((part) => part !== null);
  const first = ranked[0];
  const excerpt = await linesOf(ground, path, first);
  return {
    section: "Related Code",
    text: `${path}${known === undefined ? "" : ` (${known.lines} lines)`}: ${parts.join("; ")}`,
    files: [path],
    source: first === undefined ? path : `${path}:${first.line}`,
    ...(excerpt === null ? {} : { excerpt }),
  };
}

function importedBy(importers: readonly string[]): string {
  const [first = "", ...rest] = importers;
  return rest.length === 0 ? `imported by ${first}` : `imported by ${importers.length} files (${first}, …)`;
}

/** Why it was taken, for a person. */
function reasons(why: readonly string[]): string | null {
  const contents = why.filter((reason) => reason.startsWith("content: ")).map((reason) => reason.slice(9));
  const commit = why.find((reason) => reason.startsWith("commit "));
  const parts = [
    why.includes("named") ? "named in the feature" : null,
    contents.length === 0 ? null : `speaks of ${contents.slice(0, 3).join(", ")}`,
    commit === undefined ? null : `changed by ${commit.slice(7, 16)} ${quoted(commit.slice(18), 70)}`,
  ].filter((part) => part !== null);
  return parts.length === 0
    ? `by its name (${why.map((one) => one.replace(/^\w+: /, "")).join(", ")})`
    : parts.join(", ");
}

async function linesOf(
  ground: Ground,
  path: string,
  definition: Definition | undefined,
): Promise<string | null> {
  const text = await ground.read(path);
  if (text === null) return null;
  const lines = text.split("\n");
  const start = definition === undefined ? 0 : definition.line - 1;
  const end = Math.min(lines.length, definition?.end ?? excerptLines, start + excerptLines);
  return lines.slice(start, end).join("\n");
}

/** What already does a part of it, one fact each: by its name, and by how many use it. */
function reusable(
  matching: readonly { path: string; definition: Definition; score: number }[],
  around: ReadonlyMap<string, Around>,
  own: ReadonlySet<string>,
): Fact[] {
  const users = (path: string) => around.get(path)?.importers.length ?? 0;
  const ranked = matching
    .filter(({ definition }) => definition.kind !== "value" || /^[A-Z_]+$/.test(definition.name))
    .filter(
      ({ definition, path }) => definition.exported && !(own.has(path) && definition.name.includes(".")),
    )
    .map((one) => ({ ...one, score: one.score * (1 + Math.log(1 + users(one.path)) / 2) }))
    .sort((one, other) => other.score - one.score);
  const perFile = new Map<string, number>();
  const facts: Fact[] = [];
  for (const { path, definition } of ranked) {
    const taken = perFile.get(path) ?? 0;
    if (taken >= 3 || facts.length >= mostReusable) continue;
    perFile.set(path, taken + 1);
    const count = users(path);
    facts.push({
      section: "Reusable Code (DO NOT DUPLICATE)",
      text: `${definition.name} in ${path}:${definition.line}: ${quoted(definition.signature, 140)}${count > 0 ? `; its file is imported by ${count}` : ""}`,
      files: [path],
      source: `${path}:${definition.line}`,
    });
  }
  return facts;
}
