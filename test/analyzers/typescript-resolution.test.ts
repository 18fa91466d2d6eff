import { describe, expect, it } from "vitest";
import { type Files, findingsOf, screen } from "../review/prescreen-screening.js";
import { testRepository } from "../support/repository.js";

const json = (value: unknown) => JSON.stringify(value);
const strict = json({ compilerOptions: { strict: true } });

/** Findings of a change in a repository that has dependencies installed, and links among them. */
async function withInstalled(
  {
    before,
    after,
    installed,
    links = {},
  }: Record<"before" | "after" | "installed", Files> & {
    links?: Record<string, string>;
  },
  options: { commitAfter?: boolean } = {},
): Promise<string[]> {
  const repository = testRepository();
  try {
    repository.write({ ".gitignore": "node_modules\ndist\n", ...before });
    repository.commit();
    repository.write(installed);
    for (const [path, target] of Object.entries(links)) repository.link(path, target);
    repository.write(after);
    if (options.commitAfter) repository.commit();
    const { findings, engines } = await screen(
      repository,
      options.commitAfter ? { base: "HEAD~1", head: "HEAD" } : {},
    );
    const broken = engines.filter(({ state }) => state !== "ok" && state !== "skipped");
    return [
      ...broken.map(({ name, state, note }) => `${name} ${state}: ${note}`),
      ...findings
        .filter(({ severity }) => severity !== "hint")
        .map((one) => `${one.file}:${one.line} ${one.class} ${one.severity}`),
    ].sort();
  } finally {
    repository.remove();
  }
}

const thing = {
  "node_modules/thing/package.json": json({ name: "thing", version: "1.2.3", types: "index.d.ts" }),
  "node_modules/thing/index.d.ts":
    "export declare function one(a: number): string;\nexport declare function maybe(): { name: string } | undefined;\n",
};
const lockOf = (version: string) =>
  json({ lockfileVersion: 3, packages: { "node_modules/thing": { version } } });
const asks = (range: string) => json({ name: "app", dependencies: { thing: range } });
const uses = `import { one, two } from "thing";
import { maybe } from "thing";
export const a = one();
export const b = maybe().name;
export const c = two;
`;
const usesFound = [
  "src/a.ts:1 missing-export likely",
  "src/a.ts:3 argument-count likely",
  "src/a.ts:4 null-access likely",
];

