import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configurationFolder } from "../../src/config/paths.js";
import type { Sluice } from "../../src/sluice.js";
import {
  bumpIteration,
  dismissals,
  dismissFinding,
  findVerdicts,
  getIteration,
  recordVerdict,
  resetIteration,
  type VerdictRecord,
} from "../../src/state/review-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { opened } from "./opened.js";

let repository: TestRepository;
let sluice: Sluice;
let store: StateStore;

beforeEach(async () => {
  repository = testRepository();
  sluice = repository.sluice();
  mkdirSync(join(repository.path, ".flow"));
  store = await openStore(sluice, opened(repository));
});
afterEach(() => repository.remove());

const file = () => join(repository.path, ".flow", "review_state.json");
const reopen = async () => {
  store = await openStore(sluice, opened(repository));
  return store;
};

function verdict(over: Partial<VerdictRecord> = {}): VerdictRecord {
  return {
    fingerprint: "f1",
    context_fingerprint: "c1",
    verdict: "SHIP",
    attested_by: "sluice",
    model: "opus-4.5",
    source: "claude_max",
    blockers: [{ file: "a.ts", line: 3, message: "null" }],
    task: null,
    branch: "main",
    files: [{ path: "a.ts", hash: "h", hunks: ["x"] }],
    base_tree: "b",
    head_tree: "h",
    at: "2026-01-01T00:00:00.000Z",
    ...over,
  };
}

function edit(change: (state: { verdicts: Record<string, unknown>[] }) => void): void {
  const state = JSON.parse(readFileSync(file(), "utf8"));
  change(state);
  writeFileSync(file(), JSON.stringify(state));
}

