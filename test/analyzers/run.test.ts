import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diagnostic, Engine, EngineInput } from "../../src/analyzers/engine.js";
import { analyse } from "../../src/analyzers/run.js";
import { openChange } from "../../src/change/change.js";
import type { Change } from "../../src/change/types.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const count = 1_600;
let repository: TestRepository;
let change: Change;

beforeAll(async () => {
  repository = testRepository();
  repository.commit();
  repository.write(
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.txt`, `text ${at}\n`])),
  );
  change = await openChange(repository.sluice(), { base: "HEAD", head: "WORKTREE" });
}, 60_000);
afterAll(() => repository.remove());

/** An engine for the first so many files. */
function engine(
  files: number,
  work: (input: EngineInput) => Diagnostic[],
  more: Partial<Engine> = {},
): Engine {
  return {
    name: "engine",
    languages: "text",
    timeout: 10_000,
    handles: (path) => Number.parseInt(path, 10) < files,
    analyse: async (input) => ({ base: [], head: work(input) }),
    ...more,
  };
}

const found: Diagnostic = {
  code: "c",
  class: "undefined-name",
  severity: "likely",
  message: "m",
  path: "1.txt",
  line: 1,
  evidence: "text 1",
};

async function ran(one: Engine) {
  const signal = AbortSignal.timeout(60_000);
  const { engines, findings } = await analyse(change, repository.sluice(), { engines: [one], signal });
  return { ...engines[0], findings: findings.length };
}

describe("the time of an engine", () => {
  it.each<[number, Partial<Engine>, number]>([
    [1, {}, 10_000],
    [250, {}, 10_000],
    [251, {}, 10_040],
    [500, {}, 20_000],
    [1_000, {}, 40_000],
    [1_100, {}, 44_000],
    [count, {}, 60_000],
    [count, { fixedTimeout: true }, 10_000],
    [250, { timeout: 3_000 }, 3_000],
  ])("of %i files, %j, is %i ms", async (files, more, expected) => {
    let limit = 0;
    const report = await ran(
      engine(
        files,
        (input) => {
          expect(input.files).toHaveLength(files);
          limit = input.limit;
          return [];
        },
        more,
      ),
    );
    expect(report.state).toBe("ok");
    expect(limit).toBe(expected);
  });

  it("is told as over for files that it did not reach, and what was found in others stands", async () => {
    const report = await ran(
      engine(count, ({ late, note }) => {
        note("a remark");
        late("no time for 3 files");
        return [found];
      }),
    );
    expect(report).toMatchObject({
      state: "timeout",
      note: "a remark; no time for 3 files",
      findings: 1,
    });
  });

  it("is the one that the signal keeps to", async () => {
    const endless = (files: number): Engine => ({
      ...engine(files, () => []),
      timeout: 40,
      analyse: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    const report = await ran(endless(count));
    expect(report.state).toBe("timeout");
    expect(report.ms).toBeGreaterThanOrEqual(150);
  });
});
