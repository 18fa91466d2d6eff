import { describe, expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

const configuration = {
  "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
  "package.json": "{}",
};

describe("what is said of TypeScript and JavaScript", () => {
  it("tells a value that is no longer returned, where it was and is used", async () => {
    const before = {
      ...configuration,
      "src/a.ts": `export function pick(n) {
  if (n > 0) return 1;
  return 0;
}
export function only(n: number) {
  return n + 1;
}
export const used = only(1) + 1;
export function unused(n: number) {
  return n + 1;
}
unused(2);
export function early(n: number) {
  n++;
  return n;
}
export class A {
  size() {
    return 1;
  }
  twice() {
    return this.size() * 2;
  }
}
`,
      "lib/b.js": `export function pick(n) {
  if (n > 0) return 1;
  return 0;
}
export const only = (n) => {
  return n + 1;
};
export const used = [only(1)];
`,
      "lib/uses.js": `import { other } from "./c.js";\nconsole.log(other().length);\n`,
      "lib/c.js": `export function other() {\n  const x = "a";\n  return x;\n}\n`,
    };
    const after = {
      "src/a.ts": `export function pick(n) {
  if (n > 0) return 1;
}
export function only(n: number) {
  n + 1;
}
export const used = only(1) + 1;
export function unused(n: number) {
  n + 1;
}
unused(2);
export function early(n: number) {
  if (n > 3) return;
  n++;
  return n;
}
export class A {
  size() {
    console.log(1);
  }
  twice() {
    return this.size() * 2;
  }
}
`,
      "lib/b.js": `export function pick(n) {
  if (n > 0) return 1;
}
export const only = (n) => {
  n + 1;
};
export const used = [only(1)];
`,
      "lib/c.js": `export function other() {\n  const x = "a";\n  console.log(x);\n}\n`,
    };
    expect(await findingsOf(before, after)).toEqual([
      "lib/b.js:1 missing-return likely (elsewhere)",
      "lib/b.js:4 missing-return likely (elsewhere)",
      "lib/c.js:1 missing-return likely (elsewhere)",
      "src/a.ts:1 missing-return likely (elsewhere)",
      "src/a.ts:18 missing-return likely (elsewhere)",
      "src/a.ts:4 missing-return likely (elsewhere)",
      // Nobody uses it, but the word `return` alone is gone.
      "src/a.ts:8 missing-return likely (elsewhere)",
    ]);
  });

  it("tells a lost return where something unknown may not come back, and what JavaScript needs in any case", async () => {
    const before = {
      ...configuration,
      "lib/valid.js": `const { Validator, stop } = require("somewhere");
function isValid(text) {
  const validator = new Validator();
  if (!text) return false;
  try {
    validator.validate(text);
  } catch {
    return false;
  }
  return true;
}
function fails(text) {
  if (text) return 1;
  return 2;
}
module.exports = { isValid, fails };
`,
      "lib/place.js": `function place(text) {
  const name = String(text);
  return name.indexOf("a");
}
exports.place = place;
`,
      "lib/same.js": `exports.test = (code) => code == 38 || isNaN(code);
`,
      "configuration.cjs": "module.exports = { a: 1 };\n",
    };
    const after = {
      "lib/valid.js": before["lib/valid.js"]
        .replace("  return true;\n", "")
        .replace("  return 2;\n", "  stop(text);\n"),
      "lib/place.js": before["lib/place.js"].replace('indexOf("a")', "indexOf()"),
      "lib/same.js": before["lib/same.js"].replace("code == 38", "code == code"),
      "configuration.cjs": "moduel.exports = { a: 1 };\n",
    };
    expect(await findingsOf(before, after)).toEqual([
      "configuration.cjs:1 undefined-name certain",
      "lib/place.js:3 argument-count likely",
      "lib/same.js:1 self-comparison certain",
      "lib/valid.js:2 missing-return likely (elsewhere)",
    ]);
  });

  it("tells what a browser's methods need, and a truth asked of what gives nothing", async () => {
    const before = {
      ...configuration,
      "src/a.ts": `export function first(headers: Headers, name: string) {
  return headers.get(name);
}
`,
    };
    const after = {
      "src/a.ts": `export function first(headers: Headers, name: string) {
  const isLong = (text: string) => {
    text.length > 3;
  };
  if (isLong(name)) headers.set(name, "a");
  setTimeout(() => {});
  return headers.get();
}
`,
    };
    expect(await findingsOf(before, after)).toEqual([
      "src/a.ts:5 constant-condition likely",
      "src/a.ts:7 argument-count likely",
    ]);
  });

  it("tells a promise that nobody waits for, as far as that is no style", async () => {
    const before = {
      ...configuration,
      "src/db.ts": `export interface User { name: string }
export async function load(id: number): Promise<User> { return { name: String(id) }; }
export async function save(user: User): Promise<void> { console.log(user); }
`,
      "src/a.ts": `import { load, save } from "./db.js";
export async function a() {
  const user = await load(1);
  await save(user);
  return user.name;
}
`,
    };
    const after = {
      "src/a.ts": `import { load, save } from "./db.js";
export async function a() {
  const user = await load(1);
  save(user);
  return user.name;
}
`,
      "src/b.ts": `import { load, save } from "./db.js";
export async function b() {
  const user = load(1);
  save(user);
  if (user) console.log(1);
  return user.name;
}
`,
      "src/style.ts": `import { load, save } from "./db.js";
export async function c() {
  const user = await load(1);
  void save(user);
  save(user).catch(() => {});
  save(user);
  const later = save(user);
  await Promise.all([later]);
}
export function d() {
  load(2);
  save({ name: "b" });
}
`,
    };
    expect(await findingsOf(before, after, true)).toEqual([
      "src/a.ts:4 missing-await likely",
      "src/b.ts:4 missing-await likely",
      "src/b.ts:5 missing-await likely",
      "src/b.ts:6 missing-await likely",
    ]);
  });

  it("tells of arguments in plain JavaScript what the called function's own code shows", async () => {
    const fns = `export function two(a, b) { return a.x + b.y; }
export function maybe(a, b) { if (b) return b.y; return a; }
export function or(a, b) { return (b && b.x) || a; }
export function filled(a, b = {}) { return a + b.y; }
export function destructured(a, { b }) { return a + b; }
/** @param {string} a @param {object} [b] */
export function documented(a, b) { return a + b.y; }
export function counted(a, b) { return arguments.length > 1 ? b.x : a; }
export function later(a, b) { return () => a + b.x; }
export let changed = function (a, b) { return a + b.x; };
`;
    const calls = `import { changed, counted, destructured, documented, filled, later, maybe, or, two } from "./fns.js";
two({ x: 1 });
destructured(1);
maybe(1); or(1); filled(1); documented("a"); counted(1); later(1); changed(1);
const both = [{ x: 1 }, { y: 2 }];
two(...both);
`;
    expect(
      await findingsOf({ ...configuration, "lib/fns.js": fns }, { "lib/calls.js": calls }, true),
    ).toEqual(["lib/calls.js:2 argument-count likely", "lib/calls.js:3 argument-count likely"]);
  });

  it("compares with itself what cannot differ, and only hints where it can", async () => {
    const same = `export function f(a, i) {
  if (a.b === a.b) return 1;
  if (this.x !== this.x) return 2;
  if (a.c[i] > a.c[i]) return 3;
  if (a?.b == a?.b) return 4;
  if (f(a) === f(a)) return 5;
  return 0;
}
`;
    expect(await findingsOf(configuration, { "lib/same.js": same }, true)).toEqual([
      "lib/same.js:2 self-comparison certain",
      "lib/same.js:3 self-comparison certain",
      "lib/same.js:4 self-comparison certain",
      "lib/same.js:5 self-comparison certain",
      "lib/same.js:6 self-comparison hint",
    ]);
  });

  it("takes a type that others use undeclared for given, and a type parameter for none", async () => {
    const uses = (name: string) => `export const f = (a: ${name}, b: ${name}) => [a, b];\n`;
    const before = {
      ...configuration,
      "src/one.ts": uses("PageState"),
      "src/generic.ts":
        "export class B {\n  m = <\n    Context,\n  >(a: Context, b: Context | null) => [a, b];\n}\n",
    };
    const after = { "src/new.ts": `${uses("PageState")}export const g = (c: Context) => c;\n` };
    expect(await findingsOf(before, after)).toEqual(["src/new.ts:2 undefined-name certain"]);
  });

  it("respects what a comment, a linter's configuration or a namespace says", async () => {
    const before = {
      ...configuration,
      ".eslintrc.json": JSON.stringify({ globals: { PAGE_DATA: "readonly" } }),
      "lib/m.js": "export const a = 1;\n",
    };
    const after = {
      "lib/given.js": `import { a } from "./m.js";
/* global fromComment */
fromComment(a, PAGE_DATA.x);
if (typeof asked !== "undefined") asked(a);
// eslint-disable-next-line no-undef
hidden(a);
`,
      "src/given.ts": `/* eslint-disable no-undef */
export const a = somewhere;
// @ts-ignore
export const b: number = "a".nothing;
`,
      "lib/space.js": `import * as m from "./m.js";\nimport * as fs from "fs";\nm.a; m.missing(); fs.anything(m?.other);\n`,
    };
    expect(await findingsOf(before, after, true)).toEqual(["lib/space.js:3 missing-member likely"]);
  });
});
