import { afterEach, expect, it } from "vitest";
import {
  goodSpec,
  goodTasks,
  type PlannedTask,
  plannedRepository,
  planReviewIn,
  writePlan,
} from "../../support/planning.js";
import { fakeSources, reviewAnswer } from "../../support/premium.js";
import type { TestRepository } from "../../support/repository.js";
import { configureUser } from "../../support/reviewing.js";

let repository: TestRepository;

afterEach(() => repository.remove());

const [first, second] = goodTasks;
if (first === undefined || second === undefined) throw new Error("two tasks are there");
const acceptance = (text: string) => goodSpec.replace(/## Acceptance[\s\S]*/, text);

it.each<[string, { spec?: string; tasks?: PlannedTask[]; dependsOn?: string[] }, string, string]>([
  ["a spec without acceptance", { spec: acceptance("") }, "", "no acceptance criteria"],
  [
    "acceptance that is TBD",
    { spec: acceptance("## Acceptance\n- [ ] TBD\n") },
    "",
    "no acceptance criteria",
  ],
  [
    "a spec of headings",
    { spec: "# fn-1-greet\n\n## Overview\nTBD\n\n## Acceptance\n- [ ] `a` returns 1\n" },
    "",
    "what is to be built",
  ],
  [
    "a section left open",
    { spec: goodSpec.replace("## Approach\n", "## Risks\nTBD\n\n## Approach\n") },
    "",
    '"Risks" was left open',
  ],
  ["no tasks", { tasks: [] }, "", "no tasks"],
  [
    "a task without a description",
    { tasks: [{ ...first, description: "TBD" }] },
    "fn-1-greet.1.md",
    "no description",
  ],
  [
    "a task without acceptance",
    { tasks: [{ ...first, acceptance: "- [ ] TBD" }] },
    "fn-1-greet.1.md",
    "no acceptance criteria",
  ],
  [
    "a criterion nobody can decide",
    { spec: acceptance("## Acceptance\n- [ ] The greeting works properly\n") },
    "",
    "Nobody can decide",
  ],
  [
    "tasks that wait for each other",
    { tasks: [{ ...first, dependsOn: ["fn-1-greet.2"] }, second] },
    "",
    "wait for each other",
  ],
  [
    "a dependency that is not there",
    { tasks: [first, { ...second, dependsOn: ["fn-1-greet.9"] }] },
    "",
    "fn-1-greet.9, which is not there",
  ],
  ["a spec that is not there", { dependsOn: ["fn-8-gone"] }, "", "fn-8-gone, which is not there"],
  [
    "a line of a file that is not there",
    { tasks: [{ ...first, description: "Follow `src/hello.ts:12`." }] },
    "",
    "src/hello.ts is not in the repository",
  ],
  [
    "a file to change that is not there",
    { tasks: [{ ...first, description: "Modify `lib/main.ts`." }] },
    "",
    "There is src/main.ts",
  ],
  [
    "a requirement that the spec has not",
    { tasks: [{ ...first, satisfies: ["R9"] }] },
    "",
    '"R9", which the spec does not have',
  ],
  [
    "a requirement without a task",
    {
      spec: acceptance("## Acceptance\n- **R1:** `a` returns 1\n- **R2:** `b` returns 2\n"),
      tasks: [{ ...first, satisfies: ["R1"] }],
    },
    "",
    "No task satisfies R2",
  ],
  [
    "a requirement twice",
    { spec: acceptance("## Acceptance\n- **R1:** `a` returns 1\n- **R1:** `b` returns 2\n") },
    "",
    "R1 stands for two",
  ],
  ["a task twice", { tasks: [first, { ...second, title: first.title }] }, "", "has the title of"],
])("%s is sent back free of charge", async (_, plan, file, message) => {
  repository = plannedRepository(plan);
  const sources = fakeSources(() => reviewAnswer("SHIP"));
  const result = await planReviewIn(repository, sources.open);
  expect(result).toMatchObject({ verdict: "NEEDS_WORK", decided_by: "prescreen" });
  const found = result.blockers.find((one) => one.message.includes(message));
  expect(found, JSON.stringify(result.blockers)).toBeDefined();
  expect(found?.file).toContain(file);
  expect(sources.asked).toEqual([]);
});

it("what is called wrong is not said again, and the same plan again is no further round", async () => {
  repository = plannedRepository({ spec: acceptance("## Acceptance\n- [ ] The greeting works properly\n") });
  const sources = fakeSources(() => reviewAnswer("SHIP"));
  const [blocker] = (await planReviewIn(repository, sources.open)).blockers;
  for (let round = 0; round < 4; round += 1)
    expect(await planReviewIn(repository, sources.open)).toMatchObject({ decided_by: "prescreen" });
  const dismiss = [{ id: blocker?.id ?? "", reason: "the tasks say how" }];
  expect(await planReviewIn(repository, sources.open, { dismiss })).toMatchObject({ decided_by: "premium" });
});

it("after max_iterations the reviewer gets what is left, and judges it; a clean round begins anew", async () => {
  const vague = (round: number) =>
    acceptance(`## Acceptance\n- [ ] The greeting works properly\n- [ ] \`greet("${round}")\` is ${round}\n`);
  repository = plannedRepository({ spec: vague(0) });
  configureUser(repository, { review: { prescreen: { max_iterations: 2 } } });
  const sources = fakeSources(() =>
    reviewAnswer("NEEDS_WORK", [
      { severity: "P1", file: null, line: null, problem: "no undo", suggestion: "" },
    ]),
  );
  for (const round of [1, 2]) {
    writePlan(repository, { spec: vague(round) });
    const { decided_by, next } = await planReviewIn(repository, sources.open);
    expect(decided_by).toBe("prescreen");
    expect(next).toContain(`iteration ${round} of 2`);
  }
  writePlan(repository, { spec: vague(3) });
  const handed = await planReviewIn(repository, sources.open);
  expect(handed).toMatchObject({ verdict: "NEEDS_WORK", decided_by: "premium" });
  expect(handed.stages[1]).toMatchObject({ state: "issues" });
  expect(handed.stages[1]?.summary).toContain("1 finding left after 2 iterations: for the reviewer to judge");
  expect(sources.asked[0]?.request.prompt).toMatch(
    /Open findings of free checks[\s\S]*Nobody can decide[^\n]*The greeting works properly/,
  );
  writePlan(repository, {});
  expect((await planReviewIn(repository, sources.open)).stages[1]).toMatchObject({ state: "passed" });
  writePlan(repository, { spec: vague(4) });
  expect((await planReviewIn(repository, sources.open)).next).toContain("iteration 1 of 2");
});

it("after max_iterations without a premium source the agent is handed what is left", async () => {
  repository = plannedRepository({ spec: acceptance("## Acceptance\n- [ ] The greeting works properly\n") });
  configureUser(repository, { review: { prescreen: { max_iterations: 1 } } });
  const alone = { env: { OPENAI_API_KEY: "", ANTHROPIC_API_KEY: "" } };
  const { open } = fakeSources(() => reviewAnswer("SHIP"));
  expect(await planReviewIn(repository, open, alone)).toMatchObject({ decided_by: "prescreen" });
  writePlan(repository, { spec: acceptance("## Acceptance\n- [ ] All of the greeting works properly\n") });
  const handed = await planReviewIn(repository, open, alone);
  expect(handed).toMatchObject({ verdict: null, decided_by: null });
  expect(handed.review?.prompt).toContain("All of the greeting works properly");
  expect(handed.next).not.toContain("Nothing free stands against");
});
