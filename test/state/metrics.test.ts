import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { foldMetrics, type MetricEvent, readMetrics, recordEvent } from "../../src/state/metrics.js";
import { openStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { opened } from "./opened.js";

const worker = fileURLToPath(new URL("metrics-worker.mjs", import.meta.url));

let repository: TestRepository;
const started: ChildProcess[] = [];

beforeEach(() => {
  repository = testRepository();
  mkdirSync(join(repository.path, ".flow"));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  repository.remove();
});

const folder = () => join(repository.path, ".flow", "cache", "metrics");
const file = () => join(repository.path, ".flow", "metrics.json");
const open = (sluice = repository.sluice()) => openStore(sluice, opened(repository));
const about = { task: "fn-1.1", branch: "main", change: "a" };
const review: MetricEvent = {
  kind: "review",
  about,
  verdict: null,
  decided_by: null,
  class: "ROUTINE",
  stages: [{ name: "gates", state: "passed", ms: 3 }],
  context_tokens: 1_000,
  ms: 5,
};

function start(name: string, count: number, fold: boolean) {
  const child = spawn(
    process.execPath,
    [worker, repository.path, name, String(count), fold ? "fold" : "append"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  started.push(child);
  return { child, lines: createInterface({ input: child.stdout }), ended: once(child, "close") };
}

describe("events of many processes", () => {
  it("are all counted once, while others add them up and some are killed", async () => {
    const acknowledged: string[] = [];
    let killed = 0;
    const run = (name: string, fold: boolean, killAfter: number | null): Promise<unknown> => {
      const { child, lines, ended } = start(name, 30, fold);
      let own = 0;
      lines.on("line", (line) => {
        acknowledged.push(line.replace("ack ", ""));
        own += 1;
        if (own === killAfter && child.kill("SIGKILL")) killed += 1;
      });
      return ended;
    };
    await Promise.all([
      run("a", false, null),
      run("b", true, null),
      run("c", false, null),
      run("d", true, null),
      run("e", false, 7),
      run("f", true, 5),
      run("g", true, 11),
      run("h", false, 13),
    ]);
    expect(killed).toBe(4);
    const store = await open();
    // At most 40 keys of a kind are kept, so what was recorded is counted by the number of events.
    const seen = await readMetrics(store);
    await foldMetrics(store, repository.sluice());
    const state = await readMetrics(store);
    expect(acknowledged.length).toBeGreaterThanOrEqual(4 * 30 + 7 + 5 + 11 + 13);
    // A killed process may have recorded one more than it could say.
    expect(state.events).toBeGreaterThanOrEqual(acknowledged.length);
    expect(state.events).toBeLessThanOrEqual(acknowledged.length + 4);
    expect(seen.events).toBe(state.events);
    const [day] = Object.values(state.days);
    const calls = Object.values(day?.told_calls ?? {}).reduce((sum, one) => sum + one, 0);
    expect(calls).toBe(state.events);
    expect(readdirSync(folder())).toEqual([]);
    expect(JSON.parse(readFileSync(file(), "utf8")).events).toBe(state.events);
  });
});
