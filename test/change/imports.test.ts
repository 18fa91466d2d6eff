import { describe, expect, it } from "vitest";
import { directImports, importersOf, isTestPath, testsOf } from "../../src/change/imports.js";
import { changeInMemory, type Files } from "./trees-in-memory.js";

async function importsIn(files: Files, path: string): Promise<string[]> {
  const found = await directImports(changeInMemory(files), "head", [path]);
  const imports = found.get(path) ?? [];
  // What is true one way is true the other way: the search by name must miss none of them.
  for (const target of imports) {
    const importers = await importersOf(changeInMemory(files), "head", [target]);
    expect([target, importers.get(target)]).toEqual([target, expect.arrayContaining([path])]);
  }
  return imports;
}

const nothing = "";

describe("direct imports of TypeScript and JavaScript", () => {
  it("reads every form with a literal text, and only those", async () => {
    const source = `
import a from "./a";
import type { B } from './b.js';
import c = require("./c");
export * from "./d";
export { e } from "./e.ts";
const f = require("./f"), g = require.resolve("./g.cjs");
const h = await import("./h.mjs");
const i = import(\`./i\`);
type J = import("./j").J;
import "./k.css";
import k from "./l.json" with { type: "json" };
import "node:fs";
import "left-pad";
/* import "./comment" */
const text = 'import x from "./comment"';
const no = require(name), no2 = import(\`./\${name}\`), no3 = other("./comment");
`;
    const names = [
      "a.ts",
      "b.ts",
      "c.ts",
      "d/index.tsx",
      "e.ts",
      "f.js",
      "g.cjs",
      "h.mts",
      "i.jsx",
      "j.d.ts",
    ];
    const files: Files = { "src/main.ts": source, "src/k.css": nothing, "src/l.json": "{}" };
    for (const name of [...names, "comment.ts"]) files[`src/${name}`] = nothing;
    expect(await importsIn(files, "src/main.ts")).toEqual(
      [...names, "k.css", "l.json"].map((name) => `src/${name}`).sort(),
    );
  });

  it("takes what stands for .js in the source tree, TypeScript first", async () => {
    const files = {
      "a.tsx": `import "./lib.js"; import "./view.jsx"`,
      "lib.js": nothing,
      "lib.ts": nothing,
      "view.tsx": nothing,
    };
    expect(await importsIn(files, "a.tsx")).toEqual(["lib.ts", "view.tsx"]);
  });

  it("follows tsconfig paths and baseUrl, also through extends, with comments", async () => {
    const files = {
      "base.json": nothing,
      "tsconfig.base.json": `{ "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["app/*"], "~db": ["data/connection.ts"], "@lib/*": ["libs/*/src/index.ts"] }, } }`,
      "web/tsconfig.json": `{ // of the site\n "extends": "../tsconfig.base.json" }`,
      "web/page.tsx": `import "@/deep/x"; import "~db"; import "@lib/core"; import "data/other"; import "react"`,
      "app/deep/x.ts": nothing,
      "data/connection.ts": nothing,
      "data/other.ts": nothing,
      "libs/core/src/index.ts": nothing,
    };
    expect(await importsIn(files, "web/page.tsx")).toEqual([
      "app/deep/x.ts",
      "data/connection.ts",
      "data/other.ts",
      "libs/core/src/index.ts",
    ]);
  });

  it("finds workspace packages by name: exports, built output, main, subpath imports", async () => {
    const files = {
      "package.json": `{ "name": "top", "workspaces": ["packages/*"] }`,
      "packages/one/package.json": `{ "name": "@acme/one", "exports": { ".": { "types": "./dist/index.d.ts", "import": "./dist/index.js" }, "./client": "./src/entry.ts", "./parts/*": "./src/parts/*.js" } }`,
      "packages/one/src/index.ts": nothing,
      "packages/one/src/entry.ts": nothing,
      "packages/one/src/parts/wheel.ts": nothing,
      "packages/two/package.json": `{ "name": "two", "main": "lib/two.js", "imports": { "#secret": "./lib/hidden.js" } }`,
      "packages/two/lib/two.js": `import "#secret"`,
      "packages/two/lib/hidden.js": nothing,
      "packages/app/a.ts": `import "@acme/one"; import "@acme/one/client"; import "@acme/one/parts/wheel"; import "two"`,
    };
    expect(await importsIn(files, "packages/app/a.ts")).toEqual([
      "packages/one/src/entry.ts",
      "packages/one/src/index.ts",
      "packages/one/src/parts/wheel.ts",
      "packages/two/lib/two.js",
    ]);
    expect(await importsIn(files, "packages/two/lib/two.js")).toEqual(["packages/two/lib/hidden.js"]);
  });

  it("finds a folder's index from inside and below", async () => {
    const files = {
      "lib/index.ts": nothing,
      "lib/a.ts": `import "."`,
      "lib/sub/b.ts": `import ".."`,
      "c.ts": `import "./lib/"`,
    };
    for (const path of ["lib/a.ts", "lib/sub/b.ts", "c.ts"]) {
      expect(await importsIn(files, path)).toEqual(["lib/index.ts"]);
    }
  });

  it("never leaves the tree and survives odd package files", async () => {
    const files = {
      "package.json": `{ "name": 7, "exports": ${"[".repeat(100_000)}`,
      "tsconfig.json": `{ "extends": "./tsconfig.json", "compilerOptions": { "paths": { "x": ["../../../etc/passwd"], "y": "no list" } } }`,
      "a.ts": `import "../../etc/passwd"; import "/etc/passwd"; import "x"; import "./b?raw"; import "./b\\u0000"; import "__proto__"`,
      "b.ts": nothing,
    };
    expect(await importsIn(files, "a.ts")).toEqual(["b.ts"]);
  });
});

