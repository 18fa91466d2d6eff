import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { open } from "../../src/premium/claude-max.js";
import type { PremiumRequest } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { outcomes } from "../support/messages-outcomes.mjs";
import { messagesServer, perMinute, replies } from "../support/messages-server.mjs";
import { failureIn, premiumRequest } from "../support/premium.js";

const capabilities = {
  structured_outputs: { supported: true },
  thinking: { supported: true, types: { adaptive: { supported: true }, enabled: { supported: true } } },
};
const models = { "claude-opus-4-5": { max_tokens: 64_000, capabilities }, "claude-plain": {} };

let server: Awaited<ReturnType<typeof messagesServer>>;
beforeEach(async () => {
  server = await messagesServer({ models });
});
afterEach(() => server.close());

const source = (key: string | null = "sk-ant-api03-0123456789") =>
  open(createSluice({ env: {} }), "api", {
    program: null,
    key,
    endpoint: server.url,
    headers: { "X-Team": "one" },
  });

const request = (more: Partial<PremiumRequest> = {}) =>
  premiumRequest({
    prompt: "/compact @file",
    instructions: "You review a change.",
    maxOutputTokens: 9_000,
    ...more,
  });

describe("a review over the Messages API", () => {
  it("sends the instructions to be cached, the prompt, the schema, and no tool", async () => {
    const answer = await source().review(request());
    const [sent] = server.messages();
    expect(sent?.headers).toMatchObject({ authorization: "Bearer sk-ant-api03-0123456789", "x-team": "one" });
    expect(sent?.body).toEqual({
      model: "claude-opus-4-5",
      max_tokens: 9_000,
      stream: true,
      system: [{ type: "text", text: "You review a change.", cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: "/compact @file" }],
      output_config: { format: { type: "json_schema", schema: request().schema.json } },
      thinking: { type: "adaptive" },
    });
    expect(answer).toMatchObject({
      text: '{"verdict":"SHIP"}',
      structured: { verdict: "SHIP" },
      model: "claude-opus-4-5",
      tokens: { input: 4_310, cached_input: 4_000, output: 50 },
    });
  });

  it("asks a model that nobody says anything of in the plainest way", async () => {
    await source().review(request({ model: "claude-plain" }));
    expect(Object.keys(server.messages()[0]?.body)).toEqual([
      "model",
      "max_tokens",
      "stream",
      "system",
      "messages",
    ]);
  });

  it("reads the key's limits per minute, of the model's family", async () => {
    server.use({ ...replies.answer, headers: perMinute });
    const { windows } = await source().review(request());
    expect(windows).toEqual([
      {
        id: "rpm:opus",
        scope: "opus",
        used: expect.closeTo(0.2),
        resets_at: Date.parse("2033-05-18T03:33:20Z"),
        window_ms: 60_000,
        provenance: "header",
      },
      expect.objectContaining({ id: "tpm:opus", used: 0.75 }),
    ]);
  });

  const failing = Object.entries(outcomes).filter(([name, { api }]) => api !== null && name !== "hang");
  it.each(failing)("fails once and at once: %s", async (name, { api }) => {
    const reply: Record<string, unknown> = replies;
    server.use(Object(reply[name]));
    const failed = await failureIn(source().review(request()));
    expect(failed.kind).toBe(api);
    expect(server.messages()).toHaveLength(1);
  });

  it("hands a stated delay on instead of waiting for it", async () => {
    server.use(replies.rate_limit);
    const failed = await failureIn(source().review(request()));
    expect(failed).toMatchObject({ status: 429, retryAfter: 7_999_000 });
    expect(failed.throttle).toMatchObject({ reason: "rate_limit", retry_after_ms: 7_999_000, scope: "opus" });
  });

  it("lists the models there are for one that is not", async () => {
    server.use(replies.no_model);
    const failed = await failureIn(source().review(request({ model: "claude-nope-9" })));
    expect(failed.message).toContain("It lists: claude-opus-4-5, claude-plain.");
  });

  it("never shows the key", async () => {
    const error = {
      type: "invalid_request_error",
      message: `bad header sk-ant-api03-0123456789 ${"x".repeat(999)}`,
    };
    server.use({ status: 400, error });
    const failed = await failureIn(source().review(request()));
    expect(failed.message).not.toContain("0123456789");
    expect(failed.message.length).toBeLessThan(400);
  });

  it("ends with its time, and with what it was cancelled for", async () => {
    server.use(replies.hang);
    expect((await failureIn(source().review(request({ timeout: 300 })))).kind).toBe("timeout");
    const stop = new AbortController();
    const running = source().review(request({ signal: stop.signal }));
    stop.abort(new Error("no longer wanted"));
    await expect(running).rejects.toThrow("no longer wanted");
  });

  it("without a server is unreachable, without a key is not signed in", async () => {
    await server.close();
    expect((await failureIn(source().review(request()))).kind).toBe("unreachable");
    expect((await failureIn(source(null).review(request()))).kind).toBe("auth");
    server = await messagesServer();
  });
});

describe("the probe", () => {
  const probe = { signal: new AbortController().signal, timeout: 5_000 };

  it("lists the key's models without asking one", async () => {
    expect(await source().probe(probe)).toMatchObject({ state: "ready", models: Object.keys(models) });
    expect(server.messages()).toHaveLength(0);
    expect(await source(null).probe(probe)).toMatchObject({ state: "signed_out" });
  });

  it("knows nothing of an address without a list", async () => {
    const bare = await messagesServer();
    const sluice = createSluice({ env: {} });
    const settings = { program: null, key: "k", endpoint: bare.url, headers: {} };
    expect(await open(sluice, "api", settings).probe(probe)).toMatchObject({
      state: "unknown",
      models: null,
    });
    await bare.close();
  });
});
