import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import * as z from "zod";

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
