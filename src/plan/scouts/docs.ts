import { stem, wordsOf } from "../../change/relevance.js";
import { type Dependency, dependenciesOf, majorOf, shown } from "./dependencies.js";
import { documentsOf, type Heading, headingsOf } from "./docs/documents.js";
import { importedBy } from "./docs/imports.js";
import { codeLike } from "./docs/mentions.js";
import { type Installed, installedPackage, type PackageText } from "./docs/packages.js";
import type { Ground } from "./ground.js";
import { shippedKnowledge } from "./practice/knowledge.js";
import { type Fact, quoted, type Scout } from "./scout.js";

const mostDocuments = 300;
const mostPackages = 8;
const perPackage = 3;

/** What to read before building: the project's own documents, and those of what it builds on, as installed here. */
export const docs: Scout = {
  name: "docs",
  folder: "docs-scout",
  settings: "docs_scout",
  heading: (feature) => `Documentation for ${feature}`,
  sections: [
    "Primary Framework",
    "Libraries",
    "Source References",
    "Known Issues",
    "Examples",
    "Version Notes",
  ],
  prompt: "scout-docs",
  async gather(ground, signal) {
    const dependencies = await dependenciesOf(ground);
    const imported = await importedBy(ground, dependencies.all);
    const wanted = new Wanted(ground);
    const chosen = choose(ground, dependencies.all, imported);
    const facts: Fact[] = [];
    const notes = [...dependencies.notes];
    const absent: string[] = [];
    for (const { dependency, primary } of chosen) {
      signal.throwIfAborted();
      const installed = await installedPackage(ground, dependency);
      if (installed === null) absent.push(shown(dependency));
      facts.push(packageFact(dependency, installed, primary, imported.get(dependency) ?? []));
      if (installed === null) continue;
      facts.push(...readingFacts(installed, wanted), ...versionFacts(installed, wanted));
    }
    if (absent.length > 0)
      notes.push(`not installed here, so their documents were not read: ${absent.slice(0, 6).join(", ")}`);
    const own = await ownDocuments(ground, wanted, signal);
    facts.push(...own, ...examples(ground));
    for (const { text, manifest } of dependencies.runtimes.slice(0, 3))
      facts.push({
        section: "Version Notes",
        text: `It runs on ${quoted(text, 60)}`,
        files: [manifest],
        source: manifest,
      });
    if (dependencies.all.length === 0) notes.push("no manifest of dependencies was found");
    return { facts, relevantFiles: [...new Set(own.flatMap(({ files }) => files ?? []))], notes };
  },
};

/** What of a text has to do with the feature. */
class Wanted {
  readonly #stems: ReadonlySet<string>;
  readonly #names: readonly string[];

  constructor({ feature }: Ground) {
    this.#stems = new Set(feature.words.map(stem));
    this.#names = codeLike(feature.text);
  }

