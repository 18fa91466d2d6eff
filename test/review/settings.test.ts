import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import { sensitiveHash, writeTrust } from "../../src/config/trust.js";
import { ConfigurationError } from "../../src/errors.js";
import { reviewContext } from "../../src/review/settings.js";
import type { Sluice } from "../../src/sluice.js";
import { readRepositoryConfiguration } from "../../src/state/repository-configuration.js";
import { type TestRepository, testRepository } from "../support/repository.js";

let repository: TestRepository;
let sluice: Sluice;

beforeEach(() => {
  repository = testRepository();
  sluice = repository.sluice();
  repository.write({ "a.txt": "one\n" });
});
afterEach(() => repository.remove());

const path = ".flow/config.json";
const settings = (max_iterations: number, more = {}) =>
  JSON.stringify({ review: { prescreen: { max_iterations }, ...more } });
const context = async () => reviewContext(sluice, await openChange(sluice, {}));
const iterations = async () => (await context()).config.review.prescreen.max_iterations;

describe("a review's settings", () => {
  it("are those of the base, whatever the change makes of them", async () => {
    repository.write({ [path]: settings(10) });
    repository.commit();
    repository.write({ [path]: settings(20) });
    expect(await iterations()).toBe(10);
    repository.write({ [path]: "{" });
    const { loaded } = await context();
    expect(loaded.problems).toEqual([]);
    repository.write({ [path]: null, "a.txt": "two\n" });
    expect(await iterations()).toBe(10);
  });

  it("are those of the work tree while no commit has any", async () => {
    repository.commit();
    repository.write({ [path]: settings(20) });
    expect(await iterations()).toBe(20);
  });

  it("are the defaults where nobody set any", async () => {
    repository.commit();
    repository.write({ "a.txt": "two\n" });
    const { config, loaded, trust, store } = await context();
    expect(config.review.prescreen.max_iterations).toBe(3);
    expect(loaded.problems).toEqual([]);
    expect(trust).toBeNull();
    expect(store.directory).toBe(join(repository.path, ".git", "sluice"));
  });

  it("name the commit that a wrong value is from", async () => {
    repository.write({ [path]: '{"review":{"gates":{"enabled":"no"}}}' });
    repository.commit();
    repository.write({ "a.txt": "two\n" });
    const { loaded } = await context();
    expect(loaded.problems).toMatchObject([{ key: "review.gates.enabled", value: "no" }]);
    expect(loaded.problems[0]?.origin).toContain(path);
  });

  it("loosen review only when exactly these were trusted, by the repository's git folder", async () => {
    const loose = settings(1, { gates: { commands: { lint: "true" } } });
    repository.write({ [path]: loose });
    repository.commit();
    repository.write({ "a.txt": "two\n" });
    const before = await context();
    expect(before.config.review.prescreen.max_iterations).toBe(3);
    expect(before.config.review.gates.commands).toEqual({});
    expect(before.loaded.not_trusted.map(({ key }) => key).sort()).toEqual([
      "review.gates.commands",
      "review.prescreen.max_iterations",
    ]);

    await writeTrust(sluice, join(repository.path, ".git"), {
      config_hash: sensitiveHash(loose),
      commands: {},
      at: "2026-01-01T00:00:00Z",
    });
    const after = await context();
    expect(after.loaded.not_trusted).toEqual([]);
    expect(after.config.review.prescreen.max_iterations).toBe(1);
    expect(after.config.review.gates.commands.lint?.command).toBe("true");

    repository.write({ [path]: settings(2) });
    repository.commit();
    repository.write({ "a.txt": "three\n" });
    expect(await iterations()).toBe(3);
  });
});

describe("a configuration that leads elsewhere", () => {
  const outside = () => {
    const file = join(dirname(repository.path), "outside.json");
    writeFileSync(file, settings(20));
    return file;
  };

  it("is not read through a link in the work tree", async () => {
    repository.commit();
    mkdirSync(join(repository.path, ".flow"));
    symlinkSync(outside(), join(repository.path, path));
    const { config, loaded } = await context();
    expect(config.review.prescreen.max_iterations).toBe(3);
    expect(loaded.problems[0]?.message).toContain("symbolic link");
  });

  it("is not read through a committed link, nor a linked .flow/", async () => {
    repository.link(path, outside());
    repository.commit();
    repository.write({ "a.txt": "two\n" });
    expect(await iterations()).toBe(3);
    repository.write({ ".flow": null });
    const folder = join(dirname(repository.path), "outside");
    mkdirSync(folder);
    writeFileSync(join(folder, "config.json"), settings(20));
    symlinkSync(folder, join(repository.path, ".flow"));
    expect(await iterations()).toBe(3);
  });
});

describe("readRepositoryConfiguration", () => {
  it("gives the work tree's file, null without one, and an error for what can't be read", async () => {
    const opened = (await openChange(sluice, { base: repository.commit(), head: "WORKTREE" })).repository;
    expect(await readRepositoryConfiguration(sluice, opened)).toBeNull();
    repository.write({ [path]: settings(5) });
    expect(await readRepositoryConfiguration(sluice, opened)).toMatchObject({ text: settings(5) });
    repository.write({ [path]: "x".repeat(2_000_000) });
    await expect(readRepositoryConfiguration(sluice, opened)).rejects.toThrow(ConfigurationError);
  });
});
