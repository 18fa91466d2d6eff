import { afterEach, describe, expect, it } from "vitest";
import { gate } from "../local/fakes.js";
import { clientKinds, connect, type TestClient } from "../support/client.js";
import type { Fake } from "../support/fake-openai.js";
import { type FakeResponses, fakeResponses } from "../support/fake-responses.js";
import { plannedRepository } from "../support/planning.js";
import { asking, type PlanningScript, planningModel, repeatFacts } from "../support/planning-model.js";
import type { TestRepository } from "../support/repository.js";
import { configureUser } from "../support/reviewing.js";

const tools = ["run_scout", "draft_questions", "draft_spec", "break_down_tasks", "review_plan"] as const;
const feature = "Greet people who have no name, too";

let repository: TestRepository;
let fake: Fake | null = null;
let premium: FakeResponses | null = null;
let client: TestClient | null = null;

afterEach(async () => {
  await client?.close();
  await fake?.close();
  await premium?.close();
  fake = null;
  premium = null;
  client = null;
  repository.remove();
});

async function start(
  kind: (typeof clientKinds)[number],
  { script, env }: { script?: PlanningScript; env?: Record<string, string> } = {},
): Promise<TestClient> {
  fake = await planningModel(script);
  client = await connect(kind, repository, { env: { ...asking(fake), ...env } });
  return client;
}

/** OpenAI's API on loopback as the user's only premium source. */
async function withPremium(config: object = {}): Promise<FakeResponses> {
  premium = await fakeResponses();
  configureUser(repository, {
    premium_sources: {
      openai_pro: { access_method: "api", endpoint: `${premium.url}/v1`, models: ["gpt-5.5"] },
    },
    ...config,
  });
  return premium;
}
const paid = { OPENAI_API_KEY: "sk-test", PREMIUM_REVIEW_ENABLED: "1" };
const sent = ({ requests }: FakeResponses) => requests.filter(({ body }) => body !== null).length;

async function openHints(of: TestClient): Promise<Record<string, unknown>> {
  const listed = await of.list();
  return Object.fromEntries(
    tools.map((name) => [name, listed.find((tool) => tool.name === name)?.annotations?.openWorldHint]),
  );
}

const each = (value: boolean) => Object.fromEntries(tools.map((name) => [name, value]));

describe("the tools before any work, through a real client with a local model", () => {
  it.each(clientKinds)(
    "answer shortly, the first field first, and stay in: %s",
    { timeout: 180_000 },
    async (kind) => {
      repository = plannedRepository();
      const connected = await start(kind);
      expect(await openHints(connected)).toEqual(each(false));
      const calls = [
        ["run_scout", { feature }, "scouts"],
        ["draft_questions", { about: feature, per_category: 10 }, "questions"],
        ["draft_spec", { about: feature }, "markdown"],
        ["break_down_tasks", { spec: "fn-1" }, "tasks"],
        ["review_plan", { spec: "fn-1", until: "prescreen" }, "verdict"],
      ] as const;
      for (const [name, args, first] of calls) {
        const { isError, structured, text } = await connected.call(name, args);
        expect([name, isError, text.slice(0, isError ? 500 : 0)]).toEqual([name, false, ""]);
        expect([name, Object.keys(structured)[0]]).toEqual([name, first]);
        expect(Buffer.byteLength(JSON.stringify(structured))).toBeLessThan(9_000);
        expect(JSON.parse(text)).toEqual(structured);
      }
      const steps = fake?.completions().map((body) => body.response_format.json_schema.name) ?? [];
      for (const step of ["scout_repo", "interview_questions", "interview_spec", "plan_tasks", "plan_screen"])
        expect(steps).toContain(step);
      expect(repository.git("status", "--porcelain")).toBe("");
    },
  );

  it("go on by their job, whoever waits, and ask the model once for it", { timeout: 120_000 }, async () => {
    repository = plannedRepository();
    const hold = gate();
    const connected = await start("v1", {
      script: {
        scout: async (shown) => {
          await hold.promise;
          return repeatFacts(shown);
        },
      },
    });
    const begun = await connected.call("run_scout", { feature, scouts: ["repo"], wait_s: 0 });
    expect(begun.structured).toMatchObject({ state: "running", job: expect.any(String) });
    const waiting = connected.call("run_scout", { job: begun.structured.job });
    hold.open();
    const { structured, isError } = await waiting;
    expect([isError, structured.error]).toEqual([false, undefined]);
    expect(structured).toMatchObject({ scouts: [{ name: "repo", state: "condensed" }] });
    expect(fake?.completions()).toHaveLength(1);
    // A job's id is all that a call needs to go on waiting.
    for (const name of tools) {
      const { text } = await connected.call(name, { job: "gone" });
      expect([name, text]).toEqual([name, expect.stringContaining('There is no job "gone"')]);
    }
  });
});

