import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { changeLabel, openChange, staleness } from "../../src/change/change.js";
import { UsageError } from "../../src/errors.js";
import { repository } from "./repositories.js";

const paths = (change: { files: { path: string }[] }) => change.files.map(({ path }) => path);

describe("the ends of a change", () => {
  it("are HEAD and the work tree on a dirty default branch", async () => {
    const repo = repository();
    repo.write({ "a.ts": "one\n", "b c é.ts": "two\n" });
    repo.commit();
    repo.write({ "a.ts": "one\nmore\n", 'new/ü "q".ts': "x", "b c é.ts": null });
    const change = await openChange(repo.sluice(), {});
    expect(change.headKind).toBe("worktree");
    expect(change.partial).toBe(false);
    expect(change.files.map(({ status, path }) => [status, path])).toEqual([
      ["modified", "a.ts"],
      ["deleted", "b c é.ts"],
      ["added", 'new/ü "q".ts'],
    ]);
    expect(change.files[2]?.hunks).toEqual([
      { oldStart: 0, oldLines: 0, newStart: 1, newLines: 1, lines: ["+x", "\\ No newline at end of file"] },
    ]);
    expect(changeLabel(change)).toEqual({
      base: "HEAD",
      base_tree: repo.git("rev-parse", "HEAD^{tree}").trim(),
      head: "WORKTREE",
      head_tree: change.head.tree,
      files: 3,
      added: 2,
      deleted: 1,
    });
  });

  it("are HEAD's parent and HEAD on a clean default branch, the empty tree for a first commit", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    const first = await openChange(repo.sluice(), {});
    expect([first.base.label, first.headKind, paths(first)]).toEqual(["empty tree", "commit", ["a"]]);
    repo.write({ b: "1\n" });
    repo.commit();
    const second = await openChange(repo.sluice(), {});
    expect([second.base.commit, paths(second)]).toEqual([repo.git("rev-parse", "HEAD^").trim(), ["b"]]);
  });

  it("are the empty tree and the work tree before the first commit", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    const change = await openChange(repo.sluice(), {});
    expect([change.base.label, change.head.label, paths(change)]).toEqual(["empty tree", "WORKTREE", ["a"]]);
    const staged = await openChange(repo.sluice(), { head: "STAGED" });
    expect(staged.files).toEqual([]);
  });

  it("start at the merge-base with the default branch, also when that has moved on", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    const fork = repo.commit();
    repo.git("checkout", "-q", "-b", "feature");
    repo.write({ b: "1\n" });
    repo.commit();
    repo.git("checkout", "-q", "main");
    repo.write({ c: "1\n" });
    repo.commit();
    repo.git("checkout", "-q", "feature");
    repo.write({ d: "1\n" });
    for (const head of [undefined, "WORKTREE"]) {
      const change = await openChange(repo.sluice(), { head });
      expect([change.base.commit, change.base.label, paths(change)]).toEqual([
        fork,
        "merge-base with main",
        ["b", "d"],
      ]);
    }
    const committed = await openChange(repo.sluice(), { head: "feature" });
    expect(paths(committed)).toEqual(["b"]);
    expect(paths(await openChange(repo.sluice(), { head: "STAGED" }))).toEqual(["b"]);
    expect(paths(await openChange(repo.sluice(), { head: "main" }))).toEqual(["c"]);
  });

  it("follow origin/HEAD, and the newer of the local and the remote default branch", async () => {
    const origin = repository({ branch: "trunk" });
    origin.write({ a: "1\n" });
    origin.commit();
    const repo = repository();
    repo.git("clone", "-q", origin.path, "clone");
    const clone = join(repo.path, "clone");
    const sluice = repo.sluice({ cwd: clone });
    repo.git("-C", "clone", "commit", "-q", "--allow-empty", "-m", "local");
    repo.git("-C", "clone", "checkout", "-q", "-b", "topic");
    writeFileSync(join(clone, "b"), "1\n");
    const change = await openChange(sluice, {});
    expect(change.base.label).toBe("merge-base with trunk");
    expect(change.base.commit).toBe(repo.git("-C", "clone", "rev-parse", "trunk").trim());
    expect(paths(change)).toEqual(["b"]);
  });

  it("say nothing changed on a fresh branch, and what a detached commit did", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ b: "1\n" });
    repo.commit();
    repo.git("checkout", "-q", "-b", "feature");
    expect(paths(await openChange(repo.sluice(), {}))).toEqual([]);
    repo.git("checkout", "-q", "--detach");
    expect(paths(await openChange(repo.sluice(), {}))).toEqual(["b"]);
  });

  it("take the index without what is only in the work tree", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ a: "2\n", b: "1\n" });
    repo.git("add", "b");
    const change = await openChange(repo.sluice(), { head: "STAGED" });
    expect([change.headKind, change.head.label, paths(change)]).toEqual(["staged", "STAGED", ["b"]]);
  });

  it("work in a bare repository for commits only", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.git("clone", "-q", "--bare", ".", "bare.git");
    const sluice = repo.sluice({ cwd: join(repo.path, "bare.git") });
    expect(paths(await openChange(sluice, {}))).toEqual(["a"]);
    await expect(openChange(sluice, { head: "WORKTREE" })).rejects.toThrow("bare");
  });

  it("work in SHA-256 repositories", async () => {
    const repo = repository({ objectFormat: "sha256" });
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ a: "2\n", b: "3\n" });
    const change = await openChange(repo.sluice(), {});
    expect(change.head.tree).toHaveLength(64);
    expect(paths(change)).toEqual(["a", "b"]);
    expect((await change.objects.file("head", "b"))?.toString()).toBe("3\n");
    const first = await openChange(repo.sluice(), { head: "HEAD" });
    expect([first.base.label, paths(first)]).toEqual(["empty tree", ["a"]]);
    const diff = await change.objects.diff();
    expect((await openChange(repo.sluice(), { base: "HEAD", diff })).head.tree).toBe(change.head.tree);
  });

  it("never call the cut end of a shallow clone a first commit", async () => {
    const repo = repository();
    for (const content of ["1", "2", "3"]) {
      repo.write({ a: content, [content]: content });
      repo.commit();
    }
    repo.git("clone", "-q", "--depth=1", `file://${repo.path}`, "shallow");
    const folder = join(repo.path, "shallow");
    const sluice = repo.sluice({ cwd: folder });
    await expect(openChange(sluice, {})).rejects.toThrow("shallow clone");
    writeFileSync(join(folder, "a"), "4");
    expect(paths(await openChange(sluice, {}))).toEqual(["a"]);
  });

  it("are each worktree's own in a linked worktree", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.git("worktree", "add", "-q", ".claude/worktrees/w", "-b", "side");
    const folder = join(repo.path, ".claude/worktrees/w");
    writeFileSync(join(folder, "b"), "1\n");
    const change = await openChange(repo.sluice({ cwd: folder }), {});
    expect(paths(change)).toEqual(["b"]);
    expect(change.repository.mainRoot).toBe(repo.path);
    expect((await openChange(repo.sluice(), { repo: folder })).head.tree).toBe(change.head.tree);
    // The main work tree does not take its own worktrees for content.
    const main = await openChange(repo.sluice(), { head: "WORKTREE" });
    expect([paths(main), main.skipped]).toEqual([[], []]);
  });
});

