import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { type Ended, startSluice } from "../../support/command.js";
import type { Fake } from "../../support/fake-openai.js";
import { asking, planningModel } from "../../support/planning-model.js";
import { type TestRepository, testRepository } from "../../support/repository.js";

let repository: TestRepository;
let fake: Fake;
afterEach(async () => {
  await fake.close();
  repository.remove();
});

/** `sluice scout repo <feature> --json`, as a person or a loop runs it. */
function scout(feature: string): Promise<Ended> {
  return startSluice(repository, ["scout", "repo", feature, "--json"], asking(fake));
}

it("20 processes at one full cache leave it whole, readable and bounded", { timeout: 240_000 }, async () => {
  repository = testRepository();
  repository.write({
    "src/cache/store.ts": "export function openStore(size: number) {\n  return size;\n}\n",
    "src/cache/index.ts": 'import { openStore } from "./store.js";\nexport const cache = openStore(1);\n',
  });
  repository.commit("Add a cache store");
  const folder = join(repository.path, ".flow", "cache", "repo-scout");
  mkdirSync(folder, { recursive: true });
  // What others left: as much as is kept, and what a killed one had not put in place.
  for (let one = 0; one < 210; one += 1)
    writeFileSync(join(folder, `${String(one).padStart(64, "0")}.json`), "{}");
  writeFileSync(join(folder, `${"e".repeat(64)}.json.1.abc.tmp`), '{"half":');
  fake = await planningModel();

  // Half of them want the same answer, the others one each.
  const same = "Let the cache store expire its entries";
  const features = Array.from({ length: 20 }, (_, at) =>
    at % 2 === 0 ? same : `Let the cache store count its entries, part ${at}`,
  );
  const ended = await Promise.all(features.map(scout));
  expect(ended.filter(({ code }) => code !== 0)).toEqual([]);
  for (const { stdout } of ended) {
    const [repo] = JSON.parse(stdout).scouts;
    // Where the machine is too busy for a model's answer in time, the facts are given as they are.
    expect(["condensed", "gathered"]).toContain(repo.state);
    expect(repo.findings.length).toBeGreaterThan(0);
  }

  const names = readdirSync(folder);
  expect(names.length).toBeLessThanOrEqual(200);
  const own = names.filter((name) => !name.startsWith("0".repeat(50)) && name.endsWith(".json"));
  const condensed = new Set(features.filter((_, at) => stateIn(ended[at]) === "condensed"));
  expect(condensed.size).toBeGreaterThan(0);
  expect(own).toHaveLength(condensed.size);
  for (const name of own) {
    const kept = JSON.parse(readFileSync(join(folder, name), "utf8"));
    expect(kept).toMatchObject({ format: 1, state: "condensed", model: "glm-4.7-flash" });
  }
  // What was kept is given again without a model.
  const asked = fake.completions().length;
  for (const feature of [...condensed].slice(0, 2)) {
    const { stdout } = await scout(feature);
    expect(JSON.parse(stdout).scouts[0]).toMatchObject({ cached: true, state: "condensed" });
  }
  expect(fake.completions()).toHaveLength(asked);
});

function stateIn(ended: Ended | undefined): string {
  return JSON.parse(ended?.stdout ?? "").scouts[0].state;
}
