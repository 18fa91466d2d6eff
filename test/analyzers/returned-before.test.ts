import { expect, it } from "vitest";
import { returnedValue } from "../../src/analyzers/second-look/returned-before.js";
import { findingsOf } from "../review/prescreen-screening.js";

it.each([
  ["a.ts", "function f() { return 1; }", true],
  ["a.ts", "class A { f(x: number) { if (x) { return x; } } }", true],
  ["a.ts", "const f = (x: number) => x;", true],
  ["a.ts", "const f = (x: number) => { return x; };", true],
  ["a.js", "exports.f = function () { return 1; };", true],
  ["a.js", "export const o = { f: async () => { return 1; } };", true],
  ["a.tsx", "export function* f() { return <a />; }", true],
  ["a.py", "class A:\n    def f(self):\n        return 1\n", true],
  ["a.ts", "function f() { if (x) return; g(() => { return 1; }); }", false],
  ["a.ts", "function f() { return /* nothing */; }", false],
  ["a.ts", "function g() { return 1; } function f() { g(); }", false],
  ["a.ts", "const f = () => { g(); };", false],
  ["a.py", "def f():\n    def g():\n        return 1\n    return\n", false],
])("reads in %s whether f returned a value: %s", async (file, text, expected) => {
  expect(await returnedValue("f", file, text)).toBe(expected);
});

it("does not ask a function that never returned anything to return on every way out", async () => {
  const before = {
    "a.ts":
      "export class A {\n  pending: Promise<void> | undefined;\n  go() {\n    if (this.pending) return;\n    this.pending = Promise.resolve();\n  }\n}\n",
    "b.py": "def go(x):\n    if x:\n        return\n    print(x)\n",
  };
  const after = {
    "a.ts":
      "export class A {\n  pending: Promise<void> | undefined;\n  go() {\n    if (this.pending) return this.pending;\n    this.pending = Promise.resolve();\n  }\n}\n",
    "b.py": "def go(x):\n    if x:\n        return x\n    print(x)\n",
  };
  expect(await findingsOf(before, after)).toEqual([]);
});
