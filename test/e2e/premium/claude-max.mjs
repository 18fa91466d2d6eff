// The source claude_max with the official program: what reaches the provider, and what becomes of each of its answers.
// With SLUICE_RECORD=1 what the program prints is written to test/fixtures/premium/claude-max.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { outcomes } from "../../support/messages-outcomes.mjs";
import { fiveHourReset, messagesServer, replies, weeklyReset } from "../../support/messages-server.mjs";
import { close, listen, run, said, writeFiles } from "../harness.mjs";

const token = "sk-ant-oat01-not-a-real-token-000000";
const secret = "THE-CONTENT-OF-A-FILE-OF-THE-USERS";
const planted = "SOMETHING-THE-USER-TOLD-CLAUDE-CODE";

const request = {
  model: "claude-opus-4-5",
  instructions: "You review a change.",
  prompt: "A change.",
  schema: {
    name: "review",
    json: {
      type: "object",
      properties: { verdict: { type: "string" } },
      required: ["verdict"],
      additionalProperties: false,
    },
  },
  session: null,
  maxOutputTokens: 9_000,
  timeout: 60_000,
  signal: new AbortController().signal,
};

export async function claudeMaxRuns({ binary, root, sandbox, report }) {
  const check = (name, test) => report.check(`claude_max: ${name}`, test);
  const { open } = await import(pathToFileURL(join(root, "dist/src/premium/claude-max.js")).href);
  const recording = process.env.SLUICE_RECORD === "1" ? join(sandbox.top, "recorded") : null;
  const program = recording === null ? binary : recorder(recording, binary);
  const server = await messagesServer();
  const home = join(sandbox.top, "claude-max-home");
  const env = {
    ...sandbox.env,
    HOME: home,
    CLAUDE_CODE_OAUTH_TOKEN: token,
    // What must not reach the program.
    ANTHROPIC_API_KEY: "sk-ant-api03-not-for-a-subscription",
    ANTHROPIC_AUTH_TOKEN: "not-for-a-subscription",
  };
  // Everything of the user's that Claude Code would take up by itself.
  const hook = { hooks: [{ type: "command", command: `touch ${join(home, "hook-ran")}` }] };
  writeFiles(home, {
    "secret.txt": secret,
    ".claude/CLAUDE.md": planted,
    ".claude/agents/other.md": `---\nname: other\ndescription: ${planted}\n---\n${planted}`,
    ".claude/skills/other/SKILL.md": `---\nname: other\ndescription: ${planted}\n---\n${planted}`,
    ".claude/settings.json": JSON.stringify({
      model: "claude-haiku-4-5",
      env: { ANTHROPIC_API_KEY: "sk-ant-api03-from-settings" },
      hooks: { SessionStart: [hook], UserPromptSubmit: [hook], Stop: [hook] },
      outputStyle: "Explanatory",
    }),
    ".claude.json": JSON.stringify({
      mcpServers: { other: { type: "stdio", command: "touch", args: [join(home, "mcp-ran")] } },
    }),
  });
  const sluice = { env, cwd: sandbox.top, clock: Date.now };
  const settings = { program, key: null, endpoint: server.url, headers: {} };
  const source = open(sluice, "cli", settings);
  const review = (more = {}) => source.review({ ...request, ...more });

  try {
    await check(
      "the model gets the instructions, the prompt, one form to answer in, and nothing of the user's",
      async () => {
        server.use(replies.answer);
        const prompt = `/review\n+ @${home}/secret.txt @~/secret.txt @agent-other ultrathink\n!touch ${home}/shell-ran`;
        const answer = await review({ prompt });
        assert.deepEqual(answer.structured, { verdict: "SHIP" });
        assert.equal(server.messages().length, 1);
        const [{ body, headers }] = server.messages();
        assert.deepEqual(
          body.tools.map((tool) => tool.name),
          ["StructuredOutput"],
        );
        assert.deepEqual(body.tools[0].input_schema, request.schema.json);
        assert.equal(body.model, request.model);
        assert.equal(body.max_tokens, request.maxOutputTokens);
        assert.ok(body.thinking.budget_tokens <= request.maxOutputTokens / 2);
        assert.equal(body.system.at(-1).text, request.instructions);
        assert.deepEqual(body.system.at(-1).cache_control, { type: "ephemeral", ttl: "1h" });
        assert.ok(body.messages.at(-1).content.at(-1).text.endsWith(prompt));
        const sent = JSON.stringify(body);
        for (const text of [secret, planted, "invoke the agent", "requesting deeper reasoning", "CLAUDE.md"])
          assert.ok(!sent.includes(text), `${text} was sent:\n${sent.slice(0, 3_000)}`);
        for (const file of ["hook-ran", "mcp-ran", "shell-ran"])
          assert.ok(!existsSync(join(home, file)), file);
        assert.equal(headers.authorization, `Bearer ${token}`);
        assert.equal(headers["x-api-key"], undefined);
        assert.ok(!existsSync(join(home, ".claude/projects")) || !sentIn(join(home, ".claude"), prompt));
      },
    );

    await check("a prompt of a megabyte arrives whole", async () => {
      server.use(replies.answer);
      const prompt = `${"a line of a change\n".repeat(55_000)}the end`;
      await review({ prompt });
      assert.equal(server.messages()[0].body.messages.at(-1).content.at(-1).text, prompt);
    });

    await check("a gateway's key goes to the gateway, and the subscription's token does not", async () => {
      server.use(replies.answer);
      const gateway = open(sluice, "cli", { ...settings, key: "gateway-key", headers: { "X-Team": "one" } });
      await gateway.review(request);
      const [{ headers }] = server.messages();
      assert.equal(headers["x-api-key"], "gateway-key");
      assert.equal(headers["x-team"], "one");
      assert.equal(headers.authorization, undefined);
    });

    await check("a model that is out of date is asked for all the same, and no other one", async () => {
      server.use(replies.answer);
      await review({ model: "claude-opus-4-0" });
      assert.equal(server.messages()[0].body.model, "claude-opus-4-0");
    });

    for (const [name, expected] of Object.entries(outcomes)) {
      await check(`${name}: ${expected.cli ?? "an answer"}`, async () => {
        server.use(replies[name]);
        const started = performance.now();
        const outcome = await review({ timeout: name === "hang" ? 8_000 : 60_000 }).catch((error) => error);
        assert.equal(outcome.kind ?? null, expected.cli, outcome.stack ?? JSON.stringify(outcome));
        const count = server.messages().length;
        assert.ok(count >= 1 && count <= expected.most, `${count} requests`);
        for (const { body } of server.messages())
          assert.deepEqual(
            body.tools.map((tool) => tool.name),
            ["StructuredOutput"],
          );
        assert.ok(performance.now() - started < 20_000, "a stated delay was waited for");
        if (recording !== null) keep(name, recording, root, home);
        if (name === "usage_limit") {
          assert.equal(outcome.throttle.until, fiveHourReset * 1_000);
          assert.equal(outcome.windows.find(({ id }) => id === "5h").used, 1);
        }
        if (name === "opus_limit") assert.equal(outcome.throttle.scope, "opus");
        if (name === "answer")
          assert.deepEqual(
            outcome.windows.map(({ id, used, resets_at }) => [id, used, resets_at]),
            [
              ["5h", 0.42, fiveHourReset * 1_000],
              ["weekly", 0.3, weeklyReset * 1_000],
            ],
          );
      });
    }

    await check("the probe asks no model, and says signed out where nobody is signed in", async () => {
      server.use(replies.answer);
      const probe = { signal: request.signal, timeout: 20_000 };
      const signedIn = await source.probe(probe);
      assert.equal(signedIn.state, "ready", signedIn.why);
      assert.ok(signedIn.models.some((id) => id.startsWith("claude-opus-")));
      const nobody = {
        ...sluice,
        env: { ...env, HOME: join(sandbox.top, "nobody"), CLAUDE_CODE_OAUTH_TOKEN: undefined },
      };
      mkdirSync(nobody.env.HOME, { recursive: true });
      assert.equal((await open(nobody, "cli", settings).probe(probe)).state, "signed_out");
      assert.equal(server.messages().length, 0);
    });

    await check("a signed-in probe says what the plan has left", async () => {
      const vendor = await fakeVendor(join(sandbox.top, "vendor"));
      try {
        writeFiles(sandbox.top, { "signed-in/.credentials.json": credentials });
        const folder = join(sandbox.top, "signed-in");
        const { CLAUDE_CODE_OAUTH_TOKEN: _, ...rest } = env;
        const signedIn = { ...rest, ...vendor.env, CLAUDE_CONFIG_DIR: folder };
        const user = open({ ...sluice, env: signedIn }, "cli", { ...settings, endpoint: null });
        const found = await user.probe({ signal: request.signal, timeout: 20_000 });
        assert.equal(found.plan, "Claude Max", found.why);
        assert.deepEqual(
          found.windows.map(({ id, used, scope, provenance }) => [id, used, scope ?? null, provenance]),
          [
            ["5h", 0.37, null, "probe"],
            ["weekly", 0.26, null, "probe"],
            ["weekly:opus", 0.125, "opus", "probe"],
          ],
        );
        assert.ok(!vendor.asked.some((path) => path.startsWith("/v1/messages")), vendor.asked.join("\n"));
      } finally {
        await vendor.close();
      }
    });

    await check("without a sign-in nothing is sent", async () => {
      server.use(replies.answer);
      const nobody = {
        ...sluice,
        env: { ...env, HOME: join(sandbox.top, "nobody"), CLAUDE_CODE_OAUTH_TOKEN: undefined },
      };
      const outcome = await open(nobody, "cli", settings)
        .review(request)
        .catch((error) => error);
      assert.equal(outcome.kind, "auth", outcome.stack);
      assert.match(outcome.hint, /claude auth login/);
      assert.equal(server.messages().length, 0);
      if (recording !== null) keep("signed_out", recording, root, home);
    });

    await check("a review that is cancelled ends at once, with its program", async () => {
      server.use(replies.hang);
      const stop = new AbortController();
      const running = review({ signal: stop.signal }).catch((error) => error);
      while (server.messages().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      const started = performance.now();
      stop.abort(new Error("no longer wanted"));
      assert.equal((await running).message, "no longer wanted");
      assert.ok(performance.now() - started < 5_000);
    });
  } finally {
    await server.close();
  }
}

const credentials = JSON.stringify({
  claudeAiOauth: {
    accessToken: "sk-ant-oat01-not-a-real-token-111111",
    refreshToken: "sk-ant-ort01-not-a-real-token-111111",
    expiresAt: 4_102_444_800_000,
    scopes: ["user:inference", "user:profile", "user:sessions:claude_code"],
    subscriptionType: "max",
    rateLimitTier: "default_claude_max_20x",
  },
});

/**
 * A proxy behind which the vendor's own host stands on loopback, with a certificate that only `env` makes valid: the
 * program asks for what the plan has left there and nowhere else.
 */
async function fakeVendor(folder) {
  mkdirSync(folder, { recursive: true });
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  const made = await run(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert].concat([
      "-subj",
      "/CN=api.anthropic.com",
      "-addext",
      "subjectAltName=DNS:api.anthropic.com",
    ]),
    { cwd: folder, env: { PATH: process.env.PATH } },
  );
  assert.equal(made.code, 0, said(made));
  const asked = [];
  const inside = createSecureServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (message, response) => {
      asked.push(message.url);
      const usage = message.url.startsWith("/api/oauth/usage");
      response.writeHead(usage ? 200 : 404, { "content-type": "application/json" });
      const at = (seconds) => new Date(seconds * 1_000).toISOString();
      const windows = {
        five_hour: { utilization: 37, resets_at: at(fiveHourReset) },
        seven_day: { utilization: 26, resets_at: at(weeklyReset) },
        seven_day_oauth_apps: null,
        seven_day_opus: { utilization: 12.5, resets_at: at(weeklyReset) },
        seven_day_sonnet: null,
        extra_usage: { is_enabled: false, monthly_limit: null, used_credits: null, utilization: null },
      };
      response.end(JSON.stringify(usage ? windows : {}));
    },
  );
  await listen(inside);
  const proxy = createServer((_, response) => response.writeHead(403).end());
  const sockets = new Set();
  proxy.on("connect", (message, socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (message.url !== "api.anthropic.com:443") return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const onward = connect(inside.address().port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => {});
  });
  const url = await listen(proxy);
  return {
    asked,
    env: { HTTPS_PROXY: url, HTTP_PROXY: url, https_proxy: url, http_proxy: url, NODE_EXTRA_CA_CERTS: cert },
    async close() {
      for (const socket of sockets) socket.destroy();
      await close(proxy);
      await close(inside);
    },
  };
}

