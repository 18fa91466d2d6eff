import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { groups, groupsOf, type Hints } from "../../src/mcp/define-tool.js";
import type { World } from "../../src/mcp/world.js";
import { tools } from "../../tools/index.js";
import { emptyWorld } from "../support/world.js";

const trusted = { ...emptyWorld, trustedGates: true };
const withTools = { ...emptyWorld, tools: true };
const withRemoteModel = { ...emptyWorld, remoteModel: true };

describe("the tool list", () => {
  it("is what the folder holds, each under its own name", () => {
    const files = readdirSync(new URL("../../tools/", import.meta.url)).filter((file) => file !== "index.ts");
    expect(files.map((file) => file.replace(".ts", "")).sort()).toEqual(tools.map(({ name }) => name).sort());
    for (const tool of tools) for (const group of groupsOf(tool)) expect(groups).toContain(group);
  });

  // A changed definition is a visible diff: `npx vitest run test/tools/definitions.test.ts -u` after looking at it.
  it.each(tools.map((tool) => [tool.name, tool] as const))(
    "defines %s as in its golden file",
    async (name, tool) => {
      const { title, description, group, inputSchema, outputSchema } = tool;
      const definition = {
        name,
        group,
        title,
        description,
        annotations: tool.hints(emptyWorld),
        inputSchema,
        outputSchema,
      };
      await expect(`${JSON.stringify(definition, null, 2)}\n`).toMatchFileSnapshot(`../golden/${name}.json`);
    },
  );

  it("says truthfully what each may touch", () => {
    const kind = ({ readOnlyHint, destructiveHint, openWorldHint }: Hints) =>
      readOnlyHint ? "reads" : destructiveHint || openWorldHint ? "open" : "own state";
    const table = (world: World) =>
      Object.fromEntries(tools.map((tool) => [tool.name, kind(tool.hints(world))]));
    const always = {
      prescreen_diff: "own state",
      fingerprint_check: "reads",
      classify_change: "reads",
      route_review: "reads",
      classify_task: "reads",
      reanchor_task: "own state",
      draft_questions: "reads",
      break_down_tasks: "own state",
      draft_spec: "own state",
      // With `apply` it changes the user's files.
      implement_task: "open",
      run_gates: "open",
      review_plan: "own state",
      record_verdict: "own state",
      quota_status: "reads",
      record_usage: "own state",
      savings_report: "reads",
      run_scout: "own state",
    };
    expect(table(emptyWorld)).toEqual({ ...always, review_change: "own state" });
    // With trusted commands review_change runs the project's code.
    expect(table(trusted)).toEqual({ ...always, review_change: "open" });
    expect(table(withTools)).toEqual({ ...always, review_change: "open", prescreen_diff: "open" });
    expect(table(withRemoteModel)).toEqual({
      ...always,
      review_change: "open",
      prescreen_diff: "open",
      reanchor_task: "open",
      break_down_tasks: "open",
      run_scout: "open",
      draft_spec: "open",
      review_plan: "open",
    });
    const open = tools.filter((tool) => tool.hints(withRemoteModel).openWorldHint).map(({ name }) => name);
    expect(open.sort()).toEqual([
      "break_down_tasks",
      "classify_change",
      "classify_task",
      "draft_questions",
      "draft_spec",
      "implement_task",
      "prescreen_diff",
      "reanchor_task",
      "review_change",
      "review_plan",
      "route_review",
      "run_gates",
      "run_scout",
    ]);
    const withSources = tools.filter((tool) => tool.hints({ ...emptyWorld, sources: true }).openWorldHint);
    expect(withSources.map(({ name }) => name)).toEqual([
      "review_change",
      "run_gates",
      "review_plan",
      "implement_task",
      "break_down_tasks",
      "quota_status",
      "draft_questions",
      "run_scout",
      "draft_spec",
    ]);
    for (const tool of tools) {
      for (const value of Object.values(tool.hints(emptyWorld))) expect(typeof value).toBe("boolean");
      expect(Object.keys(tool.hints(emptyWorld))).toHaveLength(4);
    }
  });

  it("puts what an agent needs first into the first field", () => {
    const first = Object.fromEntries(
      tools.map(({ name, outputSchema }) => [name, Object.keys(Object(outputSchema.properties))[0]]),
    );
    expect(first).toMatchObject({
      review_change: "verdict",
      review_plan: "verdict",
      run_gates: "passed",
      prescreen_diff: "verdict",
      fingerprint_check: "decision",
      classify_change: "class",
      route_review: "decision",
      quota_status: "sources",
      draft_questions: "questions",
      run_scout: "scouts",
      draft_spec: "markdown",
    });
  });

  it("takes only arguments that are declared, and describes itself in a few words", () => {
    for (const { inputSchema, description } of tools) {
      expect(inputSchema.additionalProperties).toBe(false);
      expect(description.length).toBeLessThan(260);
    }
  });
});
