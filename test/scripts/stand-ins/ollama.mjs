#!/usr/bin/env node
// Stands in for Ollama as far as start-local-stack.sh talks to it: `ollama serve` and `ollama pull NAME`.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const folder = process.env.STAND_IN ?? ".";
const pulled = join(folder, "ollama.pulled");
const [command, name] = process.argv.slice(2);
const host = process.env.OLLAMA_HOST ?? null;
appendFileSync(
  join(folder, "ollama.jsonl"),
  `${JSON.stringify({ args: process.argv.slice(2), host, models: process.env.OLLAMA_MODELS ?? null, pid: process.pid })}\n`,
);
const there = () => (existsSync(pulled) ? readFileSync(pulled, "utf8").trim().split("\n") : []);

if (command === "pull") {
  if (existsSync(join(folder, "ollama.offline"))) {
    process.stderr.write("Error: pull model manifest: no such host");
    process.exit(1);
  }
  appendFileSync(pulled, `${name}\n`);
} else {
  const loaded = [];
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
      if (request.url === "/api/version") return answer(200, { version: "0.33.0" });
      if (request.url === "/api/tags")
        return answer(200, { models: there().map((one) => ({ name: one, model: one })) });
      if (request.url === "/api/ps") return answer(200, { models: loaded });
      if (request.url !== "/api/generate") return answer(404, { error: "not found" });
      const body = JSON.parse(text);
      appendFileSync(join(folder, "ollama-loads.jsonl"), `${JSON.stringify(body)}\n`);
      if (!there().includes(body.model)) return answer(404, { error: `model '${body.model}' not found` });
      loaded.push({ name: body.model, model: body.model, context_length: body.options?.num_ctx });
      answer(200, { model: body.model, response: "", done: true, done_reason: "load" });
    });
  });
  const [address, port] = host.split(":");
  server.listen(Number(port), address);
  process.on("SIGTERM", () => process.exit(0));
}
