import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { configurationJsonSchema, configurationKeys } from "../src/config/json-schema.js";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the reference pages", () => {
  it("are those of the tools and the configuration as they are (npm run reference)", async () => {
    const { toolsReference, configurationReference } = await import("../scripts/reference.mjs");
    expect(readFileSync(`${root}docs/tools.md`, "utf8")).toBe(toolsReference());
    expect(readFileSync(`${root}docs/configuration-reference.md`, "utf8")).toBe(configurationReference());
  });

  it("say of every key what it is", () => {
    const keys = configurationKeys(JSON.parse(configurationJsonSchema()));
    const silent = keys.filter(([, schema]) => typeof schema.description !== "string");
    expect(silent.map(([path]) => path.join("."))).toEqual([]);
  });
});