describe("direct imports of other languages", () => {
  it("resolves Python modules: relative, by package root, src layout, submodules", async () => {
    const files = {
      "pyproject.toml": nothing,
      "src/shop/__init__.py": `from . import cart`,
      "src/shop/cart.py": `import os, shop.money as m\nfrom .models import (\n  Item,\n  user as u,\n)\nfrom .. import nothing\nfrom ..elsewhere import x\nimport importlib\nimportlib.import_module("shop.plugins")\n`,
      "src/shop/money.py": nothing,
      "src/shop/models/__init__.py": nothing,
      "src/shop/models/user.py": nothing,
      "src/shop/plugins.py": nothing,
      "scripts/run.py": `import helper\nfrom shop import cart\n`,
      "scripts/helper.py": nothing,
    };
    expect(await importsIn(files, "src/shop/cart.py")).toEqual([
      "src/shop/models/__init__.py",
      "src/shop/models/user.py",
      "src/shop/money.py",
      "src/shop/plugins.py",
    ]);
    expect(await importsIn(files, "scripts/run.py")).toEqual([
      "scripts/helper.py",
      "src/shop/__init__.py",
      "src/shop/cart.py",
    ]);
    expect(await importsIn(files, "src/shop/__init__.py")).toEqual(["src/shop/cart.py"]);
  });

  it("resolves Go packages through go.mod, without their tests", async () => {
    const files = {
      "go.mod": "module example.com/shop\n\ngo 1.22\n",
      "tools/go.mod": 'module "example.com/shop/tools"\n',
      "main.go": `package main\nimport (\n\t"fmt"\n\tm "example.com/shop/money"\n\t_ \`example.com/shop/tools/gen\`\n)\n`,
      "money/money.go": nothing,
      "money/round.go": nothing,
      "money/money_test.go": nothing,
      "tools/gen/gen.go": `package gen\nimport "example.com/shop"\n`,
    };
    expect(await importsIn(files, "main.go")).toEqual([
      "money/money.go",
      "money/round.go",
      "tools/gen/gen.go",
    ]);
    expect(await importsIn(files, "tools/gen/gen.go")).toEqual(["main.go"]);
  });

  it("resolves Rust modules, use trees, the workspace's crates and path attributes", async () => {
    const files = {
      "app/Cargo.toml": '[package]\nname = "my-app"\n',
      "core/Cargo.toml": '[package]\nedition = "2021"\nname = "my-core"\n[dependencies]\nname = "no"\n',
      "app/src/main.rs": `mod cart;\n#[path = "odd name.rs"]\nmod odd;\nmod inner { mod deep; }\nuse crate::cart::{self, line::{Line, Total as T}, *};\nuse my_core::money::Money;\nuse std::fmt;\n`,
      "app/src/cart/mod.rs": `pub mod line;\nuse super::odd;\n`,
      "app/src/cart/line.rs": `use super::Cart;\nuse crate::inner::deep::X;\n`,
      "app/src/odd name.rs": nothing,
      "app/src/inner/deep.rs": nothing,
      "core/src/lib.rs": nothing,
      "core/src/money.rs": nothing,
    };
    expect(await importsIn(files, "app/src/main.rs")).toEqual([
      "app/src/cart/line.rs",
      "app/src/cart/mod.rs",
      "app/src/inner/deep.rs",
      "app/src/odd name.rs",
      "core/src/money.rs",
    ]);
    expect(await importsIn(files, "app/src/cart/line.rs")).toEqual([
      "app/src/cart/mod.rs",
      "app/src/inner/deep.rs",
    ]);
  });

  it("resolves Java classes, nested ones, static members and whole packages", async () => {
    const files = {
      "shop/src/main/java/com/acme/Cart.java": `package com.acme;\nimport com.acme.money.Money;\nimport static com.acme.money.Round.half;\nimport com.acme.model.Item.Kind;\nimport com.acme.all.*;\nimport java.util.List;\n`,
      "shop/src/main/java/com/acme/money/Money.java": nothing,
      "other/src/main/java/com/acme/money/Money.java": nothing,
      "shop/src/main/java/com/acme/money/Round.java": nothing,
      "shop/src/main/java/com/acme/model/Item.java": nothing,
      "shop/src/main/java/com/acme/all/One.java": nothing,
      "shop/src/main/java/com/acme/all/Two.java": nothing,
    };
    const top = "shop/src/main/java/com/acme";
    expect(await importsIn(files, `${top}/Cart.java`)).toEqual([
      `${top}/all/One.java`,
      `${top}/all/Two.java`,
      `${top}/model/Item.java`,
      `${top}/money/Money.java`,
      `${top}/money/Round.java`,
    ]);
  });

  it("resolves C and C++ includes beside the file and by the end of the path", async () => {
    const files = {
      "src/net/socket.cc": `#include "socket.h"\n#include "util/log.h"\n#include <acme/api.h>\n#include <string.h>\n#ifdef X\n#  include "../table.inc"\n#endif\n`,
      "src/net/socket.h": nothing,
      "src/util/log.h": nothing,
      "include/acme/api.h": nothing,
      "src/compat/string.h": nothing,
      "src/table.inc": nothing,
    };
    expect(await importsIn(files, "src/net/socket.cc")).toEqual([
      "include/acme/api.h",
      "src/net/socket.h",
      "src/table.inc",
      "src/util/log.h",
    ]);
  });
});

