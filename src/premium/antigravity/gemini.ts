import { messageOf } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import type { UsageEvent, WindowReading } from "../../state/quota-state.js";
import { abortAfter } from "../../time-limit.js";
import { evidenceOf } from "../evidence.js";
import { identityOf } from "../identity.js";
import { parsedJson } from "../json-text.js";
import { type ProviderFetch, providerFetch } from "../provider-fetch.js";
import { withoutVariables } from "../sdk-environment.js";
import {
  type FailureKind,
  type PremiumAnswer,
  type PremiumRequest,
  type PremiumSource,
  type PremiumTokens,
  type Probe,
  SourceFailure,
  type SourceSettings,
  throttleReason,
} from "../source.js";
import { type GeminiError, geminiError } from "./gemini-errors.js";

type Sdk = typeof import("@google/genai");
type Client = InstanceType<Sdk["GoogleGenAI"]>;
type Response = import("@google/genai").GenerateContentResponse;
type Usage = Response["usageMetadata"];

const day = 86_400_000;
const minute = 60_000;
/** Milliseconds for the list of models that goes into an error. */
const listPatience = 5_000;

/** Gemini by an API key: the clean alternative to Antigravity's own program. */
export function openGemini(
  sluice: Sluice,
  settings: SourceSettings,
  load: () => Promise<Sdk> = () => import("@google/genai"),
): PremiumSource {
  return {
    name: "antigravity",
    access: "api",
    probe: () => Promise.resolve(probe(settings)),
    identity: () => identityOf(["api", settings.endpoint, settings.key]),
    review: (request) => review(sluice, settings, request, load),
  };
}

function probe({ key }: SourceSettings): Probe {
  const nothing = { windows: [], allowed: null, models: null, plan: null };
  if (key === null) return { ...nothing, state: "signed_out", why: "no Gemini API key is set" };
  return { ...nothing, state: "unknown", why: "a Gemini API key's limits show only when they are hit" };
}

async function review(
  sluice: Sluice,
  settings: SourceSettings,
  request: PremiumRequest,
  load: () => Promise<Sdk>,
): Promise<PremiumAnswer> {
  const { key } = settings;
  if (key === null)
    throw new SourceFailure(
      "auth",
      "No Gemini API key is set.",
      "Set GEMINI_API_KEY (or the variable that premium_sources.antigravity.api_key_env names) where this server is started.",
    );
  const sdk = await loaded(load);
  const limit = AbortSignal.any([request.signal, abortAfter(request.timeout)]);
  const provider = await providerFetch(sluice);
  const client = openClient(sdk, settings, key, request.timeout, provider);
  const said: Said = {
    text: "",
    finish: null,
    blocked: null,
    usage: undefined,
    model: null,
    calledTool: false,
  };
  try {
    await ask(client, request, limit, said);
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    if (limit.aborted)
      throw new SourceFailure(
        "timeout",
        `Gemini gave no whole answer within ${Math.round(request.timeout / 1_000)} s.`,
        "Call again, or let another source review.",
        { text: said.text, tokens: tokensOf(said.usage) },
      );
    throw await failureOf(error, said, { sluice, client, request, key });
  } finally {
    await provider.close();
  }
  return answerOf(said, request);
}

async function loaded(load: () => Promise<Sdk>): Promise<Sdk> {
  try {
    return await load();
  } catch (cause) {
    throw new SourceFailure(
      "unreachable",
      "Google's SDK (@google/genai), which asks Gemini, is not installed beside Sluice.",
      "Run `npm i @google/genai@2` where Sluice is installed (`npm i -g @google/genai@2` for a global one), then call again.",
      { cause },
    );
  }
}

function openClient(
  sdk: Sdk,
  { endpoint, headers }: SourceSettings,
  apiKey: string,
  timeout: number,
  provider: ProviderFetch,
): Client {
  return withoutVariables(
    ["GOOGLE_", "GEMINI_"],
    () =>
      new sdk.GoogleGenAI({
        apiKey,
        vertexai: false,
        httpOptions: {
          timeout: Math.min(timeout, 2 ** 31 - 1),
          retryOptions: { attempts: 1 },
          headers: { ...headers },
          baseUrl: endpoint ?? "https://generativelanguage.googleapis.com",
          fetch: provider.fetch,
        },
      }),
  );
}

interface Said {
  text: string;
  finish: string | null;
  blocked: string | null;
  usage: Usage;
  model: string | null;
  calledTool: boolean;
}

