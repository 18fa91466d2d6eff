import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configurationFolder } from "../../src/config/paths.js";
import type { Sluice } from "../../src/sluice.js";
import { findPlanVerdicts, type PlanVerdict, recordPlanVerdict } from "../../src/state/plan-reviews.js";
import { dismissFinding } from "../../src/state/review-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { opened } from "./opened.js";

let repository: TestRepository;
let sluice: Sluice;
let store: StateStore;

beforeEach(async () => {
  repository = testRepository();
  mkdirSync(join(repository.path, ".flow"));
  sluice = repository.sluice();
  store = await openStore(sluice, opened(repository));
});
afterEach(() => repository.remove());

const file = () => join(repository.path, ".flow", "review_state.json");
const read = () => JSON.parse(readFileSync(file(), "utf8"));
const reopen = () => openStore(sluice, opened(repository));

const verdict = (more: Partial<PlanVerdict> = {}): PlanVerdict => ({
  kind: "plan",
  spec: "fn-1",
  fingerprint: "f1",
  context_fingerprint: "c1",
  verdict: "SHIP",
  attested_by: "sluice",
  model: "claude-sonnet-4",
  source: "claude_max",
  blockers: [{ file: "a.md", line: 1, message: "m" }],
  complexity: "SIMPLE",
  parts: [{ path: "a.md", hash: "h" }],
  at: "2026-01-01T00:00:00.000Z",
  ...more,
});

describe("verdicts on plans", () => {
  it("come back newest first, of one spec, with keys that a later version adds", async () => {
    for (const fingerprint of ["f1", "f2"]) await recordPlanVerdict(store, sluice, verdict({ fingerprint }));
    await recordPlanVerdict(store, sluice, verdict({ spec: "fn-2" }));
    await recordPlanVerdict(store, sluice, { ...verdict({ fingerprint: "f3" }), later: { x: [1] } });
    const found = await findPlanVerdicts(await reopen(), sluice, "fn-1");
    expect(found.map(({ fingerprint }) => fingerprint)).toEqual(["f3", "f2", "f1"]);
    expect(found[0]).toMatchObject({ later: { x: [1] } });
    expect(await findPlanVerdicts(await reopen(), sluice, "fn-3")).toEqual([]);
  });

  it("leave all else in the file as it is, whoever put it there", async () => {
    const other = {
      schema_version: 1,
      later: { y: 2 },
      verdicts: [{ odd: true }],
      plans: [7, { spec: "fn-9", odd: 1 }],
    };
    writeFileSync(file(), JSON.stringify(other));
    await recordPlanVerdict(store, sluice, verdict());
    await dismissFinding(store, { id: "a", reason: "r", class: "plan", at: "2026-01-01T00:00:00.000Z" });
    const state = read();
    expect(state).toMatchObject({ later: { y: 2 }, verdicts: [{ odd: true }], dismissals: [{ id: "a" }] });
    expect(state.plans.slice(0, 2)).toEqual(other.plans);
    expect(state.plans).toHaveLength(3);
  });

  it("are bounded in number and size, but for the newest", async () => {
    writeFileSync(
      file(),
      JSON.stringify({
        plans: Array.from({ length: 500 }, (_, at) =>
          verdict({ attested_by: "agent", fingerprint: `${at}` }),
        ),
      }),
    );
    await recordPlanVerdict(store, sluice, verdict({ fingerprint: "last" }));
    expect(read().plans).toHaveLength(300);
    const blockers = [{ file: null, line: null, message: "x".repeat(5_000_000) }];
    await recordPlanVerdict(store, sluice, verdict({ fingerprint: "large", blockers }));
    const found = await findPlanVerdicts(await reopen(), sluice, "fn-1");
    expect(found.map(({ fingerprint }) => fingerprint)).toEqual(["large"]);
  });
});

describe("the seal of a verdict on a plan", () => {
  it.each<[string, (record: Record<string, unknown>) => void]>([
    ["another verdict", (record) => Object.assign(record, { verdict: "NEEDS_WORK" })],
    ["another plan", (record) => Object.assign(record, { fingerprint: "f2" })],
    ["other surroundings", (record) => Object.assign(record, { context_fingerprint: "c2" })],
    ["another model", (record) => Object.assign(record, { model: "gpt-nano" })],
    ["no blockers", (record) => Object.assign(record, { blockers: [] })],
    ["another part", (record) => Object.assign(record, { parts: [] })],
    ["one key more", (record) => Object.assign(record, { extra: true })],
    ["no seal", (record) => delete record.seal],
    ["a seal that is no text", (record) => Object.assign(record, { seal: 5 })],
    ["somebody's seal", (record) => Object.assign(record, { seal: "0".repeat(64) })],
    ["a change's kind", (record) => Object.assign(record, { kind: "change" })],
  ])("is broken by %s: the record is ignored, reported and stays", async (_, forge) => {
    await recordPlanVerdict(store, sluice, verdict());
    const state = read();
    state.plans.forEach(forge);
    writeFileSync(file(), JSON.stringify(state));
    const again = await reopen();
    expect(await findPlanVerdicts(again, sluice, "fn-1")).toEqual([]);
    expect(again.warnings.join()).toContain("ignored");
    expect(read().plans).toHaveLength(1);
  });

  it.each(["agent", "human"] as const)("of the word of an %s does not make it Sluice's own", async (by) => {
    await recordPlanVerdict(store, sluice, verdict({ attested_by: by }));
    expect(await findPlanVerdicts(store, sluice, "fn-1")).toMatchObject([{ attested_by: by }]);
    const state = read();
    state.plans[0].attested_by = "sluice";
    writeFileSync(file(), JSON.stringify(state));
    expect(await findPlanVerdicts(await reopen(), sluice, "fn-1")).toEqual([]);
  });

  it("of another user, or with a damaged key, is worth nothing", async () => {
    await recordPlanVerdict(store, sluice, verdict());
    const other = repository.sluice({
      env: { ...sluice.env, XDG_CONFIG_HOME: join(repository.path, "..", "other") },
    });
    expect(await findPlanVerdicts(await reopen(), other, "fn-1")).toEqual([]);
    writeFileSync(join(configurationFolder(sluice), "seal.key"), "short");
    await recordPlanVerdict(store, sluice, verdict());
    expect(store.warnings.join()).toContain("will not be repeated");
    expect(await findPlanVerdicts(await reopen(), sluice, "fn-1")).toEqual([]);
  });
});

it("6 processes that record at once lose none that they were told is kept, and all are sealed with one key", async () => {
  const worker = fileURLToPath(new URL("plan-review-worker.mjs", import.meta.url));
  const config = dirname(configurationFolder(sluice));
  const acknowledged: string[] = [];
  await Promise.all(
    Array.from({ length: 6 }, async (_, name) => {
      const child = spawn(process.execPath, [worker, repository.path, config, `${name}`, "8"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      createInterface({ input: child.stdout }).on("line", (line) =>
        acknowledged.push(line.replace("ack ", "")),
      );
      await once(child, "close");
    }),
  );
  expect(acknowledged).toHaveLength(48);
  const again = await reopen();
  const found = (await findPlanVerdicts(again, sluice, "fn-1")).map(({ fingerprint }) => fingerprint);
  expect(found.sort()).toEqual(acknowledged.sort());
  expect(again.warnings).toEqual([]);
}, 60_000);
