import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { environmentVariables } from "../../src/config/environment.js";
import { loadConfiguration, loadUserConfiguration, requireValid } from "../../src/config/load.js";
import { configurationFolder } from "../../src/config/paths.js";
import { configSchema } from "../../src/config/schema.js";
import { ConfigurationError } from "../../src/errors.js";
import { createSluice, type Sluice } from "../../src/sluice.js";
import { type Home, temporaryHome } from "./home.js";

const fixture = readFileSync(new URL("../fixtures/config.full.json", import.meta.url), "utf8");

let home: Home;
let sluice: Sluice;

beforeEach(() => {
  home = temporaryHome();
  sluice = home.sluice;
});
afterEach(() => home.remove());

function withEnvironment(env: Record<string, string>): Sluice {
  return createSluice({ ...sluice, env: { ...sluice.env, ...env } });
}

function writeUser(text: string): string {
  const folder = configurationFolder(sluice);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), text);
  return join(folder, "config.json");
}

const inRepository = (value: unknown) => ({
  text: typeof value === "string" ? value : JSON.stringify(value),
  origin: ".flow/config.json",
});

function at(value: unknown, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>(
      (found, part) => (typeof found === "object" ? Reflect.get(found ?? {}, part) : undefined),
      value,
    );
}

describe("defaults", () => {
  it("are those of the full sample, so that no file says the same as the whole file", async () => {
    const { config, problems, not_trusted } = await loadUserConfiguration(sluice);
    expect(problems).toEqual([]);
    expect(not_trusted).toEqual([]);
    expect(config).toMatchObject(JSON.parse(fixture));
  });

  it("load the full sample of an untrusted repository unchanged: nothing dropped, no problem", async () => {
    const loaded = await loadConfiguration(sluice, inRepository(fixture), null);
    expect(loaded.problems).toEqual([]);
    expect(loaded.not_trusted).toEqual([]);
    expect(loaded.config).toMatchObject(JSON.parse(fixture));
    const { review, ...rest } = loaded.config;
    const { review: plainReview, ...plain } = configSchema.parse({});
    expect(rest).toEqual(plain);
    expect(review).toEqual({ ...plainReview, gates: { ...plainReview.gates, not_trusted_commands: {} } });
  });
});

describe("flow-next's own keys", () => {
  it("are kept and are neither problems nor a matter of trust", async () => {
    const own = {
      $schema: "https://flow-next.dev/schema/flow-config.schema.json",
      memory: { enabled: false },
      planSync: { crossEpic: false, enabled: true },
      review: { backend: null, maxIterations: 8 },
      scouts: { github: false },
      tracker: { perEvent: { land: { merged: "off" } } },
    };
    const loaded = await loadConfiguration(sluice, inRepository(own), null);
    expect(loaded.problems).toEqual([]);
    expect(loaded.not_trusted).toEqual([]);
    expect(loaded.config).toMatchObject(own);
    expect(loaded.config.review.prescreen.max_iterations).toBe(3);
  });
});

describe("layers", () => {
  it("put the user's file over the repository's, and the environment over both", async () => {
    writeUser(
      JSON.stringify({ review: { prescreen: { max_iterations: 5 } }, local: { context_default: 9000 } }),
    );
    const repo = inRepository({
      review: { prescreen: { max_iterations: 7 } },
      local: { context_default: 8000, context_max: 20000 },
    });
    const { config } = await loadConfiguration(
      withEnvironment({ PRESCREEN_MAX_ITERATIONS: "6" }),
      repo,
      null,
    );
    expect(config.review.prescreen.max_iterations).toBe(6);
    expect(config.local.context_default).toBe(9000);
    expect(config.local.context_max).toBe(20000);
  });

  it("take review.premium_sources for premium_sources", async () => {
    writeUser(JSON.stringify({ review: { premium_sources: { copilot: { enabled: false } } } }));
    const { config, problems } = await loadUserConfiguration(sluice);
    expect(problems).toEqual([]);
    expect(config.premium_sources.copilot.enabled).toBe(false);
    expect(config.review).not.toHaveProperty("premium_sources");
  });

  it("give a gate's command one form, however it was written", async () => {
    writeUser(
      JSON.stringify({
        review: {
          gates: { commands: { lint: "make lint", build: { command: "make", cwd: "app", timeout_s: 60 } } },
        },
      }),
    );
    const { config } = await loadUserConfiguration(sluice);
    expect(config.review.gates.commands).toEqual({
      lint: { command: "make lint", cwd: null, timeout_s: null },
      build: { command: "make", cwd: "app", timeout_s: 60 },
    });
  });

  it("find the user's file in XDG_CONFIG_HOME, but not in a relative one", async () => {
    const xdg = join(sluice.env.HOME ?? "", "xdg");
    mkdirSync(join(xdg, "sluice"), { recursive: true });
    writeFileSync(join(xdg, "sluice", "config.json"), '{"memory":{"enabled":false}}');
    expect(
      (await loadUserConfiguration(withEnvironment({ XDG_CONFIG_HOME: xdg }))).config.memory.enabled,
    ).toBe(false);
    expect(configurationFolder(withEnvironment({ XDG_CONFIG_HOME: "xdg" }))).toBe(
      configurationFolder(sluice),
    );
  });

  it("follow a link to the user's own file", async () => {
    const kept = join(sluice.env.HOME ?? "", "dotfiles.json");
    writeFileSync(kept, '{"memory":{"enabled":false}}');
    mkdirSync(configurationFolder(sluice), { recursive: true });
    symlinkSync(kept, join(configurationFolder(sluice), "config.json"));
    expect((await loadUserConfiguration(sluice)).config.memory.enabled).toBe(false);
  });
});

