import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestRepository, testRepository } from "../support/repository.js";
import { initialize, type RawServer, serverProgram, startServer } from "../support/server.js";
import { trustEverything } from "../support/trust.js";

let repository: TestRepository;
let servers: RawServer[] = [];

beforeEach(() => {
  repository = testRepository();
  repository.write({ "a.ts": "export const a = 1;\n" });
  repository.commit();
});
afterEach(() => {
  for (const { child } of servers) child.kill("SIGKILL");
  servers = [];
  repository.remove();
});

function start(extra?: Record<string, string>, args?: readonly string[]) {
  const server = startServer(repository, extra, args);
  servers.push(server);
  return server;
}

/** A gate that never ends, and writes its process id into the file that this gives. */
async function slowGate() {
  const started = join(repository.path, "..", "started");
  repository.write({
    ".gitignore": "node_modules\n",
    "slow.mjs": `import { writeFileSync } from "node:fs";
writeFileSync(${JSON.stringify(started)}, String(process.pid));
setInterval(() => {}, 1_000);
`,
    ".flow/config.json": JSON.stringify({
      review: { gates: { checks: ["lint"], commands: { lint: "node slow.mjs" } } },
    }),
  });
  repository.commit();
  repository.write({ "a.ts": "export const a = 2;\n" });
  await trustEverything(repository);
  return started;
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the server process", () => {
  it.each([
    ["stdin's end", (server: RawServer) => server.child.stdin?.end()],
    ["SIGTERM", (server: RawServer) => server.child.kill("SIGTERM")],
    ["SIGINT", (server: RawServer) => server.child.kill("SIGINT")],
  ])("ends on %s, with exit code 0 and at once", async (_name, end) => {
    const server = start();
    await initialize(server);
    const before = performance.now();
    end(server);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it("ends before anybody said anything, too", async () => {
    const server = start();
    server.child.stdin?.end();
    expect((await server.exited).code).toBe(0);
  });

  it.each(["SIGTERM", "SIGINT", "EOF"] as const)("takes what it started with it on %s", async (how) => {
    const started = await slowGate();
    const server = start();
    await initialize(server);
    server.send({ id: 1, method: "tools/call", params: { name: "run_gates", arguments: {} } });
    await until(() => existsSync(started) && readFileSync(started, "utf8") !== "");
    const pid = Number(readFileSync(started, "utf8"));
    expect(isAlive(pid)).toBe(true);
    if (how === "EOF") server.child.stdin?.end();
    else server.child.kill(how);
    expect((await server.exited).code).toBe(0);
    await until(() => !isAlive(pid));
  });

  it("writes nothing but JSON-RPC to stdout, whatever prints in it", async () => {
    const preload = join(repository.path, "..", "noisy.mjs");
    writeFileSync(
      preload,
      `setInterval(() => { console.log("noise"); console.info("noise"); process.stdout.write("noise\\n"); }, 5).unref();\n`,
    );
    const server = start({}, ["--import", preload, serverProgram, "serve"]);
    await initialize(server);
    server.send({ id: 1, method: "tools/list" });
    await server.answer(1);
    server.send({ id: 2, method: "tools/call", params: { name: "classify_change", arguments: {} } });
    await server.answer(2);
    await until(() => server.stderr().includes("noise"));
    // What was printed before the server took stdout over is not its doing.
    const first = server.lines.findIndex((line) => line.startsWith("{"));
    for (const line of server.lines.slice(first)) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  });

  it("goes on after lines that are no JSON-RPC", async () => {
    const server = start();
    server.sendText("hello\n{}\n[1]\n\u0000\n");
    await initialize(server);
    server.sendText("{not json}\n");
    server.send({ id: 1, method: "tools/list" });
    expect(await server.answer(1)).toHaveProperty("result.tools");
  });

  it("goes on when nobody reads its log, and ends when nobody reads its answers", async () => {
    const server = start();
    await initialize(server);
    server.child.stderr?.destroy();
    server.sendText("no JSON\n");
    server.send({ id: 1, method: "tools/list" });
    await server.answer(1);
    server.child.stdout?.destroy();
    server.send({ id: 2, method: "tools/list" });
    expect((await server.exited).code).toBe(0);
  });

  it("answers a large diff that is none, and a message beyond all measure, and goes on", async () => {
    const server = start();
    await initialize(server);
    const call = (id: number, size: number) =>
      server.send({
        id,
        method: "tools/call",
        params: { name: "classify_change", arguments: { diff: "x".repeat(size) } },
      });
    call(1, 8 * 1024 * 1024);
    expect(await server.answer(1)).toMatchObject({ result: { isError: true } });
    call(2, 40 * 1024 * 1024);
    expect(await server.answer(2)).toMatchObject({
      error: { message: expect.stringContaining("Name refs or paths") },
    });
    server.send({ id: 3, method: "tools/list" });
    expect(await server.answer(3)).toHaveProperty("result.tools");
  });

  it("answers in the newest protocol revision it is asked for", async () => {
    const server = start();
    expect(await initialize(server)).toMatchObject({
      result: { protocolVersion: "2025-06-18", serverInfo: { name: "sluice" }, capabilities: { tools: {} } },
    });
  });

  it("loads the groups that SLUICE_TOOLS names, and refuses one it does not know in a clear line", async () => {
    const some = start({ SLUICE_TOOLS: "quota" });
    await initialize(some);
    some.send({ id: 1, method: "tools/list" });
    const listed = await some.answer(1);
    expect(JSON.stringify(listed)).toContain("quota_status");
    expect(JSON.stringify(listed)).not.toContain("review_change");

    const wrong = start({ SLUICE_TOOLS: "review,plam" });
    expect((await wrong.exited).code).toBe(2);
    expect(wrong.stderr()).toMatch(/unknown group of tools: "plam".*review, plan, work, interview, quota/s);
    expect(wrong.lines).toEqual([]);
  });

  it("starts outside a repository, where only what needs one fails", async () => {
    const server = startServer({ ...repository, path: "/" });
    servers.push(server);
    await initialize(server);
    server.send({ id: 1, method: "tools/call", params: { name: "classify_change", arguments: {} } });
    expect(await server.answer(1)).toMatchObject({
      result: {
        isError: true,
        structuredContent: { error: expect.stringContaining("not in a git repository") },
      },
    });
  });

  it("loads neither analyzers nor git to list its tools", async () => {
    const log = join(repository.path, "..", "loaded.txt");
    const hook = join(repository.path, "..", "hook.mjs");
    writeFileSync(
      hook,
      `import { appendFileSync } from "node:fs";
import { register } from "node:module";
import { syncBuiltinESMExports } from "node:module";
import child from "node:child_process";
const spawn = child.spawn;
child.spawn = (...args) => { appendFileSync(${JSON.stringify(log)}, "SPAWN " + args[0] + "\\n"); return spawn(...args); };
syncBuiltinESMExports();
register("data:text/javascript," + encodeURIComponent(${JSON.stringify(
        `import { appendFileSync } from "node:fs";
export async function load(url, context, next) { appendFileSync(${JSON.stringify(log)}, url + "\\n"); return next(url, context); }`,
      )}));
`,
    );
    const server = start({}, ["--import", hook, serverProgram, "serve"]);
    await initialize(server);
    server.send({ id: 1, method: "tools/list" });
    await server.answer(1);
    const loaded = readFileSync(log, "utf8").split("\n");
    const packages = new Set(
      loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []),
    );
    expect([...packages].sort()).toEqual([
      "@modelcontextprotocol/core",
      "@modelcontextprotocol/server",
      "zod",
    ]);
    expect(loaded.filter((line) => line.startsWith("SPAWN"))).toEqual([]);
  });
});
