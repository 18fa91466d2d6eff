import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { quotaWindows } from "../../src/premium/copilot/quota.js";
import { CopilotRun } from "../../src/premium/copilot/run.js";
import { open } from "../../src/premium/copilot.js";
import type { SourceSettings } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { failureIn, premiumRequest } from "../support/premium.js";
import { copilotScript, received, writeProgram } from "../support/stand-in.js";

const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-copilot-")));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const now = Date.parse("2026-11-22T12:00:00Z");

const recordedShape = z.object({
  answers: z.record(z.string(), z.looseObject({})),
  events: z.array(z.looseObject({ type: z.string() })),
});
function recorded(name: string) {
  const file = new URL(`../fixtures/premium/copilot/${name}.json`, import.meta.url);
  return recordedShape.parse(JSON.parse(readFileSync(file, "utf8")));
}

let programs = 0;
function program(name: string, answers: object = {}): string {
  const { answers: known, events } = recorded(name);
  return writeProgram(
    top,
    `copilot${programs++}`,
    copilotScript({ answers: { ...known, ...answers }, events }),
  );
}

function source(file: string, settings: Partial<SourceSettings> = {}, env: Record<string, string> = {}) {
  const sluice = createSluice({
    cwd: top,
    env: { PATH: process.env.PATH, HOME: top, TMPDIR: top, ...env },
    clock: () => now,
  });
  return open(sluice, "cli", {
    program: file,
    key: null,
    endpoint: "http://127.0.0.1:9/v1",
    headers: {},
    ...settings,
  });
}

