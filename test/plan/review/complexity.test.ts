import { afterEach, expect, it } from "vitest";
import {
  goodSpec,
  goodTasks,
  type PlannedTask,
  plannedRepository,
  planReviewIn,
} from "../../support/planning.js";
import { fakeSources, reviewAnswer } from "../../support/premium.js";
import type { TestRepository } from "../../support/repository.js";
import { configureUser } from "../../support/reviewing.js";

let repository: TestRepository;
afterEach(() => repository.remove());

const [first] = goodTasks;
if (first === undefined) throw new Error("a task is there");
const say = (text: string) => ({ spec: goodSpec.replace("by name", `by name, ${text}`) });
const tasks = (count: number, more: (index: number) => Partial<PlannedTask> = () => ({})) => ({
  tasks: Array.from({ length: count }, (_, index) => ({
    ...first,
    title: `Part ${index + 1}`,
    ...more(index),
  })),
});
const naming = (text: string) => tasks(1, () => ({ description: text }));
const criteria = (count: number) => ({
  spec: goodSpec.replace(
    /- \[ \][\s\S]*/,
    Array.from(
      { length: count },
      (_, index) => `- [ ] \`greet("${index}")\` returns \`Hello, ${index}\`\n`,
    ).join(""),
  ),
});
const row = (index: number) => (index === 0 ? {} : { dependsOn: [`fn-1-greet.${index}`] });

type Given = Parameters<typeof plannedRepository>[0];

async function judged(given: Given, config: object = {}) {
  repository = plannedRepository(given);
  configureUser(repository, { review: { prescreen: { enabled: false }, ...config } });
  const sources = fakeSources(() => reviewAnswer("SHIP"));
  const result = await planReviewIn(repository, sources.open, { until: "classify" });
  expect(sources.asked).toEqual([]);
  return result;
}

it.each<[string, Given, string]>([
  ["signing in", say("after OAuth login"), "security"],
  ["passwords", say("once the password is right"), "security"],
  ["tenants", say("per tenant"), "security"],
  ["a migration", say("with a migration of old names"), "stored-data"],
  ["a file format", say("in a new file format"), "stored-data"],
  ["concurrency", say("without a race condition"), "concurrency"],
  ["transactions", say("in one transaction"), "concurrency"],
  ["money", say("with a refund of half"), "money"],
  ["a breaking change", say("which is a breaking change"), "public-api"],
  ["a redesign", say("by a redesign of the greeter"), "architecture"],
  ["a subject in a title", tasks(1, () => ({ title: "Encrypt the names" })), "security"],
  ["six tasks", tasks(6), "tasks"],
  ["four tasks in a row", tasks(4, row), "chain"],
  ["twelve criteria", criteria(12), "criteria"],
  ["two specs it waits for", { dependsOn: ["fn-7-a", "fn-8-b"] }, "specs"],
  ["a long text", say("and again ".repeat(4_000)), "size"],
  ["a workflow", naming("Update `.github/workflows/ci.yml`."), "ci"],
  ["a migration's file", naming("Create `db/migrations/001_names.sql`."), "migration"],
  [
    "files in five places",
    naming("Create `a/a/x.ts`, `b/b/x.ts`, `c/c/x.ts`, `d/d/x.ts` and `e/e/x.ts`."),
    "areas",
  ],
])("%s: COMPLEX, and the reason says which rule", async (_, given, rule) => {
  const { complexity, reasons, verdict } = await judged(given);
  expect(verdict).toBeNull();
  expect(complexity).toBe("COMPLEX");
  expect(reasons.map((one) => one.rule)).toContain(rule);
  expect(reasons.every(({ evidence }) => evidence.length > 0 && evidence.length < 200)).toBe(true);
});

it.each<[string, Given]>([
  ["a small plan", {}],
  ["five tasks", tasks(5)],
  ["three tasks in a row", tasks(3, row)],
  ["eleven criteria", criteria(11)],
  ["one spec it waits for", { dependsOn: ["fn-7-a"] }],
  ["subjects in code alone", say("like this:\n\n```\nconst password = oauth();\n```\n")],
  ["words that only begin like one", say("in a loginless, secretarial and billowing way")],
  [
    "tasks that wait for each other",
    tasks(5, (index) => ({ dependsOn: [`fn-1-greet.${((index + 1) % 5) + 1}`] })),
  ],
])("%s: SIMPLE", async (_, given) => {
  expect(await judged(given)).toMatchObject({ complexity: "SIMPLE", reasons: [] });
});

it("the user's own patterns count", async () => {
  const given = naming("Create `core/engine.ts`.");
  const config = { classification: { complex_patterns: ["core/**"] } };
  const { complexity, reasons } = await judged(given, config);
  expect(complexity).toBe("COMPLEX");
  expect(reasons[0]?.file).toBe("core/engine.ts");
});
