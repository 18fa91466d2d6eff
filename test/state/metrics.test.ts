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
    // A day keeps so many keys of a kind only, so what was recorded is counted by the number of events.
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

describe("what is recorded", () => {
  it("is in metrics.json soon, and holds no path, message or text", async () => {
    const sluice = repository.sluice();
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    expect(JSON.parse(readFileSync(file(), "utf8")).events).toBe(1);
    await recordEvent(store, sluice, {
      kind: "premium_call",
      about: { task: `${repository.path}/src/secret.ts`, branch: "\u001b[31mred\nline", change: null },
      purpose: "review",
      source: "claude_max",
      model: "/home/somebody/models/large.gguf",
      outcome: "answered",
      tokens: 12.4,
      context_tokens: 10,
      ms: 1.5,
    });
    const text = readdirSync(folder())
      .map((name) => readFileSync(join(folder(), name), "utf8"))
      .join("");
    expect(text).toContain('"model":"large.gguf"');
    expect(text).toContain('"task":"secret.ts"');
    expect(text).not.toMatch(/somebody|\/src/);
    expect(text).not.toContain(String.raw`\u001b`);
    expect(text).not.toContain(repository.path);
  });

  it("costs nothing else when it can't be kept", async () => {
    const sluice = repository.sluice({ clock: () => Number.NaN });
    rmSync(join(repository.path, ".flow"), { recursive: true });
    writeFileSync(join(repository.path, ".flow"), "");
    writeFileSync(join(repository.path, ".git", "sluice"), "no folder");
    const store = await open(sluice);
    await expect(recordEvent(store, sluice, review)).resolves.toBeUndefined();
    const broken = { ...store, journal: { ...store.journal, append: () => Promise.reject(new Error("no")) } };
    await expect(recordEvent(broken, sluice, review)).resolves.toBeUndefined();
    const stuck = { ...store, journal: { ...store.journal, append: () => new Promise<null>(() => {}) } };
    await expect(recordEvent(stuck, sluice, review)).resolves.toBeUndefined();
  });

  it("comes back when somebody cleaned the folders away", async () => {
    const sluice = repository.sluice();
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    rmSync(join(repository.path, ".flow", "cache"), { recursive: true });
    await recordEvent(store, sluice, review);
    expect((await readMetrics(store)).events).toBe(2);
  });

  it("goes on from what was kept before there was a .flow/", async () => {
    const sluice = repository.sluice();
    rmSync(join(repository.path, ".flow"), { recursive: true });
    const before = await open(sluice);
    for (let index = 0; index < 3; index += 1) await recordEvent(before, sluice, review);
    mkdirSync(join(repository.path, ".flow"));
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    expect((await readMetrics(store)).events).toBe(4);
    await foldMetrics(store, sluice);
    expect((await readMetrics(store)).events).toBe(4);
    expect(JSON.parse(readFileSync(file(), "utf8")).events).toBe(4);
  });

  it("is kept out of git and out of every change", async () => {
    const store = await open();
    await recordEvent(store, repository.sluice(), review);
    expect(repository.git("status", "--porcelain", "--untracked-files=all")).toBe("");
  });
});

