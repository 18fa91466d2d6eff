import * as z from "zod";
import type { Endpoint } from "./endpoints.js";
import { failureOfAnswer } from "./failure-of-answer.js";
import { foreign } from "./failures.js";
import { failureOf, type Http, type HttpAnswer } from "./http.js";
import type { ListedModel } from "./model-names.js";
import type { Dialect } from "./openai-client.js";

export type ServerKind =
  | "llama-swap"
  | "llama-server"
  | "vllm"
  | "sglang"
  | "lm-studio"
  | "ollama"
  | "openai-compatible";

/** What stands at an endpoint. */
export interface Inspection {
  server: ServerKind;
  models: ListedModel[];
  dialect: Dialect;
}

/** What is known of a model once it is loaded. */
export interface ModelFacts {
  /** Tokens of one request with its answer; null where the server does not say. */
  context: number | null;
  /** Requests that it works on at once; null where the server does not say. */
  slots: number | null;
}

/** A look around must not hold up anybody. Milliseconds. */
const lookTimeout = 5_000;
const lookCap = 8 * 1024 * 1024;

const modelList = z.looseObject({
  data: z.array(
    z.looseObject({
      id: z.string().min(1),
      aliases: z.array(z.string()).nullish(),
      owned_by: z.string().nullish(),
      context_length: z.number().nullish(),
      max_model_len: z.number().nullish(),
      loaded_context_length: z.number().nullish(),
      state: z.string().nullish(),
      status: z.looseObject({ value: z.string().nullish() }).nullish().catch(null),
      meta: z
        .looseObject({
          n_ctx: z.number().nullish(),
          llamaswap: z
            .looseObject({
              type: z.string().nullish(),
              aliases: z.array(z.string()).nullish(),
              modelID: z.string().nullish(),
            })
            .nullish(),
        })
        .nullish()
        .catch(null),
    }),
  ),
});
const running = z.looseObject({
  running: z.array(z.looseObject({ model: z.string(), state: z.string().nullish() })),
});
const ollamaModels = z.looseObject({
  models: z.array(z.looseObject({ name: z.string(), context_length: z.number().nullish() })),
});
const props = z.looseObject({
  default_generation_settings: z.looseObject({ n_ctx: z.number().nullish() }).nullish(),
  total_slots: z.number().nullish(),
});

type Entry = z.output<typeof modelList>["data"][number];

/** Looks at what answers there, without loading a model. Throws LocalFailure when it is nothing that serves models. */
export async function inspect(endpoint: Endpoint, http: Http, signal: AbortSignal): Promise<Inspection> {
  if (endpoint.kind === "ollama") {
    const found = await ollama(endpoint, http, signal);
    if (found !== null) return found;
  }
  const { entries, apiPath } = await listModels(endpoint, http, signal);
  const plain: Dialect = { apiPath, templateSwitch: false, streamOptions: true };
  const switchable: Dialect = { ...plain, templateSwitch: true };
  const loaded = await readJson(http, "/running", running, signal);
  if (loaded !== null)
    return { server: "llama-swap", models: swapModels(entries, loaded), dialect: switchable };
  const owners = new Set(entries.map(({ owned_by }) => owned_by?.toLowerCase()));
  for (const [owner, server] of [
    ["llamacpp", "llama-server"],
    ["vllm", "vllm"],
    ["sglang", "sglang"],
  ] as const) {
    if (!owners.has(owner)) continue;
    return {
      server,
      models: entries.map((entry) => listed(entry, (entry.status?.value ?? "loaded") === "loaded")),
      dialect: switchable,
    };
  }
  const studio = await readJson(http, "/api/v0/models", modelList, signal);
  if (studio !== null) {
    const models = studio.data.map((entry) => listed(entry, entry.state === "loaded"));
    return { server: "lm-studio", models, dialect: plain };
  }
  if (endpoint.kind !== "ollama") {
    const found = await ollama(endpoint, http, signal);
    if (found !== null) return found;
  }
  return { server: "openai-compatible", models: entries.map((entry) => listed(entry, null)), dialect: plain };
}

/** A model that is loaded now. */
export interface LoadedModel {
  id: string;
  ready: boolean;
  /** Tokens that it was loaded with; null where the server does not say. */
  context: number | null;
}

/** Which models are loaded now; null where the server does not say. */
export async function loadedModels(
  server: ServerKind,
  http: Http,
  signal: AbortSignal,
): Promise<LoadedModel[] | null> {
  if (server === "llama-swap") {
    const found = await readJson(http, "/running", running, signal);
    const models = found?.running ?? null;
    return (
      models?.map(({ model, state }) => ({ id: model, ready: state === "ready", context: null })) ?? null
    );
  }
  if (server !== "ollama") return null;
  const found = await readJson(http, "/api/ps", ollamaModels, signal);
  return (
    found?.models.map(({ name, context_length }) => ({
      id: name,
      ready: true,
      context: positive(context_length),
    })) ?? null
  );
}

/**
 * What a model really has. Behind llama-swap this loads it, which may take minutes: `timeout` is in milliseconds.
 * Throws LocalFailure when it can't be loaded.
 */
