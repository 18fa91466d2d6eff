import { describe, expect, it } from "vitest";
import type { TreeEntry } from "../../../src/change/types.js";
import { Draft } from "../../../src/work/implement/draft.js";
import { judgePath, treePaths } from "../../../src/work/implement/paths.js";

const blob = (path: string, mode = "100644"): TreeEntry => ({ path, mode, type: "blob", id: "1", size: 10 });
const tree = treePaths([
  blob("src/App.ts"),
  blob("src/run.sh", "100755"),
  blob("package.json"),
  blob("package-lock.json"),
  blob(".github/workflows/ci.yml"),
  blob("tsconfig.json"),
  blob("out", "120000"),
  { ...blob("deps/lib", "160000"), type: "commit" },
]);

describe("a path that a model wrote", () => {
  it.each([
    ["src/App.ts"],
    ["./src/App.ts"],
    ["src/new/file.ts"],
    ["docs/a b.md"],
    ["src/..hidden/x.ts"],
    ["README.md"],
  ])("%s is allowed", (path) => {
    expect(judgePath(path, tree, "")).toMatchObject({ state: "allowed" });
  });

  it.each([
    ["/etc/passwd", "absolute"],
    ["C:/windows/x", "absolute"],
    ["~/.ssh/config", "absolute"],
    ["../other/x.ts", "outside"],
    ["src/../../x.ts", "outside"],
    ["src//x.ts", "plainly"],
    ["src/./x.ts", "plainly"],
    ["src\\x.ts", "backslash"],
    ["src/x\u0000.ts", "control"],
    ["src/x\n.ts", "control"],
    ["", "no path"],
    ["a".repeat(500), "no path"],
    [".git/hooks/pre-commit", "git's own"],
    [".GIT/config", "git's own"],
    ["sub/.git/config", "git's own"],
    [".git./config", "git's own"],
    ["git~1/config", "git's own"],
    [".g\u200cit/config", "git's own"],
    [".gitmodules", "git's own"],
    [".flow/tasks/fn-1.1.md", "flow"],
    [".FLOW/config.json", "flow"],
    ["node_modules/x/index.js", "installed"],
    [".venv/bin/python", "installed"],
    ["out", "symbolic link"],
    ["out/evil.ts", "symbolic link"],
    ["deps/lib", "submodule"],
    ["deps/lib/x.c", "submodule"],
    ["src/App.ts/x.ts", "a file"],
    ["src", "a folder"],
    ["src/app.ts", "write it so"],
    ["SRC/new.ts", "write it so"],
  ])("%j is refused", (path, why) => {
    const ruling = judgePath(path, tree, path);
    expect(ruling).toMatchObject({ state: "refused" });
    expect(ruling.state === "refused" && ruling.why).toContain(why);
  });

  it.each([
    ["package.json"],
    ["package-lock.json"],
    ["packages/a/package.json"],
    ["requirements.txt"],
    ["Cargo.toml"],
    ["go.mod"],
    [".github/workflows/ci.yml"],
    [".gitlab-ci.yml"],
    [".husky/pre-commit"],
    [".pre-commit-config.yaml"],
    [".npmrc"],
    [".env"],
    [".mcp.json"],
    ["CLAUDE.md"],
    ["tsconfig.json"],
    ["eslint.config.js"],
    ["vendor/lib/x.php"],
  ])("%s is up to somebody else, unless the task names it", (path) => {
    expect(judgePath(path, tree, "Add a cache.")).toMatchObject({ state: "ask" });
    expect(judgePath(path, tree, `Add a cache and change \`${path}\`.`)).toMatchObject({ state: "allowed" });
    // A longer name is another file's.
    expect(judgePath(path, tree, `Change my-${path}x.`)).toMatchObject({ state: "ask" });
  });
});

const files: Record<string, string> = {
  "src/App.ts": "one\ntwo\nthree\ntwo\n",
  "src/crlf.ts": "one\r\ntwo\r\nthree\r\n",
  "src/run.sh": "#!/bin/sh\necho hi\n",
  "src/binary.ts": "a\0b",
};

function draft(task = ""): Draft {
  const entries = Object.keys(files).map((path) => blob(path, path.endsWith(".sh") ? "100755" : "100644"));
  return new Draft(treePaths(entries), task, async (path) => {
    const text = files[path];
    return text === undefined ? null : Buffer.from(text);
  });
}