describe("the journal", () => {
  it("survives lines that are cut off, foreign or hostile, and costs only those", async () => {
    const sluice = repository.sluice();
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    await recordEvent(store, sluice, review);
    const [journal = ""] = readdirSync(folder());
    appendFileSync(
      join(folder(), journal),
      '{"at":1,"event":{"kind":"rev\nnull\n[]\n{"at":1,"event":{"kind":"other"}}\n\0\0\n{"__proto__":1}',
    );
    await recordEvent(store, sluice, review);
    expect((await readMetrics(store)).events).toBe(3);
  });

  it("counts nothing twice when whoever adds up dies between any two steps", async () => {
    const sluice = repository.sluice();
    const store = await open(sluice);
    for (let index = 0; index < 4; index += 1) await recordEvent(store, sluice, review);
    // Renamed, but neither sealed nor added up.
    const sealed = await store.journal.seal();
    expect(sealed.flatMap(({ lines }) => lines)).toHaveLength(3);
    await recordEvent(store, sluice, review);
    expect((await readMetrics(store)).events).toBe(5);
    // Added up, but not removed.
    const stays = { ...store, journal: { ...store.journal, remove: async () => {} } };
    await foldMetrics(stays, sluice);
    await foldMetrics(stays, sluice);
    expect(readdirSync(folder())).toHaveLength(2);
    expect((await readMetrics(store)).events).toBe(5);
    await foldMetrics(store, sluice);
    expect(readdirSync(folder())).toEqual([]);
    expect((await readMetrics(store)).events).toBe(5);
  });

  it("adds a line again that came after the seal, and only then", async () => {
    const sluice = repository.sluice();
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    await recordEvent(store, sluice, review);
    const before = await store.journal.seal();
    const [name = ""] = readdirSync(folder());
    // A writer that had opened the file before it was renamed.
    appendFileSync(join(folder(), name), '\n{"late":true}\n');
    expect(await store.journal.seal()).toEqual(before);
    expect(await store.journal.read()).toEqual(before);
  });

  it("stops growing when nobody can add up", async () => {
    const store = await open();
    const line = `{"id":"${"x".repeat(100_000)}"}`;
    const kept: boolean[] = [];
    for (let index = 0; index < 30; index += 1) kept.push((await store.journal.append(line)) !== null);
    expect(kept.filter((one) => one)).toHaveLength(21);
    expect(statSync(join(folder(), "events.jsonl")).size).toBeLessThan(2.3 * 1024 * 1024);
    // And goes on as soon as somebody can.
    await recordEvent(store, repository.sluice(), review);
    expect((await readMetrics(store)).events).toBe(1);
    expect(statSync(join(folder(), "events.jsonl")).size).toBeLessThan(1_000);
  });
});

describe("metrics.json", () => {
  it.each([
    ["cut off", '{"events": 3, "days": {"2026'],
    [
      "of numbers whose sums are none",
      '{"days": {"2026-01-01": {"sent_back": {"gates": 1e308, "prescreen": 1e308}}}}',
    ],
    ["of counts below zero", '{"days": {"2026-01-01": {"raised": {"syntax": -1}}}}'],
  ])("%s is set aside as corrupt, and what comes after is counted", async (_name, text) => {
    const sluice = repository.sluice();
    writeFileSync(file(), text);
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    expect((await readMetrics(store)).events).toBe(1);
    expect(
      readdirSync(join(repository.path, ".flow")).filter((name) => name.includes("corrupt")),
    ).toHaveLength(1);
    expect(store.warnings.join()).toContain("set aside");
  });

  it("of a newer Sluice is left alone", async () => {
    const sluice = repository.sluice();
    const text = '{"schema_version": 99, "days": []}';
    writeFileSync(file(), text);
    const store = await open(sluice);
    await recordEvent(store, sluice, review);
    expect(readFileSync(file(), "utf8")).toBe(text);
  });

  it("stays small, and so does all beside it, after 100,000 events of hostile names", async () => {
    let now = Date.UTC(2026, 0, 1);
    const sluice = repository.sluice({ clock: () => now });
    const store = await open(sluice);
    const lines: string[] = [];
    for (let index = 0; index < 100_000; index += 1) {
      now += 5 * 60_000;
      const name = `${"é".repeat(50)}${index}`;
      const event = [
        { ...review, about: { task: name, branch: null, change: String(index) } },
        { kind: "quota", source: name.slice(0, 100), window: "weekly", used: 0.5, resets_at: null },
        {
          kind: "verdict",
          about: { task: name, branch: null, change: String(index) },
          verdict: "NEEDS_WORK",
          by: "sluice",
          source: name,
          model: name,
          blockers: { [name]: 1_000_000 },
          prescreen: "clean",
        },
        {
          kind: "local_call",
          purpose: name,
          model: name,
          outcome: name,
          ms: 1,
          prompt_tokens: 1,
          completion_tokens: 1,
        },
      ][index % 4];
      lines.push(JSON.stringify({ id: index, at: now, event }));
    }
    for (let at = 0; at < lines.length; at += 4_000) {
      await store.journal.append(lines.slice(at, at + 4_000).join("\n"));
      if (((await store.journal.append(`{"n":${at}}`)) ?? 0) > 64 * 1024) await foldMetrics(store, sluice);
    }
    await foldMetrics(store, sluice);
    expect((await readMetrics(store)).events).toBe(100_000);
    expect(statSync(file()).size).toBeLessThan(3 * 1024 * 1024);
    expect(readdirSync(folder())).toEqual([]);
  }, 60_000);
});
