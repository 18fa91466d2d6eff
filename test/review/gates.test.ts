import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type ChangeArguments, openChange } from "../../src/change/change.js";
import { openRepository } from "../../src/change/repository.js";
import { type Config, configSchema, type GateCommand } from "../../src/config/schema.js";
import type { Trust } from "../../src/config/trust.js";
import { findGates } from "../../src/gates/find.js";
import { type GatesResult, gatesOutput, runGates } from "../../src/review/gates.js";
import { openStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const repositories: TestRepository[] = [];

afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove();
});

function project(files: Record<string, string | Buffer>): TestRepository {
  const repository = testRepository();
  repositories.push(repository);
  repository.write(files);
  repository.commit("base");
  return repository;
}

function configuration(gates: unknown = {}, refused: Record<string, GateCommand> = {}): Config {
  const parsed = configSchema.parse({ review: { gates } });
  const { review } = parsed;
  return { ...parsed, review: { ...review, gates: { ...review.gates, not_trusted_commands: refused } } };
}

async function plansOf(repository: TestRepository, config = configuration(), trust: Trust | null = null) {
  return findGates(await openRepository(repository.sluice(), undefined), config, trust);
}

/** What `sluice trust` would store. */
async function trustAll(repository: TestRepository, config = configuration()): Promise<Trust> {
  const plans = await plansOf(repository, config);
  return {
    config_hash: null,
    commands: Object.fromEntries(plans.map((plan) => [plan.command, plan.scripts_hash])),
    at: "2026-01-02T03:04:05Z",
  };
}

interface Options {
  config?: Config;
  trust?: Trust | null;
  args?: ChangeArguments;
  env?: Record<string, string>;
  signal?: AbortSignal;
  onProgress?: (message: string) => void;
}

async function run(repository: TestRepository, options: Options = {}): Promise<GatesResult> {
  const { config = configuration() } = options;
  const plain = repository.sluice();
  const sluice = repository.sluice({ env: { ...plain.env, ...options.env } });
  const trust = options.trust === undefined ? await trustAll(repository, config) : options.trust;
  const change = await openChange(sluice, options.args ?? {});
  const store = await openStore(sluice, change.repository);
  const signal = options.signal ?? new AbortController().signal;
  const result = await runGates(change, sluice, {
    store,
    config,
    trust,
    signal,
    onProgress: options.onProgress,
  });
  expect(gatesOutput.parse(result)).toEqual(result);
  expect(JSON.stringify(result).length).toBeLessThan(9_000);
  return result;
}

function only(result: GatesResult) {
  expect(result.checks).toHaveLength(1);
  const [check] = result.checks;
  if (check === undefined) throw new Error("no check");
  return check;
}

/** A configuration with one check, run by a command of its own. */
function command(line: string, more: Partial<GateCommand> = {}): Config {
  return configuration({ checks: ["lint"], commands: { lint: { command: line, ...more } } });
}

/** A command that runs a Node program kept in the repository. */
const program = "node check.js";

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("waited in vain");
    await delay(10);
  }
}

