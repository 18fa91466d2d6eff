import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { findFlowId } from "../../src/flow/find.js";
import { readFlow, summarizeFlow } from "../../src/flow/folder.js";
import type { FlowFolder } from "../../src/flow/types.js";
import type { Sluice } from "../../src/sluice.js";
import { type FlowSample, flowSamples, sampleRepository } from "../support/flow.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const made: TestRepository[] = [];

afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

async function read(repository: TestRepository, overrides: Partial<Sluice> = {}): Promise<FlowFolder> {
  const sluice = repository.sluice(overrides);
  const folder = await readFlow(await openRepository(sluice, undefined), sluice);
  if (folder === null) throw new Error("no folder was found");
  return folder;
}

function sample(name: FlowSample): TestRepository {
  const repository = sampleRepository(name);
  made.push(repository);
  return repository;
}

describe("readFlow, of folders that flowctl wrote", () => {
  it.each(flowSamples)("reads every spec and task of %s", async (name) => {
    const folder = await read(sample(name));
    expect(folder.specs.map(({ id }) => id)).toEqual(["fn-1-add-oauth-login", "fn-2-second-thing"]);
    expect(folder.tasks.map(({ id }) => id)).toEqual([1, 2, 3].map((part) => `fn-1-add-oauth-login.${part}`));
    expect(folder.problems).toEqual([]);
  });

  it.each([
    ["0.26.1", "epic", 2],
    ["0.42.0", "epic", 2],
    ["4.4.0", "spec", 3],
  ] as const)("tells the dialect and schema of %s", async (name, dialect, schemaVersion) => {
    const folder = await read(sample(name));
    expect(folder).toMatchObject({ dialect, schemaVersion });
    expect(folder.specs.map((spec) => spec.dialect)).toEqual([dialect, dialect]);
    expect(folder.specs[1]).toMatchObject({
      title: "Second thing",
      status: "open",
      dependsOn: ["fn-1-add-oauth-login"],
      jsonPath: `.flow/${dialect}s/fn-2-second-thing.json`,
      specPath: ".flow/specs/fn-2-second-thing.md",
    });
  });

  it("gives the runtime state's status, claim and evidence, not the committed JSON's", async () => {
    const { tasks } = await read(sample("4.4.0"));
    expect(tasks.map(({ status, statusSource }) => [status, statusSource])).toEqual([
      ["done", "flow-state"],
      ["todo", "flow-state"],
      ["todo", "committed"],
    ]);
    expect(tasks[0]).toMatchObject({
      assignee: "dev@example.com",
      evidence: { commits: [expect.stringMatching(/^[0-9a-f]{40}$/)], tests: ["npm test"], prs: [] },
      sections: {
        description: "Make a users table.",
        acceptance: "- [ ] migration runs",
        doneSummary: "Did it.",
      },
    });
    expect(tasks[1]?.dependsOn).toEqual(["fn-1-add-oauth-login.1"]);
  });

  it("says what a summary needs", async () => {
    const { problems, ...summary } = summarizeFlow(await read(sample("0.26.1")));
    expect(summary).toEqual({
      dialect: "epic",
      schema_version: 2,
      specs: { open: 2, done: 0 },
      tasks: { todo: 2, in_progress: 0, blocked: 0, done: 1 },
    });
    expect(problems).toEqual([]);
  });
});

