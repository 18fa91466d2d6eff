import { describe, expect, it } from "vitest";
import { analyse } from "../../src/analyzers/rules/syntax-process.js";
import { hasGrammar } from "../../src/change/imports/parsers.js";

type Language = "go" | "java" | "rust" | "php" | "ruby" | "c-sharp" | "bash" | "cpp" | "kotlin";

/** What the rules say of a text, in short: `line code severity`. */
async function said(grammar: Language, text: string, options: { isC?: boolean; isTest?: boolean } = {}) {
  const source = { key: "a", grammar, text, isC: options.isC ?? false, isTest: options.isTest ?? false };
  const answers: unknown = await analyse([source]);
  expect(answers).toMatchObject([{ answer: { mistakes: expect.anything() } }]);
  const [{ answer }] = answers as [
    { answer: { mistakes: { line: number; code: string; severity: string }[]; lost?: string } },
  ];
  expect(answer.lost).toBeUndefined();
  return answer.mistakes.map(({ line, code, severity }) => `${line} ${code} ${severity}`);
}

/** A function's body in a file of its language; the body starts on line 3. */
const inside: Record<Language, (body: string) => string> = {
  go: (body) => `package a\nfunc f(x, y int, p *T) {\n${body}\n}\n`,
  java: (body) => `class A {\nvoid f(int x, int y, T p) {\n${body}\n}}\n`,
  rust: (body) => `\nfn f(x: i32, y: i32, p: &T) {\n${body}\n}\n`,
  php: (body) => `<?php\nfunction f($x, $y, $p) {\n${body}\n}\n`,
  ruby: (body) => `\ndef f(x, y, p)\n${body}\nend\n`,
  "c-sharp": (body) => `class A {\nvoid F(int x, int y, T p) {\n${body}\n}}\n`,
  bash: (body) => `#!/bin/bash\nf() {\n${body}\n}\n`,
  cpp: (body) => `\nvoid f(int x, int y, struct t *p) {\n${body}\n}\n`,
  kotlin: (body) => `\nfun f(x: Int, y: Int, p: T) {\n${body}\n}\n`,
};

