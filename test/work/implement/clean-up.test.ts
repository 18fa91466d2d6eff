import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRepository } from "../../../src/change/repository.js";
import { makeThrowAway, removeAbandonedWorktrees } from "../../../src/change/throw-away.js";
import { ownMark } from "../../../src/process-identity.js";
import { endAfterEach, gate, until } from "../../local/fakes.js";
import { fakeSources } from "../../support/premium.js";
import { type TestRepository, testRepository } from "../../support/repository.js";
import { serverProgram } from "../../support/server.js";
import {
  edits,
  emptyPlan,
  leftBehind,
  right,
  run,
  scriptedWorker,
  toyProject,
  toyTask,
  withWorker,
  write,
} from "./scripted.js";

endAfterEach();

let repository: TestRepository;
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "sluice-test-tmp-"));
});

afterEach(() => {
  expect(leftBehind(repository, temporary)).toEqual([]);
  repository.remove();
});

const running = (pattern: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(pattern);
      } catch {
        return false;
      }
    });

/** Waits for what other processes do. */
async function seen(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(50);
}

describe("a worktree of ours", () => {
  it("is detached at HEAD, runs no hook, and goes whole", async () => {
    repository = testRepository();
    repository.write({ "a.txt": "a\n" });
    repository.commit();
    repository.git("config", "core.fsmonitor", "touch fsmonitor-ran");
    mkdirSync(join(repository.path, ".git/hooks"), { recursive: true });
    repository.write({ ".git/hooks/post-checkout*": "#!/bin/sh\ntouch hook-ran\n" });
    const { signal } = new AbortController();
    const opened = await openRepository(repository.sluice(), undefined);
    const made = await makeThrowAway(opened, temporary, signal);
    expect(repository.git("worktree", "list")).toContain(made.folder);
    expect(readdirSync(made.folder)).toEqual([".git"]);
    expect(execFileSync("git", ["branch", "--show-current"], { cwd: made.folder, encoding: "utf8" })).toBe(
      "",
    );
    await made.remove();
    expect(existsSync(made.beside)).toBe(false);
    repository.git("config", "--unset", "core.fsmonitor");
    expect(readdirSync(repository.path).sort()).toEqual([".git", "a.txt"]);
  });

  it("of dead processes goes, and nothing of anybody else's", async () => {
    repository = testRepository();
    repository.write({ "a.txt": "a\n" });
    repository.commit();
    const opened = await openRepository(repository.sluice(), undefined);
    const [place] = ownMark().split(".");
    const dead = join(temporary, `sluice-implement-${place}.999999999.1-abc`);
    const foreign = join(temporary, "sluice-implement-0123456789.1.1-abc");
    const mine = join(temporary, "my-own", "tree");
    for (const folder of [dead, foreign])
      repository.git("worktree", "add", "-q", "--detach", join(folder, "tree"));
    repository.git("worktree", "add", "-q", "--detach", mine);
    const alive = await makeThrowAway(opened, temporary, new AbortController().signal);
    await removeAbandonedWorktrees(opened, Date.now());
    const list = repository.git("worktree", "list");
    expect(list).not.toContain(dead);
    for (const kept of [foreign, mine, alive.folder]) expect(list).toContain(kept);
    // Another machine's, whose folder is gone for more than a day.
    execFileSync("rm", ["-rf", foreign, mine]);
    await removeAbandonedWorktrees(opened, Date.now() + 2 * 24 * 60 * 60 * 1000);
    const later = repository.git("worktree", "list");
    expect(later).not.toContain(foreign);
    // git's own to prune.
    expect(later).toContain(mine);
    await alive.remove();
    repository.git("worktree", "prune");
  });
});

