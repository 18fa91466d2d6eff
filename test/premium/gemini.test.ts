import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { nextPacificMidnight, openGemini } from "../../src/premium/antigravity/gemini.js";
import type { PremiumRequest, SourceSettings } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { failureIn, premiumRequest } from "../support/premium.js";

const now = Date.parse("2026-11-22T12:00:00Z");
type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;
let answer: Answer = () => {};
const asked: { url: string; key: string; body: string; method: string }[] = [];
let server: Server;
let endpoint = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      asked.push({
        url: request.url ?? "",
        key: String(request.headers["x-goog-api-key"]),
        body,
        method: request.method ?? "",
      });
      if (request.method === "GET") {
        response.writeHead(200, { "content-type": "application/json" });
        const models = [
          { name: "models/gemini-3.8-flash", supportedGenerationMethods: ["generateContent"] },
          { name: "models/embedding", supportedGenerationMethods: ["embedContent"] },
        ];
        response.end(JSON.stringify({ models }));
      } else answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  endpoint = `http://127.0.0.1:${address.port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function stream(...chunks: object[]): Answer {
  return (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\r\n\r\n`);
    response.end();
  };
}
function error(status: number, code: string, message: string, details: object[] = []): Answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json", "retry-after": "7999" });
    response.end(JSON.stringify({ error: { code: status, status: code, message, details } }));
  };
}
const part = (text: string, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, ...more }],
});

function ask(given: Answer, more: Partial<PremiumRequest> = {}, settings: Partial<SourceSettings> = {}) {
  answer = given;
  asked.length = 0;
  const sluice = createSluice({ env: {}, clock: () => now });
  const source = openGemini(sluice, {
    program: null,
    key: "AIzaTheKeyOfTheTest",
    endpoint,
    headers: { "x-gateway": "1" },
    ...settings,
  });
  return source.review(premiumRequest({ model: "gemini-3.8-flash", timeout: 10_000, ...more }));
}

