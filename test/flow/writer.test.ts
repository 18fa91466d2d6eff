import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import type { Config } from "../../src/config/schema.js";
import { readFlow } from "../../src/flow/folder.js";
import { editFlowJson, flowJson } from "../../src/flow/json.js";
import { readMemory } from "../../src/flow/memory.js";
import type { FlowFolder, FlowWriter } from "../../src/flow/types.js";
import { openFlowWriter, type WriterOptions } from "../../src/flow/writer.js";
import type { Sluice } from "../../src/sluice.js";
import { type FlowSample, flowSamples, sampleRepository } from "../support/flow.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const made: TestRepository[] = [];

afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

const clock = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const now = "2026-01-02T03:04:05.006000Z";

interface Opened {
  repository: TestRepository;
  sluice: Sluice;
  config: Config;
  writer: FlowWriter;
  read(): Promise<FlowFolder>;
  text(path: string): string;
}

async function open(
  repository: TestRepository,
  options: WriterOptions & {
    flowctl?: string | false | undefined;
    sluice?: Partial<Sluice>;
    memory?: boolean;
  } = {},
): Promise<Opened> {
  if (!made.includes(repository)) made.push(repository);
  const sluice = repository.sluice({ clock, ...options.sluice });
  const { config: defaults } = await loadUserConfiguration(sluice);
  const config = {
    ...defaults,
    memory: { enabled: options.memory ?? true },
    flow: { flowctl: "flowctl" in options ? options.flowctl : (false as const) },
  };
  const opened = await openRepository(sluice, undefined);
  const writer = await openFlowWriter({ repository: opened, config }, sluice, options);
  return {
    repository,
    sluice,
    config,
    writer,
    async read() {
      const folder = await readFlow(opened, sluice);
      if (folder === null) throw new Error("no folder");
      return folder;
    },
    text: (path) => readFileSync(join(repository.path, path), "utf8"),
  };
}

const sample = (name: FlowSample) => open(sampleRepository(name));
const fresh = () => open(testRepository(), { create: true });

const task = { title: "A task", description: "Do it.", acceptance: "- [ ] it is done" };

