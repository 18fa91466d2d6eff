import { describe, expect, it } from "vitest";
import type { OllamaReply } from "../support/fake-ollama.js";
import type { FakeOptions, Reply } from "../support/fake-openai.js";
import { endAfterEach, ollama, openai } from "./fakes.js";
import { good, testTier } from "./tier.js";

endAfterEach();

const swapError = (status: number, message: string) => ({
  status,
  body: { src: "llama-swap", error: { message, type: "server_error", param: null, code: "x" } },
});

describe("a model that answers badly", () => {
  it.each<[string, Reply, string, RegExp]>([
    ["ends at its limit", { content: good, finish: "length" }, "cut", /within the tokens/],
    ["answers words", { content: "Looks good to me. <verdict>SHIP</verdict>" }, "not_json", /twice/],
    ["answers nothing", { content: "" }, "not_json", /empty/],
    ["answers an array", { content: "[1,2]" }, "not_json", /expected object/],
    ["leaves a field out", { content: '{"severity":"high"}' }, "not_json", /count/],
    ["is beyond a range", { content: '{"severity":"high","count":99}' }, "not_json", /9/],
    ["nests without end", { content: '{"a":'.repeat(50_000) }, "cut", /far beyond/],
    ["never ends", { flood: 10_000_000 }, "cut", /far beyond/],
    ["loses the connection", { cut: '{"seve' }, "cut", /before its answer was whole/],
    ["fails in the middle", { midError: { message: "CUDA error", code: 500 } }, "protocol", /CUDA error/],
    ["fails in the middle, in a string", { midError: "slot unavailable" }, "protocol", /slot unavailable/],
    ["sends a page", { raw: "<html>Welcome</html>", contentType: "text/html" }, "protocol", /text\/html/],
    ["sends no JSON", { raw: "{oops", contentType: "application/json" }, "protocol", /not the JSON/],
    [
      "sends broken events",
      { raw: "data: {oops\n\n", contentType: "text/event-stream" },
      "protocol",
      /no JSON/,
    ],
    ["sends an empty stream", { raw: "", contentType: "text/event-stream" }, "protocol", /empty/],
    [
      "sends no end",
      { raw: 'data: {"choices":[{"delta":{"content":"{}"}}]}\n\n', contentType: "text/event-stream" },
      "cut",
      /without an end/,
    ],
    ["sends null", { raw: "data: null\n\n", contentType: "text/event-stream" }, "protocol", /./],
    [
      "sends strange pieces",
      { raw: 'data: {"choices":"x"}\n\ndata: 7\n\n', contentType: "text/event-stream" },
      "protocol",
      /./,
    ],
    [
      "answers 200 with an error",
      { raw: '{"error":{"message":"boom"}}', contentType: "application/json" },
      "protocol",
      /boom/,
    ],
    ["redirects", { status: 302, body: {}, headers: { location: "http://127.0.0.1:1/" } }, "protocol", /302/],
  ])("that %s gives no answer, with the reason's name", async (_what, reply, kind, words) => {
    const fake = await openai({ reply });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const asked = await ask();
    expect(asked).toMatchObject({ state: "unavailable", kind });
    expect(asked.state === "unavailable" && asked.message).toMatch(words);
    expect(asked.state === "unavailable" && asked.hint).not.toBe("");
    // Whatever came, the next call knows nothing of it.
    fake.options.reply = { content: good };
    expect(await ask()).toMatchObject({ state: "answered", value: { severity: "high", count: 6 } });
  });

  it.each<[string, Reply]>([
    ["in the field for thoughts", { content: "", reasoning: good }],
    ["after its thoughts", { content: `<think>{"severity":"low"}</think>\n${good}` }],
    ["in a fence", { content: `Here:\n\`\`\`json\n${good}\n\`\`\`\n` }],
    ["between words", { content: `Sure! ${good} Anything else?` }],
    ["in one piece, not streamed", { content: good, whole: true }],
    ["without counts", { content: good, usage: false }],
  ])("is understood when it answers %s", async (_where, reply) => {
    const fake = await openai({ reply });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({
      state: "answered",
      value: { severity: "high", count: 6 },
      repaired: false,
    });
    expect(fake.completions()).toHaveLength(1);
  });

  it("is shown once what was wrong", async () => {
    const fake = await openai({
      reply: (_body, index) => ({ content: index === 0 ? '{"severity":"worst"}' : good }),
    });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ state: "answered", repaired: true, completionTokens: 92 });
    const [first, second] = fake.completions();
    expect(second.messages.slice(0, 2)).toEqual(first.messages);
    expect(second.messages[2]).toEqual({ role: "assistant", content: '{"severity":"worst"}' });
    expect(second.messages[3].content).toContain("severity");
    expect(second.response_format).toEqual(first.response_format);
  });

  it("is not asked a third time", async () => {
    const fake = await openai({ reply: { content: "no" } });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ kind: "not_json" });
    expect(fake.completions()).toHaveLength(2);
  });
});

