import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { openAgy } from "../../src/premium/antigravity/agy.js";
import { readJson, usageWindows } from "../../src/premium/antigravity/agy-answers.js";
import { agyFailure } from "../../src/premium/antigravity/agy-failures.js";
import type { PremiumRequest } from "../../src/premium/source.js";
import { createSluice } from "../../src/sluice.js";
import { failureIn, premiumRequest } from "../support/premium.js";
import { received, writeProgram } from "../support/stand-in.js";

// agy is not to be had here: these stand-ins print what its documentation and its users show.
const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-agy-")));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const now = Date.parse("2026-11-22T12:00:00Z");

const bucket = (id: string, window: string, remaining_fraction: number, reset_time: string) => ({
  id,
  name: "n",
  window,
  remaining_fraction,
  reset_time,
});
const usage = {
  conversation_id: "",
  status: "SUCCESS",
  response: "tsv",
  num_turns: 0,
  usage: { total_tokens: 0 },
  command: {
    name: "usage",
    data: {
      groups: [
        {
          name: "Gemini Models",
          buckets: [
            bucket("gemini-weekly", "weekly", 0.818, "2026-11-25T03:12:00Z"),
            bucket("gemini-5h", "5h", 0, "2026-11-22T14:20:06Z"),
          ],
        },
        {
          name: "Claude and GPT models",
          buckets: [bucket("3p-weekly", "weekly", 1, "2026-11-29T12:00:00Z"), bucket("", "5h", 0.5, "soon")],
        },
      ],
    },
  },
};
const tools = (...names: string[]) => ({
  event: "init",
  conversation_id: "c",
  init: { model: "gemini-3.8-flash-high", cwd: "/w", tools: names },
});
const result = (more: object) => ({
  event: "result",
  result: {
    conversation_id: "c",
    status: "SUCCESS",
    response: "",
    num_turns: 1,
    usage: {
      input_tokens: 90,
      output_tokens: 7,
      thinking_tokens: 3,
      cache_read_tokens: 20,
      total_tokens: 120,
    },
    ...more,
  },
});

let programs = 0;
function agy(
  said: {
    version?: string;
    usage?: string;
    init?: string;
    after?: string;
    silent?: boolean;
    stderr?: string;
  } = {},
) {
  const file = writeProgram(
    top,
    `agy${programs++}`,
    `
const said = ${JSON.stringify({ version: "1.3.5", usage: JSON.stringify(usage), ...said })};
const args = process.argv.slice(2);
record({ args, env: process.env });
if (args[0] === "--version") { console.log("agy " + said.version); process.exit(0); }
if (args[0] === "-p") { process.stdout.write(said.usage); process.exit(0); }
if (said.init) console.log(said.init);
let input = "";
process.stdin.on("data", (chunk) => { input += chunk; });
process.stdin.on("end", () => {
  record({ input });
  if (said.stderr) process.stderr.write(said.stderr);
  if (!said.silent) { process.stdout.write(said.after ?? ""); process.exit(0); }
});
`,
  );
  const sluice = createSluice({
    cwd: top,
    env: { PATH: process.env.PATH, HOME: "/home/me", TMPDIR: top, GEMINI_API_KEY: "AIza-no" },
    clock: () => now,
  });
  return { file, source: openAgy(sluice, { program: file, key: null, endpoint: null, headers: {} }) };
}
const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
const request = (more: Partial<PremiumRequest> = {}) =>
  premiumRequest({ model: "gemini-3.8-flash-high", ...more });
const inputs = (file: string) => JSON.stringify(received(file)).includes("the change");

describe("what agy says is left", () => {
  it("is two pools of windows; one that nobody touched has no reset", () => {
    expect(
      usageWindows(usage)?.map(({ id, scope, used, resets_at }) => [
        id,
        scope,
        Math.round((used ?? 0) * 1_000),
        resets_at,
      ]),
    ).toEqual([
      ["weekly", "gemini", 182, Date.parse("2026-11-25T03:12:00Z")],
      ["5h", "gemini", 1_000, Date.parse("2026-11-22T14:20:06Z")],
      ["weekly", "3p", 0, null],
      ["5h", "3p", 500, null],
    ]);
  });

  it("is not taken from a model's answer to the same words", () => {
    expect(usageWindows({ ...usage, num_turns: 1 })).toBeNull();
    expect(usageWindows({ ...usage, command: undefined })).toBeNull();
    expect(usageWindows("usage")).toBeNull();
    const odd = {
      ...usage,
      command: {
        name: "quota",
        data: {
          groups: [
            {
              name: "Gemini Models",
              buckets: [
                bucket("gemini-5h", "5h", Number.NaN, ""),
                bucket("gemini-5h", "5h", -1, ""),
                bucket("x", "monthly", 0.5, ""),
              ],
            },
          ],
        },
      },
    };
    expect(usageWindows(odd)).toEqual([]);
  });

  it("is read in spite of raw line breaks inside of texts", () => {
    expect(readJson('{"response":"a\nb\\n","status":"SUCCESS"}')).toEqual({
      response: "a\nb\n",
      status: "SUCCESS",
    });
    expect(readJson("agy: no")).toBeNull();
  });

  it("is asked with the prompt right behind -p, in a home of our own and with no key", async () => {
    const { file, source } = agy();
    const probe = await source.probe({ signal: new AbortController().signal, timeout: 20_000 });
    expect(probe).toMatchObject({ state: "ready", allowed: null });
    expect(probe.windows).toHaveLength(4);
    const run = z
      .object({ args: z.array(z.string()), env: z.record(z.string(), z.string()) })
      .parse(received(file)[1]);
    expect(run.args.slice(0, 4)).toEqual(["-p", "/usage", "--output-format", "json"]);
    expect(run.env.HOME).not.toBe("/home/me");
    expect(run.env).not.toHaveProperty("GEMINI_API_KEY");
  });

  it.each([
    ["1.1.10", "unknown", 1],
    ["1.1.11", "ready", 2],
    ["2.0.0", "ready", 2],
    ["nightly", "unknown", 1],
  ])("of version %s is %s: an older one would ask a model", async (version, state, runs) => {
    const { file, source } = agy({ version });
    expect((await source.probe({ signal: new AbortController().signal, timeout: 20_000 })).state).toBe(state);
    expect(received(file)).toHaveLength(runs);
  });

  it("is signed out where agy says so", async () => {
    const { source } = agy({ usage: JSON.stringify({ status: "ERROR", error: "You are not logged in." }) });
    expect((await source.probe({ signal: new AbortController().signal, timeout: 20_000 })).state).toBe(
      "signed_out",
    );
  });
});

