import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { killAllProcesses, type RunOptions, runProcess } from "../src/process.js";

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "sluice-process-")));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const node = process.execPath;

function run(file: string, args: readonly string[], options: Partial<RunOptions> = {}) {
  return runProcess(file, args, {
    cwd: folder,
    env: { PATH: process.env.PATH },
    timeout: 20_000,
    ...options,
  });
}

/** Runs the text as a Node program in a file of its own. */
function script(text: string, options: Partial<RunOptions> = {}) {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.cjs`);
  writeFileSync(file, text);
  return run(node, [file], options);
}

/** Waits for what another process does; there is no event to wait for. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("waited in vain");
    await delay(10);
  }
}

function written(name: string): boolean {
  return existsSync(join(folder, name)) && readFileSync(join(folder, name), "utf8").endsWith("\n");
}

function pidIn(name: string): number {
  return Number(readFileSync(join(folder, name), "utf8"));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Nobody may be there to collect a dead orphan: a zombie is dead.
  if (process.platform !== "linux") return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** A program that ignores SIGTERM, writes its pid to `pid-<name>` and stays until it is killed. */
const stubborn = (name: string) =>
  `process.on("SIGTERM", () => {}); require("fs").writeFileSync("pid-${name}", process.pid + "\\n"); setInterval(() => {}, 1000);`;

const starts = (text: string, options: string) =>
  `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(text)}], ${options})`;

describe("what a program does", () => {
  it("gives the exit code and both streams", async () => {
    const result = await script(
      `process.stdout.write("out"); process.stderr.write("err"); process.exitCode = 3;`,
    );
    expect({ ...result, ms: 0 }).toEqual({
      code: 3,
      killedBy: null,
      stdout: Buffer.from("out"),
      stderr: Buffer.from("err"),
      stopped: null,
      truncated: false,
      ms: 0,
    });
  });

  it("gives the signal that ended it", async () => {
    const result = await script(`process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000);`);
    expect(result).toMatchObject({ code: null, killedBy: "SIGSEGV", stopped: null });
  });

  it("hands over nothing of our own environment", async () => {
    process.env.SLUICE_TEST_API_KEY = "sk-not-yours";
    try {
      const result = await script(`console.log(JSON.stringify(process.env))`, { env: { A: "1" } });
      const seen: unknown = JSON.parse(result.stdout.toString());
      expect(seen).toMatchObject({ A: "1" });
      expect(result.stdout.toString()).not.toContain("sk-not-yours");
      expect(result.stdout.toString()).not.toContain("PATH");
    } finally {
      delete process.env.SLUICE_TEST_API_KEY;
    }
  });

  it("passes the input on, and outlives a program that does not read it", async () => {
    const echo = await script(`process.stdin.pipe(process.stdout)`, { input: "hello" });
    expect(echo.stdout.toString()).toBe("hello");
    const deaf = await script(`process.stdin.destroy(); process.exit(0)`, { input: Buffer.alloc(8 << 20) });
    expect(deaf).toMatchObject({ code: 0, stopped: null });
  });

  it("keeps a bounded part of a flood and reads the rest", async () => {
    let seen = 0;
    const result = await script(
      `const block = Buffer.alloc(1 << 20, "x"); let left = 64;
       const more = () => { while (left-- > 0) if (!process.stdout.write(block)) return process.stdout.once("drain", more); };
       more();`,
      { maxOutput: 1000, onOutput: (chunk) => (seen += chunk.length) },
    );
    expect(result).toMatchObject({ code: 0, truncated: true });
    expect(result.stdout.length).toBe(1000);
    expect(seen).toBe(64 << 20);
  });

  it("tells the two streams apart for a log", async () => {
    const seen: string[] = [];
    await script(`console.log("a"); console.error("b")`, {
      onOutput: (chunk, stream) => seen.push(`${stream} ${chunk}`),
    });
    expect(seen.sort()).toEqual(["stderr b\n", "stdout a\n"]);
  });
});

describe("what can't be started", () => {
  it("says not-found of a program that does not exist", async () => {
    expect(await run("no-such-program-here", [])).toMatchObject({ code: null, stopped: "not-found" });
  });

  it("says not-started of a folder that does not exist", async () => {
    const result = await run(node, ["-e", "0"], { cwd: join(folder, "gone") });
    expect(result.stopped).toBe("not-started");
    expect(result.stderr.toString()).toContain("no such folder");
  });

  it("says not-started of a file that is no program", async () => {
    writeFileSync(join(folder, "plain"), "text");
    expect(await run(join(folder, "plain"), [])).toMatchObject({ stopped: "not-started" });
  });

  it("says not-started of what the system refuses outright", async () => {
    expect(await run(node, ["a\0b"])).toMatchObject({ stopped: "not-started" });
    expect(await run(node, ["x".repeat(4 << 20)])).toMatchObject({ stopped: "not-started" });
  });

  it("starts nothing when it was cancelled before", async () => {
    const result = await script(`require("fs").writeFileSync("ran", "")`, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ code: null, stopped: "cancelled" });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });
});

describe.skipIf(process.platform === "win32")("what is stopped", () => {
  it("ends a program at its limit and says so", async () => {
    const result = await script(`console.log("begun"); setInterval(() => {}, 1000)`, { timeout: 500 });
    expect(result).toMatchObject({ code: null, killedBy: "SIGTERM", stopped: "timeout" });
    expect(result.stdout.toString()).toBe("begun\n");
    expect(result.ms).toBeLessThan(4_000);
  });

  it("lets a program clean up when it is asked to end", async () => {
    const ready = new AbortController();
    const running = script(
      `process.on("SIGTERM", () => { console.log("cleaned"); process.exit(7); }); console.log("ready"); setInterval(() => {}, 1000)`,
      { signal: ready.signal, onOutput: () => ready.abort() },
    );
    const result = await running;
    expect(result).toMatchObject({ code: 7, stopped: "cancelled" });
    expect(result.stdout.toString()).toContain("cleaned");
  });

  it("kills a program that ignores being asked, and its grandchildren", async () => {
    const cancel = new AbortController();
    const running = script(
      `${starts(stubborn("grandchild"), `{ stdio: "inherit" }`)}; ${stubborn("child")}`,
      {
        signal: cancel.signal,
      },
    );
    await until(() => written("pid-child") && written("pid-grandchild"));
    cancel.abort();
    expect(await running).toMatchObject({ code: null, killedBy: "SIGKILL", stopped: "cancelled" });
    await until(() => !alive(pidIn("pid-child")) && !alive(pidIn("pid-grandchild")));
  });

  it("kills a grandchild in a session of its own", async () => {
    const cancel = new AbortController();
    const running = script(
      `${starts(stubborn("session"), `{ stdio: "ignore", detached: true }`)}; setInterval(() => {}, 1000)`,
      { signal: cancel.signal },
    );
    await until(() => written("pid-session"));
    cancel.abort();
    await running;
    await until(() => !alive(pidIn("pid-session")));
  });

  it.runIf(process.platform === "linux")("kills a daemon whose parents are gone", async () => {
    const cancel = new AbortController();
    const daemon = starts(stubborn("daemon"), `{ stdio: "ignore", detached: true }`);
    const running = script(
      `${starts(`${daemon}.unref(); process.exit()`, `{ stdio: "ignore", detached: true }`)}; setInterval(() => {}, 1000)`,
      { signal: cancel.signal },
    );
    await until(() => written("pid-daemon"));
    cancel.abort();
    await running;
    await until(() => !alive(pidIn("pid-daemon")));
  });

  it("does not wait for a stray that holds the pipes of a program that ended, and calls that no timeout", async () => {
    const result = await script(
      `${starts(stubborn("holder"), `{ stdio: "inherit", detached: true }`)}.unref(); console.log("done"); process.exit(0)`,
      { timeout: 1_500 },
    );
    expect(result).toMatchObject({ code: 0, stopped: null });
    expect(result.stdout.toString()).toBe("done\n");
    expect(result.ms).toBeLessThan(5_000);
    await until(() => written("pid-holder"));
    process.kill(pidIn("pid-holder"), "SIGKILL");
  });

  it("ends what a program left behind when told to", async () => {
    const result = await script(
      `${starts(stubborn("left"), `{ stdio: "inherit", detached: true }`)}.unref();
       const wait = () => require("fs").existsSync("pid-left") ? process.exit(0) : setTimeout(wait, 10); wait();`,
      { reap: true },
    );
    expect(result).toMatchObject({ code: 0, stopped: null });
    await until(() => !alive(pidIn("pid-left")));
  });

  it("ends everything at our own exit", async () => {
    const running = script(
      `${starts(stubborn("grandchild"), `{ stdio: "ignore", detached: true }`)}; ${stubborn("child")}`,
    );
    await until(() => written("pid-child") && written("pid-grandchild"));
    killAllProcesses();
    expect(await running).toMatchObject({ code: null, killedBy: "SIGKILL" });
    await until(() => !alive(pidIn("pid-child")) && !alive(pidIn("pid-grandchild")));
  });

  it("leaves processes of other runs alone", async () => {
    const first = new AbortController();
    const second = new AbortController();
    const one = script(stubborn("one"), { signal: first.signal });
    const two = script(stubborn("two"), { signal: second.signal });
    await until(() => written("pid-one") && written("pid-two"));
    first.abort();
    await one;
    expect(alive(pidIn("pid-two"))).toBe(true);
    second.abort();
    await two;
  });
});
