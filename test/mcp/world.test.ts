import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTrust, sensitiveHash, writeTrust } from "../../src/config/trust.js";
import { lookAround } from "../../src/mcp/world.js";
import { createSluice } from "../../src/sluice.js";
import { type TestRepository, testRepository } from "../support/repository.js";
import { emptyWorld } from "../support/world.js";

let repository: TestRepository;
let home: string;
let said: string[];

beforeEach(() => {
  repository = testRepository();
  home = realpathSync(mkdtempSync(join(tmpdir(), "sluice-world-test-")));
  said = [];
});
afterEach(() => {
  repository.remove();
  rmSync(home, { recursive: true, force: true });
});

const world = (env: Record<string, string> = {}) => lookAround(sluice(env));

function sluice(env: Record<string, string> = {}) {
  return createSluice({
    cwd: repository.path,
    env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, ...env },
    log: (message) => said.push(message),
  });
}

function configureUser(config: object): void {
  mkdirSync(join(home, "sluice"), { recursive: true });
  writeFileSync(join(home, "sluice", "config.json"), JSON.stringify(config));
}

const withTools = { review: { prescreen: { tools: ["shellcheck"] } } };

describe("what decides the hints of tools", () => {
  it("is nothing where nothing is configured, and for what a repository merely asks for", async () => {
    expect(await world()).toEqual(emptyWorld);
    repository.write({
      ".flow/config.json": JSON.stringify({
        ...withTools,
        local: { primary_endpoint: "https://far.example" },
      }),
    });
    expect(await world()).toEqual(emptyWorld);
    configureUser({});
    expect(await world()).toEqual(emptyWorld);
  });

  it("sees programs of the user's, and a model on another machine", async () => {
    configureUser(withTools);
    expect(await world()).toEqual({ ...emptyWorld, tools: true });
    configureUser({ local: { primary_endpoint: "https://far.example" } });
    expect(await world()).toEqual({ ...emptyWorld, remoteModel: true, sources: false, unsandboxed: false });
    expect(await world({ LOCAL_ENABLED: "0" })).toEqual(emptyWorld);
    configureUser({});
    expect(await world({ LOCAL_ENDPOINT: "http://127.0.0.1:8080" })).toEqual(emptyWorld);
    expect(await world({ PREFILTER_ENDPOINT: "http://far.example:11434" })).toEqual({
      ...emptyWorld,
      remoteModel: true,
    });
  });

  it("sees what a person trusted, and only while it is what was trusted", async () => {
    const text = JSON.stringify(withTools);
    repository.write({ ".flow/config.json": text });
    const commonDir = realpathSync(join(repository.path, ".git"));
    await writeTrust(sluice(), commonDir, {
      config_hash: sensitiveHash(text),
      commands: { "npm test": "0".repeat(64) },
      at: new Date(0).toISOString(),
    });
    expect(await readTrust(sluice(), commonDir)).not.toBeNull();
    expect(await world()).toEqual({
      trustedGates: true,
      tools: true,
      remoteModel: false,
      sources: false,
      unsandboxed: false,
      github: false,
    });
    repository.write({
      ".flow/config.json": JSON.stringify({ review: { prescreen: { tools: ["cargo check"] } } }),
    });
    expect(await world()).toEqual({ ...emptyWorld, trustedGates: true });
  });

  it("sees a premium source by its program or its key, configured or not, and not one that is switched off", async () => {
    const bin = join(home, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "copilot"), "", { mode: 0o755 });
    for (const configure of [() => {}, () => configureUser({})]) {
      configure();
      expect(await world({ PATH: "" })).toEqual(emptyWorld);
      expect(await world({ PATH: bin })).toEqual({ ...emptyWorld, sources: true });
      expect(await world({ PATH: "", ANTHROPIC_API_KEY: "k" })).toEqual({ ...emptyWorld, sources: true });
      // Its terms are to be accepted first.
      expect(await world({ PATH: "", GEMINI_API_KEY: "k" })).toEqual(emptyWorld);
    }
    configureUser({ premium_sources: { copilot: { enabled: false } } });
    expect(await world({ PATH: bin })).toEqual(emptyWorld);
  });

  it("allows nothing when it can't be read, and says so", async () => {
    mkdirSync(join(home, "sluice", "config.json"), { recursive: true });
    repository.write({ ".flow/config.json": "{" });
    expect(await world()).toEqual(emptyWorld);
  });
});
