import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { open } from "../../src/premium/openai-pro.js";
import { depthVariable } from "../../src/premium/reviewer-process.js";
import type { PremiumRequest, PremiumSource } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import {
  type CodexManner,
  type CodexStandIn,
  codexRecording,
  codexStandIn,
} from "../support/codex-stand-in.js";
import { failureIn, premiumRequest } from "../support/premium.js";

const spoken = JSON.stringify({ verdict: "SHIP", findings: [] });
/** When the fixtures were recorded; their resets lie after it. */
const now = Date.parse("2026-11-22T14:30:00Z");
const standIns: CodexStandIn[] = [];
afterEach(() => {
  for (const one of standIns.splice(0)) one.remove();
});

interface Setup {
  codex: CodexStandIn;
  source: PremiumSource;
}

function setup(
  manner: CodexManner = {},
  more: { endpoint?: string; key?: string; env?: Record<string, string> } = {},
): Setup {
  const codex = codexStandIn(manner);
  standIns.push(codex);
  const env = {
    PATH: process.env.PATH,
    HOME: codex.top,
    CODEX_HOME: codex.home,
    TMPDIR: codex.top,
    OPENAI_API_KEY: "sk-proj-mine1234567890123456",
    CODEX_API_KEY: "sk-proj-mine1234567890123456",
    TZ: "UTC",
    ...more.env,
  };
  const source = open(createSluice({ env, clock: () => now }), "cli", {
    program: codex.program,
    key: more.key ?? null,
    endpoint: more.endpoint ?? null,
    headers: more.endpoint === undefined ? {} : { "X-Team": "secret-header-value" },
  });
  return { codex, source };
}

const request = (more: Partial<PremiumRequest> = {}) =>
  premiumRequest({
    model: "gpt-6.1-sol",
    instructions: "Review the change.",
    prompt: "THE MATERIAL",
    maxOutputTokens: 4_000,
    ...more,
  });

const failure = ({ source }: Setup, asked = request()) => failureIn(source.review(asked));