const found: [Language, string, string][] = [
  ["go", "if x == x { g() }", "3 self-comparison likely"],
  ["go", "if p.a.b != p.a.b { g() }", "3 self-comparison likely"],
  ["go", "if len(p.a) < len(p.a) { g() }", "3 self-comparison likely"],
  ["java", "if (p.size() > p.size()) g();", "3 self-comparison likely"],
  ["rust", "if x <= x { g() }", "3 self-comparison likely"],
  ["rust", "if p.a.len() == p.a.len() { g() }", "3 self-comparison likely"],
  ["php", "if ($p->a === $p->a) { g(); }", "3 self-comparison likely"],
  ["ruby", "g if p.name == p.name", "3 self-comparison likely"],
  ["c-sharp", "if (x == x) G();", "3 self-comparison likely"],
  ["cpp", "if (p->a == p->a) g();", "3 self-comparison likely"],
  ["kotlin", "if (x == x) g()", "3 self-comparison likely"],
  ["bash", 'if [ "$a" = "$a" ]; then g; fi', "3 self-comparison likely"],
  ["go", "if x == 1 || y == 2 || x == 1 { g() }", "3 repeated-operand likely"],
  ["java", "if (p.ready && p.ready) g();", "3 repeated-operand likely"],
  ["go", "x = x", "3 self-assignment likely"],
  ["java", "this.p = this.p;", "3 self-assignment likely"],
  ["php", "$x = $x;", "3 self-assignment likely"],
  ["go", "if x == 1 { g() } else if y == 1 { h() } else if x == 1 { i() }", "3 duplicate-condition likely"],
  ["java", "if (x == 1) g(); else if (x == 1) h();", "3 duplicate-condition likely"],
  ["rust", "if x == 1 { g() } else if x == 1 { h() }", "3 duplicate-condition likely"],
  ["php", "if ($x == 1) { g(); } elseif ($x == 1) { h(); }", "3 duplicate-condition likely"],
  ["php", "if ($x == 1) { g(); } else if ($x == 1) { h(); }", "3 duplicate-condition likely"],
  ["ruby", "if x == 1 then g elsif x == 1 then h end", "3 duplicate-condition likely"],
  ["c-sharp", "if (x == 1) G(); else if (x == 1) H();", "3 duplicate-condition likely"],
  ["cpp", "if (x == 1) g(); else if (x == 1) h();", "3 duplicate-condition likely"],
  ["kotlin", "if (x == 1) g() else if (x == 1) h()", "3 duplicate-condition likely"],
  ["go", "switch x {\ncase 1, 2: g()\ncase 2: h()\n}", "5 duplicate-case certain"],
  ["go", "switch x.(type) {\ncase int: g()\ncase int: h()\n}", "5 duplicate-case certain"],
  ["java", "switch (x) {\ncase 1: g(); break;\ncase 1: h();\n}", "5 duplicate-case certain"],
  ["java", "switch (x) {\ncase A -> g();\ncase B, A -> h();\n}", "5 duplicate-case certain"],
  ["rust", "match x {\n1 => g(),\n2 | 1 => h(),\n_ => i(),\n}", "5 duplicate-case likely"],
  ["php", "switch ($x) {\ncase 'a': g(); break;\ncase \"a\": h();\n}", "5 duplicate-case likely"],
  ["php", "return match($x) {\n1 => 2,\n1 => 3,\n};", "5 duplicate-case likely"],
  ["ruby", "case x\nwhen :a then g\nwhen :a then h\nend", "5 duplicate-case likely"],
  ["c-sharp", "switch (x) {\ncase 1: G(); break;\ncase 1: H(); break;\n}", "5 duplicate-case certain"],
  ["cpp", "switch (x) {\ncase A: g(); break;\ncase A: h();\n}", "5 duplicate-case certain"],
  ["kotlin", "when (x) {\n1 -> g()\n1, 2 -> h()\n}", "5 duplicate-case likely"],
  ["go", 'm := map[string]int{\n"a": 1,\n"a": 2,\n}\ng(m)', "5 duplicate-key certain"],
  ["go", "m := T{\nA: 1,\nA: 2,\n}\ng(m)", "5 duplicate-key likely"],
  ["rust", "g(S {\na: 1,\na: 2,\n})", "5 duplicate-key certain"],
  ["php", "return [\n'a' => 1,\n\"a\" => 2,\n];", "5 duplicate-key likely"],
  ["ruby", "g({\na: 1,\na: 2,\n})", "5 duplicate-key likely"],
  ["ruby", "g(a: 1,\na: 2)", "4 duplicate-key likely"],
  [
    "c-sharp",
    'var d = new Dictionary<string, int> {\n{ "a", 1 },\n{ "a", 2 },\n};',
    "5 duplicate-key likely",
  ],
  ["c-sharp", "var d = new T {\nA = 1,\nA = 2,\n};", "5 duplicate-key likely"],
  ["cpp", "struct s t = {\n.a = 1,\n.a = 2,\n};", "5 duplicate-key likely"],
  ["kotlin", 'g(mapOf(\n"a" to 1,\n"a" to 2))', "5 duplicate-key likely"],
  ["go", "for {\nbreak\ng()\n}", "5 unreachable likely"],
  ["go", "return\ng()", "4 unreachable likely"],
  ["go", 'panic("x")\ng()', "4 unreachable likely"],
  ["java", "return;\ng();", "4 unreachable certain"],
  ["java", "switch (x) {\ncase 1:\nthrow e;\ng();\n}", "6 unreachable certain"],
  ["rust", "return;\ng();", "4 unreachable likely"],
  ["rust", 'panic!("x");\ng();', "4 unreachable likely"],
  ["php", "throw new E();\ng();", "4 unreachable likely"],
  ["php", "exit(1);\ng();", "4 unreachable likely"],
  ["ruby", 'raise "x"\ng(1)', "4 unreachable likely"],
  ["ruby", "return 1\ng(1)", "4 unreachable likely"],
  ["c-sharp", "return;\nG();", "4 unreachable likely"],
  ["cpp", "return;\ng();", "4 unreachable likely"],
  ["kotlin", "throw e\ng()", "4 unreachable likely"],
  ["cpp", "if (x = 5) g();", "3 assigned-condition likely"],
  ["java", "if (p.ok = true) g();", "3 assigned-condition likely"],
  ["php", "if ($x = 'a') { g(); }", "3 assigned-condition likely"],
  ["c-sharp", "if (ok = true) G();", "3 assigned-condition likely"],
  ["ruby", "g(1) if x = 5", "3 assigned-condition likely"],
  ["cpp", "if (x);\n{ g(); }", "3 empty-body likely"],
  ["java", "for (int i = 0; i < x; i++);\n{ g(); }", "3 empty-body likely"],
  ["c-sharp", "while (x < y);\n{ G(); }", "3 empty-body likely"],
  ["php", "while ($x < $y);\n{ g(); }", "3 empty-body likely"],
  ["go", "return 1", "3 return-count certain"],
  ["java", "return 1;", "3 return-count certain"],
  ["c-sharp", "return 1;", "3 return-count certain"],
  ["go", "runtime.Breakpoint()", "3 debugger likely"],
  ["go", "t.Skip()", "3 skipped-test hint"],
  ["rust", "dbg!(x);", "3 debug-output hint"],
  ["rust", "todo!()", "3 unfinished hint"],
  ["php", "var_dump($x);", "3 debug-output hint"],
  ["php", "xdebug_break();", "3 debugger likely"],
  ["c-sharp", "Debugger.Break();", "3 debugger hint"],
  ["kotlin", 'TODO("later")', "3 unfinished hint"],
  ["bash", "set -x", "3 debug-output hint"],
  ["bash", "if [ $x = 5]; then g; fi", "3 test-spacing likely"],
  ["bash", "if [$x = 5 ]; then g; fi", "3 test-spacing likely"],
  ["bash", "name = value", "3 assignment-spacing likely"],
  ["bash", "$name=value", "3 assignment-dollar likely"],
];

