import * as z from "zod";
import { describeKey } from "./descriptions.js";
import { isObject, type JsonObject } from "./json.js";
import { configSchema } from "./schema.js";

/** The text of `schema/config.schema.json`, by which editors complete and check a configuration file. */
export function configurationJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: "input", target: "draft-7" });
  const titled = {
    $schema,
    title: "Sluice configuration",
    description:
      "`.flow/config.json` of a repository, or `config.json` in the user's own `sluice` configuration folder. Every key has a default. Other programs' keys are left alone.",
    ...described(JSON.parse(JSON.stringify(schema)), []),
  };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

/** Keys of the configuration by dotted path, as the schema has them: sections are walked into, values are not. */
export function configurationKeys(
  schema: JsonObject,
  path: readonly string[] = [],
): [string[], JsonObject][] {
  const { properties } = schema;
  if (!isObject(properties) || Object.keys(properties).length === 0) return [[[...path], schema]];
  return Object.entries(properties).flatMap(([key, value]) =>
    isObject(value) ? configurationKeys(value, [...path, key]) : [],
  );
}

/** Every key with what it is. */
function described(schema: JsonObject, path: readonly string[]): JsonObject {
  const { properties } = schema;
  if (isObject(properties) && Object.keys(properties).length > 0) {
    const inner = Object.entries(properties).map(([key, value]) => [
      key,
      isObject(value) ? described(value, [...path, key]) : value,
    ]);
    return { ...schema, properties: Object.fromEntries(inner) };
  }
  const description = describeKey(path);
  return description === null ? schema : { description, ...schema };
}