  /** How many of the feature's words a line has; names that are code count twice. */
  in(line: string): number {
    const words = new Set(wordsOf(line).map(stem));
    const shared = [...words].filter((word) => this.#stems.has(word)).length;
    return shared + this.#names.filter((name) => line.includes(name)).length;
  }
}

interface Chosen {
  dependency: Dependency;
  primary: boolean;
}

/** The framework first, then what the feature names or its files import. */
function choose(
  ground: Ground,
  all: readonly Dependency[],
  imported: ReadonlyMap<Dependency, string[]>,
): Chosen[] {
  const text = ground.feature.text.toLowerCase();
  const frameworks = shippedKnowledge
    .flatMap(({ framework, packages }) => (framework ? packages : []))
    .filter(({ name }) => name !== "*");
  const isFramework = ({ ecosystem, name }: Dependency) =>
    frameworks.some((one) => one.ecosystem === ecosystem && one.name === name);
  const score = (dependency: Dependency) => {
    const name = dependency.name.toLowerCase().replace(/^@/, "");
    const plain = name.slice(name.lastIndexOf("/") + 1);
    const named =
      plain.length >= 3 &&
      new RegExp(`(?<![\\w-])${plain.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`).test(text);
    return (
      (named ? 10 : 0) +
      Math.min(5, imported.get(dependency)?.length ?? 0) +
      (isFramework(dependency) && !dependency.dev ? 2 : 0) -
      (dependency.dev ? 1 : 0)
    );
  };
  const ranked = all
    .map((dependency, at) => ({ dependency, at, score: score(dependency) }))
    .filter((one) => one.score > 0)
    .sort((one, other) => other.score - one.score || one.at - other.at)
    .slice(0, mostPackages);
  const primary = ranked.find(({ dependency }) => isFramework(dependency) && !dependency.dev)?.dependency;
  return ranked
    .map(({ dependency }) => ({ dependency, primary: dependency === primary }))
    .sort((one, other) => Number(other.primary) - Number(one.primary));
}

function packageFact(
  dependency: Dependency,
  installed: Installed | null,
  primary: boolean,
  importers: readonly string[],
): Fact {
  const version = installed?.version ?? dependency.version;
  const name = quoted(shown({ ...dependency, version }), 80);
  const by = importers.length === 0 ? "" : `, imported by ${importers.slice(0, 2).join(", ")}`;
  const where = installed === null ? "" : `, installed in ${installed.folder}`;
  const home = installed?.home === null || installed === null ? "" : `: ${installed.home}`;
  return {
    section: primary ? "Primary Framework" : "Libraries",
    text: `${name}${home}${by}${where}`.slice(0, 300),
    files: [dependency.manifest, ...importers.slice(0, 2)],
    source:
      installed?.version === null || installed === null
        ? (dependency.lock ?? dependency.manifest)
        : `${dependency.name} ${installed.version}`,
  };
}

/** Sections of a README and declarations of an entry that have to do with the feature. */
function readingFacts({ dependency, readme, types, version }: Installed, wanted: Wanted): Fact[] {
  const facts: Fact[] = [];
  const source = `${dependency.name}${version === null ? "" : ` ${version}`}`;
  if (readme !== null) {
    const sections = best(headingsOf(readme.text), ({ text }) => wanted.in(text), perPackage);
    for (const { text, line } of sections)
      facts.push({
        section: "Libraries",
        text: `${readme.path}:${line}: ${quoted(text, 80)}`,
        source,
        excerpt: around(readme, line, 20),
      });
    const issues = best(warnings(readme), ({ text }) => wanted.in(text), 2);
    for (const { text, line } of issues)
      facts.push({ section: "Known Issues", text: `${quoted(text, 200)} (${readme.path}:${line})`, source });
  }
  if (types !== null) {
    const declared = best(declarations(types), ({ text }) => wanted.in(text), perPackage);
    for (const { text, line } of declared)
      facts.push({
        section: "Source References",
        text: `${types.path}:${line}: ${quoted(text, 160)}`,
        source,
        excerpt: around(types, line, 8),
      });
  }
  return facts;
}

interface Line {
  text: string;
  line: number;
}

function best<T>(items: readonly T[], score: (item: T) => number, most: number): T[] {
  return items
    .map((item, at) => ({ item, at, score: score(item) }))
    .filter((one) => one.score > 0)
    .sort((one, other) => other.score - one.score || one.at - other.at)
    .slice(0, most)
    .map(({ item }) => item);
}

function warnings({ text }: PackageText): Line[] {
  return text
    .split("\n", 5_000)
    .map((line, at) => ({ text: line.replace(/^[\s>*-]+/, ""), line: at + 1 }))
    .filter(
      ({ text: line }) =>
        line.length < 500 &&
        /\b(?:warning|caution|caveat|known issue|limitation|deprecated|not supported|does not work|breaking)\b/i.test(
          line,
        ),
    );
}

function declarations({ text, path }: PackageText): Line[] {
  const pattern = path.endsWith(".py")
    ? /^(?:async )?(?:def|class) \w+.*|^from \S+ import .*/
    : /^\s*(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:function|class|interface|type|const|enum)\s+\w+.*|^\s*export\s+(?:\{.*|\*.*)/;
  return text
    .split("\n", 20_000)
    .map((line, at) => ({ text: line.trim(), line: at + 1 }))
    .filter(({ text: line }) => line.length < 500 && pattern.test(line));
}

/** A version that is not what was asked for, and what the installed version's own notes say of the feature. */
function versionFacts({ dependency, version, changes }: Installed, wanted: Wanted): Fact[] {
  const facts: Fact[] = [];
  const source = `${dependency.name}${version === null ? "" : ` ${version}`}`;
  if (version !== null && dependency.version !== null && version !== dependency.version)
    facts.push({
      section: "Version Notes",
      text: `${quoted(dependency.name, 60)} is installed as ${quoted(version, 30)}, and ${dependency.lock ?? dependency.manifest} pins ${quoted(dependency.version, 30)}`,
      source,
    });
  if (changes === null || version === null) return facts;
  const notes = best(
    notesOf(changes, version),
    ({ text }) => wanted.in(text) + (/break|deprecat|remov/i.test(text) ? 0.5 : 0),
    3,
  ).filter(({ text }) => wanted.in(text) > 0 || /break|deprecat/i.test(text));
  for (const { text, line } of notes)
    facts.push({ section: "Version Notes", text: `${quoted(text, 200)} (${changes.path}:${line})`, source });
  return facts;
}

/** Items of a change log below headings of the installed major version. */
function notesOf({ text }: PackageText, version: string): Line[] {
  const major = majorOf({ version, range: "" });
  const found: Line[] = [];
  let own = false;
  for (const [at, line] of text.split("\n", 5_000).entries()) {
    const heading = /^(?:#{1,4}\s+.*?|\[?)v?(\d+)\.\d+(?:\.\d+)?/.exec(line)?.[1];
    if (heading !== undefined) own = Number(heading) === major;
    else if (own && /^\s*[-*]\s+\S/.test(line) && line.length < 500)
      found.push({ text: line.replace(/^[\s*-]+/, ""), line: at + 1 });
    if (found.length >= 300) break;
  }
  return found;
}

/** Sections of the project's documents on the feature's subject. */
async function ownDocuments(ground: Ground, wanted: Wanted, signal: AbortSignal): Promise<Fact[]> {
  const found: { path: string; heading: Heading; source: string; score: number }[] = [];
  for (const path of documentsOf(ground).filter(ground.inScope).slice(0, mostDocuments)) {
    signal.throwIfAborted();
    if (/(?:^|\/)(?:changelog|changes|history)/i.test(path)) continue;
    const source = await ground.read(path);
    if (source === null) continue;
    for (const heading of headingsOf(source)) {
      const score = wanted.in(heading.text);
      if (score > 0)
        found.push({
          path,
          heading,
          source,
          score:
            score +
            0.5 *
              wanted.in(
                source
                  .split("\n")
                  .slice(heading.line, heading.line + 15)
                  .join(" "),
              ),
        });
    }
  }
  found.sort((one, other) => other.score - one.score || (one.path < other.path ? -1 : 1));
  const strongest = found[0]?.score ?? 0;
  return found
    .filter(({ score }) => score >= 2 && score >= strongest / 3)
    .slice(0, 6)
    .map(({ path, heading, source }) => ({
      section: "Source References",
      text: `${path}:${heading.line}: ${quoted(heading.text, 80)}`,
      files: [path],
      source: `${path}:${heading.line}`,
      excerpt: around({ path, text: source }, heading.line, 20),
    }));
}

function examples(ground: Ground): Fact[] {
  const shows = ground.relevant.filter(({ path }) =>
    /(?:^|\/)(?:examples?|samples?|demos?|recipes?)\//.test(path),
  );
  return shows.slice(0, 3).map(({ path, why }) => ({
    section: "Examples",
    text: `${path} (${quoted(why.slice(0, 2).join("; "), 80)})`,
    files: [path],
    source: path,
  }));
}

function around({ text }: PackageText, line: number, most: number): string {
  return text
    .split("\n")
    .slice(line - 1, line - 1 + most)
    .join("\n")
    .slice(0, 2_000);
}