describe("installed dependencies", () => {
  it.each([
    ["npm", { "package-lock.json": lockOf("1.2.3") }],
    [
      "pnpm",
      { "pnpm-lock.yaml": "lockfileVersion: '9.0'\npackages:\n\n  thing@1.2.3:\n    resolution: {}\n" },
    ],
    ["yarn", { "yarn.lock": 'thing@^1.0.0:\n  version "1.2.3"\n' }],
    ["berry", { "yarn.lock": '"thing@npm:^1.0.0":\n  version: 1.2.3\n' }],
    ["bun", { "bun.lock": '{ "packages": { "thing": ["thing@1.2.3", "", {}] } }' }],
    ["no lock file", {}],
  ])("are used when they are what is asked for (%s)", async (_, lock) => {
    const before = { "tsconfig.json": strict, "package.json": asks("^1.0.0"), ...lock };
    expect(await withInstalled({ before, after: { "src/a.ts": uses }, installed: thing })).toEqual(usesFound);
  });

  it.each([
    ["the lock file names another version", { "package-lock.json": lockOf("1.9.0") }, {}],
    [
      "the change moves the lock file on",
      { "package-lock.json": lockOf("1.2.3") },
      { "package-lock.json": lockOf("1.4.0") },
    ],
    [
      "the change asks for another range",
      { "package-lock.json": lockOf("1.2.3") },
      { "package.json": asks("^2.0.0") },
    ],
    ["nobody asks for it", { "package.json": "{}" }, {}],
  ])("are left alone when %s", async (_, lock, moved) => {
    const before = { "tsconfig.json": strict, "package.json": asks("^1.0.0"), ...lock };
    expect(await withInstalled({ before, after: { "src/a.ts": uses, ...moved }, installed: thing })).toEqual(
      [],
    );
  });

  it("are found through pnpm's links, and not outside of the work tree", async () => {
    const store = "node_modules/.pnpm/thing@1.2.3/node_modules/thing";
    const installed = Object.fromEntries(
      Object.entries(thing).map(([path, text]) => [path.replace("node_modules/thing", store), text]),
    );
    const before = {
      "tsconfig.json": strict,
      "packages/app/package.json": asks("^1.0.0"),
      "pnpm-lock.yaml": "packages:\n\n  thing@1.2.3:\n    resolution: {}\n",
    };
    const after = { "packages/app/src/a.ts": uses };
    const found = usesFound.map((one) => `packages/app/${one}`);
    const inside = { "packages/app/node_modules/thing": `../../../${store}` };
    expect(await withInstalled({ before, after, installed, links: inside })).toEqual(found);
    const outside = { "packages/app/node_modules/thing": "../../../../outside" };
    const planted = Object.fromEntries(
      Object.entries(thing).map(([path, text]) => [path.replace("node_modules/thing", "../outside"), text]),
    );
    expect(await withInstalled({ before, after, installed: planted, links: outside })).toEqual([]);
  });

  it("give a linked workspace package its sources on each side, never those of the work tree", async () => {
    const before = {
      "tsconfig.json": strict,
      "package.json": json({ workspaces: ["packages/*"] }),
      "packages/lib/package.json": json({
        name: "@w/lib",
        version: "1.0.0",
        main: "dist/index.js",
        types: "dist/index.d.ts",
      }),
      "packages/lib/src/index.ts": "export const kept = 1;\nexport const gone = 2;\n",
      "packages/app/package.json": json({ name: "@w/app", dependencies: { "@w/lib": "^1.0.0" } }),
      "packages/app/src/a.ts": `import { gone } from "@w/lib";\nexport const a = gone;\n`,
    };
    const after = { "packages/lib/src/index.ts": "export const kept = 1;\n" };
    // A build of yesterday still has what is gone.
    const installed = {
      "packages/lib/dist/index.d.ts": "export declare const gone: number;\n",
      "node_modules/.keep": "",
    };
    const links = { "node_modules/@w/lib": "../../packages/lib" };
    expect(await withInstalled({ before, after, installed, links })).toEqual([
      "packages/app/src/a.ts:1 missing-export likely",
    ]);
  });

  it("bring their ambient types, which ours do not contradict", async () => {
    const node = {
      "node_modules/@types/node/package.json": json({
        name: "@types/node",
        version: "20.0.0",
        types: "index.d.ts",
      }),
      "node_modules/@types/node/index.d.ts": `declare var process: { exit(code?: number): never; argv: string[] };
declare module "node:assert" { function assert(value: unknown): asserts value; export = assert; }
declare module "node:fs" { export function readFileSync(path: string): string; }
`,
    };
    const before = {
      "tsconfig.json": strict,
      "package.json": json({ devDependencies: { "@types/node": "^20.0.0" } }),
    };
    const after = {
      "src/a.ts": `import assert from "node:assert";
import { readFileSync, readFileSink } from "node:fs";
export function f(n: number | null): number {
  assert(n);
  if (n > 5) process.exit(n);
  return n + process.argv.length + readFileSync("a").length;
}
export function g(n: number): number {
  if (n > 0) return n;
  process.exit(1);
}
export const h = readFileSink;
`,
    };
    expect(await withInstalled({ before, after, installed: node })).toEqual([
      "src/a.ts:2 missing-export likely",
    ]);
  });

  it("are read from the main work tree when a linked one has none of its own", async () => {
    const repository = testRepository();
    try {
      repository.write({
        ".gitignore": "node_modules\n",
        "tsconfig.json": strict,
        "package.json": asks("^1.0.0"),
      });
      repository.commit();
      repository.write(thing);
      const linked = `${repository.path}-linked`;
      repository.git("worktree", "add", "-q", linked);
      const { writeFileSync } = await import("node:fs");
      writeFileSync(`${linked}/a.ts`, uses);
      const { findings } = await screen(repository, { sluice: repository.sluice({ cwd: linked }) });
      expect(
        findings.map((one) => `src/${one.file}:${one.line} ${one.class} ${one.severity}`).sort(),
      ).toEqual(usesFound);
    } finally {
      repository.remove();
    }
  });
});

