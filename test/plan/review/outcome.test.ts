import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { goodSpec, plannedRepository, planReviewIn, writePlan } from "../../support/planning.js";
import { fakeSources, reviewAnswer } from "../../support/premium.js";
import type { TestRepository } from "../../support/repository.js";

let repository: TestRepository;

afterEach(() => repository.remove());

const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const ship = () => fakeSources(() => reviewAnswer("SHIP")).open;
const sendBack = () =>
  fakeSources(() =>
    reviewAnswer("NEEDS_WORK", [
      { severity: "P1", file: null, line: null, problem: "no undo", suggestion: "" },
    ]),
  ).open;

describe.each([
  ["spec", ".flow/specs/fn-1-greet.json"],
  ["epic", ".flow/epics/fn-1-greet.json"],
] as const)("in the %s dialect", (dialect, json) => {
  const begin = () => {
    repository = plannedRepository({ dialect });
    return { spec: join(repository.path, json), receipt: join(repository.path, "..", "plan.json") };
  };

  it("the status is written only where it is asked for", async () => {
    const { spec } = begin();
    const before = readFileSync(spec, "utf8");
    expect(await planReviewIn(repository, ship())).toMatchObject({ verdict: "SHIP", status_written: null });
    expect(readFileSync(spec, "utf8")).toBe(before);
    expect(await planReviewIn(repository, ship(), { write: true })).toMatchObject({
      verdict: "SHIP",
      decided_by: "fingerprint",
      status_written: "ship",
    });
    expect(read(spec)).toMatchObject({ plan_review_status: "ship", title: "Greeting" });
  });

  it("a receipt holds what a loop looks for, and goes when the plan changes", async () => {
    const { receipt } = begin();
    const first = await planReviewIn(repository, ship(), { receipt });
    expect(first).toMatchObject({ verdict: "SHIP", receipt, status_written: "ship" });
    expect(read(receipt)).toMatchObject({
      type: "plan_review",
      id: "fn-1-greet",
      mode: "sluice",
      verdict: "SHIP",
    });
    writePlan(repository, { dialect, spec: goodSpec.replace("code 2", "code 3") });
    const sources = fakeSources(() => "no verdict at all");
    const second = await planReviewIn(repository, sources.open, { receipt });
    expect(second).toMatchObject({ verdict: null, receipt: null, status_written: null });
    expect(existsSync(receipt)).toBe(false);
  });

  it("what is sent back is marked so, whoever sent it back", async () => {
    const { spec, receipt } = begin();
    expect(await planReviewIn(repository, sendBack(), { receipt })).toMatchObject({
      verdict: "NEEDS_WORK",
      status_written: "needs_work",
    });
    expect(read(receipt)).toMatchObject({ verdict: "NEEDS_WORK" });
    expect(read(spec)).toMatchObject({ plan_review_status: "needs_work" });
  });
});

it("a plan that changes while it is reviewed gets neither", async () => {
  repository = plannedRepository();
  const receipt = join(repository.path, "..", "plan.json");
  const sources = fakeSources(() => {
    writePlan(repository, { spec: `${goodSpec}- [ ] \`--rm\` deletes \`/\`\n` });
    return reviewAnswer("SHIP");
  });
  const result = await planReviewIn(repository, sources.open, { receipt, write: true });
  expect(result).toMatchObject({ receipt: null, status_written: null });
  expect(result.warnings.join()).toContain("changed while it was reviewed");
  expect(existsSync(receipt)).toBe(false);
  expect(read(join(repository.path, ".flow/specs/fn-1-greet.json")).plan_review_status).toBe("unknown");
});
