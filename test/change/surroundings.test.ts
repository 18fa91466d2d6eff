import { afterEach, describe, expect, it } from "vitest";
import { type ChangeArguments, openChange } from "../../src/change/change.js";
import { fingerprint } from "../../src/change/fingerprint.js";
import { surroundings } from "../../src/change/surroundings.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const repositories: TestRepository[] = [];

function newRepository(files: Record<string, string | Buffer>): TestRepository {
  const repository = testRepository();
  repositories.push(repository);
  repository.write(files);
  repository.commit();
  return repository;
}

afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove();
});

async function around(repository: TestRepository, args: ChangeArguments = {}, specText?: string) {
  const sluice = repository.sluice();
  const change = await openChange(sluice, args);
  if (specText !== undefined) change.specification = [{ path: "spec.md", text: specText }];
  const seen = await surroundings(change, { sluice });
  return { ...seen, edit: fingerprint(change).fingerprint };
}

const project = {
  "src/cart.ts": `import { round } from "./money.js";\nexport function total() {\n  return round(1);\n}\nexport function tax() {\n  return round(2);\n}\n`,
  "src/money.ts": `import { log } from "./log.js";\nexport const round = (x: number) => x;\n`,
  "src/log.ts": "export const log = 1;\n",
  "src/other.ts": "export const other = 1;\n",
  "test/cart.test.ts": `import { total } from "../src/cart.js";\n`,
};

