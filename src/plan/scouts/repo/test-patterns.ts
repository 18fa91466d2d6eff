import { posix } from "node:path";
import { isTestPath } from "../../../change/tests-of.js";
import type { Ground } from "../ground.js";
import { type Fact, quoted } from "../scout.js";
import type { Related } from "./related.js";

const section = "Test Patterns";
const excerptLines = 25;

/** What runs tests, by what manifests name. */
const runners: readonly [string, RegExp, string][] = [
  ["package.json", /"(vitest|jest|mocha|ava|tap|playwright|@playwright\/test|cypress|jasmine)"\s*:/g, ""],
  ["package.json", /\b(bun test|node --test|deno test)\b/g, ""],
  ["pyproject.toml", /\b(pytest|unittest|nose2|hypothesis)\b/g, ""],
  ["setup.cfg", /\b(pytest)\b/g, ""],
  ["tox.ini", /\b(pytest)\b/g, ""],
  ["requirements-dev.txt", /\b(pytest)\b/g, ""],
  ["go.mod", /\b(testify)\b/g, "go test"],
  ["Cargo.toml", /\b(proptest|criterion|insta)\b/g, "cargo test"],
  ["Gemfile", /\b(rspec|minitest)\b/g, ""],
  ["composer.json", /\b(phpunit|pest)\b/g, ""],
  ["pom.xml", /\b(junit|testng|mockito)\b/g, ""],
  ["build.gradle", /\b(junit|mockito|spock)\b/g, ""],
  ["build.gradle.kts", /\b(junit|mockito|kotest)\b/g, ""],
];

/** How, where and with what the feature's code would be tested. */
export async function testPatterns(
  ground: Ground,
  code: Related,
): Promise<{ facts: Fact[]; files: string[] }> {
  const facts: Fact[] = [];
  const used = new Map<string, string>();
  for (const [manifest, pattern, always] of runners) {
    const text = await ground.read(manifest);
    if (text === null) continue;
    if (always !== "") used.set(always, manifest);
    for (const [, name = ""] of text.slice(0, 200_000).matchAll(pattern))
      if (!used.has(name)) used.set(name, manifest);
  }
  const tests = ground.survey.files.filter(({ path }) => isTestPath(path));
  const where = placeOf(tests.map(({ path }) => path));
  if (used.size > 0 || where !== null) {
    const by = [...used.keys()].slice(0, 5).join(", ");
    facts.push({
      section,
      text: `${tests.length} test files${by === "" ? "" : `; ${by} in ${[...new Set(used.values())].join(", ")}`}${where === null ? "" : `; ${where}`}`,
      files: [...new Set(used.values())],
      source: [...used.values()][0] ?? "file tree",
    });
  }
  const near = nearest(ground, code);
  for (const [at, { path, of }] of near.entries()) {
    const text = at === 0 ? await ground.read(path) : null;
    const names = text === null ? [] : casesIn(text);
    facts.push({
      section,
      text: `${path} tests ${of}${names.length === 0 ? "" : `, as ${names.map((name) => quoted(name, 60)).join(", ")}`}`,
      files: [path],
      source: path,
      ...(text === null ? {} : { excerpt: text.split("\n").slice(0, excerptLines).join("\n") }),
    });
  }
  const helpers = helpersOf(
    ground,
    near.map(({ path }) => path),
  );
  if (helpers.length > 0)
    facts.push({ section, text: `Test helpers: ${helpers.join(", ")}`, files: helpers, source: "file tree" });
  return { facts, files: near.map(({ path }) => path) };
}

/** `beside the code as *.test.ts (120 of 130)`. */
function placeOf(tests: readonly string[]): string | null {
  if (tests.length === 0) return null;
  const places = new Map<string, number>();
  for (const path of tests) {
    const folder = /(?:^|\/)(?:__tests__|tests?|specs?|e2e)(?=\/)/i.exec(path);
    const name = posix.basename(path);
    const shape = /^test_/.test(name)
      ? `test_*${posix.extname(name)}`
      : `*${/[._-](?:test|spec|tests)\.\w+$/.exec(name)?.[0] ?? posix.extname(name)}`;
    const place =
      folder === null
        ? `beside the code as ${shape}`
        : `below ${path.slice(0, folder.index + folder[0].length)}/ as ${shape}`;
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const [most] = [...places].sort((one, other) => other[1] - one[1]);
  return most === undefined ? null : `mostly ${most[0]} (${most[1]})`;
}

/** Tests of the feature's files, then those it speaks of itself. */
function nearest({ relevant }: Ground, code: Related): { path: string; of: string }[] {
  const found = new Map<string, string>();
  for (const path of code.files) {
    const tests = (code.around.get(path)?.tests ?? []).toSorted(
      (one, other) => sharedLength(other, path) - sharedLength(one, path),
    );
    for (const test of tests.slice(0, 2)) if (!found.has(test)) found.set(test, path);
  }
  const best = relevant.filter(({ path }) => isTestPath(path)).slice(0, 3);
  for (const { path } of best) if (!found.has(path)) found.set(path, "what the feature speaks of");
  return [...found].slice(0, 5).map(([path, of]) => ({ path, of }));
}

/** How far a test's path goes along with the file's. */
function sharedLength(test: string, path: string): number {
  let shared = 0;
  while (shared < path.length && test[shared] === path[shared]) shared += 1;
  return shared;
}

/** Names of the first test cases. */
function casesIn(text: string): string[] {
  const names: string[] = [];
  for (const [, quotedName, functionName] of text
    .slice(0, 20_000)
    .matchAll(
      /\b(?:it|test|describe|context|specify|t\.Run)\s*\(\s*["'`]([^"'`\n]{3,120})["'`]|\b(?:def|func|fn)\s+(test_\w+|Test\w+)/g,
    )) {
    names.push(quotedName ?? functionName ?? "");
    if (names.length === 3) break;
  }
  return names;
}

/** What tests share: set-up, factories, fixtures in code. */
function helpersOf({ survey }: Ground, near: readonly string[]): string[] {
  const folders = new Set(near.flatMap((path) => [posix.dirname(path), posix.dirname(posix.dirname(path))]));
  return survey.files
    .map(({ path }) => path)
    .filter((path) => {
      const name = posix.basename(path);
      if (
        /^(?:conftest\.py|(?:vitest|jest|test)[.-]?setup\.\w+|setup[-_]?tests?\.\w+|setup-vitest\.\w+|test_helper\.\w+|spec_helper\.rb|rails_helper\.rb)$/.test(
          name,
        )
      )
        return true;
      const below = /(?:^|\/)(?:tests?|specs?|__tests__)\/(?:support|helpers?|utils?|lib|factories)\//.test(
        path,
      );
      return below && [...folders].some((folder) => folder !== "." && path.startsWith(`${folder}/`));
    })
    .sort((one, other) => one.split("/").length - other.split("/").length)
    .slice(0, 5);
}
