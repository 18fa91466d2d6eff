import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as z from "zod";
import { type MetricsDay, readMetrics } from "../../src/state/metrics.js";
import { openStore } from "../../src/state/store.js";
import { opened } from "../state/opened.js";
import { connect, type TestClient } from "../support/client.js";
import { reviewAnswer } from "../support/premium.js";
import type { TestRepository } from "../support/repository.js";
import { changedRepository, configureUser, settledAnswer } from "../support/reviewing.js";

const problem = "Adds one: a user in test/a.test.ts would be told 2, as k0nfidential says.";
const answers = [
  reviewAnswer("NEEDS_WORK", [
    { severity: "P1", file: "src/a.ts", line: 2, problem, suggestion: "Take it out." },
  ]),
  settledAnswer("SHIP", 1),
];
const tokensOfCalls = [4_000, 6_500];

let repository: TestRepository;
let server: Server;
let client: TestClient;
/** Paths that were asked for. */
let asked: string[];

/** Anthropic's API that wants no calls, and OpenAI's that answers, both on loopback. */
function provider(): Server {
  let given = 0;
  return createServer((request, response) => {
    request.resume();
    if (request.method !== "POST") return void response.writeHead(404).end();
    asked.push(request.url ?? "");
    if (request.url?.includes("/messages")) {
      const error = { type: "rate_limit_error", message: "This request would exceed your rate limit." };
      response.writeHead(429, { "content-type": "application/json", "retry-after": "7999" });
      return void response.end(JSON.stringify({ type: "error", error }));
    }
    const text = answers[given] ?? "";
    const total = tokensOfCalls[given] ?? 0;
    given += 1;
    const done = {
      id: "r",
      model: "gpt-5.2-2025-12-11",
      status: "completed",
      output: [
        { type: "message", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] },
      ],
      usage: {
        input_tokens: total - 100,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 100,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: total,
      },
    };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(
      `event: response.completed\ndata: ${JSON.stringify({ type: "response.completed", response: done })}\n\n`,
    );
  });
}

beforeEach(async () => {
  asked = [];
  repository = changedRepository();
  server = provider();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const list = ["claude_max:claude-opus-4-5", "openai_pro:gpt-5.2"];
  configureUser(repository, {
    premium_sources: {
      claude_max: { access_method: "api", endpoint, models: ["claude-opus-4-5"] },
      openai_pro: { access_method: "api", endpoint: `${endpoint}/v1`, models: ["gpt-5.2"] },
    },
    review: { routing: { routine: list, complex: list, security: list } },
  });
  client = await connect("v2 2026-07-28", repository, {
    env: {
      OPENAI_API_KEY: "sk-test",
      ANTHROPIC_API_KEY: "sk-test",
      LOCAL_ENABLED: "0",
      PREMIUM_REVIEW_ENABLED: "1",
    },
  });
  await client.list();
});

afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  repository.remove();
});

async function call(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { isError, text, structured } = await client.call(name, args);
  if (isError) throw new Error(text);
  return structured;
}

/** What was recorded, added up, and all of it as text. */
async function metrics(): Promise<{ day: MetricsDay; file: string }> {
  const store = await openStore(repository.sluice(), opened(repository));
  const all = await readMetrics(store);
  const [day, ...others] = Object.values(all.days);
  if (day === undefined || others.length > 0) throw new Error("not one day");
  return { day, file: JSON.stringify(all) };
}

const withConflict = `import { b } from "./b.js";
<<<<<<< HEAD
export const a = () => b() + 1;
=======
export const a = () => b() + 2;
>>>>>>> other
`;

