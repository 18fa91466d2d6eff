import type * as z from "zod";
import { isObject, type Json, type JsonObject, parseJson } from "./json.js";
import { configSchema } from "./schema.js";

/** A value that was not taken; the default, or the value of a lower layer, holds instead. */
export interface Problem {
  /** Dotted path; empty for the whole file. */
  key: string;
  /** As it was found; hidden where people put secrets. */
  value: unknown;
  allowed: string;
  /** The file, or the environment variable. */
  origin: string;
  /** All of the above in one sentence. */
  message: string;
}

/** Bytes that a configuration file may have. */
export const largestConfiguration = 1024 * 1024;

/**
 * One file's values: what is wrong is taken out and listed, the rest stays as it is. Unknown keys stay too.
 * `review.premium_sources` is moved to the top, where it means the same.
 */
export async function readLayer(
  text: string,
  origin: string,
): Promise<{ layer: JsonObject; problems: Problem[] }> {
  const parsed = await parseJson(text, largestConfiguration);
  if (!parsed.ok) return { layer: {}, problems: [brokenFile(origin, parsed.message)] };
  if (!isObject(parsed.value)) {
    return { layer: {}, problems: [problem([], parsed.value, "a JSON object", origin)] };
  }
  return checkLayer(hoistSources(parsed.value), () => origin);
}

export function brokenFile(origin: string, why: string): Problem {
  return {
    key: "",
    value: null,
    allowed: "JSON, at most 1 MiB",
    origin,
    message: `${origin} is not used: ${why}. The defaults hold.`,
  };
}

/** Takes out of a layer what the schema does not allow. `originOf` names where the value at a dotted path is from. */
export function checkLayer(
  layer: JsonObject,
  originOf: (key: string) => string,
): { layer: JsonObject; problems: Problem[] } {
  const problems: Problem[] = [];
  let current = layer;
  // Each round takes out at least one key, so it ends; the limit is for what no file has.
  for (let round = 0; round < 100; round += 1) {
    const result = configSchema.safeParse(current);
    if (result.success) return { layer: current, problems };
    for (const issue of result.error.issues) {
      const at = settledPath(current, issue.path);
      const value = valueAt(current, at);
      if (value === undefined) continue;
      problems.push(problem(at, value, allowedBy(issue), originOf(at.join("."))));
      current = withoutPath(current, at);
    }
  }
  return { layer: {}, problems };
}

function hoistSources(layer: JsonObject): JsonObject {
  const { review } = layer;
  if (!isObject(review) || !isObject(review.premium_sources)) return layer;
  const { premium_sources: nested, ...rest } = review;
  const top = layer.premium_sources;
  return { ...layer, review: rest, premium_sources: isObject(top) ? merge(nested, top) : (top ?? nested) };
}

/** `over` on top of `under`: objects key by key, everything else replaced. */
export function merge(under: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(under, key) ? under[key] : undefined;
    merged[key] = isObject(value) && isObject(below) ? merge(below, value) : value;
  }
  return merged;
}

/** What is wrong about an item of a list is wrong about the list: half a list may loosen what the whole one says. */
function settledPath(layer: JsonObject, path: readonly PropertyKey[]): string[] {
  const settled: string[] = [];
  let value: Json | undefined = layer;
  for (const key of path) {
    if (!isObject(value)) break;
    settled.push(String(key));
    value = Object.hasOwn(value, String(key)) ? value[String(key)] : undefined;
  }
  return settled;
}

function valueAt(layer: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = layer;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

export function hasPath(layer: JsonObject, key: string): boolean {
  return valueAt(layer, key.split(".")) !== undefined;
}

function withoutPath(layer: JsonObject, path: readonly string[]): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return {};
  const copy = { ...layer };
  const child = copy[key];
  if (rest.length > 0 && isObject(child)) copy[key] = withoutPath(child, rest);
  else delete copy[key];
  return copy;
}

type Issue = z.core.$ZodIssue;

function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return article(issue.expected);
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value)).join(", ");
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? `at least ${issue.minimum} ${issue.origin === "array" ? "entries" : "characters"}`
        : `at least ${issue.minimum}`;
    case "too_big":
      if (!issue.message.startsWith("Too big")) return issue.message;
      return issue.origin === "string" || issue.origin === "array"
        ? `at most ${issue.maximum} ${issue.origin === "array" ? "entries" : "characters"}`
        : `at most ${issue.maximum}`;
    case "invalid_union":
      return [...new Set(issue.errors.flat().map(allowedBy))].join(", or ");
    case "invalid_key":
      return "a name of letters, digits, `.`, `_`, `:` and `-`";
    default:
      return issue.message;
  }
}

function article(type: string): string {
  if (type === "int") return "a whole number";
  if (type === "boolean") return "true or false";
  if (type === "record") return "an object";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function problem(path: readonly string[], found: Json, allowed: string, origin: string): Problem {
  const key = path.join(".").slice(0, 200);
  const value = isSecretPlace(path) ? "(hidden)" : typeof found === "string" ? withoutPassword(found) : found;
  const shown = value === "(hidden)" ? "a value that is not shown" : shorten(JSON.stringify(value));
  const message = `${key === "" ? "The configuration" : key} in ${origin} is ${shown}; allowed: ${allowed}. The default holds.`;
  return { key, value, allowed, origin, message };
}

/** People paste the key itself where its variable's name belongs. */
function isSecretPlace(path: readonly string[]): boolean {
  return path.some((key) => key === "headers" || /api_?key/i.test(key));
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, "//(hidden)@");
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
