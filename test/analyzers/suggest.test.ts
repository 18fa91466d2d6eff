import { describe, expect, it } from "vitest";
import { nearestName } from "../../src/analyzers/second-look/nearest-name.js";
import { importLine, importOf, specifierTo } from "../../src/analyzers/second-look/suggest-ecmascript.js";
import { pythonImportOf, standardImport } from "../../src/analyzers/second-look/suggest-python.js";
import { type Files, screen } from "../review/prescreen-screening.js";
import { testRepository } from "../support/repository.js";

/** The messages about each file, in order. */
async function messages(before: Files, after: Files): Promise<Record<string, string[]>> {
  const repository = testRepository();
  try {
    repository.write(before);
    repository.commit();
    repository.write(after);
    const { findings } = await screen(repository);
    const said: Record<string, string[]> = {};
    for (const { file, message, severity } of findings)
      if (severity !== "hint") said[file] = [...(said[file] ?? []), message];
    return said;
  } finally {
    repository.remove();
  }
}

describe("suggestions", () => {
  it.each([
    ["parseUlr", ["parseUrl", "parse"], "parseUrl"],
    ["respons", ["response", "request"], "response"],
    ["cat", ["car", "cut"], null],
    ["ab", ["ac"], null],
    ["userid", ["userId"], "userId"],
    ["nothing", ["something", "else"], null],
  ])("of names near %s: %j gives %j", (name, known, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });

  it.each([
    ["b", `import a, { b, type c as d } from "x";\n`, `import { b } from "x";`],
    ["d", `import a, { b, type c as d } from 'x'\n`, `import type { c as d } from 'x'`],
    ["a", `import a, { b } from "x";\n`, `import a from "x";`],
    ["n", `import * as n from "x";\n`, `import * as n from "x";`],
    ["T", `import type {\n  S,\n  T,\n} from "x";\n`, `import type { T } from "x";`],
    ["f", `const { f, g } = require('x')\n`, `const { f } = require('x')`],
    ["path", `const path = require("path");\n`, `const path = require("path");`],
    ["z", `import { zz } from "x";\nconst z = 1;\n`, null],
  ])("finds the import of %s in %j", (name, text, line) => {
    const found = importOf(name, text);
    expect(found === null ? null : importLine(found)).toBe(line);
  });

  it.each([
    ["src/a/b.ts", "src/c.ts", "none", "./a/b"],
    ["src/b.ts", "src/a/c.ts", "js", "../b.js"],
    ["src/b.tsx", "src/c.ts", "own", "./b.tsx"],
    ["src/a/index.ts", "src/c.ts", "none", "./a"],
    ["src/b.mts", "src/c.mts", "js", "./b.mjs"],
    ["src/B.vue", "src/c.ts", "none", "./B.vue"],
  ] as const)("leads to %s from %s, ending %s: %s", (target, from, ending, expected) => {
    expect(specifierTo(target, from, ending)).toBe(expected);
  });

  it.each([
    ["b", "from x.y import (\n    a,\n    b,  # why\n)\n", "from x.y import b"],
    ["np", "import os, numpy as np\n", "import numpy as np"],
    ["os", "import os.path\n", "import os.path"],
    ["c", "from . import b as c\n", "from . import b as c"],
    ["z", "from x import zz\n", null],
  ])("finds Python's import of %s", (name, text, line) => {
    expect(pythonImportOf(name, text)).toBe(line);
  });

  it("knows Python's own modules where they are used as such", () => {
    expect(standardImport("os", "os.getcwd()")).toBe("import os");
    expect(standardImport("time", "wait(time)")).toBeNull();
    expect(standardImport("Path", "Path(x)")).toBe("from pathlib import Path");
  });

  it("says which import is missing, and says nothing where several would do", async () => {
    const before = {
      "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
      "package.json": "{}",
      "src/lib/url.ts":
        "export function parseUrl(x: string) { return x; }\nexport interface Options { a: number }\n",
      "src/one.ts": "export const twice = 1;\n",
      "src/two.ts": "export const twice = 2;\n",
      "src/page.tsx": `import { useState } from "react";\nexport const p = useState(1);\n`,
      "src/back.ts": `import { parseUrl } from './lib/url.js'\nexport const a = parseUrl('x')\n`,
      "pkg/__init__.py": "",
      "pkg/tools.py": "def make_tool():\n    return 1\n",
      "pkg/old.py": "from pkg.tools import make_tool\n\nx = make_tool()\n",
    };
    const after = {
      "src/back.ts": `export const a = parseUrl('x')\n`,
      "src/new.ts": `import { twice as t } from "./one.js";
export const b = parseUrl("x" + t);
export const o: Options = { a: 1 };
`,
      "src/hook.tsx": `import { Fragment } from "react";\nexport const q = [useState(1), Fragment];\n`,
      "src/many.ts": "export const c = twice;\n",
      "src/moved.ts": `import { parseUrl } from "./one.js";\nexport const m = parseUrl;\n`,
      "src/typo.js": `export function total(amount, price) {\n  return amuont * price;\n}\n`,
      "src/path.ts": `import { parseUrl } from "./lib/ulr.js";\nimport { x } from "./url.js";\nexport const z = [parseUrl, x];\n`,
      "pkg/old.py": "x = make_tool()\n",
      "pkg/new.py": "y = make_tool()\nz = os.getcwd()\n",
    };
    expect(await messages(before, after)).toEqual({
      "src/back.ts": ["Cannot find name 'parseUrl'. Add back: import { parseUrl } from './lib/url.js'"],
      "src/new.ts": [
        `Cannot find name 'parseUrl'. 'parseUrl' is exported by src/lib/url.ts: import { parseUrl } from "./lib/url.js";`,
        `Cannot find name 'Options'. 'Options' is exported by src/lib/url.ts: import type { Options } from "./lib/url.js";`,
      ],
      "src/hook.tsx": [`Cannot find name 'useState'. Elsewhere here: import { useState } from "react";`],
      "src/many.ts": ["Cannot find name 'twice'. Import or declare it."],
      "src/moved.ts": [
        `Module '"./one.js"' has no exported member 'parseUrl'. 'parseUrl' is exported by src/lib/url.ts.`,
      ],
      "src/typo.js": ["'amuont' is not defined. Did you mean 'amount'?"],
      "src/path.ts": [
        "Cannot find module './lib/ulr.js' or its corresponding type declarations. There is src/lib/url.ts: did you mean that?",
        "Cannot find module './url.js' or its corresponding type declarations. There is src/lib/url.ts: did you mean that?",
      ],
      "pkg/old.py": [expect.stringMatching(/ Add back: from pkg\.tools import make_tool$/)],
      "pkg/new.py": [
        expect.stringMatching(/ 'make_tool' is defined in pkg\/tools\.py: from pkg\.tools import make_tool$/),
        expect.stringMatching(/ Add: import os$/),
      ],
    });
  });
});
