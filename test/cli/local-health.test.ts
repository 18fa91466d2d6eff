import { afterEach, describe, expect, it } from "vitest";
import type { Line } from "../../src/cli/health.js";
import { localHealth } from "../../src/cli/local-health.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import { closeLocal, openLocal } from "../../src/local/local.js";
import { createSluice } from "../../src/sluice.js";
import { fakeOllama, type OllamaOptions } from "../support/fake-ollama.js";
import { type FakeOptions, fakeOpenai } from "../support/fake-openai.js";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await closeLocal();
  for (const server of open.splice(0)) await server.close();
});

const swap = async (options: FakeOptions = {}) => {
  const fake = await fakeOpenai({
    models: [{ id: "glm-4.7-flash", aliases: ["GLM-4.7-Flash-UD-Q4_K_XL"], context: 65_536 }],
    reply: { content: '{"word":"ready"}' },
    ...options,
  });
  open.push(fake);
  return fake;
};

const ollama = async (options: OllamaOptions) => {
  const fake = await fakeOllama({ reply: { content: '{"word":"ready"}' }, ...options });
  open.push(fake);
  return fake;
};

/** What doctor says with these variables of the environment. */
async function health(env: Record<string, string>, load = false): Promise<Line[]> {
  const sluice = createSluice({
    cwd: "/",
    env: { HOME: "/nowhere", PREFILTER_ENABLED: "0", ...env },
    log: () => {},
  });
  const { config } = await loadUserConfiguration(sluice);
  const signal = new AbortController().signal;
  return localHealth(openLocal(config, sluice), config.local, { load, signal, onProgress: () => {} });
}

describe("what doctor says of the local tier", () => {
  it("a loaded model: what it is, its context, that it keeps to a schema, and how fast it is", async () => {
    const { url } = await swap({ loaded: ["glm-4.7-flash"] });
    const [state, answer] = await health({ LOCAL_ENDPOINT: url });
    expect(state).toEqual({
      health: "ok",
      what: "local model",
      detail: `llama-swap at ${url}: glm-4.7-flash, loaded, 65,536 tokens, 1 at once`,
    });
    expect(answer).toMatchObject({
      health: "ok",
      what: "local model answers",
      detail: expect.stringMatching(
        /^structured output by JSON schema, (about \d+ tokens\/s, )?a word in \d+\.\d s$/,
      ),
    });
  });

  it("a model that is not loaded is not loaded for it, unless asked for", async () => {
    const fake = await swap();
    const [cold, ...others] = await health({ LOCAL_ENDPOINT: fake.url });
    expect(others.map(({ what }) => what)).toEqual(["pre-filter"]);
    expect([cold]).toMatchObject([
      {
        health: "ok",
        detail: expect.stringContaining("not loaded"),
        todo: expect.stringContaining("--load"),
      },
    ]);
    expect(fake.completions()).toEqual([]);
    expect([...fake.loaded]).toEqual([]);
    const warm = await health({ LOCAL_ENDPOINT: fake.url }, true);
    expect(warm.map(({ what }) => what)).toEqual(["local model", "local model answers", "pre-filter"]);
    expect(warm[0]).toMatchObject({
      health: "ok",
      detail: expect.stringContaining(", loaded, 65,536 tokens"),
    });
  });

  it("nothing there is no fault: the answer is smaller, and how to have more is said", async () => {
    const { url, close } = await fakeOpenai();
    await close();
    const [state, ...others] = await health({
      LOCAL_ENDPOINT: url,
      PREFILTER_ENABLED: "1",
      PREFILTER_ENDPOINT: url,
    });
    expect(state).toMatchObject({
      health: "missing",
      detail: `Nothing listens at ${url}.`,
      todo: expect.stringContaining("start-local-stack.sh"),
    });
    expect(others).toMatchObject([{ health: "missing", what: "pre-filter" }]);
  });

  it("what the user can mend is wrong: an unknown model, a missing key, a model that does not start", async () => {
    const { url } = await swap({ models: [{ id: "glm-4.7-flash" }, { id: "qwen3.8-27b" }] });
    const [unknown] = await health({ LOCAL_ENDPOINT: url, LOCAL_MODEL: "no-such-model" });
    expect(unknown).toMatchObject({ health: "wrong", detail: expect.stringContaining("qwen3.8-27b") });
    const locked = await swap({ key: "secret-key" });
    const [refused] = await health({ LOCAL_ENDPOINT: locked.url });
    expect(refused).toMatchObject({ health: "wrong", detail: expect.stringMatching(/key|401/) });
    const broken = await swap({
      loadFails: () => ({
        status: 500,
        body: {
          src: "llama-swap",
          error: { message: "cudaMalloc failed: out of memory", type: "server_error" },
        },
      }),
    });
    const lines = await health({ LOCAL_ENDPOINT: broken.url }, true);
    expect(lines.map((line) => line.health)).toContain("wrong");
    expect(JSON.stringify(lines)).toContain("out of memory");
  });

  it("says when the model has less context than Sluice is set to use", async () => {
    const { url } = await swap({
      loaded: ["GLM-4.7-Flash-UD-Q4_K_XL"],
      models: [{ id: "GLM-4.7-Flash-UD-Q4_K_XL", context: 16_384 }],
    });
    const [state] = await health({ LOCAL_ENDPOINT: url });
    expect(state).toMatchObject({
      health: "missing",
      todo: "It has less context than local.context_default (65,536): start it with -c 65536, or set LOCAL_CONTEXT_DEFAULT=16384.",
    });
  });

  it("the pre-filter is never wrong, only missing: everything goes to the large model without it", async () => {
    const { url } = await ollama({ models: ["llama3.2:3b"] });
    const lines = await health({ LOCAL_ENABLED: "0", PREFILTER_ENABLED: "1", PREFILTER_ENDPOINT: url });
    expect(lines.filter(({ health }) => health === "wrong")).toEqual([]);
    const there = await ollama({
      models: ["qwen2.5-coder:7b-instruct-q8_0"],
      loaded: ["qwen2.5-coder:7b-instruct-q8_0"],
    });
    const { url: primary } = await swap({ loaded: ["glm-4.7-flash"] });
    const both = await health({
      LOCAL_ENDPOINT: primary,
      PREFILTER_ENABLED: "1",
      PREFILTER_ENDPOINT: there.url,
    });
    expect(both.map(({ what, health }) => [what, health])).toEqual([
      ["local model", "ok"],
      ["local model answers", "ok"],
      ["pre-filter", "ok"],
      ["pre-filter answers", "ok"],
    ]);
  });

  it("a model that answers nonsense is said to, and ends nothing", async () => {
    const { url } = await swap({ loaded: ["glm-4.7-flash"], reply: { content: "SHIP IT \u001b[31m" } });
    const [, answer] = await health({ LOCAL_ENDPOINT: url });
    expect(answer).toMatchObject({ health: "missing", what: "local model answers" });
    expect(answer?.todo).toBeTruthy();
  });

  it("switched off is said", async () => {
    expect(await health({ LOCAL_ENABLED: "0" })).toMatchObject([
      { health: "missing", what: "local model", detail: "switched off in the configuration" },
      { health: "missing", what: "pre-filter", detail: "switched off in the configuration" },
    ]);
  });
});
