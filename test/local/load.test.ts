import { describe, expect, it } from "vitest";
import type { Reply } from "../support/fake-openai.js";
import { endAfterEach, gate, ollama, openai, until } from "./fakes.js";
import { good, testTier } from "./tier.js";

endAfterEach();

const busy = (retryAfter: string): Reply => ({
  status: 429,
  headers: { "retry-after": retryAfter },
  body: {
    src: "llama-swap",
    error: { message: "Too many requests", type: "rate_limit_error", code: "concurrency_limit" },
  },
});
const loading: Reply = {
  status: 503,
  body: { error: { message: "Loading model", type: "unavailable_error", code: 503 } },
};

describe("a busy server", () => {
  it("is waited for as long as it asks for", async () => {
    const fake = await openai({ reply: (_body, index) => (index < 2 ? busy("3") : { content: good }) });
    const { ask, pauses } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ state: "answered" });
    expect(pauses).toEqual([3_000, 3_000]);
  });

  it("is not waited for beyond the caller's limit", async () => {
    const fake = await openai({ reply: busy("60") });
    const { ask, pauses } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ state: "unavailable", kind: "busy" });
    expect(pauses).toEqual([]);
    // Busy is not dead.
    fake.options.reply = { content: good };
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("that loads its only model is waited for, and said so", async () => {
    const said: string[] = [];
    const fake = await openai({
      server: "llama-server",
      reply: (_body, index) => (index < 3 ? loading : { content: good }),
    });
    const { ask, pauses } = await testTier({ primary_endpoint: fake.url });
    expect(await ask({ onProgress: (message) => said.push(message) })).toMatchObject({ state: "answered" });
    expect(pauses).toEqual([1_000, 1_000, 1_000]);
    expect(said[0]).toBe("loading glm-4.7-flash, 0 s");
  });

  it("gets one request at a time for each slot it has", async () => {
    const hold = gate();
    let running = 0;
    let most = 0;
    const fake = await openai({
      models: [{ id: "glm-4.7-flash", slots: 2 }],
      reply: async () => {
        running += 1;
        most = Math.max(most, running);
        await hold.promise;
        running -= 1;
        return { content: good };
      },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const jobs = Array.from({ length: 6 }, () => ask());
    await until(() => running === 2);
    hold.open();
    expect((await Promise.all(jobs)).map(({ state }) => state)).toEqual(Array(6).fill("answered"));
    expect(most).toBe(2);
  });

  it("names its queue when a job's limit passes in it", async () => {
    const fake = await openai({ reply: { hang: null } });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const first = new AbortController();
    const one = ask({ signal: first.signal }).catch((error) => error);
    await until(() => fake.completions().length === 1);
    expect(await ask({ limit: 500 })).toMatchObject({ state: "unavailable", kind: "busy" });
    first.abort(new Error("enough"));
    await one;
  });
});

describe("a cold load", () => {
  it("is shown as progress and lasts no longer than the limit", async () => {
    const hold = gate();
    const said: string[] = [];
    const fake = await openai({ load: () => hold.promise, reply: { content: good } });
    const { ask, tier } = await testTier({ primary_endpoint: fake.url }, { tick: 5 });
    await tier.state(new AbortController().signal);
    const short = await ask({ limit: 1_000 });
    expect(short).toMatchObject({ kind: "loading", message: "glm-4.7-flash was still loading after 1 s." });
    const job = ask({ onProgress: (message) => said.push(message) });
    await until(() => said.some((message) => /^loading glm-4.7-flash, \d+ s$/.test(message)));
    hold.open();
    expect(await job).toMatchObject({ state: "answered" });
  });

  it("is not paid twice for two jobs of one size around one of another", async () => {
    const swaps: string[] = [];
    const hold = gate();
    const fake = await openai({
      models: [
        { id: "glm-4.7-flash", context: 4_096 },
        { id: "glm-4.7-flash-large", context: 16_384 },
      ],
      load: (model) => void swaps.push(model),
      reply: async () => {
        await hold.promise;
        return { content: good };
      },
    });
    const { ask } = await testTier({
      primary_endpoint: fake.url,
      context_default: 4_096,
      context_max: 16_384,
    });
    const long = "x".repeat(20_000);
    const first = ask();
    await until(() => fake.completions().length === 1);
    const rest = [ask({ data: long }), ask(), ask({ data: long }), ask()];
    await new Promise(setImmediate);
    hold.open();
    const answers = await Promise.all([first, ...rest]);
    expect(answers.map((answer) => answer.state === "answered" && answer.size)).toEqual([
      "normal",
      "large",
      "normal",
      "large",
      "normal",
    ]);
    expect(swaps).toEqual(["glm-4.7-flash", "glm-4.7-flash-large"]);
  });

  it("of the normal model is spared when the large one is loaded", async () => {
    const fake = await openai({
      models: [{ id: "glm-4.7-flash" }, { id: "glm-4.7-flash-large", context: 131_072 }],
      loaded: ["glm-4.7-flash-large"],
      reply: { content: good },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ model: "glm-4.7-flash-large" });
    expect([...fake.loaded]).toEqual(["glm-4.7-flash-large"]);
  });
});

