import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runSluice } from "../support/command.js";
import { type TestRepository, testRepository } from "../support/repository.js";

let repository: TestRepository;
beforeEach(() => {
  repository = testRepository();
  repository.write({
    "src/export.ts": "export const rows = () => [];\n",
    "README.md": "# App\n",
    "plan.md":
      "# CSV export\n\nIn src/export.ts.\n\n## Acceptance\n- [ ] **R1:** `rows()` gives one line of CSV per record\n- [ ] **R2:** It works well\n",
  });
  repository.commit();
});
afterEach(() => repository.remove());

function plan(...args: string[]): { code: number | null; out: string } {
  const off = { LOCAL_ENABLED: "0", PREFILTER_ENABLED: "0" };
  const { code, stdout, stderr } = runSluice(repository, ["plan", ...args], off);
  return { code, out: code === 0 ? stdout : `${stdout}${stderr}` };
}

describe("sluice plan", () => {
  it("prints a plan and writes nothing, and says what has to be settled", () => {
    const { code, out } = plan("plan.md");
    expect(code).toBe(1);
    expect(out).toContain("scouts: ");
    expect(out).toContain("without a model");
    expect(out).toContain("`rows()` gives one line of CSV per record");
    expect(out).toContain('can\'t be checked: "It works well"');
    expect(out).toContain("sluice plan plan.md --write");
    expect(existsSync(join(repository.path, ".flow"))).toBe(false);
  });

  it("makes the spec and its tasks with --write, and plans none of them twice", () => {
    const written = plan(
      "--write",
      "--no-scouts",
      "--json",
      "Write rows as CSV from src/export.ts, one line per record",
    );
    const result = JSON.parse(written.out);
    expect(result).toMatchObject({ written_via: "sluice", uncovered: [], scouts: [] });
    expect(result.spec_path).toMatch(/^\.flow\/specs\/fn-1-/);
    const tasks = () =>
      readdirSync(join(repository.path, ".flow/tasks")).filter((name) => name.endsWith(".md")).length;
    expect(tasks()).toBe(result.tasks.length);
    expect(result.next.at(-1)).toContain("sluice task fn-1-");
    const again = plan("fn-1", "--no-scouts", "--write");
    expect(again.code).toBe(0);
    expect(again.out).toContain("as it is");
    expect(tasks()).toBe(result.tasks.length);
  });

  it("says what it can't plan", () => {
    expect(plan("fn-7")).toMatchObject({ code: 2 });
    const { out } = plan("--write", "--no-scouts", "--json", "Write rows as CSV from src/export.ts");
    const [task] = JSON.parse(out).tasks;
    expect(plan(task.id).out).toContain("is a task");
  });
});
