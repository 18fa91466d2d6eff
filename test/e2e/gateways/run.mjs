// "More than one machine" of docs/local-models.md, as it stands there: its configurations are handed to the real llama-swap
// and the real LiteLLM proxy, only addresses and ports put in place, with a loopback server behind them that
// answers as vLLM does. Then the local tier asks through them.
//
//   npm run build
//   SLUICE_LLAMA_SWAP=/path/to/llama-swap SLUICE_LITELLM=/path/to/litellm node test/e2e/gateways/run.mjs [--require]
//
// A program that is not named is said in a line `NOT RUN`. Nothing is downloaded.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as z from "zod";
import { loadConfiguration } from "../../../dist/src/config/load.js";
import { closeLocal, openLocal } from "../../../dist/src/local/local.js";
import { createSluice } from "../../../dist/src/sluice.js";
import { createReport, finish } from "../harness.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const guide = readFileSync(join(here, "../../../docs/local-models.md"), "utf8");
const { values: options } = parseArgs({ options: { require: { type: "boolean", default: false } } });
const report = createReport();
const folder = mkdtempSync(join(tmpdir(), "sluice-gateways-"));
const children = new Set();
const key = "sk-of-this-run";
const model = "qwen3.8-27b";
const context = 131_072;

/** The guide's code block of a language that has all these words in it. */
function block(language, ...words) {
  const found = [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))]
    .map(([, text]) => text)
    .filter((text) => words.every((word) => text.includes(word)));
  assert.equal(
    found.length,
    1,
    `docs/local-models.md has ${found.length} blocks of ${language} with ${words.join(", ")}`,
  );
  return found[0];
}