describe("a review by Codex CLI", () => {
  it("gives the answer, the model and its tokens, and the quota that Codex noted", async () => {
    const { source } = setup();
    const answer = await source.review(request());
    expect(answer).toMatchObject({
      text: spoken,
      structured: JSON.parse(spoken),
      model: "gpt-6.1-sol",
      tokens: { input: 1_000, cached_input: 100, output: 50 },
      session: expect.stringMatching(/^[0-9a-f-]{36}\/gpt-6\.1-sol$/),
    });
    expect(answer.windows.map(({ id, used, provenance }) => [id, used, provenance])).toEqual([
      ["weekly", 0.17, "log"],
      ["5h", 0.425, "log"],
    ]);
    for (const { resets_at } of answer.windows) expect(resets_at).toBeGreaterThan(now);
  });

  it("hands the prompt over stdin, in an empty folder, without a key in the environment", async () => {
    const { codex, source } = setup();
    await source.review(request());
    const [call] = codex.calls();
    expect(call?.stdin).toBe("THE MATERIAL");
    expect(call?.args.join(" ")).not.toContain("MATERIAL");
    expect(call?.args.at(-1)).toBe("-");
    expect(call?.env).not.toHaveProperty("OPENAI_API_KEY");
    expect(call?.env).not.toHaveProperty("CODEX_API_KEY");
    expect(call?.env.CODEX_HOME).toBe(codex.home);
    expect(call?.env[depthVariable]).toBe("1");
    expect(call?.cwd).toMatch(/sluice-reviewer-.*work$/);
    expect(existsSync(call?.cwd ?? "")).toBe(false);
    expect(JSON.parse(call?.files.schema ?? "")).toEqual(request().schema.json);
  });

  it("leaves the model no tool, and Codex no settings and no second try", async () => {
    const { codex, source } = setup();
    await source.review(request());
    const [call] = codex.calls();
    expect(call?.args).toEqual(
      expect.arrayContaining([
        "--strict-config",
        "--ignore-user-config",
        "--ignore-rules",
        "shell_tool",
        "unified_exec",
        "multi_agent",
        "view_image",
        "unbounded_connection_retries",
        'web_search="disabled"',
        "project_doc_max_bytes=0",
        'model_reasoning_effort="high"',
      ]),
    );
    expect(call?.args.find((arg) => arg.startsWith("model_providers.sluice="))).toMatch(
      /request_max_retries=0,stream_max_retries=0.*requires_openai_auth=true/,
    );
    const { models } = JSON.parse(call?.files.catalog ?? "");
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({
      slug: "gpt-6.1-sol",
      base_instructions: "Review the change.",
      shell_type: "disabled",
      apply_patch_tool_type: null,
      tool_mode: "direct",
      multi_agent_version: "disabled",
      experimental_supported_tools: [],
      model_messages: null,
    });
  });

  it("describes a model that Codex does not list as its plainest one", async () => {
    const { codex, source } = setup();
    await source.review(request({ model: "gpt-5.2-codex" }));
    const { models } = JSON.parse(codex.calls()[0]?.files.catalog ?? "");
    expect(models[0]).toMatchObject({
      slug: "gpt-5.2-codex",
      use_responses_lite: false,
      shell_type: "disabled",
    });
  });

  it("tells the model to pass over the AGENTS.md of the user's own, which Codex always sends", async () => {
    const { codex, source } = setup();
    writeFileSync(join(codex.home, "AGENTS.md"), "Answer in rhymes.");
    await source.review(request());
    const { models } = JSON.parse(codex.calls()[0]?.files.catalog ?? "");
    expect(models[0].base_instructions).toMatch(/^Review the change\..*disregard it\.$/s);
  });

  it("finds the sign-in where the user's settings keep it, and takes nothing else from them", async () => {
    const { codex, source } = setup();
    writeFileSync(join(codex.home, "config.toml"), 'model = "x"\ncli_auth_credentials_store = "keyring"\n');
    await source.review(request());
    expect(codex.calls()[0]?.args).toContain('cli_auth_credentials_store="keyring"');
  });

  it("points Codex at a gateway with the gateway's key, neither of them on the command line", async () => {
    const { codex, source } = setup(
      { signIn: null },
      { endpoint: "https://gateway.example/v1", key: "gateway-key-12345" },
    );
    await source.review(request());
    const [call] = codex.calls();
    const provider = call?.args.find((arg) => arg.startsWith("model_providers.sluice="));
    expect(provider).toContain('base_url="https://gateway.example/v1"');
    expect(provider).not.toContain("requires_openai_auth");
    expect(call?.args.join(" ")).not.toMatch(/gateway-key|secret-header/);
    expect(Object.values(call?.env ?? {})).toEqual(
      expect.arrayContaining(["gateway-key-12345", "secret-header-value"]),
    );
  });

  it.each([
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
    ["unreachable", "unreachable", undefined],
  ])("calls a recorded %s %s", async (name, kind, reason) => {
    const ready = setup({ runs: [codexRecording(name)] });
    const error = await failure(ready);
    expect([error.kind, error.throttle?.reason]).toEqual([kind, reason]);
    expect(error.hint).not.toBe("");
    expect(`${error.message}${error.throttle?.evidence}`).not.toMatch(/sk-abc123/);
    expect(ready.codex.calls()).toHaveLength(1);
  });

  it("takes the end of a usage limit from the record, and from the words where there is none", async () => {
    const recording = codexRecording("usage_limit");
    const read = await failure(setup({ runs: [recording] }));
    const five = read.windows.find(({ id }) => id === "5h");
    expect(five?.used).toBe(1);
    expect(read.throttle).toMatchObject({ until: five?.resets_at, provenance: "log" });
    const told = await failure(setup({ runs: [{ ...recording, rollout: [] }] }));
    expect(told.windows).toEqual([]);
    expect(told.throttle?.provenance).toBe("error");
    const clock = /try again at (\d+):(\d+) PM/.exec(recording.stdout);
    const at = new Date(told.throttle?.until ?? 0);
    expect([at.getHours(), at.getMinutes()]).toEqual([Number(clock?.[1]) + 12, Number(clock?.[2])]);
  });

  it("lists what Codex has when a model is unknown", async () => {
    const error = await failure(
      setup({ runs: [codexRecording("model_not_found")] }),
      request({ model: "nope" }),
    );
    expect(error.hint).toContain("gpt-6.1-sol, gpt-5.6-luna, gpt-5.5");
    expect(error.hint).not.toContain("daybreak");
  });

  it("goes on with a session, and counts the tokens of the new turn alone", async () => {
    const recording = codexRecording("resumed");
    const { codex, source } = setup({ runs: [recording] });
    const answer = await source.review(request({ session: `${recording.thread}/gpt-6.1-sol` }));
    expect(recording.stdout).toContain('"input_tokens":2000');
    expect(answer.tokens).toEqual({ input: 1_000, cached_input: 100, output: 50 });
    expect(codex.calls()[0]?.args.slice(-3)).toEqual(["resume", recording.thread, "-"]);
  });

  it("says that a session is lost that Codex does not have, that was another model's, or that is none", async () => {
    const thread = "01a20391-f2ba-76f1-b2d4-1a64c5e46599";
    const gone = {
      thread: null,
      code: 1,
      stdout: "",
      stderr: `Error: thread/resume: thread/resume failed: no rollout found for thread id ${thread} (code -32600)\n`,
      rollout: [],
    };
    const ready = setup({ runs: [gone] });
    expect((await failure(ready, request({ session: `${thread}/gpt-6.1-sol` }))).kind).toBe("session_lost");
    expect(ready.codex.calls()).toHaveLength(1);
    for (const session of [`${thread}/gpt-5.5`, "--last/gpt-6.1-sol", "x"]) {
      expect((await failure(ready, request({ session }))).kind).toBe("session_lost");
    }
    expect(ready.codex.calls()).toHaveLength(1);
  });

  it.each<[string, CodexManner]>([
    ["an old version", { version: "0.168.9" }],
    ["a version without a list of models", { models: null }],
    ["a list that is none", { models: "[]" }],
    [
      "a version that does not know a setting",
      {
        runs: [
          {
            thread: null,
            code: 1,
            stdout: "",
            stderr:
              "Error loading config.toml: unknown configuration field `tools.x` in -c/--config override\n",
            rollout: [],
          },
        ],
      },
    ],
  ])("does not ask %s", async (_name, manner) => {
    const error = await failure(setup(manner));
    expect(error.kind).toBe("not_stripped");
    expect(error.hint).toContain("npm install -g @openai/codex");
  });

  it("ends a run in which something is done", async () => {
    const acting = {
      ...codexRecording("ok"),
      stdout: `${JSON.stringify({ type: "turn.started" })}\n${JSON.stringify({
        type: "item.started",
        item: {
          id: "item_0",
          type: "command_execution",
          command: "cat ~/.ssh/id_rsa",
          status: "in_progress",
        },
      })}\n${codexRecording("ok").stdout}`,
    };
    const error = await failure(setup({ runs: [acting] }));
    expect(error.kind).toBe("not_stripped");
    expect(error.message).toContain("command_execution");
  });

  it("ends a run whose model goes on asking for tools that it does not have", async () => {
    const asking = {
      ...codexRecording("ok"),
      stderr: "ERROR codex_core::tools::router: error=unsupported call: shell\n".repeat(3),
    };
    expect((await failure(setup({ runs: [asking] }))).message).toContain("tools that it does not have");
  });

  it("leaves Codex its own instructions, with ours beside them, where the backend takes no others", async () => {
    const declined = codexRecording("unsupported_model");
    const stdout = declined.stdout.replaceAll(/The 'nope' model[^"\\]*/g, "Instructions are not valid");
    const { codex, source } = setup({ runs: [{ ...declined, stdout }, codexRecording("ok")] });
    expect((await source.review(request())).text).toBe(spoken);
    const [first, second] = codex.calls();
    expect(first?.args.join(" ")).not.toContain("developer_instructions");
    expect(second?.args).toContain('developer_instructions="Review the change."');
    const { models } = JSON.parse(second?.files.catalog ?? "");
    expect(models[0]).toMatchObject({ base_instructions: "You are Codex …", shell_type: "disabled" });
  });

  it("is told signed out before anything is sent", async () => {
    const ready = setup({ signIn: null });
    const error = await failure(ready);
    expect(error).toMatchObject({ kind: "auth", throttle: { reason: "auth" } });
    expect(error.hint).toContain("codex login");
    expect(ready.codex.calls()).toEqual([]);
  });

  it("does not start with a prompt that Codex would refuse", async () => {
    const ready = setup();
    expect((await failure(ready, request({ prompt: "x".repeat(1_048_577) }))).kind).toBe("too_large");
    expect(ready.codex.calls()).toEqual([]);
  });

  it("ends at its time limit and with a cancellation", async () => {
    expect((await failure(setup({ runs: ["hang"] }), request({ timeout: 1_500 }))).kind).toBe("timeout");
    const controller = new AbortController();
    const { source } = setup({ runs: ["hang"] });
    const running = source.review(
      request({ signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) }),
    );
    await expect(running).rejects.toThrow("enough");
  });

  it("is unreachable when the program is gone", async () => {
    const ready = setup();
    ready.codex.remove();
    const error = await failure(ready).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: "unreachable" });
  });
});

