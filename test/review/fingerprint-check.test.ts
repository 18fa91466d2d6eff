import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChangeArguments, openChange } from "../../src/change/change.js";
import type { Change } from "../../src/change/types.js";
import { UsageError } from "../../src/errors.js";
import {
  checkFingerprint,
  type FingerprintOptions,
  fingerprintOutput,
  recordReached,
  recordVerdictOutput,
  verdictRecord,
} from "../../src/review/fingerprint-check.js";
import type { Given, Reached } from "../../src/review/record-verdict.js";
import type { Sluice } from "../../src/sluice.js";
import { recordVerdict } from "../../src/state/review-state.js";
import { openStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const project = {
  "src/cart.ts": `import { round } from "./money.js";\nexport const total = () => round(1);\n`,
  "src/money.ts": "export const round = (x: number) => x;\n",
  "src/other.ts": "export const other = 1;\n",
};
const all = { enabled: true, skip_unchanged: true, require_blocker_change: true };

let repository: TestRepository;
let sluice: Sluice;
let now: number;

beforeEach(() => {
  repository = testRepository();
  now = Date.parse("2026-03-01T12:00:00Z");
  sluice = repository.sluice({ clock: () => now });
  repository.write(project);
  repository.commit();
  repository.write({ "src/cart.ts": `${project["src/cart.ts"]}export const tax = 1;\n` });
});

afterEach(() => repository.remove());

type Extra = Partial<Omit<FingerprintOptions, "store" | "config">> & {
  settings?: Partial<typeof all>;
  specification?: Change["specification"];
};

async function check({ settings, specification, ...extra }: Extra = {}, args: ChangeArguments = {}) {
  const change = { ...(await openChange(sluice, args)), ...(specification && { specification }) };
  const store = await openStore(sluice, change.repository);
  const config = { review: { fingerprint: { ...all, ...settings } } };
  const result = await checkFingerprint(change, sluice, { store, config, ...extra });
  // What a client is handed has to fit what the tool promises, and its limit.
  expect(fingerprintOutput.strict().parse(result)).toEqual(result);
  expect(JSON.stringify(result).length).toBeLessThan(9_000);
  return result;
}

async function record(reached: Partial<Reached> = {}, args: ChangeArguments = {}) {
  now += 1_000;
  const change = await openChange(sluice, args);
  const store = await openStore(sluice, change.repository);
  const said = { verdict: "NEEDS_WORK", attested_by: "agent", ...reached } as const;
  const result = await recordReached(change, sluice, said, { store });
  expect(recordVerdictOutput.strict().parse(result)).toEqual(result);
  return result;
}

/** A verdict that Sluice itself got from a premium model. */
async function premium(given: Partial<Given> = {}, args: ChangeArguments = {}) {
  now += 1_000;
  const change = await openChange(sluice, args);
  const store = await openStore(sluice, change.repository);
  const full = {
    verdict: "SHIP",
    attested_by: "sluice",
    source: "claude",
    model: "opus-4.5",
    ...given,
  } as const;
  await recordVerdict(store, sluice, await verdictRecord(change, sluice, full, {}));
}

const edit = (path: keyof typeof project, added: string) =>
  repository.write({ [path]: `${project[path]}${added}\n` });

describe("an unchanged change", () => {
  it("is reviewed when nobody has", async () => {
    expect(await check()).toMatchObject({
      decision: "review",
      reason: "never_reviewed",
      previous: null,
      new_hunks: null,
      premium_ship: false,
    });
  });

  it("repeats a SHIP that Sluice got itself", async () => {
    await premium();
    expect(await check()).toMatchObject({
      decision: "skip",
      reason: "unchanged_since_ship",
      premium_ship: true,
      previous: { verdict: "SHIP", attested_by: "sluice", model: "opus-4.5", same_change: true },
      new_hunks: { files: 0, hunks: 0, shown: [] },
    });
  });

  it.each(["agent", "human"] as const)(
    "is skipped on the word of an %s, which is no premium SHIP",
    async (by) => {
      await record({ verdict: "SHIP", attested_by: by, model: "some-model" });
      const result = await check();
      expect(result).toMatchObject({
        decision: "skip",
        reason: "unchanged_since_ship",
        premium_ship: false,
        previous: { attested_by: by },
      });
      expect(result.next).toMatch(/not a premium verdict/);
    },
  );

  it.each(["NEEDS_WORK", "MAJOR_RETHINK", "NEEDS_HUMAN"] as const)(
    "is not reviewed again after %s",
    async (verdict) => {
      await record({ verdict, blockers: [{ message: "it leaks" }] });
      expect(await check()).toMatchObject({
        decision: "skip",
        reason: "unchanged_since_needs_work",
        premium_ship: false,
        previous: { verdict, blockers: [{ message: "it leaks" }], blockers_total: 1 },
      });
    },
  );

  it("is still the same when committed and rebased onto unrelated work", async () => {
    await premium({}, {});
    repository.git("switch", "-qc", "feature");
    repository.commit();
    repository.git("switch", "-q", "main");
    repository.write({ "README.md": "new\n" });
    repository.commit();
    repository.git("switch", "-q", "feature");
    await premium({}, { base: "main~1" });
    repository.git("rebase", "-q", "main");
    expect(await check({}, { base: "main" })).toMatchObject({ decision: "skip", premium_ship: true });
  });

  it("is reviewed when a direct import changed underneath", async () => {
    await premium({}, { base: "HEAD" });
    const worktree = await check({}, { base: "HEAD", head: "WORKTREE" });
    expect(worktree.reason).toBe("unchanged_since_ship");
    repository.git("stash", "-q");
    edit("src/money.ts", "export const half = 2;");
    repository.commit();
    repository.git("stash", "pop", "-q");
    expect(await check({}, { base: "HEAD", head: "WORKTREE" })).toMatchObject({
      decision: "review",
      reason: "surroundings_changed",
      premium_ship: false,
      fingerprint: worktree.fingerprint,
      previous: { verdict: "SHIP", same_change: true },
    });
  });

  it("is reviewed when the specification changed", async () => {
    await record({ verdict: "SHIP" });
    expect((await check()).decision).toBe("skip");
    expect((await check({ specification: [{ path: "spec.md", text: "Round half to even." }] })).reason).toBe(
      "surroundings_changed",
    );
  });
});

describe("which verdict stands", () => {
  it("an agent's SHIP does not lift what a premium model sent back", async () => {
    await premium({ verdict: "NEEDS_WORK", blockers: [{ message: "wrong" }] });
    await record({ verdict: "SHIP" });
    expect(await check()).toMatchObject({
      reason: "unchanged_since_needs_work",
      previous: { attested_by: "sluice" },
    });
  });

  it("an agent's SHIP does not replace the premium one, and its doubt does", async () => {
    await premium();
    await record({ verdict: "SHIP" });
    expect((await check()).premium_ship).toBe(true);
    await record({ verdict: "NEEDS_WORK" });
    expect(await check()).toMatchObject({ reason: "unchanged_since_needs_work", premium_ship: false });
    await record({ verdict: "SHIP" });
    expect(await check()).toMatchObject({ reason: "unchanged_since_ship", premium_ship: false });
  });

  it("among words, the last", async () => {
    await record({ verdict: "NEEDS_WORK" });
    await record({ verdict: "SHIP", attested_by: "human" });
    expect(await check()).toMatchObject({
      reason: "unchanged_since_ship",
      previous: { attested_by: "human" },
    });
  });

  it("is a matter of the task, or without one of the branch", async () => {
    await record({ verdict: "SHIP", task: "fn-1.2" });
    expect((await check({}, { task: "fn-1.2" })).decision).toBe("skip");
    expect((await check({}, { task: "fn-1.3" })).reason).toBe("never_reviewed");
    expect((await check()).decision).toBe("skip");
    repository.git("switch", "-qc", "elsewhere");
    expect((await check({}, { base: "main" })).reason).toBe("never_reviewed");
  });
});

describe("a SHIP is not repeated", () => {
  it("of a part of it: narrowed by paths, or pasted as a diff", async () => {
    const part = repository.git("diff");
    edit("src/other.ts", "export const more = 1;");
    for (const args of [{ paths: ["src/cart.ts"] }, { diff: part }]) {
      await premium({}, args);
      expect(await check({}, args)).toMatchObject({ decision: "skip", premium_ship: true });
      expect(await check()).toMatchObject({ decision: "review", reason: "changed", premium_ship: false });
    }
  });

  it("when what is reviewed now deletes the line elsewhere and leaves the same files", async () => {
    const functions = (where: string) =>
      `export function a() {\n${where === "a" ? "  check();\n" : ""}}\nexport function b() {\n${where === "b" ? "  check();\n" : ""}}\n`;
    const removing = async (where: string) => {
      repository.write({ "src/cart.ts": functions(where) });
      repository.commit();
      repository.write({ "src/cart.ts": functions("") });
    };
    await removing("a");
    await premium();
    expect(await check()).toMatchObject({ decision: "skip", premium_ship: true });
    await removing("b");
    expect(await check()).toMatchObject({ reason: "surroundings_changed", premium_ship: false });
  });

  it("from a model that today's class does not list", async () => {
    await premium();
    const result = await check({ acceptsModel: (model) => model === "another" });
    expect(result).toMatchObject({ decision: "review", reason: "unchanged_since_ship", premium_ship: false });
    expect(result.next).toContain("opus-4.5 is not on the list");
    expect((await check({ acceptsModel: (model) => model === "opus-4.5" })).premium_ship).toBe(true);
  });

  it("when a touched file could not be taken into the change", async () => {
    await premium();
    const change = await openChange(sluice, {});
    const store = await openStore(sluice, change.repository);
    const skipped = [{ path: "huge.bin", reason: "too large" }];
    const config = { review: { fingerprint: all } };
    const result = await checkFingerprint({ ...change, skipped }, sluice, { store, config });
    expect(result).toMatchObject({ decision: "review", premium_ship: false });
    expect(result.next).toContain("huge.bin");
  });

  it("when somebody wrote it into the state file without the seal", async () => {
    await premium();
    const change = await openChange(sluice, {});
    const store = await openStore(sluice, change.repository);
    const other = repository.sluice({
      env: { ...sluice.env, XDG_CONFIG_HOME: `${repository.path}/.git/other-user` },
    });
    const config = { review: { fingerprint: all } };
    expect(await checkFingerprint(change, other, { store, config })).toMatchObject({
      reason: "never_reviewed",
    });
    expect(store.warnings.join()).toMatch(/not sealed/);
  });
});

describe("a change that was sent back", () => {
  const blocker = { file: "src/cart.ts", line: 2, message: "tax is wrong" };

  it("is not reviewed before a file of its blockers is touched", async () => {
    await record({ blockers: [blocker] });
    edit("src/other.ts", "export const more = 1;");
    const result = await check();
    expect(result).toMatchObject({
      decision: "skip",
      reason: "blockers_untouched",
      previous: { same_change: false, blockers: [blocker] },
      new_hunks: { files: 1, hunks: 1, shown: [{ path: "src/other.ts", hunks: 1, lines: "2" }] },
    });
    expect(result.next).toMatch(/Fix the blockers/);
    edit("src/cart.ts", "export const tax = 2;");
    expect(await check()).toMatchObject({ decision: "review", reason: "changed", new_hunks: { files: 2 } });
  });

  it.each([
    ["a blocker names no file", [blocker, { message: "it is slow" }]],
    ["a blocker names a file that never was", [blocker, { file: "src/ghost.ts", message: "where?" }]],
    ["there are no blockers", []],
  ])("is reviewed when %s", async (_, blockers) => {
    await record({ blockers });
    edit("src/other.ts", "export const more = 1;");
    expect(await check()).toMatchObject({ decision: "review", reason: "changed" });
  });

  it("is reviewed when the fix came from elsewhere, outside the diff", async () => {
    await record({ blockers: [{ file: "src/money.ts", message: "round is wrong" }] }, { base: "HEAD" });
    edit("src/other.ts", "export const more = 1;");
    expect((await check({}, { base: "HEAD" })).reason).toBe("blockers_untouched");
    repository.git("stash", "-q");
    edit("src/money.ts", "export const half = 2;");
    repository.commit();
    repository.git("stash", "pop", "-q");
    expect((await check({}, { base: "HEAD" })).reason).toBe("changed");
  });

  it("is reviewed when a blocker's file is deleted or renamed", async () => {
    await record({ blockers: [blocker] });
    repository.write({ "src/cart.ts": null });
    expect((await check()).reason).toBe("changed");
    repository.write({ "src/basket.ts": `${project["src/cart.ts"]}export const tax = 1;\n` });
    expect((await check()).reason).toBe("changed");
  });
});

describe("settings and refresh", () => {
  it("reviews always when disabled, without reading surroundings", async () => {
    await premium();
    expect(await check({ settings: { enabled: false } })).toMatchObject({
      decision: "review",
      reason: "disabled",
      context_fingerprint: null,
      premium_ship: false,
    });
  });

  it("skip_unchanged and require_blocker_change switch off what they say", async () => {
    await premium({ verdict: "NEEDS_WORK", blockers: [{ file: "src/cart.ts", message: "x" }] });
    expect(await check({ settings: { skip_unchanged: false } })).toMatchObject({
      decision: "review",
      reason: "unchanged_since_needs_work",
    });
    edit("src/other.ts", "export const more = 1;");
    expect((await check({ settings: { skip_unchanged: false } })).reason).toBe("blockers_untouched");
    expect((await check({ settings: { require_blocker_change: false } })).reason).toBe("changed");
  });

  it("refresh reviews anyway, with a reason, and repeats no SHIP", async () => {
    await premium();
    const result = await check({ refresh: true, reason: "new security policy" });
    expect(result).toMatchObject({
      decision: "review",
      reason: "unchanged_since_ship",
      refreshed: "new security policy",
      premium_ship: false,
    });
    await expect(check({ refresh: true, reason: " " })).rejects.toThrow(UsageError);
  });
});

describe("recording a verdict", () => {
  it("keeps who, when, and blockers with their place, however a reviewer writes it", async () => {
    const said = await record({
      verdict: "NEEDS_WORK",
      model: "gpt-5.2-codex",
      blockers: [
        { file: `${repository.path}/src/cart.ts:2:7`, line: 2, message: "absolute" },
        { file: "b/src/money.ts", message: "as in a diff" },
        { file: "./src/../src/other.ts", message: "odd" },
        { file: "../../etc/passwd", message: "outside" },
        { file: "src/ghost.ts", message: "unknown" },
      ],
    });
    expect(said).toMatchObject({
      recorded: true,
      attested_by: "agent",
      branch: "main",
      task: null,
      at: "2026-03-01T12:00:01.000Z",
      unknown_files: ["../../etc/passwd", "src/ghost.ts"],
      blockers: 5,
    });
    const { previous, fingerprint, context_fingerprint } = await check();
    expect([fingerprint, context_fingerprint]).toEqual([said.fingerprint, said.context_fingerprint]);
    expect(previous).toMatchObject({ model: "gpt-5.2-codex", at: said.at });
    expect(previous?.blockers.map(({ file, line }) => [file, line])).toEqual([
      ["src/cart.ts", 2],
      ["src/money.ts", null],
      ["src/other.ts", null],
      ["../../etc/passwd", null],
      ["src/ghost.ts", null],
    ]);
  });

  it("never keeps one as Sluice's own", async () => {
    const change = await openChange(sluice, {});
    const store = await openStore(sluice, change.repository);
    const forged = JSON.parse('{ "verdict": "SHIP", "attested_by": "sluice" }');
    await expect(recordReached(change, sluice, forged, { store })).rejects.toThrow();
    expect((await check()).reason).toBe("never_reviewed");
  });

  it("refuses an empty change, as the check does", async () => {
    repository.write({ "src/cart.ts": project["src/cart.ts"] });
    const args = { base: "HEAD", head: "WORKTREE" };
    await expect(record({ verdict: "SHIP" }, args)).rejects.toThrow(UsageError);
    await expect(check({}, args)).rejects.toThrow(/the change is empty/);
  });

  it("cuts what it hands out of many long blockers", async () => {
    const blockers = Array.from({ length: 100 }, (_, line) => ({
      file: `src/${"long".repeat(900)}.ts`,
      line: line + 1,
      message: "x".repeat(4_000),
    }));
    await record({ blockers });
    const { previous } = await check();
    expect(previous?.blockers_total).toBe(100);
    expect(previous?.blockers).toHaveLength(10);
  });

  it("names the new hunks among hundreds of files within the limit of a result", async () => {
    await record({ blockers: [] });
    const files: Record<string, string> = {};
    for (let number = 0; number < 300; number++) files[`src/${"deep/".repeat(40)}file-${number}.txt`] = "x\n";
    repository.write(files);
    expect((await check()).new_hunks).toMatchObject({ files: 300, hunks: 300 });
  });
});
