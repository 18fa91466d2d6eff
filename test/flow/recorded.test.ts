import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { openRepository } from "../../src/change/repository.js";
import { loadUserConfiguration } from "../../src/config/load.js";
import { readFlow } from "../../src/flow/folder.js";
import { openFlowWriter } from "../../src/flow/writer.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { epicFolder, play, writtenFiles } from "./scenario.mjs";

const files = z.record(z.string(), z.string());
/** What `node test/e2e/run.mjs --only flowctl --record` kept of the real flowctl. */
const recordedSchema = z.object({
  version: z.string(),
  /** What each hand wrote. */
  sluice: files,
  flowctl: files,
  validated: z.object({ valid: z.boolean(), errors: z.number() }),
  /** What `flowctl tasks` said of what we wrote. */
  tasks: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      status: z.string(),
      priority: z.number().nullable(),
      depends_on: z.array(z.string()),
    }),
  ),
});

/** flowctl adds these to a spec as soon as it writes it again. */
const addedLater = new Set([
  "completion_review_status",
  "completion_reviewed_at",
  "default_impl",
  "default_review",
  "default_sync",
  "impl_review_rounds",
  "plan_review_rounds",
]);

const made: TestRepository[] = [];
afterEach(() => {
  for (const repository of made.splice(0)) repository.remove();
});

function repositoryWith(content: Record<string, string>): TestRepository {
  const repository = testRepository();
  made.push(repository);
  for (const [path, text] of Object.entries(content)) {
    mkdirSync(dirname(join(repository.path, path)), { recursive: true });
    writeFileSync(join(repository.path, path), text);
  }
  return repository;
}

describe.each(["0.26.1", "0.42.0", "4.4.0"])("what the real flowctl %s was seen to do", (version) => {
  const recorded = recordedSchema.parse(
    JSON.parse(readFileSync(join("test", "fixtures", "flow", "recorded", `${version}.json`), "utf8")),
  );
  const epics = version.startsWith("0.");

  it("was to find nothing wrong with what we still write", async () => {
    const repository = repositoryWith(epics ? epicFolder : {});
    const sluice = repository.sluice();
    const { config } = await loadUserConfiguration(sluice);
    const opened = await openRepository(sluice, undefined);
    const project = { repository: opened, config: { ...config, flow: { flowctl: false as const } } };
    await play(await openFlowWriter(project, sluice, { create: true }));
    expect(writtenFiles(repository.path)).toEqual(recorded.sluice);
    expect(recorded.validated).toEqual({ valid: true, errors: 0 });
  });

  it("was to write the same files, byte for byte but for the keys that it adds later", () => {
    expect(Object.keys(recorded.flowctl)).toEqual(Object.keys(recorded.sluice));
    for (const [path, text] of Object.entries(recorded.flowctl)) {
      const own = recorded.sluice[path] ?? "";
      const added = text.split("\n").filter((line) => !own.split("\n").includes(line));
      const names = added.map((line) => /^ {2}"(\w+)": /.exec(line)?.[1] ?? line);
      expect(
        names.filter((name) => !addedLater.has(name)),
        path,
      ).toEqual([]);
      const rest = text.split("\n").filter((line) => !added.includes(line));
      expect(rest.join("\n"), path).toBe(own);
    }
  });

  it.each(["sluice", "flowctl"] as const)("was to see what we see of what %s wrote", async (hand) => {
    const meta = epics ? epicFolder[".flow/meta.json"] : '{\n  "next_spec": 1,\n  "schema_version": 3\n}\n';
    const repository = repositoryWith({ ...recorded[hand], ".flow/meta.json": meta });
    const sluice = repository.sluice();
    const folder = await readFlow(await openRepository(sluice, undefined), sluice);
    expect(folder?.problems).toEqual([]);
    const seen = folder?.tasks.map(({ id, title, status, priority, dependsOn }) => ({
      id,
      title,
      status,
      priority,
      depends_on: dependsOn,
    }));
    expect(seen).toEqual(recorded.tasks);
  });
});
