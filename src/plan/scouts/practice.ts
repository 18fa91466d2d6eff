import { stem, wordsOf } from "../../change/relevance.js";
import { isTestPath } from "../../change/tests-of.js";
import { type Dependency, dependenciesOf, majorOf, shown } from "./dependencies.js";
import type { Ground } from "./ground.js";
import { shippedKnowledge } from "./practice/knowledge.js";
import { ownRules } from "./practice/own-rules.js";
import type { Knowledge, Practice } from "./practice/practice.js";
import { type Fact, type Gathered, quoted, type Scout } from "./scout.js";

const sectionOf = { do: "Do", dont: "Don't", security: "Security", performance: "Performance" } as const;
/** Of each kind, from what ships. */
const most = { do: 5, dont: 5, security: 4, performance: 3 } as const;

/** Best practices of what the project builds on, by version, and what the project holds itself to already. */
export const practice: Scout = {
  name: "practice",
  folder: "practice-scout",
  settings: "practice_scout",
  heading: (feature) => `Best Practices for ${feature}`,
  sections: ["Do", "Don't", "Real-World Examples", "Security", "Performance", "Source Quality Notes"],
  prompt: "scout-practice",
  async gather(ground) {
    const [dependencies, own] = await Promise.all([dependenciesOf(ground), ownRules(ground)]);
    const { practices, bases } = knownPractices(ground.feature.text, [
      ...dependencies.all,
      ...dependencies.own,
    ]);
    const examples = nearby(ground);
    return {
      facts: [...practices, ...own, ...examples, ...quality(bases, practices.length, own.length)],
      relevantFiles: [...new Set([...own, ...examples].flatMap(({ files }) => files ?? []))],
      notes: [
        ...dependencies.notes,
        ...(dependencies.all.length === 0
          ? ["no manifest of dependencies was found: only the project's own rules are here"]
          : []),
      ],
    } satisfies Gathered;
  },
};

interface Base {
  knowledge: Knowledge;
  dependency: Dependency;
}

/** What ships of the project's dependencies and has to do with the feature. */
function knownPractices(
  feature: string,
  dependencies: readonly Dependency[],
): { practices: Fact[]; bases: Base[] } {
  const bases = shippedKnowledge.flatMap((knowledge): Base[] => {
    const dependency = usedBy(knowledge, dependencies);
    return dependency === null ? [] : [{ knowledge, dependency }];
  });
  const wanted = new Set(wordsOf(feature).map(stem));
  const ranked = bases
    .flatMap(({ knowledge, dependency }, particular) =>
      knowledge.practices
        .filter((practice) => holds(practice, dependency))
        .map((practice) => ({
          practice,
          knowledge,
          dependency,
          particular,
          score: topicality(practice, wanted),
        })),
    )
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || one.particular - other.particular);
  const taken = { do: 0, dont: 0, security: 0, performance: 0 };
  const practices: Fact[] = [];
  for (const { practice, knowledge, dependency } of ranked) {
    if (taken[practice.kind] >= most[practice.kind]) continue;
    taken[practice.kind] += 1;
    practices.push({
      section: sectionOf[practice.kind],
      text: `${practice.text} (${quoted(knowledge.label ?? shown(dependency), 60)})`,
      files: [dependency.manifest],
      source: practice.source,
    });
  }
  return { practices, bases };
}

function usedBy({ packages }: Knowledge, dependencies: readonly Dependency[]): Dependency | null {
  for (const { ecosystem, name } of packages) {
    const found = dependencies.find(
      (one) =>
        one.ecosystem === ecosystem && (name === "*" || one.name === name) && (name !== "*" || !one.dev),
    );
    if (found !== undefined) return found;
  }
  return null;
}

/** Whether it is about the version in use; where that is not known, about today's. */
function holds({ from, below }: Practice, dependency: Dependency): boolean {
  const major = majorOf(dependency);
  if (major === null) return below === undefined;
  return (from === undefined || major >= from) && (below === undefined || major < below);
}

function topicality({ topics }: Practice, wanted: ReadonlySet<string>): number {
  return topics.split(" ").filter((word) => wanted.has(stem(word))).length;
}

/** How this project itself does something near: the best example for code that has to fit in. */
function nearby(ground: Ground): Fact[] {
  const code = ground.relevant.filter(
    ({ path }) => !isTestPath(path) && /\.(?:[cm]?[jt]sx?|py|go|rs|rb|php|java|kt|cs|vue|svelte)$/.test(path),
  );
  return code.slice(0, 3).map(({ path, why }) => ({
    section: "Real-World Examples",
    text: `\`${path}\` in this repository does something near (${quoted(why.slice(0, 2).join("; "), 100)})`,
    files: [path],
    source: path,
  }));
}

function quality(bases: readonly Base[], known: number, own: number): Fact[] {
  const facts: Fact[] = [];
  const names = [
    ...new Set(bases.map(({ knowledge, dependency }) => knowledge.label ?? shown(dependency))),
  ].slice(0, 8);
  if (own > 0)
    facts.push({
      section: "Source Quality Notes",
      text: "High confidence: what the project's own configuration says",
      source: "the repository",
    });
  facts.push({
    section: "Source Quality Notes",
    text:
      known > 0
        ? `Context-dependent: general practice shipped with Sluice for ${quoted(names.join(", "), 160)}; nothing was looked up on the web`
        : names.length === 0
          ? "Nothing ships with Sluice for what this project builds on, and nothing was looked up on the web"
          : `What ships with Sluice for ${quoted(names.join(", "), 160)} says nothing on this, and nothing was looked up on the web`,
    source: bases[0]?.dependency.manifest ?? "the repository",
  });
  return facts;
}
