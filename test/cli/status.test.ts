import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import { recordUsageSeen } from "../../src/premium/usage.js";
import { recordVerdict } from "../../src/state/review-state.js";
import { openStore } from "../../src/state/store.js";
import { startSluice } from "../support/command.js";
import { type Fake, fakeOpenai } from "../support/fake-openai.js";
import { sampleRepository } from "../support/flow.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const open: TestRepository[] = [];
const servers: Fake[] = [];

afterEach(async () => {
  for (const repository of open.splice(0)) repository.remove();
  for (const server of servers.splice(0)) await server.close();
});

function repository(): TestRepository {
  const made = testRepository();
  open.push(made);
  made.write({ "a.txt": "one\n" });
  made.commit("first");
  return made;
}

/** Beside this process, whose servers have to answer. */
async function status(here: TestRepository, args: string[], extra: Record<string, string> = {}) {
  const { code, stdout, stderr } = await startSluice(here, ["status", ...args], {
    PATH: "/usr/bin:/bin",
    LOCAL_ENABLED: "0",
    PREFILTER_ENABLED: "0",
    ...extra,
  });
  return { code, out: stdout, err: stderr };
}

describe("sluice status", () => {
  it("shows the local tier, the sources' quota and the last review on one screen", async () => {
    const here = repository();
    const server = await fakeOpenai({
      models: [{ id: "glm-4.7-flash", aliases: ["GLM-4.7-Flash-UD-Q4_K_XL"] }],
      loaded: ["glm-4.7-flash"],
    });
    servers.push(server);
    const keys = { OPENAI_API_KEY: "k", LOCAL_ENABLED: "1", LOCAL_ENDPOINT: server.url };
    const opener = here.sluice();
    const sluice = { ...opener, env: { ...opener.env, ...keys } };
    const store = await openStore(sluice, await openRepository(sluice, undefined));
    const { config } = await loadUserConfiguration(sluice);
    const resets_at = new Date(Date.now() + 5 * 3_600_000).toISOString();
    await recordUsageSeen(
      sluice,
      { source: "openai_pro", windows: [{ id: "5h", used_percent: 42, resets_at }] },
      { store, config },
    );
    await recordVerdict(store, sluice, {
      fingerprint: "f",
      context_fingerprint: "c",
      verdict: "NEEDS_WORK",
      attested_by: "human",
      model: null,
      source: null,
      blockers: [{ file: "a.txt", line: 1, message: "no" }],
      task: "fn-1.2",
      branch: "main",
      files: [],
      base_tree: "b",
      head_tree: "h",
      at: new Date(Date.now() - 3 * 3_600_000).toISOString(),
    });
    const text = await status(here, [], keys);
    expect(text).toMatchObject({ code: 0, err: "" });
    expect(text.out).toContain(`${here.path}, on main`);
    expect(text.out).toContain(
      `✓ local model  glm-4.7-flash by llama-swap at ${server.url}, loaded, 65,536 tokens`,
    );
    expect(text.out).toMatch(/✓ openai_pro +api +5h 58 % left, resets in 5 h \[\w+, \d+ s ago\]/);
    expect(text.out).toMatch(/– copilot +- +needs copilot on PATH/);
    expect(text.out).toContain(
      "NEEDS_WORK (the human's word), 3 h ago, task fn-1.2, branch main, 1 blocker(s)",
    );
    expect(text.out.split("\n").length).toBeLessThanOrEqual(24);
    expect(text.out).not.toContain("\u001b");
    // Looking loads nothing and asks no model for anything.
    expect(server.completions()).toEqual([]);

    const json = JSON.parse((await status(here, ["--json"], keys)).out);
    expect(json).toMatchObject({
      repository: { root: here.path, branch: "main" },
      local: { enabled: true, primary: { up: true, model: "glm-4.7-flash", loaded: true }, prefilter: null },
      last_review: { verdict: "NEEDS_WORK", attested_by: "human", blockers: 1 },
      state: { verdicts: 1, dismissed: 0 },
      warnings: [],
    });
  });

  it("says what it does not know: no model, no quota, no review; and leaves no trace", async () => {
    const here = repository();
    const server = await fakeOpenai();
    await server.close();
    const { code, out } = await status(here, [], {
      LOCAL_ENABLED: "1",
      LOCAL_ENDPOINT: server.url,
      ANTHROPIC_API_KEY: "k",
    });
    expect(code).toBe(0);
    expect(out).toContain(`– local model  Nothing listens at ${server.url}.`);
    expect(out).toMatch(/claude_max +api +quota unknown/);
    expect(out).toContain("none yet");
    expect(out).toContain("sluice doctor");
    expect(here.git("status", "--porcelain", "--ignored")).toBe("");
    expect(readdirSync(join(here.path, ".git"))).not.toContain("sluice");
  });

  it("says how far flow-next's specs and tasks are, and what is wrong with them", async () => {
    const here = sampleRepository("4.4.0");
    open.push(here);
    const { out } = await status(here, []);
    expect(out).toContain("flow-next\n  ✓ 2 specs open, 0 done; tasks: 2 to do, 0 in progress, 1 done\n");
    here.write({ ".flow/specs/fn-2-second-thing.json": "{" });
    const broken = await status(here, []);
    expect(broken.out).toContain("– 1 spec open");
    expect(broken.out).toContain(".flow/specs/fn-2-second-thing.json: it is not valid JSON");
    const { flow } = JSON.parse((await status(here, ["--json"])).out);
    expect(flow).toMatchObject({ specs: { open: 1, done: 0 }, problems: [{}] });
    const none = JSON.parse((await status(repository(), ["--json"])).out);
    expect(none.flow).toBeNull();
  });

  it("works outside of any repository", async () => {
    const { code, out } = await status(repository(), [".."]);
    expect(code).toBe(0);
    expect(out).toContain("no repository here");
    expect(out).toContain("switched off");
  });
});
