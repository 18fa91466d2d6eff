import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { fence } from "../../src/fence.js";
import { sentSchema } from "../../src/local/answer-schema.js";
import { Breaker } from "../../src/local/breaker.js";
import { LocalFailure } from "../../src/local/failures.js";
import { Queue } from "../../src/local/queue.js";
import { close, listen } from "../support/fake-openai.js";
import { endAfterEach } from "./fakes.js";
import { testTier } from "./tier.js";

endAfterEach();

const signal = new AbortController().signal;
const failure = new LocalFailure("not_running", "Nothing listens.", "Start it.");

describe("the queue", () => {
  it("keeps jobs of one model together, but lets nobody wait without end", async () => {
    const queue = new Queue(() => false);
    const order: string[] = [];
    const job = async (model: string) => {
      const free = await queue.take(model, new AbortController().signal);
      order.push(model);
      await new Promise(setImmediate);
      free();
    };
    const jobs = [job("a"), job("b"), ...Array.from({ length: 30 }, () => job("a"))];
    await Promise.all(jobs);
    // 16 may overtake, then it is the other's turn.
    expect(order.indexOf("b")).toBe(17);
    expect(order).toHaveLength(32);
    expect(queue.load).toEqual({ waiting: 0, running: 0 });
  });

  it("runs models side by side only where both are loaded", async () => {
    for (const together of [true, false]) {
      const queue = new Queue(() => together);
      await queue.take("a", signal);
      const other = queue.take("b", signal);
      const first = await Promise.race([other, new Promise((resolve) => setImmediate(resolve, "waits"))]);
      expect(first === "waits").toBe(!together);
    }
  });

  it("frees a slot once, however often it is asked to", async () => {
    const queue = new Queue(() => false);
    const free = await queue.take("a", signal);
    free();
    free();
    await queue.take("a", signal);
    expect(queue.load.running).toBe(1);
  });
});

describe("the breaker", () => {
  it("lets one call try after a while, and the next one when that was cancelled", () => {
    const breaker = new Breaker();
    expect(breaker.check(0)).toBeNull();
    breaker.failed(failure, 0);
    expect(breaker.check(29_999)).toBe(failure);
    expect(breaker.check(30_000)).toBeNull();
    expect(breaker.check(30_000)).toBe(failure);
    breaker.undecided();
    expect(breaker.check(30_000)).toBeNull();
    breaker.failed(failure, 30_000);
    expect(breaker.check(59_999)).toBe(failure);
    breaker.succeeded();
    expect(breaker.check(60_000)).toBeNull();
  });

  it("counts the second of two slow calls in a row", () => {
    const breaker = new Breaker();
    breaker.strike(failure, 0);
    expect(breaker.check(0)).toBeNull();
    breaker.succeeded();
    breaker.strike(failure, 0);
    expect(breaker.check(0)).toBeNull();
    breaker.strike(failure, 0);
    expect(breaker.check(0)).toBe(failure);
  });
});

describe("the schema that is sent", () => {
  const finding = z.object({ line: z.int().min(1), why: z.string().min(1).max(200) });

  it.each<[string, z.ZodType, unknown]>([
    ["no pattern", z.string().regex(/^a$/), { type: "string" }],
    ["no format's pattern", z.uuid(), { type: "string" }],
    ["no range of fractions", z.number().min(0).max(1), { type: "number" }],
    ["a range of whole numbers", z.int().min(1).max(5), { type: "integer", minimum: 1, maximum: 5 }],
    ["no range that only says what a whole number is", z.int(), { type: "integer" }],
    ["no long text's length", z.string().max(5_000), { type: "string" }],
    ["null", z.string().nullable(), { anyOf: [{ type: "string" }, { type: "null" }] }],
    [
      "a whole number's range beside null",
      z.int().min(1).nullable(),
      { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] },
    ],
    [
      "a choice of words or null",
      z.enum(["a", "b"]).nullable(),
      { anyOf: [{ type: "string", enum: ["a", "b"] }, { type: "null" }] },
    ],
    ["a constant", z.literal("a"), { type: "string", const: "a" }],
    [
      "what is used twice, written out",
      z.object({ a: finding, b: z.array(finding).max(3) }),
      {
        type: "object",
        properties: {
          a: {
            type: "object",
            properties: {
              line: { type: "integer", minimum: 1 },
              why: { type: "string", minLength: 1, maxLength: 200 },
            },
            required: ["line", "why"],
            additionalProperties: false,
          },
          b: {
            type: "array",
            maxItems: 3,
            items: {
              type: "object",
              properties: {
                line: { type: "integer", minimum: 1 },
                why: { type: "string", minLength: 1, maxLength: 200 },
              },
              required: ["line", "why"],
              additionalProperties: false,
            },
          },
        },
        required: ["a", "b"],
        additionalProperties: false,
      },
    ],
    [
      "every field asked for",
      z.object({ a: z.string().optional() }),
      expect.objectContaining({ required: ["a"] }),
    ],
    ["a choice", z.union([z.string(), z.int()]), { anyOf: [{ type: "string" }, { type: "integer" }] }],
  ])("has %s", (_what, schema, expected) => {
    expect(sentSchema(schema)).toEqual(expected);
  });

  it("ends for one that contains itself", () => {
    type Tree = { children: Tree[] };
    const tree: z.ZodType<Tree> = z.object({
      get children() {
        return z.array(tree);
      },
    });
    expect(JSON.stringify(sentSchema(tree)).length).toBeLessThan(5_000);
  });
});

describe("fenced data", () => {
  it("can't contain its own mark", () => {
    const inner = fence("x");
    const outer = fence(inner);
    const [, mark] = /^<<<(\S+)\n/.exec(outer) ?? [];
    expect(outer.split(String(mark))).toHaveLength(3);
    expect(fence("x")).not.toBe(inner);
  });
});

describe("an endpoint beyond this machine", () => {
  it("is reached through the proxy that the environment names", async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      asked.push(request.url);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await listen(proxy, 0, "127.0.0.1");
    const { port } = proxy.address() as AddressInfo;
    try {
      const env = { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "direct.invalid" };
      const { ask } = await testTier({ primary_endpoint: "http://models.invalid:8080" }, { env });
      expect(await ask()).toMatchObject({ state: "unavailable" });
      expect(new Set(asked)).toEqual(new Set(["models.invalid:8080"]));
      const direct = await testTier({ primary_endpoint: "http://direct.invalid:8080" }, { env });
      expect(await direct.ask()).toMatchObject({ state: "unavailable", kind: "not_running" });
      expect(new Set(asked)).toEqual(new Set(["models.invalid:8080"]));
    } finally {
      await close(proxy);
    }
  });
});
