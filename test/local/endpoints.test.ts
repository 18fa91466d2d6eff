import { describe, expect, it } from "vitest";
import { loadConfiguration } from "../../src/config/load.js";
import { localEndpoints } from "../../src/local/endpoints.js";
import { type ListedModel, largeVariant, matchModel } from "../../src/local/model-names.js";
import { createSluice } from "../../src/sluice.js";
import { endAfterEach, ollama, openai } from "./fakes.js";
import { good, testTier } from "./tier.js";

endAfterEach();

describe("what is configured", () => {
  const endpoints = async (
    local: Record<string, unknown>,
    env: Record<string, string> = {},
    own: Record<string, string> = {},
  ) => {
    const sluice = createSluice({ cwd: "/", env: { HOME: "/nowhere", ...env, ...own } });
    const { config } = await loadConfiguration(
      sluice,
      { text: JSON.stringify({ local }), origin: "test" },
      null,
    );
    return localEndpoints(config, sluice);
  };

  it("is llama-swap and Ollama on this machine without any file", async () => {
    const { primary, prefilter } = await endpoints({});
    expect(primary).toMatchObject({
      kind: "openai",
      baseUrl: "http://localhost:8080",
      apiKey: null,
      contextDefault: 65_536,
      contextMax: 131_072,
    });
    expect(prefilter).toMatchObject({
      kind: "ollama",
      baseUrl: "http://localhost:11434",
      contextDefault: 16_384,
    });
  });

  it("can be switched off", async () => {
    expect(await endpoints({ enabled: false })).toEqual({ primary: null, prefilter: null });
    expect((await endpoints({ prefilter_enabled: false })).prefilter).toBeNull();
  });

  it("is this machine alone for a repository that nobody trusted", async () => {
    const { primary } = await endpoints({
      primary_endpoint: "http://attacker.example:8080",
      api_key_env: "OPENAI_API_KEY",
      headers: { "x-steal": "1" },
    });
    expect(primary).toMatchObject({ baseUrl: "http://localhost:8080", apiKey: null, headers: {} });
    expect((await endpoints({ primary_endpoint: "http://127.0.0.1:9999/v1/" })).primary?.baseUrl).toBe(
      "http://127.0.0.1:9999",
    );
  });

  it("is what the environment says", async () => {
    const { primary } = await endpoints(
      {},
      { LOCAL_ENDPOINT: "https://gpu.example/llm/v1", LOCAL_MODEL: "qwen3.6" },
    );
    expect(primary).toMatchObject({ kind: "openai", baseUrl: "https://gpu.example/llm", model: "qwen3.6" });
  });

  it("gives a key to the server it is for, and to no other", async () => {
    const fake = await openai({ key: "k", reply: { content: good } });
    const other = await ollama({ reply: { content: good } });
    const { ask } = await testTier(
      {
        primary_endpoint: fake.url,
        api_key_env: "K",
        headers: { "x-team": "blue" },
        prefilter_endpoint: other.url,
        prefilter_model: "qwen2.5-coder:7b",
      },
      { env: { K: "k" } },
    );
    expect(await ask()).toMatchObject({ state: "answered" });
    expect(await ask({ role: "prefilter" })).toMatchObject({ state: "answered" });
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) {
      expect(headers.authorization).toBeUndefined();
      expect(headers["x-team"]).toBeUndefined();
    }
  });

  it("answers `off` for what is switched off", async () => {
    const { ask } = await testTier({ enabled: false });
    expect(await ask()).toMatchObject({ state: "unavailable", kind: "off" });
  });
});

