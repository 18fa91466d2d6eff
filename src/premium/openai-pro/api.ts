import type { APIError } from "openai";
import type {
  Response as ModelResponse,
  ResponseCreateParamsStreaming,
} from "openai/resources/responses/responses";
import { messageOf } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import { abortAfter } from "../../time-limit.js";
import { evidenceOf } from "../evidence.js";
import { identityOf } from "../identity.js";
import { parsedJson } from "../json-text.js";
import { type ProviderFetch, providerFetch } from "../provider-fetch.js";
import { withoutVariables } from "../sdk-environment.js";
import {
  type PremiumAnswer,
  type PremiumRequest,
  type PremiumSource,
  type PremiumTokens,
  type Probe,
  SourceFailure,
  type SourceSettings,
} from "../source.js";
import { type ApiError, apiFailure, apiFailureKind } from "./api-failures.js";
import { numberIn } from "./fields.js";
import { headerWindows } from "./windows.js";

const publicAddress = "https://api.openai.com/v1";
/** Milliseconds for the list of models, which is asked for to make an error more useful. */
const listTimeout = 5_000;
/** Characters; no model writes as much, a broken gateway may. */
const longestAnswer = 8_000_000;
/** Milliseconds between two words of progress. */
const progressEvery = 2_000;

/** OpenAI's Responses API with the user's key. Nothing is stored at OpenAI, so there is no session to continue. */
export function openApi(sluice: Sluice, settings: SourceSettings): PremiumSource {
  return {
    name: "openai_pro",
    access: "api",
    probe: (options) => probe(sluice, settings, options),
    identity: () => identityOf(["api", settings.endpoint, settings.key]),
    review: (request) => review(sluice, settings, request),
  };
}

type Sdk = typeof import("openai");

/** The SDK and a client that tries once: whether to try again, and where, is the router's decision. */
async function connect(settings: SourceSettings, key: string, provider: ProviderFetch) {
  const sdk = await import("openai");
  const client = withoutVariables(
    ["OPENAI_"],
    () =>
      new sdk.OpenAI({
        apiKey: key,
        baseURL: settings.endpoint ?? publicAddress,
        organization: null,
        project: null,
        defaultHeaders: { ...settings.headers },
        maxRetries: 0,
        logLevel: "off",
        fetch: provider.fetch,
      }),
  );
  return { sdk, client };
}

function keyOf(settings: SourceSettings): string {
  // A gateway may have keys of its own.
  if (settings.key !== null) return settings.key;
  if (settings.endpoint !== null) return "none";
  throw new SourceFailure(
    "auth",
    "There is no OpenAI API key.",
    "Set the variable that premium_sources.openai_pro.api_key_env names, and start the server again.",
  );
}

async function review(
  sluice: Sluice,
  settings: SourceSettings,
  request: PremiumRequest,
): Promise<PremiumAnswer> {
  request.signal.throwIfAborted();
  if (request.session !== null) {
    throw new SourceFailure(
      "session_lost",
      "OpenAI was asked to keep no session, so there is none to go on with.",
      "Review anew, with everything.",
    );
  }
  const key = keyOf(settings);
  const limit = abortAfter(request.timeout);
  const signal = AbortSignal.any([request.signal, limit]);
  const provider = await providerFetch(sluice);
  const said: Said = { text: "", final: null, headers: new Headers(), failed: null };
  try {
    const { sdk, client } = await connect(settings, key, provider);
    try {
      await ask(client, request, signal, said, sluice.clock);
    } catch (error) {
      request.signal.throwIfAborted();
      if (!limit.aborted) said.failed = errorOf(sdk, error, said);
    }
    request.signal.throwIfAborted();
    if (limit.aborted && said.final === null) throw tooSlow(request, said.text);
    const { failed } = said;
    if (failed !== null) {
      const models =
        apiFailureKind(failed) === "model_unknown"
          ? await listModels(client, AbortSignal.any([request.signal, abortAfter(listTimeout)]))
          : null;
      request.signal.throwIfAborted();
      throw apiFailure(failed, {
        model: request.model,
        key,
        now: sluice.clock(),
        text: said.text,
        tokens: tokensOf(said.final),
        models,
      });
    }
    return answerOf(request, said, sluice.clock());
  } finally {
    await provider.close();
  }
}

