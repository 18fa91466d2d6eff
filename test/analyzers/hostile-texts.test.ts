import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compare } from "../../src/analyzers/compare.js";
import { type Diagnostic, evidenceOf } from "../../src/analyzers/engine.js";
import { isFlow, isPython2, isTemplate, isTest } from "../../src/analyzers/files.js";
import { declaredGlobals, silencer } from "../../src/analyzers/javascript/directives.js";
import { isGivenBySvelte, scriptOf } from "../../src/analyzers/javascript/script-blocks.js";
import { readGoVet, readPhp } from "../../src/analyzers/tools/output.js";
import { openChange } from "../../src/change/change.js";
import type { Change } from "../../src/change/types.js";
import { Mask } from "../../src/mask.js";
import { screen } from "../review/prescreen-screening.js";
import { type TestRepository, testRepository } from "../support/repository.js";

/** Half a megabyte of the same. */
const much = (text: string) => text.repeat(Math.ceil(500_000 / text.length));

/** What took minutes takes well under this, on a slow machine with other things to do. */
const patience = 8_000;

function inTime<T>(work: () => T): T {
  const started = performance.now();
  const done = work();
  expect(performance.now() - started).toBeLessThan(patience);
  return done;
}

describe("a text that is made to be slow to read", () => {
  const finding = { code: "no-undef", class: "undefined-name", line: 1 };

  it.each<[string, string, boolean]>([
    ["directives on one line", `nope; ${much("//eslint-disable-line no-undef ")}`, true],
    ["comments that one end closes", `nope;${much("/* eslint-disable no-alert ")}*/`, false],
    ["ranges that begin and end", `${much("/* eslint-disable a */ /* eslint-enable a */\n")}`, false],
    ["ranges that never end", `${much("/* eslint-disable a */\n")}`, false],
    ["blank lines of blanks", `// biome-ignore lint/a/noB: x\n${much(" ")}x`, false],
  ])("is read for what it silences: %s", (_, text, isSilent) => {
    const silences = inTime(() => silencer("a.js", text));
    expect(inTime(() => Array.from({ length: 20_000 }, () => silences(finding))).at(-1)).toBe(isSilent);
  });

  it.each<[string, () => unknown, unknown]>([
    [
      "globals in comments that one end closes",
      () => declaredGlobals(`${much("/* global a ")}*/`).has("a"),
      true,
    ],
    ["blanks before a template's tag", () => isTemplate("a.py", much(" ")), false],
    ["lines before a template's tag", () => isTemplate("a.py", much("\n\t")), false],
    ["lines before Flow's mark", () => isFlow(much("\n\t")), false],
    ["print after print", () => isPython2(much("except\ta ")), false],
    ["a long name of a test", () => isTest(`${"-cy.i".repeat(20_000)}/${"-cy.i".repeat(20_000)}\n`), true],
    ["tags in attributes", () => scriptOf("a.vue", much('<a" "')), null],
    ["tags with long names", () => scriptOf("a.vue", much("<A-.-.")), null],
    ["openings of scripts", () => scriptOf("a.svelte", much("<script ")), null],
    ["templates in templates", () => scriptOf("a.vue", much("<template>")), null],
    ["what Svelte assigns", () => isGivenBySvelte("a", `${much("$:\t")}${much(" ")}`), false],
    ["documents of go vet", () => readGoVet({ stdout: much("{\n"), stderr: "" }), []],
    ["errors of php", () => readPhp({ stdout: much("Fatal error: a in a"), stderr: "" }), []],
    ["values of a program", () => new Mask([]).line(much("token=a")).length, 500_003],
  ])("is read in time: %s", (_, read, expected) => {
    expect(inTime(read)).toEqual(expected);
  });

  it("says nothing to a terminal or a reader by its evidence", () => {
    expect(evidenceOf("\u001b[31mred\u001b[0m\u202e \u0007a\rb\u0000")).toBe("red   a b");
    expect(evidenceOf(much("a")).length).toBe(200);
  });
});

describe("very many findings", () => {
  let repository: TestRepository;
  let change: Change;
  beforeAll(async () => {
    repository = testRepository();
    repository.write({ "a.js": "1;\n" });
    repository.commit();
    repository.write({ "a.js": "2;\n" });
    change = await openChange(repository.sluice(), { base: "HEAD", head: "WORKTREE" });
  });
  afterAll(() => repository.remove());

  const many = (count: number, of: (index: number) => Partial<Diagnostic>) =>
    Array.from({ length: count }, (_, index): Diagnostic => {
      const plain = { code: "c", class: "undefined-name", severity: "likely", message: "m" } as const;
      return { ...plain, path: "a.js", line: index + 1, evidence: "e", ...of(index) };
    });

  it.each<[string, (index: number) => Partial<Diagnostic>, (index: number) => Partial<Diagnostic>]>([
    ["of one kind", () => ({}), () => ({})],
    ["on lines of their own", (index) => ({ evidence: `${index}` }), (index) => ({ evidence: `${index}` })],
    ["in words of their own", (index) => ({ message: `${index}` }), (index) => ({ message: `${-index}` })],
    [
      "in other files now",
      (index) => ({ path: "b.js", evidence: `${index}` }),
      (index) => ({ evidence: `${index}` }),
    ],
  ])("are compared in time: %s", async (_, base, head) => {
    const started = performance.now();
    const both = {
      base: many(40_000, base),
      head: [...many(40_000, head), ...many(3, () => ({ code: "new" }))],
    };
    const { findings, left } = await compare(change, "engine", both);
    expect(performance.now() - started).toBeLessThan(patience);
    expect(findings.filter(({ code }) => code === "new")).toHaveLength(3);
    expect(findings.length + left).toBe(3);
  });

  it("are not all told, the worst first", async () => {
    const head = [
      ...many(5_000, (index) => ({ message: `${index}` })),
      ...many(1, () => ({ severity: "certain" })),
    ];
    const { findings, left } = await compare(change, "engine", { base: [], head });
    expect([findings.length, left]).toEqual([1_000, 4_001]);
    expect(findings.some(({ severity }) => severity === "certain")).toBe(true);
  });

  it("have messages of one line", async () => {
    const head = many(1, () => ({ message: `'a\n- [certain] b\u001b[0m' is ${much("x")}` }));
    const { findings } = await compare(change, "engine", { base: [], head });
    expect(findings[0]?.message).toMatch(/^'a - \[certain\] b' is x+…$/);
    expect(findings[0]?.message.length).toBe(600);
  });
});

describe("a repository of such texts", () => {
  it("keeps the server from nothing else, and costs its own files only", async () => {
    const repository = testRepository();
    try {
      const old = "export const old = 1;\n";
      repository.write({
        "a.js": old,
        "b.js": old,
        "good.js": old,
        "elsewhere.js": much("for (import foo1, "),
      });
      repository.commit();
      repository.write({
        "a.js": `${much("\n")}nope;`,
        "b.js": `export const foo = '__proto__';\n${"foo1;foo2;".repeat(30)}constructor;a$b;\n`,
        "d.vue": `<script>nope</script>${much('<a" "')}`,
        "good.js": `${old}export const other = missing;\n`,
      });
      let last = performance.now();
      let longest = 0;
      const ticks = setInterval(() => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }, 20);
      const { findings, engines } = await screen(repository);
      clearInterval(ticks);
      expect(findings.filter(({ file }) => file === "good.js")).toHaveLength(1);
      expect(engines.filter(({ state }) => state === "failed" || state === "timeout")).toEqual([]);
      expect(longest).toBeLessThan(patience);
    } finally {
      repository.remove();
    }
  }, 120_000);
});
