import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.js";
import { openProject, type Project } from "../../src/flow/project.js";
import { chooseWorker, type Level, type Worker, wantedWorker } from "../../src/work/classify/worker.js";
import { fakeOpenai } from "../support/fake-openai.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { premiumKeys } from "../support/reviewing.js";

const signal = new AbortController().signal;
let repository: TestRepository;
let project: Project;
beforeAll(async () => {
  repository = testRepository();
  repository.commit();
  project = await openProject(repository.sluice(), undefined, signal);
});
afterAll(() => repository.remove());

type Kind = { security?: boolean; architectural?: boolean };

function wanted(level: Level, kind: Kind = {}, work: object = {}) {
  const config = { ...project.config, work: configSchema.parse({ work }).work };
  return wantedWorker({ config, level, security: false, architectural: false, ...kind });
}

async function choose(
  level: Level,
  env: Record<string, string>,
  kind: Kind = {},
  config: Project["config"] = project.config,
): Promise<Worker> {
  const sluice = repository.sluice();
  const { worker } = await chooseWorker(
    // Nobody's programs, only these keys.
    { ...sluice, env: { ...sluice.env, PATH: "", ...env } },
    { store: project.store, config, level, security: false, architectural: false, signal, ...kind },
  );
  return worker;
}

const off = () => ({ ...project.config, local: { ...project.config.local, enabled: false } });

describe("the worker that the configuration names", () => {
  it.each([
    ["LOW", {}, "local", "GLM-4.7-Flash", null, "complexity_based"],
    ["MEDIUM", {}, "hybrid", "GLM-4.7-Flash", "sonnet-4", "local_first_premium_fallback"],
    ["HIGH", {}, "premium", null, "opus-4.5", "complexity_based"],
    ["HIGH", { security: true }, "premium", null, "codex-5.2", "complexity_based"],
    ["HIGH", { architectural: true }, "premium", null, "opus-4.5", "complexity_based"],
    ["HIGH", { security: true, architectural: true }, "premium", null, "codex-5.2", "complexity_based"],
  ] as const)("for %s %j is %s", (level, kind, backend, local, premium, strategy) => {
    expect(wanted(level, kind)).toMatchObject({ backend, local, premium, strategy, notes: [] });
  });

  const selection = {
    low_complexity: { model: "tiny" },
    medium_complexity: { local_model: "middle", premium_model: "haiku-4.5", strategy: "premium_first" },
    high_complexity: { security: "a", architectural: "b", default: "c" },
  };
  it.each([
    ["LOW", {}, {}, { local: "tiny", premium: null }],
    ["MEDIUM", {}, {}, { local: "middle", premium: "haiku-4.5", strategy: "premium_first" }],
    ["HIGH", { security: true }, {}, { premium: "a" }],
    ["HIGH", { architectural: true }, {}, { premium: "b" }],
    ["HIGH", {}, {}, { premium: "c" }],
    ["HIGH", {}, { strategy: "local" }, { backend: "local", local: "middle", premium: null }],
    ["LOW", {}, { strategy: "premium" }, { backend: "premium", local: null, premium: "haiku-4.5" }],
    ["LOW", {}, { strategy: "hybrid" }, { backend: "hybrid", local: "tiny", premium: "haiku-4.5" }],
    [
      "LOW",
      {},
      { low_complexity: { backend: "premium", model: "opus-5" } },
      { premium: "opus-5", local: null },
    ],
    ["HIGH", {}, { high_complexity: { backend: "hybrid", default: "c" } }, { local: "middle", premium: "c" }],
    [
      "MEDIUM",
      {},
      { medium_complexity: { backend: "local", local_model: "m" } },
      { local: "m", premium: null },
    ],
  ] as const)("honours every key: %s %j %j", (level, kind, more, expected) => {
    expect(wanted(level, kind, { model_selection: { ...selection, ...more } })).toMatchObject(expected);
  });

  it("says so when it does not know a strategy", () => {
    const { notes, backend } = wanted("LOW", {}, { model_selection: { strategy: "by_moon" } });
    expect([backend, notes[0]]).toEqual(["local", expect.stringContaining("by_moon")]);
  });
});

describe("a worker that can be had now", () => {
  it("names the source and its model", async () => {
    const worker = await choose("HIGH", premiumKeys, { security: true }, off());
    expect(worker).toMatchObject({
      backend: "premium",
      model: "codex-5.2",
      premium_model: "codex-5.2",
      source: "openai_pro",
      source_model: "gpt-5.2-codex",
      available: true,
      instead: null,
    });
  });

  it("says what to use while the local tier is down", async () => {
    const alone = await choose("LOW", {}, {}, off());
    expect(alone).toMatchObject({ backend: "local", available: false, source: null });
    expect(alone.instead).toMatch(/switched off.*do it yourself/);
    const paid = await choose("LOW", premiumKeys, {}, off());
    expect(paid.instead).toMatch(/switched off.*claude-sonnet-4-20250514 of claude_max/);
    const hybrid = await choose("MEDIUM", premiumKeys, {}, off());
    expect(hybrid).toMatchObject({ available: false, source: "claude_max" });
    expect(hybrid.instead).toMatch(/claude-sonnet-4-20250514 of claude_max.*without a local model/);
  });

  it("gives security work to no model that was not named for it", async () => {
    const onlyClaude = { ANTHROPIC_API_KEY: "k" };
    const security = await choose("HIGH", onlyClaude, { security: true }, off());
    expect(security).toMatchObject({ available: false, source: null });
    expect(security.instead).toMatch(/^Do it yourself/);
    const onlyOpenai = { OPENAI_API_KEY: "k" };
    expect((await choose("HIGH", onlyOpenai, {}, off())).instead).toMatch(/^Do it yourself/);
  });

  it("needs nothing else where the local model is up", async () => {
    const fake = await fakeOpenai({ server: "llama-server" });
    const local = { ...project.config.local, primary_endpoint: fake.url, prefilter_enabled: false };
    try {
      const config = { ...project.config, local };
      expect(await choose("LOW", {}, {}, config)).toMatchObject({ available: true, instead: null });
      const hybrid = await choose("MEDIUM", {}, {}, config);
      expect(hybrid.instead).toMatch(/^The local model can begin; .*do it yourself/);
    } finally {
      await fake.close();
    }
  });

  it("is advised on as work.worker says", async () => {
    const worker = { subagent: false, fresh_context: false };
    const config = { ...off(), work: { ...project.config.work, worker } };
    expect((await choose("LOW", {}, {}, config)).advice.join(" ")).toMatch(/in this session.*Go on with/);
    expect((await choose("LOW", {}, {}, off())).advice.join(" ")).toMatch(
      /subagent of its own.*fresh context/,
    );
  });
});
