import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openChange } from "../../src/change/change.js";
import type { Change } from "../../src/change/types.js";
import { untrackedFileLimit } from "../../src/change/worktree.js";
import { everything, repository } from "./repositories.js";

const seen = (change: Change) => change.files.map(({ status, path }) => `${status} ${path}`);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("taking the work tree", () => {
  it("touches nothing of the user's: index, refs, objects, configuration, files and their times", async () => {
    const repo = repository();
    repo.write({ "a.ts": "1\n", "b.ts": "1\n", "run.sh*": "#!/bin/sh\n", ".gitignore": "ignored\n" });
    repo.commit();
    repo.write({ "a.ts": "2\n", "b.ts": null, "new.ts": "1\n", ignored: "x", "staged.ts": "1\n" });
    repo.git("add", "staged.ts");
    // An index whose recorded times are old is what git would like to refresh.
    utimesSync(join(repo.path, "run.sh"), 1, 1);
    const look = () => [
      ...everything(join(repo.path, ".git"), { times: false, without: /^sluice(\/|$)/ }),
      ...everything(repo.path, { times: true, without: /^\.git(\/|$)/ }),
    ];
    const before = look();
    const temporary = mkdtempSync(join(tmpdir(), "sluice-test-"));
    vi.stubEnv("TMPDIR", temporary);
    const diff = "--- a/run.sh\n+++ b/run.sh\n@@ -1 +1,2 @@\n #!/bin/sh\n+echo\n";
    for (const args of [
      {},
      { head: "STAGED" },
      { head: "WORKTREE" },
      { head: "HEAD" },
      { base: "HEAD", diff },
    ]) {
      const change = await openChange(repo.sluice(), args);
      await change.objects.diff();
      await change.objects.tree("head");
    }
    await openChange(repo.sluice(), { diff: "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n" }).catch(() => {});
    expect(look()).toEqual(before);
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });

  it("gives the tree that git itself would make of it", async () => {
    const repo = repository();
    repo.write({
      a: "1\n",
      "gone/b": "1\n",
      "to-link": "1\n",
      "to-dir": "1\n",
      "mode.sh": "1\n",
      "dir/x": "1\n",
    });
    repo.write({
      ".gitattributes": "*.txt text\n",
      ".gitignore": "*.log\n!keep.log\n",
      "tracked.log": "1\n",
    });
    repo.git("add", "-f", "tracked.log");
    repo.commit();
    repo.write({ a: "2\n", "gone/b": null, "to-link": null, "to-dir": null, dir: null, "mode.sh*": "1\n" });
    repo.write({
      "to-dir/inner": "1\n",
      dir: "now a file\n",
      "crlf.txt": "1\r\n2\r\n",
      "keep.log": "1",
      "no.log": "1",
    });
    repo.write({ "tracked.log": "2\n", "ü/ñ b\tc": "1", "-option": "1", ":(top)x": "1", empty: "" });
    writeFileSync(Buffer.from(`${repo.path}/latin-\xe9`, "latin1"), "1");
    repo.link("to-link", "/etc/passwd");
    repo.link("linked-dir", "..");
    const change = await openChange(repo.sluice(), {});
    repo.git("add", "-A");
    expect(change.head.tree).toBe(repo.git("write-tree").trim());
    expect(change.skipped).toEqual([]);
    const kinds = Object.fromEntries(
      change.files.map(({ path, kind, status }) => [path, `${status} ${kind}`]),
    );
    expect(kinds["to-link"]).toBe("type-changed symlink");
    expect(kinds["linked-dir"]).toBe("added symlink");
    expect(kinds["latin-\uf7e9"]).toBe("added text");
  });

  it("sees an edit of the same size in the same moment as the index was written", async () => {
    const repo = repository();
    // As on a file system with coarse times: only the index's own time tells that the file may have changed since.
    repo.git("config", "core.trustctime", "false");
    const moment = Math.floor(Date.now() / 1000) - 100;
    const set = (path: string) => utimesSync(join(repo.path, path), moment, moment);
    repo.write({ a: "1\n" });
    set("a");
    repo.commit();
    set(".git/index");
    repo.write({ a: "2\n" });
    set("a");
    const change = await openChange(repo.sluice(), { base: "HEAD", head: "WORKTREE" });
    expect((await change.objects.file("head", "a"))?.toString()).toBe("2\n");
  });

  it("lists large untracked files instead of hashing them", async () => {
    const repo = repository();
    repo.commit();
    repo.write({
      "large.bin": Buffer.alloc(untrackedFileLimit + 1),
      "fits.bin": Buffer.alloc(untrackedFileLimit),
    });
    const change = await openChange(repo.sluice(), {});
    expect(seen(change)).toEqual(["added fits.bin"]);
    expect(change.skipped).toEqual([{ path: "large.bin", reason: expect.stringContaining("5242881 bytes") }]);
  });

  it("survives repositories inside: those without commits are listed, others become submodules", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.git("init", "-q", "empty nested");
    repo.git("clone", "-q", ".", "clone");
    repo.write({ "empty nested/x": "1" });
    const change = await openChange(repo.sluice(), {});
    expect(change.files.map(({ path, kind, newId }) => [path, kind, newId])).toEqual([
      ["clone", "submodule", repo.git("rev-parse", "HEAD").trim()],
    ]);
    expect(change.skipped).toEqual([
      { path: "empty nested", reason: expect.stringContaining("without commits") },
    ]);
  });

  it("takes a submodule as its commit, whatever its configuration says", async () => {
    const library = repository();
    library.write({ a: "1\n" });
    const before = library.commit();
    const repo = repository();
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.path, "lib");
    repo.git("config", "-f", ".gitmodules", "submodule.lib.ignore", "all");
    repo.git("config", "diff.ignoreSubmodules", "all");
    repo.commit();
    const inside = join(repo.path, "lib");
    writeFileSync(join(inside, "a"), "2\n");
    expect(seen(await openChange(repo.sluice(), { head: "WORKTREE" }))).toEqual([]);
    repo.git("-C", "lib", "commit", "-qam", "bump");
    const change = await openChange(repo.sluice(), {});
    const after = repo.git("-C", "lib", "rev-parse", "HEAD").trim();
    expect(change.files).toMatchObject([
      {
        path: "lib",
        kind: "submodule",
        status: "modified",
        oldId: before,
        newId: after,
        added: 1,
        deleted: 1,
      },
    ]);
    const ofModule = await openChange(repo.sluice(), { repo: "lib", base: "HEAD~1", head: "HEAD" });
    expect(seen(ofModule)).toEqual(["modified a"]);
  });

  it("lists submodules with work of their own that no tree holds, and runs nothing of theirs", async () => {
    const library = repository();
    library.write({ a: "1\n" });
    library.commit();
    const repo = repository();
    for (const path of ["edited lib", "grown", "clean"]) {
      repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", library.path, path);
    }
    repo.git("config", "-f", ".gitmodules", "submodule.grown.ignore", "all");
    repo.commit();
    repo.git("config", "diff.ignoreSubmodules", "all");
    for (const key of ["core.fsmonitor", "filter.x.clean", "core.sshCommand"]) {
      repo.git("-C", "edited lib", "config", key, "touch ran; true");
    }
    repo.write({ "edited lib/a": "2\n", "grown/b": "1\n" });
    const change = await openChange(repo.sluice(), {});
    expect([change.headKind, seen(change)]).toEqual(["worktree", []]);
    expect(change.skipped).toEqual(
      ["edited lib", "grown"].map((path) => ({ path, reason: expect.stringContaining("uncommitted") })),
    );
    expect(existsSync(join(repo.path, "edited lib", "ran")) || existsSync(join(repo.path, "ran"))).toBe(
      false,
    );
  });

  it("lists files whose filter is missing, and takes the rest", async () => {
    const repo = repository();
    repo.write({ a: "1\n", "old.big": "pointer\n", ".gitattributes": "*.big filter=lfs\n" });
    repo.commit();
    repo.git("config", "filter.lfs.clean", "no-such-program clean %f");
    repo.git("config", "filter.lfs.process", "no-such-program process");
    repo.git("config", "filter.lfs.required", "true");
    repo.write({ a: "2\n", "old.big": "raw content\n", "new.big": "raw\n", b: "1\n" });
    const change = await openChange(repo.sluice(), {});
    expect(seen(change)).toEqual(["modified a", "added b"]);
    expect(change.skipped.map(({ path }) => path).sort()).toEqual(["new.big", "old.big"]);
    expect(change.skipped[0]?.reason).toContain('filter "lfs" could not run');
  });

  it("survives a missing filter on a file that is as old as the index", async () => {
    const repo = repository();
    repo.write({ a: "1\n", gone: "1\n", "old.big": "pointer\n", ".gitattributes": "*.big filter=lfs\n" });
    repo.commit();
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(repo.path, "old.big"), later, later);
    repo.git("update-index", "--refresh", "-q");
    repo.git("config", "filter.lfs.clean", "no-such-program clean %f");
    repo.git("config", "filter.lfs.required", "true");
    repo.write({ a: "2\n", gone: null, b: "other\n" });
    const change = await openChange(repo.sluice(), {});
    expect(seen(change)).toEqual(["modified a", "added b", "deleted gone"]);
    expect(change.skipped).toEqual([]);
    expect((await openChange(repo.sluice(), { head: "STAGED" })).files).toEqual([]);
  });

  it("runs the user's own filters, as add does", async () => {
    const repo = repository();
    repo.git("config", "filter.upper.clean", "tr a-z A-Z");
    repo.write({ "x.up": "abc\n", ".gitattributes": "*.up filter=upper\n" });
    const change = await openChange(repo.sluice(), {});
    expect((await change.objects.file("head", "x.up"))?.toString()).toBe("ABC\n");
  });

  it("lists files that cannot be encoded or read, and takes the rest", async () => {
    const repo = repository();
    repo.write({ ".gitattributes": "*.utf16 working-tree-encoding=UTF-16\n", a: "1\n" });
    repo.commit();
    repo.write({ "bad.utf16": Buffer.from("no byte order mark"), b: "1\n", c: "1\n", d: "1\n" });
    const change = await openChange(repo.sluice(), {});
    expect(seen(change)).toEqual(["added b", "added c", "added d"]);
    expect(change.skipped.map(({ path }) => path)).toEqual(["bad.utf16"]);
  });

  it("lists a tracked file that became a pipe, without waiting for it", async () => {
    const repo = repository();
    repo.write({ a: "1\n", b: "1\n" });
    repo.commit();
    unlinkSync(join(repo.path, "a"));
    execFileSync("mkfifo", [join(repo.path, "a")]);
    repo.write({ b: "2\n" });
    const change = await openChange(repo.sluice(), {});
    expect(seen(change)).toContain("modified b");
    expect(change.skipped.map(({ path }) => path)).toEqual(["a"]);
  });

  it("keeps what a sparse checkout left out, and takes what was written there", async () => {
    const repo = repository();
    repo.write({ "in/a": "1\n", "out/b": "1\n", "out/c": "1\n" });
    repo.commit();
    for (const index of ["--no-sparse-index", "--sparse-index"]) {
      repo.git("sparse-checkout", "set", "--cone", index, "in");
      expect(existsSync(join(repo.path, "out"))).toBe(false);
      repo.write({ "in/a": "2\n", "out/new": "1\n", "elsewhere/x": "1\n" });
      expect(seen(await openChange(repo.sluice(), {}))).toEqual([
        "added elsewhere/x",
        "modified in/a",
        "added out/new",
      ]);
      expect(seen(await openChange(repo.sluice(), { base: "HEAD", head: "STAGED" }))).toEqual([]);
      repo.write({ "in/a": "1\n", out: null, elsewhere: null });
    }
  });

  it("runs no hook, no file-system monitor and no diff program", async () => {
    const repo = repository();
    repo.write({ a: "1\n", ".gitattributes": "* diff=evil\n", "hooks/x": "" });
    repo.commit();
    const trap = join(repo.path, "trapped");
    const script = join(repo.path, ".git", "trap.sh");
    writeFileSync(script, `#!/bin/sh\necho "$0 $@" >> '${trap}'\n`, { mode: 0o755 });
    const hooks = "pre-commit post-index-change fsmonitor-watchman post-checkout reference-transaction";
    for (const hook of hooks.split(" ")) symlinkSync(script, join(repo.path, ".git/hooks", hook));
    for (const key of [
      "core.fsmonitor",
      "diff.external",
      "diff.evil.textconv",
      "diff.evil.command",
      "core.pager",
    ]) {
      repo.git("config", key, script);
    }
    for (const key of ["core.editor", "core.askPass", "core.alternateRefsCommand", "core.sshCommand"]) {
      repo.git("config", key, script);
    }
    repo.write({ a: "2\n", b: "1\n" });
    const git = join(repo.path, "node_modules/.bin/git");
    repo.write({ "node_modules/.bin/git*": `#!/bin/sh\ntouch '${trap}'\n` });
    const env = {
      ...repo.sluice().env,
      PATH: `node_modules/.bin:.:${join(git, "..")}:${process.env.PATH}`,
      GIT_EXTERNAL_DIFF: script,
      GIT_PAGER: script,
      GIT_DIR: "/nowhere",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.bare",
      GIT_CONFIG_VALUE_0: "true",
    };
    const change = await openChange(repo.sluice({ env, cwd: join(repo.path, "hooks") }), {});
    await change.objects.diff();
    await openChange(repo.sluice({ env }), { head: "STAGED" });
    expect(seen(change)).toEqual(["modified a", "added b", "added node_modules/.bin/git"]);
    expect(existsSync(trap)).toBe(false);
  });

  it("takes files in conflict as they lie there; from the index as ours, and lists them", async () => {
    const repo = repository();
    repo.write({ a: "base\n", both: "base\n", gone: "base\n" });
    repo.commit();
    repo.git("checkout", "-q", "-b", "other");
    repo.write({ a: "theirs\n", gone: "theirs\n", both: "same\n" });
    repo.commit();
    repo.git("checkout", "-q", "main");
    repo.write({ a: "ours\n", gone: null, both: "same\n" });
    repo.commit();
    expect(() => repo.git("merge", "other")).toThrow();
    const staged = await openChange(repo.sluice(), { base: "HEAD", head: "STAGED" });
    expect(staged.files).toEqual([]);
    expect(staged.skipped.map(({ path }) => path)).toEqual(["a", "gone"]);
    const work = await openChange(repo.sluice(), { base: "HEAD", head: "WORKTREE" });
    expect(seen(work)).toEqual(["modified a", "added gone"]);
    expect((await work.objects.file("head", "a"))?.toString()).toContain("<<<<<<<");
    unlinkSync(join(repo.path, "a"));
    expect(seen(await openChange(repo.sluice(), { base: "HEAD" }))).toEqual(["deleted a", "added gone"]);
  });

  it("takes files that were only announced with add -N", async () => {
    const repo = repository();
    repo.commit();
    repo.write({ a: "1\n", b: "1\n" });
    repo.git("add", "-N", "a", "b");
    unlinkSync(join(repo.path, "b"));
    expect(seen(await openChange(repo.sluice(), {}))).toEqual(["added a"]);
    expect(seen(await openChange(repo.sluice(), { head: "STAGED" }))).toEqual([]);
  });

  it("works with a split index, an index of version 4 and an untracked cache", async () => {
    const repo = repository();
    repo.write({ a: "1\n", b: "1\n" });
    repo.commit();
    for (const setting of ["core.splitIndex", "core.untrackedCache", "feature.manyFiles"]) {
      repo.git("config", setting, "true");
    }
    repo.git("update-index", "--split-index");
    repo.git("status");
    repo.write({ a: "2\n", c: "1\n" });
    repo.git("add", "a");
    repo.git("status");
    repo.write({ a: "3\n" });
    const change = await openChange(repo.sluice(), {});
    expect(seen(change)).toEqual(["modified a", "added c"]);
    expect((await change.objects.file("head", "a"))?.toString()).toBe("3\n");
  });

  // Root may write anywhere, so only others can try this.
  it.skipIf(process.getuid?.() === 0)("serves where the git directory cannot be written", async () => {
    const repo = repository();
    repo.write({ a: "1\n" });
    repo.commit();
    repo.write({ a: "2\n" });
    execFileSync("chmod", ["-R", "a-w", join(repo.path, ".git")]);
    try {
      expect(seen(await openChange(repo.sluice(), {}))).toEqual(["modified a"]);
      expect(existsSync(join(repo.path, ".git/sluice"))).toBe(false);
    } finally {
      execFileSync("chmod", ["-R", "u+w", join(repo.path, ".git")]);
    }
  });

  it("is the same from any number of processes at once in a fresh repository", async () => {
    const repo = repository();
    repo.write({ a: "1\n", b: "1\n" });
    repo.commit();
    repo.write({ a: "2\n", c: "3\n" });
    const changes = await Promise.all(Array.from({ length: 8 }, () => openChange(repo.sluice(), {})));
    expect(new Set(changes.map(({ head }) => head.tree)).size).toBe(1);
    expect(readdirSync(join(repo.path, ".git/sluice")).sort()).toEqual(["git", "objects", "objects-pruned"]);
  });

  it("stops when it is cancelled", async () => {
    const repo = repository();
    repo.commit();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(openChange(repo.sluice(), {}, { signal })).rejects.toThrow("enough");
  });
});