const replace = (path: string, search: string, text: string) => ({
  path,
  action: "replace" as const,
  search,
  text,
});
const shown = (one: Draft) => one.files().map(({ path, content, mode }) => [path, content?.toString(), mode]);

describe("a draft", () => {
  it("makes exact replacements, one on top of the other, and keeps modes", async () => {
    const one = draft();
    await one.make([
      replace("src/App.ts", "one\n", "1\n"),
      replace("src/App.ts", "1\ntwo", "1\n2"),
      replace("src/run.sh", "hi", "ho"),
      { path: "src/new.ts", action: "write", search: "", text: "new" },
    ]);
    expect(shown(one)).toEqual([
      ["src/App.ts", "1\n2\nthree\ntwo\n", "100644"],
      ["src/new.ts", "new\n", "100644"],
      ["src/run.sh", "#!/bin/sh\necho ho\n", "100755"],
    ]);
  });

  it("keeps a file's line ends, whatever the model wrote", async () => {
    const one = draft();
    const { notMade } = await one.make([replace("src/crlf.ts", "one\ntwo", "1\n2\n2a")]);
    expect(notMade).toEqual([]);
    expect(shown(one)).toEqual([["src/crlf.ts", "1\r\n2\r\n2a\r\nthree\r\n", "100644"]]);
    await one.make([{ path: "src/crlf.ts", action: "write", search: "", text: "x\ny" }]);
    expect(shown(one)).toEqual([["src/crlf.ts", "x\r\ny\r\n", "100644"]]);
  });

  it("says what is there where a search is not, and changes nothing", async () => {
    const one = draft();
    const { made, notMade } = await one.make([
      replace("src/App.ts", " two\n  three", "x"),
      replace("src/App.ts", "two", "x"),
      replace("src/gone.ts", "two", "x"),
      replace("src/App.ts", "", "x"),
      replace("src/binary.ts", "a", "x"),
    ]);
    expect(made).toEqual([]);
    expect(one.files()).toEqual([]);
    expect(notMade.map(({ why }) => why)).toEqual([
      expect.stringMatching(/does not stand there[\s\S]*1\| one\n2\| two\n3\| three/),
      expect.stringContaining("lines 2, 4"),
      expect.stringContaining("no such file"),
      expect.stringContaining("search is empty"),
      expect.stringContaining("binary"),
    ]);
  });

  it("takes an edit that is made already as made", async () => {
    const one = draft();
    const again = replace("src/App.ts", "one\ntwo", "first line\ntwo");
    expect((await one.make([again, again])).notMade).toEqual([]);
    expect(shown(one)).toEqual([["src/App.ts", "first line\ntwo\nthree\ntwo\n", "100644"]]);
  });

  it("deletes only what the task says goes", async () => {
    const gone = { path: "src/App.ts", action: "delete" as const, search: "", text: "" };
    expect((await draft().make([gone])).notMade).toMatchObject([{ state: "ask" }]);
    const told = draft("Remove src/App.ts.");
    expect((await told.make([gone])).notMade).toEqual([]);
    expect(shown(told)).toEqual([["src/App.ts", undefined, "100644"]]);
  });

  it("is no proposal where it ends as it began", async () => {
    const one = draft();
    await one.make([replace("src/App.ts", "one", "1"), replace("src/App.ts", "1", "one")]);
    expect(one.files()).toEqual([]);
  });

  it("bears a search in 60,000 lines that look alike", async () => {
    files["src/long.ts"] = "  const value = compute(a, b);\n".repeat(60_000);
    const started = performance.now();
    const { notMade } = await draft().make([
      replace("src/long.ts", "const value = compute(a, c);\n".repeat(300), ""),
    ]);
    expect(notMade).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(3_000);
    delete files["src/long.ts"];
  });

  it("refuses a file where another new one has its folder, too many files, and too large ones", async () => {
    const one = draft();
    const write = (path: string, text = "x") => ({ path, action: "write" as const, search: "", text });
    const { notMade } = await one.make([
      write("a/b"),
      write("a/b/c"),
      write("big.txt", "x".repeat(3_000_000)),
      ...Array.from({ length: 120 }, (_, index) => write(`many/${index}.txt`)),
    ]);
    expect(notMade.map(({ path }) => path).slice(0, 2)).toEqual(["a/b/c", "big.txt"]);
    expect(one.files()).toHaveLength(100);
  });
});
