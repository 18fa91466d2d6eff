import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { readQuota, recordUsage } from "../../src/state/quota-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { runSluice } from "../support/command.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const hour = 3_600_000;
let repository: TestRepository;
let store: StateStore;

beforeEach(async () => {
  repository = testRepository();
  const sluice = repository.sluice();
  store = await openStore(sluice, await openRepository(sluice, undefined));
});
afterEach(() => repository.remove());

function quota(...args: string[]): { code: number | null; out: string } {
  const known = { PATH: "/usr/bin:/bin", ANTHROPIC_API_KEY: "k" };
  const { code, stdout, stderr } = runSluice(repository, ["quota", ...args], known);
  return { code, out: code === 0 ? stdout : `${stdout}${stderr}` };
}

const seen = {
  source: "claude_max",
  windows: [
    { id: "weekly", used: 0.75, resets_at: Date.now() + 84 * hour, provenance: "log" as const },
    { id: "5h", used: null, provenance: "log" as const },
  ],
  throttle: { reason: "rate_limit" as const, until: Date.now() + 3 * hour, evidence: "429 \u001b[31mred" },
};

describe("sluice quota", () => {
  it("shows bars with age and provenance, the pace, what is unknown, and why a source is held back", async () => {
    await recordUsage(store, repository.sluice(), seen);
    const { code, out } = quota("--no-probe");
    expect(code).toBe(0);
    expect(out).toMatch(
      /weekly +█{5}░{15} +25 % left, resets in [34] d, runs out in \d+ h at this pace \[log, \d+ s ago\]/,
    );
    expect(out).toMatch(/5h +\?{20} unknown/);
    expect(out).toMatch(/held back: rate_limit for 3 h: 429 .*red/);
    expect(out).not.toContain("\u001b");
    expect(out).toContain("needs codex on PATH");
    const { sources } = JSON.parse(quota("--no-probe", "--json").out);
    expect(sources.find(({ source }: { source: string }) => source === "claude_max")).toMatchObject({
      eligible: false,
      windows: [
        { id: "weekly", used: 0.75, burn: 1.5, limit: 0.95 },
        { id: "5h", used: null },
      ],
    });
  });

  it("forgets what holds a source back, after saying what that is", async () => {
    const sluice = repository.sluice();
    await recordUsage(store, sluice, seen);
    const asked = quota("reset", "--source", "claude_max");
    expect(asked.code).toBe(2);
    expect(asked.out).toMatch(/the throttle rate_limit[\s\S]*the reading of weekly[\s\S]*--yes/);
    expect((await readQuota(store, sluice)).sources.claude_max?.throttles).toHaveLength(1);
    expect(quota("reset", "--source", "claude_max", "--yes").code).toBe(0);
    expect((await readQuota(store, sluice)).sources.claude_max).toMatchObject({ throttles: [], windows: {} });
    expect(quota("reset", "--source", "claude_max", "--yes").out).toContain("Nothing holds claude_max back");
  });

  it.each([
    [["reset"], "--source"],
    [["reset", "--source", "nobody"], "openai_pro"],
  ])("refuses %j and says what is allowed", (args, said) => {
    const { code, out } = quota(...args);
    expect(code).toBe(2);
    expect(out).toContain(said);
  });
});
