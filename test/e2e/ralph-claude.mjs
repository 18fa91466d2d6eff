// Stands in for `claude` in a Ralph iteration: starts Sluice's server as a client would and makes the calls that
// docs/ralph.md tells an agent to make. Prints each with its result, one JSON object a line.
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const prompt = process.argv[process.argv.indexOf("-p") + 1] ?? "";
const task = /\bfn-\d+[\w-]*\.\d+\b/.exec(prompt)?.[0];
if (task === undefined) throw new Error(`no task in ${JSON.stringify(prompt)}`);

const child = spawn(process.execPath, [process.env.SLUICE_SERVER, "serve"], {
  stdio: ["pipe", "pipe", "inherit"],
});
const waiting = new Map();
createInterface({ input: child.stdout }).on("line", (line) => {
  const message = JSON.parse(line);
  waiting.get(message.id)?.(message);
});
let id = 0;
const request = (method, params) =>
  new Promise((resolve, reject) => {
    id += 1;
    waiting.set(id, resolve);
    child.once("exit", () => reject(new Error(`the server ended during ${method}`)));
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  });

/** A call, and the calls that go on waiting for it. */
async function call(tool, args) {
  let result;
  do {
    const wanted = result?.job === undefined ? args : { job: result.job, ...args };
    const answer = await request("tools/call", { name: tool, arguments: wanted });
    result = answer.result?.structuredContent ?? { error: JSON.stringify(answer) };
  } while (result.state === "running");
  process.stdout.write(`${JSON.stringify({ tool, result })}\n`);
  return result;
}

const git = (...args) => execFileSync("git", args, { encoding: "utf8" });

await request("initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "ralph-claude", version: "1" },
});
child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);

await call("reanchor_task", { task });
await call("classify_task", { task });
const made = await call("implement_task", { task, backend: "local", apply: true });
if (made.outcome === "proposed" && made.applied) {
  git("add", "-A");
  git("commit", "-qm", `${task}: shout`);
  await call("review_change", { task });
}
child.stdin.end();
