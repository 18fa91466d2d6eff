import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import { routingChoices } from "../../src/premium/candidates.js";
import { type Asked, consider } from "../../src/premium/choose.js";
import { quotaStore } from "../../src/premium/quota-store.js";
import { chooseAndReserve, settle } from "../../src/premium/reservations.js";
import type { SourceStatus } from "../../src/premium/sources.js";
import { createSluice } from "../../src/sluice.js";
import { readQuota, recordUsage, resetSource, type UsageEvent } from "../../src/state/quota-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { memoryStore } from "../support/memory-store.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const start = Date.parse("2026-03-01T12:00:00Z");
const minute = 60_000;
const hour = 60 * minute;
const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));
const repositories: TestRepository[] = [];
afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove();
});

function newRepository(): TestRepository {
  const repository = testRepository();
  repositories.push(repository);
  return repository;
}

const names = ["openai_pro", "claude_max", "copilot"];
const statuses = new Map<string, SourceStatus>(
  names.map((source) => [source, { source, access: "cli", configured: true, program: "/bin/true", why: "" }]),
);

function scene(list: string[] = ["quota_lowest"], store: StateStore = memoryStore()) {
  let now = start;
  const sluice = createSluice({ clock: () => now, log: () => {} });
  const { choices } = routingChoices(config, list, "COMPLEX");
  return {
    store,
    sluice,
    wait: (ms: number) => {
      now += ms;
    },
    record: (event: UsageEvent) => recordUsage(store, sluice, event),
    known: async (source: string) => (await readQuota(store, sluice)).sources[source],
    reserve: async (more: Partial<Asked> = {}) => {
      const asked = { config, statuses, tokens: 50_000, ...more };
      const result = await chooseAndReserve(
        store,
        sluice,
        (quota, at) => consider(choices, asked, quota, at),
        { tokens: 50_000, timeout: 10 * minute },
      );
      return { ...result, source: result.reserved?.source ?? null };
    },
  };
}

const week = (used: number, observed_at = start) => ({
  id: "weekly",
  used,
  resets_at: start + 84 * hour,
  observed_at,
  provenance: "probe" as const,
});

