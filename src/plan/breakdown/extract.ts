import { posix } from "node:path";
import type { Hits } from "../../change/content.js";
import type { Survey } from "../../change/survey.js";
import { isTestPath } from "../../change/tests-of.js";
import { asItem } from "./clean.js";
import { passagesOn } from "./passages.js";
import { filesEach, type Layer, layers, type Placed, Places } from "./place.js";
import type { Proposal, Requirement } from "./types.js";

export interface Extractable {
  title: string;
  markdown: string;
  /** Those that a task is still wanted for. */
  requirements: readonly Requirement[];
  survey: Survey;
  /** Of the spec's words in the contents of files. */
  hits: Hits;
  /** How the project runs its tests; null when that is not seen. */
  testCommand: string | null;
}

interface Group {
  layer: Layer;
  placed: Placed[];
}

/** Requirements that one task takes; more of one area make several tasks. */
const mostTogether = 4;
const mostGroups = 10;

/**
 * Tasks by rules alone: criteria that concern the same files make one task, tests and documentation one each, what
 * others build on first. It knows nothing of how the work is done, and says what it knows in the spec's own words.
 */
export function extractTasks(given: Extractable): Proposal[] {
  const places = new Places(given.title, given.markdown, given.survey, given.hits);
  const groups = together(given.requirements.map((requirement) => places.place(requirement)));
  const proposals: Proposal[] = [];
  for (const group of groups) {
    const dependsOn = groups
      .slice(0, proposals.length)
      .flatMap((one, at) => (needs(group, one, groups) ? at + 1 : []));
    proposals.push(proposalOf(group, given, dependsOn));
  }
  const code = groups.flatMap(({ layer }, at) => (isApart(layer) ? [] : at + 1));
  if (code.length > 1 && !groups.some(({ layer }) => layer === "tests"))
    proposals.push(wholeTest(given, code, proposals));
  if (code.length > 0 && !groups.some(({ layer }) => layer === "docs")) {
    const files = places.documents([], `${given.title}\n${given.markdown}`);
    if (files.length > 0) proposals.push(docsTask(given, files, code));
  }
  return proposals;
}

function isApart(layer: Layer): boolean {
  return layer === "tests" || layer === "docs";
}

/** Requirements of one layer about one file together, about one folder when there are many. */
function together(placed: readonly Placed[]): Group[] {
  let found: Group[] = [];
  const fileArea = ({ files }: Placed) => files[0] ?? "";
  const folderArea = ({ files }: Placed) => posix.dirname(files[0] ?? "");
  for (const areaOf of [fileArea, folderArea, () => ""]) {
    found = groupsBy(placed, areaOf);
    if (found.length <= mostGroups) break;
  }
  return found
    .map((group, at) => ({ group, at }))
    .sort(
      (one, other) =>
        layers.indexOf(one.group.layer) - layers.indexOf(other.group.layer) || one.at - other.at,
    )
    .map(({ group }) => group);
}

function groupsBy(placed: readonly Placed[], areaOf: (one: Placed) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const one of placed) {
    const area = isApart(one.layer) ? `\0${one.layer}` : areaOf(one);
    let part = 0;
    while ((groups.get(`${area}\0${part}`)?.placed.length ?? 0) >= mostTogether) part += 1;
    const group = groups.get(`${area}\0${part}`) ?? { layer: one.layer, placed: [] };
    group.placed.push(one);
    if (layers.indexOf(one.layer) < layers.indexOf(group.layer)) group.layer = one.layer;
    groups.set(`${area}\0${part}`, group);
  }
  return [...groups.values()];
}

/**
 * Whether a group waits for an earlier one: for all code when it tests or describes it, for the layer below, for who
 * touches its files.
 */
function needs(group: Group, earlier: Group, groups: readonly Group[]): boolean {
  if (isApart(earlier.layer)) return false;
  if (isApart(group.layer)) return true;
  const files = new Set(group.placed.flatMap((one) => one.files));
  if (earlier.placed.some((one) => one.files.some((file) => files.has(file)))) return true;
  const own = layers.indexOf(group.layer);
  const below = groups.map(({ layer }) => layers.indexOf(layer)).filter((layer) => layer < own);
  return layers.indexOf(earlier.layer) === Math.max(...below, -1);
}

function proposalOf(group: Group, given: Extractable, dependsOn: readonly number[]): Proposal {
  const requirements = group.placed.map(({ requirement }) => requirement);
  const files = [...new Set(group.placed.flatMap((one) => one.files))].slice(0, 2 * filesEach);
  const tests = isApart(group.layer) ? [] : testsNear(files, given.survey);
  return {
    title: titleOf(group, requirements),
    description: describe(given, requirements, files),
    size: "S",
    files: [...new Set([...files, ...tests])],
    acceptance: requirements.map((one) => one.text),
    tests: testNotes(group.layer, tests, given.testCommand),
    dependsOn,
    satisfies: requirements.map(({ id }) => id),
  };
}

