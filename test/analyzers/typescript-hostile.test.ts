import { expect, it } from "vitest";
import { filesOfGlobs } from "../../src/analyzers/typescript/globs.js";
import { projectFinder, root } from "../../src/analyzers/typescript/project.js";
import { openTree } from "../../src/analyzers/typescript/tree.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const json = JSON.stringify;
const range = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));
const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000);
const patience = 15_000;

/** The configuration that covers `src/a.ts`, and whether it is strict. */
function found(repository: TestRepository, files: Record<string, string>) {
  repository.write({ ...files, "src/a.ts": "1;\n" });
  const ids = new Map(["src/a.ts", ...Object.keys(files)].map((path) => [path, path]));
  const tree = openTree({ folder: repository.path, ids, workspaceFiles: new Map() }, null);
  const { config, strictNullChecks } = projectFinder(tree)(`${root}/src/a.ts`);
  return [config.slice(root.length + 1), strictNullChecks];
}

const strict = json({ compilerOptions: { strict: true } });
const wild = "**/**/**/{a,b}".concat("{a,b}".repeat(20_000));

it.each<[string, Record<string, string>, [string, boolean]]>([
  [
    "extended in a circle",
    {
      "tsconfig.json": json({ extends: ["./b.json", "./tsconfig.json"] }),
      "b.json": json({ extends: "./tsconfig.json", compilerOptions: { strict: true } }),
    },
    ["tsconfig.json", true],
  ],
  [
    "extended a thousand times",
    {
      ...Object.fromEntries(
        range(1_000, (at) => [
          at === 0 ? "tsconfig.json" : `t/${at}.json`,
          json({
            extends: [1, 2].map((next) => `./${at === 0 ? "t/" : ""}${Math.min(at + next, 1_000)}.json`),
          }),
        ]),
      ),
      "t/1000.json": strict,
    },
    ["tsconfig.json", true],
  ],
  [
    "of thousands of references in a circle",
    {
      "tsconfig.json": json({ files: [], references: range(800, (at) => ({ path: `./p${at}` })) }),
      ...Object.fromEntries(
        range(800, (at) => [
          `p${at}/tsconfig.json`,
          json({
            compilerOptions: { strict: true },
            references: [{ path: `../p${(at + 1) % 800}` }, { path: ".." }],
          }),
        ]),
      ),
    },
    ["tsconfig.json", false],
  ],
  [
    "of patterns that explode",
    {
      "tsconfig.json": json({
        extends: "./more.json",
        include: ["src", wild, ...range(5_000, (at) => `a*b*c*${at}/**/*`)],
        exclude: [wild, ...range(5_000, (at) => `**/a*b*c${at}`)],
        compilerOptions: { strict: true, paths: { [wild]: [wild] } },
      }),
      "more.json": json({ exclude: range(5_000, (at) => `**/a*b*c${at}`) }),
    },
    ["", true],
  ],
  [
    "of patterns that are many",
    {
      "tsconfig.json": json({
        extends: "./more.json",
        include: ["src", "**/*".repeat(200), ...range(5_000, (at) => `a*b*c*${at}/**/*`)],
        compilerOptions: { strict: true },
      }),
      "more.json": json({ exclude: range(5_000, (at) => `**/a*b*c${at}`) }),
    },
    ["tsconfig.json", true],
  ],
  ["nested without end", { "tsconfig.json": deep("[", "]") }, ["", true]],
  [
    "nested without end, near another",
    { "src/tsconfig.json": deep('{"files":', "}"), "tsconfig.json": strict },
    ["tsconfig.json", true],
  ],
  [
    "one of thousands beside each other",
    {
      ...Object.fromEntries(range(1_200, (at) => [`tsconfig.${at}.json`, json({ include: ["nowhere"] })])),
      "tsconfig.json": strict,
    },
    ["tsconfig.json", true],
  ],
])("a configuration is found in time: %s", (_, files, expected) => {
  const repository = testRepository();
  try {
    const started = performance.now();
    expect(found(repository, files)).toEqual(expected);
    expect(performance.now() - started).toBeLessThan(patience);
  } finally {
    repository.remove();
  }
});

it("a file in a thousand folders is not matched by every way to choose from them", () => {
  const files = [`/r/${"a/".repeat(1_000)}a.ts`, "/r/a/a/a/b/c.ts"];
  expect(filesOfGlobs(files, "/r", [".ts"], ["**/a/**/a/**/a/**/b/*"], [])).toEqual(["/r/a/a/a/b/c.ts"]);
});
