import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { scriptedModel, standing } from "../review/model-screen/scripted.js";
import type { Fake } from "../support/fake-openai.js";
import { type TestRepository, testRepository } from "../support/repository.js";

let repository: TestRepository;
let out: string;
let fake: Fake;

afterEach(async () => {
  await fake.close();
  repository.remove();
  rmSync(out, { recursive: true, force: true });
});

/** Runs the evaluation beside the server that it asks. */
function evaluate(...more: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const args = [
    "eval/prescreen/run.mjs",
    "--repo",
    repository.path,
    "--out",
    out,
    "--n",
    "1",
    "--commits",
    "2",
  ];
  const child = spawn(process.execPath, [...args, ...more], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, ...said })));
}

it("scores analyzers, a model, and both on the same cases", { timeout: 400_000 }, async () => {
  out = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
  repository = testRepository();
  repository.write({ "a.ts": "export const one = 1;\n" });
  repository.commit();
  const changed =
    "export function less(x: number, y: number): boolean {\n  return x < y;\n}\nexport const one = 1;\n";
  repository.write({ "a.ts": changed });
  repository.commit();
  // It sees the flipped comparison, and something that is none in every change.
  fake = await scriptedModel({
    find: (data: string) => ({
      findings: [
        ...(data.includes("return x > y;")
          ? [
              {
                file: "a.ts",
                line: 2,
                class: "condition",
                message: "True where the left is larger.",
                evidence: "return x > y;",
                confidence: 97,
              },
            ]
          : []),
        {
          file: "a.ts",
          line: 1,
          class: "logic",
          message: "The arguments look doubtful.",
          evidence: "export function less(",
          confidence: 70,
        },
      ],
    }),
    refute: standing,
  });
  const asked = ["--with-model", "--endpoint", fake.url, "--model", "glm-4.7-flash"];
  const first = await evaluate(...asked, "--classes", "flipped-comparison,self-comparison");
  expect(first.stderr).toContain("written to");
  const { model, false_alarms } = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
  expect(false_alarms).toMatchObject({ with_finding: 0 });
  expect(model).toMatchObject({ model: "glm-4.7-flash", not_decided: 0, advised: 0.8 });
  const flipped = model.classes["flipped-comparison"];
  expect(flipped).toMatchObject({ n: 1, analyzers: { count: 0 }, model: { count: 1 }, both: { count: 1 } });
  const own = model.classes["self-comparison"];
  expect(own).toMatchObject({ n: 1, analyzers: { count: 1 }, model: { count: 0 }, both: { count: 1 } });
  const at = (threshold: number) =>
    model.thresholds.find((one: { threshold: number }) => one.threshold === threshold);
  expect(at(0).commits).toMatchObject({ count: 1, n: 1 });
  expect(at(0.9)).toMatchObject({
    recall: { count: 1, n: 2 },
    precision: { rate: 1 },
    commits: { count: 0 },
  });
  expect(first.stdout).toContain("| flipped-comparison | 1 | 0/1");

  const other = await evaluate("--with-model", "--endpoint", "http://127.0.0.1:9", "--resume");
  expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("Nothing listens at") });
});
