import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { changedExports } from "../../src/analyzers/typescript/changed-names.js";
import { closureHashes, type Node } from "../../src/analyzers/typescript/closures.js";
import { filesOfGlobs } from "../../src/analyzers/typescript/globs.js";
import { shapeOf } from "../../src/analyzers/typescript/shape.js";
import { analyse } from "../../src/analyzers/typescript/typescript-process.js";
import { satisfies } from "../../src/analyzers/typescript/version-range.js";
import { type Files, screen } from "../review/prescreen-screening.js";
import { testRepository } from "../support/repository.js";

const parse = (text: string, name = "a.ts") => ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true);
const json = (value: unknown) => JSON.stringify(value);

describe("a warm process", () => {
  it("says of each state what a new one would say", async () => {
    const repository = testRepository();
    const sluice = repository.sluice();
    const now = async (files: Files) => {
      repository.write(files);
      const { findings } = await screen(repository, { sluice });
      return findings
        .filter(({ severity }) => severity !== "hint")
        .map((one) => `${one.file}:${one.line} ${one.class}`)
        .sort();
    };
    try {
      repository.write({
        ".gitignore": "node_modules\n",
        "tsconfig.json": json({ compilerOptions: { strict: true } }),
        "package.json": json({ dependencies: { thing: "^1.0.0" } }),
        "deep.ts": `export type Item = { name: string };\n`,
        "middle.ts": `import type { Item } from "./deep";\nexport function load(): Item {\n  return { name: "a" };\n}\n`,
        "user.ts": `import { load } from "./middle";\nexport const x = load();\n`,
      });
      repository.commit();
      const user = `import { load } from "./middle";\nexport const x = load().name.length;\n`;
      expect(await now({ "user.ts": user })).toEqual([]);
      // Two imports away, and not among the importers of what changed.
      expect(await now({ "deep.ts": `export type Item = { name: string | null };\n` })).toEqual([
        "user.ts:2 null-access",
      ]);
      expect(await now({ "deep.ts": `export type Item = { name: string };\n` })).toEqual([]);
      expect(
        await now({
          "middle.ts": `import type { Item } from "./deep";\nexport function load(): Item {\n  return { name: "b" + later };\n}\n`,
        }),
      ).toEqual(["middle.ts:3 undefined-name"]);
      expect(await now({ "globals.d.ts": "declare const later: string;\n" })).toEqual([]);
      expect(
        await now({
          "user.ts": `import { load } from "./middle";\nimport { more } from "./more";\nexport const x = load().name.length + more;\n`,
        }),
      ).toEqual(["user.ts:2 missing-module"]);
      expect(await now({ "more.ts": "export const most = 1;\n" })).toEqual(["user.ts:2 missing-export"]);
      expect(await now({ "more.ts": "export const more = 1;\n" })).toEqual([]);
      expect(await now({ "user.ts": `import { one } from "thing";\nexport const x = one();\n` })).toEqual([]);
      const thing = {
        "node_modules/thing/package.json": json({ name: "thing", version: "1.0.0", types: "index.d.ts" }),
        "node_modules/thing/index.d.ts": "export declare function one(a: number): void;\n",
      };
      expect(await now(thing)).toEqual(["user.ts:2 argument-count"]);
      expect(await now({ node_modules: null })).toEqual([]);
      expect(
        await now({
          "tsconfig.json": json({ compilerOptions: { strict: false } }),
          "deep.ts": `export type Item = { name: string | null };\n`,
          "user.ts": user,
        }),
      ).toEqual([]);
    } finally {
      repository.remove();
    }
  });

  it("keeps the texts of both sides apart when their paths are the same", () => {
    const repository = testRepository();
    try {
      const side = (name: string, text: string) => {
        repository.write({
          [`${name}/a.ts`]: text,
          [`${name}/b.ts`]: `import { a } from "./a";\nexport const b = a;\n`,
        });
        return {
          folder: join(repository.path, name),
          ids: { "a.ts": `${name}-a`, "b.ts": "b" },
          workspaceFiles: {},
        };
      };
      const request = {
        base: side("base", "export const a = 1;\n"),
        head: side("head", "export const c = 1;\n"),
        installed: null,
        budget: 60_000,
        files: [{ base: "a.ts", head: "a.ts" }],
        affected: { base: ["a.ts"], head: ["a.ts"] },
      };
      for (const _ of ["cold", "warm"]) {
        const { base, head, importers } = analyse(request);
        expect({ base: base.length, head: head.map((one) => `${one.path} ${one.class}`), importers }).toEqual(
          {
            base: 0,
            head: ["b.ts missing-export"],
            importers: 1,
          },
        );
      }
    } finally {
      repository.remove();
    }
  });

  it("gives what it has when the time is over, and nothing that may be old", () => {
    const repository = testRepository();
    try {
      repository.write({
        "base/a.ts": "export const a = nowhere;\n",
        "head/a.ts": "export const a = nowhere;\n// more\n",
      });
      const side = (name: string) => ({
        folder: join(repository.path, name),
        ids: { "a.ts": `late-${name}` },
        workspaceFiles: {},
      });
      const { base, head, late } = analyse({
        base: side("base"),
        head: side("head"),
        installed: null,
        budget: -1,
        files: [{ base: "a.ts", head: "a.ts" }],
        affected: { base: [], head: [] },
      });
      expect({ base, head, late }).toEqual({ base: [], head: [], late: 1 });
    } finally {
      repository.remove();
    }
  });
});