describe("a client that goes away", () => {
  it.each<[string, Reply]>([
    ["before the answer begins", { hang: null }],
    ["in the middle of it", { hang: '{"sev' }],
  ])("%s cancels the request on the server", async (_when, reply) => {
    const fake = await openai({ reply });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const controller = new AbortController();
    const job = ask({ signal: controller.signal }).then(
      () => "answered",
      (error) => error.message,
    );
    await until(() => fake.completions().length === 1);
    controller.abort(new Error("gone"));
    expect(await job).toBe("gone");
    await fake.leaves(1);
    // Nothing is held against the server.
    fake.options.reply = { content: good };
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("cancels on Ollama, too", async () => {
    const fake = await ollama({ reply: { hang: true } });
    const { ask } = await testTier({ prefilter_endpoint: fake.url, prefilter_model: "qwen2.5-coder:7b" });
    const controller = new AbortController();
    const job = ask({ role: "prefilter", signal: controller.signal }).catch((error) => error.message);
    await until(() => fake.chats().length === 1);
    controller.abort(new Error("gone"));
    expect(await job).toBe("gone");
    await until(() => fake.left() === 1);
  });

  it("leaves the queue", async () => {
    const hold = gate();
    const fake = await openai({
      reply: async () => {
        await hold.promise;
        return { content: good };
      },
    });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    const first = ask();
    await until(() => fake.completions().length === 1);
    const controller = new AbortController();
    const second = ask({ signal: controller.signal }).catch((error) => error.message);
    const third = ask();
    await new Promise(setImmediate);
    controller.abort(new Error("gone"));
    expect(await second).toBe("gone");
    hold.open();
    expect(await Promise.all([first, third])).toMatchObject([{ state: "answered" }, { state: "answered" }]);
    expect(fake.completions()).toHaveLength(2);
  });

  it("is not asked for when it was gone before", async () => {
    const fake = await openai();
    const { ask } = await testTier({ primary_endpoint: fake.url });
    await expect(ask({ signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
    expect(fake.requests).toEqual([]);
  });
});

describe("a dead endpoint", () => {
  it("is noticed once, and tried again by one call after a while", async () => {
    let now = 1_000_000;
    const closed = await openai();
    const { port, url } = closed;
    await closed.close();
    const { ask } = await testTier({ primary_endpoint: url }, { clock: () => now });
    expect(await ask()).toMatchObject({ kind: "not_running" });
    const fake = await openai({ port, reply: { content: good } });
    expect(await ask()).toMatchObject({ kind: "not_running" });
    expect(fake.requests).toEqual([]);
    now += 31_000;
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one).toMatchObject({ state: "answered" });
    expect(other).toMatchObject({ kind: "not_running" });
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("is noticed when it dies between two calls", async () => {
    const fake = await openai({ reply: { content: good } });
    const { ask } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ state: "answered" });
    await fake.close();
    expect(await ask()).toMatchObject({ kind: "not_running" });
  });

  it("that takes connections and never answers costs one look", async () => {
    let now = 1_000_000;
    const fake = await openai({ reply: { hang: null } });
    const { ask, tier } = await testTier({ primary_endpoint: fake.url }, { clock: () => now });
    await tier.state(new AbortController().signal);
    expect(await ask({ limit: 1_000 })).toMatchObject({ kind: "slow" });
    expect(await ask({ limit: 1_000 })).toMatchObject({ kind: "slow" });
    const asked = fake.completions().length;
    const started = performance.now();
    expect(await ask({ limit: 60_000 })).toMatchObject({ kind: "slow" });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(fake.completions()).toHaveLength(asked);
    now += 31_000;
    fake.options.reply = { content: good };
    expect(await ask()).toMatchObject({ state: "answered" });
  });

  it("is one that does not say twice what it has: a busy machine may be late once", {
    timeout: 60_000,
  }, async () => {
    const busy = await openai({ silentLooks: 1, reply: { content: good } });
    const hung = await openai({ silentLooks: 10 });
    const [late, hurried, dead] = await Promise.all([
      (await testTier({ primary_endpoint: busy.url })).ask({ limit: 60_000 }),
      (await testTier({ primary_endpoint: hung.url })).ask({ limit: 20_000 }),
      (await testTier({ primary_endpoint: hung.url })).ask({ limit: 60_000 }),
    ]);
    expect(late).toMatchObject({ state: "answered" });
    expect(hurried).toMatchObject({ kind: "slow" });
    expect(dead).toMatchObject({ kind: "slow" });
    // Both share the first look.
    expect(hung.requests).toHaveLength(2);
  });

  it("whose model does not start is not started again at every call", async () => {
    const fake = await openai({
      loadFails: () => ({ status: 500, body: { error: "upstream command exited prematurely" } }),
    });
    const { ask, tier } = await testTier({ primary_endpoint: fake.url });
    expect(await ask()).toMatchObject({ kind: "out_of_memory" });
    const props = fake.requests.filter(({ path }) => path.includes("/upstream/")).length;
    expect(await ask()).toMatchObject({ kind: "out_of_memory" });
    expect(fake.requests.filter(({ path }) => path.includes("/upstream/"))).toHaveLength(props);
    const { primary } = await tier.state(new AbortController().signal);
    expect(primary).toMatchObject({ up: true, problem: { kind: "out_of_memory" } });
  });
});