interface Said {
  text: string;
  /** The response as its last event had it; null when there was none. */
  final: ModelResponse | null;
  headers: Headers;
  /** What the stream or the server said went wrong. */
  failed: ApiError | null;
}

type Client = Awaited<ReturnType<typeof connect>>["client"];

async function ask(
  client: Client,
  request: PremiumRequest,
  signal: AbortSignal,
  said: Said,
  clock: () => number,
): Promise<void> {
  const body: ResponseCreateParamsStreaming = {
    model: request.model,
    instructions: request.instructions,
    input: request.prompt,
    text: {
      format: {
        type: "json_schema",
        name: request.schema.name,
        schema: { ...request.schema.json },
        strict: true,
      },
    },
    max_output_tokens: request.maxOutputTokens,
    ...(thinks(request.model) ? { reasoning: { effort: "high" } } : {}),
    // What does not fit is an error, never cut.
    truncation: "disabled",
    store: false,
    stream: true,
  };
  const { data: stream, response } = await client.responses
    .create(body, { signal, timeout: request.timeout, maxRetries: 0 })
    .withResponse();
  said.headers = response.headers;
  let pieces = 0;
  let told = clock();
  request.onProgress?.(`${request.model} reads`);
  for await (const event of stream) {
    switch (event.type) {
      case "response.output_text.delta":
        said.text += event.delta;
        if (said.text.length > longestAnswer) throw new Error(`more than ${longestAnswer} characters`);
        pieces += 1;
        if (clock() - told >= progressEvery) {
          told = clock();
          // A piece is about a token.
          request.onProgress?.(`${request.model} writing, ${pieces} tokens`);
        }
        break;
      case "response.completed":
      case "response.incomplete":
        said.final = event.response;
        break;
      case "response.failed":
        said.final = event.response;
        said.failed = {
          status: null,
          code: event.response.error?.code ?? null,
          type: null,
          message: event.response.error?.message ?? "the response failed",
          headers: response.headers,
        };
        break;
      case "error":
        said.failed = {
          status: null,
          code: event.code,
          type: null,
          message: event.message,
          headers: response.headers,
        };
        break;
      default:
    }
  }
}

/** Models that think take an effort, and the others refuse it. */
function thinks(model: string): boolean {
  return /^(?:gpt-(?:[5-9]|\d\d)|o\d|codex)/.test(model) && !/chat/.test(model);
}

function errorOf(sdk: Sdk, error: unknown, said: Said): ApiError {
  if (error instanceof sdk.APIConnectionError) throw notReached(error, said);
  if (error instanceof sdk.APIError) return apiErrorOf(error, said);
  // Whatever else ends a stream: a broken connection, a chunk that is no JSON.
  throw notReached(error, said);
}

function apiErrorOf(error: APIError, said: Said): ApiError {
  const status: unknown = error.status;
  const headers: unknown = error.headers;
  return {
    status: typeof status === "number" ? status : null,
    code: error.code ?? null,
    type: error.type ?? null,
    message: error.message,
    headers: headers instanceof Headers ? headers : said.headers,
  };
}

function notReached(error: unknown, said: Said): SourceFailure {
  const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : "";
  const what = evidenceOf(`${messageOf(error)}${cause}`, []);
  if (said.headers.has("content-type") || said.text !== "") {
    return new SourceFailure("cut", `OpenAI's answer broke off: ${what}`, "Review again.", {
      text: said.text,
      cause: error,
    });
  }
  return new SourceFailure(
    "unreachable",
    `OpenAI could not be reached: ${what}`,
    "Check the network, the proxy variables and premium_sources.openai_pro.endpoint.",
    { cause: error },
  );
}

function tooSlow({ model, timeout }: PremiumRequest, text: string): SourceFailure {
  return new SourceFailure(
    "timeout",
    `${model} gave no whole answer within ${Math.round(timeout / 1_000)} s.`,
    "Review a smaller change, or allow more time.",
    { text },
  );
}

