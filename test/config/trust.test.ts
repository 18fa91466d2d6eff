import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configurationFolder } from "../../src/config/paths.js";
import { readTrust, sensitiveHash, type Trust, writeTrust } from "../../src/config/trust.js";
import { ConfigurationError } from "../../src/errors.js";
import type { Sluice } from "../../src/sluice.js";
import { type Home, temporaryHome } from "./home.js";

let home: Home;
let sluice: Sluice;
let path: string;

beforeEach(() => {
  home = temporaryHome();
  sluice = home.sluice;
  path = join(configurationFolder(sluice), "trust.json");
});
afterEach(() => home.remove());

const trust = (config_hash: string): Trust => ({
  config_hash,
  commands: { "npm run lint": "abc" },
  at: "2026-01-01T00:00:00Z",
});

describe("trust", () => {
  it("is nothing until a person gave it, and then per repository", async () => {
    expect(await readTrust(sluice, "/a/.git")).toBeNull();
    expect(existsSync(path)).toBe(false);
    await writeTrust(sluice, "/a/.git", trust("one"));
    expect(await readTrust(sluice, "/a/.git")).toEqual(trust("one"));
    expect(await readTrust(sluice, "/b/.git")).toBeNull();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("loses nothing when many write at once", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `/repository-${index}/.git`);
    await Promise.all(names.map((name) => writeTrust(sluice, name, trust(name))));
    for (const name of names) expect(await readTrust(sluice, name)).toEqual(trust(name));
  });

  it("keeps keys that it does not know", async () => {
    mkdirSync(configurationFolder(sluice), { recursive: true });
    writeFileSync(
      path,
      JSON.stringify({ later: 1, repositories: { "/a/.git": { ...trust("one"), note: "x" } } }),
    );
    await writeTrust(sluice, "/a/.git", trust("two"));
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      later: 1,
      repositories: { "/a/.git": { config_hash: "two", note: "x" } },
    });
  });

  it.each(["{", "[]", '{"schema_version":2}', '{"repositories":[]}'])(
    "is none when its file is damaged (%s), which is not written over",
    async (text) => {
      mkdirSync(configurationFolder(sluice), { recursive: true });
      writeFileSync(path, text);
      expect(await readTrust(sluice, "/a/.git")).toBeNull();
      await expect(writeTrust(sluice, "/a/.git", trust("x"))).rejects.toThrow(ConfigurationError);
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );

  it("is none for names that every object has", async () => {
    await writeTrust(sluice, "/a/.git", trust("one"));
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(await readTrust(sluice, name)).toBeNull();
    }
  });
});

describe("sensitiveHash", () => {
  const base = { review: { gates: { commands: { lint: "a" } } }, local: { primary_endpoint: "https://x" } };
  const hash = (value: unknown) => sensitiveHash(JSON.stringify(value));

  it("is the same whatever the order, the layout and what needs no trust", () => {
    const turned = { local: base.local, memory: { enabled: false }, planSync: {}, review: base.review };
    expect(sensitiveHash(JSON.stringify(turned, null, 4))).toBe(hash(base));
    expect(sensitiveHash(`\uFEFF${JSON.stringify(base)}`)).toBe(hash(base));
    expect(hash({ ...base, review: { ...base.review, backend: "codex", maxIterations: 3 } })).toBe(
      hash(base),
    );
    expect(hash({ ...base, plan: { scouts: { repo_scout: { cache_ttl_hours: 3 } } } })).toBe(hash(base));
  });

  it.each([
    [{ ...base, local: { primary_endpoint: "https://y" } }],
    [{ ...base, review: { gates: { commands: { lint: "b" } } } }],
    [{ ...base, review: { ...base.review, premium_sources: { copilot: { binary: "x" } } } }],
    [{ ...base, premium_sources: { copilot: { binary: "x" } } }],
    [{ ...base, plan: { scouts: { repo_scout: { backend: "premium" } } } }],
    [{}],
  ])("differs for %j", (value) => {
    expect(hash(value)).not.toBe(hash(base));
  });

  it("takes text that is no JSON", () => {
    expect(sensitiveHash("{")).not.toBe(sensitiveHash("{ "));
  });
});