describe("localhost", () => {
  const ipv6 = async () => {
    try {
      return await openai({ host: "::1", reply: { content: good } });
    } catch {
      return null;
    }
  };

  it("is 127.0.0.1", async () => {
    const fake = await openai({ reply: { content: good } });
    const { ask } = await testTier({ primary_endpoint: `http://localhost:${fake.port}` });
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("is ::1", async ({ skip }) => {
    const fake = await ipv6();
    if (fake === null) return skip("this machine has no IPv6");
    const { ask } = await testTier({ primary_endpoint: `http://localhost:${fake.port}` });
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("is remembered for the address that answered, and found on the other one when it moves", async ({
    skip,
  }) => {
    const fake = await ipv6();
    if (fake === null) return skip("this machine has no IPv6");
    const { ask } = await testTier({ primary_endpoint: `http://localhost:${fake.port}` });
    expect(await ask()).toMatchObject({ state: "answered" });
    // From here on 127.0.0.1 would take a connection, too; the kept ones are ended.
    const other = await openai({ port: fake.port, reply: { content: good } });
    fake.options.reply = { cut: "{" };
    expect(await ask()).toMatchObject({ kind: "cut" });
    fake.options.reply = { content: good };
    expect(await ask()).toMatchObject({ state: "answered" });
    expect(other.requests).toEqual([]);
    await fake.close();
    expect(await ask()).toMatchObject({ state: "answered" });
    expect(other.completions()).toHaveLength(1);
  });

  it("is reached without the proxy that the environment names", async () => {
    const fake = await openai({ reply: { content: good } });
    const env = { HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" };
    const { ask } = await testTier({ primary_endpoint: fake.url }, { env });
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("that nobody listens on is said to be so, on both addresses", async () => {
    const fake = await openai();
    await fake.close();
    const { ask } = await testTier({ primary_endpoint: `http://localhost:${fake.port}` });
    expect(await ask()).toMatchObject({
      kind: "not_running",
      message: `Nothing listens at http://localhost:${fake.port}.`,
    });
  });

  it("that is something else is said to be so", async () => {
    const fake = await openai({ server: "plain", models: [] });
    const { ask } = await testTier({ primary_endpoint: `${fake.url}/somewhere` });
    expect(await ask()).toMatchObject({
      kind: "protocol",
      message: expect.stringContaining("not as a server of models"),
    });
  });
});

describe("a model's name", () => {
  const list = (...ids: string[]): ListedModel[] =>
    ids.map((id) => ({ id, aliases: [], context: null, loaded: null }));

  it.each<[string, string[], string | null]>([
    ["GLM-4.7-Flash-UD-Q4_K_XL", ["glm-4.7-flash", "glm-4.7-flash-large"], "glm-4.7-flash"],
    [
      "GLM-4.7-Flash-UD-Q4_K_XL",
      ["unsloth/GLM-4.7-Flash-GGUF:UD-Q4_K_XL"],
      "unsloth/GLM-4.7-Flash-GGUF:UD-Q4_K_XL",
    ],
    ["GLM-4.7-Flash", ["GLM-4.7-Flash-Q8_0.gguf"], "GLM-4.7-Flash-Q8_0.gguf"],
    ["qwen2.5-coder:7b-instruct-q8_0", ["qwen2.5-coder:7b", "llama3:8b"], "qwen2.5-coder:7b"],
    [
      "qwen2.5-coder:7b-instruct-q8_0",
      ["qwen2.5-coder:7b-instruct-q4_K_M"],
      "qwen2.5-coder:7b-instruct-q4_K_M",
    ],
    ["qwen2.5-coder:7b", ["qwen2.5-coder:32b", "qwen2.5-coder:14b"], null],
    ["qwen2.5-coder", ["qwen2.5-coder:32b", "qwen2.5-coder:14b"], null],
    ["glm-4.7", ["glm-4.7-flash"], "glm-4.7-flash"],
    ["glm-4.7-flash", ["GLM-4.7-FLASH", "glm-4.7-flash-large"], "GLM-4.7-FLASH"],
    ["GLM-4.7-Flash", ["glm-4.7-flash-q4_0", "glm-4.7-flash-q8_0"], null],
    ["GLM-4.7-Flash", ["gpt-5.2", "claude-opus"], null],
    ["GLM-4.7-Flash", ["gpt-5.2"], null],
    ["GLM-4.7-Flash", ["glm-4.7-flash-ud-iq3_xxs.gguf"], "glm-4.7-flash-ud-iq3_xxs.gguf"],
    ["qwen3.6-27b", ["mlx-community/Qwen3.6-27B-4bit", "llama3"], "mlx-community/Qwen3.6-27B-4bit"],
    ["Q4_K_M", ["glm-4.7-flash-q4_k_m"], null],
    ["anything", [], "anything"],
  ])("%s among %j is %j", (configured, ids, expected) => {
    const match = matchModel(configured, list(...ids), false);
    expect(match?.name ?? null).toBe(expected);
    if (match !== null && ids.length > 0) expect(match.note === null).toBe(ids.includes(configured));
  });

  it("takes no longer for one that is made to", () => {
    const started = performance.now();
    for (const part of ["_q1", "-q4_k", ".gguf", "-m", "/", "_"]) {
      const name = part.repeat(50_000);
      expect(matchModel("GLM-4.7-Flash", list(`${name}!`, name), false)).toBeNull();
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("may be any where a server has but one", () => {
    expect(matchModel("GLM-4.7-Flash", list("qwen3.6-35b"), true)).toMatchObject({
      name: "qwen3.6-35b",
      note: expect.stringContaining("only model"),
    });
    expect(matchModel("GLM-4.7-Flash", list("qwen3.6-35b", "llama3"), true)).toBeNull();
  });

  it("has a large variant by its ending", () => {
    expect(largeVariant("glm-4.7-flash", list("glm-4.7-flash", "glm-4.7-flash-large"))?.id).toBe(
      "glm-4.7-flash-large",
    );
    expect(largeVariant("glm-4.7-flash", list("glm-4.7-flash", "other-large"))).toBeNull();
  });
});