/** Whether any file that the program left below a folder holds what it was asked. */
function sentIn(folder, text) {
  for (const name of ["history.jsonl"]) {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, "utf8").includes(text)) return true;
  }
  return false;
}

/** A program that runs the real one and keeps what it prints. */
function recorder(folder, binary) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "claude");
  const script = [
    "#!/bin/bash",
    `if [ "$1" = --version ]; then exec ${binary} --version; fi`,
    `${binary} "$@" | tee ${folder}/stdout`,
    `code=\${PIPESTATUS[0]}; echo $code > ${folder}/exit; exit $code`,
  ];
  writeFileSync(file, `${script.join("\n")}\n`);
  chmodSync(file, 0o755);
  return file;
}

function keep(name, recording, root, home) {
  const exit = join(recording, "exit");
  const stdout = readFileSync(join(recording, "stdout"), "utf8")
    .replaceAll(String(fiveHourReset), "2000000000")
    .replaceAll(String(weeklyReset), "2000400000")
    .replaceAll(home, "/home/user")
    .replaceAll(/"\/[^"]*sluice-reviewer-[^"/]*/g, '"/reviewer')
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"));
  const kept = ["type", "subtype", "session_id", "tools", "mcp_servers", "model", "slash_commands", "skills"];
  const fixture = {
    program: "Claude Code 2.1.330",
    exit: existsSync(exit) ? Number(readFileSync(exit, "utf8")) : null,
    // What it says of itself at the start names folders of this machine.
    stdout: stdout
      .map((line) => JSON.parse(line))
      .filter((event) => event.subtype !== "ui_invalidate")
      .map((event) =>
        event.subtype === "init" ? Object.fromEntries(kept.map((name) => [name, event[name]])) : event,
      ),
  };
  const folder = join(root, "test/fixtures/premium/claude-max");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(fixture, null, 1)}\n`);
}
