// The server as a client runs it, and how much memory it and the processes it starts have.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Milliseconds that one pre-screen may take before the benchmark gives up. */
const limit = 1_800_000;

/**
 * Starts `sluice serve` in a folder, with a home and a temporary folder of its own that nobody has filled. Gives
 * `prescreen()`, the tool's own answer for the work tree; `memory()`, null where there is no /proc; and `stop()`.
 */
export async function startServer(root, folder) {
  const own = realpathSync(mkdtempSync(join(tmpdir(), "sluice-bench-")));
  const env = { PATH: process.env.PATH, HOME: own, TMPDIR: own };
  const child = spawn(process.execPath, [join(root, "dist/src/cli/main.js"), "serve"], {
    cwd: folder,
    env,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const waiting = new Map();
  const ended = new Promise((done) => {
    child.once("exit", () => {
      for (const { reject } of waiting.values()) reject(new Error("the server ended"));
      done();
    });
  });
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, result, error } = JSON.parse(line);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.done(result);
  });
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  let last = 0;
  const request = (method, params) =>
    new Promise((done, reject) => {
      last += 1;
      waiting.set(last, { done, reject });
      send({ id: last, method, params });
    });

  let peak = { server: 0, children: 0 };
  const sample = () => {
    const now = memoryOf(child.pid);
    if (now === null) return;
    peak = {
      server: Math.max(peak.server, now.server),
      children: Math.max(peak.children, now.children),
    };
  };
  const sampler = setInterval(sample, 200);

  await request("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  });
  send({ method: "notifications/initialized" });
  await request("tools/list", {});

  return {
    async prescreen() {
      const deadline = Date.now() + limit;
      let args = {};
      while (Date.now() < deadline) {
        const {
          isError,
          content,
          structuredContent: answer,
        } = await request("tools/call", {
          name: "prescreen_diff",
          arguments: { ...args, wait_s: 50 },
        });
        if (isError) throw new Error(`prescreen_diff: ${content[0].text}`);
        if (answer.state !== "running") return answer;
        args = { job: answer.job };
      }
      throw new Error("prescreen_diff came to no end");
    },
    memory() {
      const now = memoryOf(child.pid);
      return now && { ...now, peak };
    },
    async stop() {
      clearInterval(sampler);
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
      rmSync(own, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Resident bytes of a process and of all that come from it; null where there is no /proc. */
function memoryOf(pid) {
  let names;
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  const known = new Map();
  for (const name of names) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const field = (key) => Number(new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
      known.set(Number(name), { parent: field("PPid"), bytes: field("VmRSS") * 1_024 });
    } catch {
      // It ended meanwhile.
    }
  }
  if (!known.has(pid)) return null;
  const isOurs = (id) => {
    for (let at = known.get(id)?.parent; at; at = known.get(at)?.parent) if (at === pid) return true;
    return false;
  };
  const children = [...known].filter(([id]) => isOurs(id)).reduce((sum, [, { bytes }]) => sum + bytes, 0);
  return { server: known.get(pid).bytes, children };
}
