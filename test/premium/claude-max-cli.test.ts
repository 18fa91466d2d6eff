import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { open } from "../../src/premium/claude-max.js";
import type { PremiumRequest, SourceSettings } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { claudeStandIn } from "../support/claude-stand-in.js";
import { outcomes } from "../support/messages-outcomes.mjs";
import { failureIn, premiumRequest } from "../support/premium.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-max-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fiveHours = {
  id: "5h",
  used: 0.42,
  resets_at: 2_000_000_000_000,
  window_ms: 18_000_000,
  provenance: "stream",
};
const request = (more: Partial<PremiumRequest> = {}) =>
  premiumRequest({ prompt: "A change.", maxOutputTokens: 9_000, ...more });

function source(program: string, env: Record<string, string> = {}, more: Partial<SourceSettings> = {}) {
  const sluice = createSluice({
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, ...env },
  });
  return open(sluice, "cli", { program, key: null, endpoint: null, headers: {}, ...more });
}

function recorded(name: string): { exit: number | null; stdout: readonly unknown[] } {
  return JSON.parse(readFileSync(`test/fixtures/premium/claude-max/${name}.json`, "utf8"));
}

describe("what Claude Code was recorded to print", () => {
  const failing = Object.entries(outcomes).filter(([name, { cli }]) => cli !== null && name !== "hang");
  it.each(failing)("is understood: %s", async (name, { cli }) => {
    const { program } = claudeStandIn(folder, recorded(name));
    const failed = await failureIn(source(program).review(request()));
    expect(failed.kind).toBe(cli);
    expect(failed.hint).not.toBe("");
  });

  it("is an answer: the form that was filled in, with tokens and what is left", async () => {
    const { program } = claudeStandIn(folder, recorded("answer"));
    const answer = await source(program).review(request());
    expect(answer).toMatchObject({
      structured: { verdict: "SHIP" },
      model: "claude-opus-4-5",
      tokens: { input: 4_310, cached_input: 4_000, output: 50 },
      session: null,
    });
    expect(answer.windows[0]).toEqual(fiveHours);
    expect(answer.windows.map(({ id }) => id)).toEqual(["5h", "weekly"]);
  });

  it("is an answer without a form, and one with a wrong form, though the program calls both an error", async () => {
    const text = await source(claudeStandIn(folder, recorded("text")).program).review(request());
    expect(text).toMatchObject({ text: "No form, but <verdict>SHIP</verdict>", structured: null });
    const wrong = await source(claudeStandIn(folder, recorded("wrong_form")).program).review(request());
    expect(wrong.structured).toEqual({ nonsense: 1 });
  });

  it("says when a closed window opens again, and which models it closes", async () => {
    const plan = await failureIn(
      source(claudeStandIn(folder, recorded("usage_limit")).program).review(request()),
    );
    expect(plan.throttle).toMatchObject({ reason: "usage_limit", until: 2_000_000_000_000 });
    expect(plan.throttle).not.toHaveProperty("scope");
    expect(plan.windows[0]).toEqual({ ...fiveHours, used: 1 });
    const opus = await failureIn(
      source(claudeStandIn(folder, recorded("opus_limit")).program).review(request()),
    );
    expect(opus.throttle).toMatchObject({ reason: "usage_limit", until: 2_000_400_000_000, scope: "opus" });
  });

  it("says how to sign in", async () => {
    const failed = await failureIn(
      source(claudeStandIn(folder, recorded("signed_out")).program).review(request()),
    );
    expect(failed.kind).toBe("auth");
    expect(failed.hint).toContain("claude auth login");
  });

  it("keeps what was said before a cut, with what it cost", async () => {
    const failed = await failureIn(
      source(claudeStandIn(folder, recorded("cut_at_limit")).program).review(request()),
    );
    expect(failed).toMatchObject({ text: "It began to say", tokens: { input: 4_310, output: 50 } });
  });
});

