import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { CopilotSdk } from "../../src/premium/copilot/sdk.js";
import { open } from "../../src/premium/copilot.js";
import { createSluice } from "../../src/sluice.js";
import { failureIn, premiumRequest } from "../support/premium.js";
import { writeProgram } from "../support/stand-in.js";

const top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-copilot-sdk-")));
afterAll(() => rmSync(top, { recursive: true, force: true }));

interface Manner {
  tools?: unknown;
  model?: string;
  /** Events after the prompt came; `hang` tells none. */
  events?: readonly object[] | "hang";
  /** What asking the program for its models fails with. */
  models?: Error;
}

const answered = [
  { type: "model.call_start", data: {} },
  {
    type: "assistant.usage",
    data: { model: "claude-opus-4.5", inputTokens: 100, cacheReadTokens: 40, outputTokens: 20 },
  },
  { type: "assistant.message", data: { content: "Hello world" } },
  { type: "session.idle", data: {} },
];

/** The small part of `@github/copilot-sdk` that is used, over nothing; what it was asked is kept. */
function standIn(manner: Manner = {}) {
  const calls: { method: string; value?: unknown }[] = [];
  const call = (method: string, value?: unknown) => calls.push({ method, value });
  const session = (onCreate: object) => {
    call("createSession", onCreate);
    let tell: (event: unknown) => void = () => {};
    return {
      on(handler: (event: unknown) => void) {
        tell = handler;
      },
      async send(options: { prompt: string }) {
        call("send", options.prompt);
        if (manner.events !== "hang") for (const event of manner.events ?? answered) tell(event);
      },
      rpc: {
        tools: {
          initializeAndValidate: async () => call("validate"),
          getCurrentMetadata: async () => ({ tools: manner.tools ?? [] }),
        },
        mcp: { list: async () => ({ servers: [] }) },
        instructions: { getSources: async () => ({ sources: [] }) },
        model: { getCurrent: async () => ({ modelId: manner.model ?? "claude-opus-4.5" }) },
      },
    };
  };
  const sdk: CopilotSdk = {
    CopilotClient: class {
      constructor(options: object) {
        call("client", options);
      }
      rpc = {
        account: {
          getQuota: async () => ({
            quotaSnapshots: { premium_interactions: { entitlementRequests: 100, remainingPercentage: 75 } },
          }),
        },
        models: {
          list: async () => {
            if (manner.models !== undefined) throw manner.models;
            return { models: [{ id: "claude-opus-4.5" }] };
          },
        },
      };
      async start() {
        call("start");
      }
      async createSession(options: object) {
        return session(options);
      }
      async forceStop() {
        call("forceStop");
      }
    },
    RuntimeConnection: { forStdio: (options) => ({ stdio: options }) },
  };
  const program = writeProgram(top, `never${calls.length}`, "process.exit(9);");
  const sluice = createSluice({
    cwd: top,
    env: {
      PATH: process.env.PATH,
      HOME: top,
      TMPDIR: top,
      GH_TOKEN: "ghp_other",
      COPILOT_GITHUB_TOKEN: "mine",
    },
  });
  const source = open(
    sluice,
    "coding_agent",
    { program, key: null, endpoint: null, headers: {} },
    async () => sdk,
  );
  return { source, calls, program, methods: () => calls.map(({ method }) => method) };
}

describe("a review over GitHub's SDK", () => {
  it("is one answer of the user's own program, and what is left of the month", async () => {
    const { source, calls, program, methods } = standIn();
    const answer = await source.review(premiumRequest());
    expect(answer).toMatchObject({
      text: "Hello world",
      model: "claude-opus-4.5",
      tokens: { input: 100, cached_input: 40, output: 20 },
      session: null,
      windows: [{ id: "monthly", used: 0.25 }],
    });
    const [client] = calls;
    expect(client?.value).toMatchObject({
      connection: { stdio: { path: program, env: { COPILOT_GITHUB_TOKEN: "mine", SLUICE_DEPTH: "1" } } },
    });
    expect(JSON.stringify(client?.value)).not.toContain("ghp_other");
    expect(calls.find(({ method }) => method === "createSession")?.value).toMatchObject({
      model: "claude-opus-4.5",
      availableTools: [],
      mcpServers: {},
      enableConfigDiscovery: false,
      skipCustomInstructions: true,
      systemMessage: { mode: "replace" },
      configDirectory: expect.stringMatching(/sluice-reviewer-.*configuration$/),
    });
    expect(methods().indexOf("validate")).toBeLessThan(methods().indexOf("send"));
    expect(calls.find(({ method }) => method === "send")?.value).toBe("the change");
    expect(methods().at(-1)).toBe("forceStop");
  });

  it.each<[string, Manner]>([
    ["not_stripped", { tools: [{ name: "bash" }] }],
    ["model_unknown", { model: "gpt-5-mini" }],
    ["auth", { models: new Error("Not authenticated. Please authenticate first.") }],
  ])("sends nothing when it can't be asked as it must: %s", async (kind, manner) => {
    const { source, methods } = standIn(manner);
    expect((await failureIn(source.review(premiumRequest()))).kind).toBe(kind);
    expect(methods()).not.toContain("send");
    expect(methods()).toContain("forceStop");
  });

  it("ends the program when a limit is hit, when time is up, and when it is cancelled", async () => {
    const limited = {
      type: "session.error",
      data: { errorType: "rate_limit", statusCode: 429, message: "later" },
    };
    const hit = standIn({ events: [limited] });
    expect((await failureIn(hit.source.review(premiumRequest()))).throttle?.reason).toBe("rate_limit");
    expect(hit.methods()).toContain("forceStop");
    const late = standIn({ events: "hang" });
    expect((await failureIn(late.source.review(premiumRequest({ timeout: 200 })))).kind).toBe("timeout");
    expect(late.methods()).toContain("forceStop");
    const stop = new AbortController();
    const cancelled = standIn({ events: "hang" });
    const onProgress = () => stop.abort(new Error("enough"));
    const running = cancelled.source.review(premiumRequest({ signal: stop.signal, onProgress }));
    await expect(running).rejects.toThrow("enough");
    expect(cancelled.methods()).toContain("forceStop");
  });
});
