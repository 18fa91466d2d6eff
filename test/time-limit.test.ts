import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { abortAfter } from "../src/time-limit.js";

setFlagsFromString("--expose_gc");
const collect: unknown = runInNewContext("gc");

describe("a time limit", () => {
  it("is kept when garbage is collected while a call waits under it and another signal", async () => {
    if (typeof collect !== "function") throw new Error("no garbage collector to be called");
    const cancelled = new AbortController();
    const signal = AbortSignal.any([cancelled.signal, abortAfter(300)]);
    const ended = new Promise<unknown>((resolve) =>
      signal.addEventListener("abort", () => resolve(signal.reason), { once: true }),
    );
    // In turns of their own: what a turn's weak references were asked for, it keeps.
    for (let round = 0; round < 5; round++) {
      await delay(10);
      collect();
    }
    expect(await Promise.race([ended, delay(5_000, "never ended")])).toMatchObject({ name: "TimeoutError" });
  });

  it("is no shorter for being very long", async () => {
    const signal = abortAfter(Number.MAX_SAFE_INTEGER);
    await delay(20);
    expect(signal.aborted).toBe(false);
  });
});