describe("nothing stays", { timeout: 60_000 }, () => {
  const slow = "setInterval(() => {}, 1000); // slow-marker\n";

  const cancelled = async (
    script: Parameters<typeof scriptedWorker>[0],
    at: string,
    args: Parameters<typeof run>[1] = {},
    more: Parameters<typeof run>[2] = {},
  ) => {
    const caller = new AbortController();
    const fake = await scriptedWorker(script);
    const env = {
      TMPDIR: temporary,
      OPENAI_API_KEY: "k-1",
      ANTHROPIC_API_KEY: "k-2",
      PREMIUM_REVIEW_ENABLED: "1",
    };
    const sluice = withWorker(repository, fake.url, env);
    const said: string[] = [];
    const work = run(sluice, args, {
      ...more,
      signal: caller.signal,
      listen: (message) => {
        said.push(message);
        if (message.includes(at)) caller.abort(new Error("enough"));
      },
    });
    await expect(work).rejects.toThrow("enough");
    expect(said.some((message) => message.includes(at))).toBe(true);
  };

  it.each([
    ["at the start", "looking at the task"],
    ["while it plans", "planning"],
    ["while it writes", "round 1 of 4: writing"],
    ["in the pre-screen", "pre-screen"],
    ["in a gate", "lint: npm run"],
  ])("cancelled %s", async (_, at) => {
    repository = await toyProject();
    await cancelled({ edits: [right] }, at);
  });

  it("cancelled while the model is silent, and while a test never ends", async () => {
    repository = await toyProject();
    const caller = new AbortController();
    const fake = await scriptedWorker({ edits: [{ hang: null }] });
    const work = run(withWorker(repository, fake.url, { TMPDIR: temporary }), {}, { signal: caller.signal });
    await until(() => fake.completions().length === 2);
    caller.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    await cancelled({ edits: [edits({ edits: [write("test/slow.test.js", slow)] })] }, "test: npm");
    expect(running("slow.test.js")).toEqual([]);
  });

  it("cancelled while a premium model is asked", async () => {
    repository = await toyProject();
    const flag = { kind: "security", question: "May it?", options: [], file: "" };
    const sources = fakeSources(({ request }) => {
      const { promise, open } = gate();
      request.signal.addEventListener("abort", open);
      return promise.then(() => ({}));
    });
    await cancelled(
      { plan: { ...emptyPlan, flags: [flag] }, edits: [right] },
      "asking a premium model",
      { backend: "hybrid", escalate: true },
      { open: sources.open, finishSent: false },
    );
  });

  it.each([
    ["with a sandbox, where there is one", false],
    ["without a sandbox", true],
  ])("after kill -9 %s: the next start clears away folder, worktree and processes", async (_, bare) => {
    repository = await toyProject();
    const bin = join(repository.path, "../bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "bwrap"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const PATH = bare ? `${bin}:${process.env.PATH}` : `${process.env.PATH}`;
    const fake = await scriptedWorker({ edits: [edits({ edits: [write("test/slow.test.js", slow)] })] });
    const { env } = withWorker(repository, fake.url, { TMPDIR: temporary, PATH });
    const args = [serverProgram, "work", "Shout in src/greet.js", "--backend", "local"];
    const child = spawn(process.execPath, args, { cwd: repository.path, env, stdio: "ignore" });
    await seen(() => running("slow.test.js").length > 0);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(leftBehind(repository, temporary)).toContain("a worktree");
    // The next start, whatever it is about.
    const next = await scriptedWorker({ edits: [edits()] });
    await run(withWorker(repository, next.url, { TMPDIR: temporary }), { task: "Nothing in src/greet.js" });
    await seen(() => running("slow.test.js").length === 0);
  });

  it("after kill -9 between two files that it applies: the next call undoes it, says so, and applies it whole", async () => {
    repository = await toyProject();
    const fake = await scriptedWorker({ edits: [right] });
    const sluice = withWorker(repository, fake.url, { TMPDIR: temporary });
    await run(sluice);
    const preload = fileURLToPath(new URL("../../support/killed-at.mjs", import.meta.url));
    const args = ["--import", preload, serverProgram, "work", toyTask, "--backend", "local", "--apply"];
    const env = { ...sluice.env, KILL_AT: "1", KILL_WITHIN: join(repository.path, "test") };
    const child = spawn(process.execPath, args, { cwd: repository.path, env, stdio: "ignore" });
    expect(await new Promise((resolve) => child.once("exit", (_, killedBy) => resolve(killedBy)))).toBe(
      "SIGKILL",
    );
    expect(repository.git("status", "--porcelain")).toBe(" M src/greet.js\n");
    const { result } = await run(sluice, { apply: true });
    expect(result.notes[0]).toContain("undone whole (src/greet.js)");
    expect(result.notes.filter((note) => note.includes("undone whole"))).toHaveLength(1);
    expect(result).toMatchObject({ applied: true, files: ["src/greet.js", "test/greet.test.js"] });
    expect(repository.git("status", "--porcelain")).toBe(" M src/greet.js\n M test/greet.test.js\n");
    repository.git("checkout", "-q", ".");
  });

  it("with a full disk: the checks are left out and said to be, the proposal stays", async () => {
    repository = await toyProject({ "src/big.txt": "x".repeat(3_000_000) });
    const small = mkdtempSync(join(tmpdir(), "sluice-test-full-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small], { stdio: "ignore" });
    } catch {
      // Only root may.
      return;
    }
    try {
      const fake = await scriptedWorker({ edits: [right] });
      const { result } = await run(withWorker(repository, fake.url, { TMPDIR: small }));
      expect(result.files).toEqual(["src/greet.js", "test/greet.test.js"]);
      expect(result.checks.map(({ state }) => state)).toEqual(["skipped", "skipped"]);
      expect(result.checks[0]?.reason).toMatch(/ENOSPC|no space/i);
      expect(result.outcome).toBe("escalate");
      expect(leftBehind(repository, small)).toEqual([]);
    } finally {
      execFileSync("umount", [small]);
    }
  });
});
