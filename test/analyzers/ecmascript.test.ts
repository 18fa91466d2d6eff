import { describe, expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

const strict = JSON.stringify({ compilerOptions: { strict: true, paths: { "@app/*": ["./src/*"] } } });
const library = `export interface User { name: string; email: string | null }
export function load(id: number): User | undefined {
  return id > 0 ? { name: "a", email: null } : undefined;
}
export const limit = 3;
export const gone = 4;
`;

describe("TypeScript and JavaScript", () => {
  it("finds one planted mistake of each class", async () => {
    const before = {
      "tsconfig.json": strict,
      "src/lib.ts": library,
      "src/import.ts": `import { limit } from "./lib.js";\nexport const twice = limit * 2;\n`,
      "src/null.ts": `import { load } from "./lib";\nexport function name(id: number): string {\n  const user = load(id);\n  if (!user) return "";\n  return user.name;\n}\n`,
      "src/return.ts": `export function sign(n: number): number {\n  if (n > 0) return 1;\n  return -1;\n}\nexport function pick(n) {\n  if (n > 0) return 1;\n  return 0;\n}\n`,
      "src/importer.ts": `import { gone } from "@app/lib";\nexport const still = gone;\n`,
      "web/plain.js": `import { used } from "./other.js";\nexport const x = used();\n`,
      "web/other.js": `export function used() {\n  return 1;\n}\n`,
    };
    const after = {
      "src/lib.ts": library.replace("export const gone = 4;\n", ""),
      "src/import.ts": `export const twice = limit * 2;\n`,
      "src/null.ts": `import { load } from "./lib";\nexport function name(id: number): string {\n  const user = load(id);\n  return user.name;\n}\n`,
      "src/return.ts": `export function sign(n: number): number {\n  if (n > 0) return 1;\n}\nexport function pick(n) {\n  if (n > 0) return 1;\n}\n`,
      "src/more.ts": `import { load, missing } from "./lib.js";
import { nothing } from "./nothing.js";
import { alias } from "@app/nowhere";
export const a = load();
export const b = { key: 1, other: 2, key: 3 };
export const c = load(1)?.nam;
const fixed = 1;
fixed = 2;
export const d = early + nothing + alias + missing;
const early = 1;
export function e(n: "x" | "y") {
  if (n === "z") return 1;
  return 2;
  load(1);
}
export const f = fixed === fixed;
`,
      "src/view.tsx": `import React from "react";\nexport const View = (props: { title: string }) => <p onClick={() => save()}>{props.titel}</p>;\n`,
      "src/broken.ts": `export function broken( {\n  return 1;\n`,
      "web/plain.js": `export const x = used();\nswitch (x) {\n  case 1: break;\n  case 1: break;\n}\ndebugger;\n`,
      "web/new.mjs": `import { nope } from "./other.js";\nexport const y = nope;\nexport const z = undefinedThing;\nif (typeof y === "strnig") throw new Error(y);\n`,
      "test/a.test.ts": `it.only("runs alone", () => {});\n`,
    };
    expect(await findingsOf(before, after)).toEqual([
      "src/broken.ts:2 syntax certain",
      "src/import.ts:1 undefined-name certain (elsewhere)",
      "src/importer.ts:1 missing-export certain (elsewhere)",
      "src/more.ts:1 missing-export certain",
      "src/more.ts:12 constant-condition likely",
      "src/more.ts:14 unreachable-code likely",
      "src/more.ts:16 self-comparison certain",
      "src/more.ts:2 missing-module certain",
      "src/more.ts:3 missing-module likely",
      "src/more.ts:4 argument-count likely",
      "src/more.ts:5 duplicate-key certain",
      "src/more.ts:6 missing-member likely",
      "src/more.ts:8 constant-assignment certain",
      "src/more.ts:9 use-before-assignment certain",
      "src/null.ts:4 null-access likely (elsewhere)",
      "src/return.ts:1 missing-return likely (elsewhere)",
      "src/return.ts:4 missing-return likely (elsewhere)",
      "src/view.tsx:2 missing-member likely",
      "src/view.tsx:2 undefined-name certain",
      "test/a.test.ts:1 focused-test likely",
      "web/new.mjs:1 missing-export certain",
      "web/new.mjs:3 undefined-name certain",
      "web/new.mjs:4 constant-condition certain",
      "web/plain.js:1 undefined-name certain (elsewhere)",
      "web/plain.js:4 duplicate-case certain",
      "web/plain.js:6 debugger likely",
    ]);
  });

  it("says nothing of clean code that leans on packages which are not installed", async () => {
    const before = {
      "tsconfig.json": JSON.stringify({ extends: "@tsconfig/node20/tsconfig.json" }),
      "package.json": "{}",
      ".gitignore": "src/generated/\nconfig.local.js\n",
      "src/auto.vue": "<template/>",
      "src/theme.css": "p {}",
      "lib/uses-auto.js": "export default { go() { return useStore().load(useStore()) } }\n",
      "lib/uses-auto-2.js": "export const y = () => useStore().save()\n",
    };
    const after = {
      "src/server.ts": `import assert from "node:assert";
import fs from "node:fs";
import express, { type Request, Router } from "express";
import invariant from "tiny-invariant";
import { isString } from "lodash";
import { client } from "./generated/client";
import Auto from "./auto.vue";
import "./theme.css";
import type { Props } from "ui-kit";

declare module "express" {
  interface Request { user?: { id: string } }
}

interface ButtonProps extends Props { label: string }
class Store extends express.Base { count = 1 }

export function handler(req: Request, res: any): string {
  const user: { id: string } | undefined = req.user;
  invariant(user, "needs a user");
  return user.id;
}
export function start(port: string | undefined): number {
  if (!port) {
    console.error("no port");
    process.exit(1);
  }
  const timer = setTimeout(() => {}, 10);
  timer.unref();
  return Number.parseInt(port, 10);
}
export function check(value: string | null): number {
  assert(value);
  return value.length;
}
export function guard(value: string | number): string {
  if (isString(value)) return value.trim();
  return "";
}
export function label(props: ButtonProps) {
  return props.onClick(props.label);
}
export function fail(code: number): number {
  if (code > 0) return code;
  Router.notFound();
}
export const store = new Store(1, 2);
export const here = __dirname + import.meta.env.MODE + Buffer.from("a") + fs.sep + client + Auto;
export const isNaNValue = (x: number) => x !== x; // only NaN differs from itself
try {
  require("./config.local");
} catch {}
store.save(store.count);
`,
      "src/view.tsx": `import React, { useEffect, useState } from "react";
interface Props extends React.HTMLAttributes<HTMLDivElement> { open?: boolean }
export class Old extends React.Component<Props> {
  state = { a: 1 };
  render() {
    this.setState({ a: 2 });
    return <div className={this.props.className}>{this.props.children}</div>;
  }
}
export function View({ open, className, ...rest }: Props) {
  const [value, setValue] = useState<string | null>(null);
  useEffect(() => {
    if (!open) return;
    const stop = subscribe();
    return () => stop();
  }, [open]);
  return <div className={className} {...rest} onClick={(event) => setValue(event.currentTarget.id)}>{value}</div>;
}
function subscribe() {
  return () => {};
}
`,
      "test/view.test.ts": `describe("view", () => {\n  beforeEach(() => {});\n  it("works", () => {\n    expect(jest.fn()).toBeDefined();\n  });\n});\n`,
      "lib/auto.js": "export const x = useStore().load();\n",
      "lib/page.js": "window.app = { start: function () { return $('#a').val() + myGlobal; } };\n",
      "lib/flow.js":
        "// @flow\nexport type A = { b: ?string };\nexport function f(a: A): string { return a.b; }\n",
      "lib/switch.js":
        "export function f(a) {\n  switch (a) {\n    case 1:\n      return 2;\n      break;\n    default:\n      return 3;\n  }\n}\nwhile (true) { if (f(1)) break; }\n",
      "lib/silent.js": "// eslint-disable-next-line no-undef\nexport const z = SOMETHING_GLOBAL;\n",
      "src/nocheck.ts": "// @ts-nocheck\nexport const a: number = notThere;\n",
    };
    expect(await findingsOf(before, after)).toEqual([]);
  });

  it("misses what a file required by hand, though others get a name like it from somewhere", async () => {
    const before = {
      "lib/send.js":
        "var path = require('path');\nmodule.exports = path.resolve;\nexports.f = (path) => typeof path === 'string';\n",
      "lib/read.js": "const { join } = require('path');\nmodule.exports = join('a', 'b');\n",
      "page/tree.js": "path.go();\npath.stop();\njoin(1);\njoin(2);\nglue(1);\nglue(2);\n",
    };
    const after = {
      "lib/send.js": "module.exports = path.resolve;\nexports.f = (path) => typeof path === 'string';\n",
      "lib/read.js": "module.exports = join('a', 'b');\n",
      "page/more.js": "module.exports = glue(3);\n",
    };
    expect(await findingsOf(before, after)).toEqual([
      "lib/read.js:1 undefined-name certain (elsewhere)",
      "lib/send.js:1 undefined-name certain (elsewhere)",
    ]);
  });

  it("does not take old mistakes for new ones when they move, or when their types read differently", async () => {
    const wrong = `export function f(o: { a: number }): number {\n  return o.b + oldName;\n}\n`;
    const before = {
      "tsconfig.json": strict,
      "src/a.ts": wrong,
      "src/b.ts": `export function g(n: number | null): number {\n  return n.valueOf();\n}\n`,
      "src/c.ts": `export const c = someMistake(1);\n`,
      "src/old.ts": `import { x } from "./nowhere";\nexport const y = x === x ? undefinedOne : 1;\n`,
    };
    const after = {
      "src/a.ts": `// a new first line\n\n${wrong.replace("{ a: number }", "{ a: number; c: string }")}`,
      "src/b.ts": `export const before = 1;\nexport function g(n: number | null): number {\n  return n.valueOf();\n}\n`,
      "src/c.ts": `export const c = 1;\n`,
      "src/d.ts": `export const c = someMistake(1);\n`,
      "src/old.ts": null,
      "src/renamed.ts": `import { x } from "./nowhere";\nexport const y = x === x ? undefinedOne : 1;\n`,
    };
    expect(await findingsOf(before, after)).toEqual([]);
  });

  it("reads tsconfig as data: strictness, extends inside the repository, nothing outside", async () => {
    const nullable = `export const n = (s: string | null) => s.length;\n`;
    const before = {
      "loose/tsconfig.json": `{ // loose\n  "extends": "../base.json", }`,
      "base.json": `{ "compilerOptions": { "strict": false, "plugins": [{ "name": "../plugin.js" }] } }`,
      "outside/tsconfig.json": `{ "extends": "../../../../../../etc/tsconfig.json", "compilerOptions": { "strictNullChecks": true } }`,
      "broken/tsconfig.json": `{ "compilerOptions": `,
    };
    const after = {
      "loose/a.ts": nullable,
      "outside/a.ts": nullable,
      "broken/a.ts": "export const b = nowhere;\n",
    };
    expect(await findingsOf(before, after)).toEqual([
      "broken/a.ts:1 undefined-name certain",
      "outside/a.ts:1 null-access likely",
    ]);
  });
});
