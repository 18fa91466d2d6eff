// The source openai_pro as it is built, over the official Codex, against an OpenAI on loopback: what the model is
// really sent, and what each failure becomes.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { writeFiles } from "../harness.mjs";
import { openaiProvider, spoken } from "./openai-provider.mjs";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures/premium/openai_pro");

const schema = {
  name: "verdict",
  json: {
    type: "object",
    properties: { verdict: { type: "string" }, findings: { type: "array", items: { type: "string" } } },
    required: ["verdict", "findings"],
    additionalProperties: false,
  },
};

/** Modes of the provider and what they are called here; the kinds are those of the facts' tables. */
const failures = [
  ["usage_limit", "usage_limit", "usage_limit"],
  ["insufficient_quota", "billing", "billing"],
  ["rate_limit", "rate_limit", "rate_limit"],
  ["failed_rate", "rate_limit", "rate_limit"],
  ["overloaded", "overloaded", "overloaded"],
  ["server_error", "overloaded", "overloaded"],
  ["model_not_found", "model_unknown", undefined],
  ["unsupported_model", "model_unknown", undefined],
  ["context_length", "too_large", undefined],
  ["policy", "refused", undefined],
  ["incomplete", "cut", undefined],
  ["content_filter", "refused", undefined],
  ["cut", "cut", undefined],
  ["silent", "silent", undefined],
  ["unauthorized", "auth", "auth"],
];