describe("hostile files", () => {
  const megabyte = 1024 * 1024;
  const length = 300_000;
  const filled = (text: string, start = "") =>
    (start + text.repeat(Math.ceil(length / text.length))).slice(0, length);
  // A native parser ends the whole process on the first three of these.
  const tangles: [string, string][] = [
    ["a.ts", filled("(", `import "./b"; `)],
    ["a.js", filled("if(1)", `import "./b"; `)],
    ["a.ts", filled(")]}<$%", `import "./b"; `)],
    ["a.ts", filled("`${", `import "./b"; `)],
    ["a.py", filled("import b.c, ")],
    ["a.py", filled("b, ", `from ${"a.".repeat(200_000)}c import `)],
    ["a.rs", filled("mod a{")],
    ["a.rs", filled("mod b;")],
    ["a.rs", `use a::{${filled("b::{")}`],
    ["a.rs", `use a::{${filled(" ")}as b};`],
    ["a.go", `package a\nimport (\n${filled('"b"\n')})`],
    ["a.java", `import ${filled("a.")}b;`],
    ["a.c", filled('#include "b.h"\n')],
  ];

  it.each(tangles)(
    "gives up on %s without hanging (%#)",
    async (path, text) => {
      const started = process.cpuUsage();
      const notes: string[] = [];
      const change = changeInMemory({
        [path]: text,
        "b.ts": nothing,
        "b.py": nothing,
        "b.h": nothing,
        "b.rs": nothing,
      });
      const found = await directImports(change, "head", [path], { note: (sentence) => notes.push(sentence) });
      expect(found.has(path)).toBe(true);
      expect(process.cpuUsage(started).user / 1_000).toBeLessThan(6_000);
    },
    60_000,
  );

  it("does not read what is too large or binary, says so, and still reads the others", async () => {
    const notes: string[] = [];
    const change = changeInMemory({
      "big.ts": Buffer.alloc(50 * megabyte, "a"),
      "binary.ts": Buffer.from([...Buffer.from('import "./b"'), 0, 255, 254, 0, 200]),
      "good.ts": `import "./b"`,
      "b.ts": nothing,
    });
    const found = await directImports(change, "head", ["big.ts", "good.ts", "binary.ts", "absent.ts"], {
      note: (sentence) => notes.push(sentence),
    });
    expect(found.get("good.ts")).toEqual(["b.ts"]);
    expect(found.get("big.ts")).toEqual([]);
    expect(found.has("absent.ts")).toBe(false);
    expect(notes).toEqual([expect.stringMatching(/big\.ts.*larger than 1 MiB/)]);
  });

  it("keeps to a tree of 100,000 files and thousands of targets", async () => {
    const files: Files = {};
    for (let number = 0; number < 100_000; number++) {
      files[`src/d${number % 300}/f${number}.ts`] =
        number % 50 === 0 ? `import "./f${number - 300}.js"` : "export {};";
    }
    const change = changeInMemory(files);
    const started = process.cpuUsage();
    const targets = Object.keys(files).slice(0, 3_000);
    const importers = await importersOf(change, "head", targets);
    expect(importers.get("src/d0/f0.ts")).toEqual(["src/d0/f300.ts"]);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(10_000);
  }, 60_000);

  it("stops when cancelled", async () => {
    const change = changeInMemory({ "a.ts": `import "./b"`, "b.ts": nothing });
    const signal = AbortSignal.abort();
    await expect(directImports(change, "head", ["a.ts"], { signal })).rejects.toThrow();
  });
});