describe("openFlowWriter", () => {
  it("makes a folder only on request", async () => {
    const repository = testRepository();
    await expect(open(repository)).rejects.toMatchObject({
      name: "UsageError",
      hint: expect.stringContaining("sluice plan … --write"),
    });
    expect(existsSync(join(repository.path, ".flow"))).toBe(false);
    const { text } = await open(repository, { create: true });
    expect(text(".flow/meta.json")).toBe('{\n  "next_spec": 1,\n  "schema_version": 3\n}\n');
    expect(readdirSync(join(repository.path, ".flow")).sort()).toEqual([
      ".gitignore",
      "memory",
      "meta.json",
      "specs",
      "tasks",
    ]);
    const flowctls = join("test", "fixtures", "flow", "4.4.0", "dot-flow", ".gitignore");
    expect(text(".flow/.gitignore")).toBe(readFileSync(flowctls, "utf8"));
  });

  it("leaves what Sluice keeps in the folder alone", async () => {
    const repository = testRepository();
    const ours = { ".flow/.gitignore": "# ours\n/cache/\n", ".flow/config.json": "{}", ".flow/cache/x": "y" };
    repository.write(ours);
    const { writer, text } = await open(repository, { create: true });
    await writer.createSpec({ title: "A" });
    for (const [path, content] of Object.entries(ours)) expect(text(path)).toBe(content);
  });

  it.each(["specs", "tasks", "memory"])("does not write through a link at %s", async (name) => {
    const { repository, writer } = await fresh();
    const outside = join(repository.path, "..", "outside");
    mkdirSync(outside);
    repository.write({ [`.flow/${name}`]: null });
    repository.link(`.flow/${name}`, outside);
    await expect(writer.createSpec({ title: "A" })).rejects.toThrow("symbolic link");
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe("a folder of flowctl's", () => {
  it.each(flowSamples)("%s stays byte for byte when what is there is written again", async (name) => {
    const { repository, writer, read } = await sample(name);
    const before = await read();
    for (const spec of before.specs) await writer.setPlan(spec.id, spec.markdown ?? "");
    for (const { id, sections } of before.tasks) {
      await writer.setTaskSpec(id, {
        description: sections.description ?? "",
        acceptance: sections.acceptance ?? "",
      });
    }
    expect(repository.git("status", "--porcelain")).toBe("");
    expect(await read()).toEqual(before);
    for (const path of repository.git("ls-files", ".flow").trim().split("\n")) {
      const text = readFileSync(join(repository.path, path), "utf8");
      if (path.endsWith(".json")) expect(editFlowJson(text, {}), path).toBe(text);
    }
  });

  it.each(flowSamples)("%s gets specs and tasks in its own dialect", async (name) => {
    const { writer, read, text } = await sample(name);
    const dialect = name.startsWith("4") ? "spec" : "epic";
    const { id } = await writer.createSpec({ title: "Drittes: Über-Ding!" });
    expect(id).toBe("fn-3-drittes-uber-ding");
    const json = JSON.parse(text(`.flow/${dialect}s/${id}.json`));
    const sampleJson = JSON.parse(text(`.flow/${dialect}s/fn-2-second-thing.json`));
    expect(Object.keys(json)).toEqual(Object.keys(sampleJson));
    expect(json).toMatchObject({ title: "Drittes: Über-Ding!", created_at: now, branch_name: id });
    expect(text(`.flow/${dialect}s/${id}.json`)).toContain("\\u00dcber-Ding");
    expect(text(`.flow/specs/${id}.md`)).toBe(
      text(".flow/specs/fn-2-second-thing.md").replace(
        "fn-2-second-thing Second thing",
        `${id} Drittes: Über-Ding!`,
      ),
    );

    const [first] = await writer.createTasks("fn-1", [{ ...task, dependsOn: ["fn-1-add-oauth-login.2"] }]);
    expect(first?.id).toBe("fn-1-add-oauth-login.4");
    const written = JSON.parse(text(".flow/tasks/fn-1-add-oauth-login.4.json"));
    expect(Object.keys(written)).toEqual(
      Object.keys(JSON.parse(text(".flow/tasks/fn-1-add-oauth-login.3.json"))),
    );
    expect(written[dialect]).toBe("fn-1-add-oauth-login");
    const folder = await read();
    expect(folder.problems).toEqual([]);
    expect(folder.schemaVersion).toBe(dialect === "spec" ? 3 : 2);
  });

  it("keeps keys that nobody knows, and numbers as they are written", async () => {
    const { repository, writer, text } = await sample("4.4.0-after-reviews");
    const path = ".flow/specs/fn-2-second-thing.json";
    const odd =
      '{"10": 1.0, "9": 12345678901234567890, "id": "fn-2-second-thing", "x": {"b": 1e3, "a": "\u00e9\ud83d\ude00"}, "title": "T", "__proto__": {"k": []}}';
    repository.write({ [path]: odd });
    await writer.setPlanReviewStatus("fn-2", "needs_work");
    expect(text(path)).toBe(`{
  "10": 1.0,
  "9": 12345678901234567890,
  "__proto__": {
    "k": []
  },
  "id": "fn-2-second-thing",
  "plan_review_status": "needs_work",
  "plan_reviewed_at": "${now}",
  "title": "T",
  "updated_at": "${now}",
  "x": {
    "a": "\\u00e9\\ud83d\\ude00",
    "b": 1e3
  }
}
`);
  });

  it.each([
    ["0.26.1", "needs_human", "needs_work"],
    ["4.4.0", "needs_human", "needs_human"],
    ["0.26.1", "ship", "ship"],
  ] as const)("of %s gets the review status %s as %s", async (name, status, word) => {
    const { writer, read } = await sample(name);
    await writer.setPlanReviewStatus("fn-2", status);
    expect((await read()).specs[1]?.planReviewStatus).toBe(word);
  });
});

describe("createSpec", () => {
  it("puts the id into the plan's own heading", async () => {
    const { writer, text } = await fresh();
    const first = await writer.createSpec({
      title: "Add login",
      markdown: "# Add login\r\n\r\n## Overview\r\nx\r\n",
    });
    expect(text(first.specPath)).toBe("# fn-1-add-login Add login\n\n## Overview\nx\n");
    const second = await writer.createSpec({ title: "Other\nthing", markdown: "## Overview\ny" });
    expect(second.id).toBe("fn-2-other-thing");
    expect(text(second.specPath)).toBe("# fn-2-other-thing Other thing\n\n## Overview\ny\n");
  });

  it("gives no number again: not another work tree's, another branch's, a deleted or a chart's", async () => {
    const { repository, writer } = await fresh();
    repository.write({ ".flow/specs/fn-4-gone.md": "x" });
    repository.commit();
    repository.git("checkout", "-q", "-b", "other");
    repository.write({ ".flow/specs/fn-7-there.json": "{}", ".flow/specs/fn-4-gone.md": null });
    repository.commit();
    repository.git("checkout", "-q", "main");
    expect((await writer.createSpec({ title: "a" })).id).toBe("fn-8-a");
    const linked = join(repository.path, "..", "linked");
    repository.git("worktree", "add", "-q", linked, "other");
    mkdirSync(join(linked, ".flow", "specs"), { recursive: true });
    writeFileSync(join(linked, ".flow", "specs", "fn-11-new.json"), "{}");
    expect((await writer.createSpec({ title: "b" })).id).toBe("fn-12-b");
    repository.write({ ".flow/charts/fn-20/x": "", ".flow/specs/wor-99-tracker.json": "{}" });
    expect((await writer.createSpec({ title: "c" })).id).toBe("fn-21-c");
  });

  it("finds a name where the title gives none", async () => {
    const { writer } = await fresh();
    expect((await writer.createSpec({ title: "日本語" })).id).toMatch(/^fn-1-[a-z0-9]{3}$/);
    await expect(writer.createSpec({ title: " \n" })).rejects.toMatchObject({ name: "UsageError" });
  });
});

describe("createTasks", () => {
  it("numbers tasks behind what they depend on, and gives them back as they were asked for", async () => {
    const { writer, read } = await fresh();
    await writer.createSpec({ title: "s" });
    const ids = await writer.createTasks("fn-1", [
      { ...task, title: "last", dependsOn: [1, 2] },
      { ...task, title: "middle", dependsOn: [2], priority: 2 },
      { ...task, title: "first", satisfies: ["R1", "R4a"] },
    ]);
    expect(ids.map(({ id }) => id)).toEqual(["fn-1-s.3", "fn-1-s.2", "fn-1-s.1"]);
    const { tasks, problems } = await read();
    expect(problems).toEqual([]);
    expect(
      tasks.map(({ title, dependsOn, priority, satisfies }) => [title, dependsOn, priority, satisfies]),
    ).toEqual([
      ["first", [], null, ["R1", "R4a"]],
      ["middle", ["fn-1-s.1"], 2, []],
      ["last", ["fn-1-s.2", "fn-1-s.1"], null, []],
    ]);
  });

  it("keeps the four headings the only ones, whatever stands in the parts", async () => {
    const { writer, read } = await fresh();
    await writer.createSpec({ title: "s" });
    const hostile = "## Description\ntext\n## Acceptance\n- no\n```sh\n## Evidence\n";
    await writer.createTasks("fn-1", [
      { title: "a\n## Evidence", description: hostile, acceptance: hostile },
    ]);
    await writer.setTaskSpec("fn-1.1", { description: `${hostile}\u0007\r\nmore` });
    const { tasks, problems } = await read();
    expect(problems).toEqual([]);
    expect(tasks[0]?.sections).toEqual({
      description: "text\n### Acceptance\n- no\n```sh\n## Evidence\n\nmore\n```",
      acceptance: "### Description\ntext\n### Acceptance\n- no\n```sh\n## Evidence\n```",
      doneSummary: "TBD",
      evidence: "- Commits:\n- Tests:\n- PRs:",
    });
  });

  it("takes no number whose state is left from a task that is gone", async () => {
    const { repository, writer } = await sample("4.4.0");
    repository.write({ ".git/flow-state/tasks/fn-1-add-oauth-login.7.state.json": '{"status":"done"}' });
    expect((await writer.createTasks("fn-1", [task]))[0]?.id).toBe("fn-1-add-oauth-login.8");
  });

  it.each([
    [
      "a circle",
      [
        { ...task, dependsOn: [1] },
        { ...task, dependsOn: [0] },
      ],
      "circle: 0 (A task) → 1 (A task) → 0",
    ],
    ["itself", [{ ...task, dependsOn: [0] }], "depends on 0, which is not there"],
    ["a place that is not there", [{ ...task, dependsOn: [3] }], "depends on 3"],
    ["another spec's task", [{ ...task, dependsOn: ["fn-2-second-thing.1"] }], "which is not there"],
    ["a malformed requirement", [{ ...task, satisfies: ["R0"] }], '"R0" is no requirement'],
    ["too many", Array.from({ length: 500 }, () => task), "500 tasks are more than the 200"],
    ["no title", [{ ...task, title: "" }], "The title is empty"],
  ])("refuses %s and writes nothing", async (_, tasks, message) => {
    const { repository, writer } = await sample("4.4.0");
    await expect(writer.createTasks("fn-1", tasks)).rejects.toThrow(message);
    expect(repository.git("status", "--porcelain")).toBe("");
  });

  it("names a spec that is not there", async () => {
    const { writer } = await sample("4.4.0");
    await expect(writer.createTasks("fn-9", [task])).rejects.toMatchObject({
      message: "There is no spec fn-9 in .flow.",
      hint: "Pass one of: fn-1-add-oauth-login, fn-2-second-thing.",
    });
    await expect(writer.createTasks("fn-1.1", [task])).rejects.toThrow("is a task");
  });
});

describe("setTaskSpec", () => {
  it("patches as flowctl does, and refuses a file whose headings are not right", async () => {
    const { repository, writer, text } = await sample("4.4.0");
    const path = ".flow/tasks/fn-1-add-oauth-login.3.md";
    await writer.setTaskSpec("fn-1.3", { description: "Make a UI.\n" });
    expect(text(path)).toBe(
      "# fn-1-add-oauth-login.3 UI\n\n## Description\nMake a UI.\n## Acceptance\n- [ ] TBD\n\n## Done summary\nTBD\n\n## Evidence\n- Commits:\n- Tests:\n- PRs:\n",
    );
    repository.write({ [path]: "## Description\na\n## Description\nb\n" });
    await expect(writer.setTaskSpec("fn-1.3", { description: "x" })).rejects.toThrow(
      "not exactly one heading",
    );
    await expect(writer.setTaskSpec("fn-1.3", {})).rejects.toThrow("nothing to set");
    await expect(writer.setTaskSpec("fn-1", { description: "x" })).rejects.toThrow("is a spec");
  });

  it("keeps a file's mode and replaces a link instead of following it", async () => {
    const { repository, writer } = await sample("4.4.0");
    const path = join(repository.path, ".flow/tasks/fn-1-add-oauth-login.3.md");
    chmodSync(path, 0o640);
    await writer.setTaskSpec("fn-1.3", { description: "x" });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    repository.write({ ".flow/specs/fn-2-second-thing.md": null, "victim.txt": "safe" });
    repository.link(".flow/specs/fn-2-second-thing.md", "../../victim.txt");
    await writer.setPlan("fn-2", "# new\n");
    expect(readFileSync(join(repository.path, "victim.txt"), "utf8")).toBe("safe");
  });
});

describe("addMemory", () => {
  it("makes an entry of the tree as flowctl does", async () => {
    const { writer, text } = await sample("4.4.0");
    const entry = {
      track: "bug",
      category: "security",
      title: "No eval: ever",
      text: "Because.\n\n",
    } as const;
    const first = await writer.addMemory({ ...entry, module: "src/a", tags: ["x", "y, z", "no"] });
    expect(first).toEqual({
      id: "bug/security/no-eval-ever-2026-01-02",
      specPath: ".flow/memory/bug/security/no-eval-ever-2026-01-02.md",
    });
    expect(text(first.specPath)).toBe(
      '---\ntitle: "No eval: ever"\ndate: "2026-01-02"\ntrack: bug\ncategory: security\nmodule: src/a\ntags: [x, y z, "no"]\nproblem_type: security\nsymptoms: "No eval: ever"\nroot_cause: (unspecified)\nresolution_type: fix\n---\n\nBecause.\n',
    );
    expect((await writer.addMemory(entry)).id).toBe("bug/security/no-eval-ever-2-2026-01-02");
  });

  it("adds to the flat files where there are those", async () => {
    const { repository, writer, sluice, config } = await sample("0.26.1");
    await writer.addMemory({
      track: "knowledge",
      category: "tooling-decisions",
      title: "Use vitest",
      text: "## Why\nFast.",
    });
    const entries = await readMemory(await openRepository(sluice, undefined), config);
    expect(entries.find(({ id }) => id === "legacy/decisions#2")).toMatchObject({
      title: "Use vitest",
      date: "2026-01-02",
      text: "Use vitest\n\n### Why\nFast.",
    });
    expect(existsSync(join(repository.path, ".flow/memory/knowledge"))).toBe(false);
  });

  it("refuses an unknown category, and everything where memory is switched off", async () => {
    const { repository, writer } = await sample("4.4.0");
    const entry = { track: "bug", category: "nope", title: "t", text: "x" } as const;
    await expect(writer.addMemory(entry)).rejects.toThrow("no category of bug");
    const off = await open(repository, { memory: false });
    await expect(off.writer.addMemory({ ...entry, category: "data" })).rejects.toThrow("switched off");
  });
});

describe("flowctl", () => {
  const script = (body: string) => `#!/bin/sh\n${body}\n`;

  it.each([
    ["PATH", (folder: string) => ({ PATH: `${folder}:${process.env.PATH}` })],
    ["FLOWCTL", (folder: string) => ({ FLOWCTL: join(folder, "flowctl") })],
    ["the plugin's folder", (folder: string) => ({ CLAUDE_PLUGIN_ROOT: join(folder, "plugin") })],
  ])("of the repository's own is not run, though %s names it", async (_, env) => {
    const repository = testRepository();
    const folder = join(repository.path, ".flow", "bin");
    const body = script(`echo ran > ${repository.path}/../ran; echo "{epic,spec}"`);
    repository.write({ ".flow/bin/flowctl*": body, ".flow/bin/plugin/scripts/flowctl*": body });
    const opened = await open(repository, {
      create: true,
      flowctl: undefined,
      sluice: { env: { ...repository.sluice().env, ...env(folder) } },
    });
    expect(opened.writer.via).toBe("sluice");
    expect(existsSync(join(repository.path, "..", "ran"))).toBe(false);
  });

  it("is told what the user configured is not there, or is the repository's", async () => {
    const repository = testRepository();
    repository.write({ "flowctl*": script("true") });
    for (const [flowctl, why] of [
      ["/nowhere/flowctl", "is not a program"],
      [join(repository.path, "flowctl"), "is part of this repository"],
    ] as const) {
      await expect(open(repository, { create: true, flowctl })).rejects.toMatchObject({
        name: "ConfigurationError",
        message: expect.stringContaining(why),
      });
    }
  });

  it("runs in a clean environment, and its refusal is handed on", async () => {
    const repository = testRepository();
    const folder = join(repository.path, "..", "bin");
    mkdirSync(folder);
    const path = join(folder, "flowctl");
    const log = join(folder, "log");
    writeFileSync(
      path,
      script(
        `[ "$1" = --help ] && { echo "{init,spec,task}"; exit 0; }\nenv > ${log}\necho '{"success": false, "error": "no \\u001b[31mway"}'; exit 1`,
      ),
      { mode: 0o755 },
    );
    const env = { ...repository.sluice().env, GIT_DIR: "/evil", PYTHONPATH: ".", GIT_EXTERNAL_DIFF: "evil" };
    const { writer } = await open(repository, { create: true, flowctl: path, sluice: { env } });
    expect(writer.via).toBe("flowctl");
    await expect(writer.createSpec({ title: "x" })).rejects.toMatchObject({
      name: "UsageError",
      message: "flowctl spec create refused: no way",
    });
    const seen = readFileSync(log, "utf8");
    expect(seen).not.toMatch(/^(GIT_DIR|PYTHONPATH|GIT_EXTERNAL_DIFF)=/m);
    expect(seen).toMatch(/^GIT_CONFIG_VALUE_\d+=\/dev\/null$/m);
  });

  it("of 0.x is not used for a folder of 1.0, and one that does not work is passed over", async () => {
    const repository = sampleRepository("4.4.0");
    const folder = join(repository.path, "..", "bin");
    mkdirSync(folder);
    const path = join(folder, "flowctl");
    for (const body of ['echo "{init,epic,task}"', "exit 3"]) {
      writeFileSync(path, script(body), { mode: 0o755 });
      expect((await open(repository, { flowctl: path })).writer.via).toBe("sluice");
    }
  });
});

describe("flowJson", () => {
  it("writes what Python writes", () => {
    const value = {
      b: [1, -0.5, [], {}],
      "10": null,
      "9": true,
      "é\u007f\ud83d\ude00": 'a"\\\n\u0001/',
      "\ue000": 1,
      "\ud83d\ude00": 2,
    };
    const python = execFileSync(
      "python3",
      [
        "-c",
        "import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin), indent=2, sort_keys=True) + '\\n')",
      ],
      { input: JSON.stringify(value), encoding: "utf8" },
    );
    expect(flowJson(value)).toBe(python);
  });
});