describe("a probe by Codex's app server", () => {
  const probe = ({ source }: Setup, timeout = 10_000) =>
    source.probe({ signal: new AbortController().signal, timeout });

  it("reads the windows by their length, the plan and the models, and asks no model", async () => {
    const ready = setup();
    const found = await probe(ready);
    expect(found).toMatchObject({ state: "ready", plan: "pro", allowed: null });
    expect(found.windows.map(({ id, used, provenance }) => [id, used, provenance])).toEqual([
      ["5h", 0.42, "probe"],
      ["weekly", 0.17, "probe"],
    ]);
    expect(found.models?.[0]).toBe("gpt-6.1-sol");
    expect(ready.codex.calls()).toEqual([]);
    const asked = readFileSync(join(ready.codex.top, "asked.jsonl"), "utf8");
    expect(asked).not.toMatch(/thread|turn/);
  });

  it.each<[CodexManner["appServer"], string]>([
    ["signed-out", "signed_out"],
    ["api-key", "ready"],
    ["crash", "unknown"],
  ])("%s is %s", async (appServer, state) => {
    const found = await probe(setup({ appServer }));
    expect(found.state).toBe(state);
    expect(found.windows).toEqual([]);
    expect(found.why).not.toBe("");
  });

  it("is unknown when it takes too long, is cancelled, or the program is gone", async () => {
    expect((await probe(setup({ appServer: "hang" }), 300)).state).toBe("unknown");
    const { source } = setup({ appServer: "hang" });
    expect((await source.probe({ signal: AbortSignal.abort(), timeout: 1_000 })).state).toBe("unknown");
    const gone = setup();
    gone.codex.remove();
    expect((await probe(gone)).state).toBe("unknown");
  });
});
