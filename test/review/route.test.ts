import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { surroundings } from "../../src/change/surroundings.js";
import { countTokens } from "../../src/change/tokens.js";
import type { Change } from "../../src/change/types.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import { ConfigurationError } from "../../src/errors.js";
import type { ChangeClass } from "../../src/review/classify.js";
import { contextSize } from "../../src/review/context.js";
import { type Route, route, routeOutput } from "../../src/review/route.js";
import { recordUsage } from "../../src/state/quota-state.js";
import { openStore, type StateStore } from "../../src/state/store.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const now = Date.parse("2026-03-01T12:00:00Z");
const hour = 3_600_000;
let repository: TestRepository;
let change: Change;
let config: Config;
const signal = new AbortController().signal;

beforeAll(async () => {
  repository = testRepository();
  repository.write({
    "src/a.ts": 'import { b } from "./b.js";\nexport const a = () => b();\n',
    "src/b.ts": "export const b = () => 1;\n",
    "test/a.test.ts": 'import { a } from "../src/a.js";\nit("works", () => a());\n',
    "package-lock.json": "{}",
  });
  repository.commit();
  repository.write({
    "src/a.ts": 'import { b } from "./b.js";\nexport const a = () => b() + 1;\n',
    "package-lock.json": '{"a":1}',
  });
  const sluice = repository.sluice();
  change = await openChange(sluice, {});
  config = (await loadUserConfiguration(sluice)).config;
});
afterAll(() => repository.remove());

/** Nobody's state: every test starts with a repository of its own kind of history. */
async function freshStore(): Promise<StateStore> {
  const other = testRepository();
  repositories.push(other);
  other.commit();
  const sluice = other.sluice({ clock: () => now });
  const { repository: opened } = await openChange(sluice, { base: "HEAD", head: "HEAD" });
  return openStore(sluice, opened);
}
const repositories: TestRepository[] = [];
afterAll(() => {
  for (const other of repositories) other.remove();
});

