import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runSluice } from "../support/command.js";
import { sampleRepository } from "../support/flow.js";
import type { TestRepository } from "../support/repository.js";

let repository: TestRepository;
beforeAll(() => {
  repository = sampleRepository("4.4.0");
});
afterAll(() => repository.remove());

function run(...args: string[]) {
  const { code, stdout, stderr } = runSluice(repository, ["task", ...args], { LOCAL_ENABLED: "0" });
  return { status: code, stdout, stderr };
}

describe("sluice task", () => {
  it("prints what to read first, how hard it is, and who should do it", () => {
    const { status, stdout } = run("fn-1.2");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^# fn-1-add-oauth-login\.2 Login endpoint\n/);
    expect(stdout).toContain("- [ ] migration runs");
    expect(stdout).toMatch(/\nHIGH\n {2}security sensitive\n/);
    expect(stdout).toMatch(/worker: premium, codex-5\.2/);
    expect(stdout).toMatch(/\d+ tokens instead of \d+/);
  });

  it("gives the same as JSON", () => {
    const { classification, anchor } = JSON.parse(run("fn-1.2", "--json").stdout);
    expect([classification.level, anchor.acceptance[0].text]).toEqual(["HIGH", "migration runs"]);
  });

  it("says what there is when the id is another's", () => {
    expect(run("fn-1")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("fn-1-add-oauth-login.3"),
    });
    expect(run("fn-7.1")).toMatchObject({ status: 2, stderr: expect.stringContaining("no task fn-7.1") });
  });
});