describe("refs from a caller", () => {
  it("are refused when they are options, ranges, paths, blobs or unknown, with a hint", async () => {
    const repo = repository();
    repo.write({ a: "1\n", "dir/b": "1\n" });
    repo.commit();
    const blob = repo.git("rev-parse", "HEAD:a").trim();
    const bad = [
      "--output=x",
      "-h",
      "HEAD:a",
      "HEAD:dir",
      ":a",
      ":/change",
      "HEAD..HEAD",
      "^HEAD",
      "nope",
      blob,
      "a b",
    ];
    bad.push("HEAD\n--all", "@{nope}", "HEAD^{blob}", "x".repeat(2_000), "STAGED:", "../main");
    for (const ref of bad) {
      for (const args of [{ base: ref }, { base: "HEAD", head: ref }]) {
        const error = await openChange(repo.sluice(), args).catch((thrown: unknown) => thrown);
        expect(error, ref).toBeInstanceOf(UsageError);
        expect(error, ref).toHaveProperty("hint", expect.stringMatching(/\w/));
      }
    }
    expect(repo.git("status", "--porcelain")).toBe("");
  });

  it("may be branches, tags, short ids, ancestors, reflog entries and trees", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    const first = repo.commit();
    repo.git("tag", "-a", "v1", "-m", "v1");
    repo.write({ b: "1\n" });
    repo.commit();
    for (const base of ["v1", first.slice(0, 8), "HEAD~1", "main^", "HEAD@{1}", "@~", `${first}^{tree}`]) {
      expect(paths(await openChange(repo.sluice(), { base, head: "main" })), base).toEqual(["b"]);
    }
    const empty = await openChange(repo.sluice(), { base: "HEAD", head: "HEAD" });
    expect([empty.files, empty.partial]).toEqual([[], false]);
    expect(
      paths(await openChange(repo.sluice(), { base: "", head: " ", repo: "", task: "", paths: [] })),
    ).toEqual(["b"]);
  });

  it("say how to write STAGED and WORKTREE", async () => {
    const repo = repository();
    repo.commit();
    await expect(openChange(repo.sluice(), { head: "staged" })).rejects.toHaveProperty(
      "hint",
      expect.stringContaining('"STAGED"'),
    );
  });
});