/** @param record writes what Codex printed into the fixtures of the normal suite */
export async function openaiProRuns({ binary, root, sandbox, report, record = false }) {
  const check = (name, test) => report.check(`openai_pro over codex: ${name}`, test);
  const { open } = await import(pathToFileURL(join(root, "dist/src/premium/openai-pro.js")));
  const home = join(sandbox.top, "openai-codex-home");
  const ran = join(sandbox.top, "user-server-ran");
  // What a user has: none of it is for a reviewer.
  writeFiles(home, {
    "config.toml": [
      'developer_instructions = "MARK developer"',
      "[mcp_servers.mine]",
      'command = "touch"',
      `args = [${JSON.stringify(ran)}]`,
    ].join("\n"),
    "AGENTS.md": "MARK agents",
    "skills/mine/SKILL.md": "---\nname: mine\ndescription: MARK skill\n---\nMARK",
    "hooks.json": JSON.stringify({
      hooks: { SessionStart: [{ hooks: [{ type: "command", command: `touch ${ran}` }] }] },
    }),
  });
  signIn(home);
  const provider = await openaiProvider();
  const log = join(sandbox.top, "codex-runs.jsonl");
  const wrapper = wrapCodex(binary, provider.url, sandbox.top, log);
  const env = {
    ...sandbox.env,
    CODEX_HOME: home,
    OPENAI_API_KEY: "sk-never12345678901234567890",
    CODEX_API_KEY: "sk-never",
  };
  const sluice = { cwd: sandbox.top, env, clock: Date.now, log() {}, roots: async () => [] };
  const settings = { program: wrapper, key: null, endpoint: null, headers: {} };
  const source = open(sluice, "cli", settings);
  const request = (more = {}) => ({
    model: "gpt-6.1-sol",
    instructions: "INSTRUCTIONS of ours",
    prompt: "PROMPT of ours",
    schema,
    session: null,
    maxOutputTokens: 4_000,
    timeout: 60_000,
    signal: new AbortController().signal,
    ...more,
  });
  const outcome = (asked, from = source) =>
    from.review(asked).then(
      (answer) => ({ answer, failure: null }),
      (failure) => ({ answer: null, failure }),
    );
  const keep = (name) => record && writeRecord(name, log, home);

  try {
    for (const model of ["gpt-6.1-sol", "gpt-6-astra", "gpt-5.6-luna", "gpt-5.5", "gpt-5.2-codex"]) {
      await check(`${model} is sent our texts and no tool`, async () => {
        provider.reset();
        const { answer, failure } = await outcome(request({ model }));
        assert.equal(failure, null, failure?.message);
        if (model === "gpt-6.1-sol") keep("ok");
        assert.equal(answer.text, spoken);
        assert.deepEqual(answer.structured, JSON.parse(spoken));
        assert.deepEqual(answer.tokens, { input: 1_000, cached_input: 100, output: 50 });
        assert.equal(answer.model, model);
        assert.deepEqual(answer.windows.map(({ id, used, provenance }) => [id, used, provenance]).sort(), [
          ["5h", 0.425, "log"],
          ["weekly", 0.17, "log"],
        ]);
        assert.equal(provider.requests.length, 1);
        const [body] = provider.requests;
        assert.equal(body.model, model);
        assert.deepEqual(toolsIn(body), []);
        const texts = JSON.stringify([body.instructions ?? "", body.input]);
        assert.match(texts, /INSTRUCTIONS of ours/);
        assert.match(texts, /PROMPT of ours/);
        assert.doesNotMatch(texts, /MARK (?:developer|skill)|You are Codex|environment_context|AcceptEdits/);
        // The home's own AGENTS.md can't be switched off in Codex 0.169: our instructions say what it is worth.
        assert.match(texts, /MARK agents/);
        assert.match(texts, /meant for other work: disregard it/);
        assert.equal(body.text.format.type, "json_schema");
        assert.equal(body.text.format.strict, true);
        assert.deepEqual(body.text.format.schema, schema.json);
        if (model === "gpt-6.1-sol") assert.equal(body.reasoning.effort, "high");
      });
    }

    await check("the subscription's sign-in is used, and no key of the environment", () => {
      const [headers] = provider.headers;
      assert.match(headers.authorization, /^Bearer eyJ/);
      assert.equal(headers["chatgpt-account-id"], "acc-x");
    });

    await check("the user's MCP servers and hooks are not started", () => assert.ok(!existsSync(ran)));

    await check("a model that asks for a tool gets none", async () => {
      provider.reset("tool");
      const { answer, failure } = await outcome(request());
      assert.equal(failure, null, failure?.message);
      assert.equal(answer.text, spoken);
      const said = JSON.stringify(provider.requests.at(-1).input);
      assert.match(said, /unsupported call/);
    });

    await check("a model that goes on asking for tools is ended", async () => {
      provider.reset("tools");
      const { failure } = await outcome(request());
      assert.equal(failure?.kind, "silent", failure?.message);
      assert.ok(provider.requests.length < 10, `${provider.requests.length} requests`);
    });

    for (const [mode, kind, reason] of failures) {
      await check(`${mode} is ${kind}, at once and without a second try`, async () => {
        provider.reset(mode);
        const started = performance.now();
        const { answer, failure } = await outcome(request());
        assert.equal(answer, null);
        keep(mode);
        assert.equal(failure.kind, kind, failure.message);
        assert.equal(failure.throttle?.reason, reason);
        assert.ok(performance.now() - started < 30_000, `${Math.round(performance.now() - started)} ms`);
        assert.equal(provider.requests.length, mode === "unauthorized" ? provider.requests.length : 1);
        assert.doesNotMatch(`${failure.message} ${failure.hint} ${failure.throttle?.evidence}`, /sk-abc123/);
        if (mode === "usage_limit") {
          const five = failure.windows.find(({ id }) => id === "5h");
          assert.equal(five.used, 1);
          assert.equal(failure.throttle.until, five.resets_at);
        }
        if (kind === "model_unknown") assert.match(failure.hint, /gpt-6\.1-sol/);
      });
    }

    await check("a session is gone on with, and its tokens are of the new turn alone", async () => {
      provider.reset();
      const first = await outcome(request());
      const second = await outcome(request({ session: first.answer.session, prompt: "SECOND prompt" }));
      assert.equal(second.failure, null, second.failure?.message);
      keep("resumed");
      assert.deepEqual(second.answer.tokens, { input: 1_000, cached_input: 100, output: 50 });
      const texts = JSON.stringify(provider.requests[1].input);
      assert.match(texts, /PROMPT of ours/);
      assert.match(texts, /SECOND prompt/);
      assert.deepEqual(toolsIn(provider.requests[1]), []);
    });

    await check("a session that Codex does not have is lost, and nothing is sent", async () => {
      provider.reset();
      const { failure } = await outcome(
        request({ session: "01a20391-f2ba-76f1-b2d4-1a64c5e46599/gpt-6.1-sol" }),
      );
      assert.equal(failure.kind, "session_lost", failure.message);
      assert.equal(provider.requests.length, 0);
    });

    await check("a session near the end of the window is sent whole, not summed up", async () => {
      provider.reset();
      provider.input = 268_000;
      const first = await outcome(request({ model: "gpt-5.5" }));
      provider.input = 1_000;
      const second = await outcome(request({ model: "gpt-5.5", session: first.answer.session }));
      assert.equal(second.failure, null, second.failure?.message);
      assert.equal(provider.requests.length, 2);
      assert.doesNotMatch(JSON.stringify(provider.requests[1].input), /compaction/);
    });

    await check("its time limit and a cancellation end the whole of it", async () => {
      provider.reset("hang");
      const { failure } = await outcome(request({ timeout: 6_000 }));
      assert.equal(failure.kind, "timeout", failure.message);
      const controller = new AbortController();
      provider.reset("hang");
      const waiting = outcome(request({ signal: controller.signal }));
      while (provider.requests.length === 0) await new Promise((done) => setTimeout(done, 50));
      controller.abort();
      const cancelled = await waiting;
      assert.equal(cancelled.failure?.name, "AbortError");
      assert.deepEqual(processesOf(home), []);
    });

    await check("a prompt that Codex would refuse is too large before anything is started", async () => {
      provider.reset();
      const { failure } = await outcome(request({ prompt: "x".repeat(1_048_577) }));
      assert.equal(failure.kind, "too_large");
      const fits = await outcome(request({ prompt: "x y z ".repeat(174_000) }));
      assert.equal(fits.failure, null, fits.failure?.message);
      assert.equal(provider.requests.length, 1);
    });

    await check("nobody there is unreachable, at once", async () => {
      const dead = open(sluice, "cli", {
        ...settings,
        endpoint: "http://127.0.0.1:9/v1",
        key: "gateway-key-12345",
      });
      const { failure } = await outcome(request(), dead);
      assert.equal(failure.kind, "unreachable", failure.message);
      keep("unreachable");
    });

    await check("a gateway gets its own key and headers, not the subscription's", async () => {
      provider.reset();
      const gateway = open(sluice, "cli", {
        ...settings,
        endpoint: `${provider.url}/v1`,
        key: "gateway-key-12345",
        headers: { "X-Team": "tools" },
      });
      const { answer, failure } = await outcome(request(), gateway);
      assert.equal(answer?.text, spoken, failure?.message);
      assert.equal(provider.headers[0].authorization, "Bearer gateway-key-12345");
      assert.equal(provider.headers[0]["x-team"], "tools");
      assert.deepEqual(toolsIn(provider.requests[0]), []);
    });

    await check("the probe reads the account's windows, plan and models without a model call", async () => {
      provider.reset();
      const probe = await source.probe({ signal: new AbortController().signal, timeout: 20_000 });
      assert.equal(probe.state, "ready", probe.why);
      assert.deepEqual(probe.windows.map(({ id, used, provenance }) => [id, used, provenance]).sort(), [
        ["5h", 0.42, "probe"],
        ["weekly", 0.17, "probe"],
      ]);
      assert.ok(probe.models.includes("gpt-6.1-sol"), String(probe.models));
      assert.equal(provider.requests.length, 0);
      assert.ok(!existsSync(ran));
      assert.deepEqual(processesOf(home), []);
    });

    await check("signed out is said as such, before anything is sent", async () => {
      const empty = join(sandbox.top, "openai-empty-home");
      mkdirSync(empty, { recursive: true });
      provider.reset();
      const out = open({ ...sluice, env: { ...env, CODEX_HOME: empty } }, "cli", settings);
      const { failure } = await outcome(request(), out);
      assert.equal(failure.kind, "auth", failure.message);
      assert.match(failure.hint, /codex login/);
      const probe = await out.probe({ signal: new AbortController().signal, timeout: 20_000 });
      assert.equal(probe.state, "signed_out", probe.why);
      assert.equal(provider.requests.length, 0);
    });

    await check("a Codex that does not know a flag is refused, and nothing is sent", async () => {
      provider.reset();
      const other = join(sandbox.top, "codex-with-another-flag");
      writeProgram(
        other,
        `if (args[0] === "exec") args.splice(1, 0, "--disable", "no_such_feature");`,
        wrapper,
      );
      const { failure } = await outcome(request(), open(sluice, "cli", { ...settings, program: other }));
      assert.equal(failure.kind, "not_stripped", failure.message);
      assert.equal(provider.requests.length, 0);
    });
  } finally {
    await provider.close();
  }
}

