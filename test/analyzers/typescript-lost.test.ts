import { describe, expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

const configuration = {
  "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
  "package.json": "{}",
};

/** Functions before and after, one a line, in a file of their own each. */
function both(cases: Record<string, readonly [before: string, after: string]>) {
  const entries = Object.entries(cases);
  return {
    before: { ...configuration, ...Object.fromEntries(entries.map(([name, [text]]) => [name, text])) },
    after: Object.fromEntries(entries.map(([name, [, text]]) => [name, text])),
  };
}

describe("what a change took away", () => {
  it("tells a namespace of types that is not imported any more, and leaves one that is declared or was global", async () => {
    const { before, after } = both({
      "src/gone.ts": [
        "import type { Tree, Kept } from 'not-installed'\nexport type A = Tree.Node | Kept.Node\n",
        "import type { Kept } from 'not-installed'\nexport type A = Tree.Node | Kept.Node\n",
      ],
      "src/moved.ts": [
        "import type { Tree } from 'not-installed'\nexport type A = Tree.Node\n",
        "import type * as Tree from 'not-installed/tree'\nexport type A = Tree.Node\n",
      ],
      "src/own.ts": [
        "import type { Tree } from 'not-installed'\nexport type A = Tree.Node\n",
        "namespace Tree {\n  export type Node = string;\n}\nexport type A = Tree.Node\n",
      ],
      "src/global.tsx": [
        "import React from 'react'\nexport type A = React.FC\n",
        "export type A = React.FC\n",
      ],
    });
    expect(await findingsOf(before, after)).toEqual(["src/gone.ts:2 undefined-name likely (elsewhere)"]);
  });

  it("tells a return that was dropped while all around it stayed, whatever the type", async () => {
    const { before, after } = both({
      "src/any.ts": [
        "export async function load(a: any): Promise<any> {\n  await a.go();\n  return a.data;\n}\n",
        "export async function load(a: any): Promise<any> {\n  await a.go();\n  a.data;\n}\n",
      ],
      "src/any-statement.ts": [
        "export const make = (a: any): any => {\n  a.go();\n  return a.data;\n};\n",
        "export const make = (a: any): any => {\n  a.go();\n};\n",
      ],
      "src/maybe.ts": [
        "export function f(a: number): string | undefined {\n  if (a > 1) {\n    return undefined;\n  } else {\n    a++;\n    return String(a);\n  }\n}\n",
        "export function f(a: number): string | undefined {\n  if (a > 1) {\n    return undefined;\n  } else {\n    a++;\n  }\n}\n",
      ],
      "src/concise.ts": [
        "export const half = (a: number) => a / 2;\n",
        "export const half = (a: number) => {\n  a / 2;\n};\n",
      ],
      "src/given-on.ts": [
        "const make = () => {\n  const made = { a: 1 };\n  return made;\n};\nexport const one = () => make();\n",
        "const make = () => {\n  const made = { a: 1 };\n};\nexport const one = () => make();\n",
      ],
      "src/emptied.ts": [
        "const has = (a: string[]) => {\n  return a.includes('b');\n};\nexport const b = 1 > 2 || has([]);\n",
        "const has = (a: string[]) => {\n};\nexport const b = 1 > 2 || has([]);\n",
      ],
      "src/private.ts": [
        "export class A {\n  #size(a: number) {\n    if (a) return 1;\n    return a;\n  }\n  all() {\n    return [this.#size(1)];\n  }\n}\n",
        "export class A {\n  #size(a: number) {\n    if (a) return 1;\n  }\n  all() {\n    return [this.#size(1)];\n  }\n}\n",
      ],
      "lib/app.js": [
        "exports.pick = function (a) {\n  if (a) return 1;\n  return a + 1;\n};\n",
        "exports.pick = function (a) {\n  if (a) return 1;\n};\n",
      ],
    });
    expect(await findingsOf(before, after)).toEqual([
      "lib/app.js:1 missing-return likely (elsewhere)",
      "src/any-statement.ts:1 missing-return likely (elsewhere)",
      "src/any.ts:1 missing-return likely (elsewhere)",
      "src/concise.ts:1 missing-return likely",
      "src/emptied.ts:1 missing-return likely (elsewhere)",
      "src/given-on.ts:1 missing-return likely (elsewhere)",
      "src/maybe.ts:1 missing-return likely (elsewhere)",
      "src/private.ts:2 missing-return likely (elsewhere)",
    ]);
  });

  it("says nothing of what was written anew, of effects, and of what says that there is nothing", async () => {
    const { before, after } = both({
      "src/loop.ts": [
        "export function find(a: string[]): string | undefined {\n  return a.find((one) => one === 'b');\n}\n",
        "export function find(a: string[]): string | undefined {\n  for (const one of a) {\n    if (one === 'b') return one;\n  }\n}\n",
      ],
      "src/middleware.ts": [
        "export const only = async (c: { a: boolean; no(): number }, next: () => Promise<number>) => {\n  if (c.a) return next();\n  return c.no();\n};\n",
        "export const only = async (c: { a: boolean; no(): number }, next: () => Promise<number>) => {\n  if (c.a) return c.no();\n  await next();\n};\n",
      ],
      "src/effect.ts": [
        "export const save = (a: Map<string, number>) => a.set('b', 1);\nexport const set = (a: { b: number }) => (a.b = 1);\n",
        "export const save = (a: Map<string, number>) => {\n  a.set('b', 1);\n};\nexport const set = (a: { b: number }) => {\n  a.b = 1;\n};\n",
      ],
      "src/void.ts": [
        "export function add(a: number[]) {\n  a.push(1);\n  return a;\n}\n",
        "export function add(a: number[]): void {\n  a.push(1);\n}\n",
      ],
      "src/null.ts": [
        "export function pick(a: any): any {\n  if (a.b) return a.b;\n  return null;\n}\n",
        "export function pick(a: any): any {\n  if (a.b) return a.b;\n}\n",
      ],
      "src/bare.ts": [
        "export function pick(a: any) {\n  if (a.b) return a.b;\n  a.go();\n  return a;\n}\n",
        "export function pick(a: any) {\n  if (!a) return;\n  if (a.b) return a.b;\n  a.go();\n}\n",
      ],
      "src/unused.ts": [
        "export function add(a: number[]) {\n  a.push(1);\n  return a;\n}\nadd([]);\n",
        "export function add(a: number[]) {\n  a.push(1);\n}\nadd([]);\n",
      ],
    });
    expect(await findingsOf(before, after)).toEqual([]);
  });

  it("misses a test runner's name that a file imported, unless the runner gives it to every file", async () => {
    const imports = (names: string) => `import { ${names} } from 'mitata';\nrun();\nbench('a', () => {});\n`;
    const tests = (names: string) => `${names}test('a', () => {});\n`;
    const { before, after } = both({
      "benchmarks/a.mts": [imports("bench, run"), imports("run")],
      "benchmarks/b.mts": [imports("bench, run"), `const bench = (a, b) => [a, b];\n${imports("run")}`],
      "web/a.test.ts": [tests("import { test } from 'vitest';\n"), tests("")],
      "web/b.test.ts": [tests("import { test } from '@jest/globals';\n"), tests("")],
    });
    expect(await findingsOf(before, after)).toEqual([
      "benchmarks/a.mts:3 undefined-name likely (elsewhere)",
      "web/a.test.ts:1 undefined-name likely (elsewhere)",
    ]);
    const given = { ...before, "vitest.config.ts": "export default { test: { globals: true } };\n" };
    expect(await findingsOf(given, after)).toEqual(["benchmarks/a.mts:3 undefined-name likely (elsewhere)"]);
  });

  it("tells wrong numbers of arguments of a browser's functions where every runtime's are alike", async () => {
    const calls = `export function f(headers: Headers, url: URL, body: ArrayBuffer, node: Element, words: string) {
  headers.get('Vary', 0);
  crypto.subtle.digest('SHA-256', body, 0);
  url.toString(0);
  URL.createObjectURL(new Blob([]), 0);
  new TextEncoder(0);
  new Response(null, {}, 0);
  new Request();
  structuredClone(1, {}, 0);
  node.getAttribute('a', 0);
  new TextEncoder(words);
  performance.clearResourceTimings(words);
  document.open('a', 'b', 'c', 'd');
  close(1);
}
`;
    const lines = (numbers: readonly number[]) =>
      numbers.map((line) => `src/a.ts:${line} argument-count likely`).sort();
    const script = {
      "lib/a.js": "/** @param {Response} response */\nexports.a = (response) => response.json({});\n",
    };
    const found = await findingsOf(configuration, { "src/a.ts": calls, ...script });
    expect(found).toEqual(lines([2, 3, 4, 5, 6, 7, 8, 9, 10]));
    const noPage = {
      "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true, lib: ["es2022"] } }),
    };
    expect(await findingsOf({ ...configuration, ...noPage }, { "src/a.ts": calls })).toEqual(
      lines([2, 3, 4, 5, 6, 7, 8, 9]),
    );
  });
});
