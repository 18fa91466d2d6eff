import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openCache } from "../../src/state/cache.js";

let top: string;
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "sluice-test-")));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const key = "a".repeat(64);
const cache = (folder = join(top, "cache")) => openCache(folder, async () => {});

it("gives back what was kept, to another opener too", async () => {
  expect(await cache().get(key)).toBeNull();
  await cache().set(key, { a: [1] });
  expect(await cache().get(key)).toEqual({ a: [1] });
});

it("takes what cannot be read for nothing, and what is too large not at all", async () => {
  await cache().set(key, "x".repeat(300_000));
  expect(await cache().get(key)).toBeNull();
  mkdirSync(join(top, "cache"), { recursive: true });
  writeFileSync(join(top, "cache", `${key}.json`), '{"half":');
  expect(await cache().get(key)).toBeNull();
});

it("neither reads nor writes through a link, nor outside of its folder", async () => {
  mkdirSync(join(top, "elsewhere"));
  symlinkSync(join(top, "elsewhere"), join(top, "cache"));
  writeFileSync(join(top, "elsewhere", `${key}.json`), "1");
  expect(await cache().get(key)).toBeNull();
  await cache().set(key, 2);
  await cache().set("b".repeat(64), 2);
  expect(readdirSync(join(top, "elsewhere"))).toEqual([`${key}.json`]);
  await expect(cache().get("../../etc/passwd")).rejects.toThrow("is a hash");
});

it("keeps a thousand", async () => {
  mkdirSync(join(top, "cache"));
  for (let index = 0; index < 1_010; index++) writeFileSync(join(top, "cache", `${index}.json`), "1");
  await cache().set(key, 1);
  expect(readdirSync(join(top, "cache")).length).toBe(1_000);
});

it("does without a disk that cannot be written", async () => {
  writeFileSync(join(top, "cache"), "a file");
  await cache().set(key, 1);
  expect(await cache().get(key)).toBeNull();
});