const quiet: [Language, string][] = [
  ["go", "if next() == next() { g() }"],
  ["go", "if <-p.a == <-p.a { g() }"],
  ["go", "// NaN is not equal to itself\nif x != x { g() }"],
  ["go", "var z float64\nif z != z { g() }"],
  ["go", "if x := x; x == 1 { g() }"],
  ["go", "if a, ok := g(); ok { h() } else if a, ok = h(); ok { i() }"],
  ["go", "switch { case p.next(): g()\ncase p.next(): h() }"],
  ["go", "x, y = y, x"],
  ["go", "for { if x == 1 { return }\ng() }"],
  ["go", "goto end\nend:\ng()"],
  ["go", "defer func() { return }()\ng()"],
  ["go", "m := []int{1, 1}\ng(m)"],
  ["java", "assertTrue(x == x);"],
  ["java", "Iterator i = g(); if (i.next() == i.next()) g();"],
  ["java", "switch (o) { case T t when t.a -> g(); case T t -> h(); default -> i(); }"],
  ["java", "if (x == 1) g(); else { if (x == 1) h(); }"],
  ["java", "for (;;) ;"],
  ["java", "Runnable r = () -> { return; };"],
  ["java", "Supplier<T> s = () -> { return 1; };"],
  ["rust", "assert!(x == x);"],
  ["rust", "match x { 1 if y == 1 => g(), 1 => h(), _ => i() }"],
  ["rust", "match x {\n#[cfg(a)]\n1 => g(),\n#[cfg(b)]\n1 => h(),\n_ => i() }"],
  ["rust", "return;\nfn g() {}"],
  ["rust", "let c = || { return 1; };"],
  ["php", "switch ($x) { case 1: return 2; break; case 2: return 3; break; }"],
  ["php", "return;\nfunction g() {}"],
  ["php", "if ($row = g()) { h(); }"],
  ["php", "while ($row = g()) { h(); }"],
  ["php", "return [$x => 1, $x => 2];"],
  ["php", "if ($p->next()) { g(); } elseif ($p->next()) { h(); }"],
  ["ruby", "return 1 if x\ng(1)"],
  ["ruby", "raise x unless y\ng(1)"],
  ["ruby", "begin\nreturn 1\nrescue E\ng(1)\nend"],
  ["ruby", "@a ||= @a"],
  ["ruby", "if (x = 5)\ng(1)\nend"],
  ["ruby", "g(a: 1, **{ a: 2 })"],
  ["c-sharp", "var z = new T { X = X };"],
  ["c-sharp", "Func<int> z = () => { return 1; };"],
  ["c-sharp", "switch (x) { case 1 when y > 1: break; case 1: break; }"],
  ["cpp", "switch (x) {\n#ifdef A\ncase 1: g(); break;\n#else\ncase 1: h(); break;\n#endif\n}"],
  ["cpp", "return;\n#ifdef A\ng();\n#endif"],
  ["cpp", "if ((x = 5)) g();"],
  ["cpp", "while ((c = *s++));"],
  ["cpp", "if (p = g()) h();"],
  ["cpp", "assert(x == x);"],
  ["cpp", "double d = g(); if (d != d) h();"],
  ["cpp", "switch (x) { case 1: return; default: break; }"],
  ["cpp", "goto out;\nout:\nreturn;"],
  ["kotlin", "val z = listOf(1, 1)"],
  ["kotlin", "when (x) { in 1..2 -> g(); is T -> h(); else -> i() }"],
  ["bash", '[ "$a" = "$b" ] && [[ $a == [a-z]* ]]'],
  ["bash", "name=value other=1 g"],
  ["bash", 'if [[ "$a" =~ ^[a-z]+$ ]]; then g; fi'],
];