describe("paths", () => {
  it("narrow by globs and folders, and say so", async () => {
    const repo = repository();
    repo.write({ "src/a.ts": "1\n", "src/deep/b.ts": "1\n", "docs/c.md": "1\n", ".x/d.ts": "1\n" });
    const ask = async (...globs: string[]) => {
      const change = await openChange(repo.sluice(), { paths: globs });
      return [change.partial, ...paths(change)];
    };
    expect(await ask("src")).toEqual([true, "src/a.ts", "src/deep/b.ts"]);
    expect(await ask("./src/*.ts")).toEqual([true, "src/a.ts"]);
    expect(await ask("**/*.ts")).toEqual([true, ".x/d.ts", "src/a.ts", "src/deep/b.ts"]);
    expect(await ask("**")).toEqual([false, ".x/d.ts", "docs/c.md", "src/a.ts", "src/deep/b.ts"]);
    expect(await ask(join(repo.path, "docs"))).toEqual([true, "docs/c.md"]);
    expect(await ask(":(exclude)src", ":/", "--output=x", "!src")).toEqual([true]);
    expect(await ask(`{${"a,".repeat(300)}}`.repeat(3).slice(0, 999))).toEqual([true]);
  });

  it("are refused when they leave the repository", async () => {
    const repo = repository();
    for (const glob of ["../x", "src/../../x", "/etc/passwd", "a\0b"]) {
      await expect(openChange(repo.sluice(), { paths: [glob] }), glob).rejects.toBeInstanceOf(UsageError);
    }
  });

  it("keep a rename that left or entered them", async () => {
    const repo = repository();
    repo.write({ "in/a": "1\n2\n3\n" });
    repo.commit();
    repo.git("mv", "in/a", "b");
    const change = await openChange(repo.sluice(), { paths: ["in"] });
    expect(change.files.map(({ status, path, oldPath }) => [status, path, oldPath])).toEqual([
      ["renamed", "b", "in/a"],
    ]);
  });
});

describe("a task", () => {
  it("supplies the base its worker recorded, when head grew from it", async () => {
    const repo = repository();
    repo.write({ a: "1\n", ".gitignore": ".flow/tmp\n" });
    repo.commit();
    repo.write({ b: "1\n" });
    const base = repo.commit();
    repo.write({ c: "1\n" });
    repo.commit();
    repo.write({ d: "1\n", ".flow/tmp/base_commit": `${base}\n` });
    const change = await openChange(repo.sluice(), { task: "fn-1-add-login.2" });
    expect([change.task, change.base.commit, paths(change)]).toEqual(["fn-1-add-login.2", base, ["c", "d"]]);
    expect(paths(await openChange(repo.sluice(), {}))).toEqual(["d"]);
    for (const record of ["0".repeat(40), "--output=x", "", "main"]) {
      repo.write({ ".flow/tmp/base_commit": record });
      expect(paths(await openChange(repo.sluice(), { task: "wor-17-fix.2" })), record).toEqual(["d"]);
    }
  });

  it("does not believe a record that somebody committed", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ "evil.ts": "1\n" });
    repo.commit();
    repo.write({ ".flow/tmp/base_commit": repo.git("rev-parse", "HEAD") });
    repo.git("add", "-A");
    repo.git("commit", "-q", "--amend", "-m", "x");
    repo.write({ ".flow/tmp/base_commit": repo.git("rev-parse", "HEAD") });
    repo.git("commit", "-qam", "x");
    const change = await openChange(repo.sluice(), { task: "fn-1" });
    expect(change.base.label).toBe("parent of head");
  });

  it("is refused when its id could be none", async () => {
    const repo = repository();
    repo.commit();
    for (const task of ["../x", "fn", "fn-1/x", "-1", "FN-1", "fn-1-.2", "fn-1.2.3"]) {
      await expect(openChange(repo.sluice(), { task }), task).rejects.toBeInstanceOf(UsageError);
    }
  });
});

describe("staleness", () => {
  it("sees an edit, an undone edit and a moved ref", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ a: "2\n" });
    const change = await openChange(repo.sluice(), {});
    const isStale = () => staleness(change, repo.sluice());
    expect(await isStale()).toBe(false);
    repo.write({ a: "3\n" });
    expect(await isStale()).toBe(true);
    expect((await change.objects.file("head", "a"))?.toString()).toBe("2\n");
    repo.write({ a: "2\n" });
    expect(await isStale()).toBe(false);
    repo.commit();
    expect(await isStale()).toBe(false);
    const commit = await openChange(repo.sluice(), { base: "main", head: "WORKTREE" });
    repo.git("commit", "-q", "--allow-empty", "-m", "same tree");
    expect(await staleness(commit, repo.sluice())).toBe(false);
    repo.write({ b: "1\n" });
    repo.commit();
    expect(await staleness(commit, repo.sluice())).toBe(true);
  });
});

describe("a repository that cannot be reviewed", () => {
  it("is said to be none, or to belong to others", async () => {
    const repo = repository();
    repo.commit();
    const outside = join(repo.path, "..", "outside");
    mkdirSync(outside);
    await expect(openChange(repo.sluice({ cwd: outside }), {})).rejects.toThrow("is not in a git repository");
    await expect(openChange(repo.sluice(), { repo: "nowhere" })).rejects.toThrow("is not a folder");
    const other = repository();
    other.commit();
    await expect(openChange(repo.sluice(), { repo: other.path })).rejects.toThrow("was not given");
  });
});