describe("a reservation", () => {
  it("spreads calls at once over sources that have alike", async () => {
    const { reserve } = scene(
      ["claude_max:opus-4.5", "copilot:opus-4.5", "quota_lowest"].slice(2).concat([]),
    );
    const list = scene(["quota_lowest", "claude_max:opus-4.5", "openai_pro:codex-5.2"]);
    const chosen = [await list.reserve(), await list.reserve(), await list.reserve(), await list.reserve()];
    expect(new Set(chosen.map(({ source }) => source)).size).toBe(3);
    expect((await reserve()).source).toBeNull();
  });

  it("counts until it is settled, then what the call took counts until the next reading", async () => {
    const { reserve, record, known, wait } = scene(["claude_max:opus-4.5"]);
    await record({ source: "claude_max", windows: [week(0.5)] });
    const { reserved } = await reserve();
    expect((await known("claude_max"))?.reservations).toMatchObject([
      { tokens: 50_000, model: "claude-opus-4-5-20250514", expires_at: start + 11 * minute },
    ]);
    if (reserved === null) throw new Error("nothing was reserved");
    await settle(reserved, { ok: true, tokens: 80_000 });
    expect(await known("claude_max")).toMatchObject({
      reservations: [],
      requests_since_reset: 1,
      tokens_since_reset: 80_000,
      windows: { weekly: { used: 0.5, tokens_since: 80_000 } },
    });
    wait(minute);
    await record({ source: "claude_max", windows: [week(0.52, start + minute)] });
    expect(await known("claude_max")).toMatchObject({
      windows: { weekly: { used: 0.52, tokens_since: 0 } },
      learned: { weekly: { spent: expect.closeTo(0.02, 6), tokens: 80_000, readings: 1 } },
    });
  });

  it("learns what calls cost, from whole percents too, and is not misled by what others used", async () => {
    const { reserve, record, known, wait, sluice } = scene(["claude_max:opus-4.5"]);
    let used = 0;
    for (let call = 0; call < 60; call += 1) {
      const { reserved } = await reserve();
      if (reserved === null) throw new Error(`call ${call} was not reserved`);
      await settle(reserved, { ok: true, tokens: 50_000 });
      used += call === 40 ? 0.2 : 0.004;
      wait(5 * minute);
      const read = { ...week(Math.floor(used * 100) / 100, sluice.clock()) };
      await record({ source: "claude_max", windows: [read] });
    }
    const { spent = 0, tokens = 1 } = (await known("claude_max"))?.learned.weekly ?? {};
    expect((spent / tokens) * 50_000).toBeGreaterThan(0.003);
    expect((spent / tokens) * 50_000).toBeLessThan(0.008);
  });

  it("that nobody ends is over when it expires, and its call counts as made", async () => {
    const { reserve, record, known, wait } = scene(["claude_max:opus-4.5"]);
    await record({ source: "claude_max", windows: [week(0.5)] });
    const { reserved } = await reserve();
    wait(11 * minute);
    const after = await known("claude_max");
    expect(after).toMatchObject({ reservations: [], windows: { weekly: { tokens_since: 50_000 } } });
    // Late, but true: instead of the guess, not on top of it.
    if (reserved !== null) await settle(reserved, { ok: true, tokens: 80_000 });
    expect((await known("claude_max"))?.windows.weekly?.tokens_since).toBe(80_000);
    if (reserved !== null) await settle(reserved, { ok: true, tokens: 80_000 });
    expect((await known("claude_max"))?.windows.weekly?.tokens_since).toBe(80_000);
  });

  it("that was cancelled before anything was sent leaves nothing behind", async () => {
    const { reserve, record, known } = scene(["claude_max:opus-4.5"]);
    await record({ source: "claude_max", windows: [week(0.5)] });
    const before = await known("claude_max");
    const { reserved } = await reserve();
    if (reserved !== null) await settle(reserved, { ok: false, tokens: 0 });
    expect(await known("claude_max")).toEqual(before);
  });

  it("that failed by the provider's limit holds the source back, and the next choice is another", async () => {
    const { reserve, known } = scene(["claude_max:opus-4.5", "copilot:opus-4.5"]);
    const { reserved } = await reserve();
    expect(reserved?.source).toBe("claude_max");
    if (reserved === null) return;
    await settle(reserved, {
      ok: false,
      failure: "usage_limit",
      tokens: 0,
      windows: [{ ...week(1), scope: "opus" }],
      throttle: { reason: "usage_limit", scope: "opus" },
    });
    expect((await known("claude_max"))?.throttles).toMatchObject([
      { scope: "opus", until: start + 84 * hour },
    ]);
    expect((await reserve()).source).toBe("copilot");
  });

  it("after three failures of the source's own making in a row, it is left alone for a while", async () => {
    const { reserve, known, wait } = scene(["claude_max:opus-4.5", "copilot:opus-4.5"]);
    for (let failure = 0; failure < 3; failure += 1) {
      const { reserved } = await reserve();
      expect(reserved?.source).toBe("claude_max");
      if (reserved !== null) await settle(reserved, { ok: false, failure: "unreachable", tokens: 0 });
    }
    expect((await known("claude_max"))?.throttles).toMatchObject([
      { reason: "unknown", provenance: "estimate" },
    ]);
    expect((await reserve()).source).toBe("copilot");
    wait(hour);
    expect((await reserve()).source).toBe("claude_max");
  });

  it("is for none that this review tried in vain; then it says when somebody else is back", async () => {
    const { reserve, record } = scene(["claude_max:opus-4.5", "copilot:opus-4.5"]);
    await record({ source: "copilot", throttle: { reason: "usage_limit", until: start + 3 * hour } });
    const { reserved, considered } = await reserve({ tried: [{ source: "claude_max" }] });
    expect(reserved).toBeNull();
    expect(considered.map(({ why }) => why)).toEqual([
      "tried in this call, in vain",
      expect.stringContaining("2026-03-01T15:00"),
    ]);
  });

  it("survives a state that can't be understood: it is set aside, and told", async () => {
    const repository = newRepository();
    const sluice = repository.sluice();
    const store = await openStore(sluice, await openRepository(sluice, undefined));
    mkdirSync(store.directory, { recursive: true });
    writeFileSync(join(store.directory, "quota_state.json"), '{"sources":{"claude_max":{"reservations":7}}}');
    const { reserve } = scene(["claude_max:opus-4.5"], store);
    expect((await reserve()).source).toBe("claude_max");
    expect(readdirSync(store.directory).filter((name) => name.includes("corrupt"))).toHaveLength(1);
    expect(store.warnings.join()).toContain("set aside");
  });

  it("and whatever else holds a source back goes by a reset; what calls cost stays", async () => {
    const { reserve, record, known, store, sluice } = scene(["claude_max:opus-4.5"]);
    await record({ source: "claude_max", windows: [week(0.5)], tokens: 7_000 });
    await record({ source: "claude_max", throttle: { reason: "billing" }, windows: [week(0.96)] });
    expect((await reserve()).source).toBeNull();
    await resetSource(store, sluice, "claude_max");
    expect(await known("claude_max")).toMatchObject({
      windows: {},
      throttles: [],
      tokens_since_reset: 7_000,
    });
    expect((await reserve()).source).toBe("claude_max");
  });
});

