import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { coolDown } from "../../src/analyzers/warm/warm.js";
import { callWorker, workerIds } from "../../src/analyzers/warm/workers.js";

const reading = z.array(z.object({ key: z.string(), answer: z.array(z.object({ line: z.number() })) }));

function read(text: string, signal = new AbortController().signal) {
  return callWorker("light", "data/data-process", [{ key: "a", format: "json", text }], reading, {
    signal,
    temporary: undefined,
  });
}

/** Nested so deep and so long that nobody reads it in a moment. */
const slow = `${'{"a":[1,2,3],'.repeat(4_000)}${"}".repeat(4_000)}`.repeat(40);

afterAll(coolDown);

describe("a worker", () => {
  it("is the same process for the next request", async () => {
    const [{ answer: found } = { answer: [] }] = await read("{");
    expect(found).toHaveLength(1);
    const [pid] = workerIds();
    await read("{}");
    expect(workerIds()).toEqual([pid]);
  });

  it("answers requests that come at once, each its own", async () => {
    const answers = await Promise.all(["{", "{}", "{\n\n\n]", "[]"].map((text) => read(text)));
    expect(answers.map(([one]) => one?.answer.length)).toEqual([1, 0, 1, 0]);
  });

  it("that is killed costs its request, and the next one gets a new process", async () => {
    const [pid] = workerIds();
    const lost = read(slow);
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    await expect(lost).rejects.toMatchObject({ kind: "crashed" });
    await expect(read("{}")).resolves.toHaveLength(1);
    expect(workerIds()).not.toContain(pid);
  });

  it("is killed with work that is cancelled; what waits behind it is answered", async () => {
    await read("{}");
    const [pid] = workerIds();
    const controller = new AbortController();
    const cancelled = read(slow, controller.signal);
    const waiting = read("[]");
    const reason = new Error("nobody waits");
    controller.abort(reason);
    await expect(cancelled).rejects.toBe(reason);
    await expect(waiting).resolves.toHaveLength(1);
    expect(workerIds()).not.toContain(pid);
  });

  it("is not started for what was cancelled before", async () => {
    await coolDown();
    await expect(read("{}", AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(workerIds()).toEqual([]);
  });

  it("loads scripts of ours only", async () => {
    const { signal } = new AbortController();
    await expect(
      callWorker("light", "../../evil", [], z.unknown(), { signal, temporary: undefined }),
    ).rejects.toMatchObject({ kind: "failed" });
  });

  it("sees nothing of our environment", async () => {
    const { readFileSync } = await import("node:fs");
    await read("{}");
    const [pid] = workerIds();
    if (process.platform !== "linux") return;
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
    expect(environment.map((one) => one.split("=")[0]).sort()).toEqual([
      "HOME",
      "NODE_CHANNEL_FD",
      "NODE_CHANNEL_SERIALIZATION_MODE",
      "PATH",
      "SLUICE_RUN",
      "TEMP",
      "TMP",
      "TMPDIR",
    ]);
  });
});
