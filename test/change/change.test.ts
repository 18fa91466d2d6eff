import { afterEach, describe, expect, it } from "vitest";
import { changeLabel, openChange, staleness } from "../../src/change/change.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const open: TestRepository[] = [];
function repository(options?: Parameters<typeof testRepository>[0]): TestRepository {
  const made = testRepository(options);
  open.push(made);
  return made;
}
afterEach(() => {
  for (const each of open.splice(0)) each.remove();
});

describe("default ends", () => {
  it("takes HEAD against the work tree on a dirty default branch", async () => {
    const repo = repository();
    repo.write({ "a.ts": "one\n", "b c é.ts": "two\n" });
    repo.commit();
    repo.write({ "a.ts": "one\nmore\n", 'new/ü "q".ts': "x", "b c é.ts": null });
    const change = await openChange(repo.sluice(), {});
    expect(change.headKind).toBe("worktree");
    expect(change.files.map(({ status, path }) => [status, path])).toEqual([
      ["modified", "a.ts"],
      ["deleted", "b c é.ts"],
      ["added", 'new/ü "q".ts'],
    ]);
    expect(change.files[2]?.hunks).toEqual([
      { oldStart: 0, oldLines: 0, newStart: 1, newLines: 1, lines: ["+x", "\\ No newline at end of file"] },
    ]);
    expect(changeLabel(change)).toMatchObject({
      base: "HEAD",
      head: "WORKTREE",
      files: 3,
      added: 2,
      deleted: 1,
    });
    expect(await staleness(change, repo.sluice())).toBe(false);
    repo.write({ "a.ts": "other\n" });
    expect(await staleness(change, repo.sluice())).toBe(true);
    expect((await change.objects.file("head", "a.ts"))?.toString()).toBe("one\nmore\n");
  });
});
