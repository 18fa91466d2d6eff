import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openRecords } from "../../eval/prescreen/records.mjs";
import { type TestRepository, testRepository } from "../support/repository.js";

let out: string;
let repository: TestRepository | null = null;
beforeEach(() => {
  out = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
});
afterEach(() => {
  repository?.remove();
  repository = null;
  rmSync(out, { recursive: true, force: true });
});

function evaluate(path: string, ...more: string[]) {
  return spawnSync(
    process.execPath,
    ["eval/prescreen/run.mjs", "--repo", path, "--out", out, "--n", "1", "--commits", "2", ...more],
    { encoding: "utf8", timeout: 200_000 },
  );
}

it("measures a repository without touching it, and takes up where it stopped", { timeout: 400_000 }, () => {
  repository = testRepository();
  repository.write({ "a.ts": "export const one = (x: number, y: number) => x < y;\n" });
  repository.commit();
  const changed =
    "export const one = (x: number, y: number) => x > y;\nexport const two = { a: 1, b: one(1, 2) };\n";
  repository.write({ "a.ts": changed, "b.md": "text\n" });
  const commit = repository.commit();
  repository.write({ "a.ts": "not committed (" });
  const state = () =>
    [readdirSync(join(repository?.path ?? "", ".git")), repository?.git("status", "--porcelain")].join();
  const before = state();

  const asked = ["--classes", "self-comparison,duplicate-key"];
  const first = evaluate(repository.path, ...asked);
  expect(first.stderr).toContain("written to");
  expect(state()).toBe(before);
  const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
  expect(report.head).toBe(commit);
  expect(report.classes["self-comparison"]).toMatchObject({ n: 1, caught: 1, named_rightly: 1 });
  expect(report.classes["duplicate-key"]).toMatchObject({ n: 1, caught: 1 });
  expect(report.classes["duplicate-key"].by_engine.oxlint).toBe(1);
  expect(report.false_alarms).toMatchObject({ commits: 1, with_finding: 0 });
  expect(first.stdout).toContain("| self-comparison | TypeScript | 1 | 1 | 100 % |");

  expect(evaluate(repository.path, ...asked)).toMatchObject({ status: 2 });
  expect(evaluate(repository.path, ...asked, "--resume", "--seed", "2").stderr).toContain("seed");
  // As if it had been killed while writing its last record.
  const file = join(out, "records.jsonl");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  writeFileSync(file, `${lines.slice(0, -1).join("\n")}\n${lines.at(-1)?.slice(0, 40)}`);
  const again = evaluate(repository.path, ...asked, "--resume");
  expect(again.stderr).toContain("written to");
  expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(lines.length);
  expect(JSON.parse(readFileSync(join(out, "report.json"), "utf8")).complete).toBe(true);
});

it("keeps what was recorded, cuts half a line, and mixes nothing", () => {
  const head = { seed: "1", versions: { a: "1" } };
  openRecords(out, head, false).add({ kind: "mutant", id: "a", caught: true });
  appendFileSync(join(out, "records.jsonl"), `{"kind":"mutant","id":"b`);
  expect(() => openRecords(out, head, false)).toThrow("--resume");
  expect(() => openRecords(out, { ...head, versions: { a: "2" } }, true)).toThrow("versions");
  const again = openRecords(out, head, true);
  expect(again.all("mutant")).toEqual([{ kind: "mutant", id: "a", caught: true }]);
  again.add({ kind: "mutant", id: "b", caught: false });
  expect(openRecords(out, head, true).get("mutant", "b")).toMatchObject({ caught: false });
});

it("says what is wrong with what it was given", () => {
  expect(evaluate(out)).toMatchObject({ status: 2, stderr: expect.stringContaining("can't be cloned") });
  expect(evaluate(out, "--classes", "typo").stderr).toContain("no class typo");
  expect(evaluate(out, "--n", "0").stderr).toContain("--n takes a whole number");
  const help = execFileSync(process.execPath, ["eval/prescreen/run.mjs", "--help"], { encoding: "utf8" });
  expect(help).toContain("--resume");
});
