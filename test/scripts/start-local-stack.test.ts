import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";

const script = fileURLToPath(new URL("../../scripts/start-local-stack.sh", import.meta.url));
const configuration = fileURLToPath(new URL("../../llama-swap.yaml", import.meta.url));
const standIns = fileURLToPath(new URL("./stand-ins/", import.meta.url));

/** All that the script may call, so that a real llama-swap or Ollama of this machine is never found. */
const tools =
  "awk bash cat chmod curl cut df dirname du env grep head mkdir nohup ps rm sed sleep sort tail tr".split(
    " ",
  );

function where(tool: string): string | null {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
  return stdout.trim() || null;
}

interface Machine {
  folder: string;
  state: string;
  swapUrl: string;
  env: Record<string, string>;
  run(command?: string, extra?: Record<string, string>): { code: number | null; out: string; err: string };
  start(command?: string, extra?: Record<string, string>): ChildProcess;
  mode(value: string): void;
  /** What a stand-in wrote down, oldest first. */
  told(file: string): Record<string, unknown>[];
}

const machines: Machine[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const machine of machines.splice(0)) {
    machine.run("stop");
    for (const file of ["llama-swap.jsonl", "ollama.jsonl"]) {
      for (const { pid } of machine.told(file)) kill(Number(pid));
    }
    rmSync(machine.folder, { recursive: true, force: true, maxRetries: 5 });
  }
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function isAlive(pid: unknown): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "utf8"));
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

async function machine(
  installed: readonly string[] = ["llama-swap", "llama-server", "ollama"],
): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-stack-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of tools) {
    const found = where(tool);
    if (found !== null) symlinkSync(found, join(bin, tool));
  }
  symlinkSync(process.execPath, join(bin, "node"));
  for (const name of installed) {
    const source = join(standIns, `${name}.mjs`);
    if (existsSync(source)) copyFileSync(source, join(bin, name));
    else writeFileSync(join(bin, name), "#!/bin/sh\nexit 0\n");
    chmodSync(join(bin, name), 0o755);
  }
  const [swapPort, ollamaPort] = [await freePort(), await freePort()];
  const env = {
    PATH: bin,
    HOME: folder,
    XDG_STATE_HOME: join(folder, "state"),
    STAND_IN: folder,
    LLAMA_SWAP_PORT: String(swapPort),
    OLLAMA_PORT: String(ollamaPort),
    // Nobody listens there: whoever asks a proxy for a loopback address fails.
    http_proxy: "http://127.0.0.1:9",
    START_TIMEOUT_S: "30",
    LOAD_TIMEOUT_S: "30",
  };
  const made: Machine = {
    folder,
    state: join(folder, "state/sluice/local-stack"),
    swapUrl: `http://127.0.0.1:${swapPort}`,
    env,
    run(command, extra = {}) {
      const { status, stdout, stderr } = spawnSync(script, command ? [command] : [], {
        env: { ...env, ...extra },
        encoding: "utf8",
        timeout: 50_000,
      });
      return { code: status, out: stdout, err: stderr };
    },
    start: (command, extra = {}) =>
      spawn(script, command ? [command] : [], {
        env: { ...env, ...extra },
        stdio: "ignore",
        // A process group of its own, as a terminal gives one.
        detached: true,
      }),
    mode: (value) => writeFileSync(join(folder, "llama-swap.mode"), value),
    told(file) {
      const path = join(folder, file);
      if (!existsSync(path)) return [];
      return readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    },
  };
  machines.push(made);
  return made;
}

