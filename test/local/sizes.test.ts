import { describe, expect, it } from "vitest";
import { type Piece, pack } from "../../src/local/pieces.js";
import { measure } from "../../src/local/sizing.js";
import type { OllamaOptions } from "../support/fake-ollama.js";
import { endAfterEach, gate, ollama, openai, until } from "./fakes.js";
import { good, severity, testTier } from "./tier.js";

endAfterEach();

const two = [
  { id: "glm-4.7-flash", context: 8_192 },
  { id: "glm-4.7-flash-large", context: 32_768 },
];
const sizes = { context_default: 8_192, context_max: 32_768 };

describe("the size of a prompt", () => {
  it("is not counted when even its bytes fit", async () => {
    const counts: string[] = [];
    const size = await measure(["a".repeat(900)], 1_000, async (text) => {
      counts.push(text);
      return 1;
    });
    expect(size).toMatchObject({ counted: "bytes" });
    expect(counts).toEqual([]);
  });

  it("is counted by the server where it can", async () => {
    expect(await measure(["a".repeat(2_000)], 1_000, async () => 321)).toEqual({
      tokens: 417,
      counted: "server",
    });
  });

  it("is estimated on the high side elsewhere", async () => {
    const text = "const total = items.reduce((sum, item) => sum + item.price, 0);\n".repeat(100);
    const size = await measure([text], 100, async () => null);
    expect(size.counted).toBe("estimate");
    // 16 or 17 tokens a line in o200k.
    expect(size.tokens).toBeGreaterThan(1_700);
  });
});

describe("the model for a size", () => {
  it.each([
    ["usual", 1_000, "glm-4.7-flash", "normal"],
    ["large", 40_000, "glm-4.7-flash-large", "large"],
  ])("of %s work", async (_what, length, model, size) => {
    const fake = await openai({ models: two, reply: { content: good } });
    const { ask } = await testTier({ primary_endpoint: fake.url, ...sizes });
    expect(await ask({ data: "a b ".repeat(length / 4) })).toMatchObject({ state: "answered", model, size });
    expect(fake.completions().map((body) => body.model)).toEqual([model]);
  });

  it("is the one that the user named for large work", async () => {
    const models = [
      { id: "glm-4.7-flash", context: 8_192 },
      { id: "qwen-long", context: 32_768 },
    ];
    const fake = await openai({ models, reply: { content: good } });
    const { ask } = await testTier({
      primary_endpoint: fake.url,
      ...sizes,
      primary_model_large: "qwen-long",
    });
    expect(await ask({ data: "a b ".repeat(10_000) })).toMatchObject({ model: "qwen-long", size: "large" });
  });

  it("is the only one up to what it really has", async () => {
    const fake = await openai({
      models: [{ id: "glm-4.7-flash", context: 32_768 }],
      reply: { content: good },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url, ...sizes });
    expect(await ask({ data: "a b ".repeat(10_000) })).toMatchObject({ state: "answered", size: "normal" });
  });

  it("is none when nothing has the room, and nothing is sent", async () => {
    const fake = await openai({
      models: [{ id: "glm-4.7-flash", context: 4_096 }],
      reply: { content: good },
      tokens: () => 15_000,
      loaded: ["glm-4.7-flash"],
    });
    const { ask } = await testTier({ primary_endpoint: fake.url, ...sizes });
    expect(await ask({ data: "a b ".repeat(10_000) })).toMatchObject({
      state: "unavailable",
      kind: "out_of_context",
      failure: { context: { prompt: 15_096, limit: 4_096 } },
    });
    expect(fake.completions()).toEqual([]);
  });

  it("is the large one after the normal one refused", async () => {
    const overflow = {
      code: 400,
      message: "request (8100 tokens) exceeds the available context size (8192 tokens), try increasing it",
      type: "exceed_context_size_error",
      n_prompt_tokens: 8_100,
      n_ctx: 8_192,
    };
    const fake = await openai({
      models: two,
      tokens: () => 10,
      reply: ({ model }) =>
        model === "glm-4.7-flash" ? { status: 400, body: { error: overflow } } : { content: good },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url, ...sizes });
    expect(await ask({ data: "a b ".repeat(1_000) })).toMatchObject({ state: "answered", size: "large" });
    // Small work goes on in the model that is loaded now, and to the normal one again when that is.
    expect(await ask()).toMatchObject({ state: "answered", size: "large" });
  });

  it("is loaded by Ollama with one context for usual work and one for large, and not anew for less", async () => {
    const fake = await ollama({ models: ["glm-4.7-flash"], reply: { content: good } });
    const { ask } = await testTier({ primary_endpoint: fake.url, ...sizes });
    expect(await ask()).toMatchObject({ size: "normal" });
    expect(await ask({ data: "a b ".repeat(10_000) })).toMatchObject({ size: "large" });
    expect(await ask({ data: "c" })).toMatchObject({ size: "large" });
    expect(fake.chats().map(({ options }) => options.num_ctx)).toEqual([8_192, 32_768, 32_768]);
  });

  it("is not loaded anew by Ollama for each of two jobs of another size", async () => {
    const hold = gate();
    const fake = await ollama({
      models: ["glm-4.7-flash"],
      reply: async () => {
        await hold.promise;
        return { content: good };
      },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url, ...sizes }, { tick: 5 });
    const long = "a b ".repeat(10_000);
    const first = ask();
    await until(() => fake.chats().length === 1);
    const queued = new Set<string>();
    const rest = [`${long}a`, "b", `${long}c`, "d"].map((data) =>
      ask({ data, onProgress: (message) => message.startsWith("waiting for") && queued.add(data) }),
    );
    await until(() => queued.size === rest.length);
    hold.open();
    for (const asked of await Promise.all([first, ...rest]))
      expect(asked).toMatchObject({ state: "answered" });
    const contexts = fake.chats().map(({ options }) => options.num_ctx);
    expect(contexts.filter((one, at) => at > 0 && one !== contexts[at - 1])).toHaveLength(1);
  });
});

