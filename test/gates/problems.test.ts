import { describe, expect, it } from "vitest";
import { Output } from "../../src/gates/output.js";
import { isErrorLine, ProblemLines } from "../../src/gates/problems.js";
import { Mask } from "../../src/mask.js";

function problems(text: string): ProblemLines {
  const lines = new ProblemLines(["/home/project", "/tmp/base/tree"]);
  for (const line of text.split("\n")) lines.add(line);
  return lines;
}

describe("comparing what two runs printed", () => {
  // What each tool really prints: on base, the same problem further down, and with one more.
  it.each<[string, string, string, string]>([
    [
      "tsc",
      "src/a.ts(3,5): error TS2304: Cannot find name 'x'.\nFound 1 error.",
      "src/a.ts(17,9): error TS2304: Cannot find name 'x'.\nFound 1 error in src/a.ts:17",
      "src/b.ts(3,5): error TS2304: Cannot find name 'x'.",
    ],
    [
      "ESLint",
      "/tmp/base/tree/src/a.js\n  3:5  error  'x' is not defined  no-undef\n\n✖ 1 problem (1 error, 0 warnings)",
      "/home/project/src/a.js\n  17:15  error  'x' is not defined  no-undef\n\n✖ 1 problem (1 error, 0 warnings)",
      "/home/project/src/b.js\n  3:5  error  'x' is not defined  no-undef",
    ],
    [
      "rustc",
      "error[E0308]: mismatched types\n --> src/a.rs:3:5\n  |\nerror: could not compile `p` (lib) due to 1 previous error",
      "error[E0308]: mismatched types\n --> src/a.rs:17:5\n  |\nerror: could not compile `p` (lib) due to 2 previous errors",
      "error[E0308]: mismatched types\n --> src/b.rs:3:5",
    ],
    [
      "go vet",
      "# example.com/p\n./a.go:3:5: undefined: x",
      "# example.com/p\n./a.go:17:5: undefined: x",
      "./a.go:18:5: undefined: y",
    ],
    [
      "ruff",
      "a.py:3:5: F821 Undefined name `x`\nFound 1 error.",
      "a.py:17:5: F821 Undefined name `x`\nFound 1 error.",
      "a.py:18:5: F821 Undefined name `x`",
    ],
    [
      "mypy",
      'a.py:3: error: Name "x" is not defined  [name-defined]\nFound 1 error in 1 file (checked 1 source file)',
      'a.py:17: error: Name "x" is not defined  [name-defined]\nFound 1 error in 1 file (checked 9 source files)',
      'b.py:3: error: Name "x" is not defined  [name-defined]',
    ],
    [
      "Maven",
      "[ERROR] /tmp/base/tree/src/A.java:[3,5] cannot find symbol\n[INFO] Total time:  1.234 s",
      "[ERROR] /home/project/src/A.java:[17,5] cannot find symbol\n[INFO] Total time:  4.321 s",
      "[ERROR] /home/project/src/B.java:[3,5] cannot find symbol",
    ],
    [
      "gcc under make",
      "a.c:3:5: error: 'x' undeclared (first use in this function)\nmake: *** [Makefile:2: a.o] Error 1",
      "a.c:17:5: error: 'x' undeclared (first use in this function)\nmake: *** [Makefile:9: a.o] Error 1",
      "a.c:18:5: error: 'y' undeclared (first use in this function)",
    ],
    [
      "a formatter",
      "would reformat a.py\n1 file would be left",
      "would reformat a.py\n2 file would be left",
      "would reformat b.py",
    ],
  ])("of %s tells what moved from what is new", (_, before, moved, added) => {
    expect(problems(moved).newSince(problems(before))).toEqual([]);
    expect(problems(`${moved}\n${added}`).newSince(problems(before))).toHaveLength(1);
    expect(problems(before).newSince(problems(`${moved}\n${added}`))).toEqual([]);
  });

  it("takes neither package managers' talk nor summaries for errors", () => {
    for (const line of [
      "npm error code 1",
      "npm ERR! Lifecycle script `lint` failed",
      " ELIFECYCLE  Command failed with exit code 1.",
      "✖ 2 problems (2 errors, 0 warnings)",
      "make[1]: *** [Makefile:3: lint] Error 1",
      "Compiling p v0.1.0",
    ])
      expect(isErrorLine(line), line).toBe(false);
  });

  it("takes its time in proportion to what it reads", () => {
    const started = performance.now();
    const lines = problems(`${"12:5 ".repeat(20_000)}\n${"a/".repeat(50_000)}\n${"error ".repeat(1000)}`);
    for (let index = 0; index < 30_000; index++)
      lines.add(`error: number ${String.fromCodePoint(0x4e00 + index)}`);
    expect(lines.incomplete).toBe(true);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("reading output", () => {
  const read = (...chunks: [string | Buffer, "stdout" | "stderr"][]) => {
    const output = new Output(null, new Mask([]), new ProblemLines([]));
    for (const [chunk, stream] of chunks) output.push(Buffer.from(chunk), stream);
    return output.end().digest;
  };

  it("puts characters and lines together that came in pieces, on either stream", () => {
    const text = Buffer.from("grün\n");
    expect(
      read(
        [text.subarray(0, 3), "stdout"],
        ["err", "stderr"],
        [text.subarray(3), "stdout"],
        ["or\n", "stderr"],
      ),
    ).toBe("grün\nerror");
  });

  it("keeps of a progress bar what it ended with", () => {
    expect(read(["  1%\r 50%\r100% done\r\nnext", "stdout"])).toBe("100% done\nnext");
  });

  it("bears one endless line", () => {
    const digest = read(
      ...Array.from({ length: 300 }, () => ["x".repeat(65_536), "stdout"] as [string, "stdout"]),
    );
    expect(digest.length).toBeLessThanOrEqual(1_500);
  });

  it("bears bytes that are no text", () => {
    expect(read([Buffer.from([0xff, 0x00, 0x1b, 0x5b, 0x41, 0x61, 0x0a]), "stdout"])).toContain("a");
  });
});