function answerOf(request: PremiumRequest, said: Said, now: number): PremiumAnswer {
  const { final } = said;
  const windows = headerWindows(said.headers, now, request.model);
  const tokens = tokensOf(final);
  const fail = (kind: "cut" | "silent" | "refused", message: string, hint: string, text: string) =>
    new SourceFailure(kind, message, hint, { windows, text, tokens });
  if (final === null) {
    throw fail("cut", "OpenAI's answer ended before its end.", "Review again.", said.text);
  }
  // A gateway's answer may lack what OpenAI's has.
  const items = Array.isArray(final.output) ? final.output : [];
  const parts = items.flatMap((item) =>
    item.type === "message" && Array.isArray(item.content) ? item.content : [],
  );
  const written = parts.flatMap((part) => (part.type === "output_text" ? [part.text] : [])).join("");
  const text = written === "" ? said.text : written;
  const refusal = parts.find((part) => part.type === "refusal");
  if (refusal !== undefined) {
    throw fail(
      "refused",
      `${request.model} declined to review: ${evidenceOf(refusal.refusal, [])}`,
      "Route this class to another source, or have a person review the change.",
      text,
    );
  }
  if (final.status === "incomplete") {
    if (final.incomplete_details?.reason === "content_filter") {
      throw fail(
        "refused",
        "OpenAI's content filter ended the answer.",
        "Route this class to another source, or have a person review the change.",
        text,
      );
    }
    throw fail(
      "cut",
      `${request.model} was cut at ${request.maxOutputTokens} tokens of answer.`,
      "Review a smaller change, or another model.",
      text,
    );
  }
  if (text.trim() === "") {
    throw fail("silent", `${request.model} ended without a message.`, "Review again.", "");
  }
  return {
    text,
    structured: parsedJson(text),
    model: final.model ?? null,
    tokens,
    session: null,
    windows,
  };
}

function tokensOf(final: ModelResponse | null): PremiumTokens | null {
  const usage = final?.usage;
  if (!usage) return null;
  const input = numberIn(usage, "input_tokens");
  const output = numberIn(usage, "output_tokens");
  if (input === null || output === null) return null;
  return { input, cached_input: numberIn(usage.input_tokens_details, "cached_tokens") ?? 0, output };
}

async function listModels(client: Client, signal: AbortSignal): Promise<string[] | null> {
  try {
    const page = await client.models.list({ signal, timeout: listTimeout, maxRetries: 0 });
    return page.data
      .map(({ id }) => id)
      .filter((id): id is string => typeof id === "string")
      .sort();
  } catch {
    return null;
  }
}

/** Whether the key is taken, and for which models: the list is free. What is left of an account nobody is told. */
async function probe(
  sluice: Sluice,
  settings: SourceSettings,
  options: { signal: AbortSignal; timeout: number },
): Promise<Probe> {
  const nothing = { windows: [], allowed: null, models: null, plan: null };
  if (settings.key === null && settings.endpoint === null) {
    return { ...nothing, state: "signed_out", why: "there is no API key" };
  }
  try {
    const key = keyOf(settings);
    const signal = AbortSignal.any([options.signal, abortAfter(options.timeout)]);
    const provider = await providerFetch(sluice);
    try {
      const { sdk, client } = await connect(settings, key, provider);
      try {
        const page = await client.models.list({ signal, timeout: options.timeout, maxRetries: 0 });
        const models = page.data.map(({ id }) => id).sort();
        return {
          ...nothing,
          state: "ready",
          models,
          why: "the API key is valid; a key's credit can't be asked",
        };
      } catch (error) {
        if (error instanceof sdk.AuthenticationError) {
          return {
            ...nothing,
            state: "signed_out",
            why: `the API key is refused: ${evidenceOf(error.message, [key])}`,
          };
        }
        return {
          ...nothing,
          state: "unknown",
          why: `OpenAI did not say: ${evidenceOf(messageOf(error), [key])}`,
        };
      }
    } finally {
      await provider.close();
    }
  } catch (error) {
    return {
      ...nothing,
      state: "unknown",
      why: `OpenAI could not be asked: ${evidenceOf(messageOf(error), [])}`,
    };
  }
}
