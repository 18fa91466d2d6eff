import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ecmascriptSites, parsesAsEcmaScript } from "../../eval/prescreen/ecmascript.mjs";
import { parsesAsPython, pythonSites } from "../../eval/prescreen/python.mjs";
import { randomFrom } from "../../eval/prescreen/random.mjs";
import { applied, shown } from "../../eval/prescreen/site.mjs";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** What the first file looks like with each mistake of a class: the lines that are new, or gone. */
async function mistakes(name: string, files: Record<string, string>): Promise<string[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const all = Object.keys(files);
  const [path = "", text = ""] = Object.entries(files)[0] ?? [];
  const asked = {
    folder,
    paths: [path],
    all,
    wanted: [name],
    randomAt: (...words: string[]) => randomFrom("test", ...words),
  };
  const isPython = path.endsWith(".py");
  const sites = isPython ? await pythonSites(asked) : ecmascriptSites(asked);
  const results: string[] = [];
  for (const site of sites) {
    const after = applied(text, site.edits);
    expect(isPython ? await parsesAsPython(after) : parsesAsEcmaScript(path, after), after).toBe(true);
    const lines = shown(text, site.edits);
    results.push(`${lines.before.join(" / ")} => ${lines.after.join(" / ")}`);
  }
  return results;
}

