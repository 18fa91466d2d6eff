import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeLocal } from "../../../src/local/local.js";
import { breakDownSource } from "../../../src/plan/breakdown.js";
import { type BreakdownOutput, breakdownOutput } from "../../../src/plan/breakdown-schema.js";
import { openSpecJob } from "../../../src/plan/spec-job.js";
import { type Fake, fakeOpenai, type Recorded } from "../../support/fake-openai.js";
import { fakeSources } from "../../support/premium.js";
import { type TestRepository, testRepository } from "../../support/repository.js";
import { configureUser, premiumKeys } from "../../support/reviewing.js";

let repository: TestRepository;
let fake: Fake | null = null;
beforeEach(() => {
  repository = testRepository();
  repository.write({
    "src/login.ts": "export const login = () => 1;\n",
    "src/session.ts": "export const session = () => 1;\n",
    "test/login.test.ts": "import '../src/login.js';\n",
    "README.md": "# App\n",
    "package.json": JSON.stringify({ scripts: { test: "node --test" } }),
    ".flow/meta.json": '{"next_spec": 1, "schema_version": 3}\n',
    ".flow/specs/fn-1-login.json": `${JSON.stringify({ id: "fn-1-login", title: "Login", status: "open", spec_path: ".flow/specs/fn-1-login.md", next_task: 1, depends_on_epics: [], created_at: "2026-01-01T00:00:00.000000Z", updated_at: "2026-01-01T00:00:00.000000Z" }, null, 2)}\n`,
    ".flow/specs/fn-1-login.md": spec,
    ".flow/tasks/.keep": "",
  });
  repository.commit();
});
afterEach(async () => {
  await closeLocal();
  await fake?.close();
  fake = null;
  repository.remove();
});

const spec = `# fn-1-login Login

## Overview
People log in by \`src/login.ts\`, which keeps a session.

## Acceptance
- [ ] **R1:** \`login()\` with a wrong password answers 401
- [ ] **R2:** A session ends after 30 minutes without use
- [ ] **R3:** README.md describes the session's length
`;

const good = (more: object = {}) => ({
  title: "Answer 401 to a wrong password",
  description: "Check the password in login().",
  size: "S",
  files: ["src/login.ts", "test/login.test.ts"],
  acceptance: ["`login()` with a wrong password answers 401"],
  tests: "A wrong password in test/login.test.ts.",
  depends_on: [],
  satisfies: ["R1"],
  ...more,
});
const rest = [
  good({
    title: "End idle sessions",
    files: ["src/session.ts"],
    acceptance: ["A session ends after 30 minutes without use"],
    satisfies: ["R2"],
    depends_on: ["1"],
  }),
  good({
    title: "Describe the session in the README",
    files: ["README.md"],
    acceptance: ["README.md describes the session's length: 30 minutes"],
    satisfies: ["R3"],
    depends_on: ["2"],
  }),
];

async function breakDown(
  given: string,
  options: { write?: boolean; model?: (body: Recorded["body"], index: number) => object } = {},
): Promise<BreakdownOutput> {
  const { signal } = new AbortController();
  const own = repository.sluice().env;
  const { model } = options;
  if (model !== undefined && fake === null)
    fake = await fakeOpenai({ reply: (body, index) => ({ content: JSON.stringify(model(body, index)) }) });
  const local =
    fake === null ? { LOCAL_ENABLED: "0" } : { LOCAL_ENDPOINT: fake.url, LOCAL_MODEL: "glm-4.7-flash" };
  const sluice = repository.sluice({ env: { ...own, PREFILTER_ENABLED: "0", ...local } });
  const { project, source } = await openSpecJob(sluice, { spec: given }, signal, "anywhere");
  return breakdownOutput.parse(
    await breakDownSource(project, sluice, source, { write: options.write, signal }),
  );
}

const taskFiles = () =>
  readdirSync(join(repository.path, ".flow/tasks"))
    .filter((name) => name.endsWith(".md"))
    .sort();

