import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import type { Change } from "../../src/change/types.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import { type Classification, classification, classify } from "../../src/review/classify.js";
import { type TestRepository, testRepository } from "../support/repository.js";

type Files = Record<string, string | Buffer | null>;

let repository: TestRepository;
let config: Config;
/** All the tables' cases in one change, each in a folder of its own: opening a change takes git a while. */
let together: Change;

beforeAll(async () => {
  repository = testRepository();
  config = (await loadUserConfiguration(repository.sluice())).config;
  const before: Files = {};
  const after: Files = {};
  for (const [folder, [, was, is]] of cases.entries()) {
    for (const [name, content] of Object.entries(was)) before[`${folder}/${name}`] = content;
    for (const [name, content] of Object.entries({ ...was, ...is })) after[`${folder}/${name}`] = content;
  }
  together = await opened(before, after);
});
afterAll(() => repository.remove());

function opened(before: Files, after: Files): Promise<Change> {
  return openChange(repository.sluice(), { base: commitOf(before), head: commitOf({ ...before, ...after }) });
}

async function classified(change: Change, review = config.review): Promise<Classification> {
  const signal = new AbortController().signal;
  return classification.parse(await classify(change, repository.sluice(), { config: { review }, signal }));
}

/** Classifies one case of the tables. */
function classOfCase(wanted: string): Promise<Classification> {
  const folder = `${cases.findIndex(([what]) => what === wanted)}/`;
  return classified({ ...together, files: together.files.filter(({ path }) => path.startsWith(folder)) });
}

/** Classifies a change from some files to others (null deletes) in a change of its own. */
async function classOf(before: Files, after: Files, review = config.review): Promise<Classification> {
  return classified(await opened(before, after), review);
}

let commits = 0;

/** Commits exactly these files, in one git process: a trailing `*` on a name marks an executable. */
function commitOf(files: Files): string {
  const ref = `refs/heads/case-${commits++}`;
  const parts: (string | Buffer)[] = [`commit ${ref}\ncommitter T <t@example.com> 0 +0000\ndata 0\n`];
  for (const [name, content] of Object.entries(files)) {
    if (content === null) continue;
    const executable = name.endsWith("*");
    const path = JSON.stringify(executable ? name.slice(0, -1) : name).replace(
      /\\u([0-9a-f]{4})/g,
      (_, code: string) => `\\${Number.parseInt(code, 16).toString(8).padStart(3, "0")}`,
    );
    const bytes = Buffer.from(content);
    parts.push(`M ${executable ? "100755" : "100644"} inline ${path}\ndata ${bytes.length}\n`, bytes, "\n");
  }
  const input = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  execFileSync("git", ["fast-import", "--quiet", "--force"], { cwd: repository.path, input });
  return ref;
}

const code =
  "export function price(items: number[]): number {\n  let sum = 0;\n  for (const item of items) sum += item;\n  return sum;\n}\n";
const edit = code.replace("sum += item", "sum += Math.round(item)");

type Case = [what: string, before: Files, after: Files, rule: string, by?: Classification["decided_by"]];

