import { expect, it } from "vitest";
import { isTestCheck, narrowed } from "../../../src/work/implement/test-command.js";

const tests = ["test/a.test.ts", "test/b.test.ts"];

it.each([
  ["npx vitest run", [], "npx vitest run test/a.test.ts test/b.test.ts"],
  [
    "vitest run --coverage.enabled=false",
    [],
    "vitest run --coverage.enabled=false test/a.test.ts test/b.test.ts",
  ],
  ["node --test", [], "node --test test/a.test.ts test/b.test.ts"],
  ["python -m pytest -q", [], "python -m pytest -q test/a.test.ts test/b.test.ts"],
  ["npm test", ["package.json scripts.test: node --test"], "npm test -- test/a.test.ts test/b.test.ts"],
  ["npm run test", ["package.json scripts.test: jest"], "npm run test -- test/a.test.ts test/b.test.ts"],
  ["pnpm test", ["package.json scripts.test: vitest run"], "pnpm test test/a.test.ts test/b.test.ts"],
  ["go test ./...", [], "go test ./test"],
  // What it would do with more arguments is not certain.
  ["npm test", ["package.json scripts.test: tsc && vitest run"], "npm test"],
  ["npm test", ["package.json scripts.pretest: x", "package.json scripts.test: vitest run"], "npm test"],
  ["vitest run && echo done", [], "vitest run && echo done"],
  ["make test", [], "make test"],
  ["cargo test", [], "cargo test"],
])("%s with %j runs %s", (command, runs, expected) => {
  expect(narrowed({ command, runs }, tests)).toBe(expected);
});

it.each([["-rf.test.ts"], ["a b.test.ts"], ["a;rm.test.ts"], ["$(x).test.ts"], ["a\n.test.ts"]])(
  "a test named %j is no argument",
  (path) => {
    expect(narrowed({ command: "node --test", runs: [] }, [path])).toBe("node --test");
  },
);

it("knows a test check by its name", () => {
  expect(["test", "tests", "unit-test", "test:unit", "vitest"].every(isTestCheck)).toBe(true);
  expect(["lint", "build", "typecheck", "latest", "contest"].some(isTestCheck)).toBe(false);
});
