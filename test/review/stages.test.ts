import { describe, expect, it } from "vitest";
import type { Prescreen } from "../../src/review/prescreen-schema.js";
import { screened } from "../../src/review/stages.js";

const answer = (
  states: Record<string, Prescreen["engines"][number]["state"]>,
  given: Partial<Prescreen> = {},
): Prescreen => ({
  verdict: "clean",
  findings: [],
  iteration: 1,
  max_iterations: 3,
  advice: null,
  since_last: null,
  dismissed: 0,
  engines: Object.entries(states).map(([name, state]) => ({ name, state, ms: 1, note: null })),
  not_analysed: { too_large: 0, binary: 0, generated: 0, too_many: 0, other: 0 },
  trees: { base: "a", head: "b", base_tree: "1", head_tree: "2" },
  ...given,
});

describe("the pre-screen as a stage", () => {
  it("passes when everybody looked and nobody has anything against the change", () => {
    expect(screened(answer({ typescript: "ok", ruff: "skipped" }))).toEqual({
      state: "passed",
      summary: "no findings that block",
    });
    expect(screened(answer({ typescript: "skipped" }))).toMatchObject({ state: "passed" });
  });

  it("names who did not finish", () => {
    expect(screened(answer({ typescript: "timeout", secrets: "ok" }))).toEqual({
      state: "passed",
      summary: "no findings that block; typescript timed out: what only it finds was not looked for",
    });
    const finding = {
      id: "1",
      severity: "certain" as const,
      class: "c",
      file: "a.py",
      line: 1,
      message: "m",
      evidence: "",
      source: "ruff",
      on_changed_line: true,
    };
    expect(
      screened(
        answer(
          { ruff: "ok", pyright: "failed", oxlint: "timeout" },
          { verdict: "issues", findings: [finding] },
        ),
      ),
    ).toMatchObject({
      state: "issues",
      summary: "1 finding; pyright failed, oxlint timed out: what only they find was not looked for",
      decision: { verdict: "NEEDS_WORK" },
    });
  });

  it("is no pass when nobody finished", () => {
    expect(screened(answer({ typescript: "timeout", oxlint: "failed", ruff: "skipped" }))).toMatchObject({
      state: "error",
    });
  });
});
