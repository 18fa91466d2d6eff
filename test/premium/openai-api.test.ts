import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { open } from "../../src/premium/openai-pro.js";
import type { PremiumRequest, PremiumSource } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { type FakeResponses, fakeResponses, type ResponsesReply } from "../support/fake-responses.js";
import { failureIn, premiumRequest } from "../support/premium.js";

const key = "sk-proj-abcdefghij1234567890";
const now = Date.parse("2026-11-22T12:00:00Z");
const spoken = JSON.stringify({ verdict: "SHIP" });
let fake: FakeResponses;
let source: PremiumSource;

const sluice = createSluice({ env: { OPENAI_BASE_URL: "http://127.0.0.1:9" }, clock: () => now });
const schema = {
  name: "verdict",
  json: {
    type: "object",
    properties: { verdict: { type: "string" } },
    required: ["verdict"],
    additionalProperties: false,
  },
};

const request = (more: Partial<PremiumRequest> = {}) =>
  premiumRequest({
    model: "gpt-6.1-sol",
    instructions: "Review.",
    prompt: "The change.",
    maxOutputTokens: 4_000,
    ...more,
  });

const failure = (asked: PremiumRequest = request()) => failureIn(source.review(asked));

beforeEach(async () => {
  fake = await fakeResponses();
  source = open(sluice, "api", {
    program: null,
    key,
    endpoint: `${fake.url}/v1`,
    headers: { "X-Team": "tools" },
  });
});
afterEach(() => fake.close());