/** Every tool that a request offers, wherever it stands: newer models get them as an item of the input. */
export function toolsIn(body) {
  const found = [];
  const visit = (tool) => {
    if (Array.isArray(tool.tools)) for (const inner of tool.tools) visit(inner);
    else found.push(tool.name ?? tool.type);
  };
  for (const tool of body.tools ?? []) visit(tool);
  for (const item of body.input ?? []) for (const tool of item.tools ?? []) visit(tool);
  return found;
}

/** A sign-in as Codex keeps it, of nobody. */
export function signIn(home) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  const token = [
    part({ alg: "RS256", typ: "JWT" }),
    part({
      email: "person@example.com",
      iat: now,
      exp: now + 86_400,
      "https://api.openai.com/auth": {
        chatgpt_plan_type: "pro",
        chatgpt_user_id: "user-x",
        chatgpt_account_id: "acc-x",
        user_id: "user-x",
      },
    }),
    part("signature"),
  ].join(".");
  const tokens = { id_token: token, access_token: token, refresh_token: "none", account_id: "acc-x" };
  const last_refresh = new Date().toISOString();
  writeFileSync(
    join(home, "auth.json"),
    JSON.stringify({ auth_mode: "chatgpt", OPENAI_API_KEY: null, tokens, last_refresh }),
    { mode: 0o600 },
  );
}

