import { openPlan } from "../../src/plan/review/open.js";
import { type PlanReview, planReviewOutput } from "../../src/plan/review/plan-review-schema.js";
import { type PlanReviewOptions, reviewPlan } from "../../src/plan/review/review-plan.js";
import type { openSource } from "../../src/premium/open-source.js";
import { type TestRepository, testRepository } from "./repository.js";
import { premiumKeys } from "./reviewing.js";

export interface PlannedTask {
  title: string;
  description: string;
  acceptance: string;
  dependsOn?: string[];
  satisfies?: string[];
}

export const goodSpec = `# fn-1-greet Greeting

## Overview
The program greets whoever starts it by name.

## Approach
\`src/greet.ts\` gets a function \`greet(name)\`; \`src/main.ts\` calls it.

## Acceptance
- [ ] \`greet("Ada")\` returns \`Hello, Ada\`
- [ ] Without a name the program exits with code 2
`;

export const goodTasks: readonly PlannedTask[] = [
  {
    title: "The greeting itself",
    description: "Create `src/greet.ts` with `greet(name: string)`.",
    acceptance: '- [ ] `greet("Ada")` returns `Hello, Ada`',
  },
  {
    title: "The program calls it",
    description: "Update `src/main.ts` to call `greet` with the first argument.",
    acceptance: "- [ ] `node main.js` without a name exits with code 2",
    dependsOn: ["fn-1-greet.1"],
  },
];

/** A repository with a `.flow` folder of 1.0 (or, with `epic`, of 0.x) that holds one spec and its tasks. */
export function plannedRepository(
  given: {
    spec?: string;
    tasks?: readonly PlannedTask[];
    dialect?: "spec" | "epic";
    dependsOn?: string[];
  } = {},
): TestRepository {
  const repository = testRepository();
  repository.write({ "src/main.ts": "console.log(process.argv[2]);\n", ".gitignore": ".flow/cache/\n" });
  writePlan(repository, given);
  repository.commit();
  return repository;
}

export function writePlan(
  repository: TestRepository,
  {
    spec = goodSpec,
    tasks = goodTasks,
    dialect = "spec",
    dependsOn = [],
  }: { spec?: string; tasks?: readonly PlannedTask[]; dialect?: "spec" | "epic"; dependsOn?: string[] } = {},
): void {
  const at = "2026-01-02T03:04:05.000000Z";
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const id = "fn-1-greet";
  const folder = dialect === "epic" ? "epics" : "specs";
  const counter =
    dialect === "epic" ? { next_epic: 1, schema_version: 2 } : { next_spec: 1, schema_version: 3 };
  const files: Record<string, string> = {
    ".flow/meta.json": json(counter),
    [`.flow/${folder}/${id}.json`]: json({
      branch_name: id,
      created_at: at,
      depends_on_epics: dependsOn,
      id,
      next_task: 1,
      plan_review_status: "unknown",
      plan_reviewed_at: null,
      spec_path: `.flow/specs/${id}.md`,
      status: "open",
      title: "Greeting",
      updated_at: at,
    }),
    [`.flow/specs/${id}.md`]: spec,
  };
  for (const [index, task] of tasks.entries()) {
    const name = `${id}.${index + 1}`;
    const front = task.satisfies === undefined ? "" : `---\nsatisfies: [${task.satisfies.join(", ")}]\n---\n`;
    files[`.flow/tasks/${name}.json`] = json({
      created_at: at,
      depends_on: task.dependsOn ?? [],
      [dialect]: id,
      id: name,
      priority: null,
      spec_path: `.flow/tasks/${name}.md`,
      status: "todo",
      title: task.title,
      updated_at: at,
    });
    files[`.flow/tasks/${name}.md`] =
      `${front}# ${name} ${task.title}\n\n## Description\n${task.description}\n\n## Acceptance\n${task.acceptance}\n\n## Done summary\nTBD\n\n## Evidence\n- Commits:\n- Tests:\n- PRs:\n`;
  }
  repository.write(files);
}

/** The whole review of a plan in this process, with sources that a test stands in for. */
export async function planReviewIn(
  repository: TestRepository,
  open: typeof openSource,
  options: Partial<PlanReviewOptions> & { env?: Record<string, string>; spec?: string } = {},
): Promise<PlanReview> {
  const { env, spec = "fn-1", ...rest } = options;
  const own = repository.sluice();
  const sluice = { ...own, env: { ...own.env, ...premiumKeys, ...env } };
  const signal = new AbortController().signal;
  const opened = await openPlan(sluice, { spec }, signal, "anywhere");
  return planReviewOutput.parse(await reviewPlan(opened, { signal, openSource: open, ...rest }));
}
