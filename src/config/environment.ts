import type { Sluice } from "../sluice.js";
import type { Json, JsonObject } from "./json.js";
import type { Problem } from "./layer.js";

type Kind = "boolean" | "integer" | "text";

/** Every environment variable that sets a key of the configuration. */
export const environmentVariables: readonly { name: string; key: string; kind: Kind }[] = [
  { name: "LOCAL_ENABLED", key: "local.enabled", kind: "boolean" },
  { name: "LOCAL_ENDPOINT", key: "local.primary_endpoint", kind: "text" },
  { name: "LOCAL_MODEL", key: "local.primary_model", kind: "text" },
  { name: "LOCAL_CONTEXT_DEFAULT", key: "local.context_default", kind: "integer" },
  { name: "PREFILTER_ENABLED", key: "local.prefilter_enabled", kind: "boolean" },
  { name: "PREFILTER_ENDPOINT", key: "local.prefilter_endpoint", kind: "text" },
  { name: "PREFILTER_MODEL", key: "local.prefilter_model", kind: "text" },
  { name: "OPENAI_PRO_ENABLED", key: "premium_sources.openai_pro.enabled", kind: "boolean" },
  { name: "CLAUDE_MAX_ENABLED", key: "premium_sources.claude_max.enabled", kind: "boolean" },
  { name: "COPILOT_ENABLED", key: "premium_sources.copilot.enabled", kind: "boolean" },
  { name: "ANTIGRAVITY_ENABLED", key: "premium_sources.antigravity.enabled", kind: "boolean" },
  { name: "GATES_ENABLED", key: "review.gates.enabled", kind: "boolean" },
  { name: "PRESCREEN_ENABLED", key: "review.prescreen.enabled", kind: "boolean" },
  { name: "PRESCREEN_MAX_ITERATIONS", key: "review.prescreen.max_iterations", kind: "integer" },
  { name: "FINGERPRINT_ENABLED", key: "review.fingerprint.enabled", kind: "boolean" },
  { name: "FINGERPRINT_SKIP_UNCHANGED", key: "review.fingerprint.skip_unchanged", kind: "boolean" },
  { name: "PREMIUM_REVIEW_ENABLED", key: "review.premium.enabled", kind: "boolean" },
];

/** The keys that environment variables set; a value of the wrong kind is a problem and sets nothing. */
export function readEnvironment(sluice: Sluice): {
  layer: JsonObject;
  names: Map<string, string>;
  problems: Problem[];
} {
  const layer: JsonObject = {};
  const names = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, key, kind } of environmentVariables) {
    // A client's configuration can set a variable but not unset it: empty means not set.
    const value = sluice.env[name]?.trim();
    if (value === undefined || value === "") continue;
    const parsed = parse(value, kind);
    if (parsed === null) {
      const allowed = kind === "boolean" ? "1, 0, true or false" : "a whole number";
      const message = `The environment variable ${name} is ${JSON.stringify(value.slice(0, 200))}; allowed: ${allowed}. It is ignored.`;
      problems.push({ key, value, allowed, origin: name, message });
      continue;
    }
    names.set(key, name);
    put(layer, key.split("."), parsed);
  }
  return { layer, names, problems };
}

function parse(value: string, kind: Kind): Json | null {
  if (kind === "text") return value;
  if (kind === "integer") return /^\d{1,12}$/.test(value) ? Number(value) : null;
  const word = value.toLowerCase();
  if (word === "1" || word === "true") return true;
  return word === "0" || word === "false" ? false : null;
}

function put(target: JsonObject, path: readonly string[], value: Json): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const next = target[key];
  const child: JsonObject = typeof next === "object" && next !== null && !Array.isArray(next) ? next : {};
  target[key] = child;
  put(child, rest, value);
}