/**
 * The official Codex with ChatGPT's address replaced by a loopback one, as its own settings allow, and with what it
 * prints copied: everything else is as it was called.
 */
export function wrapCodex(binary, url, folder, log) {
  const file = join(folder, "codex-on-loopback");
  writeProgram(
    file,
    `const address = ${JSON.stringify(url)};
     args = args.map((arg) => arg.startsWith("model_providers.sluice={") && !arg.includes("base_url")
       ? arg.replace("{", \`{base_url="\${address}/v1",\`) : arg);
     env.CODEX_REFRESH_TOKEN_URL_OVERRIDE = address + "/oauth/token";
     const elsewhere = args[0] === "exec" ? [] : ["-c", \`openai_base_url="\${address}/v1"\`];
     // Node 20 can't read zstd.
     if (!args[0].startsWith("-")) args.splice(1, 0, "-c", \`chatgpt_base_url="\${address}/backend-api/"\`, "--disable", "enable_request_compression", ...elsewhere);`,
    binary,
    log,
  );
  return file;
}

function writeProgram(file, change, binary, log = null) {
  writeFileSync(
    file,
    `#!${process.execPath}
const { spawn } = require("node:child_process");
const { appendFileSync } = require("node:fs");
let args = process.argv.slice(2);
const called = [...args];
const env = { ...process.env };
${change}
const child = spawn(${JSON.stringify(binary)}, args, { stdio: ["inherit", "pipe", "pipe"], env });
const said = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => { said[name] += chunk; process[name].write(chunk); });
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code) => {
  ${log === null ? "" : `if (called[0] === "exec") appendFileSync(${JSON.stringify(log)}, JSON.stringify({ code, ...said, depth: env.SLUICE_DEPTH }) + "\\n");`}
  process.exitCode = code ?? 1;
});
`,
  );
  chmodSync(file, 0o755);
}

/** Processes of Codex that are left, by the home in their environment. */
function processesOf(home) {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`CODEX_HOME=${home}\0`);
      } catch {
        return false;
      }
    });
}

const kept = new Set([
  "task_started",
  "turn_context",
  "token_count",
  "token_usage_record",
  "task_complete",
  "error",
]);

/** What the run printed, and the lines of its record that are read; all else of it is left out. */
function writeRecord(name, log, home) {
  if (!existsSync(log)) return;
  const last = JSON.parse(readFileSync(log, "utf8").trim().split("\n").at(-1));
  const thread = /"thread_id":"([^"]+)"/.exec(last.stdout)?.[1] ?? null;
  const sessions = join(home, "sessions");
  const file = existsSync(sessions)
    ? readdirSync(sessions, { recursive: true }).find((path) => path.endsWith(`-${thread}.jsonl`))
    : undefined;
  const rollout =
    file === undefined ? [] : readFileSync(join(sessions, file), "utf8").trim().split("\n").flatMap(trimmed);
  const stderr = last.stderr.replaceAll(dirname(home), "/home/person").replace(/^WARNING: .*\n/gm, "");
  mkdirSync(fixtures, { recursive: true });
  const path = join(fixtures, `${name}.json`);
  rmSync(path, { force: true });
  writeFileSync(
    path,
    `${JSON.stringify({ thread, code: last.code, stdout: last.stdout, stderr, rollout }, null, 1)}\n`,
  );
}

function trimmed(line) {
  const { timestamp, type, payload } = JSON.parse(line);
  if (!kept.has(type === "event_msg" ? payload.type : type)) return [];
  if (type === "turn_context") return [{ timestamp, type, payload: { model: payload.model } }];
  return [{ timestamp, type, payload }];
}
