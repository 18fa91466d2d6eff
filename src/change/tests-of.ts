import { posix } from "node:path";
import { languageOf } from "./imports/direct.js";
import { type ImporterOptions, importersOf } from "./imports/importers.js";
import { directoryOf, stemOf, treeIndex } from "./imports/tree-index.js";
import type { Trees } from "./types.js";

const testFolder = /(?:^|\/)(?:__tests__|tests?|specs?|testing|e2e)\//i;
const testName =
  /(?:[._-](?:test|tests|spec|e2e|unittest)|^tests?[_-].*|^Test[A-Z].*|(?:^|[a-z0-9])(?:Tests?|IT|Spec))(?:\.d)?\.[^.]+$/;
/** Names that say nothing about what a file is. */
const generic = new Set([
  "index",
  "main",
  "mod",
  "lib",
  "__init__",
  "init",
  "types",
  "utils",
  "util",
  "base",
]);
/** Folders that differ between a source and its test. */
const scaffolding = new Set([
  "src",
  "lib",
  "main",
  "java",
  "test",
  "tests",
  "__tests__",
  "spec",
  "specs",
  "unit",
]);

/** Whether a path is a test's (or a file's beside tests), by where it is and what it is called. */
export function isTestPath(path: string): boolean {
  return languageOf(path) !== null && (testFolder.test(path) || testName.test(posix.basename(path)));
}

/**
 * The tests of each given file at head: those named after it, beside it or in a mirrored folder, and those that
 * import it directly (`among` says which are looked at for that). For each given path, sorted; a test has none itself.
 */
export async function testsOf(
  change: Trees,
  paths: readonly string[],
  options: ImporterOptions = {},
): Promise<Map<string, string[]>> {
  const index = await treeIndex(change, "head");
  const named = testsByStem(index);
  const tested = paths.filter((path) => !isTestPath(path));
  const { among = () => true } = options;
  const importers = await importersOf(change, "head", tested, {
    ...options,
    among: (path) => isTestPath(path) && among(path),
  });
  return new Map(
    paths.map((path) => {
      if (isTestPath(path)) return [path, []];
      const tests = new Set([...(importers.get(path) ?? []), ...namedAfter(path, named)]);
      return [path, [...tests].sort()];
    }),
  );
}

/** The tests named after a file, beside it or in a mirrored folder, among some files; a test has none itself. */
export function testsNamedAfter(files: readonly { path: string }[]): (path: string) => string[] {
  const named = testsByStem({ files });
  return (path) => (isTestPath(path) ? [] : namedAfter(path, named));
}

/** Tests by the name of what they test. */
function testsByStem(index: { files: readonly { path: string }[] }): Map<string, string[]> {
  const tests = new Map<string, string[]>();
  for (const { path } of index.files) {
    if (!isTestPath(path)) continue;
    const subject = subjectOf(stemOf(path));
    const known = tests.get(subject);
    if (known === undefined) tests.set(subject, [path]);
    else known.push(path);
  }
  return tests;
}

/** `parse` from `parse.test`, `test_parse`, `parse_test`, `ParseTests` (as `Parse`). */
function subjectOf(stem: string): string {
  return stem
    .replace(/[._-](?:test|tests|spec|e2e|unittest)$/, "")
    .replace(/^tests?[_-]/, "")
    .replace(/^Test(?=[A-Z])/, "")
    .replace(/([a-z0-9])(?:Tests?|IT|Spec)$/, "$1");
}

function namedAfter(path: string, tests: ReadonlyMap<string, readonly string[]>): string[] {
  const stem = stemOf(path).replace(/\.d$/, "");
  const language = languageOf(path);
  const candidates = (tests.get(stem) ?? []).filter((test) => test !== path && languageOf(test) === language);
  const own = plainFolder(path);
  const mirrored = candidates.filter((test) => plainFolder(test) === own);
  if (mirrored.length > 0) return mirrored;
  // `tests/test_parser.py` for `package/deep/parser.py`: only when there is no doubt.
  return candidates.length === 1 && !generic.has(stem) ? candidates : [];
}

function plainFolder(path: string): string {
  return directoryOf(path)
    .split("/")
    .filter((part) => !scaffolding.has(part))
    .join("/");
}