describe("readFlow", () => {
  let repository: TestRepository;
  beforeEach(() => {
    repository = testRepository();
    made.push(repository);
  });

  const spec = (id: string, more: object = {}) =>
    JSON.stringify({ id, title: `Title of ${id}`, status: "open", ...more });
  const task = (id: string, more: object = {}) =>
    JSON.stringify({
      id,
      spec: id.split(".")[0],
      title: `Title of ${id}`,
      status: "todo",
      depends_on: [],
      ...more,
    });
  const headings = "## Description\nd\n## Acceptance\n- [ ] a\n## Done summary\nTBD\n## Evidence\n";
  const good = {
    ".flow/meta.json": '{"next_spec":1,"schema_version":3}',
    ".flow/specs/fn-1-a.json": spec("fn-1-a"),
    ".flow/specs/fn-1-a.md": "# fn-1-a A\n",
    ".flow/tasks/fn-1-a.1.json": task("fn-1-a.1"),
    ".flow/tasks/fn-1-a.1.md": headings,
  };

  it("finds nothing where there is no folder, or only Sluice's own state in it", async () => {
    const sluice = repository.sluice();
    const opened = await openRepository(sluice, undefined);
    expect(await readFlow(opened, sluice)).toBeNull();
    repository.write({ ".flow/review_state.json": "{}", ".flow/cache/x": "" });
    expect(await readFlow(opened, sluice)).toBeNull();
  });

  it("takes the state from FLOW_STATE_DIR, the common directory, .flow/state, in that order", async () => {
    const state = (status: string) => JSON.stringify({ status });
    repository.write({ ...good, ".flow/state/tasks/fn-1-a.1.state.json": state("blocked") });
    expect((await read(repository)).tasks[0]?.status).toBe("blocked");
    repository.write({ ".git/flow-state/tasks/fn-1-a.1.state.json": state("in_progress") });
    expect((await read(repository)).tasks[0]?.status).toBe("in_progress");
    const elsewhere = join(repository.path, "..", "elsewhere");
    mkdirSync(join(elsewhere, "tasks"), { recursive: true });
    writeFileSync(join(elsewhere, "tasks", "fn-1-a.1.state.json"), state("done"));
    const env = { ...repository.sluice().env, FLOW_STATE_DIR: elsewhere };
    expect((await read(repository, { env })).tasks[0]?.status).toBe("done");
  });

  it("reads a linked worktree's own folder with the state that all share", async () => {
    repository.write({ ...good, ".git/flow-state/tasks/fn-1-a.1.state.json": '{"status":"done"}' });
    repository.commit();
    const linked = join(repository.path, "..", "linked");
    repository.git("worktree", "add", "-q", linked);
    repository.write({ ".flow/specs/fn-2-b.json": spec("fn-2-b"), ".flow/specs/fn-2-b.md": "b" });
    const folder = await read(repository, { cwd: linked });
    expect(folder.specs.map(({ id }) => id)).toEqual(["fn-1-a"]);
    expect(folder.tasks[0]?.status).toBe("done");
  });

  it("reads both dialects in one folder, and tracker ids", async () => {
    repository.write({
      ...good,
      ".flow/epics/fn-2-b.json": spec("fn-2-b"),
      ".flow/specs/fn-2-b.md": "# b",
      ".flow/tasks/fn-2-b.1.json": JSON.stringify({ id: "fn-2-b.1", epic: "fn-2-b", title: "t", deps: [] }),
      ".flow/tasks/fn-2-b.1.md": headings,
      ".flow/specs/wor-17-fix.json": spec("wor-17-fix", { tracker: { identifier: "WOR-17" } }),
      ".flow/specs/wor-17-fix.md": "# fix",
      ".flow/tasks/wor-17-fix.2.json": task("wor-17-fix.2", { priority: 3 }),
      ".flow/tasks/wor-17-fix.2.md": `---\nsatisfies: [R1, R3]\n---\n# t\n\n${headings}`,
      ".flow/tasks/notes.json": "[]",
      ".flow/.checkpoint-fn-1-a.json": "not read",
    });
    const folder = await read(repository);
    expect(folder.problems).toEqual([]);
    expect(folder).toMatchObject({ dialect: "epic", schemaVersion: 3 });
    expect(folder.specs.map(({ id, dialect }) => [id, dialect])).toEqual([
      ["fn-1-a", "spec"],
      ["fn-2-b", "epic"],
      ["wor-17-fix", "spec"],
    ]);
    expect(findFlowId(folder, "WOR-17.2")).toMatchObject({
      kind: "task",
      id: "wor-17-fix.2",
      number: 2,
      priority: 3,
      satisfies: ["R1", "R3"],
    });
  });

  it.each([
    [
      "broken JSON of a spec",
      { ".flow/specs/fn-2-b.json": "{", ".flow/specs/fn-2-b.md": "" },
      ".flow/specs/fn-2-b.json",
      /not valid JSON/,
    ],
    [
      "a spec without markdown",
      { ".flow/specs/fn-2-b.json": spec("fn-2-b") },
      ".flow/specs/fn-2-b.md",
      /is missing/,
    ],
    ["a spec without JSON", { ".flow/specs/fn-2-b.md": "x" }, ".flow/specs/fn-2-b.md", /JSON is missing/],
    [
      "a task without markdown",
      { ".flow/tasks/fn-1-a.2.json": task("fn-1-a.2") },
      ".flow/tasks/fn-1-a.2.md",
      /is missing/,
    ],
    [
      "a task without JSON",
      { ".flow/tasks/fn-1-a.2.md": headings },
      ".flow/tasks/fn-1-a.2.md",
      /JSON is missing/,
    ],
    [
      "broken JSON of a task",
      { ".flow/tasks/fn-1-a.2.json": "]", ".flow/tasks/fn-1-a.2.md": headings },
      ".flow/tasks/fn-1-a.2.json",
      /not valid JSON/,
    ],
    [
      "JSON that is no object",
      { ".flow/tasks/fn-1-a.2.json": "[]" },
      ".flow/tasks/fn-1-a.2.json",
      /not a JSON object/,
    ],
    [
      "a duplicate heading",
      { ".flow/tasks/fn-1-a.1.md": `${headings}\n## Acceptance\nx\n` },
      ".flow/tasks/fn-1-a.1.md",
      /"## Acceptance" is there 2 times/,
    ],
    [
      "a missing heading",
      { ".flow/tasks/fn-1-a.1.md": headings.replace("## Evidence", "## evidence") },
      ".flow/tasks/fn-1-a.1.md",
      /"## Evidence" is missing/,
    ],
    [
      "an id that is not the file's",
      { ".flow/tasks/fn-1-a.2.json": task("fn-1-a.3") },
      ".flow/tasks/fn-1-a.2.json",
      /another one than its file name/,
    ],
    [
      "an owner that is not the id's",
      { ".flow/tasks/fn-1-a.2.json": task("fn-1-a.2", { spec: "fn-9" }) },
      ".flow/tasks/fn-1-a.2.json",
      /another spec/,
    ],
    [
      "an unknown status",
      { ".flow/tasks/fn-1-a.1.json": task("fn-1-a.1", { status: "SHIPPED" }) },
      ".flow/tasks/fn-1-a.1.json",
      /counts as todo/,
    ],
    [
      "a dependency that is not there",
      { ".flow/tasks/fn-1-a.1.json": task("fn-1-a.1", { depends_on: ["fn-1-a.7"] }) },
      ".flow/tasks/fn-1-a.1.json",
      /fn-1-a.7, which is not there/,
    ],
    [
      "dependencies that are no ids",
      { ".flow/tasks/fn-1-a.1.json": task("fn-1-a.1", { depends_on: [7, "x"] }) },
      ".flow/tasks/fn-1-a.1.json",
      /not a list of ids/,
    ],
    [
      "a circle",
      { ".flow/tasks/fn-1-a.1.json": task("fn-1-a.1", { depends_on: ["fn-1-a.1"] }) },
      ".flow/tasks/fn-1-a.1.json",
      /circle: fn-1-a.1 → fn-1-a.1/,
    ],
    [
      "a broken runtime state",
      { ".git/flow-state/tasks/fn-1-a.1.state.json": "{" },
      "flow-state/tasks/fn-1-a.1.state.json",
      /own JSON counts/,
    ],
    [
      "frontmatter that is no YAML",
      { ".flow/tasks/fn-1-a.1.md": `---\na: [\n---\n${headings}` },
      ".flow/tasks/fn-1-a.1.md",
      /frontmatter/,
    ],
    [
      "an alias bomb in frontmatter",
      { ".flow/tasks/fn-1-a.1.md": `---\na: &a [x, x]\nb: [*a, *a]\n---\n${headings}` },
      ".flow/tasks/fn-1-a.1.md",
      /frontmatter/,
    ],
    ["a missing meta.json", { ".flow/meta.json": null }, ".flow/meta.json", /is missing/],
    [
      "a newer schema",
      { ".flow/meta.json": '{"schema_version": 9}' },
      ".flow/meta.json",
      /schema_version 9 is newer/,
    ],
    [
      "the same spec in both folders",
      { ".flow/epics/fn-1-a.json": spec("fn-1-a") },
      ".flow/epics/fn-1-a.json",
      /that one counts/,
    ],
    [
      "a huge file",
      { ".flow/specs/fn-1-a.md": "x".repeat(5 * 1024 * 1024) },
      ".flow/specs/fn-1-a.md",
      /more than the/,
    ],
  ] as const)("names %s and reads the rest", async (_, files, path, message) => {
    repository.write({ ...good, ...files });
    const folder = await read(repository);
    expect(folder.problems).toEqual([{ path, message: expect.stringMatching(message) }]);
    expect(folder.specs.some(({ id }) => id === "fn-1-a")).toBe(true);
    expect(folder.tasks.some(({ id }) => id === "fn-1-a.1")).toBe(true);
  });

  it("follows no link out of the folder", async () => {
    repository.write({ ...good, "outside/fn-1-a.9.json": task("fn-1-a.9"), "outside/secret.md": "secret" });
    repository.link(".flow/specs/fn-2-b.md", "../../outside/secret.md");
    repository.write({ ".flow/specs/fn-2-b.json": spec("fn-2-b") });
    const { specs, problems } = await read(repository);
    expect(specs[1]).toMatchObject({ id: "fn-2-b", markdown: null });
    expect(problems).toEqual([
      { path: ".flow/specs/fn-2-b.md", message: expect.stringContaining("symbolic link") },
    ]);
    repository.write({ ".flow/tasks": null });
    repository.link(".flow/tasks", "../outside");
    const folder = await read(repository);
    expect(folder.tasks).toEqual([]);
    expect(folder.problems.map(({ path }) => path)).toContain(".flow/tasks");
  });

  it("does not read a .flow that leads elsewhere", async () => {
    repository.write({ "elsewhere/meta.json": "{}" });
    repository.link(".flow", "elsewhere");
    expect(await read(repository)).toMatchObject({
      specs: [],
      problems: [{ path: ".flow", message: expect.stringContaining("symbolic link") }],
    });
  });

  it("reads through a worktree's link to the main work tree's folder", async () => {
    repository.commit();
    const linked = join(repository.path, "..", "linked");
    repository.git("worktree", "add", "-q", linked);
    repository.write(good);
    repository.link("../linked/.flow", join(repository.path, ".flow"));
    expect((await read(repository, { cwd: linked })).tasks.map(({ id }) => id)).toEqual(["fn-1-a.1"]);
  });

  it("bounds what a hostile folder can make it say", async () => {
    repository.write(good);
    const files = Object.fromEntries(
      Array.from({ length: 700 }, (_, part) => [`.flow/tasks/fn-1-a.${part + 2}.json`, "{"]),
    );
    repository.write(files);
    const { problems } = await read(repository);
    expect(problems).toHaveLength(501);
    expect(problems.at(-1)?.message).toBe("200 more problems are not listed");
  });
});

