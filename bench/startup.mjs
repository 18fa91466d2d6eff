// From starting the server to having its tool list, against a server with one tool on the same SDK.
//
//   npm run build && node bench/startup.mjs [--rounds 21] [--root FOLDER of a built checkout]
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compare } from "./measure.mjs";

const limit = 1.5;
const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "21" }, root: { type: "string", default: join(here, "..") } },
});

/** A repository without a home to read, which is where a client starts the server. */
const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
const env = { PATH: process.env.PATH, HOME: folder };
spawnSync("git", ["init", "-q"], { cwd: folder, env });

/** Milliseconds from spawn to the reply to tools/list, as a client of the 2025-11-25 protocol asks for it. */
function untilToolList(args) {
  return new Promise((done, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    let took;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, result } = JSON.parse(line);
      if (id === 1) {
        send({ method: "notifications/initialized" });
        send({ id: 2, method: "tools/list", params: {} });
      } else if (id === 2 && result.tools.length > 0) {
        took = performance.now() - started;
        child.stdin.end();
      }
    });
    child.once("error", reject);
    // The next run starts when this one is gone, so that they don't share a processor.
    child.once("exit", () => {
      clearTimeout(timer);
      if (took === undefined) reject(new Error(`${args.join(" ")} ended without a tool list`));
      else done(took);
    });
    child.stdin.on("error", () => {});
    const clientInfo = { name: "bench", version: "1" };
    send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
    });
  });
}

try {
  await compare({
    title: "start to tools/list",
    yardstick: {
      name: "one tool on the same SDK",
      run: () => untilToolList([join(here, "one-tool-server.mjs")]),
    },
    ours: {
      name: "sluice serve",
      run: () => untilToolList([join(resolve(options.root), "dist/src/cli/main.js"), "serve"]),
    },
    rounds: Number(options.rounds),
    limit,
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
