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
  const asked = { folder, paths: [path], all, wanted: [name], random: randomFrom("test") };
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
    const script = `const fs = require("fs");\nmodule.exports = () => fs.readFileSync("a");\n`;
    expect(await mistakes("missing-import", { "a.js": script })).toEqual([`const fs = require("fs"); => `]);
  });

  it("misspells names that are read, into names that are nowhere", async () => {
    const text = "const total = 1;\nexport const sum = (other: { total: number }) => other.total;\n";
    const found = await mistakes("undefined-name", { "a.ts": text });
    expect(found).toHaveLength(1);
    expect(found[0]).not.toMatch(/=> .*=> other\.total/);
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
`;
    expect(await mistakes("missing-return", { "a.ts": text })).toEqual(["return 1; => ", "return 2; => "]);
  });

  it("compares with itself, but not what is no name", async () => {
    const text = "export const a = (x: number, y: number) => x === y || f() === y;\nconst f = () => 1;\n";
    expect(await mistakes("self-comparison", { "a.ts": text })).toEqual([
      "export const a = (x: number, y: number) => x === y || f() === y; => export const a = (x: number, y: number) => x === x || f() === y;",
    ]);
  });

  it("gives a key twice with another value", async () => {
    expect(await mistakes("duplicate-key", { "a.jsx": "export const a = { b: 1, c: 2 };\n" })).toEqual([
      "export const a = { b: 1, c: 2 }; => export const a = { b: 1, c: 2, b: 2 };",
    ]);
    expect(await mistakes("duplicate-key", { "a.js": "export const a = { b: 1, c: 1 };\n" })).toEqual([]);
  });

  it("makes constants of variables that are assigned to", async () => {
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
    const root = `{ "files": [], "references": [{ "path": "./tsconfig.build.json" }] }`;
    const build = `{ "compilerOptions": { "strict": true } }`;
    const referring = { "a.ts": text, "tsconfig.json": root, "tsconfig.build.json": build };
    expect(await mistakes("null-access", referring)).toHaveLength(3);
  });

  it("drops arguments that a function of the repository requires", async () => {
    const files = {
      "a.ts": `import { two, some, any } from "./b.js";\ntwo(1, 2);\nsome(1, 2);\nany(1, 2);\nparseInt("1", 10);\n`,
      "b.ts": `export function two(a: number, b: number) {}\nexport function some(a: number, b?: number) {}\nexport function any(...all: number[]) {}\n`,
    };
    expect(await mistakes("argument-count", files)).toEqual(["two(1, 2); => two(1);"]);
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
    try:
        json.x
    finally:
        return os.path, c(), d.x, f
`;
    expect(await mistakes("missing-import", { "m.py": text })).toEqual([
      "import os, sys => import sys",
      "from a import b as c, d => from a import d",
      "from a import b as c, d => from a import b as c",
      "import json => ",
    ]);
    expect(await mistakes("missing-import", { "__init__.py": "import os\nos.x\n" })).toEqual([]);
  });

  it("misspells names that are read", async () => {
    const found = await mistakes("undefined-name", {
      "a.py": "def some(value: value):\n    other = value.value\n",
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^other = value\.value => other = \w+\.value$/);
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
      "return x.y => pass",
    ]);
  });

  it("compares with itself and gives keys twice", async () => {
    const text = `a = x.y == z\nb = x in z\nc = {"k": 1, "l": 2}\n`;
    expect(await mistakes("self-comparison", { "a.py": text })).toEqual(["a = x.y == z => a = x.y == x.y"]);
    expect(await mistakes("duplicate-key", { "a.py": text })).toEqual([
      `c = {"k": 1, "l": 2} => c = {"k": 1, "l": 2, "k": 2}`,
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
  });

  it("drops arguments that the only function of that name requires", async () => {
    const files = {
      "a.py": `from b import two, some, decorated, other\ntwo(1, 2)\ntwo(1, b=2)\nsome(1, 2)\ndecorated(1)\nother(1)\n\nclass A:\n    def m(self, x):\n        self.m(x)\n`,
      "b.py": `def two(a, b): pass\ndef some(a, b=1): pass\n@wrap\ndef decorated(a): pass\ndef other(a): pass\n`,
      "c.py": `def other(): pass\n`,
    };
    expect(await mistakes("argument-count", files)).toEqual([
      "two(1, 2) => two(1)",
      "two(1, b=2) => two(1)",
      "self.m(x) => self.m()",
    ]);
  });
});

it("gives the same mistakes for the same seed", () => {
  const script = `import { randomFrom, shuffled } from "./eval/prescreen/random.mjs"; console.log(shuffled([1,2,3,4,5,6,7,8], randomFrom("1", "x")).join())`;
  const run = () =>
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(run()).toBe(run());
});
