import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { git, gitText } from "../../src/change/git.js";
import { openRepository } from "../../src/change/repository.js";
import { UsageError } from "../../src/errors.js";
import { repository } from "./repositories.js";

describe("opening a repository", () => {
  it("tells where things are, from a folder inside and through a link", async () => {
    const repo = repository({ branch: "feature/x" });
    repo.write({ "deep/er/a": "1\n" });
    repo.commit();
    const link = join(repo.path, "..", "link");
    symlinkSync(join(repo.path, "deep"), link);
    for (const cwd of [repo.path, join(repo.path, "deep/er"), link]) {
      expect(await openRepository(repo.sluice({ cwd }), undefined)).toEqual({
        root: repo.path,
        gitDir: join(repo.path, ".git"),
        commonDir: join(repo.path, ".git"),
        mainRoot: repo.path,
        bare: false,
        shallow: false,
        objectFormat: "sha1",
        branch: "feature/x",
      });
    }
    repo.git("checkout", "-q", "--detach");
    expect((await openRepository(repo.sluice(), undefined)).branch).toBe(null);
  });

  it("may have a path with spaces, quotes and line ends", async () => {
    const repo = repository();
    repo.commit();
    const odd = join(repo.path, "..", 'od:d "na\nme" é');
    repo.git("clone", "-q", ".", odd);
    writeFileSync(join(odd, "new.txt"), "1\n");
    const change = await openChange(repo.sluice({ cwd: odd }), {});
    expect([change.repository.root, change.repository.commonDir]).toEqual([odd, join(odd, ".git")]);
    expect(change.files.map(({ path }) => path)).toEqual(["new.txt"]);
  });

  it("finds the main work tree from a linked one; there is none when the main one is bare", async () => {
    const repo = repository();
    repo.commit();
    repo.git("worktree", "add", "-q", "../linked tree", "-b", "x");
    const linked = join(repo.path, "../linked tree");
    const found = await openRepository(repo.sluice({ cwd: linked }), undefined);
    expect(found).toMatchObject({
      root: linked,
      mainRoot: repo.path,
      commonDir: join(repo.path, ".git"),
      branch: "x",
    });
    repo.git("clone", "-q", "--bare", ".", "../bare.git");
    repo.git("-C", "../bare.git", "worktree", "add", "-q", "../of bare", "main");
    const ofBare = await openRepository(repo.sluice({ cwd: join(repo.path, "../of bare") }), undefined);
    expect(ofBare).toMatchObject({ mainRoot: null, bare: false });
    const bare = await openRepository(repo.sluice({ cwd: join(repo.path, "../bare.git") }), undefined);
    expect(bare).toMatchObject({ mainRoot: null, bare: true, root: join(repo.path, "../bare.git") });
  });

  it("accepts what the client or the user opened, and nothing else", async () => {
    const repo = repository();
    repo.commit();
    const other = repository();
    other.write({ "sub/x": "1" });
    other.commit();
    const accept = (path: string, roots: string[] = [], allowed: string[] = []) =>
      openRepository(repo.sluice({ roots: async () => roots }), path, { allowed }).then(
        ({ root }) => root,
        (error: unknown) => {
          expect(error).toBeInstanceOf(UsageError);
          return null;
        },
      );
    expect(await accept(other.path)).toBe(null);
    expect(await accept(other.path, [join(repo.path, ".."), "/nonexistent"])).toBe(null);
    expect(await accept(other.path, [other.path])).toBe(other.path);
    expect(await accept(join(other.path, "sub"), [], [join(other.path, "..")])).toBe(other.path);
    expect(await accept(other.path, [], [`${other.path}x`])).toBe(null);
    expect(await accept(".")).toBe(repo.path);
    expect(await accept("../repo")).toBe(repo.path);
    symlinkSync(other.path, join(repo.path, "way-out"));
    expect(await accept("way-out")).toBe(null);
    // Another repository inside this one is another one.
    repo.git("init", "-q", "inner");
    expect(await accept("inner")).toBe(null);
    expect(await accept("--help")).toBe(null);
    expect(await accept("")).toBe(repo.path);
  });

  it("says that its own folder is gone, and still opens what the client opened", async () => {
    const repo = repository();
    repo.commit();
    const moved = join(repo.path, "..", "moved");
    renameSync(repo.path, moved);
    await expect(openRepository(repo.sluice(), undefined)).rejects.toMatchObject({
      message: `${repo.path}, where this server was started, is not there any more.`,
      hint: expect.stringContaining("restart the server"),
    });
    await expect(openRepository(repo.sluice(), moved)).rejects.toThrow(/was not given/);
    const sluice = repo.sluice({ roots: async () => [moved] });
    expect(await openRepository(sluice, moved)).toMatchObject({ root: moved });
    renameSync(moved, repo.path);
  });

  it("says what is wrong with a folder that is none", async () => {
    const repo = repository();
    const plain = join(repo.path, "..", "plain");
    mkdirSync(plain);
    writeFileSync(join(plain, "file"), "");
    const failure = (cwd: string, path?: string) =>
      openRepository(repo.sluice({ cwd }), path).then(
        () => "",
        (error: unknown) => (error instanceof UsageError ? error.message : "another error"),
      );
    expect(await failure(plain)).toContain("is not in a git repository");
    expect(await failure(plain, "file")).toContain("is not a folder");
    expect(await failure(join(repo.path, ".git"))).toContain("inside a .git folder");
    expect(await failure(repo.path, join(repo.path, "no\0pe"))).toContain("is not a folder");
    writeFileSync(join(plain, ".git"), "gitdir: /nonexistent/.git/worktrees/x\n");
    expect(await failure(plain)).toContain("its .git file names /nonexistent/.git/worktrees/x");
    const moved = join(repo.path, "..", "moved");
    mkdirSync(moved);
    repo.git("config", "core.worktree", moved);
    expect(await failure(repo.path)).toContain("outside the work tree of its repository");
    writeFileSync(join(repo.path, ".git", "config"), "[core\n");
    expect(await failure(repo.path)).toContain("git cannot read the repository");
  });
});

describe("running git", () => {
  it("ends with an error that says what to do: no git, a failure, too much output, too slow", async () => {
    const repo = repository();
    repo.write({ a: "1\n".repeat(1_000) });
    repo.commit();
    const environment = repo.sluice().env;
    await expect(
      git(repo.path, ["version"], { environment: { PATH: "/nonexistent:." } }),
    ).rejects.toMatchObject({
      name: "ConfigurationError",
    });
    await expect(git(repo.path, ["rev-parse", "--verify", "x"], { environment })).rejects.toMatchObject({
      name: "SourceError",
      kind: "git",
    });
    const options = { environment, maxOutput: 100 };
    await expect(git(repo.path, ["show", "HEAD:a"], options)).rejects.toMatchObject({ kind: "too-large" });
    expect((await git(repo.path, ["show", "HEAD:a"], { ...options, truncate: true })).stdout).toHaveLength(
      100,
    );
    await expect(
      git(repo.path, ["-c", "alias.wait=!sleep 20", "wait"], { environment, timeout: 50 }),
    ).rejects.toMatchObject({ kind: "timeout" });
    expect(
      (await git(repo.path, ["rev-parse", "--verify", "x"], { environment, allowFailure: true })).code,
    ).toBe(128);
    expect(await gitText(repo.path, ["rev-parse", "HEAD"], { environment })).toMatch(/^[0-9a-f]{40}$/);
  });
});
