import type { Language } from "../../change/risk/languages.js";
import { quote, type Reason, shownPath } from "../../change/risk/reasons.js";
import type { ChangedFile } from "../../change/types.js";
import { type ChangedLine, netLines } from "./lines.js";
import type { Syntax } from "./syntax.js";

const testName =
  /(?:^|\/)[^/]*[._-](?:test|tests|spec|e2e)\.[cm]?[jt]sx?$|(?:^|\/)(?:test_[^/]*|[^/]*_test)\.py$|_test\.go$|(?:^|\/)[^/]*(?:Tests?|IT|Spec)\.(?:java|kt|scala|groovy|cs)$|(?:^|\/)[^/]*_(?:spec|test)\.rb$|Test\.php$|(?:^|\/)[^/]*(?:_test|_tests|_unittest|Test)\.(?:c|cc|cpp|cxx)$|\.bats$/;
const testFolder = /(?:^|\/)(?:tests?|__tests__|specs?|e2e|src\/test)\/(?:[^/]+\/)*[^/]+$/;

/** Whether a path has the name or place of a test. Says nothing of what is in it. */
export function looksLikeTest(path: string): boolean {
  return testName.test(path) || testFolder.test(path);
}

/** A test as each language's frameworks know it. */
const declarations: Partial<Record<Language["family"], RegExp>> = {
  js: /(?<![.\w])(?:describe|it|test|suite|bench)(?:\.\w{1,20})*\s*(?:\(|`)/,
  python: /^\s*(?:async\s+)?def\s+test\w*\s*\(|^\s*class\s+Test\w*|\bunittest\.TestCase\b/,
  go: /^func\s+(?:Test|Benchmark|Fuzz|Example)\w*\s*\(/,
  rust: /#\[(?:\w+::)?test\b|#\[cfg\(test\)\]/,
  java: /@(?:Test|ParameterizedTest|RepeatedTest|Property)\b|\bextends\s+TestCase\b/,
  csharp: /\[(?:Test|TestMethod|Fact|Theory|TestCase)\b/,
  ruby: /(?:^|\s)(?:describe|context|it|specify|test)\s+["':]|def\s+test_/,
  php: /function\s+test\w*\s*\(|@test\b|#\[Test\]/,
  c: /\b(?:TEST|TEST_F|TEST_P|TEST_CASE|SCENARIO|BOOST_AUTO_TEST_CASE)\s*\(/,
  shell: /^\s*@test\b/,
};
const assertion =
  /\b(?:expect|assert\w*|should|require\.\w+|verify|Assert\.\w+|EXPECT_\w+|ASSERT_\w+|REQUIRE|CHECK|t\.(?:Error|Fatal)\w*|self\.assert\w+|pytest\.raises)\b/;
const skipped =
  /\b(?:describe|it|test|suite)\.(?:skip|only|todo|fails|skipIf|runIf)\b|(?<![.\w])(?:xit|xdescribe|xtest|fit|fdescribe)\s*\(|@(?:pytest\.mark\.(?:skip\w*|xfail)|unittest\.(?:skip\w*|expectedFailure)|Disabled|Ignore)\b|\bpytest\.(?:skip|xfail)\b|\bt\.Skip\w*\s*\(|#\[ignore|\[(?:Ignore|Skip)\b|\bpending\b|\bGTEST_SKIP\b|\bDISABLED_/;

/**
 * A change inside a test; null when the file is none. A name is not enough: there must be tests in it, and what
 * changes must not be offered to other files (a helper that production code imports can hide behind the name).
 */
export function testReason(
  file: ChangedFile,
  language: Language,
  head: string,
  syntax: Syntax,
  lines: readonly ChangedLine[],
): Reason | null {
  if (!looksLikeTest(file.path) || (file.oldPath !== null && !looksLikeTest(file.oldPath))) return null;
  const declaration = declarations[language.family];
  if (declaration === undefined || !head.split("\n").some((line) => declaration.test(line))) return null;
  if (language.family === "js") {
    const touched = lines.filter((line) => line.added).map((line) => line.number);
    const exported = syntax.topLevel.some(
      (part) => part.exported && touched.some((line) => line >= part.first && line <= part.last),
    );
    if (exported) return null;
    if (
      (syntax.exports?.size ?? 0) > 0 &&
      lines.some((line) => !line.added && /\bexports?\b/.test(line.text))
    )
      return null;
  }
  return {
    class: "ROUTINE",
    origin: "syntax",
    rule: "tests",
    file: file.path,
    evidence: `${shownPath(file.path)} holds tests and offers nothing else`,
  };
}

/** Tests and checks in tests that are gone or no longer run. */
export function weakenedTests(
  file: ChangedFile,
  language: Language,
  lines: readonly ChangedLine[],
): Reason[] {
  if (!looksLikeTest(file.oldPath ?? file.path)) return [];
  const reasons: Reason[] = [];
  const add = (rule: string, evidence: string) =>
    reasons.push({ class: "COMPLEX", origin: "content", rule, file: file.path, evidence });
  if (file.status === "deleted") {
    add("test-removed", `${shownPath(file.path)} is deleted`);
    return reasons;
  }
  const { added, removed } = netLines(lines);
  for (const pattern of [declarations[language.family], assertion]) {
    if (pattern === undefined) continue;
    const gone = removed.filter((line) => pattern.test(line.text));
    const first = gone[0];
    if (first && gone.length > added.filter((line) => pattern.test(line.text)).length)
      add("test-removed", quote(`- ${first.text}`));
  }
  const skip = added.find((line) => skipped.test(line.text));
  if (skip) add("test-skipped", quote(`+ ${skip.text}`));
  return reasons;
}