describe("what the tools before any work promise a client", () => {
  it.each([
    ["a model on another machine", { LOCAL_ENDPOINT: "http://far.example:8080" }],
    ["a premium source", paid],
  ])("is no more than is so: open with %s", { timeout: 60_000 }, async (_, env) => {
    repository = plannedRepository();
    if ("OPENAI_API_KEY" in env) await withPremium();
    const connected = await start("v1", { env });
    expect(await openHints(connected)).toEqual(each(true));
    const listed = await connected.list();
    for (const name of tools) {
      const { annotations } = listed.find((tool) => tool.name === name) ?? {};
      expect(annotations).toMatchObject({ destructiveHint: false });
      // A premium call is written down with the quota.
      expect([name, annotations?.readOnlyHint]).toEqual([name, name === "draft_questions" && env !== paid]);
    }
  });
});

const askAll = [
  ["run_scout", { feature }],
  ["draft_spec", { about: feature }],
  ["draft_questions", { about: feature, categories: ["scope"] }],
  ["break_down_tasks", { spec: "fn-1" }],
] as const;

describe("a premium model", () => {
  it("is never asked by itself, whatever a repository nobody trusts says", { timeout: 180_000 }, async () => {
    repository = plannedRepository();
    const premium = { backend: "premium", model: "gpt-5.5" };
    repository.write({
      ".flow/config.json": JSON.stringify({
        interview: { question_generation: premium, spec_drafting: premium },
        plan: { spec_drafting: premium, task_breakdown: premium, scouts: { repo_scout: premium } },
      }),
    });
    const source = await withPremium();
    const connected = await start("v1", { env: paid });
    for (const [name, args] of askAll) {
      expect([name, (await connected.call(name, args)).isError]).toEqual([name, false]);
      expect([name, sent(source)]).toEqual([name, 0]);
    }
  });

  it("is not asked for what the local model could not do, but for an interview, once", {
    timeout: 180_000,
  }, async () => {
    repository = plannedRepository();
    const source = await withPremium();
    const connected = await start("v1", { env: { ...paid, LOCAL_ENABLED: "0" } });
    for (const [name, args] of askAll) {
      if (name === "draft_questions") continue;
      expect([name, (await connected.call(name, args)).isError]).toEqual([name, false]);
      expect([name, sent(source)]).toEqual([name, 0]);
    }
    source.reply = {
      text: JSON.stringify({
        questions: [
          {
            category: "scope",
            question: "Which greeting does a person without a name get from the program?",
            why: "It has to be written down.",
            options: [],
          },
        ],
      }),
    };
    const { structured } = await connected.call("draft_questions", { about: feature, categories: ["scope"] });
    expect(sent(source)).toBe(1);
    expect(JSON.stringify(structured.questions)).toContain('"from":"premium"');
  });

  it("is asked once by a scout that is set to it, when the call says so", { timeout: 120_000 }, async () => {
    repository = plannedRepository();
    const source = await withPremium({
      plan: { scouts: { repo_scout: { backend: "premium", model: "gpt-5.5" } } },
    });
    const connected = await start("v1", { env: paid });
    const request = { feature, scouts: ["repo"] };
    const without = await connected.call("run_scout", request);
    expect(without.structured).toMatchObject({
      scouts: [{ state: "condensed", why: expect.stringContaining("premium: true") }],
    });
    expect(sent(source)).toBe(0);
    source.reply = {
      text: JSON.stringify({
        findings: [
          { section: "Gotchas", text: "The one fact matters.", from: ["F1"], files: [], symbols: [] },
        ],
      }),
    };
    const asked = await connected.call("run_scout", { ...request, premium: true });
    expect(asked.structured).toMatchObject({ scouts: [{ state: "condensed" }] });
    expect(JSON.stringify(asked.structured)).toContain("The one fact matters.");
    expect(sent(source)).toBe(1);
    // And what it said is kept.
    await connected.call("run_scout", { ...request, premium: true });
    expect(sent(source)).toBe(1);
  });
});