describe("running", () => {
  it("passes when a check passes, and runs what package.json has", async () => {
    const repository = project({
      "package.json": JSON.stringify({
        scripts: { lint: "node -e \"console.log('fine')\"", build: "node -e 0", "type-check": "node -e 0" },
      }),
    });
    repository.write({ "a.txt": "new\n" });
    const seen: string[] = [];
    const result = await run(repository, { onProgress: (message) => seen.push(message) });
    expect(Object.keys(result)[0]).toBe("passed");
    expect(result.passed).toBe(true);
    expect(result.checks.map(({ name, state, command: line }) => [name, state, line])).toEqual([
      ["lint", "passed", "npm run lint"],
      ["build", "passed", "npm run build"],
      ["typecheck", "passed", "npm run type-check"],
    ]);
    expect(readFileSync(result.checks[0]?.log ?? "", "utf8")).toContain("fine");
    expect(result).toMatchObject({ tree_changed: false, next: null });
    expect(seen).toEqual(["lint: npm run lint", "build: npm run build", "typecheck: npm run type-check"]);
  });

  it("fails on what the change broke, with the first errors and the tail", async () => {
    const repository = project({
      "check.js": `const text = require("fs").readFileSync("a.txt", "utf8");
        if (text.includes("bad")) {
          console.log("a.txt:1: error: bad word");
          for (let i = 0; i < 500; i++) console.log("progress line number " + i);
          console.log("the very end");
          process.exitCode = 1;
        }`,
      "a.txt": "good\n",
    });
    repository.write({ "a.txt": "bad\n" });
    const result = await run(repository, { config: command(program) });
    const check = only(result);
    expect(result.passed).toBe(false);
    expect(check).toMatchObject({ state: "failed", pre_existing: false });
    expect(check.reason).toBe("exit code 1; passes on HEAD");
    expect(check.output_tail).toMatch(/^a\.txt:1: error: bad word\n…\n[\s\S]*the very end$/);
    expect(check.output_tail.length).toBeLessThanOrEqual(1_500);
    const log = readFileSync(check.log ?? "", "utf8");
    expect(log).toContain("progress line number 0\n");
    expect(log).toContain("progress line number 499\n");
    expect(result.next).toContain("Fix lint");
  });

  it("does not stop at what failed on base in the same way", async () => {
    const repository = project({
      "check.js": `const lines = require("fs").readFileSync("a.txt", "utf8").split("\\n");
        lines.forEach((line, i) => { if (line === "bad") { console.log(process.cwd() + "/a.txt:" + (i + 1) + ":1: error: bad word"); process.exitCode = 1; } });
        console.log("took " + Math.random() * 1000 + " ms");`,
      "a.txt": "bad\n",
    });
    repository.write({ "a.txt": "added above\nbad\n" });
    const result = await run(repository, { config: command(program) });
    expect(result.passed).toBe(true);
    expect(only(result)).toMatchObject({
      state: "failed",
      pre_existing: true,
      reason: "exit code 1; fails on HEAD in the same way",
    });
  });

  it("does stop when there are more errors than on base", async () => {
    const repository = project({
      "check.js": `for (const line of require("fs").readFileSync("a.txt", "utf8").split("\\n")) if (line) { console.log("error: " + line); process.exitCode = 2; }`,
      "a.txt": "old\n",
    });
    repository.write({ "a.txt": "old\nnew\n" });
    const result = await run(repository, { config: command(program) });
    expect(result.passed).toBe(false);
    expect(only(result)).toMatchObject({ state: "failed", pre_existing: false });
    expect(only(result).reason).toContain("1 error is new: error: new");
  });

  it("says unknown when the same command was another one on base, and stops", async () => {
    const repository = project({ "check.js": "process.exit(0)" });
    repository.write({ "check.js": "console.log('error: x'); process.exit(1)" });
    const result = await run(repository, { config: command(program) });
    expect(result.passed).toBe(false);
    expect(only(result)).toMatchObject({ state: "failed", pre_existing: null });
    expect(only(result).reason).toContain("HEAD runs something else for it");
  });

  it("checks base with the dependencies of the work tree, without letting it write there", async () => {
    const repository = project({
      ".gitignore": "node_modules\n",
      "package.json": JSON.stringify({
        name: "top",
        devDependencies: { linter: "1" },
        scripts: { lint: "node check.js" },
      }),
      "check.js": `require("fs").writeFileSync("node_modules/written-by-" + (process.cwd().includes("sluice-base-") ? "base" : "head"), "");
        require("linter")(require("own"));`,
      "own/index.js": `module.exports = "old";`,
    });
    repository.write({
      "node_modules/linter/index.js": `module.exports = (text) => { if (text === "old") { console.log("error: old"); process.exit(1); } console.log("error: new"); process.exit(1); };`,
      "own/index.js": `module.exports = "new";`,
    });
    repository.link("node_modules/own", "../own");
    const result = await run(repository, { config: configuration({ checks: ["lint"] }) });
    // With the work tree's own package, base would say "new", too.
    expect(only(result)).toMatchObject({ state: "failed", pre_existing: null });
    expect(only(result).reason).toContain("with other errors");
    expect(readdirSync(join(repository.path, "node_modules")).sort()).toEqual([
      "linter",
      "own",
      "written-by-head",
    ]);
  });

  it("does not compare with base when installed dependencies changed", async () => {
    const repository = project({ "check.js": "process.exit(1)", "package-lock.json": "{}" });
    repository.write({ "package-lock.json": "{ }" });
    const result = await run(repository, { config: command(program) });
    expect(only(result)).toMatchObject({ state: "failed", pre_existing: null });
    expect(only(result).reason).toContain("dependencies");
  });

  it("gives base its links and executable files, but no link that leads out of it", async () => {
    const repository = testRepository();
    repositories.push(repository);
    repository.write({
      "check.sh*": "#!/bin/sh\ncat inside; cat outside; echo error: end; exit 1\n",
      "real.txt": "error: linked\n",
    });
    repository.link("inside", "real.txt");
    repository.link("outside", "../home/secret.txt");
    repository.write({ "../home/secret.txt": "error: only on head\n" });
    repository.commit("base");
    repository.write({ "a.txt": "" });
    const result = await run(repository, { config: command("./check.sh") });
    expect(only(result)).toMatchObject({ state: "failed", pre_existing: false });
    expect(only(result).reason).toContain("1 error is new: error: only on head");
  });

  it("leaves nothing behind in the temporary folder", async () => {
    const repository = project({ "check.js": "process.exit(1)", "tmp/.keep": "" });
    repository.write({ "a.txt": "" });
    const result = await run(repository, {
      config: command(program),
      env: { TMPDIR: join(repository.path, "tmp") },
    });
    expect(only(result).pre_existing).toBe(true);
    expect(readdirSync(join(repository.path, "tmp"))).toEqual([".keep"]);
  });

  it("says so when a check edits the work tree", async () => {
    const repository = project({ "check.js": `require("fs").appendFileSync("a.txt", "x")`, "a.txt": "" });
    const result = await run(repository, { config: command(program) });
    expect(result).toMatchObject({ passed: true, tree_changed: true });
    expect(result.next).toContain("git status");
  });

  it("runs a real Makefile", async () => {
    const repository = project({ Makefile: "lint: prepare\n\t@echo linted\nprepare:\n\t@echo prepared\n" });
    const result = await run(repository, { config: configuration({ checks: ["lint"] }) });
    expect(only(result)).toMatchObject({ state: "passed", command: "make lint" });
    expect(readFileSync(only(result).log ?? "", "utf8")).toBe("prepared\nlinted\n");
  });

  it("runs a command in the folder that the configuration names, and refuses one outside", async () => {
    const repository = project({ "sub dir/here.txt": "" });
    const inside = await run(repository, { config: command("ls", { cwd: "sub dir" }) });
    expect(readFileSync(only(inside).log ?? "", "utf8")).toBe("here.txt\n");
    const outside = await run(repository, { config: command("ls", { cwd: "../.." }) });
    expect(outside.passed).toBeNull();
    expect(only(outside).reason).toContain("not in the repository");
  });
});