describe("a review by API key", () => {
  it("sends the instructions, the prompt and the schema, and neither tools nor anything to keep", async () => {
    fake.reply = { text: spoken };
    await source.review(request());
    expect(fake.requests).toHaveLength(1);
    const [sent] = fake.requests;
    expect(sent?.path).toBe("/v1/responses");
    expect(sent?.headers.authorization).toBe(`Bearer ${key}`);
    expect(sent?.headers["x-team"]).toBe("tools");
    expect(sent?.body).toEqual({
      model: "gpt-6.1-sol",
      instructions: "Review.",
      input: "The change.",
      text: { format: { type: "json_schema", name: "verdict", schema: schema.json, strict: true } },
      max_output_tokens: 4_000,
      reasoning: { effort: "high" },
      truncation: "disabled",
      store: false,
      stream: true,
    });
  });

  it.each([
    ["gpt-5.5", true],
    ["o4-mini", true],
    ["gpt-4o", false],
    ["gpt-5-chat-latest", false],
  ])("asks %s to think hard: %s", async (model, thinks) => {
    fake.reply = { text: spoken };
    await source.review(request({ model }));
    expect(fake.requests[0]?.body?.reasoning !== undefined).toBe(thinks);
  });

  it("gives the text, what it parses to, the model that answered, the tokens and the limits per minute", async () => {
    fake.reply = { text: spoken };
    fake.headers = {
      "x-ratelimit-limit-requests": "500",
      "x-ratelimit-remaining-requests": "499",
      "x-ratelimit-reset-requests": "120ms",
      "x-ratelimit-limit-tokens": "30000",
      "x-ratelimit-remaining-tokens": "7500",
      "x-ratelimit-reset-tokens": "1m3.5s",
    };
    const progress: string[] = [];
    const answer = await source.review(request({ onProgress: (message) => progress.push(message) }));
    expect(answer).toEqual({
      text: spoken,
      structured: { verdict: "SHIP" },
      model: "gpt-6.1-sol-2026-10-01",
      tokens: { input: 1_000, cached_input: 100, output: 50 },
      session: null,
      windows: [
        {
          id: "rpm",
          used: expect.closeTo(0.002, 6),
          resets_at: now + 120,
          window_ms: 60_000,
          observed_at: now,
          provenance: "header",
          scope: "gpt-6.1-sol",
        },
        expect.objectContaining({ id: "tpm", used: 0.75, resets_at: now + 63_500 }),
      ],
    });
    expect(progress.length).toBeGreaterThan(0);
  });

  const errorBody = (code: string | null, type: string, message = "said") => ({
    error: { code, type, message },
  });
  it.each<[string, ResponsesReply, string, string | undefined]>([
    [
      "rate_limit_exceeded",
      { error: 429, body: errorBody("rate_limit_exceeded", "tokens") },
      "rate_limit",
      "rate_limit",
    ],
    [
      "slow_down",
      { error: 429, body: errorBody("slow_down", "rate_limit_error") },
      "rate_limit",
      "rate_limit",
    ],
    [
      "insufficient_quota",
      { error: 429, body: errorBody("insufficient_quota", "insufficient_quota") },
      "billing",
      "billing",
    ],
    [
      "a code of its own for spent credit",
      { error: 429, body: errorBody("credit_balance_exhausted", "insufficient_quota") },
      "billing",
      "billing",
    ],
    [
      "only the type of spent credit",
      { error: 429, body: errorBody("something_new", "insufficient_quota") },
      "billing",
      "billing",
    ],
    [
      "an overloaded server",
      { error: 503, body: errorBody("server_is_overloaded", "service_unavailable_error") },
      "overloaded",
      "overloaded",
    ],
    ["a server's error without JSON", { error: 502, body: "<html>" }, "overloaded", "overloaded"],
    [
      "a refused key",
      { error: 401, body: errorBody("invalid_api_key", "invalid_request_error") },
      "auth",
      "auth",
    ],
    [
      "an unknown model",
      { error: 404, body: errorBody("model_not_found", "invalid_request_error") },
      "model_unknown",
      undefined,
    ],
    [
      "a full window",
      { error: 400, body: errorBody("context_length_exceeded", "invalid_request_error") },
      "too_large",
      undefined,
    ],
    [
      "more than a minute's tokens",
      {
        error: 429,
        body: errorBody(
          "rate_limit_exceeded",
          "tokens",
          "Request too large for gpt-6.1-sol: Limit 30000, Requested 90000.",
        ),
      },
      "too_large",
      undefined,
    ],
    [
      "a refused prompt",
      { error: 400, body: errorBody("invalid_prompt", "invalid_request_error") },
      "refused",
      undefined,
    ],
    [
      "a failure within the answer",
      {
        event: {
          type: "response.failed",
          response: {
            id: "r",
            status: "failed",
            output: [],
            error: { code: "rate_limit_exceeded", message: "try again in 1.5s" },
          },
        },
      },
      "rate_limit",
      "rate_limit",
    ],
    [
      "an error within the answer",
      {
        event: {
          type: "error",
          code: "server_error",
          message: "boom",
          error: { code: "server_error", message: "boom" },
        },
      },
      "overloaded",
      "overloaded",
    ],
    [
      "an answer at the limit",
      { text: '{"verdict":"SH', status: "incomplete", reason: "max_output_tokens" },
      "cut",
      undefined,
    ],
    [
      "the content filter",
      { text: "", status: "incomplete", reason: "content_filter" },
      "refused",
      undefined,
    ],
    ["a refusal in words", { text: "", refusal: "I can't help with that." }, "refused", undefined],
    ["an empty answer", { text: "" }, "silent", undefined],
    ["a broken connection", { text: '{"ver', end: "cut" }, "cut", undefined],
    [
      "an answer that is no stream",
      { raw: "<html>welcome</html>", contentType: "text/html" },
      "cut",
      undefined,
    ],
    [
      "a stream that is no JSON",
      { raw: "event: x\ndata: {{\n\n", contentType: "text/event-stream" },
      "cut",
      undefined,
    ],
    [
      "a response without output",
      { event: { type: "response.completed", response: { id: "r", status: "completed" } } },
      "silent",
      undefined,
    ],
  ])("calls %s by its name, after one try", async (_name, reply, kind, reason) => {
    fake.reply = reply;
    const error = await failure();
    expect([error.kind, error.throttle?.reason]).toEqual([kind, reason]);
    expect(fake.requests.filter(({ path }) => path.endsWith("/responses"))).toHaveLength(1);
    expect(error.hint).not.toBe("");
  });

  it("keeps what was said until the answer broke off, and what it cost", async () => {
    fake.reply = { text: '{"verdict":"SH', status: "incomplete", reason: "max_output_tokens" };
    expect(await failure()).toMatchObject({ text: '{"verdict":"SH', tokens: { output: 50 } });
    fake.reply = { text: '{"ver', end: "cut" };
    expect((await failure()).text).toBe('{"ver');
  });

  it.each([
    [{ "retry-after": "7999" }, 7_999_000],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, 1_500],
    [{ "retry-after": new Date(now + 60_000).toUTCString() }, 60_000],
    [
      {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "6m0s",
      },
      360_000,
    ],
    [{}, null],
  ])("hands on how long to wait instead of waiting: %o", async (headers, wait) => {
    fake.reply = { error: 429, body: errorBody("rate_limit_exceeded", "requests") };
    fake.headers = headers;
    const started = performance.now();
    const error = await failure();
    expect(error.retryAfter).toBe(wait);
    expect(error.throttle).toMatchObject({ retry_after_ms: wait, scope: "gpt-6.1-sol" });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("lists the models that there are when one is unknown", async () => {
    fake.reply = { error: 404, body: errorBody("model_not_found", "invalid_request_error") };
    const error = await failure(request({ model: "gpt-9" }));
    expect(error.message).toContain("gpt-9");
    expect(error.hint).toContain("gpt-5.5, gpt-6.1-sol");
    expect(error.hint).not.toContain("embedding");
  });

  it("shows neither the key nor more than 300 characters of what was said", async () => {
    fake.reply = {
      error: 401,
      body: errorBody("invalid_api_key", "x", `Incorrect API key provided: ${key}. ${"x".repeat(2_000)}`),
    };
    const error = await failure();
    const shown = [error.message, error.hint, error.throttle?.evidence].join("\n");
    expect(shown).not.toContain(key);
    expect(error.throttle?.evidence?.length).toBeLessThanOrEqual(300);
    expect(error.message.length).toBeLessThan(400);
  });

  it("ends at its time limit, with what was said until then", async () => {
    fake.reply = { text: "half", end: "hang" };
    const error = await failure(request({ timeout: 300 }));
    expect(error).toMatchObject({ kind: "timeout", text: "half" });
    await fake.left;
  });

  it("ends with its cancellation, and closes the connection", async () => {
    fake.reply = { text: "half", end: "hang" };
    const controller = new AbortController();
    const running = source.review(
      request({ signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) }),
    );
    await expect(running).rejects.toThrow("enough");
    await fake.left;
  });

  it("has no session to go on with, and asks nothing", async () => {
    expect((await failure(request({ session: "resp_1" }))).kind).toBe("session_lost");
    expect(fake.requests).toEqual([]);
  });

  it("is unreachable when nobody answers, and signed out without a key", async () => {
    source = open(sluice, "api", { program: null, key, endpoint: "http://127.0.0.1:9/v1", headers: {} });
    expect((await failure()).kind).toBe("unreachable");
    source = open(sluice, "api", { program: null, key: null, endpoint: null, headers: {} });
    expect((await failure()).kind).toBe("auth");
  });
});

describe("a probe by API key", () => {
  const probe = () => source.probe({ signal: new AbortController().signal, timeout: 5_000 });

  it("lists the models, calls none, and knows nothing of the credit", async () => {
    expect(await probe()).toMatchObject({
      state: "ready",
      models: ["gpt-5.5", "gpt-6.1-sol", "text-embedding-3-small"],
      windows: [],
      allowed: null,
    });
    expect(fake.requests.map(({ path }) => path)).toEqual(["/v1/models"]);
  });

  it("says that a refused key is one, and that an unreachable server is unknown", async () => {
    fake.reply = { error: 401, body: { error: { message: `no ${key}`, code: "invalid_api_key" } } };
    const refused = await probe();
    expect(refused.state).toBe("signed_out");
    expect(refused.why).not.toContain(key);
    source = open(sluice, "api", { program: null, key, endpoint: "http://127.0.0.1:9/v1", headers: {} });
    expect((await probe()).state).toBe("unknown");
  });
});