describe("a server that refuses", () => {
  it.each<[string, FakeOptions, string, RegExp]>([
    [
      "dies at start",
      { loadFails: () => swapError(500, "unspecific error: upstream command exited prematurely") },
      "out_of_memory",
      /too little memory/,
    ],
    [
      "has no memory",
      { loadFails: () => swapError(500, "cudaMalloc failed: out of memory") },
      "out_of_memory",
      /too little memory/,
    ],
    [
      "lacks its binary",
      { loadFails: () => swapError(500, 'exec: "llama-server": executable file not found in $PATH') },
      "not_started",
      /log/,
    ],
    [
      "is not healthy in time",
      { loadFails: () => swapError(500, "health check timed out after 120s") },
      "not_started",
      /log/,
    ],
    ["does not reach its peer", { reply: swapError(502, "peer failure") }, "not_running", /log/],
    [
      "is told of no grammar it knows",
      {
        reply: swapError(500, "The model produced output that does not match the expected peg-native format"),
      },
      "not_json",
      /again/,
    ],
    ["breaks", { reply: { status: 500, body: "oops" } }, "protocol", /log/],
    ["wants a key", { key: "secret" }, "refused", /local\.api_key_env/],
    [
      "looks for an unknown key in a database that it does not have",
      {
        server: "plain",
        reply: {
          status: 400,
          body: {
            error: { message: "No connected db.", type: "no_db_connection", param: null, code: "400" },
          },
        },
      },
      "refused",
      /local\.api_key_env/,
    ],
    ["has other models", { models: [{ id: "qwen3" }, { id: "llama3" }] }, "model_unknown", /LOCAL_MODEL/],
    [
      "has another model of a similar name",
      { models: [{ id: "glm-4.7-flash-a" }, { id: "glm-4.7-flash-b" }] },
      "model_unknown",
      /LOCAL_MODEL/,
    ],
  ])("because it %s is named, with the next step", async (_what, options, kind, hint) => {
    const fake = await openai(options);
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const asked = await ask();
    expect(asked).toMatchObject({ state: "unavailable", kind });
    expect(asked.state === "unavailable" && asked.hint).toMatch(hint);
  });

  it("lists what it has when it does not know the model", async () => {
    const fake = await openai({ models: [{ id: "qwen3" }, { id: "llama3" }] });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({
      message: `${fake.url} has no model GLM-4.7-Flash-UD-Q4_K_XL. It has: qwen3, llama3.`,
    });
  });

  it("says nothing that a terminal would act on", async () => {
    const fake = await openai({ reply: swapError(500, "\u001b[31mred\u001b[0m\r\n\u202Ereversed") });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const asked = await ask();
    expect(asked.state === "unavailable" && asked.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it("is asked with less where it does not take a schema, and keeps that in mind for a while", async () => {
    let now = Date.parse("2026-03-01T12:00:00Z");
    const fake = await openai({
      server: "plain",
      reply: ({ response_format }) =>
        response_format === undefined
          ? { content: good }
          : {
              status: 400,
              body: { error: `'response_format.type' ${response_format.type} is not supported` },
            },
    });
    const { ask } = await testTier(
      { primary_endpoint: fake.url, primary_model: "glm-4.7-flash" },
      { clock: () => now },
    );
    expect(await ask()).toMatchObject({ state: "answered", mode: "prompt" });
    expect(await ask()).toMatchObject({ state: "answered", mode: "prompt" });
    expect(fake.completions().map(({ response_format }) => response_format?.type)).toEqual([
      "json_schema",
      "json_object",
      undefined,
      undefined,
    ]);
    // The schema is in the words in any case.
    expect(fake.completions()[2].messages[0].content).toContain('"enum":["low","high"]');
    now += 31 * 60_000;
    await ask();
    expect(fake.completions()[4].response_format.type).toBe("json_schema");
  });

  it("gets standard fields only where it does not take others", async () => {
    const fake = await openai({
      server: "vllm",
      models: [{ id: "glm-4.7-flash", context: 32_768 }],
      reply: (body) =>
        "chat_template_kwargs" in body
          ? { status: 400, body: { detail: "Extra inputs are not permitted: chat_template_kwargs" } }
          : { content: good },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ state: "answered" });
    await ask();
    expect(fake.completions().map((body) => "chat_template_kwargs" in body)).toEqual([true, false, false]);
  });

  it("is given its key and headers, and nothing from the environment of other tools", async () => {
    const fake = await openai({ key: "local-key", reply: { content: good } });
    const env = { MY_KEY: "local-key", OPENAI_API_KEY: "sk-premium", OPENAI_ORG_ID: "org" };
    const { ask } = await testTier(
      { primary_endpoint: fake.url, api_key_env: "MY_KEY", headers: { "x-team": "blue" } },
      { env },
    );
    expect(await ask()).toMatchObject({ state: "answered" });
    for (const { headers } of fake.requests) {
      expect(headers).toMatchObject({ authorization: "Bearer local-key", "x-team": "blue" });
      expect(Object.keys(headers).filter((name) => /^openai|stainless/i.test(name))).toEqual([]);
    }
  });
});

describe("Ollama", () => {
  it.each<[string, OllamaReply, string]>([
    [
      "fails in the middle",
      { midError: "llama runner process has terminated: cudaMalloc failed: out of memory" },
      "out_of_memory",
    ],
    [
      "has no memory",
      { status: 500, error: "model requires more system memory (9 GiB) than is available" },
      "out_of_memory",
    ],
    [
      "gets too much",
      { status: 400, error: "the prompt is longer than the context length currently available to the model" },
      "out_of_context",
    ],
    ["is cut", { cut: true }, "cut"],
    ["answers past its limit", { content: good, reason: "length" }, "cut"],
    ["sends no JSON lines", { raw: "oops\n" }, "protocol"],
    ["sends lines of another kind", { raw: '{"message":7}\n' }, "protocol"],
    ["sends nothing", { raw: "" }, "cut"],
    ["answers words", { content: "no" }, "not_json"],
  ])("that %s gives no answer, with the reason's name", async (_what, reply, kind) => {
    const fake = await ollama({ reply });
    const { ask } = await testTier({ prefilter_endpoint: fake.url, prefilter_model: "qwen2.5-coder:7b" });
    expect(await ask({ role: "prefilter" })).toMatchObject({ state: "unavailable", kind });
  });

  it("is recognised at another port, also when it is named as an OpenAI endpoint", async () => {
    const fake = await ollama({ reply: { content: good }, models: ["glm-4.7-flash:latest"] });
    const { ask } = await testTier({ primary_endpoint: `${fake.url}/v1` });
    expect(await ask()).toMatchObject({ state: "answered", server: "ollama", model: "glm-4.7-flash:latest" });
    expect(fake.chats()[0].options.num_ctx).toBe(65_536);
  });

  it("names the command that gets a missing model", async () => {
    const fake = await ollama({ models: ["llama3:8b"] });
    const { ask } = await testTier({ prefilter_endpoint: fake.url, prefilter_model: "qwen2.5-coder:7b" });
    const asked = await ask({ role: "prefilter" });
    expect(asked).toMatchObject({ kind: "model_unknown" });
    expect(asked.state === "unavailable" && asked.hint).toContain("PREFILTER_MODEL");
  });
});
