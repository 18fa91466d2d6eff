import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { environmentVariables } from "../../src/config/environment.js";
import { configurationJsonSchema, configurationKeys } from "../../src/config/json-schema.js";
import { whoMaySet } from "../../src/config/restrict.js";
import { tools } from "../../tools/index.js";
import { removeScratch, subcommands } from "../support/documented-runs.js";
import { filesIn, readDocuments, root } from "../support/documents.js";

const documents = readDocuments();
afterAll(removeScratch);

/** Environment variables that other programs read and no file of ours names. */
const foreignVariables: Readonly<Record<string, string>> = {
  ANTHROPIC_MODEL: "Claude Code",
  ANTHROPIC_DEFAULT_OPUS_MODEL: "Claude Code",
  ANTHROPIC_DEFAULT_SONNET_MODEL: "Claude Code",
  ANTHROPIC_DEFAULT_HAIKU_MODEL: "Claude Code",
  CLAUDE_CODE_MAX_CONTEXT_TOKENS: "Claude Code",
  PLAN_REVIEW: "flow-next's loop",
  COMPLETION_REVIEW: "flow-next's loop",
  MAX_ATTEMPTS_PER_TASK: "flow-next's loop",
  WORKER_TIMEOUT: "flow-next's loop",
  TASK_ID: "filled in by flow-next's loop",
  OPENAI_BASE_URL: "named as what is not read",
  OPENAI_ORG_ID: "named as what is not read",
};

/** Pages that speak of options of other programs and of our measurements, too. */
const pagesOfOtherPrograms = [
  "decisions",
  "local-models",
  "local-screen",
  "performance",
  "premium-sources",
  "prescreen",
];

/** What looks like a key of the configuration and is none. */
const foreignKeys: Readonly<Record<string, string>> = {
  "review.prompt": "a field of review_change's result",
};

describe("what the documents name", () => {
  it("is every subcommand and every tool", async () => {
    const all = documents.filter(({ name }) => name !== "docs/tools.md");
    const text = all.map((document) => document.text).join("\n");
    const commandNames = [...(await subcommands()).keys()].filter(
      (name) => !new RegExp(`\\bsluice ${name}\\b`).test(text),
    );
    const toolNames = tools.map(({ name }) => name).filter((name) => !text.includes(`\`${name}\``));
    expect([...commandNames, ...toolNames]).toEqual([]);
  });

  it("has options that there are", async () => {
    const known = new Set([...(await subcommands()).values()].flatMap((options) => [...options]));
    const own = documents.filter(
      ({ name }) => !pagesOfOtherPrograms.includes(name.replace(/^docs\/|\.md$/g, "")),
    );
    const wrong = own.flatMap(({ name, spans }) =>
      spans
        .filter(({ text }) => /^--[\w-]+/.test(text))
        .flatMap(({ line, text }) => (text.match(/--[\w-]+/g) ?? []).map((option) => ({ line, option })))
        .filter(({ option }) => !known.has(option))
        .map(({ line, option }) => `${name}:${line} ${option}`),
    );
    // Options of clients, named on the README's registration.
    expect(wrong.filter((one) => !/--(?:cli|allowedTools)$/.test(one))).toEqual([]);
  });

  it("has environment variables that something reads, and all that configure", () => {
    const code = filesIn(["src", "scripts", "test/e2e"]).map(({ text }) => text);
    const text = [...code, readFileSync(join(root, "llama-swap.yaml"), "utf8")].join("\n");
    const wrong = documents.flatMap(({ name, text: page }) =>
      (page.match(/(?<![\w-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])/g) ?? [])
        .filter((variable) => !(variable in foreignVariables) && !new RegExp(`\\b${variable}\\b`).test(text))
        .map((variable) => `${name}: ${variable}`),
    );
    const configuration = documents.find(({ name }) => name === "docs/configuration.md")?.text ?? "";
    const silent = environmentVariables
      .map(({ name }) => name)
      .filter((name) => !configuration.includes(`\`${name}\``));
    expect([...wrong, ...silent]).toEqual([]);
  });

  it("has keys of the configuration that there are", () => {
    const keys = configurationKeys(JSON.parse(configurationJsonSchema())).map(([path]) => path);
    const sections = new Set(keys.map(([first]) => first));
    const known = (wanted: readonly string[]) =>
      keys.some((key) =>
        wanted.every((part, at) => at >= key.length || part.startsWith("<") || part === key[at]),
      );
    const inText = documents.flatMap(({ name, spans }) =>
      spans.flatMap(({ line, text }) => {
        const [, key] = /^([a-z_]+(?:\.(?:[a-z0-9_]+|<\w+>))+)(?:: \S+)?$/.exec(text) ?? [];
        const path = key?.split(".") ?? [];
        if (!sections.has(path[0] ?? "") || known(path) || text in foreignKeys) return [];
        return [`${name}:${line} ${text}`];
      }),
    );
    const inBlocks = documents.flatMap(({ name, blocks }) =>
      blocks
        .filter(({ language }) => language === "json")
        .flatMap(({ line, lines }) => {
          const value: unknown = JSON.parse(lines.join("\n"));
          const paths = pathsOf(value).filter(([first]) => sections.has(first ?? ""));
          return paths.filter((path) => !known(path)).map((path) => `${name}:${line} ${path.join(".")}`);
        }),
    );
    expect([...inText, ...inBlocks]).toEqual([]);
  });

  it("has every key that only one's own configuration may set", () => {
    const configuration = documents.find(({ name }) => name === "docs/configuration.md")?.text ?? "";
    const keys = configurationKeys(JSON.parse(configurationJsonSchema())).map(([path]) => path);
    const own = keys.filter((path) => whoMaySet(path) === "you").map((path) => path.join("."));
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter((key) => !configuration.includes(`\`${key}\``))).toEqual([]);
  });
});

function pathsOf(value: unknown): string[][] {
  const object = z.record(z.string(), z.unknown()).safeParse(value);
  if (!object.success) return [[]];
  return Object.entries(object.data).flatMap(([key, inner]) => pathsOf(inner).map((path) => [key, ...path]));
}
