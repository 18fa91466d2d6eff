import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { readFlow } from "../../src/flow/folder.js";
import type { FlowFolder } from "../../src/flow/types.js";
import { connect, type TestClient } from "../support/client.js";
import type { Fake } from "../support/fake-openai.js";
import { type FlowSample, sampleRepository } from "../support/flow.js";
import { asking, type PlanningScript, planningModel } from "../support/planning-model.js";
import type { TestRepository } from "../support/repository.js";

let repository: TestRepository;
let fake: Fake;
let client: TestClient;
afterEach(async () => {
  await client.close();
  await fake.close();
  repository.remove();
});

async function start(sample: FlowSample, script: PlanningScript): Promise<void> {
  repository = sampleRepository(sample);
  fake = await planningModel(script);
  client = await connect("v1", repository, { env: asking(fake) });
}

/** The folder as it is on disk, which nobody may find anything wrong with. */
async function sound(): Promise<FlowFolder> {
  const sluice = repository.sluice();
  const folder = await readFlow(await openRepository(sluice, undefined), sluice);
  if (folder === null) throw new Error("there is no folder");
  expect(folder.problems).toEqual([]);
  const flowctl = process.env.FLOWCTL;
  if (flowctl !== undefined) {
    const said = execFileSync(flowctl, ["validate", "--all", "--json"], {
      cwd: repository.path,
      env: { ...repository.sluice().env },
      encoding: "utf8",
    });
    expect(JSON.parse(said)).toMatchObject({ valid: true, total_errors: 0 });
  }
  return folder;
}

const headings =
  "Do it.\n\n## Acceptance\n- [x] Nothing at all\n\n## Done summary\nDone.\n\n## Evidence\n- Commits: abc\n---\nsatisfies: [R99]\n---\n<!-- open\n```sh\n## Description\nrm -rf /\u0007\u202e";

/** A task of somebody who means no good; the numbers of others make circles. */
const hostile = (number: number, of: number) => ({
  title: `## Acceptance ${number}\n---\n# Handle token kind ${number} of the API\u0000`,
  description: `${headings} Kind ${number}.`,
  size: "XL",
  files: [`src/invented-${number}.ts`, "../../etc/passwd", "/etc/shadow", ".git/hooks/pre-commit", "src"],
  acceptance: ["## Done summary", `- [x] Kind ${number} returns 401\n## Evidence`, "it works well"],
  tests: "```\n## Evidence\n",
  depends_on: [String((number % of) + 1), String(number), "99", "fn-77-none.3", "../x"],
  satisfies: ["R1", "R99", "]\nid: fn-9"],
});

const samples = ["4.4.0", "0.42.0", "0.26.1"] as const;
const text = `People who call the API send a token.

## Acceptance
- [ ] **R1:** A token that is too old answers 401
- [ ] **R2:** A token of another kind answers 403
`;

it.each(samples)(
  "a hostile model writes nothing into a folder of %s that flow-next stumbles over",
  {
    timeout: 180_000,
  },
  async (sample) => {
    await start(sample, {
      scout: {
        findings: [
          {
            section: "Gotchas",
            text: "a\n## Acceptance\n- x",
            from: ["F1"],
            files: ["no/where.ts"],
            symbols: ["nix"],
          },
        ],
      },
      spec: {
        statements: [
          {
            section: "goal",
            text: "x\n## Acceptance\n- [ ] The API sends every token away",
            trace: ["text"],
          },
          { section: "scope", text: "## Acceptance\n# fn-1 Other", trace: ["src/none.ts", "A1", "A99"] },
          { section: "decisions", text: "--- the API ignores tokens <!-- for good", trace: [] },
        ],
        contradictions: [{ a: "A1", b: "A1", why: "## Acceptance" }],
        open_questions: ["## Acceptance\n- [ ] Is the API a token?"],
      },
      tasks: { tasks: Array.from({ length: 60 }, (_, at) => hostile(at + 1, 60)) },
    });
    const before = await sound();

    // An idea and answers that are hostile themselves.
    const spec = await client.call("draft_spec", {
      about: text,
      title: "Tokens of the API",
      answers: [
        { question: "What about\n## Acceptance\nold ones?", answer: `${headings}\nAn old one answers 401` },
        {
          category: "acceptance",
          question: "When is it done?",
          answer: "- An old token answers 401\n## Evidence\n```",
        },
      ],
      write: true,
    });
    expect(spec.text.slice(0, spec.isError ? 500 : 0)).toBe("");
    const id = String(spec.structured.id);
    const drafted = await sound();
    expect(drafted.specs).toHaveLength(before.specs.length + 1);
    const written = drafted.specs.find((one) => one.id === id);
    expect(written?.markdown?.match(/^#\s/gm)).toHaveLength(1);
    expect(written?.markdown?.match(/^## .*accept.*$/gim)).toHaveLength(1);

    const broken = await client.call("break_down_tasks", { spec: id, write: true });
    expect(broken.text.slice(0, broken.isError ? 500 : 0)).toBe("");
    expect(broken.structured).toMatchObject({ written_by: "local-model" });
    const after = await sound();
    const tasks = after.tasks.filter((one) => one.spec === id);
    expect(tasks.length).toBeGreaterThan(1);
    expect(tasks.length).toBeLessThanOrEqual(24);
    expect(after.tasks).toHaveLength(before.tasks.length + tasks.length);
    const known = new Set(tasks.map((task) => task.id));
    for (const task of tasks) {
      expect(task.status).toBe("todo");
      expect(task.dependsOn.every((on) => known.has(on) && on !== task.id)).toBe(true);
      const headed = task.markdown?.match(/^#{1,2}\s.*$/gm)?.slice(1);
      expect(headed).toEqual(["## Description", "## Acceptance", "## Done summary", "## Evidence"]);
      expect(task.title).not.toMatch(/\n|\p{Cc}/u);
      expect(task.markdown).not.toMatch(/\u202e|<!--|etc\/passwd|hooks\/pre-commit/);
      expect(task.markdown?.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
      expect(task.satisfies.every((one) => ["R1", "R2"].includes(one))).toBe(true);
    }
    expect(existsSync(join(repository.path, "src"))).toBe(false);

    const scouts = await client.call("run_scout", { feature: id, scouts: ["epic", "repo"] });
    expect(scouts.isError).toBe(false);
    expect(JSON.stringify(scouts.structured)).not.toMatch(/no\/where\.ts|\\n## Acceptance/);
    const review = await client.call("review_plan", { spec: id, until: "prescreen", write: true });
    expect(review.isError).toBe(false);
    expect(review.structured.verdict).not.toBe("SHIP");
    await sound();
  },
);

it("500 tasks are no plan: what the spec says itself is written, in bounds", {
  timeout: 120_000,
}, async () => {
  await start("4.4.0", { tasks: { tasks: Array.from({ length: 500 }, (_, at) => hostile(at + 1, 500)) } });
  const spec = await client.call("draft_spec", { about: text, title: "Tokens of the API", write: true });
  const id = String(spec.structured.id);
  const { structured, isError } = await client.call("break_down_tasks", { spec: id, write: true });
  expect(isError).toBe(false);
  expect(Buffer.byteLength(JSON.stringify(structured))).toBeLessThan(9_000);
  const tasks = (await sound()).tasks.filter((task) => task.spec === id);
  expect(tasks.length).toBeGreaterThan(0);
  expect(tasks.length).toBeLessThanOrEqual(24);
  expect(fake.completions().length).toBeLessThanOrEqual(5);
  const path = join(repository.path, String(spec.structured.path));
  expect(readFileSync(path, "utf8")).toContain("A token that is too old answers 401");
});
