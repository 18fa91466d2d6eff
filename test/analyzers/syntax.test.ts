import { describe, expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

const go = "package a\n\nfunc F(x int) int {\n\tif x > 1 {\n\t\treturn x\n\t}\n\treturn 0\n}\n";
const java = "class A {\n  int f(int x) {\n    int y = x + 1;\n    return y;\n  }\n}\n";

describe("syntax of other languages", () => {
  it("finds what no longer parses", async () => {
    const before = {
      "a.go": go,
      "A.java": java,
      "a.rs": "fn f() -> i32 {\n    g(1, [2])\n}\n",
      "a.rb": "def f\n  [1].each do |x|\n    puts x\n  end\nend\n",
      "a.php": "<?php\nfunction f($x) {\n  return $x;\n}\n",
      "A.cs": "class A {\n  int F() {\n    return 1;\n  }\n}\n",
      "a.c": "int f(void) {\n  return 1;\n}\n",
    };
    const after = {
      "a.go": go.replace("\t}\n", ""),
      "A.java": java.replace("x + 1;", "x + 1"),
      "a.rs": "fn f() -> i32 {\n    g(1, [2]\n}\n",
      "a.rb": "def f\n  [1].each do |x|\n    puts x\nend\n",
      "a.php": "<?php\nfunction f($x) {\n  return $x\n}\n",
      "A.cs": "class A {\n  int F() {\n    return 1;\n  }}\n}\n",
      "a.c": "int f(void) {\n  return 1;\n\n",
      "new.go": "package a\n\n... rest of the code ...\n",
    };
    expect(
      (await findingsOf(before, after)).map((one) => one.replace(/:\d+/, "").replace(" (elsewhere)", "")),
    ).toEqual([
      "A.cs syntax certain",
      "A.java syntax likely",
      "a.go syntax certain",
      "a.php syntax likely",
      "a.rb syntax likely",
      "a.rs syntax certain",
      "new.go syntax likely",
    ]);
  });

  it("says nothing of what it could not read before, of fixtures and of templates", async () => {
    const broken = "package a\n\nfunc F( {\n";
    const before = { "a.go": broken, "testdata/b.go": go };
    const after = {
      "a.go": `${broken}\n// more\n`,
      "testdata/b.go": broken,
      "new.go": "package {{ .Name }}\n",
      "test/new_test.go": broken,
    };
    expect(await findingsOf(before, after)).toEqual([]);
  });

  it("looks for a name of Go's in the other files of its folder", async () => {
    const text = 'package a\n\nimport "errors"\n\nvar e = errors.New("x")\n';
    const without = text.replace('import "errors"\n\n', "");
    expect(await findingsOf({ "a/a.go": text }, { "a/a.go": without })).toEqual([
      "a/a.go:3 undefined-name certain (elsewhere)",
    ]);
    const beside = { "a/a.go": text, "a/b.go": "package a\n\nvar (\n\terrors = list{}\n)\n" };
    expect(await findingsOf(beside, { "a/a.go": without })).toEqual([]);
  });
});
