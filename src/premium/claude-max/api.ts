import type Anthropic from "@anthropic-ai/sdk";
import { messageOf } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import { abortAfter } from "../../time-limit.js";
import { evidenceOf } from "../evidence.js";
import { parsedJson } from "../json-text.js";
import { providerFetch } from "../provider-fetch.js";
import { retryAfter } from "../retry-after.js";
import { withoutVariables } from "../sdk-environment.js";
import type { PremiumAnswer, PremiumRequest, PremiumTokens, Probe, SourceSettings } from "../source.js";
import { type FailureContext, failureOf, ownFailure } from "./failures.js";
import { type Limits, limitsOfHeaders } from "./windows.js";

const provider = "https://api.anthropic.com";
/** Milliseconds for a question beside the call itself. */
const asideTimeout = 5_000;
const nothing: Limits = { windows: [], rejected: null };

/** Whether the key works and which models it may ask; per-minute limits come with no answer but a model's. */
export async function probeApi(
  sluice: Sluice,
  settings: SourceSettings,
  { signal, timeout }: { signal: AbortSignal; timeout: number },
): Promise<Probe> {
  const unknown = (why: string): Probe => ({
    state: "unknown",
    windows: [],
    allowed: null,
    models: null,
    plan: null,
    why,
  });
  if (settings.key === null) return { ...unknown("no API key"), state: "signed_out" };
  const limit = AbortSignal.any([signal, abortAfter(timeout)]);
  try {
    return await withClient(sluice, settings, async (client, sdk) => {
      try {
        const models = await listedModels(client, limit);
        return {
          ...unknown("the key works; what it has left comes with each answer"),
          state: "ready",
          models,
        };
      } catch (error) {
        if (error instanceof sdk.AuthenticationError)
          return { ...unknown("Anthropic refused the key"), state: "signed_out" };
        throw error;
      }
    });
  } catch (error) {
    const why = signal.aborted ? "cancelled" : limit.aborted ? "took too long" : messageOf(error);
    return unknown(
      `Anthropic's list of models could not be read: ${evidenceOf(why, settings.key === null ? [] : [settings.key])}`,
    );
  }
}

/** One request to the Messages API: streamed, without tools, never repeated. */
export async function reviewByApi(
  sluice: Sluice,
  settings: SourceSettings,
  request: PremiumRequest,
): Promise<PremiumAnswer> {
  request.signal.throwIfAborted();
  const heard = new Heard(request);
  const deadline = abortAfter(request.timeout);
  const signal = AbortSignal.any([request.signal, deadline]);
  const context = (): FailureContext => ({
    who: "Anthropic",
    model: request.model,
    access: "api",
    limits: heard.limits,
    retryAfter: null,
    text: heard.text,
    tokens: heard.tokens(),
    key: settings.key,
  });
  if (request.session !== null) throw ownFailure("session_lost", "", context());
  if (settings.key === null) throw ownFailure("auth", "there is no key", context());
  return withClient(sluice, settings, async (client, sdk) => {
    try {
      const able = await abilities(client, request.model, signal);
      const { data, response } = await client.messages
        .create(bodyOf(request, able), { signal, timeout: request.timeout })
        .withResponse();
      heard.limits = limitsOfHeaders(response.headers, request.model);
      for await (const event of data) heard.take(event);
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      if (deadline.aborted || error instanceof sdk.APIConnectionTimeoutError)
        throw ownFailure("timeout", `nothing after ${seconds(request.timeout)}`, context());
      if (error instanceof sdk.APIConnectionError || !(error instanceof sdk.APIError)) {
        const kind = heard.started ? "cut" : "unreachable";
        throw ownFailure(kind, reasonOf(error), { ...context(), cause: error });
      }
      if (error.headers !== undefined) heard.limits = limitsOfHeaders(error.headers, request.model);
      const stated = {
        status: error.status ?? null,
        type: error.type,
        code: error.errorCode,
        message: error.apiMessage ?? error.message,
      };
      const wait = error.headers === undefined ? null : retryAfter(error.headers, sluice.clock());
      const known = error.status === 404 ? await modelsIfListed(client, request.signal) : null;
      throw failureOf(stated, { ...context(), retryAfter: wait, models: known, cause: error });
    }
    // The loop ends quietly when the connection is closed between two events.
    if (request.signal.aborted) throw request.signal.reason;
    if (deadline.aborted) throw ownFailure("timeout", `nothing after ${seconds(request.timeout)}`, context());
    if (!heard.ended) throw ownFailure("cut", "the connection was closed", context());
    if (heard.stop === "max_tokens" || heard.stop === "model_context_window_exceeded")
      throw ownFailure("cut", `it reached its limit (${heard.stop})`, context());
    if (heard.stop === "refusal") throw ownFailure("refused", heard.text, context());
    if (heard.text.trim() === "") throw ownFailure("silent", "", context());
    return {
      text: heard.text,
      structured: parsedJson(heard.text),
      model: heard.model,
      tokens: heard.tokens(),
      // The Messages API keeps nothing.
      session: null,
      windows: heard.limits.windows,
    };
  });
}

type Sdk = typeof import("@anthropic-ai/sdk");

