import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openRepository } from "../../src/change/repository.js";
import { flowHealth } from "../../src/cli/flow-health.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import { type FlowSample, sampleRepository } from "../support/flow.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const made: TestRepository[] = [];
afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

/** What doctor says, with a flowctl that knows these commands or with what is configured. */
async function said(repository: TestRepository, flowctl: string | false | { commands: string }) {
  made.push(repository);
  const sluice = repository.sluice();
  const path = join(repository.path, "..", "flowctl");
  if (typeof flowctl === "object") {
    writeFileSync(path, `#!/bin/sh\necho 'usage: [-h] {${flowctl.commands}}'\n`, { mode: 0o755 });
  }
  const { config } = await loadUserConfiguration(sluice);
  const flow = { flowctl: typeof flowctl === "object" ? path : flowctl };
  const opened = await openRepository(sluice, undefined);
  const lines = await flowHealth(sluice, opened, { ...config, flow }, new AbortController().signal);
  return lines.map(({ health, what, detail }) => [health, what, detail.replace(path, "PATH")]);
}

describe("what doctor says of flow-next", () => {
  it("is nothing where there is no folder", async () => {
    const repository = testRepository();
    mkdirSync(join(repository.path, ".flow"));
    expect(await said(repository, false)).toEqual([]);
  });

  it.each([
    ["4.4.0", { commands: "init,spec,task" }, "ok", "PATH"],
    ["0.26.1", { commands: "init,epic,task" }, "ok", "PATH"],
    ["4.4.0", { commands: "init,epic,task" }, "missing", "PATH is of flow-next 0.x"],
    ["4.4.0", { commands: "what" }, "ok", "none was found that works: Sluice writes"],
    ["4.4.0", false, "ok", "switched off (flow.flowctl)"],
    ["4.4.0", "/nowhere/flowctl", "wrong", "is not a program"],
  ] as const)(
    "of %s is who writes it, for flowctl %o: %s",
    async (sample: FlowSample, flowctl, health, detail) => {
      const [folder, writer] = await said(sampleRepository(sample), flowctl);
      expect(folder).toEqual([
        "ok",
        "flow-next",
        `2 ${sample === "4.4.0" ? "specs" : "epics"} open, 0 done; tasks: 2 to do, 0 in progress, 1 done`,
      ]);
      expect(writer).toEqual([health, "flowctl", expect.stringContaining(detail)]);
    },
  );

  it("names the first problems and how many more there are", async () => {
    const repository = sampleRepository("4.4.0");
    const broken = [3, 4, 5, 6, 7].map((number) => [`.flow/specs/fn-${number}-x.json`, "{"]);
    repository.write(Object.fromEntries(broken));
    const lines = await said(repository, false);
    expect(lines.map(([health]) => health)).toEqual(["ok", "missing", "missing", "missing", "missing", "ok"]);
    expect(lines[4]?.[2]).toBe("and 2 more (sluice status --json lists them)");
  });
});