const routine: Case[] = [
  ["documentation", { "README.md": "# A\n" }, { "README.md": "# A\n\nRun `npm i`.\n" }, "docs", "syntax"],
  ["a new document with code in it", {}, { "docs/use.md": "```js\neval('x')\n```\n" }, "docs", "syntax"],
  ["comments", { "a.ts": code }, { "a.ts": `// Sums.\n${code}` }, "comments", "syntax"],
  [
    "a comment that names a danger",
    { "a.ts": code },
    { "a.ts": `// Never eval() a password here.\n${code}` },
    "comments",
    "syntax",
  ],
  [
    "Python comments",
    { "a.py": "def f():\n    return 1\n" },
    { "a.py": "# why\ndef f():\n    return 1\n" },
    "comments",
    "syntax",
  ],
  [
    "formatting",
    { "a.ts": code },
    { "a.ts": code.replace("let sum = 0;", "let sum =\n    0") },
    "formatting",
    "syntax",
  ],
  [
    "formatted JSON",
    { "data.json": '{"a":1,"b":[1,2]}' },
    { "data.json": '{\n  "a": 1,\n  "b": [1, 2]\n}\n' },
    "formatting",
    "syntax",
  ],
  [
    "YAML comments",
    { "app.yaml": "a: 1\nb: 2\n" },
    { "app.yaml": "# two\na: 1\nb: 2\n" },
    "formatting",
    "syntax",
  ],
  [
    "a new test",
    { "a.ts": code },
    {
      "a.test.ts":
        'import { price } from "./a.js";\nit("sums", () => {\n  expect(price([1])).toBe(1);\n});\n',
    },
    "tests",
    "syntax",
  ],
  [
    "a test that cleans up",
    {},
    { "rm.test.ts": 'it("a", async () => {\n  await Promise.all([f()]);\n  rmSync(folder);\n});\n' },
    "tests",
    "syntax",
  ],
  [
    "a Go test",
    {},
    {
      "a_test.go":
        'package a\n\nimport "testing"\n\nfunc TestF(t *testing.T) {\n\tif F() != 1 {\n\t\tt.Fatal()\n\t}\n}\n',
    },
    "tests",
    "syntax",
  ],
  ["a rename without an edit", { "a.ts": code }, { "a.ts": null, "lib/b.ts": code }, "rename", "syntax"],
  ["a few lines of plain code", { "a.ts": code }, { "a.ts": edit }, "few-lines", "content"],
  [
    "a few lines and their test",
    { "a.ts": code },
    { "a.ts": edit, "a.test.ts": 'it("rounds", () => {});\n' },
    "few-lines",
    "content",
  ],
  [
    "a few lines of Python",
    { "a.py": "def f(n):\n    return n + 1\n" },
    { "a.py": "def f(n):\n    return n + 2\n" },
    "few-lines",
    "content",
  ],
  [
    "a colour",
    { "a.css": "a { color: red; }\n" },
    { "a.css": "a { color: blue; }\n" },
    "few-lines",
    "content",
  ],
  [
    "a picture",
    {},
    { "logo.png": Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(64)]) },
    "picture",
    "syntax",
  ],
];

const lines = (count: number) => Array.from({ length: count }, (_, i) => `  sum += ${i};`).join("\n");

