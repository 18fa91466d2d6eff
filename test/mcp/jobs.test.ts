import { beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { type JobRequest, Jobs, type Output } from "../../src/mcp/jobs.js";

/** Work that ends when the test says so. */
function piece(key = "k") {
  let finish: (output: Output) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const ended = new Promise<Output>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const state = { runs: 0, opened: 0, cancelled: false, stale: false };
  const say = new Set<(message: string) => void>();
  const open: JobRequest["open"] = async (signal, progress) => {
    state.opened += 1;
    say.add(progress);
    return {
      key,
      stale: async () => state.stale,
      run: () => {
        state.runs += 1;
        signal.addEventListener("abort", () => {
          state.cancelled = true;
          fail(new Error("aborted"));
        });
        return ended;
      },
    };
  };
  const progress = (message: string) => {
    for (const one of say) one(message);
  };
  return { open, finish, fail, state, progress };
}

let now = 0;
let jobs: Jobs;
beforeEach(() => {
  now = 1_000_000;
  jobs = new Jobs(() => now);
});

function call(work: ReturnType<typeof piece>, request: Partial<JobRequest> = {}) {
  return jobs.answer({
    tool: "t",
    job: undefined,
    wait: 60_000,
    signal: new AbortController().signal,
    onProgress: () => {},
    open: work.open,
    ...request,
  });
}

async function running(work: ReturnType<typeof piece>, request: Partial<JobRequest> = {}) {
  const answer = await call(work, { wait: 5, ...request });
  if (answer.state !== "running") throw new Error("expected a running job");
  return answer;
}

/** Lets promise chains get to where they wait. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("jobs", () => {
  it("gives the result of work that ends in time", async () => {
    const work = piece();
    work.finish({ verdict: "clean" });
    expect(await call(work)).toEqual({ state: "done", output: { verdict: "clean" }, stale: false });
  });

  it("answers running with what it is doing, and goes on by its id", async () => {
    const work = piece();
    const first = call(work, { wait: 20 });
    await settle();
    work.progress("running lint");
    now += 7_000;
    const answer = await first;
    expect(answer).toMatchObject({ state: "running", doing: "running lint", elapsed_s: 7 });
    const job = answer.state === "running" ? answer.job : "";
    work.finish({ ok: true });
    const other = piece();
    expect(await call(other, { job })).toMatchObject({ state: "done", output: { ok: true } });
    expect(other.state.opened).toBe(0);
  });

  it("hands a result out once, then runs anew", async () => {
    const work = piece();
    const { job } = await running(work);
    work.finish({ n: 1 });
    await call(work, { job });
    await expect(call(work, { job })).rejects.toThrow(/no job/);
    const next = piece();
    next.finish({ n: 2 });
    expect(await call(next)).toMatchObject({ output: { n: 2 } });
    expect(next.state.runs).toBe(1);
  });

  it("joins the same call to a running job", async () => {
    const work = piece();
    const other = piece();
    const both = [call(work), call(other)];
    await settle();
    work.finish({ n: 1 });
    expect((await Promise.all(both)).map((answer) => answer.state === "done" && answer.output)).toEqual([
      { n: 1 },
      { n: 1 },
    ]);
    expect(other.state.runs).toBe(0);
  });

  it("gives a result nobody came for to the same call, and then no more", async () => {
    const work = piece();
    await running(work);
    work.finish({ n: 1 });
    await settle();
    expect(await call(piece())).toMatchObject({ output: { n: 1 } });
    const anew = piece();
    anew.finish({ n: 2 });
    expect(await call(anew)).toMatchObject({ output: { n: 2 } });
  });

  it("keeps different keys and different tools apart", async () => {
    const a = piece("a");
    const b = piece("b");
    const c = piece("a");
    const all = [call(a), call(b), call(c, { tool: "other" })];
    await settle();
    a.finish({ n: 1 });
    b.finish({ n: 2 });
    c.finish({ n: 3 });
    expect((await Promise.all(all)).map((answer) => answer.state === "done" && answer.output.n)).toEqual([
      1, 2, 3,
    ]);
  });

  it("cancels work when the only call waiting is cancelled", async () => {
    const work = piece();
    const cancel = new AbortController();
    const waiting = call(work, { signal: cancel.signal });
    await settle();
    cancel.abort();
    await expect(waiting).rejects.toThrow(UsageError);
    expect(work.state.cancelled).toBe(true);
  });

  it("does not cancel what another call waits for, or what was promised to one that went away", async () => {
    const work = piece();
    const other = piece();
    const cancel = new AbortController();
    const kept = call(work);
    const dropped = call(other, { signal: cancel.signal });
    await settle();
    cancel.abort();
    await expect(dropped).rejects.toThrow();
    expect(work.state.cancelled).toBe(false);
    work.finish({});
    await kept;

    const promised = piece("p");
    await running(promised);
    const again = new AbortController();
    const joined = call(piece("p"), { signal: again.signal });
    await settle();
    again.abort();
    await expect(joined).rejects.toThrow();
    expect(promised.state.cancelled).toBe(false);
  });

  it("cancels when the call that came back for it is cancelled", async () => {
    const work = piece();
    const { job } = await running(work);
    const cancel = new AbortController();
    const waiting = call(work, { job, signal: cancel.signal });
    await settle();
    cancel.abort();
    await expect(waiting).rejects.toThrow();
    expect(work.state.cancelled).toBe(true);
  });

  it("runs anew after a cancelled or failed job, never joining it", async () => {
    const failed = piece();
    failed.fail(new UsageError("bad ref", "fix it"));
    await expect(call(failed)).rejects.toThrow("bad ref");
    const next = piece();
    next.finish({ n: 2 });
    expect(await call(next)).toMatchObject({ output: { n: 2 } });
  });

  it("says that a result is stale when its trees have moved", async () => {
    const work = piece();
    const { job } = await running(work);
    work.finish({});
    work.state.stale = true;
    expect(await call(work, { job })).toMatchObject({ state: "done", stale: true });
  });

  it("refuses another tool's job and an unknown one, saying what to do", async () => {
    const work = piece();
    const { job } = await running(work);
    await expect(call(work, { job, tool: "other" })).rejects.toMatchObject({
      message: expect.stringContaining("belongs to t"),
      hint: expect.stringContaining("Call t with it"),
    });
    await expect(call(work, { job: "nope" })).rejects.toMatchObject({
      hint: "Call t again without `job`.",
    });
  });

  it("keeps an unclaimed result for a quarter of an hour", async () => {
    const work = piece();
    const { job } = await running(work);
    work.finish({});
    await settle();
    now += 16 * 60_000;
    await expect(call(work, { job })).rejects.toThrow(/expired/);
  });

  it("does four at once, and the others in turn as they came", async () => {
    const work = Array.from({ length: 8 }, (_, n) => piece(`k${n}`));
    const answers = work.map((one) => call(one));
    await settle();
    const begun = () => work.map((one) => one.state.runs).join("");
    expect(begun()).toBe("11110000");
    work[2]?.finish({ n: 2 });
    await settle();
    expect(begun()).toBe("11111000");
    for (const one of work) one.finish({});
    expect(await Promise.all(answers)).toHaveLength(8);
    expect(begun()).toBe("11111111");
    const late = piece("late");
    late.finish({});
    expect(await call(late)).toMatchObject({ state: "done" });
  });

  it("says that a job waits for its turn, and takes one that is cancelled out of the row", async () => {
    const busy = Array.from({ length: 4 }, (_, n) => piece(`k${n}`));
    for (const one of busy) await running(one, { wait: 1 });
    const [cancelled, next] = [piece("cancelled"), piece("next")];
    const abort = new AbortController();
    const gone = call(cancelled, { signal: abort.signal });
    const waiting = await running(next);
    expect(waiting.doing).toBe("waiting for its turn: 5 calls came before");
    abort.abort();
    await expect(gone).rejects.toThrow(/cancelled/);
    busy[0]?.finish({});
    await settle();
    expect([cancelled.state.runs, next.state.runs]).toEqual([0, 1]);
    next.finish({ ok: true });
    expect(await call(next, { job: waiting.job })).toMatchObject({ state: "done", output: { ok: true } });
  });

  it("bounds how many wait", async () => {
    for (let n = 0; n < 32; n++) await running(piece(`k${n}`), { wait: 1 });
    await expect(call(piece("one more"))).rejects.toThrow(/32 calls are being worked on/);
  });

  it("cancels everything when it closes, and begins nothing after", async () => {
    const work = piece();
    await running(work);
    await jobs.close();
    expect(work.state.cancelled).toBe(true);
    await expect(call(piece())).rejects.toThrow(/shutting down/);
  });

  it("tells everyone who waits what is being done", async () => {
    const work = piece();
    const heard: string[] = [];
    const waiting = [
      call(work, { onProgress: (message) => heard.push(`1 ${message}`) }),
      call(piece(), { onProgress: (message) => heard.push(`2 ${message}`) }),
    ];
    await settle();
    work.progress("lint");
    work.finish({});
    await Promise.all(waiting);
    expect(heard).toContain("1 lint");
    expect(heard).toContain("2 lint");
  });
});
