import { describe, expect, it } from "vitest";
import { endAfterEach, ollama, openai } from "./fakes.js";
import { good, testTier } from "./tier.js";

endAfterEach();

describe("asking an OpenAI-compatible server", () => {
  it("gives a typed answer, with the schema enforced, thinking off and the data fenced", async () => {
    const fake = await openai({ reply: { content: good } });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const answer = await ask();
    expect(answer).toMatchObject({
      state: "answered",
      value: { severity: "high", count: 6 },
      model: "glm-4.7-flash",
      server: "llama-swap",
      mode: "json_schema",
      repaired: false,
      promptTokens: 21,
      completionTokens: 46,
    });
    const [body] = fake.completions();
    expect(body.response_format).toEqual({
      type: "json_schema",
      json_schema: {
        name: "severity",
        strict: true,
        schema: {
          type: "object",
          properties: {
            severity: { type: "string", enum: ["low", "high"] },
            count: { type: "integer", minimum: 0, maximum: 9 },
          },
          required: ["severity", "count"],
          additionalProperties: false,
        },
      },
    });
    expect(body.chat_template_kwargs).toEqual({ enable_thinking: false });
    expect(body.messages[1].content).toMatch(/^<<<(data-[0-9a-f]{18})\nlet a = 1;\n\1>>>$/);
  });

  it.each(["/v1", "/v1/", "/", ""])("takes a base URL that ends in %j", async (end) => {
    const fake = await openai({ reply: { content: good } });
    const { ask } = await testTier({ primary_endpoint: fake.url + end });
    expect(await ask()).toMatchObject({ state: "answered" });
  });
});

describe("asking Ollama", () => {
  it("speaks its own API, with a constant context and nothing cut", async () => {
    const fake = await ollama({ reply: { content: good } });
    const { ask } = await testTier({
      prefilter_endpoint: fake.url,
      prefilter_model: "qwen2.5-coder:7b-instruct-q8_0",
      prefilter_enabled: true,
    });
    const answer = await ask({ role: "prefilter" });
    expect(answer).toMatchObject({
      state: "answered",
      server: "ollama",
      model: "qwen2.5-coder:7b",
      value: { severity: "high", count: 6 },
    });
    expect(fake.chats()[0]).toMatchObject({
      model: "qwen2.5-coder:7b",
      think: false,
      truncate: false,
      shift: false,
      keep_alive: "10m",
      format: { type: "object" },
      options: { num_ctx: 16_384, num_predict: 512 },
    });
  });
});

describe("looking around", () => {
  it("says what is there without loading it", async () => {
    const fake = await openai({
      models: [
        { id: "glm-4.7-flash", context: 65_536 },
        { id: "glm-4.7-flash-large", context: 131_072 },
      ],
    });
    const small = await ollama({ loaded: ["qwen2.5-coder:7b"] });
    const { tier } = await testTier({ primary_endpoint: fake.url, prefilter_endpoint: small.url });
    const state = await tier.state(new AbortController().signal);
    expect(state.primary).toMatchObject({
      up: true,
      problem: null,
      server: "llama-swap",
      model: "glm-4.7-flash",
      largeModel: "glm-4.7-flash-large",
      loaded: false,
      context: { normal: 65_536, large: 131_072, from: "configured" },
    });
    expect(state.primary?.note).toContain("GLM-4.7-Flash-UD-Q4_K_XL is not listed");
    expect(state.prefilter).toMatchObject({
      up: true,
      server: "ollama",
      model: "qwen2.5-coder:7b",
      loaded: true,
    });
    expect([...fake.loaded]).toEqual([]);
  });

  it("asks no more after a dead endpoint was noticed", async () => {
    const { tier, ask } = await testTier({ primary_endpoint: "http://127.0.0.1:9" });
    expect(await ask()).toMatchObject({ state: "unavailable", kind: "not_running" });
    expect((await tier.state(new AbortController().signal)).primary).toMatchObject({
      up: false,
      problem: { kind: "not_running", message: "Nothing listens at http://127.0.0.1:9." },
    });
  });

  it("measures a probe", async () => {
    const fake = await openai({ reply: { content: '{"word":"ready"}' } });
    const { tier } = await testTier({ primary_endpoint: fake.url });
    const probe = await tier.probe("primary", { limit: 5_000, signal: new AbortController().signal });
    expect(probe.asked).toMatchObject({ state: "answered", value: { word: "ready" } });
  });
});
