import { expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

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