describe("Sluice's own state", () => {
  it("is part of no change, and said to be skipped when git tracks it", async () => {
    const repo = repository();
    repo.write({ a: "1\n", ".flow/config.json": "{}" });
    repo.commit();
    repo.write({
      ".flow/review_state.json": "{}",
      ".flow/quota_state.json.lock": "{}",
      ".flow/cache/results/x.json": "{}",
      ".flow/specs/fn-1.md": "spec",
      ".flow/metrics.json.js": "code",
    });
    const untracked = await openChange(repo.sluice(), {});
    expect(seen(untracked)).toEqual(["added .flow/specs/fn-1.md"]);
    expect(untracked.skipped).toEqual([]);
    repo.commit();
    const tracked = await openChange(repo.sluice(), {});
    expect(seen(tracked)).toEqual(["added .flow/specs/fn-1.md"]);
    expect(tracked.skipped.map(({ path }) => path)).toEqual([
      ".flow/cache/results/x.json",
      ".flow/metrics.json.js",
      ".flow/quota_state.json.lock",
      ".flow/review_state.json",
    ]);
    expect((await tracked.objects.tree("head")).map(({ path }) => path)).not.toContain(
      ".flow/review_state.json",
    );
    repo.write({ a: "2\n" });
    expect((await openChange(repo.sluice(), {})).skipped).toEqual([]);
  });

  it("can be joined by other paths that a caller excludes", async () => {
    const repo = repository();
    repo.write({ "state/x": "1", "state.ts": "1", "deep/state/y": "1" });
    const change = await openChange(repo.sluice(), {}, { exclude: ["state/"] });
    expect(seen(change)).toEqual(["added deep/state/y", "added state.ts"]);
    await expect(openChange(repo.sluice(), {}, { exclude: ["../x"] })).rejects.toThrow("no path inside");
  });
});
