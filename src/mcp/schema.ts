import * as z from "zod";

export interface JsonSchema {
  type: "object";
  [key: string]: unknown;
}

/** Limits that no honest call reaches; one that does is told so. */
const limits = new Set(["minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"]);

/** A tool's arguments as JSON Schema, without what costs tokens and tells a model nothing. */
export function inputSchema(schema: z.ZodObject): JsonSchema {
  return asObject(lean(z.toJSONSchema(schema, { io: "input" }), limits));
}

/** Fields that any answer may carry beside the tool's own. */
const envelope = {
  full_result: { type: "string" },
  cut: {
    type: "array",
    items: {
      type: "object",
      properties: { field: { type: "string" }, shown: { type: "integer" }, of: { type: "integer" } },
    },
  },
  error: { type: "string" },
  hint: { type: "string" },
};

const running = {
  state: { const: "running" },
  doing: { type: "string" },
  elapsed_s: { type: "number" },
  job: { type: "string" },
  next: { type: "string" },
  stale: { type: "boolean" },
};

/**
 * A tool's answers as JSON Schema: the output whole, or an error, or (for long work) that it is still running.
 * Errors are in it because clients on the SDK's v1 check them against it too.
 */
export function outputSchema(schema: z.ZodObject, long: boolean): JsonSchema {
  const { properties, required, ...rest } = asObject(lean(z.toJSONSchema(schema, { io: "output" })));
  delete rest.additionalProperties;
  return {
    ...rest,
    type: "object",
    properties: {
      ...(isRecord(properties) ? properties : {}),
      ...without(long ? running : {}, properties),
      ...envelope,
    },
    anyOf: [
      { required: required ?? [] },
      ...(long ? [{ required: ["state", "job"] }] : []),
      { required: ["error", "hint"] },
    ],
  };
}

function without(added: Record<string, unknown>, taken: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(added).filter(([key]) => !(isRecord(taken) && key in taken)));
}

/** Drops the dialect, zod's safe-integer bounds, `additionalProperties: false` below the top, and what is `unwanted`. */
function lean(value: unknown, unwanted: ReadonlySet<string> = new Set(), depth = 0): unknown {
  if (Array.isArray(value)) return value.map((item) => lean(item, unwanted, depth + 1));
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === "$schema" || unwanted.has(key)) continue;
    if (key === "minimum" && item === Number.MIN_SAFE_INTEGER) continue;
    if (key === "maximum" && item === Number.MAX_SAFE_INTEGER) continue;
    if (key === "additionalProperties" && item === false && depth > 0) continue;
    // Property names are data here, not keywords.
    const named = key === "properties" && isRecord(item);
    result[key] = named
      ? Object.fromEntries(Object.entries(item).map(([name, one]) => [name, lean(one, unwanted, depth + 1)]))
      : lean(item, unwanted, depth + 1);
  }
  return nullable(result);
}

/** `anyOf` a type and null, said shorter. */
function nullable(schema: Record<string, unknown>): Record<string, unknown> {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema;
  const [first, second]: unknown[] = anyOf;
  if (!isRecord(first) || !isRecord(second) || second.type !== "null") return schema;
  if (typeof first.type !== "string" || Object.keys(first).length !== 1) return schema;
  return { ...rest, type: [first.type, "null"] };
}

function asObject(value: unknown): JsonSchema {
  if (!isRecord(value) || value.type !== "object") throw new Error("a tool's schema must be an object's");
  return { ...value, type: "object" };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
