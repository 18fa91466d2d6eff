import type { Config } from "../config/schema.js";

/** A model that routing can name. */
interface KnownModel {
  /** Ids by source, best first. */
  ids: Readonly<Record<string, readonly string[]>>;
  /** What stands for it, in this order, where a source has retired it: never a lesser model of the same vendor. */
  successors: readonly string[];
  /** Tokens that prompt and answer may have together; by source where one allows less than the vendor. */
  context: number;
  contexts?: Readonly<Record<string, number>>;
  /** Quota pools that it draws from besides the source's own: windows and throttles with another scope pass it by. */
  scopes: readonly string[];
  /** Good and cheap enough for a ROUTINE change. */
  routine?: true;
}

const claude = 200_000;
const gpt = 272_000;
const gemini = 1_048_576;
const opus = ["opus", "claude", "3p"];
const sonnet = ["sonnet", "claude", "3p"];
const openai = ["gpt", "codex", "3p"];
const google = ["gemini"];
// Copilot takes smaller prompts for Claude than Anthropic does: github/copilot-cli issues 646, 1851; models.dev 858.
const copilotClaude = { copilot: 128_000 };

// Newest first within a line of models. From Codex CLI 0.169 `model/list` and the vendors' SDKs of November 2026.
const opusLine = [
  "claude-opus-5-5",
  "claude-opus-5",
  "claude-opus-4-8",
  "claude-opus-4-7",
  "claude-opus-4-6",
];
const sonnetLine = ["claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6"];
const haikuLine = ["claude-haiku-5-5", "claude-haiku-4-5"];
const solLine = ["gpt-6.1-sol", "gpt-6-sol", "gpt-5.6-sol", "gpt-5.5"];
const terraLine = ["gpt-6.1-terra", "gpt-5.6-terra", "gpt-5.5"];
const proLine = ["gemini-3.1-pro", "gemini-3.1-pro-preview"];

/** @param line newest first; what is newer than the model itself stands for it */
function claudeModel(
  id: string,
  scopes: readonly string[],
  line: readonly string[] = [],
  routine?: true,
): KnownModel {
  const ids = { claude_max: [id], copilot: [id], antigravity: [id] };
  const successors = newer(line, id);
  return {
    ids,
    successors,
    context: claude,
    contexts: copilotClaude,
    scopes,
    ...(routine ? { routine } : {}),
  };
}

function openaiModel(id: string, line: readonly string[] = [], routine?: true): KnownModel {
  return {
    ids: { openai_pro: [id], copilot: [id] },
    successors: newer(line, id),
    context: gpt,
    scopes: openai,
    ...(routine ? { routine } : {}),
  };
}

function newer(line: readonly string[], id: string): readonly string[] {
  const own = line.indexOf(id);
  return own < 0 ? line : line.slice(0, own);
}

/**
 * What ships. Ids change monthly: a name stays, and `models` in the user's configuration says what it means now.
 * Windows are the smallest that a vendor states; OpenAI's is what its models take as a prompt (400,000 with the
 * answer). Sources: OpenAI's and Anthropic's model pages, Codex CLI 0.169 `model/list`, the SDKs' model types.
 */
