import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { noteIdentities } from "../../src/premium/identity.js";
import { openSource } from "../../src/premium/open-source.js";
import type { SourceStatus } from "../../src/premium/sources.js";
import { createSluice } from "../../src/sluice.js";
import { readQuota, recordUsage, type ThrottleReason } from "../../src/state/quota-state.js";
import { memoryStore } from "../support/memory-store.js";

const top = mkdtempSync(join(tmpdir(), "sluice-identity-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));

/** One source, seen with one environment after another. */
function scene(source: string, access: SourceStatus["access"]) {
  const store = memoryStore();
  const program = access === "api" ? null : "/bin/true";
  const status: SourceStatus = { source, access, configured: true, program, why: "" };
  const sluice = (env: Record<string, string>) => createSluice({ cwd: top, env });
  return {
    store,
    see: (env: Record<string, string>) =>
      noteIdentities(sluice(env), { store, config, statuses: [status], open: openSource }),
    throttle: (reason: ThrottleReason) =>
      recordUsage(store, sluice({}), { source, throttle: { reason, evidence: "said so" } }),
    throttles: async () =>
      (await readQuota(store, sluice({}))).sources[source]?.throttles.map(({ reason }) => reason),
  };
}

describe("what only the user can mend", () => {
  it.each<[string, string]>([
    ["openai_pro", "OPENAI_API_KEY"],
    ["claude_max", "ANTHROPIC_API_KEY"],
    ["antigravity", "GEMINI_API_KEY"],
  ])("is over with another key, and nothing else is: %s", async (source, variable) => {
    const { see, throttle, throttles, store } = scene(source, "api");
    await see({ [variable]: "sk-the-first-key" });
    for (const reason of ["billing", "auth", "usage_limit"] as const) await throttle(reason);
    await see({ [variable]: "sk-the-first-key" });
    expect(await throttles()).toEqual(["billing", "auth", "usage_limit"]);
    await see({ [variable]: "sk-another-key" });
    expect(await throttles()).toEqual(["usage_limit"]);
    await throttle("billing");
    await see({ [variable]: "sk-another-key" });
    expect(await throttles()).toEqual(["usage_limit", "billing"]);
    expect(store.text()).not.toMatch(/first-key|another-key/);
  });

  it.each<[string, (folder: string) => { file: string; env: Record<string, string> }]>([
    ["openai_pro", (folder) => ({ file: "auth.json", env: { CODEX_HOME: folder } })],
    ["claude_max", (folder) => ({ file: ".credentials.json", env: { CLAUDE_CONFIG_DIR: folder } })],
  ])("is over after signing in, for the first time or anew: %s", async (source, place) => {
    const folder = join(top, source);
    mkdirSync(folder);
    const { file, env } = place(folder);
    const { see, throttle, throttles, store } = scene(source, "cli");
    await see(env);
    await throttle("auth");
    await see(env);
    expect(await throttles()).toEqual(["auth"]);
    writeFileSync(join(folder, file), '{"token":"secret-token"}');
    await see(env);
    expect(await throttles()).toEqual([]);
    await throttle("billing");
    utimesSync(join(folder, file), 1_000, 1_000);
    await see(env);
    expect(await throttles()).toEqual([]);
    expect(store.text()).not.toContain("secret-token");
  });

  it("is over with another token of Copilot's", async () => {
    const { see, throttle, throttles, store } = scene("copilot", "coding_agent");
    await see({});
    await throttle("billing");
    await see({ COPILOT_GITHUB_TOKEN: "github_pat_mine" });
    expect(await throttles()).toEqual([]);
    expect(store.text()).not.toContain("github_pat_mine");
  });

  it("stays where the key was never seen before: it may be the same", async () => {
    const { see, throttle, throttles } = scene("openai_pro", "api");
    await throttle("billing");
    await see({ OPENAI_API_KEY: "sk-the-first-key" });
    expect(await throttles()).toEqual(["billing"]);
  });
});
