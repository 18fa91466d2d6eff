import { describe, expect, it } from "vitest";
import type { Grammar } from "../../../src/change/risk/languages.js";
import { readSyntax, withoutComments } from "../../../src/review/classify/syntax.js";

async function code(grammar: Grammar, text: string): Promise<string> {
  const syntax = await readSyntax(grammar, text);
  if (syntax === null) throw new Error(`not read: ${text}`);
  return syntax.code;
}

const same: [Grammar, string, string, string][] = [
  ["typescript", "a comment", "let a = 1;", "// why\nlet a = 1; /* so */"],
  ["typescript", "layout", "f(a, b)", "f(\n  a,\n  b,\n);"],
  ["typescript", "quotes", "const a = 'x';", 'const a = "x"'],
  ["tsx", "a comment beside JSX", "const a = <p>hi</p>;", "const a = <p>hi</p>; // c"],
  ["python", "a comment", "if a:\n    b()\n", "# why\nif a:  # so\n    b()\n"],
  ["python", "layout inside brackets", "f(a, b)\n", "f(\n    a,\n    b,\n)\n"],
  ["python", "another indent width", "if a:\n  b()\n", "if a:\n      b()\n"],
  [
    "go",
    "layout and comments",
    "package a\nfunc f() { g() }\n",
    "package a\n\n// f is\nfunc f() {\n\tg()\n}\n",
  ],
  ["rust", "a comment", "fn f() { g(1) }", "/// Does.\nfn f() {\n    g(1) // x\n}"],
  ["java", "a comment", "class A { int f() { return 1; } }", "/** d */ class A {\n int f() { return 1; } }"],
  ["cpp", "a comment", "int f() {\n  return 1;\n}", "/* d */\nint f() {\n  return 1; // x\n}"],
  ["bash", "a comment line", "a b\nc\n", "a b\n# why\nc\n"],
  ["css", "layout", "a{color:red}", "a {\n  color: red\n}"],
];

const different: [Grammar, string, string, string][] = [
  [
    "typescript",
    "a value after return on its own line",
    "function f() { return 1 }",
    "function f() { return\n1 }",
  ],
  ["typescript", "white space in a template", "const a = `x  y`", "const a = `x y`"],
  ["typescript", "white space in a template's code", "const a = `$" + "{b} c`", "const a = `$" + "{b}  c`"],
  ["typescript", "white space in a string", "const a = 'x  y'", "const a = 'x y'"],
  ["typescript", "a regular expression", "const a = /x y/", "const a = /x  y/"],
  ["typescript", "a hole in an array", "const a = [1, ,]", "const a = [1]"],
  ["typescript", "two of three for clauses", "for (a; b;) c()", "for (a; ; b) c()"],
  ["tsx", "text in JSX", "const a = <p>a b</p>;", "const a = <p>a  b</p>;"],
  ["typescript", "a suppression", "f();", "// eslint-disable-next-line no-eval\nf();"],
  ["typescript", "a suppression that moved", "// @ts-ignore\nf();\ng();", "f();\n// @ts-ignore\ng();"],
  ["python", "a dedent", "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n"],
  ["python", "a tuple index", "a[1]\n", "a[1,]\n"],
  ["python", "a tuple", "a = (1)\n", "a = (1,)\n"],
  ["python", "a type suppression", "a = b()\n", "a = b()  # type: ignore\n"],
  ["python", "white space in a docstring", 'def f():\n    """a"""\n', 'def f():\n    """a """\n'],
  ["go", "a build constraint", "package a\n", "//go:build linux\n\npackage a\n"],
  ["go", "C code in a comment", "package a\n", "package a\n// #cgo LDFLAGS: -lm\n"],
  ["bash", "a space in an argument", "echo a=b\n", "echo a= b\n"],
  ["bash", "a heredoc", "cat <<E\na  b\nE\n", "cat <<E\na b\nE\n"],
  ["cpp", "a function-like macro", "#define A(x) x\n", "#define A (x) x\n"],
  ["ruby", "an argument that becomes an operand", "foo -1\n", "foo - 1\n"],
];

