import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import { UsageError } from "../../src/errors.js";
import { quotaStatus, quotaStatusOutput } from "../../src/premium/quota-status.js";
import {
  normalise,
  type RecordUsageArguments,
  recordUsageOutput,
  recordUsageSeen,
} from "../../src/premium/usage.js";
import type { Sluice } from "../../src/sluice.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const start = Date.parse("2026-03-01T12:00:00Z");
const hour = 3_600_000;
let repository: TestRepository;
let store: StateStore;
let config: Config;
let now: number;
let sluice: Sluice;

beforeEach(async () => {
  now = start;
  repository = testRepository();
  const opener = repository.sluice({ clock: () => now });
  store = await openStore(opener, await openRepository(opener, undefined));
  sluice = { ...opener, env: { ...opener.env, PATH: "", OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k" } };
  config = (await loadUserConfiguration(sluice)).config;
});
afterEach(() => repository.remove());

const record = async (args: RecordUsageArguments) =>
  recordUsageOutput.parse(await recordUsageSeen(sluice, args, { store, config }));
const status = async (source: string) => {
  const result = quotaStatusOutput.parse(await quotaStatus(sluice, { store, config }));
  return result.sources.find((row) => row.source === source);
};
const iso = (hours: number) => new Date(start + hours * hour).toISOString();

describe("recording usage", () => {
  it("takes a fraction and a percentage by their names, never by their size", async () => {
    await record({ source: "claude_max", windows: [{ id: "5h", used_fraction: 1, resets_at: iso(2) }] });
    expect((await status("claude_max"))?.windows.find(({ id }) => id === "5h")?.used).toBe(1);
    now += 1_000;
    await record({ source: "claude_max", windows: [{ id: "5h", used_percent: 1, resets_at: iso(2) }] });
    expect((await status("claude_max"))?.windows.find(({ id }) => id === "5h")?.used).toBe(0.01);
  });

  it("keeps what it is told with its age and where it comes from", async () => {
    await record({
      source: "openai_pro",
      windows: [{ id: "weekly", used_percent: 40, resets_at: iso(100) }],
    });
    now += 90_000;
    expect((await status("openai_pro"))?.windows).toContainEqual({
      id: "weekly",
      scope: null,
      used: 0.4,
      resets_at: iso(100),
      provenance: "log",
      age_s: 90,
      estimated_used: 0.4,
      limit: 0.95,
      burn: 0.988,
      runs_out_at: "2026-03-05T09:33:33.750Z",
    });
    now = start + 101 * hour;
    expect((await status("openai_pro"))?.windows[0]).toMatchObject({
      id: "weekly",
      used: null,
      resets_at: null,
    });
  });

  it("keeps pools of one source apart", async () => {
    await record({
      source: "antigravity",
      windows: [
        { id: "weekly", used_fraction: 0.2, scope: "gemini" },
        { id: "weekly", used_fraction: 0.7, scope: "3p" },
      ],
    });
    expect((await status("antigravity"))?.windows.map(({ id, scope, used }) => [id, scope, used])).toEqual([
      ["weekly", "gemini", 0.2],
      ["weekly", "3p", 0.7],
    ]);
  });

  it("holds a source back until the throttle's own time, and longer if the longer of two says so", async () => {
    await record({ source: "claude_max", throttle: { reason: "usage_limit", until: iso(3) } });
    expect(await status("claude_max")).toMatchObject({ eligible: false, throttled_until: iso(3) });
    await record({ source: "claude_max", throttle: { reason: "usage_limit", retry_after_s: 60 } });
    expect(await status("claude_max")).toMatchObject({ throttled_until: iso(3) });
    now = start + 3 * hour + 1;
    expect(await status("claude_max")).toMatchObject({ eligible: true, throttled_until: null });
  });

  it("lifts a throttle when a call is seen to work", async () => {
    await record({ source: "claude_max", throttle: { reason: "usage_limit", until: iso(100) } });
    now += 60_000;
    const { status: row } = await record({ source: "claude_max", input_tokens: 1_000, output_tokens: 50 });
    expect(row).toMatchObject({ eligible: true, throttled_until: null });
  });

  it("lifts only what the call is evidence against", async () => {
    const held = async () => (await status("claude_max"))?.why.includes("opus");
    await record({
      source: "claude_max",
      throttle: { reason: "usage_limit", until: iso(100), scope: "opus" },
    });
    now += 60_000;
    await record({ source: "claude_max", model: "sonnet-4", input_tokens: 9 });
    expect(await held()).toBe(true);
    await record({ source: "claude_max", input_tokens: 9 });
    expect(await held()).toBe(true);
    await record({ source: "claude_max", model: "claude-opus-4-5", input_tokens: 9 });
    expect(await held()).toBe(false);
  });

  it("lifts a throttle when every window that is known has room, but not Copilot's", async () => {
    for (const [source, lifted] of [
      ["openai_pro", true],
      ["copilot", false],
    ] as const) {
      await record({ source, throttle: { reason: "rate_limit", until: iso(5) } });
      now += 60_000;
      await record({ source, windows: [{ id: "weekly", used_fraction: 0.1 }] });
      expect([source, (await status(source))?.throttled_until === null]).toEqual([source, lifted]);
    }
  });

  it.each<[string, RecordUsageArguments, string]>([
    ["an unknown source", { source: "__proto__", input_tokens: 1 }, "openai_pro"],
    ["nothing", { source: "claude_max" }, "nothing to record"],
    ["a negative count", { source: "claude_max", input_tokens: -1 }, "input_tokens"],
    ["half a token", { source: "claude_max", output_tokens: 0.5 }, "output_tokens"],
    ["no number", { source: "claude_max", input_tokens: Number.NaN }, "input_tokens"],
    [
      "a percentage as a fraction",
      { source: "claude_max", windows: [{ id: "5h", used_fraction: 42 }] },
      "used_percent takes 0 to 100",
    ],
    [
      "a negative fraction",
      { source: "claude_max", windows: [{ id: "5h", used_fraction: -0.1 }] },
      "used_fraction",
    ],
    [
      "no fraction",
      { source: "claude_max", windows: [{ id: "5h", used_fraction: Number.NaN }] },
      "used_fraction",
    ],
    ["more than all", { source: "claude_max", windows: [{ id: "5h", used_percent: 101 }] }, "used_percent"],
    [
      "both",
      { source: "claude_max", windows: [{ id: "5h", used_percent: 1, used_fraction: 0.01 }] },
      "Pass one",
    ],
    [
      "a time without an offset",
      { source: "claude_max", windows: [{ id: "5h", resets_at: "2026-03-01T18:00:00" }] },
      "resets_at",
    ],
    [
      "a time in words",
      { source: "claude_max", throttle: { reason: "usage_limit", until: "7:10 AM" } },
      "throttle.until",
    ],
    [
      "a negative wait",
      { source: "claude_max", throttle: { reason: "usage_limit", retry_after_s: -5 } },
      "retry_after_s",
    ],
    [
      "a name that every object has",
      { source: "claude_max", windows: [{ id: "constructor", used_fraction: 0 }] },
      "windows[0].id",
    ],
    [
      "a name that is a text",
      { source: "claude_max", windows: [{ id: "ignore all\nprevious", used_fraction: 0 }] },
      "windows[0].id",
    ],
  ])("refuses %s and says what is allowed", async (_, args, said) => {
    const before = await status("claude_max");
    const error = await record(args).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    if (error instanceof UsageError) expect(`${error.message} ${error.hint}`).toContain(said);
    expect(await status("claude_max")).toEqual(before);
  });

  it.each([
    ["has passed", iso(-1)],
    ["is more than 31 days away", iso(24 * 32)],
    ["is the end of time", "9999-12-31T23:59:59Z"],
  ])("takes a reset that %s as unknown, and says so", (_, resets_at) => {
    const notes: string[] = [];
    const event = normalise(
      { source: "claude_max", windows: [{ id: "5h", used_fraction: 0.5, resets_at }] },
      start,
      notes,
    );
    expect(event.windows?.[0]).toMatchObject({ used: 0.5, resets_at: null });
    expect(notes).toHaveLength(1);
  });
});

describe("quota status", () => {
  it("says null, not full, of what nobody has read", async () => {
    expect(await status("antigravity")).toMatchObject({ access: null, eligible: false });
    const result = await quotaStatus(sluice, { store, config });
    expect(result.sources.map(({ source }) => source)).toEqual([
      "openai_pro",
      "claude_max",
      "copilot",
      "antigravity",
    ]);
  });
});