describe.skipIf(where("bash") === null || where("curl") === null)("start-local-stack.sh", () => {
  it.skipIf(where("shellcheck") === null)("has nothing that shellcheck minds", () => {
    const { stdout, status } = spawnSync("shellcheck", [script], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  it("starts both on loopback only, pulls and warms the models, and stops what it started", async () => {
    const here = await machine();
    const started = here.run();
    expect(started).toMatchObject({ code: 0, err: "" });
    expect(started.out).toContain("glm-4.7-flash is loaded");
    expect(started.out).toContain("qwen2.5-coder:7b-instruct-q8_0 is loaded");
    expect(started.out).toContain(`tell Sluice: LOCAL_ENDPOINT=${here.swapUrl}`);
    const [swap] = here.told("llama-swap.jsonl");
    expect(swap?.args).toEqual([
      "-config",
      expect.stringMatching(/llama-swap\.yaml$/),
      "-listen",
      `127.0.0.1:${here.env.LLAMA_SWAP_PORT}`,
    ]);
    const [serve, pull] = here.told("ollama.jsonl");
    const host = `127.0.0.1:${here.env.OLLAMA_PORT}`;
    expect(serve).toMatchObject({ args: ["serve"], host });
    expect(pull).toMatchObject({ args: ["pull", "qwen2.5-coder:7b-instruct-q8_0"], host });
    expect(here.told("ollama-loads.jsonl")).toMatchObject([
      { keep_alive: "30m", options: { num_ctx: 16384 } },
    ]);
    const status = here.run("status");
    expect(status.code).toBe(0);
    expect(status.out).toMatch(
      /llama-swap {2}up on .* \(started by this script, process \d+\)\n +loaded: glm-4.7-flash/,
    );
    expect(status.out).toMatch(/Ollama +up on .*\n +loaded: qwen2.5-coder:7b-instruct-q8_0/);

    const stopped = here.run("stop");
    expect(stopped).toMatchObject({ code: 0, err: "" });
    expect(stopped.out).toMatch(/^stopped llama-swap \(process \d+\)\nstopped ollama \(process \d+\)\n$/);
    expect(readFileSync(join(here.folder, "llama-swap.ended"), "utf8")).toBe("SIGTERM");
    expect([swap, serve].map((one) => isAlive(one?.pid))).toEqual([false, false]);
    expect(here.run("status")).toMatchObject({ code: 1, out: expect.stringContaining("llama-swap  not up") });
    expect(here.run("stop").out).toContain("nothing to stop");
  });

  it("uses what is up already: the second run starts and pulls nothing", async () => {
    const here = await machine();
    expect(here.run().code).toBe(0);
    const again = here.run();
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("llama-swap is up on");
    expect(again.out).toContain("Ollama is up on");
    expect(here.told("llama-swap.jsonl")).toHaveLength(1);
    expect(here.told("ollama.jsonl").map(({ args }) => args)).toEqual([
      ["serve"],
      ["pull", expect.anything()],
    ]);
  });

  it("puts models into MODELS_DIR and reads LLAMA_SWAP_CONFIG", async () => {
    const here = await machine();
    const config = join(here.folder, "my config.yaml");
    copyFileSync(configuration, config);
    const models = join(here.folder, "big disk", "models");
    expect(
      here.run("start", { MODELS_DIR: models, LLAMA_SWAP_CONFIG: config, LOCAL_MODEL: "gpt-4" }).code,
    ).toBe(0);
    expect(here.told("llama-swap.jsonl")).toMatchObject([
      { args: ["-config", config, "-listen", expect.anything()], cache: `${models}/llama.cpp` },
    ]);
    expect(here.told("ollama.jsonl")[0]).toMatchObject({ models: `${models}/ollama` });
  });

  it("says all that is missing at once, with where to get it, and starts nothing", async () => {
    const here = await machine([]);
    const result = here.run();
    expect(result.code).toBe(1);
    for (const said of [
      "llama-swap is not on PATH",
      "llama-server is not on PATH",
      "/releases",
      "brew install",
    ])
      expect(result.err).toContain(said);
    expect(result.out).toBe("");
    const absent = here.run("start", { LLAMA_SWAP_CONFIG: "/nowhere/llama-swap.yaml" });
    expect(absent.code).toBe(1);
    expect(absent.err).toContain("there is no configuration /nowhere/llama-swap.yaml");
  });

  it("goes on without Ollama, and says so; PREFILTER_ENABLED=0 says that this is meant", async () => {
    const here = await machine(["llama-swap", "llama-server"]);
    const result = here.run();
    expect(result.code).toBe(1);
    expect(result.err).toContain("https://ollama.com/download");
    expect(result.out).toContain("glm-4.7-flash is loaded");
    expect(here.run("start", { PREFILTER_ENABLED: "0" })).toMatchObject({ code: 0, err: "" });
  });

  it.each([
    ["bad-config", /llama-swap ended right after its start[\s\S]*proxy uses PORT/],
    [
      "no-memory",
      /could not be loaded \(HTTP 500\): .*exited prematurely[\s\S]*\/logs[\s\S]*smaller context/,
    ],
  ])("says why when the start fails: %s", async (mode, said) => {
    const here = await machine();
    here.mode(mode);
    const result = here.run();
    expect(result.code).toBe(1);
    expect(result.err).toMatch(said);
    // The other half is up all the same.
    expect(result.out).toContain("qwen2.5-coder:7b-instruct-q8_0 is loaded");
  });

  it("does not wait for ever for a server that does not answer, nor for a model that does not load", async () => {
    const here = await machine();
    here.mode("deaf");
    const deaf = here.run("start", { START_TIMEOUT_S: "2", PREFILTER_ENABLED: "0" });
    expect(deaf).toMatchObject({ code: 1, err: expect.stringMatching(/did not answer on .* within 2 s/) });
    expect(here.told("llama-swap.jsonl").map(({ pid }) => isAlive(pid))).toEqual([false]);
    here.mode("hangs");
    const hanging = here.run("start", { LOAD_TIMEOUT_S: "2", PREFILTER_ENABLED: "0" });
    expect(hanging).toMatchObject({ code: 1, err: expect.stringContaining("was not loaded within 2 s") });
  });

  it("asks again when a download took longer than llama-swap waits, and takes a busy model for a loaded one", async () => {
    const here = await machine();
    here.mode("long-download");
    expect(here.run("start", { PREFILTER_ENABLED: "0" })).toMatchObject({ code: 0, err: "" });
    here.run("stop");
    here.mode("busy");
    expect(here.run("start", { PREFILTER_ENABLED: "0" })).toMatchObject({
      code: 0,
      out: expect.stringContaining("glm-4.7-flash is loaded, and busy"),
    });
  });

  it("names the models that are there when the one asked for is not", async () => {
    const here = await machine();
    const result = here.run("start", { PREFILTER_ENABLED: "0", LOCAL_MODEL: 'no "such" model' });
    expect(result.code).toBe(1);
    expect(result.err).toContain('knows no model no "such" model');
    expect(result.err).toContain("What it has: glm-4.7-flash gpt-4");
  });

  it("says when the pull fails, and goes on with the rest", async () => {
    const here = await machine();
    writeFileSync(join(here.folder, "ollama.offline"), "");
    const result = here.run();
    expect(result.code).toBe(1);
    expect(result.err).toContain("Ollama could not pull qwen2.5-coder:7b-instruct-q8_0");
    expect(result.out).toContain("glm-4.7-flash is loaded");
  });

  it("leaves alone what else answers on the port", async () => {
    const here = await machine();
    const other = createServer((_, response) => response.end("hello"));
    servers.push(other);
    await new Promise<void>((resolve) =>
      other.listen(Number(here.env.LLAMA_SWAP_PORT), "127.0.0.1", resolve),
    );
    const child = here.start("start", { PREFILTER_ENABLED: "0" });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).toBe(1);
    expect(here.told("llama-swap.jsonl")).toEqual([]);
  });

  it("never ends a process that it did not start, even when a number it noted is used again", async () => {
    const here = await machine();
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    try {
      mkdirSync(here.state, { recursive: true });
      writeFileSync(join(here.state, "llama-swap.pid"), `${bystander.pid}\n1\n`);
      writeFileSync(join(here.state, "ollama.pid"), "not a number\n\n");
      expect(here.run("stop")).toMatchObject({ code: 0, out: expect.stringContaining("nothing to stop") });
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  it("ends by Ctrl-C without a trace, and leaves up what is up", async () => {
    const here = await machine();
    here.mode("hangs");
    const child = here.start("start", { PREFILTER_ENABLED: "0" });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    await vi.waitUntil(() => here.told("llama-swap.jsonl").some(({ asked }) => asked), 20_000);
    process.kill(-Number(child.pid), "SIGINT");
    expect(await ended).toBe(130);
    expect(existsSync(join(here.state, "lock"))).toBe(false);
    expect(isAlive(here.told("llama-swap.jsonl")[0]?.pid)).toBe(true);
    // The request ended with it: its server would go on generating for nobody.
    await vi.waitUntil(() => here.told("llama-swap.jsonl").some(({ gone }) => gone), 20_000);
    expect(here.run("stop").out).toContain("stopped llama-swap");
  });

  it.skipIf(!existsSync("/proc/self/stat"))(
    "lets one run at a time work, and is not stopped by the lock of one that was killed",
    async () => {
      const here = await machine();
      mkdirSync(join(here.state, "lock"), { recursive: true });
      const own = readFileSync("/proc/self/stat", "utf8")
        .replace(/^.*\) /, "")
        .split(" ")[19];
      writeFileSync(join(here.state, "lock/owner.pid"), `${process.pid}\n${own}\n`);
      const refused = here.run();
      expect(refused).toMatchObject({
        code: 1,
        err: expect.stringContaining("another run of this script is at work"),
      });
      expect(here.told("llama-swap.jsonl")).toEqual([]);
      writeFileSync(join(here.state, "lock/owner.pid"), `${process.pid}\n1\n`);
      expect(here.run().code).toBe(0);
      expect(existsSync(join(here.state, "lock"))).toBe(false);
    },
  );

  it("explains itself, and refuses what it does not know", async () => {
    const here = await machine();
    expect(here.run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("MODELS_DIR") });
    expect(here.run("destroy")).toMatchObject({ code: 2, err: expect.stringContaining("Usage:") });
    expect(here.run("start", { OLLAMA_PORT: "here" }).code).toBe(2);
  });
});
