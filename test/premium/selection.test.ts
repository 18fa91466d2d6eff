import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import { routingChoices } from "../../src/premium/candidates.js";
import type { openSource } from "../../src/premium/open-source.js";
import { settle } from "../../src/premium/reservations.js";
import { look, type TakeOptions, take } from "../../src/premium/selection.js";
import type { PremiumSource } from "../../src/premium/source.js";
import { readQuota, recordUsage, type WindowReading } from "../../src/state/quota-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const now = Date.parse("2026-03-01T12:00:00Z");
const hour = 3_600_000;
const signal = new AbortController().signal;
const keys = { PATH: "", OPENAI_API_KEY: "sk-one", ANTHROPIC_API_KEY: "sk-two" };
const weekly = (used: number): WindowReading => ({
  id: "weekly",
  used,
  resets_at: now + 80 * hour,
  provenance: "probe",
});

let repository: TestRepository;
let config: Config;
let store: StateStore;
let asked: string[];
/** What each source has left when it is asked. */
let left: Record<string, number>;

beforeEach(async () => {
  repository = testRepository();
  const sluice = repository.sluice({ clock: () => now });
  config = (await loadUserConfiguration(sluice)).config;
  store = await openStore(sluice, await openRepository(sluice, undefined, { allowed: [], signal }));
  asked = [];
  left = {};
});
afterEach(() => repository.remove());

const open: typeof openSource = async (_sluice, _config, { source, access }) => {
  const opened: PremiumSource = {
    name: source,
    access: access ?? "api",
    async probe() {
      asked.push(source);
      const used = left[source];
      const windows = used === undefined ? [] : [weekly(used)];
      return { state: "ready", windows, allowed: null, models: null, plan: null, why: "asked" };
    },
    review: () => Promise.reject(new Error("a route calls no model")),
  };
  return opened;
};

const list = ["openai_pro:codex-5.2", "claude_max:opus-4.5"];
const tokens = 400;

async function reserve(more: Partial<TakeOptions> = {}, env: Record<string, string> = keys) {
  const sluice = repository.sluice({ clock: () => now, env });
  const { choices } = routingChoices(config, list, "COMPLEX");
  return take(sluice, { store, config, choices, tokens, timeout: 60_000, signal, open, ...more });
}
const quota = async (source: string) =>
  (await readQuota(store, repository.sluice({ clock: () => now }))).sources[source];

describe("choosing and reserving", () => {
  it("asks who could be chosen, reserves the size, and gives it back with what it cost", async () => {
    left = { openai_pro: 0.2, claude_max: 0.2 };
    const { selection, reserved } = await reserve();
    expect(asked.sort()).toEqual(["claude_max", "openai_pro"]);
    expect(selection).toMatchObject({ decision: "route", chosen: { status: { access: "api" } } });
    expect(reserved).toMatchObject({ source: "openai_pro", tokens });
    expect((await quota("openai_pro"))?.reservations).toMatchObject([{ id: reserved?.id, tokens }]);
    if (reserved === null) throw new Error("nothing reserved");
    await settle(reserved, { ok: true, tokens: 1_234 });
    expect(await quota("openai_pro")).toMatchObject({
      reservations: [],
      tokens_since_reset: 1_234,
      requests_since_reset: 1,
    });
  });

  it("goes to the next of the list after a limit, and says when nobody is left", async () => {
    const first = await reserve();
    if (first.reserved === null) throw new Error("nothing reserved");
    const throttle = { reason: "usage_limit" as const, until: now + 3 * hour };
    await settle(first.reserved, { ok: false, failure: "usage_limit", throttle, tokens: 0 });
    const tried = [{ source: "openai_pro" }];
    const second = await reserve({ tried });
    expect(second.reserved?.source).toBe("claude_max");
    if (second.reserved === null) throw new Error("nothing reserved");
    await settle(second.reserved, { ok: false, failure: "usage_limit", throttle, tokens: 0 });
    const third = await reserve({ tried: [...tried, { source: "claude_max" }] });
    expect(third.reserved).toBeNull();
    expect(third.selection.decision).toBe("all_exhausted");
    // Who asks without having tried hears when it goes on.
    expect((await reserve()).selection).toMatchObject({
      decision: "all_exhausted",
      availableAt: now + 3 * hour,
    });
  });

  it.each([
    ["opus-4.5", "claude-opus-4-5-20250514"],
    ["claude-opus-4-5-20250514", "opus-4.5"],
  ])("asks a source throttled under %s not again under %s", async (first, second) => {
    const choicesOf = (name: string) => routingChoices(config, [`claude_max:${name}`], "COMPLEX").choices;
    const { reserved } = await reserve({ choices: choicesOf(first) });
    if (reserved === null) throw new Error("nothing reserved");
    const throttle = { reason: "usage_limit" as const, until: now + 3 * hour, scope: "opus" };
    await settle(reserved, { ok: false, failure: "usage_limit", throttle, tokens: 0 });
    asked = [];
    const again = await reserve({ choices: choicesOf(second) });
    expect(again.reserved).toBeNull();
    expect(again.selection).toMatchObject({ decision: "all_exhausted", availableAt: now + 3 * hour });
    expect(asked).toEqual([]);
    // A model of another pool may still be asked.
    expect((await reserve({ choices: choicesOf("sonnet-4") })).reserved?.source).toBe("claude_max");
  });

  it("gives the last of a window to one of two", async () => {
    left = { openai_pro: 0.9, claude_max: 0.2 };
    const sluice = repository.sluice({ clock: () => now });
    // A call was seen to take much of the week.
    await recordUsage(store, sluice, { source: "openai_pro", at: now - 2, windows: [weekly(0.5)] });
    await recordUsage(store, sluice, { source: "openai_pro", at: now - 2, tokens: 50_000 });
    await recordUsage(store, sluice, { source: "openai_pro", at: now - 1, windows: [weekly(0.9)] });
    const both = await Promise.all([reserve({ expected: 50_000 }), reserve({ expected: 50_000 })]);
    expect(both.map(({ reserved }) => reserved?.source).sort()).toEqual(["claude_max", "openai_pro"]);
  });

  it("tries a source whose key was rejected again once there is another key", async () => {
    const real = { open: undefined, config: { ...config, quota: { ...config.quota, probe: false } } };
    const first = await reserve(real);
    if (first.reserved === null) throw new Error("nothing reserved");
    const throttle = { reason: "auth" as const, evidence: "401" };
    await settle(first.reserved, { ok: false, failure: "auth", throttle, tokens: 0 });
    expect((await reserve(real)).reserved?.source).toBe("claude_max");
    const mended = await reserve(real, { ...keys, OPENAI_API_KEY: "sk-another" });
    expect(mended.reserved?.source).toBe("openai_pro");
  });

  it("reserves nothing and asks nobody where somebody only looks", async () => {
    const sluice = repository.sluice({ clock: () => now, env: keys });
    const { choices } = routingChoices(config, list, "COMPLEX");
    const looked = await look(sluice, { store, config, choices, tokens });
    expect(looked.chosen?.candidate.source).toBe("openai_pro");
    expect(asked).toEqual([]);
    expect(await quota("openai_pro")).toBeUndefined();
  });
});