const complex: Case[] = [
  [
    "another signature",
    { "a.ts": code },
    { "a.ts": code.replace("items: number[]", "items: readonly number[]") },
    "exported-signature",
  ],
  ["a new export", { "a.ts": code }, { "a.ts": `${code}export const limit = 3;\n` }, "exported-signature"],
  [
    "a removed guard",
    { "a.ts": code.replace("  return", "  if (sum > 9) throw new Error();\n  return") },
    { "a.ts": code },
    "guard-removed",
  ],
  [
    "removed error handling",
    { "a.ts": "try {\n  f();\n} catch {\n  g();\n}\n" },
    { "a.ts": "f();\n" },
    "error-handling-removed",
  ],
  [
    "an await that is gone",
    { "a.ts": "async function f() {\n  await g();\n}\n" },
    { "a.ts": "async function f() {\n  g();\n}\n" },
    "wait-removed",
  ],
  ["concurrency", { "a.ts": "f();\n" }, { "a.ts": "Promise.all([f()]);\n" }, "concurrency"],
  [
    "a goroutine",
    { "a.go": "package a\n\nfunc f() {\n\tg()\n}\n" },
    { "a.go": "package a\n\nfunc f() {\n\tgo g()\n}\n" },
    "concurrency",
  ],
  ["a migration", {}, { "db/migrations/001.rb": "x = 1\n" }, "migration"],
  [
    "a removed test",
    { "a.test.ts": 'it("a", () => {});\nit("b", () => {});\n' },
    { "a.test.ts": 'it("a", () => {});\n' },
    "test-removed",
  ],
  [
    "a removed assertion",
    { "a.test.ts": 'it("a", () => {\n  f();\n  expect(1).toBe(1);\n});\n' },
    { "a.test.ts": 'it("a", () => {\n  f();\n});\n' },
    "test-removed",
  ],
  [
    "a skipped test",
    { "a.test.ts": 'it("a", () => {});\n' },
    { "a.test.ts": 'it.skip("a", () => {});\n' },
    "test-skipped",
  ],
  [
    "a deleted test",
    { "gone.test.ts": 'describe("prices", () => {\n  it("are sums", () => {});\n});\n' },
    { "gone.test.ts": null },
    "test-removed",
  ],
  [
    "production code under a test's name",
    { "price.test.ts": code },
    { "price.test.ts": edit },
    "not-routine",
  ],
  [
    "an export among tests",
    { "a.test.ts": 'it("a", () => {});\nexport const f = () => 1;\n' },
    { "a.test.ts": 'it("a", () => {});\nexport const f = () => 2;\n' },
    "not-routine",
  ],
  [
    "a dedent in Python",
    { "a.py": "def f(a):\n    if a:\n        b()\n        c()\n" },
    { "a.py": "def f(a):\n    if a:\n        b()\n    c()\n" },
    "nesting",
  ],
  ["a suppressed checker", { "a.ts": code }, { "a.ts": `// @ts-nocheck\n${code}` }, "check-suppressed"],
  ["two files of code", { "a.ts": code, "b.ts": code }, { "a.ts": edit, "b.ts": edit }, "not-routine"],
  [
    "code that does not parse",
    { "a.ts": code },
    { "a.ts": code.replace("sum = 0", "sum = = 0") },
    "not-routine",
  ],
  [
    "removed code",
    { "a.ts": code.replace("  return", "  notify(sum);\n  return") },
    { "a.ts": code },
    "not-routine",
  ],
  ["a language without a parser", { "a.lua": "x = 1\n" }, { "a.lua": "x = 2\n" }, "not-routine"],
  ["much code", { "a.ts": code }, { "a.ts": code.replace("  return", `${lines(201)}\n  return`) }, "size"],
  ["two languages", { "a.ts": code, "a.py": "x = 1\n" }, { "a.ts": edit, "a.py": "x = 2\n" }, "languages"],
  ["a file that becomes executable", { "a.txt": "x\n" }, { "a.txt*": "x\n" }, "mode"],
  ["a build file", { "tsconfig.json": "{}" }, { "tsconfig.json": '{"a": 1}' }, "build"],
  [
    "a script of package.json",
    { "package.json": '{"scripts":{"test":"a"}}' },
    { "package.json": '{"scripts":{"test":"b"}}' },
    "build",
  ],
  [
    "a removed dependency",
    { "package.json": '{"dependencies":{"a":"1","b":"1"}}' },
    { "package.json": '{"dependencies":{"a":"1"}}' },
    "dependency-removed",
  ],
  ["instructions to an agent", { "AGENTS.md": "a\n" }, { "AGENTS.md": "b\n" }, "agent-instructions"],
  ["MDX that runs", { "a.mdx": "# a\n" }, { "a.mdx": "# a\n\n<Frame a={f()} />\n" }, "not-routine"],
  ["a list that a program reads", { "words.txt": "a\n" }, { "words.txt": "b\n" }, "not-routine"],
  [
    "a program in a test",
    { "a.test.ts": 'it("a", () => {});\n' },
    { "a.test.ts": 'it("a", () => {\n  execSync("ls");\n});\n' },
    "runs-program",
  ],
  ["binary data", {}, { "a.dat": Buffer.from([0, 1, 2, 0, 255]) }, "binary"],
  ["something that only calls itself a picture", {}, { "a.png": Buffer.from([0, 1, 2, 0, 255]) }, "binary"],
];

