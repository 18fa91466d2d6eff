import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { afterEach, describe, expect, it } from "vitest";
import { tools } from "../../tools/index.js";
import { type ClientKind, clientKinds, connectClient } from "../support/client.js";
import { type TestRepository, testRepository } from "../support/repository.js";

/** Flow state outside of git, so that a task has a status. */
function flowRepository(): TestRepository {
  const repository = testRepository();
  const spec = {
    id: "fn-1-add-login",
    title: "Add login",
    status: "open",
    created_at: "2026-01-01T00:00:00Z",
  };
  const task = {
    id: "fn-1-add-login.1",
    spec: "fn-1-add-login",
    title: "Form",
    status: "todo",
    depends_on: [],
  };
  repository.write({
    ".flow/meta.json": '{"next_spec": 1, "schema_version": 3}\n',
    ".flow/specs/fn-1-add-login.json": `${JSON.stringify({ ...spec, next_task: 1, spec_path: ".flow/specs/fn-1-add-login.md" })}\n`,
    ".flow/specs/fn-1-add-login.md": "# fn-1-add-login Add login\n\nWords \u202E of the spec.\n",
    ".flow/tasks/fn-1-add-login.1.json": `${JSON.stringify({ ...task, spec_path: ".flow/tasks/fn-1-add-login.1.md" })}\n`,
    ".flow/tasks/fn-1-add-login.1.md":
      "# fn-1-add-login.1 Form\n\n## Description\nD\n\n## Acceptance\n- [ ] A\n\n## Done summary\nTBD\n\n## Evidence\n",
  });
  repository.commit();
  return repository;
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

async function client(kind: ClientKind, repository: TestRepository, env: Record<string, string> = {}) {
  const one = await connectClient(kind, repository, { env });
  open.push(one);
  return one;
}

describe.each(clientKinds)("with %s", (kind) => {
  it("phases are listed as prompts, and walked through with the tools there are", async () => {
    const one = await client(kind, flowRepository());
    const { prompts } = await one.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(["interview", "plan", "work", "review"]);
    const got = await one.getPrompt({ name: "work", arguments: { task: "fn-1-add-login.1" } });
    const [message] = got.messages;
    const text = message?.content.type === "text" ? message.content.text : "";
    expect(text).toContain("fn-1-add-login.1");
    expect(text).not.toContain("{{");
    await expect(one.getPrompt({ name: "work" })).rejects.toThrow(/needs task/);
    await expect(one.getPrompt({ name: "nothing" })).rejects.toThrow(/interview, plan, work, review/);
  });

  it("specs, tasks, quota and the last review are resources", async () => {
    const one = await client(kind, flowRepository());
    const { resources } = await one.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining([
        "sluice://quota",
        "sluice://metrics",
        "sluice://review/last",
        "sluice://specs",
        "sluice://spec/fn-1-add-login",
        "sluice://task/fn-1-add-login.1",
      ]),
    );
    const { resourceTemplates } = await one.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      "sluice://spec/{id}",
      "sluice://task/{id}",
    ]);
    for (const { uri, mimeType } of resources) {
      const [content] = (await one.readResource({ uri })).contents;
      const text = content !== undefined && "text" in content ? content.text : "";
      expect(content?.mimeType).toBe(mimeType);
      if (mimeType === "application/json") JSON.parse(text);
      expect(text).not.toMatch(/\u202e/);
    }
    const [spec] = (await one.readResource({ uri: "sluice://spec/fn-1" })).contents;
    expect(spec).toMatchObject({ text: expect.stringContaining("of the spec") });
    await expect(one.readResource({ uri: "sluice://task/fn-1" })).rejects.toThrow(/is a spec/);
    await expect(one.readResource({ uri: "sluice://spec/fn-9" })).rejects.toThrow(/fn-1-add-login/);
    await expect(one.readResource({ uri: "sluice://etc/passwd" })).rejects.toThrow(/sluice:\/\/quota/);
  });
});

it("only the phases and resources of the groups that are loaded are there", async () => {
  const one = await client("v2 2025-11-25", flowRepository(), { SLUICE_TOOLS: "review" });
  expect((await one.listPrompts()).prompts.map(({ name }) => name)).toEqual(["review"]);
  expect((await one.listResources()).resources.map(({ uri }) => uri)).toEqual(["sluice://review/last"]);
  await expect(one.readResource({ uri: "sluice://specs" })).rejects.toThrow(/no resource/);
});

it("a repository without .flow, and a folder without a repository, have what there is", async () => {
  const repository = testRepository();
  const one = await client("v1", repository);
  const [specs] = (await one.readResource({ uri: "sluice://specs" })).contents;
  expect(specs).toMatchObject({ text: expect.stringContaining("no .flow") });
  expect((await one.listResources()).resources).toHaveLength(4);
});

it("each phase costs a few hundred tokens and names only tools there are", async () => {
  const one = await client("v2 2025-11-25", testRepository());
  const names = new Set(tools.map(({ name }) => name));
  for (const { name } of (await one.listPrompts()).prompts) {
    const { messages } = await one.getPrompt({ name, arguments: { subject: "S", task: "fn-1.1" } });
    const content = messages[0]?.content;
    const text = content?.type === "text" ? content.text : "";
    expect(countTokens(text)).toBeLessThan(500);
    const named = [
      ...text.matchAll(
        /`((?:draft|run|break|review|reanchor|classify|implement|prescreen|record)_[a-z_]+)`/g,
      ),
    ];
    expect(named.length).toBeGreaterThan(0);
    expect(named.flatMap(([, word]) => word ?? []).filter((word) => !names.has(word))).toEqual([]);
  }
});
