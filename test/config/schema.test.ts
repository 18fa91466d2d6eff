import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { configurationJsonSchema } from "../../src/config/json-schema.js";

it("ships the JSON Schema of this configuration: `npm run schema` writes it", () => {
  const shipped = readFileSync(new URL("../../schema/config.schema.json", import.meta.url), "utf8");
  expect(shipped).toBe(configurationJsonSchema());
});

it("describes what a person may write, with its default, and lets other programs' keys be", () => {
  const schema = JSON.parse(configurationJsonSchema());
  expect(schema.properties.review.properties.prescreen.properties.max_iterations).toMatchObject({
    type: "integer",
    default: 3,
    minimum: 1,
  });
  expect(schema.required).toBeUndefined();
  expect(schema.additionalProperties).not.toBe(false);
  expect(schema.properties.review.additionalProperties).not.toBe(false);
});