describe("findFlowId", () => {
  let folder: FlowFolder;
  beforeAll(async () => {
    folder = await read(sample("4.4.0"));
  });

  it.each([
    ["fn-1-add-oauth-login", "fn-1-add-oauth-login"],
    ["fn-1", "fn-1-add-oauth-login"],
    ["fn-1.2", "fn-1-add-oauth-login.2"],
    [" fn-1-add-oauth-login.2 ", "fn-1-add-oauth-login.2"],
  ])("takes %s for %s", (text, id) => {
    expect(findFlowId(folder, text).id).toBe(id);
  });

  it.each([
    ["fn-9", "fn-1-add-oauth-login, fn-2-second-thing"],
    ["fn-1.9", "fn-1-add-oauth-login.1"],
    ["second thing", "fn-2-second-thing"],
  ])("names what is near %s", (text, near) => {
    expect(() => findFlowId(folder, text)).toThrow(
      expect.objectContaining({ name: "UsageError", hint: expect.stringContaining(near) }),
    );
  });

  it("asks for the whole id where a short one could mean two", () => {
    const [first] = folder.specs;
    const specs = first === undefined ? [] : [first, { ...first, id: "fn-1-other" }];
    expect(() => findFlowId({ ...folder, specs }, "fn-1")).toThrow(
      "fn-1 could be fn-1-add-oauth-login, fn-1-other.",
    );
  });
});
