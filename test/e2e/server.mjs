// What the server itself says over stdio, to hold against what a client tells its model.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** The server's instructions and tools. Plain JSON-RPC, so that no client library stands between. */
export async function askServer(file, sandbox) {
  const child = spawn(process.execPath, [file, "serve"], {
    cwd: sandbox.top,
    env: sandbox.env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting = new Map();
  const ended = new Promise((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the server ended with ${code} while it was asked for its tools`)),
    );
  });
  ended.catch(() => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line);
    waiting.get(message.id)?.(message);
  });
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const request = (id, method, params) => {
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    send({ id, method, params });
    return Promise.race([answer, ended]);
  };
  try {
    const hello = await request(1, "initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "sluice-e2e", version: "1" },
    });
    send({ method: "notifications/initialized" });
    const list = await request(2, "tools/list", {});
    return { instructions: hello.result.instructions, tools: list.result.tools };
  } finally {
    clearTimeout(timer);
    child.stdin.end();
  }
}
