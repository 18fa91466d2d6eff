import { Client } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { UsageError } from "../../src/errors.js";
import { defineLongTool, defineTool, groups, ownState, reads } from "../../src/mcp/define-tool.js";
import { instructions, instructionsLimit } from "../../src/mcp/instructions.js";
import { Jobs } from "../../src/mcp/jobs.js";
import { chosenGroups, createServer } from "../../src/mcp/server.js";
import { createSluice } from "../../src/sluice.js";

/** Two tools of the test's own, so that what is seen here is the server's doing alone. */
function probes() {
  const held: { finish: () => void; signal: AbortSignal; progress: (message: string) => void }[] = [];
  const greet = defineTool({
    name: "greet",
    group: "review",
    title: "Greet",
    description: "Says hello.",
    input: {
      name: z.string().optional(),
      times: z.int().max(3).optional(),
      fail: z.enum(["usage", "bug"]).optional(),
    },
    output: z.object({ greeting: z.string(), seen: z.array(z.object({ name: z.string() })) }),
    hints: reads,
    async run({ name, fail }) {
      if (fail === "usage") throw new UsageError("Nobody is there.", "Pass a name.");
      if (fail === "bug") throw new TypeError("undefined is not a function");
      return { greeting: `hello ${name ?? "you"}`, seen: [] };
    },
  });
  const hold = defineLongTool({
    name: "hold",
    group: ["quota", "plan"],
    title: "Hold",
    description: "Waits.",
    input: { what: z.string() },
    output: z.object({ held: z.string() }),
    hints: (world) => ({ ...ownState, destructiveHint: world.trustedGates }),
    open: async ({ what }) => ({ key: what, stale: async () => false }),
    run: (_subject, { what }, { signal, progress }) =>
      new Promise((resolve, reject) => {
        held.push({ finish: () => resolve({ held: what }), signal, progress });
        signal.addEventListener("abort", () => reject(new Error("aborted")));
      }),
  });
  return { tools: [greet, hold], held };
}

const logged: string[] = [];
let open: Client[] = [];

async function connected(options: { groups?: string; trustedGates?: boolean } = {}) {
  const { tools, held } = probes();
  const server = createServer({
    sluice: createSluice({ env: {}, log: (line) => logged.push(line) }),
    tools,
    groups: chosenGroups(options.groups),
    jobs: new Jobs(Date.now),
    world: {
      trustedGates: options.trustedGates ?? false,
      tools: false,
      remoteModel: false,
      sources: false,
      unsandboxed: false,
      github: false,
    },
  });
  const client = new Client({ name: "t", version: "1" });
  const [a, b] = InMemoryTransport.createLinkedPair();
  await server.connect(a);
  await client.connect(b);
  open.push(client);
  return { client, held };
}