it("a change's way to SHIP is recorded event by event, and savings_report says exactly what they amount to", {
  timeout: 120_000,
}, async () => {
  // The pre-screen sends it back.
  repository.write({ "src/a.ts": withConflict });
  const first = await call("review_change");
  expect(first).toMatchObject({ verdict: "NEEDS_WORK", decided_by: "prescreen", premium: null });
  expect((await metrics()).day).toMatchObject({ reviews: 1, sent_back: { prescreen: 1 } });

  // A finding that is called wrong, then a source that wants no calls, then one that sends it back.
  const { findings } = await call("prescreen_diff");
  const ids = z.array(z.object({ id: z.string() })).parse(findings);
  const raised = ids.length;
  const dismiss = ids.map(({ id }) => ({ id, reason: "it is meant so" }));
  expect(await call("prescreen_diff", { dismiss })).toMatchObject({ verdict: "clean" });
  expect(await call("review_change")).toMatchObject({ verdict: "NEEDS_WORK", decided_by: "premium" });
  expect(asked.map((path) => path.split("/").at(-1)?.split("?")[0])).toEqual(["messages", "responses"]);
  const { context } = await call("route_review");

  // Unchanged: a fingerprint takes the reviewer's place. Then it is repaired, shipped, and asked about again: what is
  // throttled is not asked any more.
  expect(await call("review_change")).toMatchObject({ verdict: "NEEDS_WORK", decided_by: "fingerprint" });
  repository.write({ "src/a.ts": 'import { b } from "./b.js";\nexport const a = () => b();\n// So.\n' });
  expect(await call("review_change")).toMatchObject({ verdict: "SHIP", decided_by: "premium" });
  const { context: repaired } = await call("route_review");
  expect(await call("review_change")).toMatchObject({ verdict: "SHIP", decided_by: "fingerprint" });
  expect(asked.map((path) => path.split("/").at(-1)?.split("?")[0])).toEqual([
    "messages",
    "responses",
    "responses",
  ]);

  const measured = tokensIn(context) + tokensIn(repaired);
  const { day, file } = await metrics();
  expect(day).toMatchObject({
    reviews: 5,
    ended: { prescreen: 1, premium: 2, fingerprint: 2 },
    stages: {
      gates: { skipped: 5 },
      prescreen: { passed: 5, issues: 2 },
      // What repeats NEEDS_WORK stands against the change; twice a verdict was due.
      fingerprint: { passed: 3, issues: 1 },
      classify: { passed: 2 },
      route: { passed: 4 },
      premium: { passed: 1, issues: 1 },
    },
    sent_back: { prescreen: 1, premium: 1 },
    raised: { "conflict-marker": 1 },
    dismissed: { "conflict-marker": 1 },
    fingerprint_checks: 4,
    fingerprint_skips: 2,
    first_verdicts: 1,
    first_ships: 0,
    verdicts: { "sluice NEEDS_WORK": 1, "sluice SHIP": 1 },
    premium: {
      claude_max: { answered: 0, failed: 1, tokens: 0 },
      openai_pro: { answered: 2, failed: 0, tokens: 10_500, counted: 2, pairs: 2, pair_context: measured },
    },
    purposes: { review: 2 },
    throttles: { "claude_max: rate_limit": 1 },
    escapes: { tests: 1 },
    contexts: 2,
    context_tokens: measured,
  });
  expect(file).not.toMatch(/k0nfidential|a\.ts|adds one|conflict was left|meant so|sk-test/i);

  const report = await call("savings_report");
  const mean = Math.round(measured / 2);
  const by_stage = [
    { stage: "gates", calls: 0, calls_low: 0, low: 0, high: 0, measured: 0 },
    // It was sent back before its context was counted.
    { stage: "prescreen", calls: 1, calls_low: 1, low: mean, high: mean, measured: 0 },
    { stage: "fingerprint", calls: 2, calls_low: 2, low: measured, high: measured, measured: 2 },
  ];
  expect(report).toMatchObject({
    premium_calls_per_task: { value: 2, count: 2, of: 1, enough: false },
    tokens_saved: {
      low: mean + measured,
      high: mean + measured,
      by_stage,
      contexts: 2,
      context_tokens: mean,
    },
    catch_rate: { value: 0.5, count: 1, of: 2, enough: false },
    sent_back_by: { prescreen: 1, premium: 1 },
    false_alarms: { value: 1, count: raised, of: raised },
    fingerprint_skips: { value: 0.5, count: 2, of: 4 },
    first_pass: { value: 0, count: 0, of: 1 },
    tasks: { reviewed: 1, shipped: 1, without_premium: 0, one_call: 0, more_calls: 1 },
    reviews: { total: 5, ended_by: { prescreen: 1, premium: 2, fingerprint: 2 } },
    premium: { answered: 2, failed: 1, told: 0, tokens: 10_500, by_purpose: { review: 2 } },
    escapes: { tests: 1 },
    throttles: { "claude_max: rate_limit": 1 },
    escalations: { "claude_max > another source: rate_limit": 1 },
  });
  expect(report.targets).toMatchObject([
    { name: "week_of_quota_days", value: null, state: "not_enough" },
    { name: "premium_calls_per_task", value: 2, state: "not_enough" },
    { name: "catch_rate", value: 0.5, state: "not_enough" },
  ]);
});