const sent = z.looseObject({ method: z.string(), params: z.looseObject({}) });
function calls(file: string) {
  return received(file).flatMap((entry) => {
    const parsed = sent.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

describe("a review over the Copilot program", () => {
  it("is one answer with its tokens, and the prompt is on no command line", async () => {
    const file = program("ok");
    const answer = await source(file).review(premiumRequest());
    expect(answer).toEqual({
      text: "Hello world",
      structured: null,
      model: "claude-opus-4-5",
      tokens: { input: 100, cached_input: 40, output: 20 },
      session: null,
      windows: [],
    });
    const [start] = received(file);
    expect(JSON.stringify(start)).not.toContain("the change");
    expect(calls(file).find(({ method }) => method === "session.send")?.params.prompt).toBe("the change");
  });

  it("gives the session no tool, no server, no settings and our text as the whole system message", async () => {
    const file = program("ok");
    await source(file).review(premiumRequest());
    const created = calls(file).find(({ method }) => method === "session.create")?.params;
    expect(created).toMatchObject({
      availableTools: [],
      mcpServers: {},
      enableConfigDiscovery: false,
      enableSkills: false,
      enableFileHooks: false,
      memory: { enabled: false },
      systemMessage: { mode: "replace" },
    });
    expect(created?.configDir).toMatch(/sluice-reviewer-.*configuration$/);
    const methods = calls(file).map(({ method }) => method);
    expect(methods.indexOf("session.tools.getCurrentMetadata")).toBeLessThan(methods.indexOf("session.send"));
  });

  it("hands on the sign-in of Copilot and no other token", async () => {
    const tokens = {
      COPILOT_GITHUB_TOKEN: "github_pat_mine",
      GH_TOKEN: "ghp_other",
      GITHUB_TOKEN: "ghp_third",
      OPENAI_API_KEY: "sk-1",
    };
    const file = program("ok", {
      "models.list": { result: { models: [{ id: "claude-opus-4.5" }] } },
      "session.model.getCurrent": { result: { modelId: "claude-opus-4.5" } },
    });
    await source(file, { endpoint: null }, { ...tokens, COPILOT_HOME: "/home/me/.copilot" }).review(
      premiumRequest(),
    );
    const environment = z.object({ env: z.record(z.string(), z.string()) }).parse(received(file)[0]).env;
    expect(environment).toMatchObject({
      COPILOT_GITHUB_TOKEN: "github_pat_mine",
      COPILOT_HOME: "/home/me/.copilot",
      SLUICE_DEPTH: "1",
      COPILOT_AUTO_UPDATE: "false",
    });
    expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(["GH_TOKEN"]));
    expect(environment).not.toHaveProperty("GITHUB_TOKEN");
    expect(environment).not.toHaveProperty("OPENAI_API_KEY");
    expect(calls(file).find(({ method }) => method === "session.create")?.params.model).toBe(
      "claude-opus-4.5",
    );
  });

  it("gives a gateway no sign-in", async () => {
    const file = program("ok");
    await source(
      file,
      { key: "sk-gateway" },
      { COPILOT_GITHUB_TOKEN: "github_pat_mine", COPILOT_HOME: "/home/me/.copilot" },
    ).review(premiumRequest());
    const { env } = z.object({ env: z.record(z.string(), z.string()) }).parse(received(file)[0]);
    expect(env).not.toHaveProperty("COPILOT_GITHUB_TOKEN");
    expect(env.COPILOT_HOME).not.toBe("/home/me/.copilot");
    expect(env.COPILOT_OFFLINE).toBe("true");
    expect(calls(file).find(({ method }) => method === "session.create")?.params.provider).toMatchObject({
      baseUrl: "http://127.0.0.1:9/v1",
      apiKey: "sk-gateway",
    });
  });

  it.each([
    ["tools", { "session.tools.getCurrentMetadata": { result: { tools: [{ name: "bash" }] } } }],
    ["MCP servers", { "session.mcp.list": { result: { servers: [{ name: "mine" }] } } }],
    ["custom instructions", { "session.instructions.getSources": { result: { sources: [{ id: "home" }] } } }],
    ["which tools", { "session.tools.getCurrentMetadata": { result: {} } }],
    [
      "Unhandled method",
      { "session.tools.initializeAndValidate": { error: { code: -32601, message: "Unhandled method x" } } },
    ],
    ["version 4", { connect: { result: { ok: true, protocolVersion: 4 } } }],
  ])("sends nothing when the program can't be stripped: %s", async (said, answers) => {
    const file = program("ok", answers);
    const failed = await failureIn(source(file).review(premiumRequest()));
    expect(failed.kind).toBe("not_stripped");
    expect(failed.message).toContain(said);
    expect(calls(file).map(({ method }) => method)).not.toContain("session.send");
  });

  it("names the models that there are", async () => {
    const listed = {
      "models.list": { result: { models: [{ id: "gpt-5.5" }, { id: "claude-sonnet-4.5" }] } },
    };
    const failed = await failureIn(
      source(program("ok", listed), { endpoint: null }).review(premiumRequest()),
    );
    expect(failed.kind).toBe("model_unknown");
    expect(failed.message).toContain("gpt-5.5, claude-sonnet-4.5");
  });

  it("refuses to ask another model than the one that was named", async () => {
    const answers = {
      "models.list": { result: { models: [{ id: "claude-opus-4-5" }] } },
      "session.model.getCurrent": { result: { modelId: "gpt-5-mini" } },
    };
    const file = program("ok", answers);
    const failed = await failureIn(source(file, { endpoint: null }).review(premiumRequest()));
    expect([failed.kind, failed.message]).toEqual(["model_unknown", expect.stringContaining("gpt-5-mini")]);
    expect(calls(file).map(({ method }) => method)).not.toContain("session.send");
  });

  it.each([
    ["429", "rate_limit", 429, "rate_limit"],
    ["402", "usage_limit", 402, "usage_limit"],
    ["503", "overloaded", 503, "overloaded"],
    ["401", "auth", 401, "auth"],
    ["404", "model_unknown", 404, null],
    ["400", "refused", 400, null],
    ["length", "cut", null, null],
    ["filter", "refused", null, null],
    ["empty", "silent", null, null],
    ["toolcall", "refused", null, null],
    ["drop", "unreachable", null, null],
    ["too-large", "too_large", null, null],
  ])("tells the recorded failure %s as %s", async (name, kind, status, reason) => {
    const failed = await failureIn(source(program(name)).review(premiumRequest()));
    expect([failed.kind, failed.status, failed.throttle?.reason ?? null]).toEqual([kind, status, reason]);
    expect(failed.hint).not.toBe("");
  });

  it("ends with the time limit, with a cancellation, and with the program", async () => {
    const silent = { ...recorded("ok"), events: [] };
    const hanging = () => source(writeProgram(top, `copilot${programs++}`, copilotScript(silent)));
    expect((await failureIn(hanging().review(premiumRequest({ timeout: 1_500 })))).kind).toBe("timeout");
    const stop = new AbortController();
    const answer = hanging().review(
      premiumRequest({ signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) }),
    );
    await expect(answer).rejects.toThrow("enough");
    const crashing = writeProgram(
      top,
      `copilot${programs++}`,
      `process.stderr.write("token: ghp_abcdefghijklmnopqrstuvwxyz123456"); process.exit(3);`,
    );
    const failed = await failureIn(source(crashing).review(premiumRequest()));
    expect(failed.kind).toBe("unreachable");
    expect(failed.message).not.toContain("ghp_abc");
    expect((await failureIn(source(join(top, "absent")).review(premiumRequest()))).kind).toBe("unreachable");
    const babbling = writeProgram(
      top,
      `copilot${programs++}`,
      `process.stdin.resume(); setInterval(() => process.stdout.write("x".repeat(9000)), 10);`,
    );
    expect((await failureIn(source(babbling).review(premiumRequest()))).kind).toBe("unreachable");
  });
});

describe("one call, as its events tell it", () => {
  const context = () => ({ model: "claude-opus-4.5", endpoint: null, now, secrets: [] });
  async function ends(...events: object[]) {
    const run = new CopilotRun(context);
    for (const event of events) run.take(event);
    return failureIn(run.done);
  }

  it.each([
    [
      "user_weekly_rate_limited",
      "rate_limit",
      "usage_limit",
      "Please try again in 51 hours.",
      51 * 3_600_000,
      "weekly",
    ],
    [
      "user_global_rate_limited",
      "rate_limit",
      "usage_limit",
      "Please retry after 2733 seconds",
      2_733_000,
      "5h",
    ],
    ["session_quota_exceeded", "quota", "usage_limit", "You've reached your session limit.", null, null],
    [
      "quota_exceeded",
      "quota",
      "usage_limit",
      "You have no quota; it will reset on December 1, 2026 at 12:00 AM",
      "date",
      "monthly",
    ],
    [
      "user_model_rate_limited",
      "rate_limit",
      "rate_limit",
      "Sorry, you've exceeded your rate limit",
      null,
      null,
    ],
    ["billing_not_configured", "quota", "billing", "Billing is not configured", null, null],
  ])("%s", async (errorCode, errorType, kind, message, until, window) => {
    const failed = await ends({
      type: "session.error",
      data: { errorType, errorCode, statusCode: 429, message },
    });
    expect(failed.kind).toBe(kind);
    expect(failed.throttle?.reason).toBe(kind);
    const expected =
      until === null
        ? undefined
        : until === "date"
          ? Date.parse("December 1, 2026 12:00 AM")
          : now + Number(until);
    expect(failed.throttle?.until).toBe(expected);
    expect(failed.windows.map(({ id, used }) => [id, used])).toEqual(window === null ? [] : [[window, 1]]);
    expect(failed.throttle?.scope).toBe(
      errorCode === "user_model_rate_limited" ? "claude-opus-4.5" : undefined,
    );
  });

  it("is over when its program begins a second one", async () => {
    const call = { type: "model.call_start", data: {} };
    const failed = await ends(
      call,
      { type: "model.call_failure", data: { statusCode: 503, errorMessage: '{"message":"later"}' } },
      call,
    );
    expect([failed.kind, failed.throttle?.evidence]).toEqual(["overloaded", "later"]);
    expect((await ends(call, call)).kind).toBe("refused");
    expect((await ends(call, { type: "session.truncation", data: {} })).kind).toBe("too_large");
  });

  it("survives events of any shape", async () => {
    const run = new CopilotRun(context);
    for (const event of [
      null,
      1,
      {},
      { type: 4 },
      { type: "assistant.usage" },
      { type: "assistant.message", data: null },
      { type: "assistant.message", data: { content: "yes", toolRequests: 3 } },
      { type: "session.idle" },
    ])
      run.take(event);
    expect((await run.done).text).toBe("yes");
  });
});

describe("what Copilot says is left", () => {
  const snapshot = (more: object) => ({
    quotaSnapshots: {
      premium_interactions: {
        isUnlimitedEntitlement: false,
        entitlementRequests: 1_500,
        usedRequests: 300,
        remainingPercentage: 80,
        resetDate: "2026-12-01T00:00:00Z",
        ...more,
      },
    },
  });
  it("is the month, by the tightest allowance that reviews draw from", () => {
    const [window] = quotaWindows(snapshot({}), "probe");
    expect(window).toMatchObject({
      id: "monthly",
      resets_at: Date.parse("2026-12-01T00:00:00Z"),
      window_ms: 30 * 86_400_000,
      provenance: "probe",
    });
    expect(window?.used).toBeCloseTo(0.2);
    const both = {
      quotaSnapshots: {
        ...snapshot({}).quotaSnapshots,
        chat: { entitlementRequests: 50, remainingPercentage: 10 },
        completions: { entitlementRequests: 9, remainingPercentage: 0 },
      },
    };
    expect(quotaWindows(both, "probe").map(({ used }) => used)).toEqual([0.9]);
  });
  it.each([
    [snapshot({ isUnlimitedEntitlement: true })],
    [snapshot({ entitlementRequests: -1 })],
    [snapshot({ remainingPercentage: -4, usedRequests: -1 })],
    [snapshot({ remainingPercentage: Number.NaN, usedRequests: undefined })],
    [{ quotaSnapshots: {} }],
    [{ quotaSnapshots: { premium_interactions: "much" } }],
    [null],
    ["text"],
  ])("is unknown where nothing sensible is said", (answer) => {
    expect(quotaWindows(answer, "probe")).toEqual([]);
  });

  it("is asked of the program without a model call", async () => {
    const file = program("signed-out", {
      "auth.getStatus": { result: { isAuthenticated: true, login: "me", copilotPlan: "pro_plus" } },
      "account.getQuota": { result: snapshot({}) },
      "models.list": { result: { models: [{ id: "gpt-5.5" }] } },
    });
    const probe = await source(file, { endpoint: null }).probe({
      signal: new AbortController().signal,
      timeout: 20_000,
    });
    expect(probe).toMatchObject({ state: "ready", allowed: null, models: ["gpt-5.5"], plan: "pro_plus" });
    expect(probe.windows).toHaveLength(1);
    expect(calls(file).map(({ method }) => method)).not.toContain("session.create");
  });

  it("says signed out, and never throws", async () => {
    const signal = new AbortController().signal;
    expect(
      await source(program("signed-out"), { endpoint: null }).probe({ signal, timeout: 20_000 }),
    ).toMatchObject({ state: "signed_out", windows: [] });
    const dead = writeProgram(top, `copilot${programs++}`, "process.exit(1);");
    expect((await source(dead, { endpoint: null }).probe({ signal, timeout: 20_000 })).state).toBe("unknown");
    const hanging = writeProgram(top, `copilot${programs++}`, "process.stdin.resume();");
    const probe = await source(hanging, { endpoint: null }).probe({ signal, timeout: 1_500 });
    expect([probe.state, probe.why]).toEqual(["unknown", "copilot did not answer within 1500 ms"]);
  });
});