const shipped: Readonly<Record<string, KnownModel>> = {
  "opus-4.5": claudeModel("claude-opus-4-5", opus, opusLine),
  "opus-4.6": claudeModel("claude-opus-4-6", opus, opusLine),
  "opus-4.7": claudeModel("claude-opus-4-7", opus, opusLine),
  "opus-4.8": claudeModel("claude-opus-4-8", opus, opusLine),
  "opus-5": claudeModel("claude-opus-5", opus, opusLine),
  "opus-5.5": claudeModel("claude-opus-5-5", opus, opusLine),
  "sonnet-4": claudeModel("claude-sonnet-4", sonnet, sonnetLine, true),
  "sonnet-4.5": claudeModel("claude-sonnet-4-5", sonnet, sonnetLine, true),
  "sonnet-4.6": claudeModel("claude-sonnet-4-6", sonnet, sonnetLine, true),
  "sonnet-5": claudeModel("claude-sonnet-5", sonnet, sonnetLine, true),
  "sonnet-5.5": claudeModel("claude-sonnet-5-5", sonnet, sonnetLine, true),
  "haiku-4.5": claudeModel("claude-haiku-4-5", ["haiku", "claude", "3p"], haikuLine),
  "haiku-5.5": claudeModel("claude-haiku-5-5", ["haiku", "claude", "3p"], haikuLine),
  "fable-5.2": claudeModel("claude-fable-5-2", ["fable", "claude", "3p"]),
  "codex-5.2": openaiModel("gpt-5.2-codex", solLine),
  "gpt-5.2": openaiModel("gpt-5.2", terraLine, true),
  "gpt-5.5": openaiModel("gpt-5.5", terraLine, true),
  "gpt-5.6-sol": openaiModel("gpt-5.6-sol", solLine),
  "gpt-5.6-terra": openaiModel("gpt-5.6-terra", terraLine, true),
  "gpt-5.6-luna": openaiModel("gpt-5.6-luna"),
  "gpt-6-sol": openaiModel("gpt-6-sol", solLine),
  "gpt-6-astra": openaiModel("gpt-6-astra"),
  "gpt-6-luna": openaiModel("gpt-6-luna"),
  "gpt-6.1-sol": openaiModel("gpt-6.1-sol"),
  "gpt-6.1-terra": openaiModel("gpt-6.1-terra", [], true),
  "gpt-4o": { ...openaiModel("gpt-4o"), context: 128_000, contexts: { copilot: 64_000 } },
  "gemini-3-pro": {
    ids: { antigravity: ["gemini-3-pro"], copilot: ["gemini-3-pro-preview"] },
    successors: proLine,
    context: gemini,
    contexts: { copilot: 128_000 },
    scopes: google,
    routine: true,
  },
  "gemini-3.1-pro": {
    ids: { antigravity: ["gemini-3.1-pro"], copilot: ["gemini-3.1-pro-preview"] },
    successors: ["gemini-3.1-pro-preview"],
    context: gemini,
    contexts: { copilot: 128_000 },
    scopes: google,
    routine: true,
  },
  "gemini-3.8-flash": {
    ids: { antigravity: ["gemini-3.8-flash"] },
    successors: [],
    context: gemini,
    scopes: google,
    routine: true,
  },
};

/** What an unknown model may be sent: the smallest window of any that is known and current. */
const unknownContext = 128_000;

/** A routing name as one source takes it. */
export interface ResolvedModel {
  name: string;
  /** What the source calls it. */
  id: string;
  /** Other ids that stand for the name there, in this order, when the source does not know that one (any more). */
  also: readonly string[];
  /** Tokens that prompt and answer may have together. */
  context: number;
  scopes: readonly string[];
}

type Models = Pick<Config, "models" | "premium_sources">;

/** Every routing name there is: the shipped ones and the user's. */
export function routingNames(config: Pick<Config, "models">): string[] {
  return [...new Set([...Object.keys(shipped), ...Object.keys(config.models)])].sort();
}

/** The ids that the shipped table has for a source: for one that can't say itself which models it has. */
export function shippedIds(source: string): string[] {
  return [...new Set(Object.values(shipped).flatMap(({ ids }) => ids[source] ?? []))];
}

/** Whether a name means anything: in a table, or as an id that the source lists. */
export function isKnownName(config: Models, source: string, name: string): boolean {
  return (
    Object.hasOwn(shipped, name) ||
    Object.hasOwn(config.models, name) ||
    listed(config, source).includes(name)
  );
}

/**
 * What a source calls a routing name; null when it has no such model. The user's table comes first, then the shipped
 * one; where the source's `models` lists an id of that model (with a date, say), that very id is taken, and a model
 * that a non-empty list does not have is not there. Where a source has retired a model, a newer one of its line stands
 * for the name: `also`.
 */