describe("break_down_tasks with a model", () => {
  it("gives what the model says when it holds, asking once", async () => {
    const result = await breakDown("fn-1", { model: () => ({ tasks: [good(), ...rest] }) });
    expect(result).toMatchObject({
      written_by: "local-model",
      spec: "fn-1-login",
      uncovered: [],
      duplicates: [],
      written_via: null,
    });
    expect(
      result.tasks.map(({ title, depends_on, satisfies, flags }) => [title, depends_on, satisfies, flags]),
    ).toEqual([
      ["Answer 401 to a wrong password", [], ["R1"], []],
      ["End idle sessions", ["1"], ["R2"], []],
      ["Describe the session in the README", ["2"], ["R3"], []],
    ]);
    expect(fake?.completions()).toHaveLength(1);
    expect(taskFiles()).toEqual([]);
  });

  it("shows the model once what does not hold, and takes the mended answer", async () => {
    const bad = [
      good({ acceptance: ["It works well"], files: ["src/login.ts", "ghost/nowhere.ts"] }),
      rest[0],
    ];
    const result = await breakDown("fn-1", {
      model: (_, index) => ({ tasks: index === 0 ? bad : [good(), ...rest] }),
    });
    expect(fake?.completions()).toHaveLength(2);
    const asked = fake?.completions()[1].messages.at(-1).content;
    expect(asked).toContain('"It works well"');
    expect(asked).toContain("ghost/nowhere.ts");
    expect(asked).toContain("No task satisfies R3");
    expect(result.tasks.flatMap(({ flags }) => flags)).toEqual([]);
    expect(result.uncovered).toEqual([]);
  });

  it("flags what still does not hold, and reports what no task covers", async () => {
    const bad = {
      tasks: [
        good({
          acceptance: ["It works well"],
          files: ["ghost/nowhere.ts"],
          size: "XL",
          satisfies: ["R1", "R3", "R99"],
        }),
      ],
    };
    const result = await breakDown("fn-1", { model: () => bad });
    expect(fake?.completions()).toHaveLength(2);
    const [task] = result.tasks;
    expect(task?.files).toEqual([]);
    expect(task?.flags.join("\n")).toContain("can't be checked");
    expect(task?.flags.join("\n")).toContain("size XL");
    expect(result.uncovered.map(({ id }) => id)).toEqual(["R2", "R3"]);
    expect(result.notes.join("\n")).toContain("ghost/nowhere.ts");
    expect(result.next).toContain("R2, R3");
  });

  it("breaks cycles and says so, every time alike", async () => {
    const circle = [
      good({ depends_on: ["3"] }),
      good({ ...rest[0], depends_on: ["1"] }),
      good({ ...rest[1], depends_on: ["2"] }),
    ];
    const first = await breakDown("fn-1", { model: () => ({ tasks: circle }) });
    expect(first.tasks.map(({ depends_on }) => depends_on)).toEqual([[], ["1"], ["2"]]);
    expect(first.notes.join()).toContain("in a circle");
  });

  it("takes no five hundred tasks", async () => {
    const many = Array.from({ length: 500 }, (_, at) => good({ title: `Task ${at}` }));
    const result = await breakDown("fn-1", { model: () => ({ tasks: many }) });
    expect(result.tasks.length).toBeLessThanOrEqual(24);
    expect(result.written_by).toBe("extract");
    expect(result.notes.join()).toContain("no answer of the local model");
  });

  it("writes exactly what was looked at, without asking again, in the four parts", async () => {
    const hostile = good({ description: "Check it.\n## Acceptance\n- [x] nothing\n```\n## Evidence\nopen" });
    const model = () => ({ tasks: [hostile, ...rest] });
    const seen = await breakDown("fn-1", { model });
    const asked = fake?.completions().length;
    const written = await breakDown("fn-1", { model, write: true });
    expect(fake?.completions()).toHaveLength(asked ?? 0);
    expect(written.written_via).toBe("sluice");
    expect(written.tasks.map(({ title }) => title)).toEqual(seen.tasks.map(({ title }) => title));
    expect(written.tasks.map(({ id, depends_on }) => [id, depends_on])).toEqual([
      ["fn-1-login.1", []],
      ["fn-1-login.2", ["fn-1-login.1"]],
      ["fn-1-login.3", ["fn-1-login.2"]],
    ]);
    expect(taskFiles()).toEqual(["fn-1-login.1.md", "fn-1-login.2.md", "fn-1-login.3.md"]);
    const text = readFileSync(join(repository.path, ".flow/tasks/fn-1-login.1.md"), "utf8");
    for (const heading of ["## Description", "## Acceptance", "## Done summary", "## Evidence"])
      expect(text.split("\n").filter((line) => line === heading)).toHaveLength(1);
    expect(text).toContain("satisfies: [R1]");
    expect(text).toContain("- [ ] `login()` with a wrong password answers 401");
    expect(text).toContain("**Files:** `src/login.ts`, `test/login.test.ts`");
  });

  it("does not make a task that the spec has", async () => {
    await breakDown("fn-1", { model: () => ({ tasks: [good(), ...rest] }), write: true });
    const again = await breakDown("fn-1", { write: true });
    expect(again.duplicates.map(({ like }) => like)).toEqual([
      "fn-1-login.1",
      "fn-1-login.2",
      "fn-1-login.3",
    ]);
    expect(again.tasks).toEqual([]);
    expect(taskFiles()).toHaveLength(3);
  });

  it("shows the model the repository's words as data only", async () => {
    await breakDown("fn-1", { model: () => ({ tasks: [good(), ...rest] }) });
    const [body] = fake?.completions() ?? [];
    const [system, user] = body.messages;
    expect(system.content).not.toContain("wrong password");
    expect(user.content).toMatch(/^<<<data-[0-9a-f]+/);
    expect(user.content).toContain("src/login.ts");
    expect(user.content).toContain("R3: README.md describes");
  });
});

