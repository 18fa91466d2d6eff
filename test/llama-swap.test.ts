import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import * as z from "zod";
import { configSchema } from "../src/config/schema.js";

/**
 * The keys that llama-swap v250 reads (its config-schema.json). It ignores any other silently, and its own schema
 * allows any other: a misspelt key would be found by nobody.
 */
const configuration = z.strictObject({
  ...optional([
    "apiKeys",
    "captureBuffer",
    "globalTTL",
    "hooks",
    "includeAliasesInList",
    "logTimeFormat",
    "matrix",
    "metricsMaxInMemory",
    "peers",
    "performance",
    "profiles",
    "routing",
    "selectors",
    "sendLoadingState",
    "store",
    "ui",
    "unloadTimeout",
    "upstream",
  ]),
  healthCheckTimeout: z.int().min(15),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  logToStdout: z.enum(["proxy", "upstream", "both", "none"]),
  startPort: z.int().min(1024).max(65535),
  macros: z.record(z.string(), z.string().max(1024)),
  models: z.record(
    z.string(),
    z.strictObject({
      ...optional([
        "cmdStop",
        "compat",
        "description",
        "env",
        "filters",
        "macros",
        "metadata",
        "proxy",
        "sendLoadingState",
        "timeouts",
        "unlisted",
        "unloadTimeout",
        "useModelName",
      ]),
      cmd: z.string(),
      name: z.string().optional(),
      aliases: z.array(z.string()).optional(),
      capabilities: z
        .strictObject({
          in: z.array(z.string()),
          out: z.array(z.string()),
          tools: z.boolean(),
          reranker: z.boolean().optional(),
          context: z.int().positive(),
        })
        .optional(),
      checkEndpoint: z.string().startsWith("/"),
      concurrencyLimit: z.int().min(0).optional(),
      ttl: z.int().min(-1),
    }),
  ),
  groups: z.record(
    z.string(),
    z.strictObject({
      swap: z.boolean(),
      exclusive: z.boolean(),
      persistent: z.boolean().optional(),
      members: z.array(z.string()).min(1),
    }),
  ),
});

function optional(keys: readonly string[]): Record<string, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(keys.map((key) => [key, z.unknown().optional()]));
}

const text = readFileSync("llama-swap.yaml", "utf8");