describe("rules over the syntax of other languages", () => {
  it.each(found)("%s: %s", async (language, body, expected) => {
    if (!hasGrammar(language)) return;
    expect(await said(language, inside[language](body))).toContain(expected);
  });

  it.each(quiet)("says nothing of %s: %s", async (language, body) => {
    if (!hasGrammar(language)) return;
    expect((await said(language, inside[language](body))).filter((one) => !one.endsWith("hint"))).toEqual([]);
  });

  it("has no words for what a linter was told to leave in peace", async () => {
    expect(await said("go", inside.go("//nolint:staticcheck\nif x == x { g() }"))).toEqual([]);
    expect(await said("cpp", inside.cpp("if (x == x) g(); // NOLINT"))).toEqual([]);
  });

  it("only hints at a comparison with itself in a test", async () => {
    expect(await said("go", inside.go("if x == x { g() }"), { isTest: true })).toEqual([
      "3 self-comparison hint",
    ]);
    const rust = "mod tests {\nfn f() {\nif x == x { g() }\n}}\n";
    expect(await said("rust", rust)).toEqual(["3 self-comparison hint"]);
  });
});

describe("a function that can reach its end without the value it promises", () => {
  const runsOff: [Language, string, string][] = [
    ["go", "package a\nfunc f(x int) int {\nif x > 1 {\nreturn 1\n}\n}\n", "6 missing-return certain"],
    [
      "go",
      "package a\nfunc f(x int) (int, error) {\nfor x > 1 {\nreturn 1, nil\n}\n}\n",
      "6 missing-return certain",
    ],
    [
      "go",
      "package a\nfunc f(x int) int {\nswitch x {\ncase 1:\nreturn 1\n}\n}\n",
      "7 missing-return certain",
    ],
    ["go", "package a\nvar f = func() int {\ng()\n}\n", "4 missing-return certain"],
    ["java", "class A {\nint f(int x) {\nif (x > 1) return 1;\n}\n}\n", "4 missing-return certain"],
    [
      "java",
      "class A {\nint f(int x) {\ntry { return g(); } catch (E e) { log(e); }\n}\n}\n",
      "4 missing-return certain",
    ],
    ["c-sharp", "class A {\nint F(int x) {\nif (x > 1) return 1;\n}\n}\n", "4 missing-return certain"],
    ["c-sharp", "class A {\nasync Task<int> F(int x) {\nawait G();\n}\n}\n", "4 missing-return certain"],
    ["cpp", "int f(int x) {\nif (x > 1) return 1;\n}\n", "3 missing-return likely"],
    ["php", "<?php\nfunction f($x): int {\nif ($x > 1) { return 1; }\n}\n", "4 missing-return likely"],
    ["rust", "fn f(x: i32) -> Option<i32> {\nlet y = x;\nSome(y);\n}\n", "3 missing-return certain"],
    ["rust", "fn f(x: i32) -> i32 {\nif x > 1 {\nreturn 1;\n}\n}\n", "4 missing-return certain"],
    ["rust", "fn f(x: i32) -> i32 {\nlet y = x + 1;\n}\n", "2 missing-return certain"],
    ["rust", "fn f(x: i32) -> Vec<i32> {\nreturn;\n}\n", "2 return-count certain"],
    ["go", "package a\nfunc f() (int, error) {\nreturn 1\n}\n", "3 return-count certain"],
    ["java", "class A {\nint f() {\nreturn;\n}\n}\n", "3 return-count certain"],
  ];
  it.each(runsOff)("%s: %s", async (language, text, expected) => {
    expect(await said(language, text)).toContain(expected);
  });

  const ends: [Language, string][] = [
    ["go", "package a\nfunc f(x int) int {\nfor {\nif x > 1 { return 1 }\n}\n}\n"],
    ["go", "package a\nfunc f(x int) int {\nswitch x {\ncase 1:\nreturn 1\ndefault:\npanic(1)\n}\n}\n"],
    ["go", "package a\nfunc f(x int) int {\nselect {\ncase a := <-b:\nreturn a\ncase <-c:\nreturn 2\n}\n}\n"],
    ["go", "package a\nfunc f(x int) int {\nL:\nfor {\nfor { break }\ncontinue L\n}\n}\n"],
    ["go", "package a\nfunc f(x int) (n int) {\nif x > 1 { return }\nreturn 1\n}\n"],
    [
      "go",
      "package a\nfunc f() (int, error) {\nreturn g()\n}\nfunc h() func() int { return func() int { return 1 } }\n",
    ],
    ["java", "class A {\nint f(int x) {\nwhile (true) { if (x > 1) return 1; }\n}\nabstract int g();\n}\n"],
    [
      "java",
      "class A {\nint f(int x) {\nswitch (x) {\ncase 1: return 1;\ndefault: throw new E();\n}\n}\n}\n",
    ],
    ["java", "class A {\nint f(E x) {\nreturn switch (x) { case A -> 1; case B -> 2; };\n}\nA() { }\n}\n"],
    ["java", "class A {\nint f(int x) {\ntry { return g(); } finally { h(); }\n}\n}\n"],
    ["java", "class A {\nint f(int x) {\nsynchronized (this) { return x; }\n}\n}\n"],
    [
      "c-sharp",
      "class A {\nIEnumerable<int> F() {\nyield return 1;\n}\nasync Task G() { await H(); }\nint P => 1;\n}\n",
    ],
    ["c-sharp", "class A {\nA F() {\nreturn this; // fine\n}\n}\n"],
    ["c-sharp", "class A {\nint F() {\n#if X\nreturn 1;\n#else\nreturn 2;\n#endif\n}\n}\n"],
    ["cpp", "int main() {\ng();\n}\nA::A() { g(); }\nauto f() { g(); }\n"],
    [
      "cpp",
      'int f(int x) {\nif (x > 1) return 1;\nabort();\n}\nint g(int x) {\nif (x) return 1;\ndie("x");\n}\n',
    ],
    ["cpp", "int f(int x) {\nif (x > 1) { return 1; } else { throw 2; }\n}\n"],
    ["cpp", "int f(E x) {\nswitch (x) {\ncase A: return 1;\ncase B: return 2;\n}\n}\n"],
    [
      "php",
      "<?php\nfunction f(): \\Generator {\nyield 1;\n}\nfunction g(): void { h(); }\nfunction i(): never { exit; }\n",
    ],
    ["php", "<?php\nfunction f($x): int {\nif ($x) { return 1; }\nthrow new E();\n}\n"],
    ["rust", "fn f(x: i32) -> i32 {\nif x > 1 { 1 } else { 2 }\n}\nfn g() -> ! { loop {} }\n"],
    ["rust", "fn f(x: i32) -> i32 {\nloop { if x > 1 { return 1; } }\n}\nfn g() -> i32 {\ntodo!();\n}\n"],
    ["rust", "async fn f() -> impl IntoResponse {\nassert!(true);\n}\n"],
  ];
  it.each(ends)("says nothing of %s: %s", async (language, text) => {
    expect((await said(language, text)).filter((one) => !one.endsWith("hint"))).toEqual([]);
  });
});