describe("mistakes in TypeScript and JavaScript", () => {
  it("leaves out imports that are used, and that nothing global replaces", async () => {
    const files = {
      "a.ts": `import used, { one, two } from "./b.js";\nimport { unused } from "./b.js";\nimport { URL } from "./b.js";\nexport const all = [used, one(), two, new URL()];\n`,
      "b.ts": "export const two = 2;\n",
    };
    expect(await mistakes("missing-import", files)).toEqual([
      `import used, { one, two } from "./b.js"; => import { one, two } from "./b.js";`,
      `import used, { one, two } from "./b.js"; => import used, { two } from "./b.js";`,
      `import used, { one, two } from "./b.js"; => import used, { one } from "./b.js";`,
    ]);
    const named = `import { one, two } from "./b.js";\nexport const all = [one, two];\n`;
    expect(await mistakes("missing-import", { "a.ts": named })).toContain(
      `import { one, two } from "./b.js"; => `,
    );
    const script = `const fs = require("fs");\nconst { join, sep } = require("path");\nmodule.exports = () => fs.readFileSync(join("a", sep));\n`;
    expect(await mistakes("missing-import", { "a.js": script })).toEqual([
      `const fs = require("fs"); => `,
      `const { join, sep } = require("path"); => const { sep } = require("path");`,
      `const { join, sep } = require("path"); => const { join } = require("path");`,
    ]);
  });

  it("misspells names that are read, into names that are nowhere", async () => {
    const text = "const total = 1;\nexport const sum = (other: { total: number }) => other.total;\n";
    const found = await mistakes("undefined-name", { "a.ts": text });
    expect(found).toHaveLength(1);
    expect(found[0]).not.toMatch(/=> .*=> other\.total/);
    const more =
      "type Shape = { inner: number };\nexport const make = (inner: number): Shape => ({ inner });\nlet taken: number[];\n[taken] = [[1]];\n";
    const variants = await mistakes("undefined-name", { "a.ts": more });
    expect(variants).toHaveLength(2);
    expect(variants[0]).toMatch(/\): \w+ => \(\{ inner \}\);$/);
    expect(variants[1]).toMatch(/\): Shape => \(\{ \w+ \}\);$/);
  });

  it("drops returns only where a value is lost", async () => {
    const text = `export function a(x: boolean): number {
  if (x) {
    return 1;
  } else {
    return 2;
  }
}
export function b(): void {
  return log();
}
function log(): void {}
export function* c() {
  return 1;
}
[1].forEach((x) => {
  return x;
});
[1].map((x) => {
  return x + 1;
});
other.map((x) => {
  return x + 2;
});
declare const other: { map(take: (x: number) => unknown): void };
`;
    expect(await mistakes("missing-return", { "a.ts": text })).toEqual([
      "return 1; => ",
      "return 1; => 1;",
      "return 2; => ",
      "return 2; => 2;",
      "return x + 1; => ",
    ]);
  });

  it("drops returns that end a function from inside a try or a switch", async () => {
    const text = `export function a(x: number) {
  switch (x) {
    case 1:
      return x;
    default:
      return { x };
  }
}
export function b(x: number) {
  try {
    return x;
  } catch {
    return -1;
  }
}
`;
    expect(await mistakes("missing-return", { "a.ts": text })).toEqual([
      "return { x }; => ",
      "return x; => ",
      "return x; => x;",
      "return -1; => ",
    ]);
  });

  it("compares with itself, but not what is no name", async () => {
    const text =
      "const f = () => 1;\nx.y === 1;\nf() === null;\nf() === x.y;\nx[0].y !== z;\ntypeof x === '';\n";
    expect(await mistakes("self-comparison", { "a.ts": text })).toEqual([
      "x.y === 1; => x.y === x.y;",
      "f() === x.y; => x.y === x.y;",
      "x[0].y !== z; => x[0].y !== x[0].y;",
      "x[0].y !== z; => z !== z;",
      "typeof x === ''; => typeof x === typeof x;",
    ]);
  });

  it("gives a key twice with another value", async () => {
    expect(await mistakes("duplicate-key", { "a.jsx": "export const a = { b: 1, c: 2 };\n" })).toEqual([
      "export const a = { b: 1, c: 2 }; => export const a = { b: 1, c: 2, b: 2 };",
      "export const a = { b: 1, c: 2 }; => export const a = { b: 1, b: 2 };",
    ]);
    const pattern = "let b, d;\n[{ b: b, c: d }] = [{ b: 1, c: 1 }];\n";
    expect(await mistakes("duplicate-key", { "a.js": pattern })).toEqual([]);
    expect(await mistakes("duplicate-key", { "a.js": "export const a = { b: 1, c: 1 };\n" })).toEqual([]);
  });

  it("makes constants of variables that are assigned to, and assigns to constants", async () => {
    const text = "let a = 1;\nlet b = 2;\na += b;\nfor (let i = 0; i < 3; i++) b;\nexport { a };\n";
    expect(await mistakes("reassigned-constant", { "a.ts": text })).toEqual([
      "let a = 1; => const a = 1;",
      "for (let i = 0; i < 3; i++) b; => for (const i = 0; i < 3; i++) b;",
    ]);
    expect(await mistakes("reassigned-constant", { "a.js": "const a = 1\nexport { a }\n" })).toEqual([
      " => a = 1",
    ]);
  });

  it("drops guards only where the type has null in it", async () => {
    const text = `interface A { b: string }
export function f(maybe: A | undefined, sure: A, any: any) {
  sure?.b;
  any?.b;
  maybe?.b;
  maybe && maybe.b;
  if (!maybe) return;
  maybe.b;
  maybe?.b;
}
`;
    expect(await mistakes("null-access", { "a.ts": text })).toEqual([
      "maybe?.b; => maybe.b;",
      "maybe && maybe.b; => maybe.b;",
      "if (!maybe) return; => ",
    ]);
    expect(await mistakes("null-access", { "a.js": text })).toEqual([]);
    const loose = { "a.ts": text, "tsconfig.json": `{ "compilerOptions": { "strict": false } }` };
    expect(await mistakes("null-access", loose)).toEqual([]);
    const more = `interface A { b: string }
export function f(maybe: A | undefined, both: A | null | undefined) {
  if (maybe) {
    maybe.b;
  }
  if (both === null) return;
  both.b;
}
export const g = (maybe: A | null) => (maybe ? maybe.b : (maybe ?? { b: "" }).b);
`;
    expect(await mistakes("null-access", { "a.ts": more })).toEqual([
      "if (maybe) { / maybe.b; / } => maybe.b;",
      `export const g = (maybe: A | null) => (maybe ? maybe.b : (maybe ?? { b: "" }).b); => export const g = (maybe: A | null) => (maybe.b);`,
    ]);
    const root = `{ "files": [], "references": [{ "path": "./tsconfig.build.json" }] }`;
    const build = `{ "compilerOptions": { "strict": true } }`;
    const referring = { "a.ts": text, "tsconfig.json": root, "tsconfig.build.json": build };
    expect(await mistakes("null-access", referring)).toHaveLength(3);
  });

  it("drops arguments that a function of the repository requires", async () => {
    const files = {
      "a.ts": `import { two, some, any } from "./b.js";\ntwo(1, 2);\nsome(1);\nany(1, 2);\nparseInt("1");\nnew Promise<void>((resolve) => resolve());\n`,
      "b.ts": `export function two(a: number, b: number) {}\nexport function some(a: number, b?: number) {}\nexport function any(...all: number[]) {}\n`,
    };
    expect(await mistakes("argument-count", files)).toEqual([
      "two(1, 2); => two(1);",
      "two(1, 2); => two(1, 2, 0);",
      "some(1); => some();",
      `parseInt("1"); => parseInt();`,
      "new Promise<void>((resolve) => resolve()); => new Promise<void>();",
      "new Promise<void>((resolve) => resolve()); => new Promise<void>((resolve) => resolve(), 0);",
    ]);
    const untyped =
      "function f(a, b) { return a.x + b; }\nfunction g(a, b) { return b.x; }\nf(1, 2);\ng(1, 2);\n";
    expect(await mistakes("argument-count", { "a.js": untyped })).toEqual(["g(1, 2); => g(1);"]);
  });

  it("leaves alone what checkers were asked to leave alone", async () => {
    const text = "// @ts-expect-error\nexport const a = (x: number, y: number) => x === y;\n";
    expect(await mistakes("self-comparison", { "a.ts": text })).toEqual([]);
    expect(await mistakes("self-comparison", { "a.ts": `// @ts-nocheck\n\n${text}` })).toEqual([]);
  });
});