describe("the program's call", () => {
  it("has the prompt on stdin, an empty folder, and neither keys nor another address in its environment", async () => {
    const standIn = claudeStandIn(folder, recorded("answer"));
    const env = {
      ANTHROPIC_API_KEY: "sk-ant-1",
      ANTHROPIC_AUTH_TOKEN: "sk-ant-2",
      ANTHROPIC_BASE_URL: "http://127.0.0.1:1",
      CLAUDE_CODE_OAUTH_TOKEN: "token",
      CLAUDE_CONFIG_DIR: "/somewhere",
      GITHUB_TOKEN: "ghp",
    };
    await source(standIn.program, env).review(request({ prompt: "the material" }));
    const call = standIn.call();
    expect(call?.input).toBe("the material");
    expect(call?.args.join(" ")).not.toContain("the material");
    expect(call?.files).toEqual([]);
    expect(existsSync(call?.cwd ?? "")).toBe(false);
    expect(call?.env).toMatchObject({
      CLAUDE_CODE_OAUTH_TOKEN: "token",
      CLAUDE_CONFIG_DIR: "/somewhere",
      CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
      CLAUDE_CODE_MAX_RETRIES: "0",
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: "9000",
      SLUICE_DEPTH: "1",
    });
    for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "GITHUB_TOKEN"])
      expect(call?.env).not.toHaveProperty(name);
    const args = call?.args ?? [];
    expect(args[args.indexOf("--tools") + 1]).toBe("");
    expect(args[args.indexOf("--setting-sources") + 1]).toBe("");
    expect(args).toEqual(expect.arrayContaining(["--strict-mcp-config", "--no-session-persistence"]));
  });

  it("is pointed at a configured address, with its key instead of the subscription's token", async () => {
    const standIn = claudeStandIn(folder, recorded("answer"));
    const settings = { endpoint: "http://127.0.0.1:9", key: "gateway", headers: { "X-Team": "one" } };
    await source(standIn.program, { CLAUDE_CODE_OAUTH_TOKEN: "token" }, settings).review(request());
    const env = standIn.call()?.env;
    expect(env).toMatchObject({
      ANTHROPIC_BASE_URL: "http://127.0.0.1:9",
      ANTHROPIC_API_KEY: "gateway",
      ANTHROPIC_CUSTOM_HEADERS: "X-Team: one",
    });
    expect(env).not.toHaveProperty("CLAUDE_CODE_OAUTH_TOKEN");
  });

  it("never begins with a slash, which would be a command to the program", async () => {
    const standIn = claudeStandIn(folder, recorded("answer"));
    await source(standIn.program).review(request({ prompt: "\n/compact" }));
    expect(standIn.call()?.input).toBe("To be reviewed:\n\n\n/compact");
  });

  it("is not made with a version that takes up files named in the prompt", async () => {
    const standIn = claudeStandIn(folder, { ...recorded("answer"), version: "2.1.220" });
    const failed = await failureIn(source(standIn.program).review(request()));
    expect(failed.kind).toBe("not_stripped");
    expect(failed.hint).toContain("claude update");
    expect(standIn.call()).toBeNull();
  });

  it.each([
    { tools: ["StructuredOutput", "Bash"], mcp_servers: [] },
    { tools: ["StructuredOutput"], mcp_servers: [{ name: "policy", status: "connected" }] },
  ])("is ended when the model has more than the form: $tools $mcp_servers", async (has) => {
    const init = { type: "system", subtype: "init", ...has };
    const { program } = claudeStandIn(folder, { stdout: [init], stays: true });
    expect((await failureIn(source(program).review(request()))).kind).toBe("not_stripped");
  });

  it("is ended when the program goes on after a cut answer", async () => {
    const { stdout } = recorded("cut_at_limit");
    const { program } = claudeStandIn(folder, { stdout, stays: true });
    expect((await failureIn(source(program).review(request()))).kind).toBe("cut");
  });

  it("does not wait for a program that stays after its result", async () => {
    const { program } = claudeStandIn(folder, { ...recorded("answer"), stays: true });
    expect((await source(program).review(request())).structured).toEqual({ verdict: "SHIP" });
  });

  it("ends with its time, and with what it was cancelled for", async () => {
    const { program } = claudeStandIn(folder, { stdout: [], stays: true });
    expect((await failureIn(source(program).review(request({ timeout: 1_500 })))).kind).toBe("timeout");
    const stop = new AbortController();
    const running = source(program).review(request({ signal: stop.signal }));
    stop.abort(new Error("no longer wanted"));
    await expect(running).rejects.toThrow("no longer wanted");
  });

  it.each([
    [{ exit: 3, stderr: "boom sk-ant-api03-0123456789abcdef" }, "unreachable", "boom ***"],
    [{ exit: 1, stderr: "error: unknown option '--tools'" }, "not_stripped", "unknown option"],
    [{ stdout: ["no event", { type: "result" }, { type: 5 }] }, "silent", ""],
  ])("that comes to nothing says why: %j", async (does, kind, said) => {
    const failed = await failureIn(source(claudeStandIn(folder, does).program).review(request()));
    expect(failed.kind).toBe(kind);
    expect(failed.message).toContain(said);
  });

  it("of a program that is not there is unreachable", async () => {
    expect((await failureIn(source(join(folder, "gone")).review(request()))).kind).toBe("unreachable");
  });
});

describe("the probe", () => {
  const probe = { signal: new AbortController().signal, timeout: 10_000 };
  const usage = {
    subscription_type: "max",
    rate_limits_available: true,
    rate_limits: {
      five_hour: { utilization: 37, resets_at: "2033-05-18T03:33:20Z" },
      seven_day: { utilization: 26, resets_at: "2033-05-22T03:33:20+00:00" },
      seven_day_oauth_apps: { utilization: 90, resets_at: null },
    },
  };

  it("says what the plan has left, and the models of the program's list", async () => {
    const initialize = {
      account: { subscriptionType: "Claude Max" },
      models: [
        { value: "opus", resolvedModel: "claude-opus-5-5" },
        { value: "x", resolvedModel: "claude-opus-5-5" },
      ],
    };
    const { program } = claudeStandIn(folder, { control: { initialize, get_usage: usage } });
    expect(await source(program).probe(probe)).toMatchObject({
      state: "ready",
      plan: "Claude Max",
      models: ["claude-opus-5-5"],
      windows: [
        { id: "5h", used: 0.37, resets_at: 2_000_000_000_000, provenance: "probe" },
        { id: "weekly", used: 0.26 },
      ],
    });
  });

  it.each([
    ["no sign-in", { initialize: { account: { tokenSource: "none" } } }, "signed_out", "claude auth login"],
    [
      "a program without the question",
      { initialize: { account: { tokenSource: "x" } }, get_usage: null },
      "ready",
      "does not say",
    ],
    [
      "a token that may not see it",
      {
        initialize: { account: { tokenSource: "x" } },
        get_usage: { rate_limits_available: false, rate_limits: null },
      },
      "ready",
      "a review's answer says it",
    ],
    ["an answer of another shape", { initialize: "?", get_usage: [1] }, "unknown", "does not say"],
  ])("takes %s for what it is", async (_, control, state, why) => {
    const found = await source(claudeStandIn(folder, { control }).program).probe(probe);
    expect(found).toMatchObject({ state, windows: [] });
    expect(found.why).toContain(why);
  });

  it("is unknown when nothing is answered in time", async () => {
    const { program } = claudeStandIn(folder, {});
    const found = await source(program).probe({ ...probe, timeout: 1_500 });
    expect(found).toMatchObject({ state: "unknown", windows: [] });
  });
});
