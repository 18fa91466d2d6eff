import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Family, type Mirror, removeMirrors, takeMirror } from "../../src/analyzers/warm/mirror.js";
import { openChange } from "../../src/change/change.js";
import type { Change, Side } from "../../src/change/types.js";
import { type TestRepository, testRepository } from "../support/repository.js";

let repository: TestRepository;
const taken: Mirror[] = [];

beforeEach(() => {
  repository = testRepository();
});
afterEach(async () => {
  await Promise.all(taken.splice(0).map((mirror) => mirror.release()));
  await removeMirrors();
  repository.remove();
});

function take(): Mirror {
  const mirror = takeMirror(join(repository.path, ".git"), undefined);
  taken.push(mirror);
  return mirror;
}

async function release(mirror: Mirror): Promise<void> {
  taken.splice(taken.indexOf(mirror), 1);
  await mirror.release();
}

async function syncBoth(mirror: Mirror, family: Family = "python"): Promise<Change> {
  const change = await openChange(repository.sluice(), {});
  for (const side of ["head", "base"] as const) {
    await mirror.sync(family, side, await change.objects.tree(side), change.objects);
  }
  return change;
}

/** Path and content of all files below a side's folder. */
function contents(mirror: Mirror, side: Side): Record<string, string> {
  const top = join(mirror.top, "python", side);
  const files = readdirSync(top, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(top, name)).isFile(),
  );
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(top, name), "utf8")]));
}

describe("a mirror", () => {
  it("holds both sides, and follows from change to change what is added, altered, deleted, or turned into a folder", async () => {
    repository.write({ "a.py": "a = 1\n", "b/c.py": "c = 1\n", "d.py": "d = 1\n" });
    repository.commit("one");
    repository.write({ "a.py": "a = 2\n" });
    const mirror = take();
    await syncBoth(mirror);
    expect(contents(mirror, "base")).toEqual({ "a.py": "a = 1\n", "b/c.py": "c = 1\n", "d.py": "d = 1\n" });
    expect(contents(mirror, "head")).toEqual({ "a.py": "a = 2\n", "b/c.py": "c = 1\n", "d.py": "d = 1\n" });

    rmSync(join(repository.path, "b"), { recursive: true });
    rmSync(join(repository.path, "d.py"));
    mkdirSync(join(repository.path, "d.py"));
    repository.write({ b: "now a file\n", "d.py/e.py": "e = 1\n", "a.py": "a = 3\n" });
    await syncBoth(mirror);
    expect(contents(mirror, "base")).toEqual({ "a.py": "a = 1\n", "b/c.py": "c = 1\n", "d.py": "d = 1\n" });
    expect(contents(mirror, "head")).toEqual({
      "a.py": "a = 3\n",
      b: "now a file\n",
      "d.py/e.py": "e = 1\n",
    });

    repository.commit("two");
    repository.write({ "a.py": "a = 4\n" });
    await syncBoth(mirror);
    expect(contents(mirror, "base")).toEqual({
      "a.py": "a = 3\n",
      b: "now a file\n",
      "d.py/e.py": "e = 1\n",
    });
    expect(contents(mirror, "head")).toEqual({
      "a.py": "a = 4\n",
      b: "now a file\n",
      "d.py/e.py": "e = 1\n",
    });
  });

  it("writes what is the same on both sides once, and never through the link", async () => {
    repository.write({ "a.py": "a = 1\n", "b.py": "b = 1\n" });
    repository.commit("one");
    repository.write({ "b.py": "b = 2\n" });
    const mirror = take();
    await syncBoth(mirror);
    const inode = (side: Side) => statSync(join(mirror.top, "python", side, "a.py")).ino;
    expect(inode("base")).toBe(inode("head"));
    repository.write({ "a.py": "a = 2\n" });
    await syncBoth(mirror);
    expect(contents(mirror, "base")).toEqual({ "a.py": "a = 1\n", "b.py": "b = 1\n" });
  });

  it("stays for the next change of its repository, and is nobody else's meanwhile", async () => {
    repository.write({ "a.py": "a = 1\n" });
    repository.commit("one");
    const first = take();
    await syncBoth(first);
    const second = take();
    expect(second.top).not.toBe(first.top);
    await release(first);
    const third = take();
    expect(third.top).toBe(first.top);
    await syncBoth(second);
    await release(second);
    await release(third);
    // One is enough for a repository that nobody looks at.
    expect(take().top).toBe(second.top);
    expect(() => statSync(third.top)).toThrow();
  });

  it("that somebody tidied away is written anew", async () => {
    repository.write({ "a.py": "a = 1\n" });
    repository.commit("one");
    const mirror = take();
    await syncBoth(mirror);
    rmSync(mirror.top, { recursive: true });
    await syncBoth(mirror);
    expect(contents(mirror, "head")).toEqual({ "a.py": "a = 1\n" });
  });

  it("is not believed after a failure", async () => {
    repository.write({ "a.py": "a = 1\n" });
    repository.commit("one");
    const mirror = take();
    const change = await syncBoth(mirror);
    const broken = { ...change.objects, materialise: () => Promise.reject(new Error("disk full")) };
    const entry = { path: "z.py", mode: "100644", type: "blob", id: "0".repeat(40), size: 1 } as const;
    await expect(mirror.sync("python", "head", [entry], broken)).rejects.toThrow("disk full");
    let isGone = false;
    mirror.onRemove(() => {
      isGone = true;
    });
    await release(mirror);
    expect(isGone).toBe(true);
    expect(take().top).not.toBe(mirror.top);
  });

  it("keeps one function to be called when it goes away, however many changes asked for it", async () => {
    const gone: string[] = [];
    const then = (top: string) => gone.push(top);
    const mirror = take();
    for (let change = 0; change < 20; change++) mirror.onRemove(then);
    await syncBoth(mirror);
    await release(mirror);
    await removeMirrors();
    expect(gone).toEqual([mirror.top]);
  });
});
