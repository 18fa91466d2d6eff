import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { UsageError } from "../../src/errors.js";
import { everything, repository } from "./repositories.js";

describe("a pasted diff", () => {
  it("becomes a tree on base: renames, modes, binaries, quoted paths, no newline", async () => {
    const repo = repository();
    repo.write({
      a: "1\n2\n3\n4\n",
      "mv é": "1\n2\n3\n4\n5\n",
      "x.sh": "1\n",
      "b.bin": Buffer.from([0, 1]),
      gone: "1\n",
    });
    repo.commit();
    repo.write({
      a: "1\n2\n3\nend",
      "mv é": null,
      'q "ü"': "1\n2\n3\n4\n5\n6\n",
      "x.sh*": "1\n",
      gone: null,
    });
    repo.write({ "b.bin": Buffer.from([0, 2, 255]), "sp ace": "x\n" });
    repo.git("add", "-A");
    const tree = repo.git("write-tree").trim();
    for (const options of [
      ["--binary"],
      ["--binary", "--no-prefix"],
      ["--binary", "-U0"],
      ["--binary", "--no-renames"],
    ]) {
      const diff = repo.git("diff", "--cached", ...options);
      const change = await openChange(repo.sluice(), { diff });
      expect(change.head.tree, options.join(" ")).toBe(tree);
      expect([change.headKind, change.partial, change.head.label]).toEqual(["diff", true, "diff"]);
    }
    repo.git("config", "diff.mnemonicPrefix", "true");
    expect(
      (await openChange(repo.sluice(), { diff: repo.git("diff", "--cached", "--binary") })).head.tree,
    ).toBe(tree);
    expect(
      await openChange(repo.sluice(), { base: tree, diff: repo.git("diff", "--cached", "-R", "--binary") }),
    ).toMatchObject({
      head: { tree: repo.git("rev-parse", "HEAD^{tree}").trim() },
    });
  });

  it("takes new files in a folder named like a prefix, and diffs without a git header", async () => {
    const repo = repository();
    repo.write({ "a/x": "1\n", x: "0\n" });
    repo.commit();
    const paths = async (diff: string) =>
      (await openChange(repo.sluice(), { diff })).files.map(({ path }) => path);
    expect(await paths("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-0\n+1")).toEqual(["x"]);
    expect(await paths("diff --git a/x a/x\n--- a/x\n+++ a/x\n@@ -1 +1 @@\n-1\n+2\n")).toEqual(["a/x"]);
    expect(
      await paths("diff --git a/n a/n\nnew file mode 100644\n--- /dev/null\n+++ a/n\n@@ -0,0 +1 @@\n+2\n"),
    ).toEqual(["a/n"]);
    expect(await paths("--- /dev/null\n+++ b/src/n\n@@ -0,0 +1 @@\n+2\n")).toEqual(["src/n"]);
  });

  it("survives line ends and counts that were lost on the way", async () => {
    const repo = repository();
    repo.write({ crlf: "1\r\n2\r\n3\r\n", lf: "1\n2\n3\n" });
    repo.commit();
    const body = "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n";
    const head = async (path: string, diff: string) => {
      const change = await openChange(repo.sluice(), { diff });
      return (await change.objects.file("head", path))?.toString();
    };
    const diffOf = (path: string, hunk = body) =>
      `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n${hunk}`;
    expect(await head("crlf", diffOf("crlf"))).toBe("1\r\ntwo\r\n3\r\n");
    expect(await head("lf", diffOf("lf").replaceAll("\n", "\r\n"))).toBe("1\ntwo\n3\n");
    expect(await head("lf", diffOf("lf", body.replace("@@ -1,3 +1,3 @@", "@@ -1,9 +1,7 @@")))).toBe(
      "1\ntwo\n3\n",
    );
    expect(await head("lf", diffOf("lf").trimEnd())).toBe("1\ntwo\n3\n");
  });

  it("is tried on HEAD, then on the default base", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    const main = repo.commit();
    repo.git("checkout", "-q", "-b", "feature");
    repo.write({ a: "2\n" });
    repo.commit();
    const whole = await openChange(repo.sluice(), { diff: repo.git("diff", "main") });
    expect([whole.base.commit, whole.base.label]).toEqual([main, "merge-base with main"]);
    repo.write({ a: "3\n" });
    const part = await openChange(repo.sluice(), { diff: repo.git("diff") });
    expect(part.base.label).toBe("HEAD");
    await expect(openChange(repo.sluice(), { base: "main", diff: repo.git("diff") })).rejects.toThrow(
      "The diff does not apply to main: patch failed: a:1",
    );
  });

  it("lists binary files whose content it lacks", async () => {
    const repo = repository();
    repo.write({ "b.bin": Buffer.from([0, 1]), a: "1\n" });
    repo.commit();
    repo.write({ "b.bin": Buffer.from([0, 2]), a: "2\n", "c.bin": Buffer.from([0]) });
    repo.git("add", "-A");
    const change = await openChange(repo.sluice(), { diff: repo.git("diff", "--cached") });
    expect(change.files.map(({ path }) => path)).toEqual(["a"]);
    expect(change.skipped.map(({ path }) => path)).toEqual(["b.bin", "c.bin"]);
  });

  it("may come from plain diff of two folders, which names what it does not show", async () => {
    const repo = repository();
    repo.write({ "src/a.ts": "1\n", "logo.png": "\0" });
    repo.commit();
    const diff = [
      "diff -ru shop.orig/src/a.ts shop/src/a.ts",
      "--- shop.orig/src/a.ts\t2026-01-02 03:04:05.000000000 +0000",
      "+++ shop/src/a.ts\t2026-01-02 03:04:06.000000000 +0000",
      "@@ -1 +1 @@",
      "-1",
      "+2",
      "Binary files shop.orig/logo.png and shop/logo.png differ",
      "Only in shop/src: new.ts",
    ];
    const change = await openChange(repo.sluice(), { diff: diff.join("\n") });
    expect(change.files.map(({ path }) => path)).toEqual(["src/a.ts"]);
    expect(change.skipped.map(({ path }) => path)).toEqual(["logo.png", "src/new.ts"]);
  });

  it("is an empty change when it is blank", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ a: "2\n" });
    expect(await openChange(repo.sluice(), { diff: "\n" })).toMatchObject({ files: [], headKind: "diff" });
  });

  it("is refused with a hint when it is no unified diff, or comes with a head", async () => {
    const repo = repository();
    repo.commit();
    for (const diff of [
      "hello",
      "*** Begin Patch\n*** Update File: a\n",
      "--- a\n",
      "diff --git a/x b/x\n",
      "--- \0\n+++ \0\n@@",
    ]) {
      const error = await openChange(repo.sluice(), { diff }).catch((thrown: unknown) => thrown);
      expect(error, diff).toBeInstanceOf(UsageError);
      expect(error, diff).toHaveProperty("hint", expect.stringMatching(/\w/));
    }
    await expect(openChange(repo.sluice(), { diff: "--- a/x\n", head: "HEAD" })).rejects.toThrow(
      "cannot both",
    );
  });

  it("cannot write outside, through links or into .git, whatever it names", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.link("link", "..");
    repo.link("etc", "/etc");
    repo.commit();
    const add = (path: string) =>
      `diff --git a/${path} b/${path}\nnew file mode 100644\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+evil\n`;
    const before = everything(join(repo.path, ".."), { times: false, without: /\.git\/sluice/ });
    const hostile = [
      "../evil",
      "x/../../evil",
      "/tmp/evil",
      ".git/config",
      ".GIT/hooks/x",
      "x/.git/y",
      "git~1/x",
    ];
    hostile.push("link/evil", "etc/evil", "..", ".", "./x", "x//y", ".g\u200cit/config");
    for (const path of hostile) {
      await expect(openChange(repo.sluice(), { base: "HEAD", diff: add(path) }), path).rejects.toBeInstanceOf(
        UsageError,
      );
    }
    // A link made and used in the same diff.
    const both = `diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+..\n\\ No newline at end of file\n${add("l/evil")}`;
    await expect(openChange(repo.sluice(), { diff: both })).rejects.toBeInstanceOf(UsageError);
    expect(everything(join(repo.path, ".."), { times: false, without: /\.git\/sluice/ })).toEqual(before);
    expect(existsSync(join(repo.path, "../evil"))).toBe(false);
  });

  it("never fails in another way than by saying so, nor writes anything, for any text", async () => {
    const repo = repository();
    repo.write({ a: "1\n2\n3\n" });
    repo.commit();
    const before = everything(join(repo.path, ".."), { times: true, without: /repo\/\.git/ });
    const piece = fc.constantFrom(
      ..."diff --git a/a b/a\n|--- a/a\n|+++ b/a\n|@@ -1,3 +1,3 @@\n|@@ -0,0 +1 @@\n| 1\n|-2\n|+x\n| 3\n|\\ No newline at end of file\n".split(
        "|",
      ),
      ..."rename from a\n|rename to ../b\n|new file mode 120000\n|GIT binary patch\n|literal 5\n|index 1..2\n|--- /dev/null\n|\r\n|\0|+++ b/../../x\n".split(
        "|",
      ),
      "deleted file mode 100644\n",
      "Binary files a/a and b/a differ\n",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const result = await openChange(repo.sluice(), { base: "HEAD", diff: pieces.join("") }).catch(
          (error: unknown) => error,
        );
        if (result instanceof Error) expect(result).toBeInstanceOf(UsageError);
      }),
      { numRuns: 25, endOnFailure: true },
    );
    expect(everything(join(repo.path, ".."), { times: true, without: /repo\/\.git/ })).toEqual(before);
  });

  it("may carry a state file, which does not get in", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    const diff =
      "--- /dev/null\n+++ b/.flow/review_state.json\n@@ -0,0 +1 @@\n+{}\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n";
    const change = await openChange(repo.sluice(), { diff });
    expect(change.files.map(({ path }) => path)).toEqual(["a"]);
    expect(change.skipped.map(({ path }) => path)).toEqual([".flow/review_state.json"]);
  });

  it("leaves the work tree's own edits alone", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    writeFileSync(join(repo.path, "a"), "dirty\n");
    await openChange(repo.sluice(), { diff: "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n" });
    expect(repo.git("status", "--porcelain")).toBe(" M a\n");
    expect(readdirSync(repo.path).sort()).toEqual([".git", "a"]);
  });
});