describe("an Ollama that reads less than it was sent", () => {
  const long = "const total = items.length;\n".repeat(1_000);

  it.each<[string, OllamaOptions, string]>([
    ["and is loaded with less", { reply: { content: good, promptTokens: 2_048 }, context: 4_096 }, "cut"],
    [
      "and does not say with how much",
      { reply: { content: good, promptTokens: 2_048 }, context: null },
      "cut",
    ],
    ["and says what it kept", { reply: { content: good, promptTokens: 2_048, cachedTokens: 9 } }, "cut"],
    ["as it counts only what is new", { reply: { content: good, promptTokens: 40 } }, "whole"],
    ["by another tokenizer's count", { reply: { content: good, promptTokens: 4_600 } }, "whole"],
    ["and says nothing", { reply: { content: good, promptTokens: Number.NaN } }, "whole"],
  ])("%s: its answer is told from one to the whole", async (_how, options, expected) => {
    const fake = await ollama({ models: ["small"], ...options });
    const { ask } = await testTier({ prefilter_endpoint: fake.url, prefilter_model: "small" });
    const asked = await ask({ role: "prefilter", data: long });
    expect(fake.chats()).toHaveLength(1);
    if (expected === "whole") expect(asked).toMatchObject({ state: "answered" });
    else {
      expect(asked).toMatchObject({ state: "unavailable", kind: "out_of_context" });
      // What fits is known now, and short work goes on.
      expect(await ask({ role: "prefilter" })).toMatchObject({ state: "answered" });
      const second = await ask({ role: "prefilter", data: long });
      expect(second).toMatchObject({ kind: "out_of_context" });
    }
  });
});

describe("work that is too large for any model", () => {
  const line = (file: number, hunk: number, at: number) => `+f${file} h${hunk} line ${at};`;
  const pieces: Piece[] = [0, 1, 2].map((file) => ({
    file: `src/f${file}.ts`,
    head: `File src/f${file}.ts`,
    hunks: [0, 1, 2].map((hunk) =>
      Array.from({ length: hunk === 2 ? 900 : 60 }, (_, at) => line(file, hunk, at)).join("\n"),
    ),
  }));
  const job = {
    role: "primary" as const,
    name: "severity",
    schema: severity,
    instructions: "How bad is it?",
    pieces,
    maxTokens: 512,
    limit: 30_000,
    signal: new AbortController().signal,
  };

  it("goes in parts in which every line of every hunk is seen", async () => {
    const fake = await openai({
      models: [{ id: "glm-4.7-flash", context: 4_096 }],
      reply: { content: good },
    });
    const { tier } = await testTier({
      primary_endpoint: fake.url,
      context_default: 4_096,
      context_max: 4_096,
    });
    const parts = await tier.askPieces(job);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.every(({ asked }) => asked.state === "answered")).toBe(true);
    const seen = fake.completions().map((body) => body.messages[1].content);
    for (const [file, { hunks }] of pieces.entries()) {
      for (const whole of hunks.flatMap((hunk) => hunk.split("\n"))) {
        expect(
          seen.filter((text) => text.includes(`${whole}\n`)),
          `file ${file}: ${whole}`,
        ).toHaveLength(1);
      }
    }
  });

  it("is one request when it fits", async () => {
    const fake = await openai({ reply: { content: good } });
    const { tier } = await testTier({ primary_endpoint: fake.url });
    expect(await tier.askPieces(job)).toMatchObject([{ pieces, asked: { state: "answered" } }]);
    expect(fake.completions()).toHaveLength(1);
  });

  it("loses one part's answer when one part fails, and says so", async () => {
    const fake = await openai({
      models: [{ id: "glm-4.7-flash", context: 4_096 }],
      reply: (body) => ({ content: body.messages[1].content.includes("+f1 h0 line 0;") ? "no" : good }),
    });
    const { tier } = await testTier({
      primary_endpoint: fake.url,
      context_default: 4_096,
      context_max: 4_096,
    });
    const parts = await tier.askPieces(job);
    const failed = parts.filter(({ asked }) => asked.state === "unavailable");
    expect(failed).toHaveLength(1);
    expect(failed[0]?.pieces.map(({ file }) => file)).toContain("src/f1.ts");
  });

  it("ends when not even the answer has room", async () => {
    const fake = await openai({ models: [{ id: "glm-4.7-flash", context: 1_024 }] });
    const { tier } = await testTier({
      primary_endpoint: fake.url,
      context_default: 1_024,
      context_max: 1_024,
    });
    const parts = await tier.askPieces({ ...job, maxTokens: 2_000 });
    expect(parts).toMatchObject([{ asked: { kind: "out_of_context" } }]);
  });

  it.each([
    ["one endless line", [{ file: "a", head: "a", hunks: ["x".repeat(10_000)] }]],
    ["characters of two halves", [{ file: "a", head: "a", hunks: ["😀".repeat(3_000)] }]],
    ["a head longer than a part", [{ file: "a", head: "h".repeat(5_000), hunks: ["b\nc\n".repeat(500)] }]],
    ["a file without hunks", [{ file: "a", head: "renamed", hunks: [] }]],
  ])("is cut without a loss: %s", (_what, input: Piece[]) => {
    const parts = pack(input, 1_000).flat();
    expect(parts.flatMap(({ hunks }) => hunks).join("")).toBe(input.flatMap(({ hunks }) => hunks).join(""));
    for (const { hunks } of parts) for (const hunk of hunks) expect(hunk).not.toMatch(/\p{Surrogate}/u);
  });
});
