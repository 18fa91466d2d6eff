import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadConfiguration } from "../../src/config/load.js";
import { readMemory } from "../../src/flow/memory.js";
import type { FlowProblem } from "../../src/flow/types.js";
import { sampleRepository } from "../support/flow.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const made: TestRepository[] = [];

afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

async function memory(repository: TestRepository, enabled = true, problems?: FlowProblem[]) {
  made.push(repository);
  const sluice = repository.sluice();
  const text = JSON.stringify({ memory: { enabled } });
  const { config } = await loadConfiguration(sluice, { text, origin: ".flow/config.json" }, null);
  return readMemory(await openRepository(sluice, undefined), config, undefined, problems);
}

describe("readMemory", () => {
  it("reads the flat files of 0.26", async () => {
    expect(await memory(sampleRepository("0.26.1"))).toEqual([
      expect.objectContaining({
        id: "legacy/conventions#1",
        title: "Tests in __tests__",
        date: "2026-11-22",
      }),
      expect.objectContaining({ id: "legacy/decisions#1", track: "decisions", text: "Use passport" }),
      expect.objectContaining({ id: "legacy/pitfalls#1", path: ".flow/memory/pitfalls.md", category: null }),
    ]);
  });

  it.each(["0.42.0", "4.4.0"] as const)("reads the tree of %s", async (name) => {
    expect(await memory(sampleRepository(name))).toEqual([
      expect.objectContaining({
        id: "bug/build-errors/always-use-foo-2026-11-22",
        track: "bug",
        category: "build-errors",
        title: "Always use foo",
        date: "2026-11-22",
        text: "Always use foo",
      }),
      expect.objectContaining({ id: "knowledge/conventions/tests-in-tests-2026-11-22" }),
      expect.objectContaining({ id: "knowledge/tooling-decisions/use-passport-2026-11-22" }),
    ]);
  });

  it("leaves memory out where it is switched off", async () => {
    expect(await memory(sampleRepository("4.4.0"), false)).toEqual([]);
  });

  it("gives the newest first, with module, tags and status, and names what it can't read", async () => {
    const repository = testRepository();
    repository.write({
      ".flow/memory/bug/security/old-2025-01-01.md": "---\ntitle: Old\ndate: 2025-01-01\n---\nold",
      ".flow/memory/knowledge/decisions/new-2026-05-05.md":
        '---\ntitle: New\ndate: "2026-05-05"\nmodule: src/api\ntags: [api, auth]\nstatus: stale\n---\n\nnew\n',
      ".flow/memory/bug/security/broken-2026-01-01.md": "---\ntitle: [\n---\nx",
      ".flow/memory/bug/security/bare-2026-01-01.md": "no frontmatter",
      ".flow/memory/pitfalls.md": "# Pitfalls\n\n- First line\n---\n## Named\nbody of it",
      ".flow/memory/decisions.md": "# Decisions\n\nWhat it is for.\n",
      "outside/x-2026-01-01.md": "---\ntitle: Outside\n---\n",
    });
    repository.link(".flow/memory/bug/data", "../../../outside");
    const problems: FlowProblem[] = [];
    const entries = await memory(repository, true, problems);
    expect(entries.map(({ id, title }) => [id, title])).toEqual([
      ["knowledge/decisions/new-2026-05-05", "New"],
      ["bug/security/old-2025-01-01", "Old"],
      ["legacy/pitfalls#1", "First line"],
      ["legacy/pitfalls#2", "Named"],
    ]);
    expect(entries[0]).toMatchObject({
      module: "src/api",
      tags: ["api", "auth"],
      status: "stale",
      text: "new",
    });
    expect(problems.map(({ path }) => path)).toEqual([
      ".flow/memory/bug/data",
      ".flow/memory/bug/security/bare-2026-01-01.md",
      ".flow/memory/bug/security/broken-2026-01-01.md",
    ]);
  });
});