describe("what a check may know and say", () => {
  it("has no keys, tokens or passwords in its environment", async () => {
    const repository = project({ "a.txt": "" });
    const result = await run(repository, {
      config: command("env"),
      env: {
        ANTHROPIC_API_KEY: "sk-ant-test-value-1",
        GITHUB_TOKEN: "gh-test-value-2",
        MY_SECRET: "secret-value-3",
        HTTPS_PROXY: "http://user:password-value-4@proxy:8080",
        NODE_OPTIONS: "--require /evil-value-5.js",
        LC_TIME: "C",
        CARGO_HOME: "/cargo",
      },
    });
    const log = readFileSync(only(result).log ?? "", "utf8");
    expect(log).not.toMatch(/value-\d|\*\*\*/);
    expect(log).toMatch(/^CI=1$/m);
    expect(log).toMatch(/^NO_COLOR=1$/m);
    expect(log).toMatch(/^LC_TIME=C$/m);
    expect(log).toMatch(/^CARGO_HOME=\/cargo$/m);
    expect(log).toMatch(/^PATH=\//m);
  });

  it("does not find programs of the repository by a relative PATH, or in a committed virtual environment", async () => {
    const repository = project({
      "ls*": "#!/bin/sh\necho hijacked",
      ".venv/bin/ls*": "#!/bin/sh\necho hijacked",
    });
    const result = await run(repository, {
      config: command("ls"),
      env: { PATH: `.:${process.env.PATH}` },
    });
    expect(readFileSync(only(result).log ?? "", "utf8")).toBe("ls\n");
  });

  it("finds the programs of a virtual environment that is not committed", async () => {
    const repository = project({ ".gitignore": ".venv\n", "ruff.toml": "" });
    repository.write({ ".venv/bin/ruff*": "#!/bin/sh\necho linted $*" });
    const result = await run(repository, { config: configuration({ checks: ["lint"] }) });
    expect(only(result)).toMatchObject({ state: "passed", command: "ruff check --no-fix ." });
  });

  it("masks secrets and takes escape sequences out, in the log as well", async () => {
    const token = `ghp_${"a1B2".repeat(9)}`;
    const repository = project({
      "check.js": `console.log("\\x1b[31merror\\x1b[0m: token ${token}");
        console.log("postgres://user:hunter2@db/x");
        console.log("-----BEGIN RSA PRIVATE KEY-----\\nMIIabc\\n-----END RSA PRIVATE KEY-----");
        console.log("inherited: own-" + "key-0815");
        console.log("Type 'token: string' is fine");
        process.exit(1);`,
    });
    const result = await run(repository, { config: command(program), env: { SOME_API_KEY: "own-key-0815" } });
    const check = only(result);
    for (const text of [check.output_tail, readFileSync(check.log ?? "", "utf8")]) {
      expect(text).not.toMatch(/ghp_|hunter2|MIIabc|0815/);
      expect(text).not.toContain("\x1b");
      expect(text).toContain("error: token ***");
      expect(text).toContain("postgres://user:***@db/x");
      expect(text).toContain("Type 'token: string' is fine");
    }
    expect(statSync(check.log ?? "").mode & 0o077).toBe(0);
  });

  it("bears 200 MB of output in bounded memory and bounded disk", async () => {
    const repository = project({
      "check.js": `const block = ("x".repeat(99) + "\\n").repeat(10000); let left = 200;
        const more = () => { while (left-- > 0) if (!process.stdout.write(block)) return process.stdout.once("drain", more); console.error("the end"); process.exitCode = 1; };
        console.log("error: first"); more();`,
    });
    let highest = 0;
    const watch = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss);
    }, 20);
    const before = process.memoryUsage().rss;
    try {
      const check = only(await run(repository, { config: command(program) }));
      expect(highest - before).toBeLessThan(150 * 1024 * 1024);
      expect(check.output_tail).toMatch(/^error: first\n/);
      expect(check.output_tail).toContain("the end");
      expect(statSync(check.log ?? "").size).toBeLessThan(20 * 1024 * 1024);
      expect(readFileSync(check.log ?? "", "utf8")).toMatch(/\[\d+ bytes left out\]/);
    } finally {
      clearInterval(watch);
    }
  });

  it("keeps many long failures within the size of a result", async () => {
    const repository = project({
      "check.js": `for (let i = 0; i < 100; i++) console.log("error: " + "long ".repeat(50) + i); process.exit(1)`,
    });
    const names = Array.from({ length: 20 }, (_, index) => `check-${index}`);
    const config = configuration({
      checks: [],
      commands: Object.fromEntries(names.map((name, index) => [name, `node check.js ${index}`])),
    });
    const result = await run(repository, { config });
    expect(result.checks.map((check) => check.name)).toEqual(names);
    expect(result.checks.every((check) => check.state === "failed" && check.log !== null)).toBe(true);
  }, 120_000);
});

