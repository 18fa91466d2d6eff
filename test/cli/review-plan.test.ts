import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { runSluice } from "../support/command.js";
import { goodSpec, plannedRepository } from "../support/planning.js";
import type { TestRepository } from "../support/repository.js";

let repository: TestRepository;
afterEach(() => repository.remove());

const vague = { spec: goodSpec.replace(/## Acceptance[\s\S]*/, "## Acceptance\n- [ ] It works properly\n") };

function review(...args: string[]) {
  const { code, stdout, stderr } = runSluice(repository, ["review", ...args], {
    LOCAL_ENABLED: "0",
    PREFILTER_ENABLED: "0",
    PREMIUM_REVIEW_ENABLED: "1",
  });
  return { code, out: stdout, said: stderr };
}

it("finds what stands against a plan: 1, with what to type", () => {
  repository = plannedRepository(vague);
  const { code, out } = review("--plan", "fn-1");
  expect(code).toBe(1);
  expect(out).toContain("fn-1-greet, 2 tasks");
  expect(out).toMatch(/● \.flow\/specs\/fn-1-greet\.md:\d+ {2}Nobody can decide "It works properly"/);
  expect(out).toContain("NEEDS_WORK by prescreen");
  expect(out).toContain("sluice review --plan fn-1-greet");
  expect(out).not.toContain("review_plan");
  expect(out).not.toContain("\u001b");
});

it("is not decided without a premium model: 3; up to a stage that has nothing against it: 0", () => {
  repository = plannedRepository();
  const whole = review("--plan", "fn-1");
  expect(whole.code).toBe(3);
  expect(whole.out).toContain("no verdict yet");
  expect(whole.out).toContain("no premium source is set up. sluice doctor says");
  expect(review("--plan", "fn-1", "--no-premium").out).toContain("not asked for (--no-premium)");
  for (const stage of ["fingerprint", "prescreen", "classify"]) {
    const { code, out } = review("--plan", "fn-1", "--until", stage);
    expect(code, out).toBe(0);
    expect(out).toContain(`Stopped after ${stage}, as asked.`);
  }
  const { verdict, stages } = JSON.parse(review("--plan", "fn-1", "--until", "prescreen", "--json").out);
  expect(verdict).toBeNull();
  expect(stages.map(({ name }: { name: string }) => name)).toEqual(["fingerprint", "prescreen"]);
});

it("takes that a finding is wrong, with the reason, and keeps it", () => {
  repository = plannedRepository(vague);
  const [{ id }] = JSON.parse(review("--plan", "fn-1", "--json").out).blockers;
  const dismissed = review(
    "--plan",
    "fn-1",
    "--until",
    "prescreen",
    "--dismiss",
    `${id}=the tasks = say how`,
  );
  expect(dismissed.code, dismissed.out).toBe(0);
  expect(review("--plan", "fn-1", "--until", "prescreen").code).toBe(0);
  const state = JSON.parse(readFileSync(join(repository.path, ".flow/review_state.json"), "utf8"));
  expect(state.dismissals).toMatchObject([{ id, reason: "the tasks = say how", class: "plan" }]);
});

it.each([
  [["--plan", "fn-1", "--until", "gates"], "fingerprint, prescreen, classify"],
  [["--plan", "fn-1", "--dismiss", "nonsense"], "--dismiss takes the id"],
  [["--plan", "fn-1", "--dismiss", "1f2e3d4c5b6a= "], "the reason why it is wrong"],
  [["--plan", "fn-1", "--base", "HEAD"], "Leave out --base"],
  [["--plan", "fn-1", "--paths", "src/**"], "Leave out --paths"],
  [["--dismiss", "1f2e3d4c5b6a=x"], "--plan <id>"],
  [["--write"], "--plan <id>"],
  [["--plan", "fn-9"], "no spec fn-9"],
])("%j is wrong use: 2, and nothing is written", (args, message) => {
  repository = plannedRepository();
  const { code, out, said } = review(...args);
  expect(code, out).toBe(2);
  expect(said).toContain(message);
  expect(existsSync(join(repository.path, ".flow/review_state.json"))).toBe(false);
});
