import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clientKinds, connect, type TestClient } from "../support/client.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { trustEverything } from "../support/trust.js";

let repository: TestRepository;
let clients: TestClient[] = [];
let runs: string;
let release: string;

/** A trusted gate that goes on until a file appears, and notes each of its runs. */
beforeEach(async () => {
  repository = testRepository();
  runs = join(repository.path, "..", "runs");
  release = join(repository.path, "..", "release");
  repository.write({
    "README.md": "hello\n",
    "gate.mjs": `import { appendFileSync, existsSync } from "node:fs";
appendFileSync(${JSON.stringify(runs)}, process.pid + "\\n");
setInterval(() => { if (existsSync(${JSON.stringify(release)})) process.exit(0); }, 20);
`,
    ".flow/config.json": JSON.stringify({
      review: { gates: { checks: ["lint"], commands: { lint: "node gate.mjs" } } },
    }),
  });
  repository.commit();
  repository.write({ "README.md": "hello, world\n" });
  await trustEverything(repository);
});
afterEach(async () => {
  writeFileSync(release, "");
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  repository.remove();
});

async function start(kind: (typeof clientKinds)[number] = "v2 2026-07-28") {
  const client = await connect(kind, repository);
  clients.push(client);
  await client.list();
  return client;
}

const started = () =>
  existsSync(runs) ? readFileSync(runs, "utf8").split("\n").filter(Boolean).map(Number) : [];
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("long work", () => {
  it.each(clientKinds)("answers running and goes on by its id, through %s", async (kind) => {
    const client = await start(kind);
    const first = await client.call("run_gates", { wait_s: 0 });
    expect(first.structured).toMatchObject({ state: "running", job: expect.any(String) });
    const { job } = first.structured;
    await until(() => started().length === 1);
    const second = await client.call("run_gates", { job, wait_s: 0.1 });
    expect(second.structured).toMatchObject({
      state: "running",
      doing: expect.stringContaining("lint"),
      job,
    });
    writeFileSync(release, "");
    const third = await client.call("run_gates", { job });
    expect(third.structured).toMatchObject({ passed: true, checks: [{ name: "lint", state: "passed" }] });
    const gone = await client.call("run_gates", { job });
    expect(gone.isError).toBe(true);
    expect(gone.text).toContain("without `job`");
  });

  it("names the trees it saw, and says when they have moved", async () => {
    const client = await start();
    const first = await client.call("run_gates", { wait_s: 0 });
    await until(() => started().length === 1);
    repository.write({ "README.md": "something else\n" });
    writeFileSync(release, "");
    const { structured } = await client.call("run_gates", { job: first.structured.job });
    expect(structured).toMatchObject({ stale: true, trees: { head_tree: expect.any(String) } });
  });

  it("is joined by the same call on the same trees, and begun anew on others", async () => {
    const client = await start();
    const first = await client.call("run_gates", { wait_s: 0 });
    await until(() => started().length === 1);
    const joined = client.call("run_gates");
    repository.write({ "README.md": "another text\n" });
    const anew = await client.call("run_gates", { wait_s: 0.5 });
    expect(anew.structured.job).not.toBe(first.structured.job);
    await until(() => started().length === 2);
    writeFileSync(release, "");
    expect((await joined).structured).toMatchObject({ passed: true });
    expect(started()).toHaveLength(2);
  });

  it("ends with the call that is cancelled, and with it the process", async () => {
    const client = await start();
    const cancel = new AbortController();
    const call = client.call("run_gates", {}, { signal: cancel.signal });
    await until(() => started().length === 1);
    const [pid = 0] = started();
    expect(isAlive(pid)).toBe(true);
    cancel.abort();
    await expect(call).rejects.toThrow();
    await until(() => !isAlive(pid));
  });

  it("refuses another tool's job", async () => {
    const client = await start();
    const { structured } = await client.call("run_gates", { wait_s: 0 });
    const answer = await client.call("review_change", { job: structured.job });
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining("belongs to run_gates") });
  });

  it.each(clientKinds)("tells what it is doing to a client that asks, through %s", async (kind) => {
    const client = await start(kind);
    const heard: (string | undefined)[] = [];
    const call = client.call("run_gates", {}, { onprogress: ({ message }) => heard.push(message) });
    await until(() => started().length === 1);
    writeFileSync(release, "");
    await call;
    expect(heard.join("\n")).toContain("node gate.mjs");
  });
});

describe("review_change and the gates", () => {
  it("runs them when they were trusted before the server started, and says so in its hints", async () => {
    const client = await start();
    const listed = (await client.list()).find(({ name }) => name === "review_change");
    expect(listed?.annotations).toMatchObject({ destructiveHint: true, openWorldHint: true });
    writeFileSync(release, "");
    const { structured } = await client.call("review_change", { until: "gates" });
    expect(structured.stages).toEqual([expect.objectContaining({ name: "gates", state: "passed" })]);
    expect(started()).toHaveLength(1);
  });

  it("does not run what was trusted after it promised to run nothing", async () => {
    const home = String(repository.sluice().env.HOME);
    const trust = join(home, ".config", "sluice", "trust.json");
    const kept = readFileSync(trust, "utf8");
    writeFileSync(trust, "{}");
    const client = await start();
    const listed = (await client.list()).find(({ name }) => name === "review_change");
    expect(listed?.annotations).toMatchObject({ destructiveHint: false, openWorldHint: false });
    writeFileSync(trust, kept);
    const { structured } = await client.call("review_change", { until: "gates" });
    expect(structured.stages).toEqual([
      expect.objectContaining({ state: "skipped", summary: expect.stringContaining("call run_gates") }),
    ]);
    expect(started()).toEqual([]);
  });
});
