import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bounded } from "../../src/premium/bounded.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new AbortController().signal;

it("ends a call that hangs, and tells it", async () => {
  let told: AbortSignal | null = null;
  const call = bounded("slow", 60_000, never, (signal) => {
    told = signal;
    return new Promise(() => {});
  });
  const ended = expect(call).rejects.toMatchObject({ kind: "timeout" });
  await vi.advanceTimersByTimeAsync(60_000);
  await ended;
  expect(told).toMatchObject({ aborted: true });
});

it("leaves an answer and a failure as they are, and no timer behind", async () => {
  expect(await bounded("quick", 1_000, never, async () => 7)).toBe(7);
  await expect(bounded("quick", 1_000, never, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(vi.getTimerCount()).toBe(0);
});
