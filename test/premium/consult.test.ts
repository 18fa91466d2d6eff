import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openProject } from "../../src/flow/project.js";
import { type Consultation, type ConsultOptions, consult, recommend } from "../../src/premium/consult.js";
import { SourceFailure } from "../../src/premium/source.js";
import { readQuota } from "../../src/state/quota-state.js";
import { type FakeSources, fakeSources } from "../support/premium.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { premiumKeys } from "../support/reviewing.js";

let repository: TestRepository;

beforeEach(() => {
  repository = testRepository();
  repository.commit();
});
afterEach(() => repository.remove());

const signal = new AbortController().signal;
const schema = { name: "questions", json: { type: "object" } };
const both = ["openai_pro:codex-5.2", "claude_max:opus-4.5"];

const opened = () => openProject(repository.sluice(), undefined, signal);

/** Nobody's programs, only these keys. */
function sluiceWith(env: Record<string, string> = premiumKeys) {
  const sluice = repository.sluice();
  return { ...sluice, env: { ...sluice.env, PATH: "", ...env } };
}

async function ask(
  sources: FakeSources,
  more: Partial<ConsultOptions> = {},
  env?: Record<string, string>,
): Promise<Consultation> {
  const { store, config } = await opened();
  return consult(sluiceWith(env), {
    store,
    config,
    models: both,
    purpose: "better questions",
    instructions: "Ask better.",
    prompt: "about this",
    schema,
    signal,
    open: sources.open,
    ...more,
  });
}

async function quotaOf(source: string) {
  const { store } = await opened();
  return (await readQuota(store, repository.sluice())).sources[source];
}

describe("asking a premium model once", () => {
  it("asks the first of the list with the caller's schema, and settles what it took", async () => {
    const sources = fakeSources(() => "so it is");
    const given = await ask(sources);
    expect(given).toMatchObject({
      state: "answered",
      source: "openai_pro",
      answer: { text: "so it is" },
      another_model: false,
      tokens: 1_100,
    });
    expect(sources.asked.map(({ request }) => request)).toMatchObject([
      { instructions: "Ask better.", prompt: "about this", schema, session: null },
    ]);
    expect(await quotaOf("openai_pro")).toMatchObject({ reservations: [], tokens_since_reset: 1_100 });
  });

  it("goes to the next source when one fails, and says of both", async () => {
    const sources = fakeSources(({ source }) =>
      source === "openai_pro" ? new SourceFailure("overloaded", "busy", "later") : "from the other",
    );
    const given = await ask(sources);
    expect(given).toMatchObject({ state: "answered", source: "claude_max" });
    expect(given.attempts.map(({ source, outcome }) => [source, outcome])).toEqual([
      ["openai_pro", "overloaded"],
      ["claude_max", "answered"],
    ]);
  });

  it("says who failed and why when nobody answers, and asks each once", async () => {
    const sources = fakeSources(() => new SourceFailure("timeout", "too slow", "later"));
    const given = await ask(sources);
    expect(given).toMatchObject({ state: "unanswered" });
    expect(given.state === "unanswered" && given.why).toContain("too slow");
    expect(sources.asked).toHaveLength(2);
  });

  it("notices when another model answered than was asked for", async () => {
    expect(await ask(fakeSources(() => ({ text: "x", model: "gpt-5.2-mini" })))).toMatchObject({
      state: "answered",
      another_model: true,
    });
  });

  it.each([
    ["a routing name: any source that has it", ["opus-4.5"], "claude_max", "claude-opus-4-5-20250514"],
    ["quota_lowest with a name", ["quota_lowest", "openai_pro:codex-5.2"], "openai_pro", "gpt-5.2-codex"],
  ])("takes %s", async (_, models, source, model) => {
    const env = source === "claude_max" ? premiumKeys : { OPENAI_API_KEY: "k", LOCAL_ENABLED: "0" };
    expect(
      await ask(
        fakeSources(() => "x"),
        { models },
        env,
      ),
    ).toMatchObject({ source, model });
  });
});

describe("asking nobody", () => {
  it.each([
    ["no source is set up", both, {}, /needs codex on PATH/],
    ["the name means nothing", ["local"], premiumKeys, /`local` is no model that a premium source lists/],
    ["a model that we asked started us", both, { ...premiumKeys, SLUICE_DEPTH: "1" }, /asks nobody else/],
  ])("when %s", async (_, models, env, why) => {
    const sources = fakeSources(() => "x");
    const given = await ask(sources, { models }, env);
    expect(given).toMatchObject({ state: "unanswered", decision: "none_configured" });
    expect(given.state === "unanswered" && given.why).toMatch(why);
    expect(sources.asked).toEqual([]);
  });

  const secret = ["ghp", "_", "16C7e42F292c6912E7710c838347Ae178B4a"].join("");

  it("with a secret, wherever it stands, and does not repeat it", async () => {
    const sources = fakeSources(() => "x");
    for (const more of [
      { prompt: `a token: ${secret}` },
      { instructions: secret },
      { prompt: `${secret} in a spec`, pieces: [{ path: "docs/a.md", text: `${secret} in` }] },
      { prompt: `before ${secret}`, pieces: [{ path: "docs/a.md", text: "something else" }] },
    ]) {
      const refused = ask(sources, more);
      await expect(refused).rejects.toThrow(/holds a secret/);
      await expect(refused).rejects.not.toThrow(secret);
    }
    expect(sources.asked).toEqual([]);
    expect((await quotaOf("openai_pro"))?.reservations ?? []).toEqual([]);
  });

  it("that is cancelled", async () => {
    const cancelled = AbortSignal.abort(new Error("enough"));
    await expect(
      ask(
        fakeSources(() => "x"),
        { signal: cancelled },
      ),
    ).rejects.toThrow();
  });
});

describe("recommending", () => {
  it.each([
    [premiumKeys, both, { decision: "route", source: "openai_pro", model: "gpt-5.2-codex" }],
    [{}, both, { decision: "none_configured", source: null, model: null }],
  ])("says whom it would ask, and reserves nothing", async (env, models, wanted) => {
    const { store, config } = await opened();
    expect(await recommend(sluiceWith(env), { store, config, models })).toMatchObject(wanted);
    expect(await quotaOf("openai_pro")).toBeUndefined();
  });
});