async function ask(
  client: Client,
  request: PremiumRequest,
  abortSignal: AbortSignal,
  said: Said,
): Promise<void> {
  request.onProgress?.(`Gemini reads the change (${request.model})`);
  const stream = await client.models.generateContentStream({
    model: request.model,
    contents: [{ role: "user", parts: [{ text: request.prompt }] }],
    config: {
      abortSignal,
      systemInstruction: request.instructions,
      maxOutputTokens: request.maxOutputTokens,
      responseMimeType: "application/json",
      responseJsonSchema: request.schema.json,
      tools: [],
      automaticFunctionCalling: { disable: true },
    },
  });
  for await (const chunk of stream) {
    const [candidate] = chunk.candidates ?? [];
    for (const part of candidate?.content?.parts ?? []) {
      if (part.functionCall !== undefined) said.calledTool = true;
      if (part.thought !== true) said.text += part.text ?? "";
    }
    said.finish = candidate?.finishReason ?? said.finish;
    said.blocked = chunk.promptFeedback?.blockReason ?? said.blocked;
    said.usage = chunk.usageMetadata ?? said.usage;
    said.model = chunk.modelVersion ?? said.model;
  }
}

function tokensOf(usage: Usage): PremiumTokens | null {
  if (usage?.promptTokenCount === undefined) return null;
  return {
    input: usage.promptTokenCount,
    cached_input: usage.cachedContentTokenCount ?? 0,
    output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
  };
}

function answerOf(said: Said, { model }: PremiumRequest): PremiumAnswer {
  const tokens = tokensOf(said.usage);
  const stop = (kind: FailureKind, why: string, hint: string) =>
    new SourceFailure(kind, `Gemini (${model}) gave no whole answer: ${why}.`, hint, {
      text: said.text,
      tokens,
    });
  const other = "Let another model review.";
  if (said.blocked !== null) throw stop("refused", `it declined the prompt (${said.blocked})`, other);
  if (said.calledTool) throw stop("refused", "the model asked for a tool, and it has none", other);
  if (said.finish === null) throw stop("cut", "the connection ended in the middle", "Call again.");
  if (said.finish === "MAX_TOKENS")
    throw stop(
      "cut",
      "it reached the limit of its length",
      "Ask for less at once, or let another model review.",
    );
  if (said.finish !== "STOP") throw stop("refused", `it ended with ${said.finish}`, other);
  if (said.text.trim() === "") throw stop("silent", "it ended without a message", "Call again.");
  return {
    text: said.text,
    structured: parsedJson(said.text),
    model: said.model,
    tokens,
    session: null,
    windows: [],
  };
}

interface Asked {
  sluice: Sluice;
  client: Client;
  request: PremiumRequest;
  key: string;
}

async function failureOf(error: unknown, said: Said, asked: Asked): Promise<SourceFailure> {
  const stated = geminiError(error);
  const kind = kindOf(stated);
  const evidence = evidenceOf(stated.message || messageOf(error), [asked.key]);
  const [message, hint] = await words(kind, stated, evidence, asked);
  const windows = kind === "usage_limit" || kind === "rate_limit" ? windowsOf(stated, asked) : [];
  const throttle = throttleOf(kind, stated, evidence, windows, asked.request.model);
  return new SourceFailure(kind, message, hint, {
    ...(stated.status === null ? {} : { status: stated.status }),
    ...(stated.retryAfter === null ? {} : { retryAfter: stated.retryAfter }),
    ...(throttle === undefined ? {} : { throttle }),
    windows,
    text: said.text,
    tokens: tokensOf(said.usage),
    cause: error,
  });
}

/** By HTTP status and `google.rpc.Code`: https://ai.google.dev/gemini-api/docs/troubleshooting */
function kindOf({ status, code, reason, message, limits }: GeminiError): FailureKind {
  if (reason === "API_KEY_INVALID" || /api key not valid|api key expired/i.test(message)) return "auth";
  if (status === 429 || code === "RESOURCE_EXHAUSTED") {
    if (
      /billing|prepay|credit/i.test(message) &&
      /deplet|exhaust|enable|no longer/i.test(message) &&
      limits.length === 0
    )
      return "billing";
    return limits.some(isDaily) ? "usage_limit" : "rate_limit";
  }
  if (status === 401 || status === 403) return "auth";
  if (status === 404) return "model_unknown";
  if (status === 400 && code === "FAILED_PRECONDITION") return "billing";
  if (status === 413 || /exceeds the maximum number of tokens|input token count/i.test(message))
    return "too_large";
  if (status === 400 && /\bmodel\b.{0,120}\bnot (?:found|supported)/i.test(message)) return "model_unknown";
  if (status !== null && (status >= 500 || status === 408)) return "overloaded";
  return status === null ? "unreachable" : "refused";
}