describe("a review over agy", () => {
  it("begins when agy has said that the model gets no tool", async () => {
    const { file, source } = agy({
      init: JSON.stringify(tools()),
      after: lines(
        { event: "step_update", step_update: { step_type: "agent_response" } },
        result({ response: "SHIP\n" }),
      ),
    });
    expect(await source.review(request())).toEqual({
      text: "SHIP\n",
      structured: null,
      model: "gemini-3.8-flash-high",
      tokens: { input: 90, cached_input: 20, output: 10 },
      session: null,
      windows: [],
    });
    const [, run, input] = received(file);
    expect(JSON.stringify(run)).not.toContain("the change");
    expect(JSON.stringify(run)).toContain("sluice-reviewer");
    expect(JSON.stringify(input)).toContain("the change");
  });

  it.each([
    [
      "has tools",
      { init: JSON.stringify(tools("finish", "run_command", "view_file")) },
      "run_command, view_file",
    ],
    [
      "does not say which it has",
      { init: JSON.stringify({ event: "init", init: { model: "m" } }) },
      "does not say",
    ],
    ["is too old", { version: "1.2.0" }, "1.2.0"],
  ])("is not begun when the model %s", async (_, said, words) => {
    const { file, source } = agy({ ...said, after: lines(result({ response: "SHIP" })) });
    const failed = await failureIn(source.review(request()));
    expect(failed.kind).toBe("not_stripped");
    expect(failed.message).toContain(words);
    expect(inputs(file)).toBe(false);
  });

  it("sends nothing to an agy that waits to be spoken to", async () => {
    const { file, source } = agy({ silent: true });
    expect((await failureIn(source.review(request({ timeout: 1_500 })))).kind).toBe("timeout");
    expect(inputs(file)).toBe(false);
  });

  it.each([
    [
      "an error with exit code 0",
      {
        status: "ERROR",
        error:
          "API error (attempt 3): RESOURCE_EXHAUSTED (code 429): Individual quota reached. Resets in 2h39m52s.",
      },
      "",
      "usage_limit",
    ],
    [
      "a part of an answer",
      { response: "half" },
      "print timeout after 5m with turn in progress; returning partial output",
      "cut",
    ],
    ["a denied tool", { response: "x", denied_actions: ["command"] }, "", "refused"],
    ["no word", { response: " " }, "", "silent"],
  ])("tells %s", async (_, more, stderr, kind) => {
    const { source } = agy({
      init: JSON.stringify(tools("manage_task")),
      after: lines(result(more)),
      stderr,
    });
    const failed = await failureIn(source.review(request()));
    expect(failed.kind).toBe(kind);
    if (kind === "usage_limit")
      expect(failed.throttle).toMatchObject({ until: now + 9_592_000, scope: "gemini" });
  });

  it("ends when agy crashes, and with a cancellation", async () => {
    const crashed = agy({ init: JSON.stringify(tools()), after: "", stderr: "panic" });
    expect((await failureIn(crashed.source.review(request()))).kind).toBe("unreachable");
    const stop = new AbortController();
    const hanging = agy({ init: JSON.stringify(tools()), silent: true });
    await expect(
      hanging.source.review(
        request({ signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) }),
      ),
    ).rejects.toThrow("enough");
  });
});

it.each([
  [
    "RESOURCE_EXHAUSTED (code 429): Individual quota reached. Resets in 165h16m5s.",
    "usage_limit",
    165 * 3_600_000 + 16 * 60_000 + 5_000,
  ],
  ["RESOURCE_EXHAUSTED (code 429)", "rate_limit", null],
  ["flags provided but not defined: -agent", "not_stripped", null],
  ["Please sign in to view available models", "auth", null],
  ["model gemini-9 not found", "model_unknown", null],
  ["UNAVAILABLE (code 503)", "overloaded", null],
])("agy's words %s mean %s", (said, kind, delay) => {
  const failed = agyFailure(said, { model: "claude-opus-4-5", now, text: "", tokens: null });
  expect([failed.kind, failed.retryAfter]).toEqual([kind, delay]);
  if (kind === "usage_limit") expect(failed.throttle?.scope).toBe("3p");
  if (kind === "model_unknown") expect(failed.message).toMatch(/Sluice knows of: .*gemini-3\.1-pro/);
});