async function withClient<T>(
  sluice: Sluice,
  settings: SourceSettings,
  call: (client: Anthropic, sdk: Sdk) => Promise<T>,
): Promise<T> {
  const address = settings.endpoint ?? provider;
  const [sdk, { fetch, close }] = await Promise.all([import("@anthropic-ai/sdk"), providerFetch(sluice)]);
  const client = withoutVariables(
    ["ANTHROPIC_"],
    () =>
      new sdk.Anthropic({
        apiKey: settings.key,
        baseURL: address.replace(/\/+$/, "").replace(/\/v1$/, ""),
        defaultHeaders: settings.headers,
        // The router is the only one who retries: a 429 may ask for hours.
        maxRetries: 0,
        fetch,
        // Its console is our stdout, which belongs to the protocol.
        logLevel: "off",
      }),
  );
  try {
    return await call(client, sdk);
  } finally {
    await close();
  }
}

interface Abilities {
  structured: boolean;
  thinking: "adaptive" | "enabled" | "none";
  /** Tokens; null when nobody said. */
  maxOutput: number | null;
}

/** What the provider says that a model takes. A gateway that doesn't know gets the plainest request. */
async function abilities(client: Anthropic, model: string, signal: AbortSignal): Promise<Abilities> {
  try {
    const limit = AbortSignal.any([signal, abortAfter(asideTimeout)]);
    const info = await client.models.retrieve(model, null, { signal: limit });
    const types = info.capabilities?.thinking?.types;
    return {
      structured: info.capabilities?.structured_outputs?.supported === true,
      thinking: types?.adaptive?.supported ? "adaptive" : types?.enabled?.supported ? "enabled" : "none",
      maxOutput: info.max_tokens,
    };
  } catch {
    signal.throwIfAborted();
    return { structured: false, thinking: "none", maxOutput: null };
  }
}

function bodyOf(request: PremiumRequest, able: Abilities): Anthropic.MessageCreateParamsStreaming {
  const max_tokens = Math.min(request.maxOutputTokens, able.maxOutput ?? request.maxOutputTokens);
  const budget_tokens = Math.floor(max_tokens / 2);
  return {
    model: request.model,
    max_tokens,
    stream: true,
    system: [{ type: "text", text: request.instructions, cache_control: { type: "ephemeral" } }],
    messages: [{ role: "user", content: request.prompt }],
    ...(able.structured
      ? { output_config: { format: { type: "json_schema", schema: { ...request.schema.json } } } }
      : {}),
    ...(able.thinking === "adaptive" ? { thinking: { type: "adaptive" } } : {}),
    // The API's own lower bound.
    ...(able.thinking === "enabled" && budget_tokens >= 1_024
      ? { thinking: { type: "enabled", budget_tokens } }
      : {}),
  };
}

async function listedModels(client: Anthropic, signal: AbortSignal): Promise<string[]> {
  const page = await client.models.list({ limit: 100 }, { signal });
  return page.data.map(({ id }) => id);
}

async function modelsIfListed(client: Anthropic, signal: AbortSignal): Promise<string[] | null> {
  const limit = AbortSignal.any([signal, abortAfter(asideTimeout)]);
  return listedModels(client, limit).catch(() => null);
}

/** What came of an answer so far. */
class Heard {
  text = "";
  model: string | null = null;
  stop: string | null = null;
  started = false;
  ended = false;
  limits: Limits = nothing;
  #usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 };
  #told = 0;
  readonly #request: PremiumRequest;

  constructor(request: PremiumRequest) {
    this.#request = request;
  }

  take(event: Anthropic.MessageStreamEvent): void {
    if (event.type === "message_start") {
      this.started = true;
      this.model = event.message.model;
      this.#count(event.message.usage);
    } else if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
      this.text += event.delta.text;
      this.#tell();
    } else if (event.type === "message_delta") {
      this.stop = event.delta.stop_reason;
      this.#count(event.usage);
    } else if (event.type === "message_stop") this.ended = true;
  }

  tokens(): PremiumTokens | null {
    if (!this.started) return null;
    const { input, cacheRead, cacheWrite, output } = this.#usage;
    return { input: input + cacheRead + cacheWrite, cached_input: cacheRead, output };
  }

  /** Figures of a later event replace those of an earlier one; what it leaves out stays. */
  #count(usage: {
    input_tokens: number | null;
    output_tokens: number;
    cache_read_input_tokens: number | null;
    cache_creation_input_tokens: number | null;
  }): void {
    this.#usage = {
      input: usage.input_tokens ?? this.#usage.input,
      cacheRead: usage.cache_read_input_tokens ?? this.#usage.cacheRead,
      cacheWrite: usage.cache_creation_input_tokens ?? this.#usage.cacheWrite,
      output: usage.output_tokens ?? this.#usage.output,
    };
  }

  #tell(): void {
    if (this.text.length - this.#told < 2_000) return;
    this.#told = this.text.length;
    this.#request.onProgress?.(`${this.#request.model} has written ${this.#told} characters`);
  }
}

/** The SDK says `Connection error.`; the reason lies below. */
function reasonOf(error: unknown): string {
  const reasons: string[] = [];
  for (let at: unknown = error; at instanceof Error && reasons.length < 5; at = at.cause)
    reasons.push(messageOf(at));
  return reasons.length === 0 ? messageOf(error) : [...new Set(reasons)].join(": ");
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