function read(yaml: string) {
  const document = parseDocument(yaml, { uniqueKeys: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return configuration.parse(document.toJS());
}

describe("llama-swap.yaml", () => {
  it("is YAML with keys that llama-swap reads, and none besides", () => {
    expect(() => read(text)).not.toThrow();
    expect(() => read(`${text}\nlisten: 0.0.0.0:8080\n`)).toThrow(/listen/);
    expect(() => read(text.replace("checkEndpoint:", "healthcheck:"))).toThrow(/healthcheck/);
    expect(() => read(text.replace("members:", "models:"))).toThrow();
  });

  it("has the models that the documentation speaks of, each startable", () => {
    const { models, macros } = read(text);
    expect(Object.keys(models)).toEqual(["glm-4.7-flash", "glm-4.7-flash-large", "qwen2.5-coder-7b"]);
    for (const { cmd } of Object.values(models)) {
      const command = cmd.replace(/\$\{([a-z]+)\}/g, (whole, name: string) => macros[name] ?? whole);
      expect(command).toMatch(
        /^llama-server --host 127\.0\.0\.1 --port \$\{PORT\} .* -hf [\w./:-]+.* -c \d+/,
      );
      // Another name would be a macro that nobody defined: llama-swap then refuses to start.
      expect(command.match(/\$\{[^}]*\}/g)).toEqual([`\${PORT}`, `\${MODEL_ID}`]);
    }
  });

  it("knows the names that Sluice, Claude Code and OpenAI clients ask for without being configured", () => {
    const { models } = read(text);
    const { local, plan } = configSchema.parse({});
    const { primary_model, context_default, context_max } = local;
    const named = (name: string) =>
      Object.entries(models).find(([id, { aliases }]) => id === name || aliases?.includes(name))?.[1];
    expect(named(primary_model)?.capabilities?.context).toBe(context_default);
    expect(named(`${primary_model}-large`)?.capabilities?.context).toBe(context_max);
    for (const name of [plan.spec_drafting.model, "claude-opus-5-5", "claude-haiku-5-5", "gpt-4"]) {
      expect(named(name)?.capabilities?.context).toBe(context_default);
    }
  });

  it("listens on loopback: its models by their command, itself by how it is started", () => {
    for (const name of ["scripts/start-local-stack.sh", "llama-swap.yaml", "docs/local-models.md"]) {
      const lines = readFileSync(name, "utf8").split("\n");
      const starts = lines.filter((line) => /llama-swap -config/.test(line));
      expect(starts.length).toBeGreaterThan(0);
      for (const line of starts) expect(line).toMatch(/ -listen "?127\.0\.0\.1:/);
    }
  });

  it("says of each model's context what its command sets", () => {
    for (const { cmd, capabilities } of Object.values(read(text).models)) {
      if (capabilities) expect(cmd).toMatch(new RegExp(` -c ${capabilities.context}$`));
    }
  });

  it("has every model in one group, and no name twice", () => {
    const { models, groups } = read(text);
    const members = Object.values(groups).flatMap((group) => group.members);
    expect(members.sort()).toEqual(Object.keys(models).sort());
    const names = [...Object.keys(models), ...Object.values(models).flatMap(({ aliases }) => aliases ?? [])];
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("docs/local-models.md", () => {
  const page = readFileSync("docs/local-models.md", "utf8");
  const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", block = ""]) => ({
    language,
    block,
  }));
  const only = (language: string) =>
    blocks.filter((one) => one.language === language).map(({ block }) => block);

  it("gives configurations of Sluice that are valid, with keys that it reads", () => {
    const known = Object.keys(configSchema.parse({}).local).concat("api_key_env", "headers");
    expect(only("json").length).toBeGreaterThan(2);
    for (const block of only("json")) {
      const { local, ...others } = configSchema.parse(JSON.parse(block));
      expect(Object.keys(JSON.parse(block))).toEqual(["local"]);
      expect(others.schema_version).toBe(2);
      expect(Object.keys(local).filter((key) => !known.includes(key))).toEqual([]);
    }
  });

  it("gives pieces of llama-swap.yaml that fit into the one that ships", () => {
    const [model = "", peers = ""] = only("yaml");
    const withPeer = read(`${text}\n${peers}`);
    expect(withPeer).toMatchObject({ peers: { "big-box": { models: [expect.any(String)] } } });
    const withModel = read(text.replace(/^models:\n/m, `models:\n${model}`));
    expect(Object.keys(withModel.models)).toContain("qwen3.8-27b");
  });

  it("states the memory that the model's dimensions give", () => {
    const rows = [...page.matchAll(/^\| ([\d,]+) \| (.*) \|$/gm)].map(([, context = "", cells = ""]) => ({
      tokens: Number(context.replaceAll(",", "")),
      cells: cells.split(" | "),
    }));
    expect(rows.map(({ tokens }) => tokens)).toEqual([65_536, 131_072, 202_752]);
    // Bytes a value: f16, q8_0 (34 for 32 values), q4_0 (18 for 32 values).
    const perValue = [2, 34 / 32, 18 / 32];
    for (const { tokens, cells } of rows) {
      const bytes = perValue.map((size) => 47 * 576 * size * tokens);
      expect(cells).toEqual([
        ...bytes.map((size) => `${(size / 2 ** 30).toFixed(1)} GiB`),
        ...bytes.map((size) => `${Math.round(size / 1e9 + 18.5)}–${Math.round(size / 1e9 + 20.5)} GB`),
      ]);
    }
  });
});