function worker(repository: TestRepository, scope: string, count: number) {
  const path = fileURLToPath(new URL("reserve-worker.mjs", import.meta.url));
  const child = spawn(process.execPath, [path, repository.path, scope, String(count)], {
    env: { PATH: process.env.PATH, HOME: join(repository.path, "..", "home") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ready: lines.next(),
    go: () => child.stdin.write("go\n"),
    got: async (): Promise<string[]> => JSON.parse((await lines.next()).value),
    kill: async () => {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

it("of eight processes at once is for as many as there is room, and theirs again who died", async () => {
  const repository = newRepository();
  const sluice = repository.sluice();
  const store = await openStore(sluice, await openRepository(sluice, undefined));
  // 50,000 tokens cost a hundredth, and there are three up to the limit.
  await store.update(
    "quota_state.json",
    (await import("../../src/state/quota-shape.js")).quotaState,
    (state) => {
      Object.assign(state.sources, {
        claude_max: {
          windows: {
            weekly: {
              used: 0.9251,
              resets_at: Date.now() + 84 * hour,
              observed_at: Date.now(),
              provenance: "probe",
            },
          },
          learned: { weekly: { spent: 200, tokens: 1e9, readings: 50 } },
        },
      });
    },
  );
  const workers = Array.from({ length: 8 }, () => worker(repository, "repository", 2));
  await Promise.all(workers.map(({ ready }) => ready));
  for (const { go } of workers) go();
  const got = await Promise.all(workers.map((one) => one.got()));
  const ids = got.flat();
  expect(ids).toHaveLength(3);
  const kept = async () =>
    (await readQuota(store, sluice)).sources.claude_max?.reservations.map(({ id }) => id);
  expect(new Set(await kept())).toEqual(new Set(ids));
  await Promise.all(workers.map(({ kill }) => kill()));
  expect(await kept()).toEqual([]);
}, 60_000);

describe("quota of the user", () => {
  const scoped = (scope: Config["quota"]["scope"]) => ({ ...config, quota: { ...config.quota, scope } });

  it("is shared by two repositories, and never in one", async () => {
    const [one, two] = [newRepository(), newRepository()];
    const state = join(one.path, "..", "home", "state");
    const open = async (repository: TestRepository, scope: Config["quota"]["scope"]) => {
      const sluice = repository.sluice({ env: { PATH: process.env.PATH, XDG_STATE_HOME: state } });
      const own = await openStore(sluice, await openRepository(sluice, undefined));
      return { sluice, own, store: await quotaStore(sluice, scoped(scope), own) };
    };
    const first = await open(one, "user");
    await recordUsage(first.store, first.sluice, { source: "claude_max", tokens: 5 });
    expect(existsSync(join(state, "sluice", "quota_state.json"))).toBe(true);
    const second = await open(two, "user");
    const seen = await readQuota(second.store, second.sluice);
    expect(seen.sources.claude_max?.tokens_since_reset).toBe(5);
    const other = await open(two, "repository");
    expect((await readQuota(other.store, other.sluice)).sources).toEqual({});
    for (const repository of [one, two]) expect(repository.git("status", "--porcelain")).toBe("");
    expect(JSON.parse(readFileSync(join(state, "sluice", "quota_state.json"), "utf8")).schema_version).toBe(
      1,
    );
  });

  it("is not kept in a folder inside the repository", async () => {
    const repository = newRepository();
    const sluice = repository.sluice({
      env: { PATH: process.env.PATH, XDG_STATE_HOME: join(repository.path, "state") },
    });
    const own = await openStore(sluice, await openRepository(sluice, undefined));
    expect(await quotaStore(sluice, scoped("user"), own)).toBe(own);
    expect(own.warnings.join()).toContain("inside this repository");
  });
});