export async function modelFacts(
  endpoint: Endpoint,
  http: Http,
  server: ServerKind,
  model: ListedModel,
  options: { timeout: number; signal: AbortSignal },
): Promise<ModelFacts> {
  const path = modelPath(server, model.id, "props");
  if (path === null) return { context: model.context, slots: null };
  const answer = await http.send({
    method: "GET",
    path,
    signal: options.signal,
    headersTimeout: options.timeout,
    bodyTimeout: lookTimeout,
    cap: lookCap,
  });
  // Not told is no failure: whatever is wrong shows when it is asked.
  if (answer.status === 501 || [400, 404, 405, 422].includes(answer.status)) {
    await leave(answer);
    return { context: model.context, slots: null };
  }
  if (answer.status >= 300) throw await failureOf(endpoint, model.id, answer);
  const found = props.safeParse(parsed(await wholeText(answer)));
  return {
    context: positive(found.data?.default_generation_settings?.n_ctx) ?? model.context,
    slots: positive(found.data?.total_slots),
  };
}

/** Where something of one model's own server is reached; null where there is no such thing. */
export function modelPath(server: ServerKind, model: string, what: "props" | "tokenize"): string | null {
  if (server === "llama-server") return `/${what}`;
  if (server === "llama-swap")
    return `/upstream/${model.split("/").map(encodeURIComponent).join("/")}/${what}`;
  return server === "vllm" && what === "tokenize" ? "/tokenize" : null;
}

async function ollama(endpoint: Endpoint, http: Http, signal: AbortSignal): Promise<Inspection | null> {
  const version = await http.text(look("/api/version", signal));
  if (version.status === 401 || version.status === 403) {
    throw failureOfAnswer(endpoint, endpoint.model, {
      status: version.status,
      body: version.text,
      retryAfter: null,
    });
  }
  if (version.status !== 200) return null;
  // llama-swap has /api/version and llama-server /api/tags, but neither has this.
  const loaded = await readJson(http, "/api/ps", ollamaModels, signal);
  const all = loaded === null ? null : await readJson(http, "/api/tags", ollamaModels, signal);
  if (loaded === null || all === null) return null;
  const models = all.models.map(({ name }): ListedModel => {
    const found = loaded.models.find((one) => one.name === name);
    // The context of a loaded model is what the last request asked for: ours asks for its own.
    return {
      id: name,
      aliases: name.endsWith(":latest") ? [name.slice(0, -7)] : [],
      context: null,
      loaded: found !== undefined,
    };
  });
  return {
    server: "ollama",
    models,
    dialect: { apiPath: "/v1", templateSwitch: false, streamOptions: true },
  };
}

async function listModels(
  endpoint: Endpoint,
  http: Http,
  signal: AbortSignal,
): Promise<{ entries: Entry[]; apiPath: Dialect["apiPath"] }> {
  for (const apiPath of ["/v1", ""] as const) {
    const answer = await http.text(look(`${apiPath}/models`, signal));
    if (answer.status === 404 || answer.status === 405) continue;
    if (answer.status >= 300) {
      const { status, text, retryAfter } = answer;
      throw failureOfAnswer(endpoint, endpoint.model, { status, body: text, retryAfter });
    }
    const found = modelList.safeParse(parsed(answer.text));
    if (found.success) return { entries: found.data.data, apiPath };
    throw foreign(endpoint, `${apiPath}/models is no list of models`);
  }
  throw foreign(endpoint, "it has no /v1/models");
}

/** llama-swap lists an alias as a model of its own, with the model it stands for. */
function swapModels(entries: readonly Entry[], loaded: z.output<typeof running>): ListedModel[] {
  const aliasOf = (entry: Entry) =>
    entry.meta?.llamaswap?.type === "alias" ? (entry.meta.llamaswap.modelID ?? null) : null;
  return entries
    .filter((entry) => aliasOf(entry) === null)
    .map((entry) => {
      const others = entries.filter((other) => aliasOf(other) === entry.id).map(({ id }) => id);
      const aliases = [
        ...new Set([...(entry.meta?.llamaswap?.aliases ?? []), ...(entry.aliases ?? []), ...others]),
      ];
      const ready = loaded.running.some(({ model, state }) => model === entry.id && state === "ready");
      return { ...listed(entry, ready), aliases };
    });
}

function listed(entry: Entry, loaded: boolean | null): ListedModel {
  const context =
    positive(entry.meta?.n_ctx) ??
    positive(entry.loaded_context_length) ??
    positive(entry.max_model_len) ??
    positive(entry.context_length);
  return { id: entry.id, aliases: entry.aliases ?? [], context, loaded };
}

function look(path: string, signal: AbortSignal) {
  return {
    method: "GET" as const,
    path,
    signal,
    headersTimeout: lookTimeout,
    bodyTimeout: lookTimeout,
    cap: lookCap,
  };
}

/** What a path gives in that form, or null. */
async function readJson<T>(
  http: Http,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T | null> {
  const answer = await http.text(look(path, signal));
  if (answer.status !== 200) return null;
  const found = schema.safeParse(parsed(answer.text));
  return found.success ? found.data : null;
}

async function wholeText(answer: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function leave(answer: HttpAnswer): Promise<void> {
  for await (const _chunk of answer.body) break;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function positive(value: number | null | undefined): number | null {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? Math.floor(value) : null;
}