describe("surroundings", () => {
  it("are changed files, then direct imports, then tests, and nothing further away", async () => {
    const repository = newRepository(project);
    repository.write({ "src/cart.ts": `${project["src/cart.ts"]}export {};\n` });
    const { files, not_shown, notes } = await around(repository);
    expect(files.map(({ role, path }) => `${role} ${path}`)).toEqual([
      "changed src/cart.ts",
      "import src/money.ts",
      "test test/cart.test.ts",
    ]);
    expect(files.map(({ bytes }) => bytes)).toEqual([
      project["src/cart.ts"].length + 11,
      project["src/money.ts"].length,
      project["test/cart.test.ts"].length,
    ]);
    expect([not_shown, notes]).toEqual([[], []]);
  });

  it("tell the same inserted line in two functions apart, which fingerprints can't", async () => {
    const inserted = async (after: string) => {
      const repository = newRepository(project);
      repository.write({ "src/cart.ts": project["src/cart.ts"].replace(after, `${after}  audit();\n`) });
      return around(repository);
    };
    const one = await inserted("export function total() {\n");
    const other = await inserted("export function tax() {\n");
    expect(one.edit).toBe(other.edit);
    expect(one.fingerprint).not.toBe(other.fingerprint);
  });

  it("tell the same line deleted from two functions apart, though the same file is left", async () => {
    const deleted = async (from: string) => {
      const repository = newRepository({
        ...project,
        "src/cart.ts": project["src/cart.ts"].replace(from, `${from}  authorise();\n`),
      });
      repository.write({ "src/cart.ts": project["src/cart.ts"] });
      return around(repository, { head: "WORKTREE" });
    };
    const one = await deleted("export function total() {\n");
    const other = await deleted("export function tax() {\n");
    expect(one.edit).toBe(other.edit);
    expect(one.files).toEqual(other.files);
    expect(one.fingerprint).not.toBe(other.fingerprint);
  });

  it("change with an import, a test or the specification, and not with an unrelated file", async () => {
    const repository = newRepository(project);
    repository.write({ "src/cart.ts": `${project["src/cart.ts"]}export {};\n` });
    repository.git("switch", "-qc", "feature");
    repository.commit();
    const seen = async (files: Record<string, string>, specText?: string) => {
      repository.git("switch", "-qC", "moved", "main");
      repository.write(files);
      repository.commit();
      repository.git("switch", "-qC", "rebased", "feature");
      repository.git("rebase", "-q", "moved");
      return around(repository, { base: "moved", head: "rebased" }, specText);
    };
    const before = await seen({});
    const same = await seen({ "src/other.ts": "export const other = 2;\n", "src/log.ts": "// moved\n" });
    const others = [
      await seen({ "src/money.ts": "export const round = (x: number) => -x;\n" }),
      await seen({ "test/cart.test.ts": "" }),
      await seen({ "test/more/cart.test.ts": `import "../../src/cart.js"` }),
      await seen({}, "Round half to even."),
      await seen({}, ""),
    ];
    expect(same.fingerprint).toBe(before.fingerprint);
    expect(new Set([before, ...others].map((one) => one.fingerprint)).size).toBe(6);
    expect(new Set([before, same, ...others].map((one) => one.edit)).size).toBe(1);
  });

  it("are read once for a change, whatever the specification", async () => {
    const repository = newRepository(project);
    repository.write({ "src/cart.ts": `${project["src/cart.ts"]}export {};\n` });
    const sluice = repository.sluice();
    const opened = await openChange(sluice, {});
    let reads = 0;
    const blobs = (...args: Parameters<typeof opened.objects.blobs>) => {
      reads++;
      return opened.objects.blobs(...args);
    };
    const change = { ...opened, objects: { ...opened.objects, blobs } };
    const cancelled = AbortSignal.abort();
    await expect(surroundings(change, { sluice, signal: cancelled })).rejects.toThrow();
    const first = await surroundings(change, { sluice });
    const before = reads;
    expect(before).toBeGreaterThan(0);
    first.files.pop();
    const again = await surroundings(change, { sluice });
    const specification = [{ path: "spec.md", text: "Round half to even." }];
    change.specification = specification;
    const specified = await surroundings(change, { sluice });
    expect(reads).toBe(before);
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(again.files).toHaveLength(3);
    expect(specified.fingerprint).not.toBe(first.fingerprint);
    expect(specified).toEqual(
      await surroundings({ ...(await openChange(sluice, {})), specification }, { sluice }),
    );
  });

  it("are the whole tree where imports could not be read", async () => {
    const seen = async (size: number, other: string) => {
      const repository = newRepository({ ...project, "src/other.ts": other });
      repository.write({ "src/big.ts": `export const big = "${"x".repeat(size)}";\n` });
      return (await around(repository, { head: "WORKTREE" })).fingerprint;
    };
    const large = 1024 * 1024;
    expect(await seen(large, "export const other = 2;\n")).not.toBe(await seen(large, "export {};\n"));
    expect(await seen(9, "export const other = 2;\n")).toBe(await seen(9, "export {};\n"));
  });

  it("are the same from a CRLF checkout", async () => {
    const seen: string[] = [];
    for (const ends of ["\n", "\r\n"]) {
      const repository = newRepository(project);
      repository.git("config", "core.autocrlf", "true");
      repository.write({ "src/cart.ts": `${project["src/cart.ts"]}export {};\n`.replaceAll("\n", ends) });
      seen.push((await around(repository, { head: "WORKTREE" })).fingerprint);
    }
    expect(seen[0]).toBe(seen[1]);
  });

  it("list what is not shown, with the reason and hash, and count it", async () => {
    const after = (lock: string) => ({
      "package-lock.json": lock,
      "logo.png": Buffer.from([0, 1, 2, 3]),
      "old.ts": null,
      "src/big.ts": `export const big = "${"x".repeat(1024 * 1024)}";\n`,
      "src/cart.ts": `import "./huge.js";\n${project["src/cart.ts"]}`,
    });
    const seen = async (lock: string) => {
      const huge = `export const huge = "${"y".repeat(1024 * 1024)}";\n`;
      const repository = newRepository({
        ...project,
        "old.ts": "old\n",
        "package-lock.json": "{}\n",
        "src/huge.ts": huge,
      });
      repository.write(after(lock));
      return around(repository);
    };
    const one = await seen('{ "a": 1 }\n');
    expect(one.not_shown.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "logo.png: binary",
      "old.ts: deleted",
      "package-lock.json: lock",
      "src/huge.ts: too large",
    ]);
    expect(one.not_shown.map(({ id }) => id === null)).toEqual([false, true, false, false]);
    // A changed file is shown whole, however large it is for an import.
    expect(one.files.map(({ path }) => path)).toContain("src/big.ts");
    expect(one.notes).toEqual([expect.stringMatching(/src\/big\.ts .*larger than 1 MiB/)]);
    expect((await seen('{ "a": 2 }\n')).fingerprint).not.toBe(one.fingerprint);
  });

  it("keep the tests of a deleted file and are cancelled by a signal", async () => {
    const repository = newRepository(project);
    repository.write({ "src/cart.ts": null });
    const sluice = repository.sluice();
    const change = await openChange(sluice, {});
    const seen = await surroundings(change, { sluice });
    expect(seen.files.map(({ path }) => path)).toEqual(["test/cart.test.ts"]);
    const signal = AbortSignal.abort();
    await expect(surroundings(await openChange(sluice, {}), { sluice, signal })).rejects.toThrow();
  });
});
