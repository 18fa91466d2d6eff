import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { UsageError } from "../../src/errors.js";
import type { TestRepository } from "../support/repository.js";
import { repository } from "./repositories.js";

async function written(work: (folder: string) => Promise<unknown>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
  try {
    await work(folder);
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes a tree that git itself would never make. */
function rawTree(repo: TestRepository, entries: [mode: string, name: string, id: string][]): string {
  const content = Buffer.concat(
    entries.map(([mode, name, id]) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]),
    ),
  );
  const args = ["hash-object", "-w", "-t", "tree", "--literally", "--stdin"];
  return execFileSync("git", args, { cwd: repo.path, input: content, encoding: "utf8" }).trim();
}

describe("the objects of a change", () => {
  it("read both sides by path and by id, touched or not", async () => {
    const repo = repository();
    repo.write({ a: "1\n", "dir/same é": "2\n", old: "1\n2\n3\n" });
    repo.link("link", "a");
    repo.commit();
    repo.git("mv", "old", "new");
    repo.write({ a: "2\n" });
    const { objects } = await openChange(repo.sluice(), {});
    const read = async (side: "base" | "head", path: string) =>
      (await objects.file(side, path))?.toString() ?? null;
    expect(
      await Promise.all(
        ["a", "dir/same é", "old", "new", "link", "dir", "no", "../a"].map((path) => read("base", path)),
      ),
    ).toEqual(["1\n", "2\n", "1\n2\n3\n", null, null, null, null, null]);
    expect(await Promise.all(["a", "dir/same é", "old", "new"].map((path) => read("head", path)))).toEqual([
      "2\n",
      "2\n",
      null,
      "1\n2\n3\n",
    ]);
    expect(
      (await objects.tree("head")).map(({ path, mode, type, size }) => [path, mode, type, size]),
    ).toEqual([
      ["a", "100644", "blob", 2],
      ["dir/same é", "100644", "blob", 2],
      ["link", "120000", "blob", 1],
      ["new", "100644", "blob", 6],
    ]);
  });

  it("leave out blobs over the limit, and say so when one is asked for", async () => {
    const repo = repository();
    repo.write({ small: "1", large: "1".repeat(2_000), empty: "" });
    const { objects, files } = await openChange(repo.sluice(), {});
    const ids = files.flatMap(({ newId }) => newId ?? []);
    const some = await objects.blobs([...ids, ...ids], 1_000);
    expect([...some.values()].map((content) => content.length).sort()).toEqual([0, 1]);
    expect((await objects.blobs(ids)).size).toBe(3);
    expect((await objects.blobs(ids, 1_000)).size).toBe(2);
    const id = files.find(({ path }) => path === "large")?.newId ?? "";
    await expect(objects.blob(id, 1_000)).rejects.toBeInstanceOf(UsageError);
    expect(await objects.blob(id)).toHaveLength(2_000);
    await expect(objects.blob("0".repeat(40))).rejects.toThrow("is not in the repository");
    await expect(objects.blob("--all")).rejects.toThrow("Not an object id");
  });

  it("read blobs that are together larger than one batch", async () => {
    const repo = repository();
    const files: Record<string, string> = {};
    for (let file = 0; file < 70; file += 1) files[`f${file}`] = `${file}`.padEnd(1_000_000, "x");
    repo.write(files);
    const change = await openChange(repo.sluice(), {});
    const contents = await change.objects.blobs(change.files.flatMap(({ newId }) => newId ?? []));
    expect(contents.size).toBe(70);
    for (const { path, newId } of change.files) {
      expect(contents.get(newId ?? "")?.toString("utf8", 0, path.length - 1)).toBe(path.slice(1));
    }
  });

  it("write a side to a folder: regular files, whole, by choice", async () => {
    const repo = repository();
    repo.write({ a: "1\n", "dir/b.ts": "2\n", "x.sh*": "3\n", large: Buffer.alloc(5 * 1024 * 1024 + 1) });
    repo.link("link", "/etc/passwd");
    repo.commit();
    const { objects } = await openChange(repo.sluice(), {});
    const paths = await written(async (folder) => {
      expect((await objects.materialise("head", folder)).sort()).toEqual(["a", "dir/b.ts", "x.sh"]);
      expect(readFileSync(join(folder, "dir/b.ts"), "utf8")).toBe("2\n");
      expect(statSync(join(folder, "x.sh")).mode & 0o111).toBe(0);
    });
    expect(paths).toEqual(["a", "dir/b.ts", "x.sh"]);
    expect(
      await written((folder) => objects.materialise("head", folder, ({ path }) => path.endsWith(".ts"))),
    ).toEqual(["dir/b.ts"]);
    expect(await written((folder) => objects.materialise("base", folder))).toEqual([]);
  });

  it("write nothing outside the folder, nor a .git, from a tree made to do so", async () => {
    const repo = repository();
    repo.write({ a: "evil\n" });
    repo.commit();
    const blob = repo.git("rev-parse", "HEAD:a").trim();
    const inner = rawTree(repo, [["100644", "evil", blob]]);
    const tree = rawTree(repo, [
      ["40000", "..", inner],
      ["40000", ".", inner],
      ["40000", ".GIT", inner],
      ["40000", ".git", inner],
      ["100644", "../up", blob],
      ["100644", "fine", blob],
      ["40000", "git~1", inner],
    ]);
    const { objects } = await openChange(repo.sluice(), { base: "HEAD", head: tree });
    const paths = await written(async (folder) => {
      await objects.materialise("head", join(folder), undefined);
      expect(readdirSync(join(folder, ".."))).not.toContain("up");
      expect(readdirSync(join(folder, ".."))).not.toContain("evil");
    });
    expect(paths).toEqual(["fine"]);
  });

  it("come from the remote where a partial clone lacks them", async () => {
    const origin = repository();
    origin.git("config", "uploadpack.allowFilter", "true");
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true");
    origin.write({ a: "1\n", "b.bin": Buffer.from([0, 1]) });
    origin.commit();
    origin.write({ a: "2\n", "b.bin": Buffer.from([0, 2]), c: "1\n" });
    origin.commit();
    origin.write({ a: "3\n" });
    origin.commit();
    const repo = repository();
    repo.git("clone", "-q", "--filter=blob:none", `file://${origin.path}`, "partial");
    const sluice = repo.sluice({ cwd: join(repo.path, "partial") });
    const change = await openChange(sluice, { base: "main~2", head: "main~1" });
    expect(change.files.map(({ path, kind }) => [path, kind])).toEqual([
      ["a", "text"],
      ["b.bin", "binary"],
      ["c", "text"],
    ]);
    expect((await change.objects.file("base", "a"))?.toString()).toBe("1\n");
    expect(await change.objects.diff()).toContain("-1\n+2\n");
    expect(await written((folder) => change.objects.materialise("head", folder))).toEqual([
      "a",
      "b.bin",
      "c",
    ]);
  });
});