const security: Case[] = [
  ["eval", { "a.ts": code }, { "a.ts": code.replace("return sum", "return eval(String(sum))") }, "runs-text"],
  ["a program", { "a.py": "x = 1\n" }, { "a.py": "import subprocess\n" }, "runs-program"],
  [
    "Go's exec",
    { "a.go": "package a\n" },
    { "a.go": 'package a\n\nimport "os/exec"\n\nvar c = exec.Command("ls")\n' },
    "runs-program",
  ],
  ["pickle", { "a.py": "x = 1\n" }, { "a.py": "x = pickle.loads(y)\n" }, "deserialises"],
  ["yaml.load", { "a.py": "x = yaml.safe_load(y)\n" }, { "a.py": "x = yaml.load(y)\n" }, "deserialises"],
  [
    "raw HTML",
    { "a.tsx": "export const a = <p />;\n" },
    { "a.tsx": "export const a = <p dangerouslySetInnerHTML={x} />;\n" },
    "raw-markup",
  ],
  [
    "SQL from parts",
    { "a.ts": code },
    { "a.ts": code.replace("let sum", 'const q = "SELECT * FROM t WHERE id = " + id;\n  let sum') },
    "sql",
  ],
  [
    "a crypto import",
    { "a.ts": code },
    { "a.ts": `import { createHash } from "node:crypto";\n${code}` },
    "crypto",
  ],
  ["unsafe Rust", { "a.rs": "fn f() {}\n" }, { "a.rs": "fn f() { unsafe { g() } }\n" }, "raw-memory"],
  ["strcpy", { "a.c": "void f(void) {}\n" }, { "a.c": "void f(void) { strcpy(a, b); }\n" }, "raw-memory"],
  [
    "Java's Runtime",
    { "A.java": "class A { void f() { } }\n" },
    { "A.java": "class A { void f() { Runtime.getRuntime().exec(a); } }\n" },
    "runs-program",
  ],
  [
    "a TLS switch",
    { "a.ts": code },
    { "a.ts": `${code}agent({ rejectUnauthorized: false });\n` },
    "transport-checks",
  ],
  [
    "CORS",
    { "a.ts": code },
    { "a.ts": `${code}res.setHeader("Access-Control-Allow-Origin", "*");\n` },
    "web-policy",
  ],
  [
    "a removed rights check",
    { "a.ts": "if (!user.isAdmin) throw new Error();\nrun();\n" },
    { "a.ts": "run();\n" },
    "access-check-changed",
  ],
  [
    "a rights check made true",
    { "a.ts": "if (isOwner(u)) run();\n" },
    { "a.ts": "if (true) run();\n" },
    "access-check-changed",
  ],
  [
    "a decorator that is gone",
    { "a.py": "@login_required\ndef f():\n    pass\n" },
    { "a.py": "def f():\n    pass\n" },
    "access-rule",
  ],
  [
    "a sensitive name",
    { "a.ts": code },
    { "a.ts": code.replaceAll("sum", "sessionTotal") },
    "sensitive-symbol",
  ],
  ["a sensitive path", { "src/oauth/a.ts": code }, { "src/oauth/a.ts": edit }, "sensitive-path"],
  [
    "a new dependency",
    { "package.json": '{"dependencies":{}}' },
    { "package.json": '{"dependencies":{"left-pad":"1"}}' },
    "dependency",
  ],
  [
    "a dependency's version",
    { "pyproject.toml": '[project]\nname = "a"\ndependencies = ["b==1"]\n' },
    { "pyproject.toml": '[project]\nname = "a"\ndependencies = ["b==2"]\n' },
    "dependency",
  ],
  ["requirements.txt", { "requirements.txt": "a==1\n" }, { "requirements.txt": "a==1\nb\n" }, "dependency"],
  ["go.mod", { "go.mod": "module a\n" }, { "go.mod": "module a\n\nrequire b v1\n" }, "dependency"],
  [
    "an install script",
    { "package.json": '{"scripts":{}}' },
    { "package.json": '{"scripts":{"postinstall":"x"}}' },
    "install-script",
  ],
  [
    "a key twice in package.json",
    { "package.json": '{"name":"a"}' },
    { "package.json": '{"name":"a","dependencies":{"x":"1"},"dependencies":{}}' },
    "dependency",
  ],
  ["a lock file", { "package-lock.json": "{}" }, { "package-lock.json": '{"a":1}' }, "dependency"],
  ["a workflow", {}, { ".github/workflows/ci.yml": "on: push\n" }, "ci"],
  ["a Dockerfile", { Dockerfile: "FROM a\n" }, { Dockerfile: "FROM b\n" }, "container"],
  ["Terraform", {}, { "main.tf": "x\n" }, "infrastructure"],
  ["an environment file", {}, { ".env.production": "A=1\n" }, "secret-file"],
  ["git attributes", {}, { ".gitattributes": "* filter=x\n" }, "runs-unasked"],
  [
    "review settings",
    { ".flow/config.json": "{}" },
    { ".flow/config.json": '{"review":{}}' },
    "review-settings",
  ],
  [
    "review settings in capitals",
    { ".FLOW/Config.json": "{}" },
    { ".FLOW/Config.json": '{"review":{}}' },
    "review-settings",
  ],
  ["agent settings", {}, { ".claude/settings.json": "{}" }, "agent-settings"],
  ["code owners", {}, { ".github/CODEOWNERS": "* @a\n" }, "review-settings"],
  ["a key in a document", { "README.md": "a\n" }, { "README.md": "a AKIAIOSFODNN7EXAMPLE\n" }, "secret"],
  ["text that runs backwards", { "a.ts": code }, { "a.ts": `/* \u202e x */\n${code}` }, "deceptive-text"],
  ["an invisible letter", { "a.ts": code }, { "a.ts": `// a\u200bb\n${code}` }, "deceptive-text"],
  ["a silenced scanner", { "a.py": "x = f()\n" }, { "a.py": "x = f()  # nosec\n" }, "check-suppressed"],
  ["a program that is binary", {}, { "tool*": Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]) }, "binary"],
  [
    "a removed guard in a sensitive file",
    { "login.ts": "function f(a) {\n  if (!a) return;\n  g();\n}\n" },
    { "login.ts": "function f(a) {\n  g();\n}\n" },
    "guard-removed",
  ],
];

