import { describe, expect, it } from "vitest";
import { directImports, importersOf } from "../../src/change/imports.js";
import { changeInMemory, type Files } from "./trees-in-memory.js";

const json = JSON.stringify;
const range = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));
const deep = (open: string, close: string, count = 100_000) => open.repeat(count) + close.repeat(count);
const code: Files = {
  "src/a.ts": `import "./b";\nimport "@app/c";\nimport "#d";\nimport "pack/e";\n`,
  "src/b.ts": "1;",
  "src/c.ts": "1;",
};

/** What took minutes, or all memory, takes well under this on a slow machine with other things to do. */
const patience = 15_000;

/** Configurations of `count` that each extend all the others: as many ways as there are orders of them. */
const everyOther = (count: number) =>
  Object.fromEntries(
    range(count, (at) => [
      `tsconfig${at === 0 ? "" : `.${at}`}.json`,
      json({ extends: range(count, (other) => `./tsconfig${other === 0 ? "" : `.${other}`}.json`) }),
    ]),
  );

describe("imports are read in time, and the others are found, where configuration is", () => {
  it.each<[string, () => Files, string[]]>([
    [
      "one that extends itself a hundred times",
      () => ({ "tsconfig.json": json({ extends: range(100, () => "./tsconfig.json") }) }),
      [],
    ],
    ["a circle of many", () => everyOther(40), []],
    [
      "a chain of a thousand, with what is at its end",
      () => ({
        ...Object.fromEntries(
          range(1_000, (at) => [
            `tsconfig${at === 0 ? "" : `.${at}`}.json`,
            json({ extends: [`./tsconfig.${at + 1}.json`, `./tsconfig.${Math.min(at + 2, 1_000)}.json`] }),
          ]),
        ),
        "tsconfig.1000.json": json({ compilerOptions: { paths: { "@app/*": ["./src/*"] } } }),
      }),
      ["src/c.ts"],
    ],
    [
      "nested without end",
      () => ({
        "tsconfig.json": deep("[", "]"),
        "src/tsconfig.json": deep('{"compilerOptions":', "}").replace("}", "1}"),
        "package.json": deep('{"imports":', "}"),
        "src/package.json": `{"name":"pack","exports":${deep("[", "]", 1_000)}}`,
      }),
      [],
    ],
    [
      "patterns without end",
      () => ({
        "tsconfig.json": json({
          compilerOptions: { paths: Object.fromEntries(range(8_000, (at) => [`x${at}*`, ["./src/*"]])) },
        }),
        ...Object.fromEntries(
          range(200, (at) => [`p${at}/tsconfig.json`, json({ extends: "../tsconfig.json" })]),
        ),
      }),
      [],
    ],
    [
      "packages of thousands of names",
      () =>
        Object.fromEntries(
          range(60, (at) => [
            `q${at}/package.json`,
            json({
              name: `q${at}`,
              exports: Object.fromEntries(range(2_000, (key) => [`./x${key}`, `./dist/${key}.js`])),
              imports: Object.fromEntries(range(2_000, (key) => [`#x${key}`, `./${"*".repeat(20)}`])),
            }),
          ]),
        ),
      [],
    ],
    [
      "a target that grows",
      () => ({ "package.json": json({ name: "pack", exports: { "./*": `./${"*".repeat(200_000)}` } }) }),
      [],
    ],
  ])("%s", async (_, extra, more) => {
    const change = changeInMemory({ ...code, ...extra() });
    const started = performance.now();
    const found = await directImports(change, "head", ["src/a.ts"]);
    expect(found.get("src/a.ts")).toEqual(["src/b.ts", ...more]);
    const importers = await importersOf(change, "head", ["src/b.ts"]);
    expect(importers.get("src/b.ts")).toEqual(["src/a.ts"]);
    expect(performance.now() - started).toBeLessThan(patience);
  });
});