describe("a review by Gemini's API", () => {
  it("is one streamed answer, asked for without a tool and in the form that is wanted", async () => {
    const usageMetadata = {
      promptTokenCount: 100,
      cachedContentTokenCount: 40,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 5,
      totalTokenCount: 115,
    };
    const thought = { candidates: [{ content: { parts: [{ text: "hm", thought: true }] } }] };
    const found = await ask(
      stream(thought, part('{"verdict":'), {
        ...part('"SHIP"}', { finishReason: "STOP" }),
        usageMetadata,
        modelVersion: "gemini-3.8-flash-001",
      }),
    );
    expect(found).toEqual({
      text: '{"verdict":"SHIP"}',
      structured: { verdict: "SHIP" },
      model: "gemini-3.8-flash-001",
      tokens: { input: 100, cached_input: 40, output: 15 },
      session: null,
      windows: [],
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.key).toBe("AIzaTheKeyOfTheTest");
    const body = z
      .looseObject({ generationConfig: z.looseObject({}), tools: z.array(z.unknown()).optional() })
      .parse(JSON.parse(asked[0]?.body ?? ""));
    expect(body.tools ?? []).toEqual([]);
    expect(body.generationConfig).toMatchObject({
      responseMimeType: "application/json",
      maxOutputTokens: 1_000,
    });
    expect(body.generationConfig).toHaveProperty("responseJsonSchema");
    expect(body.systemInstruction).toMatchObject({ parts: [{ text: "You review." }] });
  });

  const quota = (quotaId: string) => ({
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    violations: [{ quotaMetric: "m", quotaId }],
  });
  const retry = (retryDelay: string) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay });
  it.each([
    [
      "a minute's requests",
      error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", [
        quota("GenerateRequestsPerMinutePerProjectPerModel"),
        retry("31.5s"),
      ]),
      "rate_limit",
      [["rpm", now + 31_500]],
      now + 31_500,
    ],
    [
      "a minute's tokens",
      error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", [
        quota("GenerateContentInputTokensPerModelPerMinute"),
        retry("7999s"),
      ]),
      "rate_limit",
      [["tpm", now + 7_999_000]],
      now + 7_999_000,
    ],
    [
      "a day's requests",
      error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", [
        quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        retry("20s"),
      ]),
      "usage_limit",
      [["rpd", Date.parse("2026-11-23T08:00:00Z")]],
      Date.parse("2026-11-23T08:00:00Z"),
    ],
    [
      "no detail",
      error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"),
      "rate_limit",
      [],
      undefined,
    ],
  ])("tells %s of a 429 at once", async (_, given, kind, windows, until) => {
    const failed = await failureIn(ask(given));
    expect([failed.kind, failed.status, failed.throttle?.until]).toEqual([kind, 429, until]);
    expect(failed.windows.map(({ id, resets_at }) => [id, resets_at])).toEqual(windows);
    expect(failed.throttle?.scope).toBe("gemini-3.8-flash");
    expect(asked).toHaveLength(1);
  });

  it.each([
    [
      "a key that is none",
      error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
        { "@type": "t", reason: "API_KEY_INVALID" },
      ]),
      "auth",
    ],
    ["a key without permission", error(403, "PERMISSION_DENIED", "denied"), "auth"],
    ["an overloaded model", error(503, "UNAVAILABLE", "The model is overloaded."), "overloaded"],
    [
      "a prompt that is too long",
      error(
        400,
        "INVALID_ARGUMENT",
        "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
      ),
      "too_large",
    ],
    ["no billing", error(400, "FAILED_PRECONDITION", "Please enable billing"), "billing"],
    ["an answer at its limit", stream(part("{", { finishReason: "MAX_TOKENS" })), "cut"],
    ["a stream without an end", stream(part("{")), "cut"],
    ["an unsafe answer", stream(part("", { finishReason: "SAFETY" })), "refused"],
    ["a declined prompt", stream({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }), "refused"],
    [
      "a tool that there is not",
      stream({
        candidates: [
          { content: { parts: [{ functionCall: { name: "bash", args: {} } }] }, finishReason: "STOP" },
        ],
      }),
      "refused",
    ],
    ["an answer without a word", stream(part("", { finishReason: "STOP" })), "silent"],
    ["a connection that breaks", ((_, response) => response.destroy()) satisfies Answer, "unreachable"],
  ])("tells %s", async (_, given, kind) => {
    const failed = await failureIn(ask(given));
    expect(failed.kind).toBe(kind);
    expect(asked).toHaveLength(1);
    expect(`${failed.message} ${failed.hint}`).not.toContain("AIzaTheKey");
  });

  it("lists the models that there are", async () => {
    const failed = await failureIn(
      ask(error(404, "NOT_FOUND", "models/gemini-9 is not found"), { model: "gemini-9" }),
    );
    expect(failed.kind).toBe("model_unknown");
    expect(failed.message).toContain("it has gemini-3.8-flash");
    expect(failed.message).not.toContain("embedding");
  });

  it("ends with the time limit and with a cancellation", async () => {
    const never: Answer = () => {};
    expect((await failureIn(ask(never, { timeout: 300 }))).kind).toBe("timeout");
    const stop = new AbortController();
    const waiting: Answer = () => stop.abort(new Error("enough"));
    await expect(ask(waiting, { signal: stop.signal })).rejects.toThrow("enough");
  });

  it("says how to install what it needs", async () => {
    const sluice = createSluice({ env: {}, clock: () => now });
    const source = openGemini(sluice, { program: null, key: "k", endpoint, headers: {} }, () =>
      Promise.reject(new Error("not found")),
    );
    const failed = await failureIn(
      source.review({
        model: "m",
        instructions: "",
        prompt: "",
        schema: { name: "v", json: {} },
        session: null,
        maxOutputTokens: 1,
        timeout: 1_000,
        signal: new AbortController().signal,
      }),
    );
    expect(failed.hint).toContain("npm i @google/genai@2");
    expect((await failureIn(ask(stream(), {}, { key: null }))).kind).toBe("auth");
  });
});

it.each([
  ["2026-11-22T12:00:00Z", "2026-11-23T08:00:00Z"],
  ["2026-11-22T07:59:59Z", "2026-11-22T08:00:00Z"],
  ["2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"],
  // The days on which clocks change.
  ["2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"],
  ["2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"],
])("Google's day at %s ends at %s", (at, end) => {
  expect(new Date(nextPacificMidnight(Date.parse(at))).toISOString()).toBe(new Date(end).toISOString());
});
