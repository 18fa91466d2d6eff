import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endAfterEach } from "../../local/fakes.js";
import type { TestRepository } from "../../support/repository.js";
import { leftBehind, right, run, scriptedWorker, toldEdits, toyProject, withWorker } from "./scripted.js";

endAfterEach();

let repository: TestRepository;
let temporary: string;

beforeEach(async () => {
  repository = await toyProject();
  temporary = mkdtempSync(join(tmpdir(), "sluice-test-tmp-"));
});

afterEach(() => {
  expect(leftBehind(repository, temporary)).toEqual([]);
  repository.remove();
});

const sluiceWith = (url: string) => withWorker(repository, url, { TMPDIR: temporary });

describe("a task by the local model", { timeout: 60_000 }, () => {
  it("right at once: a proposal with every check passed, and the tree untouched", async () => {
    const fake = await scriptedWorker({ edits: [right] });
    const { result } = await run(sluiceWith(fake.url));
    expect(result).toMatchObject({ outcome: "proposed", premium_questions: [], applied: false });
    expect(result.confidence).toBeGreaterThan(0.95);
    expect(result.checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "lint passed",
      "test passed",
    ]);
    expect(result.diff).toContain("+  return loud ? text.toUpperCase() : text;");
    expect(toldEdits(fake)).toHaveLength(1);
  });
});
