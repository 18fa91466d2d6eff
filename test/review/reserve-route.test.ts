import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { surroundings } from "../../src/change/surroundings.js";
import type { Change } from "../../src/change/types.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import type { openSource } from "../../src/premium/open-source.js";
import type { PremiumSource } from "../../src/premium/source.js";
import { type ReserveOptions, reserveRoute, route, settle } from "../../src/review/route.js";
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
let change: Change;
let config: Config;
let store: StateStore;
let asked: string[];
/** What each source has left when it is asked. */
let left: Record<string, number>;

beforeEach(async () => {
  repository = testRepository();
  repository.write({ "src/a.ts": "export const a = 1;\n" });
  repository.commit();
  repository.write({ "src/a.ts": "export const a = 2;\n" });
  const sluice = repository.sluice({ clock: () => now });
  change = await openChange(sluice, {});
  const loaded = (await loadUserConfiguration(sluice)).config;
  const routing = { ...loaded.review.routing, complex: ["openai_pro:codex-5.2", "claude_max:opus-4.5"] };
  config = { ...loaded, review: { ...loaded.review, routing } };
  store = await openStore(sluice, change.repository);
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

async function reserve(more: Partial<ReserveOptions> = {}, env: Record<string, string> = keys) {
  const sluice = repository.sluice({ clock: () => now, env });
  const context = await surroundings(change, { sluice, signal });
  return reserveRoute(change, sluice, { store, config, class: "COMPLEX", context, signal, open, ...more });
}
const quota = async (source: string) =>
  (await readQuota(store, repository.sluice({ clock: () => now }))).sources[source];

describe("choosing and reserving for a change", () => {
  it("asks who could be chosen, reserves the change's size, and gives it back with what it cost", async () => {
    left = { openai_pro: 0.2, claude_max: 0.2 };
    const { route: chosen, reserved } = await reserve();
    expect(asked.sort()).toEqual(["claude_max", "openai_pro"]);
    expect(chosen).toMatchObject({ decision: "route", source: "openai_pro", access: "api" });
    expect(reserved).toMatchObject({ source: "openai_pro", tokens: chosen.context.tokens });
    expect((await quota("openai_pro"))?.reservations).toMatchObject([
      { id: reserved?.id, tokens: chosen.context.tokens },
    ]);
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
    expect(third.route.decision).toBe("all_exhausted");
    // Who asks without having tried hears when it goes on.
    expect((await reserve()).route).toMatchObject({
      decision: "all_exhausted",
      next_available_at: "2026-03-01T15:00:00.000Z",
    });
  });

  it("gives the last of a window to one of two", async () => {
    left = { openai_pro: 0.9, claude_max: 0.2 };
    const sluice = repository.sluice({ clock: () => now });
    // A call was seen to take much of the week.
    await recordUsage(store, sluice, { source: "openai_pro", at: now - 2, windows: [weekly(0.5)] });
    await recordUsage(store, sluice, { source: "openai_pro", at: now - 2, tokens: 50_000 });
    await recordUsage(store, sluice, { source: "openai_pro", at: now - 1, windows: [weekly(0.9)] });
    const both = await Promise.all([reserve({ tokens: 50_000 }), reserve({ tokens: 50_000 })]);
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

  it("reserves nothing and asks nobody where only a route is wanted", async () => {
    const sluice = repository.sluice({ clock: () => now, env: keys });
    const context = await surroundings(change, { sluice, signal });
    const looked = await route(change, sluice, { store, config, class: "COMPLEX", context, signal });
    expect(looked.source).toBe("openai_pro");
    expect(asked).toEqual([]);
    expect(await quota("openai_pro")).toBeUndefined();
  });
});