describe("verdicts", () => {
  it("are found by fingerprint, task and branch, newest first", async () => {
    await recordVerdict(store, sluice, verdict({ head_tree: "1" }));
    await recordVerdict(store, sluice, verdict({ head_tree: "2", verdict: "NEEDS_WORK", task: "fn-1.2" }));
    await recordVerdict(store, sluice, verdict({ head_tree: "3", fingerprint: "f2", branch: null }));
    const trees = async (wanted: Parameters<typeof findVerdicts>[2]) =>
      (await findVerdicts(await reopen(), sluice, wanted)).map(({ head_tree }) => head_tree);
    expect(await trees({})).toEqual(["3", "2", "1"]);
    expect(await trees({ fingerprint: "f1" })).toEqual(["2", "1"]);
    expect(await trees({ fingerprint: "f1", task: "fn-1.2" })).toEqual(["2"]);
    expect(await trees({ branch: null })).toEqual(["3"]);
    expect(await trees({ fingerprint: "none" })).toEqual([]);
  });

  it("come back as they were recorded, with keys that a later version adds", async () => {
    await recordVerdict(store, sluice, { ...verdict(), later: { x: [1] } });
    const [found] = await findVerdicts(await reopen(), sluice);
    expect(found).toEqual({ ...verdict(), later: { x: [1] }, seal: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it("keep the newest 500", async () => {
    const many = Array.from({ length: 600 }, (_, index) => ({
      ...verdict({ attested_by: "agent" }),
      head_tree: `${index}`,
    }));
    writeFileSync(file(), JSON.stringify({ schema_version: 1, verdicts: many }));
    await recordVerdict(store, sluice, verdict({ head_tree: "last" }));
    const found = await findVerdicts(await reopen(), sluice);
    expect(found).toHaveLength(500);
    expect(found[0]?.head_tree).toBe("last");
    expect(found[499]?.head_tree).toBe("101");
  });

  it("of enormous changes are bounded in size, but for the newest", async () => {
    const files = [{ path: "a", hash: "h", hunks: ["x".repeat(5_000_000)] }];
    for (const head_tree of ["1", "2"]) await recordVerdict(store, sluice, verdict({ head_tree, files }));
    expect((await findVerdicts(store, sluice)).map(({ head_tree }) => head_tree)).toEqual(["2"]);
  });
});

describe("the seal", () => {
  it("has a key of the user's that nobody else can read", async () => {
    await recordVerdict(store, sluice, verdict());
    expect(statSync(join(configurationFolder(sluice), "seal.key")).mode & 0o777).toBe(0o600);
  });

  it("is made with one key, also when many make the first one at once", async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        recordVerdict(store, sluice, verdict({ head_tree: `${index}` })),
      ),
    );
    expect(await findVerdicts(await reopen(), sluice)).toHaveLength(8);
    expect(store.warnings).toEqual([]);
  });

  it.each<[string, (record: Record<string, unknown>) => void]>([
    ["another verdict", (record) => Object.assign(record, { verdict: "NEEDS_WORK" })],
    ["another fingerprint", (record) => Object.assign(record, { fingerprint: "f2" })],
    ["other surroundings", (record) => Object.assign(record, { context_fingerprint: "c2" })],
    ["another model", (record) => Object.assign(record, { model: "gpt-nano" })],
    ["no blockers", (record) => Object.assign(record, { blockers: [] })],
    ["one key more", (record) => Object.assign(record, { extra: true })],
    ["no seal", (record) => delete record.seal],
    ["an empty seal", (record) => Object.assign(record, { seal: "" })],
    ["a seal that is no text", (record) => Object.assign(record, { seal: 5 })],
    ["somebody's seal", (record) => Object.assign(record, { seal: "0".repeat(64) })],
  ])("is broken by %s: the record is ignored and reported", async (_name, forge) => {
    await recordVerdict(store, sluice, verdict());
    edit(({ verdicts }) => verdicts.forEach(forge));
    expect(await findVerdicts(await reopen(), sluice)).toEqual([]);
    expect(store.warnings.join()).toContain("ignored");
    expect(JSON.parse(readFileSync(file(), "utf8")).verdicts).toHaveLength(1);
  });

  it("of an agent's word does not become Sluice's own by a change of one field", async () => {
    await recordVerdict(store, sluice, verdict({ attested_by: "agent" }));
    edit(({ verdicts }) => {
      for (const record of verdicts) record.attested_by = "sluice";
    });
    expect(await findVerdicts(await reopen(), sluice)).toEqual([]);
  });

  it("of another user is worth nothing, and reading makes no key", async () => {
    await recordVerdict(store, sluice, verdict());
    const other = repository.sluice({
      env: { ...sluice.env, XDG_CONFIG_HOME: join(repository.path, "..", "other") },
    });
    expect(await findVerdicts(await reopen(), other)).toEqual([]);
    expect(existsSync(configurationFolder(other))).toBe(false);
  });

  it("is not asked of what an agent or a person said", async () => {
    writeFileSync(
      file(),
      JSON.stringify({ verdicts: [verdict({ attested_by: "agent" }), verdict({ attested_by: "human" })] }),
    );
    expect(await findVerdicts(store, sluice)).toHaveLength(2);
  });

  it("can't be made with a damaged key: the verdict is kept, reported, and not believed later", async () => {
    mkdirSync(configurationFolder(sluice), { recursive: true });
    writeFileSync(join(configurationFolder(sluice), "seal.key"), "short");
    await recordVerdict(store, sluice, verdict());
    expect(store.warnings.join()).toContain("key");
    expect(await findVerdicts(await reopen(), sluice)).toEqual([]);
    expect(readFileSync(join(configurationFolder(sluice), "seal.key"), "utf8")).toBe("short");
  });
});

describe("odd records", () => {
  it("cost only themselves, are reported, and stay in the file", async () => {
    const odd = [null, 5, "x", {}, { ...verdict(), verdict: "MAYBE" }];
    writeFileSync(
      file(),
      JSON.stringify({
        verdicts: [...odd, verdict({ attested_by: "human" })],
        iterations: [7],
        dismissals: [{}],
      }),
    );
    expect(await findVerdicts(store, sluice)).toHaveLength(1);
    expect(store.warnings.join()).toContain("5 verdict(s)");
    expect(await bumpIteration(store, "k")).toBe(1);
    expect(await dismissals(store)).toEqual([]);
    const state = JSON.parse(readFileSync(file(), "utf8"));
    expect(state.verdicts.slice(0, 5)).toEqual(odd);
    expect(state.iterations).toEqual([7, { key: "k", count: 1 }]);
  });
});

describe("iterations", () => {
  it("count per key, also for names that every object has", async () => {
    for (const key of ["task:fn-1.2", "__proto__", "constructor", "12"]) {
      expect(await getIteration(store, key)).toBe(0);
      expect(await bumpIteration(store, key)).toBe(1);
      expect(await bumpIteration(store, key)).toBe(2);
      expect(await getIteration(await reopen(), key)).toBe(2);
    }
    await resetIteration(store, "12");
    expect(await getIteration(store, "12")).toBe(0);
    expect(await getIteration(store, "constructor")).toBe(2);
  });

  it("forget the keys that were not counted for longest", async () => {
    const iterations = Array.from({ length: 1_000 }, (_, index) => ({ key: `${index}`, count: 1 }));
    writeFileSync(file(), JSON.stringify({ iterations }));
    expect(await bumpIteration(store, "0")).toBe(2);
    await bumpIteration(store, "new");
    expect(await getIteration(store, "0")).toBe(2);
    expect(await getIteration(store, "1")).toBe(0);
  });
});

describe("dismissals", () => {
  it("are one per finding, the last one counts", async () => {
    const at = "2026-01-01T00:00:00.000Z";
    await dismissFinding(store, { id: "a", reason: "false alarm", class: "null-access", at });
    await dismissFinding(store, { id: "b", reason: "intended", class: "secret", at });
    await dismissFinding(store, { id: "a", reason: "x".repeat(9_000), class: "null-access", at });
    const found = await dismissals(await reopen());
    expect(found.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(found[1]?.reason).toHaveLength(2_000);
  });
});