describe("a function that is there twice", () => {
  const twice: [Language, string, boolean?][] = [
    ["go", "package a\nfunc f() {}\nfunc f() {}\n"],
    ["go", "package a\nfunc (t *T) f() {}\nfunc (u T) f() {}\n"],
    ["java", "class A {\nvoid f(int a) {}\nvoid f(int b) {}\n}\n"],
    ["rust", "impl A {\nfn f() {}\nfn f() {}\n}\n"],
    ["php", "<?php class A {\nfunction f() {}\nfunction F() {}\n}\n"],
    ["c-sharp", "class A {\nvoid F(int a) {}\nvoid F(int b) {}\n}\n"],
    ["cpp", "int g;\nint f(void) { return 1; }\nint f(void) { return 2; }\n", true],
  ];
  it.each(twice)("%s: %s", async (language, text, isC) => {
    expect(await said(language, text, { isC: isC ?? false })).toEqual(["3 duplicate-function certain"]);
  });

  const once: [Language, string][] = [
    ["go", "package a\nfunc init() {}\nfunc init() {}\nfunc (t T) f() {}\nfunc (u U) f() {}\nfunc f() {}\n"],
    [
      "java",
      "class A {\nvoid f(int a) {}\nvoid f(long a) {}\n<T> void f(T a) {}\nvoid f(int[] a) {}\nclass B { void f(int a) {} }\n}\n",
    ],
    ["rust", "#[cfg(a)]\nfn f() {}\n#[cfg(not(a))]\nfn f() {}\n"],
    ["php", "<?php\nif (x()) { function f() {} } else { function f() {} }\n"],
    [
      "c-sharp",
      "class A {\nvoid F(int a) {}\nvoid F(ref int a) {}\nvoid IA.F(int a) {}\nvoid F<T>(int a) {}\n}\n",
    ],
    ["cpp", "#ifdef A\nint f(void) { return 1; }\n#else\nint f(void) { return 2; }\n#endif\n"],
  ];
  it.each(once)("says nothing of %s: %s", async (language, text) => {
    expect(await said(language, text, { isC: true })).toEqual([]);
  });
});

