import { expect, it } from "vitest";
import type { Grammar } from "../../../src/change/risk/languages.js";
import { scopesOf } from "../../../src/review/model-screen/scopes.js";

/** A text in which one line says HERE, and what that line is in, innermost first. */
const cases: [Grammar, string, string[]][] = [
  [
    "typescript",
    "class Box extends B {\n  go(x: number): void {\n    run(x, () => {\n      HERE();\n    });\n  }\n}\n",
    ["function 3-5", "function go 2-6", "type Box 1-7"],
  ],
  ["javascript", "const go = async (x) => {\n  return HERE(x);\n};\n", ["function go 1-3"]],
  [
    "python",
    "import os\n\nclass Box:\n    def go(self):\n        HERE()\n",
    ["function go 4-5", "type Box 3-5"],
  ],
  ["python", "import os\nHERE = 1\n", []],
  ["go", "package a\n\nfunc (s *S) Go(x int) error {\n\treturn HERE(x)\n}\n", ["function Go 3-5"]],
  ["rust", "impl S {\n    fn go(&self) {\n        HERE();\n    }\n}\n", ["function go 2-4", "type 1-5"]],
  [
    "java",
    "class Box {\n  void go(int x) {\n    this.HERE(x);\n  }\n}\n",
    ["function go 2-4", "type Box 1-5"],
  ],
  ["c-sharp", "class Box {\n  void Go(int x) {\n    HERE(x);\n  }\n}\n", ["function Go 2-4", "type Box 1-5"]],
  ["cpp", "int go(int x) {\n  return HERE(x);\n}\n", ["function go 1-3"]],
  ["ruby", "module Mod\n  def go(x)\n    HERE(x)\n  end\nend\n", ["function go 2-4", "type Mod 1-5"]],
  [
    "php",
    "<?php\nclass Box {\n  function go($x) {\n    HERE($x);\n  }\n}\n",
    ["function go 3-5", "type Box 2-6"],
  ],
  ["bash", "go() {\n  HERE\n}\n", ["function go 1-3"]],
];

it.each(cases)("knows what a line of %s is in", async (grammar, text, wanted) => {
  const line = text.split("\n").findIndex((one) => one.includes("HERE")) + 1;
  const [scopes] = (await scopesOf(grammar, text, [{ start: line, end: line }])) ?? [];
  const named = scopes?.map(({ kind, name, start, end }) =>
    [kind, ...(name === null ? [] : [name]), `${start}-${end}`].join(" "),
  );
  expect(named).toEqual(wanted);
});
