import * as z from "zod";

type JsonSchema = Record<string, unknown>;

/** Longer ones make grammars that llama.cpp refuses or crawls through; our own validation still holds them. */
const longestText = 500;
const longestList = 64;
const deepest = 12;

/**
 * A zod schema as the JSON Schema that is sent to a server: only keywords that servers enforce. `pattern`, `not` and
 * ranges of fractions are left out (llama.cpp answers 500 to some patterns and does not keep the others); references
 * are written out. What is left out is checked by zod afterwards, as everything is.
 */
export function sentSchema(schema: z.ZodType): JsonSchema {
  const whole: unknown = z.toJSONSchema(schema, { unrepresentable: "any", io: "input", reused: "inline" });
  const root = isSchema(whole) ? whole : {};
  const definitions = isSchema(root.$defs) ? root.$defs : {};
  return reduce(root, definitions, 0);
}

function reduce(schema: JsonSchema, definitions: JsonSchema, depth: number): JsonSchema {
  if (depth > deepest) return {};
  const inner = (value: unknown) => (isSchema(value) ? reduce(value, definitions, depth + 1) : {});
  if (typeof schema.$ref === "string") return inner(definitions[schema.$ref.replace(/^#\/\$defs\//, "")]);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives)) return { anyOf: alternatives.map(inner) };
  // Zod writes an intersection so; only objects are ever put together.
  if (Array.isArray(schema.allOf)) return Object.assign({}, ...schema.allOf.map(inner));
  const { type } = schema;
  // Not every server takes a list of types.
  if (Array.isArray(type)) {
    return { anyOf: type.map((one) => (one === "null" ? { type: one } : inner({ ...schema, type: one }))) };
  }
  const reduced: JsonSchema = {};
  for (const key of ["type", "enum", "const", "required"]) {
    if (schema[key] !== undefined) reduced[key] = schema[key];
  }
  if (isSchema(schema.properties)) {
    reduced.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, value]) => [name, inner(value)]),
    );
    reduced.additionalProperties = false;
    // Everything is asked for: a model that may leave a field out leaves out what it finds hard.
    reduced.required = Object.keys(schema.properties);
  } else if (isSchema(schema.additionalProperties)) {
    reduced.additionalProperties = inner(schema.additionalProperties);
  }
  if (schema.items !== undefined) reduced.items = inner(schema.items);
  keepUpTo(schema, reduced, ["minItems", "maxItems"], longestList);
  keepUpTo(schema, reduced, ["minLength", "maxLength"], longestText);
  if (schema.type === "integer") keepUpTo(schema, reduced, ["minimum", "maximum"], 1_000_000_000);
  return reduced;
}

function keepUpTo(from: JsonSchema, to: JsonSchema, keys: readonly string[], limit: number): void {
  for (const key of keys) {
    const value = from[key];
    if (typeof value === "number" && Math.abs(value) <= limit) to[key] = value;
  }
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