/** Answers as `vllm serve MODEL --api-key KEY` does: its list of models, its refusals, a schema kept. */
async function vllm() {
  const seen = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const send = (status, value) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(value));
      };
      const parsed = body === "" ? null : JSON.parse(body);
      seen.push({ path: request.url, authorization: request.headers.authorization ?? null, body: parsed });
      if (request.url === "/health") return send(200, {});
      if (request.headers.authorization !== `Bearer ${key}`) return send(401, { error: "Unauthorized" });
      if (request.url === "/v1/models") {
        const one = { id: model, object: "model", created: 1, owned_by: "vllm", root: model, parent: null };
        return send(200, { object: "list", data: [{ ...one, max_model_len: context }] });
      }
      if (request.url !== "/v1/chat/completions") return send(404, { detail: "Not Found" });
      if (parsed.model !== model) {
        const message = `The model \`${parsed.model}\` does not exist.`;
        return send(404, { error: { message, type: "NotFoundError", param: null, code: 404 } });
      }
      const content = JSON.stringify({ word: "ready" });
      const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
      const about = { id: "chatcmpl-1", created: 1, model };
      if (parsed.stream !== true) {
        const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop" };
        return send(200, { ...about, object: "chat.completion", choices: [choice], usage });
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      const say = (value) =>
        response.write(
          `data: ${JSON.stringify({ ...about, object: "chat.completion.chunk", ...value })}\n\n`,
        );
      say({ choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] });
      say({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
      say({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
      if (parsed.stream_options?.include_usage) say({ choices: [], usage });
      response.end("data: [DONE]\n\n");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return { address: `127.0.0.1:${port}`, seen, close: () => server.close() };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program and waits until it answers HTTP. */
async function started(file, args, url, env = {}) {
  const child = spawn(file, args, {
    cwd: folder,
    env: { ...process.env, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said = (said + chunk).slice(-4_000);
    });
  }
  for (const until = Date.now() + 120_000; Date.now() < until; ) {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}:\n${said}`);
    const answered = await fetch(url).then(
      (response) => response.status < 500,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${file} does not answer at ${url}:\n${said}`);
}

/** The local tier as the guide's own JSON configures it, with another address. */
async function tierOf(endpoint, settings, env = {}) {
  const configuration = { local: { ...settings, primary_endpoint: endpoint, prefilter_enabled: false } };
  const home = mkdtempSync(join(folder, "home-"));
  const sluice = createSluice({
    cwd: "/",
    env: { HOME: home, XDG_CONFIG_HOME: home, ...env },
    log: () => {},
  });
  const own = join(home, "sluice");
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "config.json"), JSON.stringify(configuration));
  const { config, problems } = await loadConfiguration(sluice, null, null);
  assert.deepEqual(problems, []);
  assert.equal(config.local.primary_endpoint, endpoint);
  return openLocal(config, sluice);
}

async function answers(tier) {
  const asked = await tier.ask({
    role: "primary",
    name: "probe",
    schema: z.object({ word: z.enum(["ready"]) }),
    instructions: "Say the word.",
    data: "ready",
    maxTokens: 64,
    limit: 60_000,
    signal: new AbortController().signal,
  });
  assert.equal(asked.state, "answered", `${asked.message ?? ""} ${asked.hint ?? ""}`);
  assert.deepEqual(asked.value, { word: "ready" });
  return asked;
}

const state = (tier) => tier.state(new AbortController().signal);
const settings = JSON.parse(block("json", "LITELLM_MASTER_KEY", "primary_endpoint")).local;

async function vllmAlone() {
  const box = await vllm();
  const env = { BOX_KEY: key };
  const tier = await tierOf(
    `http://${box.address}`,
    { primary_model: model, api_key_env: "BOX_KEY", context_default: 65_536, context_max: context },
    env,
  );
  await report.check("vLLM: its list tells model and context, its key is sent", async () => {
    const { primary } = await state(tier);
    assert.equal(primary.problem, null);
    assert.equal(primary.context.normal, context);
    assert.equal((await answers(tier)).model, model);
  });
  await report.check("vLLM: a wrong key is said to be one", async () => {
    const other = await tierOf(
      `http://${box.address}`,
      { primary_model: model, api_key_env: "BOX_KEY" },
      { BOX_KEY: "wrong" },
    );
    const { primary } = await state(other);
    assert.match(`${primary.problem?.message} ${primary.problem?.hint}`, /key/i);
  });
  box.close();
}

async function peers(program) {
  const box = await vllm();
  const port = await freePort();
  const text = block("yaml", "peers:", "big-box");
  const file = join(folder, "llama-swap.yaml");
  writeFileSync(
    file,
    `models:\n  here:\n    cmd: /bin/false\n    proxy: http://127.0.0.1:1\n${text.replace("http://192.168.1.20:8080", `http://${box.address}`)}`,
  );
  await report.check("llama-swap: refuses its configuration while the peer's key is not set", async () => {
    await assert.rejects(
      started(
        program,
        ["--config", file, "--listen", `127.0.0.1:${port}`],
        `http://127.0.0.1:${port}/health`,
      ),
      /BIG_BOX_KEY/,
    );
  });
  await started(
    program,
    ["--config", file, "--listen", `127.0.0.1:${port}`],
    `http://127.0.0.1:${port}/health`,
    { BIG_BOX_KEY: key },
  );
  const tier = await tierOf(`http://127.0.0.1:${port}`, {
    primary_model: model,
    context_default: 65_536,
    context_max: context,
  });
  await report.check("llama-swap: a peer's model is listed and answers, with the peer's key", async () => {
    const { primary } = await state(tier);
    assert.equal(primary.problem, null, JSON.stringify(primary.problem));
    await answers(tier);
    const asked = box.seen.filter(({ path }) => path === "/v1/chat/completions");
    assert.ok(asked.length > 0);
    assert.equal(asked.at(-1).authorization, `Bearer ${key}`);
    assert.equal(asked.at(-1).body.model, model);
  });
  box.close();
}

/** A proxy that reads LiteLLM's file and does with it what LiteLLM documents; its refusal is a recorded one. */
async function standInProxy(file, env) {
  const { parse } = await import("yaml");
  const { model_list: entries, general_settings: general } = parse(readFileSync(file, "utf8"));
  const master = env[general.master_key.replace("os.environ/", "")];
  let turn = 0;
  const server = createServer(async (request, response) => {
    const send = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.headers.authorization !== `Bearer ${master}`) {
      const error = { message: "No connected db.", type: "no_db_connection", param: null, code: "400" };
      return send(400, { error });
    }
    if (request.url === "/v1/models") {
      const names = [...new Set(entries.map(({ model_name }) => model_name))];
      return send(200, {
        data: names.map((id) => ({ id, object: "model", created: 1_677_610_602, owned_by: "openai" })),
        object: "list",
      });
    }
    if (request.url !== "/v1/chat/completions") return send(404, { detail: "Not Found" });
    let body = "";
    for await (const chunk of request) body += chunk;
    const asked = JSON.parse(body);
    const fitting = entries.filter(({ model_name }) => model_name === asked.model);
    if (fitting.length === 0) {
      const message = `/chat/completions: Invalid model name passed in model=${asked.model}. Call \`/v1/models\` to view available models for your key.`;
      return send(400, { error: { message, type: "invalid_request_error", param: "model", code: "400" } });
    }
    const { litellm_params: to } = fitting[turn++ % fitting.length];
    const answer = await fetch(`${to.api_base}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${env.HOSTED_VLLM_API_KEY}` },
      body: JSON.stringify({ ...asked, model: to.model.replace("hosted_vllm/", "") }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") });
    response.end(await answer.text());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** @param program null for the stand-in */
async function litellm(program) {
  const boxes = [await vllm(), await vllm()];
  const file = join(folder, "litellm.yaml");
  const text = block("yaml", "model_list:", "hosted_vllm")
    .replace("http://192.168.1.20:8000", `http://${boxes[0].address}`)
    .replace("http://192.168.1.21:8000", `http://${boxes[1].address}`);
  writeFileSync(file, text);
  const env = { LITELLM_MASTER_KEY: "sk-master", HOSTED_VLLM_API_KEY: key };
  const standIn = program === null ? await standInProxy(file, env) : null;
  const port = standIn === null ? await freePort() : 0;
  const url = standIn?.url ?? `http://127.0.0.1:${port}`;
  if (program !== null) {
    const args = ["--config", file, "--host", "127.0.0.1", "--port", String(port)];
    await started(program, args, `${url}/health/liveliness`, env);
  }
  const name = program === null ? "LiteLLM (stand-in)" : "LiteLLM";
  const tier = await tierOf(url, settings, env);
  await report.check(`${name}: its key is sent, its model answers in the schema's form`, async () => {
    const { primary } = await state(tier);
    assert.equal(primary.problem, null, JSON.stringify(primary.problem));
    for (let round = 0; round < 8; round++) await answers(tier);
  });
  await report.check(`${name}: two entries with one name share the work`, () => {
    const counts = boxes.map(({ seen }) => seen.filter(({ path }) => path === "/v1/chat/completions").length);
    assert.ok(
      counts.every((count) => count > 0),
      `asked ${counts.join(" and ")} times`,
    );
  });
  await report.check(`${name}: a wrong key is said to be one`, async () => {
    const other = await tierOf(url, settings, { LITELLM_MASTER_KEY: "sk-wrong" });
    const { primary } = await state(other);
    assert.match(`${primary.problem?.message} ${primary.problem?.hint}`, /does not know the key/);
  });
  standIn?.close();
  for (const box of boxes) box.close();
}

const { SLUICE_LLAMA_SWAP: swap, SLUICE_LITELLM: proxy } = process.env;
const deadline = setTimeout(() => {
  console.log("FAIL  the run took longer than 5 minutes and was ended");
  for (const child of children) child.kill("SIGKILL");
  process.exit(1);
}, 5 * 60_000);
try {
  await vllmAlone();
  if (swap) await peers(swap);
  else report.notRun("llama-swap", "SLUICE_LLAMA_SWAP names none");
  await litellm(null);
  if (proxy) await litellm(proxy);
  else report.notRun("LiteLLM", "SLUICE_LITELLM names none (pip install 'litellm[proxy]')");
} catch (error) {
  await report.check("the run itself", () => {
    throw error;
  });
} finally {
  clearTimeout(deadline);
  for (const child of children) child.kill("SIGKILL");
  await closeLocal();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(finish(report, options));
