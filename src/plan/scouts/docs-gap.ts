import { posix } from "node:path";
import { append } from "../../change/imports/tree-index.js";
import { stem, wordsOf } from "../../change/relevance.js";
import { isTestPath } from "../../change/tests-of.js";
import { documentsOf, type Heading, headingsOf } from "./docs/documents.js";
import { type Mention, mentionsIn, namesToFind } from "./docs/mentions.js";
import type { Ground } from "./ground.js";
import { type Fact, quoted, type Scout } from "./scout.js";

const mostDocuments = 400;
const mostUpdates = 15;
const mostLocations = 12;

/** Which documents the change will make wrong: those that mention what it touches, with their lines. */
export const docsGap: Scout = {
  name: "docs-gap",
  folder: "docs-gap-scout",
  settings: "docs_gap_scout",
  heading: () => "Documentation Gap Analysis",
  sections: [
    "Doc Locations Found",
    "Likely Updates Needed",
    "No Updates Expected",
    "Templates/Patterns to Follow",
  ],
  prompt: "scout-docs-gap",
  async gather(ground, signal) {
    const notes: string[] = [];
    const documents = documentsOf(ground).filter(ground.inScope);
    const read = documents.slice(0, mostDocuments);
    if (documents.length > read.length)
      notes.push(`${read.length} of ${documents.length} documents were read`);
    if (documents.length === 0) {
      return {
        facts: [
          {
            section: "No Updates Expected",
            text: "This repository has no documentation that could be seen",
            source: "the repository",
          },
        ],
        relevantFiles: [],
        notes,
      };
    }
    const names = await namesToFind(ground);
    const wanted = new Set(wordsOf(ground.feature.text.replace(/`[^`\n]*`/g, " ")).map(stem));
    const gaps: Gap[] = [];
    const quiet: string[] = [];
    const texts = new Map<string, string>();
    const found: { path: string; mentions: Mention[]; headings: Heading[] }[] = [];
    for (const path of read) {
      signal.throwIfAborted();
      const source = await ground.read(path);
      if (source === null) continue;
      texts.set(path, source);
      if (isHistory(path)) continue;
      const headings = isMigration(path)
        ? []
        : headingsOf(source).filter((heading) => isAbout(heading, wanted));
      found.push({ path, mentions: mentionsIn(source, names), headings });
    }
    const common = commonNames(found);
    for (const { path, mentions: all, headings } of found) {
      const mentions = all.filter(({ name }) => !common.has(name.text));
      if (mentions.length === 0 && headings.length === 0) quiet.push(path);
      else gaps.push({ path, mentions, headings, score: scoreOf(path, mentions, headings) });
    }
    gaps.sort((one, other) => other.score - one.score || (one.path < other.path ? -1 : 1));
    const least = (gaps[0]?.score ?? 0) / 5;
    const likely = gaps.filter(({ score }) => score >= least).slice(0, mostUpdates);
    const updates = likely.map(updateFact);
    const history = historyFacts(texts);
    return {
      facts: [
        ...updates,
        ...history.updates,
        ...locations(texts, documents),
        ...unaffected(quiet),
        ...history.patterns,
        ...patterns(ground, texts),
      ],
      relevantFiles: [...likely.map(({ path }) => path), ...history.files],
      notes,
    };
  },
};

interface Gap {
  path: string;
  mentions: Mention[];
  headings: Heading[];
  score: number;
}

function isHistory(path: string): boolean {
  return (
    /(?:^|\/)(?:changelog|changes|history|news|release[-_ ]?notes?)(?:\.\w+)?$/i.test(path) ||
    /(?:^|\/)(?:changelogs?|change_?notes?)\//i.test(path)
  );
}

function isMigration(path: string): boolean {
  return /(?:^|\/)(?:migrat|upgrad)[-_\w]*\.\w+$/i.test(path);
}

/** Of all documents, that mention a name which then says nothing of any of them: the project's own, mostly. */
const everywhere = 0.4;
const fewest = 8;

function commonNames(found: readonly { mentions: readonly Mention[] }[]): Set<string> {
  const counts = new Map<string, number>();
  for (const { mentions } of found)
    for (const { name } of mentions) counts.set(name.text, (counts.get(name.text) ?? 0) + 1);
  return new Set(
    [...counts].flatMap(([name, count]) =>
      count >= fewest && count >= everywhere * found.length ? name : [],
    ),
  );
}

/** A section on the feature's subject: two of its words, or its one word and nothing else. */
function isAbout({ text }: Heading, wanted: ReadonlySet<string>): boolean {
  const words = [...new Set(wordsOf(text).map(stem))];
  const shared = words.filter((word) => wanted.has(word)).length;
  return shared >= 2 && 2 * shared >= words.length;
}

function scoreOf(path: string, mentions: readonly Mention[], headings: readonly Heading[]): number {
  const weight = mentions.reduce((sum, { name }) => sum + name.weight, 0);
  const readers = /^readme/i.test(path)
    ? 1.3
    : /(?:^|\/)(?:benchmarks?|examples?|\.github)\//.test(path)
      ? 0.4
      : 1;
  return (weight + headings.length) * readers;
}

function updateFact({ path, mentions, headings }: Gap): Fact {
  const told = mentions
    .slice(0, 4)
    .map(
      ({ name, lines }) =>
        `${quoted(name.text, 50)} (line${lines.length === 1 ? "" : "s"} ${lines.slice(0, 5).join(", ")}${lines.length > 5 ? ", …" : ""})`,
    );
  const sections = headings
    .slice(0, 2)
    .map(({ text, line }) => `the section ${quoted(text, 60)} (line ${line})`);
  const first = mentions[0]?.lines[0] ?? headings[0]?.line ?? 1;
  const verb = told.length > 0 ? "mentions" : "has";
  const last = mentions.length > 4 ? `, and ${mentions.length - 4} more names` : "";
  return {
    section: "Likely Updates Needed",
    text: `**${path}** ${verb} ${[...told, ...sections].join(", ")}${last}`.slice(0, 300),
    files: [path],
    source: `${path}:${first}`,
  };
}

function historyFacts(texts: ReadonlyMap<string, string>): {
  updates: Fact[];
  patterns: Fact[];
  files: string[];
} {
  const updates: Fact[] = [];
  const patterns: Fact[] = [];
  const files: string[] = [];
  const path = [...texts.keys()].filter(isHistory).sort((one, other) => one.length - other.length)[0];
  const source = path === undefined ? undefined : texts.get(path);
  if (path === undefined || source === undefined) return { updates, patterns, files };
  const open = headingsOf(source).find(({ text }) => /unreleased|upcoming|next|development/i.test(text));
  files.push(path);
  updates.push({
    section: "Likely Updates Needed",
    text:
      open === undefined
        ? `**${path}**: an entry, if users see the change; its newest heading is ${quoted(headingsOf(source)[0]?.text ?? "none", 60)}`
        : `**${path}**: an entry below ${quoted(open.text, 60)} (line ${open.line}), if users see the change`,
    files: [path],
    source: `${path}:${open?.line ?? 1}`,
  });
  if (/keep ?a ?changelog/i.test(source) || /^###\s+(?:Added|Changed|Fixed)\s*$/m.test(source))
    patterns.push({
      section: "Templates/Patterns to Follow",
      text: `${path} follows Keep a Changelog: Added, Changed, Deprecated, Removed, Fixed, Security`,
      files: [path],
      source: path,
    });
  return { updates, patterns, files };
}

/** Single documents with their sections, folders with how many they have. */
function locations(texts: ReadonlyMap<string, string>, documents: readonly string[]): Fact[] {
  const folders = new Map<string, string[]>();
  const facts: Fact[] = [];
  for (const path of documents) {
    const top = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
    if (top !== "") append(folders, top, path);
    else if (facts.length < mostLocations / 2) {
      const sections = headingsOf(texts.get(path) ?? "")
        .filter(({ level }) => level === 2)
        .slice(0, 6);
      const has =
        sections.length === 0 ? "" : ` (has: ${sections.map(({ text }) => quoted(text, 30)).join(", ")})`;
      facts.push({
        section: "Doc Locations Found",
        text: `${path}${has}`.slice(0, 300),
        files: [path],
        source: path,
      });
    }
  }
  for (const [folder, paths] of [...folders].sort(([, one], [, other]) => other.length - one.length)) {
    if (facts.length >= mostLocations) break;
    facts.push({
      section: "Doc Locations Found",
      text: `${folder}/ (${paths.length} document${paths.length === 1 ? "" : "s"})`,
      source: `${folder}/`,
    });
  }
  return facts;
}

function unaffected(quiet: readonly string[]): Fact[] {
  const named = quiet.filter((path) => !isHistory(path));
  if (named.length === 0) return [];
  const some = named.sort((one, other) => one.split("/").length - other.split("/").length).slice(0, 5);
  const more = named.length - some.length;
  return [
    {
      section: "No Updates Expected",
      text: `${some.join(", ")}${more > 0 ? ` and ${more} more` : ""}: nothing in them names what the change touches`.slice(
        0,
        300,
      ),
      files: some,
      source: "the repository",
    },
  ];
}

const builders: readonly [RegExp, string][] = [
  [/(?:^|\/)mkdocs\.ya?ml$/, "MkDocs: a new page goes into its nav"],
  [/(?:^|\/)docs\/conf\.py$/, "Sphinx: a new page goes into a toctree"],
  [/(?:^|\/)docusaurus\.config\.[jt]s$/, "Docusaurus: a new page goes into the sidebar"],
  [/(?:^|\/)\.vitepress\/config\.\w+$/, "VitePress: a new page goes into the sidebar of its config"],
  [
    /(?:^|\/)(?:openapi|swagger)\.(?:ya?ml|json)$/i,
    "an OpenAPI description: new or changed endpoints go into it",
  ],
  [/(?:^|\/)(?:typedoc\.json|\.typedoc\.json)$/, "TypeDoc: doc comments of exports become pages"],
  [/(?:^|\/)\.storybook\//, "Storybook: a component has a story"],
];

function patterns(ground: Ground, texts: ReadonlyMap<string, string>): Fact[] {
  const facts: Fact[] = [];
  for (const [name, text] of builders) {
    const path = ground.survey.files.find((file) => name.test(file.path) && !isTestPath(file.path))?.path;
    if (path !== undefined)
      facts.push({
        section: "Templates/Patterns to Follow",
        text: `${path}: ${text}`,
        files: [path],
        source: path,
      });
  }
  const records = [...texts.keys()].filter((path) => /(?:^|\/)(?:adrs?|decisions)\//.test(path));
  const last = records.at(-1);
  if (last !== undefined)
    facts.push({
      section: "Templates/Patterns to Follow",
      text: `Decisions are recorded in ${posix.dirname(last)}/ (${records.length}): one for a decision of this change, like ${last}`,
      files: [last],
      source: last,
    });
  return facts;
}
