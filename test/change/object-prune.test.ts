import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { pruneDaily, pruneObjects } from "../../src/change/object-prune.js";
import type { TestRepository } from "../support/repository.js";
import { repository } from "./repositories.js";

const day = 24 * 60 * 60 * 1000;

/** A repository with a change in the work tree whose objects are all `age` days old. */
async function aged(age: number) {
  const repo = repository();
  repo.write({ a: "1\n" });
  repo.commit();
  repo.write({ a: "2\n", "sub/b": "new\n" });
  await openChange(repo.sluice(), {});
  const place = join(repo.path, ".git", "sluice");
  for (const object of loose(place)) older(object, age);
  return { repo, place, user: join(repo.path, ".git", "objects") };
}

function loose(place: string): string[] {
  return readdirSync(join(place, "objects"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function older(path: string, days: number): void {
  const time = (Date.now() - days * day) / 1000;
  utimesSync(path, time, time);
}

const git = (repo: TestRepository, ...args: string[]) =>
  execFileSync("git", args, { cwd: repo.path, encoding: "utf8" });

describe("objects of ours", () => {
  it("go when nobody wrote them for 30 days, and nothing else goes", async () => {
    const { repo, place, user } = await aged(31);
    const [kept = "", ...gone] = loose(place);
    older(kept, 29);
    const strange = join(place, "objects", "pack", "pack-1.pack");
    cpSync(kept, strange, { recursive: true });
    older(strange, 99);
    for (const object of loose(join(repo.path, ".git"))) if (object.startsWith(user)) older(object, 99);
    expect(gone.length).toBeGreaterThan(2);
    expect(await pruneObjects(place, user, Date.now())).toBe(gone.length);
    expect(loose(place)).toEqual([kept, strange].sort());
    expect(git(repo, "fsck", "--strict")).not.toMatch(/missing|broken/);
  });

  it("stay, however old they were, when a change needs them again", async () => {
    const { repo, place, user } = await aged(31);
    const change = await openChange(repo.sluice(), {});
    expect(await pruneObjects(place, user, Date.now())).toBe(0);
    expect((await change.objects.file("head", "sub/b"))?.toString()).toBe("new\n");
  });

  it("come back when a change needs them after they went", async () => {
    const { repo, place, user } = await aged(31);
    expect(await pruneObjects(place, user, Date.now())).toBeGreaterThan(0);
    const change = await openChange(repo.sluice(), {});
    expect((await change.objects.file("head", "sub/b"))?.toString()).toBe("new\n");
  });

  it("are cleared at most once a day, in the background of whoever opens a change", async () => {
    const { repo, place, user } = await aged(31);
    // Elsewhere, so that this process has not looked there yet.
    const moved = join(repo.path, "..", "moved");
    renameSync(repo.path, moved);
    const there = place.replace(repo.path, moved);
    expect(await (await pruneDaily(there, user.replace(repo.path, moved))).done).toBe(0);
    expect(loose(there).length).toBeGreaterThan(0);
    renameSync(moved, `${moved}-again`);
    const again = join(`${moved}-again`, ".git");
    older(join(again, "sluice", "objects-pruned"), 1.1);
    const { done } = await pruneDaily(join(again, "sluice"), join(again, "objects"));
    expect(await done).toBeGreaterThan(0);
    expect(loose(join(again, "sluice"))).toEqual([]);
    expect(Date.now() - statSync(join(again, "sluice", "objects-pruned")).mtimeMs).toBeLessThan(day);
    expect(readdirSync(join(again, "sluice")).sort()).toEqual(["git", "objects", "objects-pruned"]);
  });

  it("are left alone where the directory leads to the user's own, and where nothing can be written", async () => {
    const { repo, place, user } = await aged(31);
    rmSync(join(place, "objects"), { recursive: true });
    symlinkSync(user, join(place, "objects"));
    for (const object of readdirSync(user, { recursive: true, withFileTypes: true })) {
      if (object.isFile()) older(join(object.parentPath, object.name), 99);
    }
    expect(await pruneObjects(place, user, Date.now())).toBe(0);
    expect(git(repo, "fsck")).not.toMatch(/missing/);
    writeFileSync(join(repo.path, "file"), "");
    expect(await (await pruneDaily(join(repo.path, "file"), user)).done).toBe(0);
    expect(existsSync(join(repo.path, "file"))).toBe(true);
  });
});