describe("workspaces that are not installed", () => {
  const lib = "export const kept = 1;\nexport function take(a: number): number {\n  return a;\n}\n";
  it.each([
    [
      "npm, main in dist",
      { "package.json": json({ workspaces: ["packages/*"] }) },
      { main: "dist/index.js" },
      "src/index.ts",
    ],
    [
      "yarn, object form",
      { "package.json": json({ workspaces: { packages: ["packages/**"] } }) },
      { module: "./dist/esm/main.js" },
      "src/main.ts",
    ],
    [
      "pnpm",
      { "package.json": "{}", "pnpm-workspace.yaml": "packages:\n  # all\n  - 'packages/*'\n" },
      { exports: { ".": { types: "./build/legacy/index.d.ts", default: "./build/legacy/index.js" } } },
      "src/index.tsx",
    ],
    ["lerna", { "lerna.json": json({ packages: ["packages/*"] }) }, {}, "index.js"],
    [
      "bundled under another name",
      { "package.json": json({ workspaces: ["packages/lib", "packages/app"] }) },
      { main: "dist/lib.cjs" },
      "src/index.ts",
    ],
  ])("resolve to their sources: %s", async (_, top, entry, source) => {
    const before = {
      "tsconfig.json": strict,
      ...top,
      "packages/lib/package.json": json({ name: "@w/lib", version: "1.0.0", ...entry }),
      [`packages/lib/${source}`]: source.endsWith(".js") ? lib.replaceAll(": number", "") : lib,
      "packages/app/package.json": json({ name: "@w/app", dependencies: { "@w/lib": "workspace:*" } }),
    };
    const after = {
      "packages/app/a.ts": `import { kept, nope } from "@w/lib";\nexport const a = kept + nope;\n`,
    };
    expect(await findingsOf(before, after)).toEqual(["packages/app/a.ts:1 missing-export likely"]);
  });

  it("sees through an entry that only loads what is built", async () => {
    const before = {
      "tsconfig.json": strict,
      "package.json": json({ workspaces: ["packages/*"] }),
      "packages/lib/package.json": json({
        name: "lib",
        exports: {
          ".": { import: { types: "./dist/lib.d.mts", node: "./index.mjs" }, require: "./index.js" },
        },
      }),
      "packages/lib/index.js": `module.exports = require("./dist/lib.cjs.js");\n`,
      "packages/lib/index.mjs": `export * from "./index.js";\n`,
      "packages/lib/src/index.ts": "export const kept = 1;\n",
      "packages/plain/package.json": json({ name: "plain", main: "index.mjs" }),
      "packages/plain/index.mjs": `export * from "./common.cjs";\n`,
      "packages/plain/common.cjs": `module.exports = require("./dist/plain.cjs");\n`,
    };
    const after = {
      "packages/app/a.ts": `import { kept, gone } from "lib";\nimport { any } from "plain";\nexport const a = [kept, gone, any];\n`,
    };
    expect(await findingsOf(before, after)).toEqual(["packages/app/a.ts:1 missing-export likely"]);
  });

  it("follows subpaths, patterns and #imports, and leaves what has no source alone", async () => {
    const before = {
      "tsconfig.json": strict,
      "package.json": json({ workspaces: ["packages/*"] }),
      "packages/lib/package.json": json({
        name: "lib",
        version: "2.0.0",
        exports: {
          ".": "./dist/bundle.js",
          "./tool": "./dist/tool.mjs",
          "./deep/*": "./dist/deep/*.js",
          "./gen": "./dist/gen.js",
        },
        imports: { "#inner/*": "./dist/inner/*.js" },
      }),
      "packages/lib/src/tool.ts": "export const tool = 1;\n",
      "packages/lib/src/deep/one.ts": "export const one = 1;\n",
      "packages/lib/src/inner/x.ts": "export const x = 1;\n",
      "packages/lib/src/start.ts": "export const start = 1;\n",
      "packages/old/package.json": json({ name: "old", dependencies: { lib: "^1.0.0" } }),
    };
    const after = {
      "packages/lib/src/use.ts": `import { x, y } from "#inner/x";\nimport { z } from "#inner/none";\nexport const u = [x, y, z];\n`,
      "packages/app/a.ts": `import { start, anything } from "lib";
import { tool, hammer } from "lib/tool";
import { one, two } from "lib/deep/one";
import { gen } from "lib/gen";
import { other } from "lib/nowhere";
export const a = [start, anything, tool, hammer, one, two, gen, other];
`,
      // It asks for a published version that is older than the sources.
      "packages/old/a.ts": `import { hammer } from "lib/tool";\nexport const a = hammer;\n`,
    };
    expect(await findingsOf(before, after)).toEqual([
      "packages/app/a.ts:2 missing-export likely",
      "packages/app/a.ts:3 missing-export likely",
      "packages/lib/src/use.ts:1 missing-export likely",
    ]);
  });
});