describe("mistakes in Python", () => {
  it("leaves out imports that run-time code uses and nothing else binds", async () => {
    const text = `import os, sys
from a import b as c, d
from e import f
from g import typed
import json

def g(x: typed, f):
    import late
    try:
        json.x
    finally:
        return os.path, c(), d.x, f, late.x
`;
    expect(await mistakes("missing-import", { "m.py": text })).toEqual([
      "import os, sys => import sys",
      "import os, sys => ",
      "from a import b as c, d => from a import d",
      "from a import b as c, d => from a import b as c",
      "from a import b as c, d => ",
      "import json => ",
      "import late => ",
    ]);
    expect(await mistakes("missing-import", { "__init__.py": "import os\nos.x\n" })).toEqual([]);
  });

  it("misspells names that are read", async () => {
    const found = await mistakes("undefined-name", {
      "a.py": "def some(value: value):\n    other = value.value\n",
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^other = value\.value => other = \w+\.value$/);
    const asked = "try:\n    unicode_type = 1\n    print(unicode_type)\nexcept NameError:\n    pass\n";
    expect(await mistakes("undefined-name", { "a.py": asked })).toEqual([]);
  });

  it("drops returns only where a value is lost", async () => {
    const text = `def a(x):
    if x:
        return 1
    else:
        return x.y

def b():
    return print()

def c():
    yield 1
    return 2

def d() -> None:
    return x

def e():
    return None
`;
    expect(await mistakes("missing-return", { "a.py": text })).toEqual([
      "return 1 => pass",
      "return 1 => 1",
      "return x.y => pass",
      "return x.y => x.y",
    ]);
    const guarded =
      "def a(x):\n    try:\n        y = x.y\n        return y\n    except KeyError:\n        return 1\n";
    expect(await mistakes("missing-return", { "a.py": guarded })).toEqual([
      "return y => ",
      "return y => y",
      "return 1 => pass",
      "return 1 => 1",
    ]);
  });

  it("compares with itself and gives keys twice", async () => {
    const text = `a = x.y == z\nb = x in z\nc = {"k": 1, "l": 2}\n`;
    expect(await mistakes("self-comparison", { "a.py": text })).toEqual([
      "a = x.y == z => a = x.y == x.y",
      "a = x.y == z => a = z == z",
    ]);
    expect(await mistakes("duplicate-key", { "a.py": text })).toEqual([
      `c = {"k": 1, "l": 2} => c = {"k": 1, "l": 2, "k": 2}`,
      `c = {"k": 1, "l": 2} => c = {"k": 1, "k": 2}`,
    ]);
  });

  it("drops checks for None only where an annotation says None", async () => {
    const text = `def a(x: str | None, y, z: str):
    if x is None:
        return
    x.upper()
    if y is None:
        return
    y.upper()
    if z is None:
        return
    z.upper()

def b(x: Optional[str] = None):
    if x is not None:
        x.upper()
        print(x)

def find() -> str | None:
    return None

def c():
    found = find()
    if not found:
        raise KeyError
    return found.upper()
`;
    expect(await mistakes("null-access", { "a.py": text })).toEqual([
      "if x is None: / return => ",
      "if x is not None: / x.upper() / print(x) => x.upper() / print(x)",
      "if not found: / raise KeyError => ",
    ]);
    const attributes = `class A:
    x: str | None = None
    def a(self, y: str | None):
        y and y.upper()
        return self.x.upper() if self.x else ""
    def b(self):
        self.x = "a"
        return self.x and self.x.upper()
class B:
    def c(self):
        return self.x and self.x.upper()
`;
    expect(await mistakes("null-access", { "a.py": attributes })).toEqual([
      "y and y.upper() => y.upper()",
      `return self.x.upper() if self.x else "" => return self.x.upper()`,
    ]);
  });

  it("drops arguments that the only function of that name requires", async () => {
    const files = {
      "a.py": `from b import two, some, decorated, other\nfrom package import elsewhere\nelsewhere(1)\ntwo(1, 2)\ntwo(1, b=2)\nsome(1, 2)\ndecorated(1)\nother(1)\n\nclass A:\n    def m(self, x):\n        self.m(x)\n`,
      "b.py": `def two(a, b): pass\ndef some(a, b=1): pass\n@wrap\ndef decorated(a): pass\ndef other(a): pass\n`,
      "c.py": `def other(): pass\ndef elsewhere(a): pass\n`,
    };
    expect(await mistakes("argument-count", files)).toEqual([
      "two(1, 2) => two(1)",
      "two(1, 2) => two(1, 2, None)",
      "two(1, b=2) => two(1)",
      "some(1, 2) => some(1, 2, None)",
      "self.m(x) => self.m()",
      "self.m(x) => self.m(x, None)",
    ]);
  });
});

it("gives the same mistakes for the same seed", () => {
  const script = `import { randomFrom, shuffled } from "./eval/prescreen/random.mjs"; console.log(shuffled([1,2,3,4,5,6,7,8], randomFrom("1", "x")).join())`;
  const run = () =>
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(run()).toBe(run());
});