export function resolveModel(config: Models, source: string, name: string): ResolvedModel | null {
  const known = Object.hasOwn(shipped, name) ? shipped[name] : undefined;
  const own = Object.hasOwn(config.models, name) ? config.models[name] : undefined;
  const asked = own !== undefined && Object.hasOwn(own, source) ? own[source] : undefined;
  const wanted =
    asked === undefined ? (known?.ids[source] ?? []) : typeof asked === "string" ? [asked] : asked;
  const list = listed(config, source);
  const id = pick(wanted, list, name, asked !== undefined);
  if (id === null) return null;
  const facts = known ?? shippedAs(source, id);
  // Whoever lists ids of their own means these and no others.
  const others = asked === undefined ? [...wanted, ...(known?.successors ?? [])] : wanted;
  return {
    name,
    id,
    also: [...new Set(others)].filter((other) => other !== id),
    context: facts?.contexts?.[source] ?? facts?.context ?? unknownContext,
    scopes: facts?.scopes ?? [],
  };
}

/** The model that a user names by the source's own id: it draws from the same pools as under its routing name. */
function shippedAs(source: string, id: string): KnownModel | undefined {
  const wanted = canonical(id);
  return Object.values(shipped).find(({ ids }) => ids[source]?.some((one) => canonical(one) === wanted));
}

/** The model that a caller means by a routing name or by the source's id; null when neither is known. */
export function modelCalled(config: Models, source: string, called: string): ResolvedModel | null {
  const wanted = canonical(called);
  for (const name of routingNames(config)) {
    const model = resolveModel(config, source, name);
    if (model && (name === called || canonical(model.id) === wanted)) return model;
  }
  return null;
}

/** A source's good and cheap model for a ROUTINE change; null when it lists none that is known as one. */
export function routineModel(config: Models, source: string): ResolvedModel | null {
  for (const [name, model] of Object.entries(shipped)) {
    if (model.routine !== true) continue;
    const found = resolveModel(config, source, name);
    if (found) return found;
  }
  return null;
}

/** What a scope (of a window or a throttle) has to do with a model: `unknown` may be about any. */
export function scopeOf(scope: string, model: ResolvedModel): "applies" | "other" | "unknown" {
  const wanted = canonical(scope);
  if (model.scopes.includes(scope) || wanted === canonical(model.name) || wanted === canonical(model.id))
    return "applies";
  const known = Object.entries(shipped).some(
    ([name, { ids, scopes }]) =>
      scopes.includes(scope) ||
      canonical(name) === wanted ||
      Object.values(ids).some((list) => list.some((id) => canonical(id) === wanted)),
  );
  return known ? "other" : "unknown";
}

function pick(
  wanted: readonly string[],
  list: readonly string[],
  name: string,
  explicit: boolean,
): string | null {
  for (const id of wanted) {
    const match =
      list.find((entry) => entry === id) ?? list.find((entry) => canonical(entry) === canonical(id));
    if (match !== undefined) return match;
  }
  if (list.includes(name)) return wanted[0] ?? name;
  const [first] = wanted;
  if (first !== undefined && (explicit || list.length === 0)) return first;
  return null;
}

function listed(config: Pick<Config, "premium_sources">, source: string): readonly string[] {
  const sources: Readonly<Record<string, unknown>> = config.premium_sources;
  const entry = Object.hasOwn(sources, source) ? sources[source] : undefined;
  if (typeof entry !== "object" || entry === null || !("models" in entry) || !Array.isArray(entry.models))
    return [];
  return entry.models.filter((id): id is string => typeof id === "string");
}

/** One spelling for `anthropic/claude-opus-4.5`, `claude-opus-4-5-20250514` and `claude-opus-4-5`. */
function canonical(id: string): string {
  return id
    .toLowerCase()
    .replace(/^[\w.-]+\//, "")
    .replace(/[-@](?:20\d{6}|20\d\d-\d\d-\d\d)$/, "")
    .replace(/-(?:latest|preview)$/, "")
    .replaceAll(".", "-");
}