const cases = [...routine, ...complex, ...security];

describe("ROUTINE is what is shown to be", () => {
  it.each(routine)("%s", async (what, _before, _after, rule, by) => {
    const result = await classOfCase(what);
    expect(result).toMatchObject({ class: "ROUTINE", decided_by: by, more_reasons: 0 });
    expect(result.reasons.map((reason) => reason.rule)).toContain(rule);
  });
});

describe("COMPLEX is what others rely on, and what is not shown", () => {
  it.each(complex)("%s", async (what, _before, _after, rule) => {
    const result = await classOfCase(what);
    expect(result.class, JSON.stringify(result.reasons)).toBe("COMPLEX");
    expect(result.reasons.map((reason) => reason.rule)).toContain(rule);
  });

  it("counts files and folders", async () => {
    const many = (name: (i: number) => string, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), "x = 1\n"]));
    expect(
      await classOf(
        { k: "" },
        many((i) => `a${i}.lua`, 9),
      ),
    ).toMatchObject({ class: "COMPLEX" });
    const spread = await classOf(
      { k: "" },
      many((i) => `d${i}/a.lua`, 5),
    );
    expect(spread.reasons.map(({ rule }) => rule)).toContain("spread");
  });
});

describe("SECURITY is what touches rights, keys, other programs or the review itself", () => {
  it.each(security)("%s", async (what, _before, _after, rule) => {
    const result = await classOfCase(what);
    expect(result.class, JSON.stringify(result.reasons)).toBe("SECURITY");
    expect(result.reasons.map((reason) => reason.rule)).toContain(rule);
    expect(result.decided_by).toBe("content");
  });

  it("sees a link that leaves the repository", async () => {
    repository.write({ a: "1" });
    const base = repository.commit();
    repository.link("data", "../../etc/passwd");
    const head = repository.commit();
    const sluice = repository.sluice();
    const result = await classified(await openChange(sluice, { base, head }));
    expect(result).toMatchObject({ class: "SECURITY" });
    expect(result.reasons[0]?.rule).toBe("symlink");
  });
});