describe("the shape of a file", () => {
  it.each([
    [
      "the body of a function with a type",
      "export function f(a: number): number { return a; }",
      "export function f(a: number): number { return a + 1; }",
      true,
    ],
    [
      "the value of a variable with a type",
      "export const a: number = 1;",
      "export const a: number = 2;",
      true,
    ],
    ["a regular expression", "export const a = /x/;", "export const a = /y/g;", true],
    [
      "the body of a function without a type",
      "export function f() { return 1; }",
      "export function f() { return ''; }",
      false,
    ],
    [
      "a constructor",
      "export class A { a; constructor() { this.a = 1; } }",
      "export class A { a; constructor() { this.a = ''; } }",
      false,
    ],
    [
      "a parameter",
      "export function f(a: number): number { return a; }",
      "export function f(a: string): number { return 1; }",
      false,
    ],
    ["a type", "type A = 1; export const a: A = 1;", "type A = 2; export const a: A = 2;", false],
  ])("%s", (_, before, after, same) => {
    expect(shapeOf(parse(before)) === shapeOf(parse(after))).toBe(same);
  });

  it.each([
    [
      "a body says nothing",
      "export function f(): number { return 1; }",
      "export function f(): number { return 2; }",
      [],
    ],
    [
      "what is new, gone or different",
      "export const a = 1, b = 2; export const c = 3;",
      "export const a = 1, b = '2'; export const d = 3;",
      ["a", "b", "c", "d"],
    ],
    [
      "what mentions it",
      "type T = 1; export const a: T = f(); export const b = 2;",
      "type T = 2; export const a: T = f(); export const b = 2;",
      ["T", "a"],
    ],
    [
      "other names of it",
      "const a = 1; export { a as b }; export default a;",
      "const a = 2; export { a as b }; export default a;",
      ["a", "b", "default"],
    ],
    [
      "an import alone is nobody's",
      "export const a = 1;",
      "import { x } from './x'; export const a = 1;",
      [],
    ],
    ["what is passed on", "export { a, b } from './x';", "export { a } from './x';", ["b"]],
    ["anything", "export * from './x';", "export * from './y';", null],
    ["a script", "const a = 1;", "const a = 2;", null],
  ])("tells the names that changed: %s", (_, before, after, names) => {
    const found = changedExports(parse(before), parse(after));
    expect(found && [...found].sort()).toEqual(names);
  });

  it("reaches around cycles", () => {
    const graph = (shapes: Record<string, string>) => {
      const edges: Record<string, string[]> = { a: ["b"], b: ["c", "a"], c: ["a"], d: ["c"], e: [] };
      const node = (file: string): Node => ({
        shape: shapes[file] ?? "",
        edges: (edges[file] ?? []).map((to) => [to, to]),
      });
      return closureHashes(node);
    };
    const old = graph({});
    const now = graph({ b: "other" });
    const changed = ["a", "b", "c", "d", "e"].filter((file) => old(file) !== now(file));
    expect(changed).toEqual(["a", "b", "c", "d"]);
    expect(graph({ d: "other" })("a")).toBe(old("a"));
  });
});

describe("configuration read as data", () => {
  it("takes the files that the compiler would take", () => {
    const repository = testRepository();
    try {
      const paths = [
        "a.ts",
        "a.min.js",
        "b.d.ts",
        "src/a.ts",
        "src/a.test.ts",
        "src/deep/er/b.tsx",
        "src/.hidden/c.ts",
        "node_modules/x/a.ts",
        "src/node_modules/y.ts",
        "lib/c.js",
        "lib/c.css",
        "test/x.mts",
      ];
      for (const path of paths) {
        mkdirSync(dirname(join(repository.path, path)), { recursive: true });
        writeFileSync(join(repository.path, path), "");
      }
      const extensions = [".ts", ".tsx", ".mts", ".d.ts", ".js"];
      const cases: [string[], string[]][] = [
        [["**/*"], ["node_modules"]],
        [["src"], []],
        [["src/**/*"], ["**/*.test.ts"]],
        [["src/*", "lib/*.js"], []],
        [["./src/**/*.ts", "*.d.ts"], ["src/deep"]],
        [["**/deep/**/*", "test/?.mts"], []],
        [["lib/c.js", "."], ["src/**/er"]],
        [["src/.hidden"], []],
        [["*"], ["**/a.*"]],
      ];
      for (const [include, exclude] of cases) {
        const theirs = ts.sys.readDirectory(repository.path, extensions, exclude, include).sort();
        const all = paths.map((path) => `${repository.path}/${path}`);
        expect([include, filesOfGlobs(all, repository.path, extensions, include, exclude).sort()]).toEqual([
          include,
          theirs,
        ]);
      }
    } finally {
      repository.remove();
    }
  });

  it.each([
    ["1.2.3", "^1.0.0", true],
    ["1.2.3", "^1.3.0", false],
    ["2.0.0", "^1.0.0", false],
    ["0.2.5", "^0.2.1", true],
    ["0.3.0", "^0.2.1", false],
    ["1.2.9", "~1.2.3", true],
    ["1.3.0", "~1.2.3", false],
    ["1.3.0", "1.x", true],
    ["1.3.0", ">=1.2 <1.3", false],
    ["1.3.0", "1.0.0 - 1.4.0", true],
    ["3.0.0", "^1 || ^3", true],
    ["1.2.3", "1.2.3", true],
    ["1.2.4", "=1.2.3", false],
    ["19.0.0-rc.1", "^19.0.0", false],
    ["1.2.3", "workspace:^1.0.0", true],
    ["1.2.3", "npm:other@^2.0.0", false],
    ["1.2.3", "next", null],
    ["1.2.3", "github:a/b", null],
    ["1.2.3", "catalog:", null],
    ["1.2.3", "*", true],
  ])("%s for %s: %s", (version, range, answer) => {
    expect(satisfies(version, range)).toBe(answer);
  });
});
