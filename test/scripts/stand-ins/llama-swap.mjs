#!/usr/bin/env node
// Stands in for llama-swap v250 as far as start-local-stack.sh talks to it. What it was started with goes to
// $STAND_IN/llama-swap.json; $STAND_IN/llama-swap.mode says what goes wrong.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const folder = process.env.STAND_IN ?? ".";
const modeFile = join(folder, "llama-swap.mode");
const mode = existsSync(modeFile) ? readFileSync(modeFile, "utf8").trim() : "";
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const tell = (what) => appendFileSync(join(folder, "llama-swap.jsonl"), `${JSON.stringify(what)}\n`);
tell({ args, cache: process.env.LLAMA_CACHE ?? null, pid: process.pid });
if (mode === "bad-config") {
  process.stderr.write('failed to load config error="model glm: proxy uses PORT but cmd does not"\n');
  process.exit(1);
}

const [host, port] = option("-listen").split(":");
const names = { "glm-4.7-flash": "glm-4.7-flash", "gpt-4": "glm-4.7-flash" };
const loaded = new Set();
let asked = 0;
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk) => {
    text += chunk;
  });
  request.on("end", () => {
    const answer = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const failed = (status, message) => answer(status, { src: "llama-swap", error: { message } });
    if (request.url === "/running") {
      return answer(200, { running: [...loaded].map((model) => ({ model, state: "ready" })) });
    }
    if (request.url === "/v1/models") {
      return answer(200, { object: "list", data: Object.keys(names).map((id) => ({ id, object: "model" })) });
    }
    if (request.url !== "/v1/chat/completions") return failed(404, "no model id could be identified");
    // Without this header the real one does not find the model in the body.
    const isJson = request.headers["content-type"] === "application/json";
    const model = isJson ? names[JSON.parse(text).model] : undefined;
    if (model === undefined) return failed(404, "no router for requested model");
    asked += 1;
    if (mode === "no-memory") return failed(500, "unspecific error: upstream command exited prematurely");
    if (mode === "busy") return failed(429, "Too many requests");
    if (mode === "long-download" && asked === 1) return failed(500, "health check timed out after 1800s");
    if (mode === "hangs") {
      tell({ asked: model });
      response.on("close", () => tell({ gone: model }));
      return;
    }
    loaded.add(model);
    answer(200, { choices: [{ message: { role: "assistant", content: "ok" } }] });
  });
});
if (mode !== "deaf") server.listen(Number(port), host);
else setInterval(() => {}, 60_000);
process.on("SIGTERM", () => {
  if (mode === "stubborn") return;
  writeFileSync(join(folder, "llama-swap.ended"), "SIGTERM");
  process.exit(0);
});