describe("environment variables", () => {
  const samples: Record<string, [string, unknown][]> = {
    boolean: [
      ["1", true],
      ["0", false],
      ["true", true],
      ["false", false],
      ["TRUE", true],
    ],
    integer: [["4096", 4096]],
    text: [["http://localhost:9999/", "http://localhost:9999/"]],
  };
  it("are all that the design names", () => {
    expect(environmentVariables.map(({ name }) => name).sort()).toEqual(
      [
        "ANTIGRAVITY_ENABLED CLAUDE_MAX_ENABLED COPILOT_ENABLED FINGERPRINT_ENABLED FINGERPRINT_SKIP_UNCHANGED",
        "GATES_ENABLED LOCAL_CONTEXT_DEFAULT LOCAL_ENABLED LOCAL_ENDPOINT LOCAL_MODEL OPENAI_PRO_ENABLED",
        "PREFILTER_ENABLED PREFILTER_ENDPOINT PREFILTER_MODEL PREMIUM_REVIEW_ENABLED PRESCREEN_ENABLED PRESCREEN_MAX_ITERATIONS",
      ]
        .join(" ")
        .split(" "),
    );
  });

  const cases = environmentVariables.flatMap(({ name, key, kind }) =>
    (samples[kind] ?? []).map(([text, value]) => {
      const small = name === "PRESCREEN_MAX_ITERATIONS";
      return [name, small ? "7" : text, key, small ? 7 : value] as const;
    }),
  );
  it.each(cases)("%s=%s sets %s", async (name, text, key, value) => {
    const { config, problems } = await loadUserConfiguration(withEnvironment({ [name]: text }));
    expect(problems).toEqual([]);
    expect(at(config, key)).toBe(value);
  });

  it.each([
    ["GATES_ENABLED", "yes", "1, 0, true or false"],
    ["LOCAL_CONTEXT_DEFAULT", "64k", "a whole number"],
    ["LOCAL_CONTEXT_DEFAULT", "12", "at least 1024"],
    ["PRESCREEN_MAX_ITERATIONS", "0", "at least 1"],
    ["LOCAL_ENDPOINT", "localhost:8080", "an http:// or https:// address"],
  ])(
    "%s=%s is a problem that names the variable, the value and what is allowed",
    async (name, text, allowed) => {
      const { config, problems } = await loadUserConfiguration(withEnvironment({ [name]: text }));
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toContain(name);
      expect(problems[0]?.message).toContain(text);
      expect(problems[0]?.allowed).toContain(allowed);
      expect(config.review).toMatchObject(JSON.parse(fixture).review);
      expect(config.local).toMatchObject(JSON.parse(fixture).local);
    },
  );

  it("with a password in an address do not show it", async () => {
    const { problems } = await loadUserConfiguration(
      withEnvironment({ LOCAL_ENDPOINT: "http://me:hunter2@localhost" }),
    );
    expect(problems[0]?.message).toContain("LOCAL_ENDPOINT");
    expect(problems[0]?.allowed).toContain("without a user name");
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  it("that are empty are not set", async () => {
    const { config, problems } = await loadUserConfiguration(
      withEnvironment({ GATES_ENABLED: "", LOCAL_MODEL: " " }),
    );
    expect(problems).toEqual([]);
    expect(config.review.gates.enabled).toBe(true);
  });
});

describe("a wrong value", () => {
  it.each([
    [{ review: { gates: { enabled: "yes" } } }, "review.gates.enabled", '"yes"', "true or false"],
    [
      { review: { prescreen: { max_iterations: 2.5 } } },
      "review.prescreen.max_iterations",
      "2.5",
      "a whole number",
    ],
    [
      { plan: { spec_drafting: { backend: "cloud" } } },
      "plan.spec_drafting.backend",
      '"cloud"',
      '"local", "premium"',
    ],
    [{ review: { routing: { security: ["best"] } } }, "review.routing.security", '["best"]', "source:model"],
    [{ review: [] }, "review", "[]", "an object"],
    [{ local: { context_max: null } }, "local.context_max", "null", "a number"],
    [{ review: { gates: { commands: { lint: {} } } } }, "review.gates.commands.lint", "{}", "a string"],
    [
      { review: { gates: { commands: { "a b": "x" } } } },
      "review.gates.commands.a b",
      '"x"',
      "letters, digits",
    ],
    [{ schema_version: 9 }, "schema_version", "9", "1 or 2"],
    [
      { review: { classification: { security_patterns: ["*a*b*c*d*e*f*g*h*i*j*k*l*m*n*"] } } },
      "review.classification.security_patterns",
      "*a*b",
      "at most 12 wildcards",
    ],
  ])(
    "%j is named with its key, its value and what is allowed; the default holds",
    async (value, key, shown, allowed) => {
      const { config, problems } = await loadConfiguration(sluice, inRepository(value), null);
      expect(problems.map((problem) => problem.key)).toEqual([key]);
      expect(problems[0]?.allowed).toContain(allowed);
      for (const part of [key, shown, allowed, ".flow/config.json"])
        expect(problems[0]?.message).toContain(part);
      expect(at(config, key)).toEqual(at((await loadUserConfiguration(sluice)).config, key));
    },
  );

  it("leaves the values beside it in effect", async () => {
    const value = { review: { prescreen: { enabled: 1, max_iterations: 9 } }, memory: { enabled: false } };
    const { config } = await loadConfiguration(sluice, inRepository(value), null);
    expect(config.review.prescreen).toMatchObject({ enabled: true, max_iterations: 9 });
    expect(config.memory.enabled).toBe(false);
  });

  it("stops what asks for its section, and nothing else", async () => {
    const loaded = await loadConfiguration(
      sluice,
      inRepository({ review: { gates: { checks: "lint" } } }),
      null,
    );
    expect(() => requireValid(loaded, "review.gates")).toThrow(ConfigurationError);
    expect(() => requireValid(loaded, "review.gates")).toThrow(/review\.gates\.checks.*"lint".*an array/s);
    expect(() => requireValid(loaded, "review.gates.checks")).toThrow(ConfigurationError);
    expect(() => requireValid(loaded, "review.prescreen")).not.toThrow();
    expect(() => requireValid(loaded, "local")).not.toThrow();
  });

  it("is not shown where people put secrets", async () => {
    writeUser(
      JSON.stringify({
        premium_sources: { openai_pro: { api_key_env: "sk-very-secret" }, claude_max: { headers: { a: 5 } } },
        local: { headers: { "bad name": "Bearer very-secret" } },
      }),
    );
    const { problems } = await loadUserConfiguration(sluice);
    expect(problems.map(({ key }) => key).sort()).toEqual([
      "local.headers.bad name",
      "premium_sources.claude_max.headers.a",
      "premium_sources.openai_pro.api_key_env",
    ]);
    expect(JSON.stringify(problems)).not.toContain("very-secret");
  });
});

describe("a file that is no configuration", () => {
  it("names the file and the line of broken JSON", async () => {
    const path = writeUser('{\n  "memory": { "enabled": true },\n  "local": {\n    "enabled": tru\n  }\n}');
    const loaded = await loadUserConfiguration(sluice);
    expect(loaded.problems[0]).toMatchObject({ key: "", origin: path });
    expect(loaded.problems[0]?.message).toContain("line 4");
    expect(() => requireValid(loaded, "review.gates")).toThrow(path);
  });

  it("may begin with a byte order mark", async () => {
    writeUser('\uFEFF{"memory":{"enabled":false}}');
    const { config, problems } = await loadUserConfiguration(sluice);
    expect(problems).toEqual([]);
    expect(config.memory.enabled).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["a list", "[]"],
    ["null", "null"],
    ["a comment", '{} // "x"'],
    ["nesting without end", "[".repeat(200_000)],
    ["objects nested deep", `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`],
    ["ten megabytes", `{"a":"${"x".repeat(10_000_000)}"}`],
    ["bytes that are no text", "\u0000\uFFFD\u0001"],
  ])("is a problem, not a crash: %s", async (_name, text) => {
    writeUser(text);
    const mine = await loadUserConfiguration(sluice);
    expect(mine.problems).toHaveLength(1);
    expect(mine.config.review).toMatchObject(JSON.parse(fixture).review);
    const theirs = await loadConfiguration(sluice, inRepository(text), null);
    expect(theirs.problems.length).toBeGreaterThan(0);
    for (const { message } of theirs.problems) expect(message.length).toBeLessThan(600);
  });

  it("can't reach the prototype of anything", async () => {
    const text =
      '{"__proto__":{"polluted":1},"review":{"__proto__":{"gates":{"enabled":false}},"gates":{"commands":{"__proto__":"evil"}}},"constructor":{"prototype":{"polluted":2}}}';
    const { config } = await loadConfiguration(sluice, inRepository(text), null);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
    expect(config.review.gates.enabled).toBe(true);
    expect(Object.keys(config.review.gates.commands)).toEqual([]);
  });

  it("is a problem when it is a folder", async () => {
    mkdirSync(join(configurationFolder(sluice), "config.json"), { recursive: true });
    const { problems } = await loadUserConfiguration(sluice);
    expect(problems[0]?.message).toContain("not a regular file");
  });
});