describe("what is stopped", () => {
  const sleeper = `const { spawn } = require("child_process");
    const stay = 'process.on("SIGTERM",()=>{});require("fs").writeFileSync(process.argv[1],process.pid+"\\\\n");setInterval(()=>{},1000)';
    spawn(process.execPath, ["-e", stay, process.env.HOME + "/pid-1"], { stdio: "inherit" });
    spawn(process.execPath, ["-e", stay, process.env.HOME + "/pid-2"], { stdio: "ignore", detached: true }).unref();`;
  const pids = (repository: TestRepository) =>
    [1, 2].map((number) => join(repository.path, "..", "home", `pid-${number}`));
  const written = (files: string[]) =>
    files.every((file) => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
  const pid = (file: string) => Number(readFileSync(file, "utf8"));

  it("kills a check and its grandchildren at the limit from the configuration", async () => {
    const repository = project({ "check.js": sleeper });
    const result = await run(repository, { config: command(program, { timeout_s: 2 }) });
    const check = only(result);
    expect(check.state).toBe("failed");
    expect(check.reason).toMatch(/^not finished after 2 s, its limit, and was killed/);
    await until(() => pids(repository).every((file) => !alive(pid(file))));
  });

  it("tells a check that never ends since the change from one that never did", async () => {
    const hangs = `if (require("fs").existsSync("hang")) setInterval(() => {}, 1000);`;
    const change = project({ "check.js": hangs });
    change.write({ hang: "" });
    const config = command(program, { timeout_s: 1 });
    expect(only(await run(change, { config }))).toMatchObject({ state: "failed", pre_existing: false });
    const before = project({ "check.js": hangs, hang: "" });
    before.write({ "a.txt": "" });
    const result = await run(before, { config });
    expect(result.passed).toBe(true);
    expect(only(result)).toMatchObject({ state: "failed", pre_existing: true });
  });

  it("stops the processes when it is cancelled, and says nothing else", async () => {
    const repository = project({ "check.js": `${sleeper} setInterval(() => {}, 1000);` });
    const cancel = new AbortController();
    const running = run(repository, { config: command(program), signal: cancel.signal });
    running.catch(() => {});
    await until(() => written(pids(repository)));
    cancel.abort();
    await expect(running).rejects.toThrow(/abort/i);
    await until(() => pids(repository).every((file) => !alive(pid(file))));
  });

  it("ends what a check left running in the background, and does not wait for it", async () => {
    const repository = project({
      "check.js": `${sleeper}
        const fs = require("fs"); const there = (n) => fs.existsSync(process.env.HOME + "/pid-" + n);
        const wait = () => there(1) && there(2) ? process.exit(0) : setTimeout(wait, 10); wait();`,
    });
    const result = await run(repository, { config: command(program) });
    expect(result.passed).toBe(true);
    await until(() => pids(repository).every((file) => !alive(pid(file))));
  });
});

describe("what is skipped", () => {
  const scripts = (lint: string) => ({ "package.json": JSON.stringify({ scripts: { lint } }) });
  const lintOnly = configuration({ checks: ["lint"] });

  it("runs nothing that nobody trusted, and does not call that passed", async () => {
    const repository = project(scripts("touch ran"));
    const result = await run(repository, { config: lintOnly, trust: null });
    expect(result.passed).toBeNull();
    expect(only(result)).toMatchObject({ state: "skipped", command: "npm run lint", ms: null, log: null });
    expect(only(result).reason).toMatch(/^not trusted/);
    expect(result.next).toContain("sluice trust");
    expect(existsSync(join(repository.path, "ran"))).toBe(false);
  });

  it("runs nothing that changed since it was trusted", async () => {
    const repository = project(scripts("node -e 0"));
    const trust = await trustAll(repository, lintOnly);
    expect((await run(repository, { config: lintOnly, trust })).passed).toBe(true);
    repository.write(scripts("touch ran"));
    const result = await run(repository, { config: lintOnly, trust });
    expect(result.passed).toBeNull();
    expect(only(result).reason).toMatch(/^changed since trusted/);
    expect(existsSync(join(repository.path, "ran"))).toBe(false);
  });

  it("shows a command that the repository asks for without running it, or anything in its place", async () => {
    const repository = project(scripts("touch ran"));
    const trust = await trustAll(repository, lintOnly);
    const asked = { lint: { command: "touch ran", cwd: null, timeout_s: null } };
    const result = await run(repository, { config: configuration({ checks: ["lint"] }, asked), trust });
    expect(only(result)).toMatchObject({ state: "skipped", command: "touch ran" });
    expect(only(result).reason).toMatch(/^not trusted/);
    expect(existsSync(join(repository.path, "ran"))).toBe(false);
  });

  it("runs only on what is checked out", async () => {
    const repository = project(scripts("node -e 0"));
    repository.write({ "a.txt": "1\n" });
    const second = repository.commit();
    const args = { base: `${second}~1`, head: second };
    expect((await run(repository, { config: lintOnly, args })).passed).toBe(true);
    repository.write({ "b.txt": "untracked\n" });
    const dirty = await run(repository, { config: lintOnly, args });
    expect(dirty.passed).toBeNull();
    expect(only(dirty).reason).toContain("not what is checked out");
    const old = await run(repository, { config: lintOnly, args: { base: second, head: `${second}~1` } });
    expect(only(old).state).toBe("skipped");
  });

  it("runs on what is staged only when the work tree is the same", async () => {
    const repository = project(scripts("node -e 0"));
    repository.write({ "a.txt": "1\n" });
    repository.git("add", "a.txt");
    expect((await run(repository, { config: lintOnly, args: { head: "STAGED" } })).passed).toBe(true);
    repository.write({ "a.txt": "2\n" });
    const result = await run(repository, { config: lintOnly, args: { head: "STAGED" } });
    expect(only(result).reason).toContain("what is staged");
  });

  it("never runs for a pasted diff", async () => {
    const repository = project({ ...scripts("touch ran"), "a.txt": "1\n" });
    repository.write({ "a.txt": "2\n" });
    const diff = repository.git("diff");
    const result = await run(repository, { config: lintOnly, args: { diff } });
    expect(result.passed).toBeNull();
    expect(only(result).reason).toContain("pasted diff");
    expect(existsSync(join(repository.path, "ran"))).toBe(false);
  });

  it("says why when it is switched off", async () => {
    const repository = project(scripts("touch ran"));
    const result = await run(repository, { config: configuration({ enabled: false }) });
    expect(result).toMatchObject({ passed: null, tree_changed: null });
    expect(result.checks.map(({ state }) => state)).toEqual(["skipped", "skipped", "skipped"]);
    expect(result.checks[0]?.reason).toContain("review.gates.enabled");
  });

  it("says what was looked at when nothing was found", async () => {
    const repository = project({
      "package.json": JSON.stringify({ scripts: { start: "node ." } }),
      Makefile: "all:\n",
    });
    const result = await run(repository, { config: lintOnly });
    expect(only(result).reason).toBe(
      "no command found: none in Makefile, package.json; name one in review.gates.commands.lint",
    );
    const empty = await run(project({ "a.txt": "" }), { config: lintOnly });
    expect(only(empty).reason).toContain("no build files");
  });

  it("says what is missing: the package manager, the dependencies, a program", async () => {
    const manager = project({
      "package.json": JSON.stringify({ packageManager: "pnpm@9.0.0", scripts: { lint: "true" } }),
    });
    // Only git is there.
    const folder = join(manager.path, "..", "programs");
    mkdirSync(folder);
    symlinkSync(execFileSync("which", ["git"], { encoding: "utf8" }).trim(), join(folder, "git"));
    const bare = await run(manager, { config: lintOnly, env: { PATH: folder } });
    expect(bare.passed).toBeNull();
    expect(only(bare)).toMatchObject({ state: "skipped", reason: "pnpm was not found on PATH" });
    const dependencies = project({
      "package.json": JSON.stringify({ devDependencies: { eslint: "9" }, scripts: { lint: "eslint ." } }),
    });
    const missing = await run(dependencies, { config: lintOnly });
    expect(only(missing)).toMatchObject({
      state: "skipped",
      reason: "dependencies are not installed: run npm ci",
    });
    const shell = await run(project({ "a.txt": "" }), { config: command("no-such-linter .") });
    expect(shell.passed).toBeNull();
    expect(only(shell).reason).toMatch(/^a program it needs was not found: .*no-such-linter/);
    const make = await run(project({ Makefile: "lint:\n\tno-such-linter .\n" }), { config: lintOnly });
    expect(only(make)).toMatchObject({ state: "skipped" });
  });

  it("does not start a script that rewrites files or never ends, and takes the one beside it that checks", async () => {
    const fixing = await run(project(scripts("eslint --fix .")), { config: lintOnly });
    expect(only(fixing).reason).toContain("rewrites files (`--fix`)");
    const watching = project({ "package.json": JSON.stringify({ scripts: { build: "tsc -p . --watch" } }) });
    expect(only(await run(watching, { config: configuration({ checks: ["build"] }) })).reason).toContain(
      "watches",
    );
    const both = project({
      "package.json": JSON.stringify({
        scripts: { lint: "npm run fix", fix: "biome check --write", "lint:ci": "node -e 0" },
      }),
    });
    const result = await run(both, { config: lintOnly });
    expect(only(result)).toMatchObject({ state: "passed", command: "npm run lint:ci" });
  });
});