describe("importers of what a change takes away", () => {
  it("are found by alias, by package name and behind re-exports, wherever they are", async () => {
    const before = {
      "tsconfig.json": json({ compilerOptions: { strict: true, paths: { "@lib/*": ["./packages/*/src"] } } }),
      "package.json": json({ workspaces: ["packages/*"] }),
      "packages/lib/package.json": json({ name: "@w/lib", main: "dist/index.js" }),
      "packages/lib/src/index.ts": `export * from "./inner.js";\nexport { changed as renamed } from "./inner";\n`,
      "packages/lib/src/inner.ts":
        "export const gone = 1;\nexport function changed(a: number): number {\n  return a;\n}\n",
      "packages/app/by-name.ts": `import { gone } from "@w/lib";\nexport const a = gone;\n`,
      "packages/app/by-alias.ts": `import { gone } from "@lib/lib";\nexport const a = gone;\n`,
      "packages/app/signature.ts": `import { renamed } from "@w/lib";\nexport const a = renamed(1);\n`,
      "packages/app/bystander.ts": `export const gone = 1;\n`,
    };
    const after = {
      "packages/lib/src/inner.ts":
        "export function changed(a: number, b: number): number {\n  return a + b;\n}\n",
    };
    expect(await findingsOf(before, after)).toEqual([
      "packages/app/by-alias.ts:1 missing-export certain (elsewhere)",
      "packages/app/by-name.ts:1 missing-export likely (elsewhere)",
      "packages/app/signature.ts:2 argument-count likely (elsewhere)",
    ]);
  });
});

describe("what is no missing module", () => {
  it("knows assets, generated types, path suffixes and sources under other names", async () => {
    const before = {
      "tsconfig.json": json({
        compilerOptions: {
          strict: true,
          rootDirs: ["./app", "./.generated/app"],
          moduleSuffixes: [".web", ""],
          baseUrl: ".",
        },
        include: ["app"],
      }),
      "app/data.json": json({ a: 1 }),
      "app/logo.svg": "<svg/>",
      "app/style.module.css": ".a {}",
      "app/platform.web.ts": "export const platform = 1;\n",
      "app/shader.glsl": "void main() {}",
      "shared/util.ts": "export const util = 1;\n",
      "jsapp/jsconfig.json": json({ compilerOptions: { paths: { "~/*": ["./src/*"] } } }),
      "jsapp/src/mod.js": "export const mod = 1;\n",
    };
    const after = {
      "app/a.ts": `import data from "./data.json";
import logo from "./logo.svg";
import styles from "./style.module.css";
import raw from "./shader.glsl?raw";
import { platform } from "./platform";
import { util } from "shared/util";
import type { Route } from "./+types/home";
import type { PageData } from "./$types";
import made from "./made-by-rootdirs";
import virtual from "virtual:thing";
export const all: unknown[] = [data.a, logo, styles, raw, platform, util, made, virtual];
export type All = Route | PageData;
`,
      "jsapp/src/use.js": `import { mod, dom } from "~/mod";\nexport const a = mod + dom;\n`,
    };
    expect(await findingsOf(before, after)).toEqual(["jsapp/src/use.js:1 missing-export certain"]);
  });
});