function isDaily(limit: string): boolean {
  return /per_?day/i.test(limit);
}

/** One full window for each limit that was hit; all of Google's are counted per model. */
function windowsOf({ limits, retryAfter }: GeminiError, { sluice, request }: Asked): WindowReading[] {
  const now = sluice.clock();
  const readings = new Map<string, WindowReading>();
  for (const limit of limits) {
    const daily = isDaily(limit);
    const id = daily ? (/token/i.test(limit) ? "tpd" : "rpd") : /token/i.test(limit) ? "tpm" : "rpm";
    const window_ms = daily ? day : minute;
    // Days end at midnight in California; the delay that comes with them is a minute's.
    const resets_at = daily ? nextPacificMidnight(now) : retryAfter === null ? null : now + retryAfter;
    readings.set(id, { id, used: 1, resets_at, window_ms, provenance: "error", scope: request.model });
  }
  return [...readings.values()];
}

/** When requests per day start anew: https://ai.google.dev/gemini-api/docs/rate-limits */
export function nextPacificMidnight(now: number): number {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: "America/Los_Angeles",
    hourCycle: "h23",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const part = (at: number, type: Intl.DateTimeFormatPartTypes) =>
    Number(clock.formatToParts(at).find((one) => one.type === type)?.value ?? 0);
  const since = (at: number) =>
    (part(at, "hour") * 60 + part(at, "minute")) * 60_000 + part(at, "second") * 1_000;
  const guess = now - (now % 1_000) - since(now) + day;
  // A day of 23 or 25 hours: the guess is an hour off.
  const off = since(guess);
  return off === 0 ? guess : off < day / 2 ? guess - off : guess + (day - off);
}

function throttleOf(
  kind: FailureKind,
  { retryAfter }: GeminiError,
  evidence: string,
  windows: readonly WindowReading[],
  model: string,
): UsageEvent["throttle"] {
  const reason = throttleReason(kind);
  if (reason === null) return undefined;
  const resets = windows.flatMap(({ resets_at }) => (typeof resets_at === "number" ? [resets_at] : []));
  const isModels = kind === "usage_limit" || kind === "rate_limit" || kind === "overloaded";
  return {
    reason,
    ...(resets.length > 0 ? { until: Math.max(...resets) } : { retry_after_ms: retryAfter }),
    ...(isModels ? { scope: model } : {}),
    provenance: "error",
    evidence,
  };
}

async function words(
  kind: FailureKind,
  { status }: GeminiError,
  said: string,
  asked: Asked,
): Promise<[message: string, hint: string]> {
  const who = `Gemini${status === null ? "" : ` (${status})`}`;
  const other = "Another source can review; call again, and the router chooses one.";
  switch (kind) {
    case "usage_limit":
      return [`${who}: the day's limit of ${asked.request.model} is reached: ${said}`, other];
    case "rate_limit":
      return [`${who} takes no request now: ${said}`, other];
    case "auth":
      return [
        `${who} does not take the API key: ${said}`,
        "Make one at aistudio.google.com/apikey and set it where this server is started.",
      ];
    case "billing":
      return [`${who}: billing stands in the way: ${said}`, "See aistudio.google.com, then call again."];
    case "model_unknown": {
      const models = await listModels(asked);
      return [
        `${who} has no model ${JSON.stringify(asked.request.model)}${models === null ? `: ${said}` : `; it has ${models.join(", ")}`}`,
        "Name one that it has in `models` of your own configuration.",
      ];
    }
    case "too_large":
      return [
        `${who}: the prompt does not fit ${asked.request.model}: ${said}`,
        "A model with a larger window has to review this.",
      ];
    case "overloaded":
      return [`${who} is overloaded: ${said}`, other];
    case "unreachable":
      return [`${who} could not be reached: ${said}`, "Look at the network, then call again."];
    default:
      return [`${who} declined: ${said}`, other];
  }
}

/** Ids that can generate text; null when they can't be listed in time. */
async function listModels({ client, request }: Asked): Promise<string[] | null> {
  try {
    const abortSignal = AbortSignal.any([request.signal, abortAfter(listPatience)]);
    const page = await client.models.list({
      config: { abortSignal, pageSize: 200, httpOptions: { timeout: listPatience } },
    });
    const ids = page.page
      .filter(({ supportedActions }) => supportedActions?.includes("generateContent") ?? true)
      .flatMap(({ name }) => (name === undefined ? [] : [name.replace(/^models\//, "")]));
    return ids.length === 0 ? null : ids.slice(0, 60);
  } catch {
    return null;
  }
}