describe("tests of a file", () => {
  it.each([
    ["src/a/parse.ts", ["src/a/parse.test.ts", "test/a/parse.spec.ts"], ["src/b/parse.test.ts"]],
    ["pkg/deep/parser.py", ["tests/test_parser.py"], []],
    ["net/conn.go", ["net/conn_test.go"], ["http/conn_test.go"]],
    ["src/main/java/a/Cart.java", ["src/test/java/a/CartTest.java"], ["src/test/java/b/CartTest.java"]],
    ["src/buffer.cc", ["src/buffer_unittest.cc"], []],
    ["lib/index.js", ["lib/__tests__/index.js"], ["other/__tests__/index.js"]],
  ])("are found by name for %s", async (path, tests, others) => {
    const files = Object.fromEntries([path, ...tests, ...others].map((file) => [file, nothing]));
    expect((await testsOf(changeInMemory(files), [path])).get(path)).toEqual(tests);
  });

  it("are those that import it, too, but no other importers", async () => {
    const change = changeInMemory({
      "src/core.ts": nothing,
      "src/uses.ts": `import "./core.js"`,
      "test/whole-flow.test.ts": `import { x } from "../src/core.js"`,
      "crates/a/src/lib.rs": "pub mod part;",
      "crates/a/src/part.rs": nothing,
      "crates/a/Cargo.toml": '[package]\nname = "a-crate"\n',
      "crates/a/tests/flow.rs": "use a_crate::part::Thing;",
    });
    const found = await testsOf(change, ["src/core.ts", "crates/a/src/part.rs", "test/whole-flow.test.ts"]);
    expect(Object.fromEntries(found)).toEqual({
      "src/core.ts": ["test/whole-flow.test.ts"],
      "crates/a/src/part.rs": ["crates/a/tests/flow.rs"],
      "test/whole-flow.test.ts": [],
    });
  });

  it.each([
    ["src/contest.ts", false],
    ["src/latest/a.ts", false],
    ["src/a.test.tsx", true],
    ["tests/data.json", false],
    ["TestCart.java", true],
    ["src/Attest.java", false],
    ["conftest.py", false],
    ["test_a.py", true],
  ])("%s is a test: %s", (path, expected) => {
    expect(isTestPath(path)).toBe(expected);
  });
});