function titleOf({ layer }: Group, requirements: readonly Requirement[]): string {
  const more = requirements.length - 1;
  const kind = layer === "docs" ? "Document: " : layer === "tests" ? "Test: " : "";
  const clause = clauseOf(requirements[0]?.text ?? "");
  const told = /^(?:unit |integration |new )?(?:tests?|docs?|documentation|document)\b/i.test(clause);
  return `${told ? "" : kind}${clause}${more === 0 ? "" : ` (and ${more} more)`}`;
}

const longestTitle = 80;

/** A sentence without Markdown's marks; its first clause when it is long. */
function clauseOf(text: string): string {
  const plain = text
    .replace(/[*`]+/g, "")
    .replace(/^\W+/, "")
    .replace(/[.;:\s]+$/, "");
  if (plain.length <= longestTitle) return plain;
  const clause = /^.{24,80}?(?=;|\s\(|\s[—–-]\s|,\s(?:and|or|so|but|which|when|with)\b|\.\s)/.exec(
    plain,
  )?.[0];
  return asItem(clause ?? plain, longestTitle);
}

function describe(
  given: Extractable,
  requirements: readonly Requirement[],
  files: readonly string[],
): string {
  const names = files.map((file) => posix.basename(file)).join(" ");
  const passages = passagesOn(
    given.markdown,
    `${requirements.map(({ text }) => text).join("\n")}\n${names}`,
    3,
  );
  const which = requirements.length === 1 ? "this of its spec" : "these of its spec";
  const unknown = files.length === 0 ? "; which files that concerns is not known" : "";
  return [
    `Of "${asItem(given.title, 120)}" ${which}${unknown}:`,
    ...requirements.map(({ id, text: one, named }) => `- ${named ? `${id}: ` : ""}${one}`),
    ...(passages.length === 0 ? [] : ["", "What the spec says on it:"]),
    ...passages.map(
      (passage) => `> ${passage.heading}: ${passage.text.replace(/\s+/g, " ").replace(/^[-*+]\s/, "")}`,
    ),
  ].join("\n");
}

/** Tests that are there and named after files, beside them or elsewhere. */
function testsNear(files: readonly string[], survey: Survey): string[] {
  const stems = new Map(files.map((file) => [nameOf(file), file]));
  return survey.files
    .map(({ path }) => path)
    .filter((path) => {
      if (!isTestPath(path)) return false;
      const subject = nameOf(path)
        .replace(/[._-](?:test|tests|spec|e2e)$/, "")
        .replace(/^tests?[_-]/, "");
      const file = stems.get(subject);
      if (file === undefined) return false;
      // Every folder has an index: only the one beside it is its test.
      const everywhere = /^(?:index|main|mod|__init__|types|utils)$/.test(subject);
      return !everywhere || posix.dirname(path) === posix.dirname(file);
    })
    .slice(0, 2);
}

function nameOf(path: string): string {
  return posix.basename(path).replace(/\.[^.]+$/, "");
}

function testNotes(layer: Layer, tests: readonly string[], command: string | null): string {
  const run = command === null ? "" : ` Run \`${command}\`.`;
  if (layer === "docs") return "Read it as a new user would, and run every command that it shows.";
  if (layer === "tests") return `Each test fails when what it tests is taken out.${run}`;
  const where =
    tests.length === 0
      ? "Add tests where the project has those of such files"
      : `Extend ${tests.map((test) => `\`${test}\``).join(", ")}`;
  return `${where}: one for each criterion, and one for wrong input.${run}`;
}

function wholeTest(given: Extractable, dependsOn: readonly number[], others: readonly Proposal[]): Proposal {
  const files = [...new Set(others.flatMap(({ files: all }) => all.filter(isTestPath)))].slice(0, filesEach);
  const run = given.testCommand;
  return {
    title: `Test the whole: ${clauseOf(given.title)}`,
    description: `Tests that use the parts of "${asItem(given.title, 120)}" together, as its users will: the usual way through, and what happens when a part fails.`,
    size: "S",
    files,
    acceptance: [
      "A test goes through the feature from its entry point to its result, and fails when any of its parts is taken out",
      run === null ? "All tests of the project pass" : `\`${run}\` passes`,
    ],
    tests: run === null ? "" : `Run \`${run}\`.`,
    dependsOn,
    satisfies: [],
  };
}

function docsTask(given: Extractable, files: readonly string[], dependsOn: readonly number[]): Proposal {
  const name = asItem(given.title, 80);
  return {
    title: `Document: ${clauseOf(given.title)}`,
    description: `What a user has to know of "${name}", where the project's documentation would have it. What it makes wrong elsewhere is mended.`,
    size: "S",
    files,
    acceptance: [
      `${files.map((file) => `\`${file}\``).join(" or ")} says what "${name}" does and how it is used`,
    ],
    tests: testNotes("docs", [], null),
    dependsOn,
    satisfies: [],
  };
}