it("work of the other phases is recorded once each, by counts and names, and its savings are told", {
  timeout: 120_000,
}, async () => {
  const sentences = Array.from(
    { length: 60 },
    (_, at) => `Step ${at} of the k0nfidential import reads a line and keeps it where the last one was kept.`,
  );
  const spec = `# Import\n\n${sentences.join("\n")}\n\n## Acceptance\n- [ ] \`src/a.ts\` gives 2\n- [ ] a test says so\n`;
  repository.write({ "plan/import.md": spec });
  const task = "plan/import.md";
  const saved: number[] = [];
  for (let time = 0; time < 2; time += 1) {
    const { tokens } = await call("reanchor_task", { task });
    const { originals, summary } = z.object({ originals: z.number(), summary: z.number() }).parse(tokens);
    saved.push(originals - summary);
  }
  const [first = 0, second = 0] = saved;
  expect(first).toBeGreaterThan(0);
  await call("classify_task", { task });
  await call("run_scout", { feature: "an import of lines", scouts: ["repo"] });
  await call("draft_questions", { about: "an import of lines that are kept" });
  await call("draft_spec", { about: task, answers: [{ question: "How fast?", answer: "In 2 s." }] });
  await call("break_down_tasks", { spec: task });
  await call("implement_task", { task });

  const report = await call("savings_report");
  const done = (tool: string, failed = 0) =>
    expect.objectContaining({ tool, done: 1 - failed, failed, cached: 0 });
  expect(report.work).toHaveLength(7);
  expect(report.work).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ tool: "reanchor_task", done: 2, failed: 0 }),
      done("classify_task"),
      done("run_scout"),
      done("draft_questions"),
      done("draft_spec"),
      done("break_down_tasks"),
    ]),
  );
  expect(report.skips).toMatchObject({
    "scout: no model": 1,
    "questions: no model": 1,
    "tasks: no model": 1,
  });
  // It is no flow task, so that nobody knows whether it was one worker: each time counts.
  const { by_stage, assumption } = z
    .object({ by_stage: z.array(z.looseObject({ stage: z.string() })), assumption: z.string() })
    .parse(report.tokens_saved);
  expect(by_stage.find(({ stage }) => stage === "reanchor")).toEqual({
    stage: "reanchor",
    calls: 2,
    calls_low: 2,
    low: first + second,
    high: first + second,
    measured: 2,
  });
  expect(assumption).toContain("instead of the summary");
  const { file } = await metrics();
  expect(file).not.toMatch(/k0nfidential|import\.md|a\.ts|an import/i);
  expect(report.tasks).toMatchObject({ reviewed: 0 });
});

function tokensIn(context: unknown): number {
  const tokens =
    typeof context === "object" && context !== null && "tokens" in context ? context.tokens : null;
  if (typeof tokens !== "number") throw new Error("no tokens");
  return tokens;
}