const keys = { OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k" };

async function routed(
  asked: ChangeClass,
  options: {
    env?: Record<string, string>;
    store?: StateStore;
    config?: Config;
    change?: Change;
    asksItself?: boolean;
  } = {},
): Promise<Route> {
  const sluice = repository.sluice({ clock: () => now, env: { PATH: "", ...(options.env ?? keys) } });
  const target = options.change ?? change;
  const context = await surroundings(target, { sluice, signal });
  const store = options.store ?? (await freshStore());
  return routeOutput.parse(
    await route(target, sluice, {
      store,
      config: options.config ?? config,
      class: asked,
      context,
      asksItself: options.asksItself,
      signal,
    }),
  );
}

describe("routing", () => {
  it("takes the first of the class's list that can be asked", async () => {
    expect(await routed("SECURITY")).toMatchObject({
      decision: "route",
      source: "openai_pro",
      model: "gpt-5.2-codex",
      access: "api",
      next_available_at: null,
    });
    expect(await routed("COMPLEX")).toMatchObject({
      source: "claude_max",
      model: "claude-opus-4-5-20250514",
    });
  });

  it("leads to review_change where that asks, and to whoever has it done where it does not", async () => {
    const itself = await routed("SECURITY", { asksItself: true });
    expect(itself.next).toMatch(/^Call review_change: it has gpt-5.2-codex of openai_pro review/);
    expect((await routed("SECURITY")).next).toMatch(/^Have gpt-5.2-codex of openai_pro review/);
  });

  it("says what to set up when nothing is configured", async () => {
    const result = await routed("COMPLEX", { env: {} });
    expect(result).toMatchObject({
      decision: "none_configured",
      source: null,
      model: null,
      next_available_at: null,
    });
    expect(result.next).toContain("claude on PATH or ANTHROPIC_API_KEY");
    expect(result.next).toContain("record_verdict");
    expect(result.candidates.map(({ model }) => model)).toContain("claude-opus-4-5-20250514");
  });

  it("says when the first of several comes back", async () => {
    const store = await freshStore();
    const sluice = repository.sluice({ clock: () => now });
    await recordUsage(store, sluice, {
      source: "openai_pro",
      windows: [{ id: "weekly", used: 1, resets_at: now + 50 * hour, provenance: "log" }],
    });
    const result = await routed("SECURITY", { store });
    expect(result).toMatchObject({
      decision: "all_exhausted",
      next_available_at: "2026-03-03T14:00:00.000Z",
    });
    expect(result.next).toContain("2026-03-03T14:00:00.000Z");
    expect(result.candidates[0]).toMatchObject({ eligible: false, score: null });
    expect(result.candidates[0]?.windows[0]).toMatchObject({ id: "weekly", used: 1 });
  });

  it("never sends a SECURITY change to who its list does not name, however much they have left", async () => {
    const store = await freshStore();
    const sluice = repository.sluice({ clock: () => now });
    await recordUsage(store, sluice, {
      source: "openai_pro",
      throttle: { reason: "usage_limit", until: now + hour },
    });
    const routing = { ...config.review.routing, security: ["quota_lowest", "openai_pro:codex-5.2"] };
    const result = await routed("SECURITY", {
      store,
      config: { ...config, review: { ...config.review, routing } },
    });
    expect(result.decision).toBe("all_exhausted");
    expect(new Set(result.candidates.map(({ source }) => source))).toEqual(new Set(["openai_pro"]));
  });

  it("takes the source with most left for quota_lowest, and unknown for neither full nor empty", async () => {
    const store = await freshStore();
    const sluice = repository.sluice({ clock: () => now });
    const weekly = (used: number) => [
      { id: "weekly", used, resets_at: now + 80 * hour, provenance: "log" as const },
    ];
    await recordUsage(store, sluice, { source: "claude_max", windows: weekly(0.8) });
    expect(await routed("ROUTINE", { store })).toMatchObject({ source: "openai_pro", model: "gpt-5.2" });
    await recordUsage(store, sluice, { source: "claude_max", at: now, windows: weekly(0.3) });
    const result = await routed("ROUTINE", { store });
    expect(result).toMatchObject({ source: "claude_max", model: "claude-sonnet-4-20250514" });
    expect(result.candidates[0]).toMatchObject({ score: 0.59 });
    expect(result.candidates.find(({ source }) => source === "openai_pro")).toMatchObject({
      score: 0.45,
      windows: [],
    });
  });

  it("leaves out a model whose window is too small for the context, and never cuts", async () => {
    repository.write({
      "src/big.ts": `export const words = [\n${'  "lorem ipsum dolor",\n'.repeat(35_000)}];\n`,
    });
    const large = await openChange(repository.sluice(), {});
    repository.write({ "src/big.ts": null });
    const result = await routed("COMPLEX", { change: large });
    expect(result).toMatchObject({ decision: "all_exhausted", source: null, next_available_at: null });
    expect(result.context.tokens).toBeGreaterThan(300_000);
    expect(result.candidates[0]?.why).toMatch(/the context has \d+ tokens, it takes 170000/);
    expect(result.next).toContain("paths");
  });

  it("goes on with what it understands, and says what it doesn't", async () => {
    const list = (complex: string[]) => ({
      ...config,
      review: { ...config.review, routing: { ...config.review.routing, complex } },
    });
    const result = await routed("COMPLEX", { config: list(["claude_max:opus-99", "claude_max:opus-4.5"]) });
    expect(result.source).toBe("claude_max");
    expect(result.problems[0]).toContain("opus-99");
    await expect(routed("COMPLEX", { config: list(["claude_max:opus-99"]) })).rejects.toThrow(
      ConfigurationError,
    );
    await expect(routed("COMPLEX", { config: list([]) })).rejects.toThrow("review.routing.complex");
  });
});

describe("the review context", () => {
  it("is the diff, changed files, imports and tests, each counted", async () => {
    const { context } = await routed("COMPLEX");
    expect(context.files.map(({ path, role }) => [path, role])).toEqual([
      ["src/a.ts", "changed"],
      ["src/b.ts", "import"],
      ["test/a.test.ts", "test"],
    ]);
    expect(context.not_shown).toEqual([{ path: "package-lock.json", reason: "lock" }]);
    expect(context.tokens).toBe(
      context.diff_tokens + context.files.reduce((sum, { tokens }) => sum + tokens, 0),
    );
    expect(context.files[1]?.tokens).toBe(await countTokens("export const b = () => 1;\n"));
    expect(context).toMatchObject({ estimated: false, more_files: 0 });
  });

  it("lists some of many files and counts all", async () => {
    const files = Array.from({ length: 50 }, (_, i) => ({
      path: `f${i}`,
      role: "changed" as const,
      id: change.head.tree,
      bytes: 3_300_000,
    }));
    const size = await contextSize({ ...change, files: [] }, { files }, signal);
    expect(size).toMatchObject({ estimated: true, diff_tokens: 0, tokens: 50_000_000 });
    expect(size.files).toHaveLength(50);
  });

  it("stops when it is cancelled", async () => {
    await expect(contextSize(change, { files: [] }, AbortSignal.abort())).rejects.toThrow();
  });
});