describe("break_down_tasks without a model", () => {
  it("groups criteria by the files they concern, tests and documents behind, and says how", async () => {
    const result = await breakDown("fn-1");
    expect(result.written_by).toBe("extract");
    expect(result.notes.join()).toContain("by rules");
    expect(result.uncovered).toEqual([]);
    const byFile = Object.fromEntries(result.tasks.map(({ files, satisfies }) => [files[0], satisfies]));
    expect(byFile["src/login.ts"]).toContain("R1");
    const docs = result.tasks.find(({ satisfies }) => satisfies.includes("R3"));
    expect(docs?.files).toEqual(["README.md"]);
    expect(docs?.depends_on.length).toBe(
      result.tasks.length - 1 - Number(result.tasks.some(({ title }) => title.startsWith("Test"))),
    );
    expect(result.tasks.every(({ tests }) => tests !== "")).toBe(true);
    expect(result.tasks.some(({ tests }) => tests.includes("npm test"))).toBe(true);
  });

  it("names no file of .flow as one to change", async () => {
    const result = await breakDown("fn-1");
    expect(result.tasks.flatMap(({ files }) => files).filter((path) => path.startsWith(".flow"))).toEqual([]);
    expect(result.notes.join()).not.toContain(".flow/");
  });

  it("leaves out what tasks that exist cover", async () => {
    await breakDown("fn-1", { write: true });
    const again = await breakDown("fn-1");
    expect(again.tasks.flatMap(({ satisfies }) => satisfies)).toEqual([]);
    expect(again.uncovered).toEqual([]);
  });

  it("takes Markdown and files, and writes neither without a spec in .flow", async () => {
    expect((await breakDown("# Export\n\n- `export()` writes CSV\n")).tasks[0]?.acceptance).toEqual([
      "`export()` writes CSV",
    ]);
    repository.write({ "plan.md": "# Export\n\n## Acceptance\n- `export()` writes CSV\n" });
    expect((await breakDown("plan.md")).requirements).toHaveLength(1);
    await expect(breakDown("plan.md", { write: true })).rejects.toThrow("Tasks belong to a spec in .flow");
    expect(taskFiles()).toEqual([]);
  });

  it.each([
    ["", "The spec is empty"],
    ["fn-9", "There is no spec fn-9"],
    ["missing.md", "There is no file missing.md"],
    ["../outside.md", "There is no file ../outside.md"],
    ["# T\n\n## Overview\nTBD\n\n## Acceptance\n- [ ] TBD\n", "says nothing yet"],
  ])("says what is wrong with %j", async (given, message) => {
    await expect(breakDown(given)).rejects.toThrow(message);
  });

  it("works without .flow, and without a commit", async () => {
    const empty = testRepository();
    const kept = repository;
    repository = empty;
    try {
      expect((await breakDown("Add a search box that lists titles")).tasks.length).toBeGreaterThan(0);
      await expect(breakDown("fn-1")).rejects.toThrow("there is no .flow here");
    } finally {
      repository = kept;
      empty.remove();
    }
  });
});

describe("break_down_tasks with a premium model configured", () => {
  const configure = (backend: string) =>
    configureUser(repository, { plan: { task_breakdown: { backend, model: "opus-4.5" } } });
  const premium = (tasks: object[]) => fakeSources(() => JSON.stringify({ tasks }));
  const run = async (open: ReturnType<typeof fakeSources>["open"], noPremium?: string) => {
    const { signal } = new AbortController();
    const sluice = repository.sluice();
    const own = { ...sluice, env: { ...sluice.env, ...premiumKeys } };
    const { project, source } = await openSpecJob(own, { spec: "fn-1" }, signal, "anywhere");
    return breakDownSource(project, own, source, { signal, open, noPremium });
  };

  it("asks it once, whatever does not hold, and keeps the answer", async () => {
    configure("premium");
    const { open, asked } = premium([good({ acceptance: ["It works well"] }), ...rest]);
    const first = await run(open);
    expect(first.written_by).toBe("premium");
    expect(first.tasks[0]?.flags.join()).toContain("can't be checked");
    expect(asked).toHaveLength(1);
    expect(asked[0]?.source).toBe("claude_max");
    await run(open);
    expect(asked).toHaveLength(1);
  });

  it("asks it after the local model where both may", async () => {
    configure("hybrid");
    const { open, asked } = premium([good(), ...rest]);
    expect((await run(open)).written_by).toBe("premium");
    expect(asked).toHaveLength(1);
  });

  it("asks nobody where the client was told that nothing leaves, nor by default", async () => {
    configure("premium");
    const { open, asked } = premium([good(), ...rest]);
    const result = await run(open, "told so");
    expect(result.written_by).toBe("extract");
    expect(result.notes.join()).toContain("told so");
    configure("local");
    await run(open);
    expect(asked).toEqual([]);
  });
});