describe("reading syntax", () => {
  it.each(same)("%s: %s changes no code", async (grammar, _, before, after) => {
    expect(await code(grammar, after)).toBe(await code(grammar, before));
  });

  it.each(different)("%s: %s changes code", async (grammar, _, before, after) => {
    expect(await code(grammar, after)).not.toBe(await code(grammar, before));
  });

  it.each<[Grammar, string, string]>([
    ["javascript", "an HTML comment, which only scripts have", "a <!-- b\nc()"],
    ["javascript", "a line separator that ends a comment", "// a\u2028evil()"],
    ["python", "a carriage return that ends a comment", "# a\revil()\n"],
    ["java", "an escape that ends a comment", "class A { // \\u000a int a;\n}"],
    ["cpp", "a comment that goes on", "int a; // x \\\nint b;\n"],
    ["typescript", "an error", "let a = ;"],
  ])("%s: says nothing of %s", async (grammar, _, text) => {
    expect(await readSyntax(grammar, text)).toBeNull();
  });

  it("survives brackets nested deeper than a native parser's stack", async () => {
    const text = `x = ${"(".repeat(200_000)}1${")".repeat(200_000)}`;
    const syntax = await readSyntax("javascript", text);
    expect(syntax === null || syntax.code.length === 64).toBe(true);
  });

  it("blanks comments without moving a line", async () => {
    const text = "a(); // eval(x)\n/* one\ntwo */ b();\n";
    const syntax = await readSyntax("javascript", text);
    const plain = withoutComments(text, syntax?.comments ?? []);
    expect(plain).toMatch(/^a\(\); +\n +\n +b\(\);\n$/);
  });

  it("reads what a module offers without its comments", async () => {
    const before = await readSyntax(
      "typescript",
      'export interface A {\n  /** one */\n  b: "http://c"; // two\n}\n',
    );
    const after = await readSyntax(
      "typescript",
      'export interface A {\n  /** another */\n  b: "http://c";\n}\n',
    );
    const other = await readSyntax("typescript", 'export interface A {\n  b: "http://d";\n}\n');
    expect(after?.exports).toEqual(before?.exports);
    expect(other?.exports).not.toEqual(before?.exports);
  });

  it("reads what a module offers, and not its bodies", async () => {
    const before = await readSyntax(
      "typescript",
      "export function f(a: string): void { one(); }\nexport const n = 1;\nexport class C { private p = 1; q(a: number) { return a; } }\nfunction g() {}\n",
    );
    const after = await readSyntax(
      "typescript",
      "export function f(a: string): void { two(); }\nexport const n = 2;\nexport class C { private p = 3; q(a: number) { return 0; } }\nfunction g(x: 1) {}\n",
    );
    expect(before?.exports?.size).toBe(3);
    expect(after?.exports).toEqual(before?.exports);
  });

  it.each<[Grammar, string, string]>([
    ["typescript", "export function f(a: string) {}", "export function f(a: number) {}"],
    ["typescript", "export class C { q() {} }", "export class C { q(a: 1) {} }"],
    ["javascript", "module.exports = { a, b };", "module.exports = { a };"],
    ["python", "def f(a):\n    pass\n", "def f(a, b):\n    pass\n"],
    ["python", "class A:\n    def f(self): pass\n", "class A:\n    @property\n    def f(self): pass\n"],
    ["go", "package a\nfunc (t *T) F(a int) {}\n", "package a\nfunc (t *T) F(a string) {}\n"],
    ["go", "package a\ntype T struct { A int }\n", "package a\ntype T struct { A string }\n"],
    ["rust", "pub fn f(a: u8) {}", "pub fn f(a: u16) {}"],
    ["rust", "impl T { pub fn f(&self) {} }", "impl T { pub fn f(&mut self) {} }"],
    ["java", "class A { public int f() { return 1; } }", "class A { public long f() { return 1; } }"],
  ])("%s: sees a changed signature in %s", async (grammar, before, after) => {
    const [a, b] = [await readSyntax(grammar, before), await readSyntax(grammar, after)];
    expect(a?.exports?.size).toBeGreaterThan(0);
    expect(b?.exports).not.toEqual(a?.exports);
  });
});
