import { createHash } from "node:crypto";
import { canonicalJson, isObject, type Json, type JsonObject } from "./json.js";
import { flowKeys } from "./schema.js";

/** The sections of a repository's configuration of which any value may choose what runs, where text goes or how strict a review is. */
const sections = ["review", "premium_sources", "local"];

/**
 * SHA-256, in hex, of everything in a repository's configuration that needs trust: `review`, `premium_sources` and
 * `local` without flow-next's own keys, and every `backend` elsewhere. It does not depend on key order, layout or on
 * keys that need no trust. Text that is no JSON is hashed as it is.
 */
export function sensitiveHash(repositoryConfigText: string): string {
  const source = repositoryConfigText.replace(/^\uFEFF/, "");
  let relevant = repositoryConfigText;
  try {
    relevant = canonicalJson(sensitivePart(JSON.parse(source)));
  } catch {
    // It takes no effect either; a repair will change the hash.
  }
  return createHash("sha256").update(`sluice configuration v1\n${relevant}`).digest("hex");
}

function sensitivePart(config: unknown): JsonObject {
  const part: JsonObject = {};
  if (!isObject(config)) return part;
  for (const section of sections) {
    const value = config[section];
    if (value === undefined) continue;
    part[section] = isObject(value) ? without(value, flowKeys[section] ?? []) : value;
  }
  for (const section of ["interview", "plan", "work"]) {
    const value = config[section];
    const found: JsonObject = {};
    if (value !== undefined) collectBackends(value, section, found, 0);
    Object.assign(part, found);
  }
  return part;
}

function collectBackends(value: Json, path: string, found: JsonObject, depth: number): void {
  if (!isObject(value) || depth > 64) return;
  for (const [key, item] of Object.entries(value)) {
    const at = `${path}.${key}`;
    if (key === "backend") found[at] = item;
    else collectBackends(item, at, found, depth + 1);
  }
}

function without(value: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