beforeEach(() => {
  logged.length = 0;
});
afterEach(async () => {
  await Promise.all(open.map((client) => client.close()));
  open = [];
});

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe("the server", () => {
  it("advertises lean schemas, and answers that are whole, running or an error", async () => {
    const { client } = await connected();
    const { tools } = await client.listTools();
    const [greet, hold] = tools;
    expect(greet).toMatchObject({
      name: "greet",
      title: "Greet",
      inputSchema: { type: "object", additionalProperties: false },
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      outputSchema: {
        type: "object",
        anyOf: [{ required: ["greeting", "seen"] }, { required: ["error", "hint"] }],
      },
    });
    const text = JSON.stringify(greet);
    expect(text).not.toMatch(/\$schema|9007199254740991/);
    expect(hold?.inputSchema).toMatchObject({
      properties: { wait_s: { type: "number" }, job: {} },
      required: ["what"],
    });
    expect(hold?.outputSchema).toMatchObject({
      anyOf: expect.arrayContaining([{ required: ["state", "job"] }]),
    });
  });

  it("computes hints from what is configured", async () => {
    const { client } = await connected({ trustedGates: true });
    const { tools } = await client.listTools();
    expect(tools.find((tool) => tool.name === "hold")?.annotations?.destructiveHint).toBe(true);
  });

  it("answers with structure and the same as text", async () => {
    const { client } = await connected();
    const result = await client.callTool({ name: "greet", arguments: { name: "Ann" } });
    expect(result.structuredContent).toEqual({ greeting: "hello Ann", seen: [] });
    expect(result.content).toEqual([{ type: "text", text: JSON.stringify(result.structuredContent) }]);
  });

  it.each([
    [{ nam: "x" }, /unknown argument `nam`/, /Did you mean `name`\? greet takes: name, times, fail\./],
    [{ times: 9 }, /`times`: .*3/, /greet takes/],
    [{ fail: "usage" }, /^Nobody is there\.$/, /^Pass a name\.$/],
    [{ fail: "bug" }, /bug in Sluice: undefined is not a function/, /report/],
  ])("answers %j as an error with a hint, in both renderings", async (args, message, hint) => {
    const { client } = await connected();
    await client.listTools();
    const result = await client.callTool({ name: "greet", arguments: args });
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toEqual({
      error: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    const said = result.structuredContent;
    expect(result.content).toEqual([
      {
        type: "text",
        text: `${Reflect.get(Object(said), "error")}\nHint: ${Reflect.get(Object(said), "hint")}`,
      },
    ]);
  });

  it("refuses an unknown tool by the protocol's own error, naming those there are", async () => {
    const { client } = await connected();
    await expect(client.callTool({ name: "nope" })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("greet, hold"),
    });
  });

  it("answers running, says what it does, and goes on by the job's id", async () => {
    const { client, held } = await connected();
    await client.listTools();
    const first = client.callTool({ name: "hold", arguments: { what: "x", wait_s: 0.2 } });
    await until(() => held.length === 1);
    held[0]?.progress("holding on");
    const { structuredContent: running } = await first;
    expect(running).toMatchObject({ state: "running", doing: "holding on", job: expect.any(String) });
    const job = String(Reflect.get(Object(running), "job"));
    expect(running).toMatchObject({ next: `Call hold with {"job": "${job}"} to go on waiting.` });
    const second = client.callTool({ name: "hold", arguments: { job, wait_s: 0.1 } });
    expect((await second).structuredContent).toMatchObject({ state: "running", job });
    const third = client.callTool({ name: "hold", arguments: { what: "changed meanwhile", job } });
    held[0]?.finish();
    expect((await third).structuredContent).toEqual({ held: "x" });
    expect(held).toHaveLength(1);
    const gone = await client.callTool({ name: "hold", arguments: { what: "x", job } });
    expect(gone).toMatchObject({
      isError: true,
      structuredContent: { hint: "Call hold again without `job`." },
    });
  });

  it("sends progress to a client that asked for it", async () => {
    const { client, held } = await connected();
    const heard: unknown[] = [];
    const call = client.callTool(
      { name: "hold", arguments: { what: "x" } },
      { onprogress: (progress) => heard.push(progress) },
    );
    await until(() => held.length === 1);
    held[0]?.progress("one");
    held[0]?.progress("two");
    await until(() => heard.length === 2);
    held[0]?.finish();
    await call;
    expect(heard).toEqual([
      { progress: 1, message: "one" },
      { progress: 2, message: "two" },
    ]);
  });

  it("cancels the work when the client cancels its call", async () => {
    const { client, held } = await connected();
    const cancel = new AbortController();
    const call = client.callTool({ name: "hold", arguments: { what: "x" } }, { signal: cancel.signal });
    await until(() => held.length === 1);
    cancel.abort();
    await expect(call).rejects.toThrow();
    await until(() => held[0]?.signal.aborted === true);
  });

  it("loads only the groups that are asked for, and a tool of two groups with either", async () => {
    for (const [asked, listed] of [
      [" Quota, ", ["hold"]],
      ["plan", ["hold"]],
      ["review", ["greet"]],
      ["plan,review", ["greet", "hold"]],
      ["interview", []],
    ] as const) {
      const { client } = await connected({ groups: asked });
      expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(listed);
    }
    expect(() => chosenGroups("review,qouta")).toThrow(/unknown group of tools: "qouta"/);
    expect(chosenGroups("")).toEqual(new Set(groups));
  });

  it("has instructions within what clients keep, for any choice of groups", () => {
    for (let bits = 0; bits < 2 ** groups.length; bits++) {
      const chosen = new Set(groups.filter((_group, n) => (bits >> n) & 1));
      expect(instructions(chosen).length).toBeLessThanOrEqual(instructionsLimit);
    }
  });
});