describe("patterns of the configuration", () => {
  it("decide before content, for old names too and whatever the letters' case", async () => {
    const docs = await classOf({ "src/Auth/a.md": "a\n" }, { "src/Auth/a.md": "b\n" });
    expect(docs).toMatchObject({ class: "SECURITY", decided_by: "patterns" });
    expect(docs.reasons[0]).toMatchObject({
      rule: "security_patterns",
      evidence: "src/Auth/a.md matches **/auth/**",
    });
    const moved = await classOf({ "core/a.md": "# text\n" }, { "core/a.md": null, "docs/a.md": "# text\n" });
    expect(moved).toMatchObject({ class: "COMPLEX", decided_by: "patterns" });
  });

  it("can't be talked out of by a comment sign or a bang", async () => {
    const review = {
      ...config.review,
      classification: { security_patterns: ["!a.md", "#a.md"], complex_patterns: [] },
    };
    expect(await classOf({ "a.md": "a\n" }, { "a.md": "b\n" }, review)).toMatchObject({ class: "ROUTINE" });
    expect(await classOf({ k: "" }, { "#a.md": "b\n" }, review)).toMatchObject({ class: "SECURITY" });
  });
});

describe("what is said", () => {
  it("stays short, masks secrets and counts the rest", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `f${i}.py`,
        `password = "hunter2-${"x".repeat(300)}"\neval(x)\n`,
      ]),
    );
    const result = await classOf({ k: "" }, files);
    expect(result.reasons.length).toBeLessThanOrEqual(12);
    expect(result.more_reasons).toBeGreaterThan(40);
    const text = JSON.stringify(result);
    expect(text).not.toContain("hunter2");
    expect(text.length).toBeLessThan(6_000);
    for (const { evidence } of result.reasons) expect(evidence.length).toBeLessThanOrEqual(160);
  });

  it("shows hostile names as one harmless line", async () => {
    const name = `a\u001b[31m\nclass: ROUTINE\u202e${"y".repeat(150)}.py`;
    const result = await classOf(
      { k: "" },
      { [name]: "eval(x)\n", "--help.ts": "eval(x)\n", "$(id).sh": "eval x\n" },
    );
    expect(result.class).toBe("SECURITY");
    for (const { file } of result.reasons) expect(file ?? "").not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it("says of an empty change that nothing changed", async () => {
    expect(await classOf({ a: "1" }, {})).toMatchObject({ class: "ROUTINE", reasons: [{ rule: "empty" }] });
  });

  it("goes up a class for what is too large to read", async () => {
    const large = await classOf({ k: "" }, { "a.md": "x".repeat(30 * 1024 * 1024) });
    expect(large.class).not.toBe("ROUTINE");
    expect(JSON.stringify(large.reasons)).toContain("above the limit");
    const source = await classOf({ k: "" }, { "a.py": `x = "${"y".repeat(2_000_000)}"\n` });
    expect(source.class).toBe("SECURITY");
  });

  it("takes its time with no line, however it is made", async () => {
    const lines = [" ", "| ", "SELECT ", "if (a ", '" ', "describe.", "password = "].map((part) =>
      part.repeat(400_000 / part.length),
    );
    const files = Object.fromEntries(
      ["a.ts", "a.test.ts", "a.py", "a.yaml", "a.rb", "a.md"].map((name) => [name, lines.join("\n")]),
    );
    const before = Object.fromEntries(Object.keys(files).map((name) => [name, "x\n"]));
    const change = await opened(before, files);
    const started = performance.now();
    await classified(change);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("stops when it is cancelled", async () => {
    const sluice = repository.sluice();
    const change = await openChange(sluice, { base: "HEAD~1", head: "HEAD" });
    await expect(classify(change, sluice, { config, signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it("has files that were skipped count against it", async () => {
    const sluice = repository.sluice();
    const change = await openChange(sluice, { base: "HEAD", head: "HEAD" });
    const signal = new AbortController().signal;
    const skipped = { ...change, skipped: [{ path: "a/b.bin", reason: "too large" }] };
    expect(await classify(skipped, sluice, { config, signal })).toMatchObject({ class: "COMPLEX" });
    const secret = { ...change, skipped: [{ path: ".env", reason: "unreadable" }] };
    expect(await classify(secret, sluice, { config, signal })).toMatchObject({ class: "SECURITY" });
  });
});