describe("imports of Go", () => {
  const wrong: [string, string[]][] = [
    ['package a\nimport "os"\nfunc f() { strings.Contains(os.Args[0], "") }\n', ["3 missing-import certain"]],
    ["package a\nfunc f(w http.ResponseWriter) {}\n", ["2 missing-import certain"]],
    ['package a\nimport (\n"os"\n"strings"\n)\nfunc f() { os.Exit(1) }\n', ["4 unused-import certain"]],
    ['package a\nimport (\nx "example.com/y"\n)\nfunc f() {}\n', ["3 unused-import certain"]],
    ['package a\nimport "os"\nimport "os"\nfunc f() { os.Exit(1) }\n', ["3 duplicate-import certain"]],
  ];
  it.each(wrong)("%s", async (text, expected) => {
    expect(await said("go", text)).toEqual(expected);
  });

  const right = [
    'package a\nimport "example.com/go-strings"\nfunc f() { strings.Contains("") }\n',
    'package a\nimport . "example.com/x"\nfunc f() { strings.Contains("") }\n',
    "package a\nvar strings = g()\nfunc f() { strings.Contains() }\n",
    "package a\nfunc f(time T) { time.Now() }\n",
    "package a\nfunc f() { errors.code() }\n",
    'package a\nimport _ "embed"\nimport "example.com/y"\nfunc f() {}\n',
    'package a\nimport "time"\ntype T struct { at time.Time }\n',
    'package a\nimport "net/http"\ntype T struct { http.Handler }\n',
  ];
  it.each(right)("says nothing of %s", async (text) => {
    expect(await said("go", text)).toEqual([]);
  });
});
