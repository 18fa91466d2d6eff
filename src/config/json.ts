import type { ParseError } from "jsonc-parser";
import { messageOf } from "../errors.js";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export type ParsedJson =
  | { ok: true; value: Json }
  /** `line` is 1-based; null when there is no place to point at. */
  | { ok: false; message: string; line: number | null };

const deepest = 64;

/**
 * Parses JSON that somebody else wrote: a byte order mark is let pass, nesting deeper than 64 is refused (what walks
 * the value may recurse), and `__proto__` keys are dropped.
 *
 * @param limit bytes that the text may have
 */
export async function parseJson(text: string, limit: number): Promise<ParsedJson> {
  const size = Buffer.byteLength(text);
  if (size > limit) {
    return { ok: false, message: `it has ${size} bytes, more than the ${limit} allowed`, line: null };
  }
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const deepLine = lineNestedDeeperThan(source, deepest);
  if (deepLine !== null) {
    return { ok: false, message: `it is nested deeper than ${deepest} levels`, line: deepLine };
  }
  try {
    return { ok: true, value: withoutPrototypes(JSON.parse(source)) };
  } catch (error) {
    const line = await lineOfFirstError(source);
    // V8 quotes the text around the mistake, which may be a secret: only its kind is said.
    const where = line === null ? "" : ` (line ${line})`;
    const kind = error instanceof SyntaxError ? "it is not valid JSON" : messageOf(error);
    return { ok: false, message: `${kind}${where}`, line };
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same text for the same value, whatever the order of its keys: to be hashed or compared. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function lineNestedDeeperThan(text: string, limit: number): number | null {
  let depth = 0;
  let line = 1;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 10) line += 1;
    if (inString) {
      if (code === 92) index += 1;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 91 || code === 123) {
      depth += 1;
      if (depth > limit) return line;
    } else if (code === 93 || code === 125) depth -= 1;
  }
  return null;
}

function withoutPrototypes(value: unknown): Json {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value === "object" && value !== null) {
    const copy: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (key !== "__proto__") copy[key] = withoutPrototypes(item);
    }
    return copy;
  }
  return typeof value === "boolean" || typeof value === "number" || typeof value === "string" ? value : null;
}

async function lineOfFirstError(text: string): Promise<number | null> {
  const { parse } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  parse(text, errors, { allowTrailingComma: false, disallowComments: true, allowEmptyContent: false });
  const first = errors[0];
  if (first === undefined) return null;
  return text.slice(0, first.offset).split("\n").length;
}
