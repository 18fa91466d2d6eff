import type { Endpoint } from "./endpoints.js";
import {
  LocalFailure,
  type LocalFailureDetails,
  type LocalFailureKind,
  logHint,
  memoryHint,
  serverName,
  shown,
  unknownModel,
} from "./failures.js";

/** What a server answered with a status that is no success, as far as it was read. */
export interface BadAnswer {
  status: number;
  body: string;
  /** The value of `Retry-After`, or null. */
  retryAfter: string | null;
}

/** Seconds after which a busy server is asked again when it does not say. */
const defaultRetry = 1;
/** Nobody waits longer than this for a server that names a far time: the caller's limit decides before. */
const longestRetry = 300;
/** Characters of a server's message that are looked at. */
const longestMessage = 8_000;

/** The failure that a server's answer means, in the shapes of llama-swap, llama-server, Ollama, vLLM and others. */
export function failureOfAnswer(endpoint: Endpoint, model: string, answer: BadAnswer): LocalFailure {
  const { status } = answer;
  const said = errorIn(answer.body);
  const text = shown(said.message);
  const where = `The ${serverName(endpoint)} at ${endpoint.baseUrl}`;
  const fail = (
    kind: LocalFailureKind,
    message: string,
    hint: string,
    details: LocalFailureDetails = {},
  ): LocalFailure => new LocalFailure(kind, message, hint, { status, ...details });

  // LiteLLM without a database looks there for a key that is not its master key.
  const lookedUp = said.type.includes("no_db_connection");
  if (status === 401 || status === 403 || lookedUp)
    return fail("refused", ...refusedWords(endpoint, where, status));
  if (status === 407)
    return fail(
      "refused",
      `A proxy before ${endpoint.baseUrl} refused the call (407).`,
      "Put the host into NO_PROXY.",
    );
  if (isOverflow(said.type, said.message)) return overflow(endpoint, model, said, status);
  if (status === 429) {
    return fail("busy", `${where} has too many requests waiting.`, "Call again in a moment.", {
      retryAfter: retryAfter(answer.retryAfter),
    });
  }
  if (status === 503) {
    const kind = /load/i.test(said.message) ? "loading" : "busy";
    const what =
      kind === "loading" ? `is still loading ${model}` : `is busy${text === "" ? "" : `: ${text}`}`;
    return fail(kind, `${where} ${what}.`, "Call again in a moment.", {
      retryAfter: retryAfter(answer.retryAfter),
    });
  }
  if (isUnknownModel(status, said)) return unknownModel(endpoint, model, [], status);
  if (isMemory(said.message)) {
    return fail("out_of_memory", `${where} could not start ${model}: ${text}`, memoryHint(endpoint));
  }
  if (
    /executable file not found|health check timed out|unable to start|failed to (start|load)|error loading model/i.test(
      said.message,
    )
  ) {
    return fail("not_started", `${where} could not start ${model}: ${text}`, logHint(endpoint));
  }
  if (/peg-native|does not match the expected/i.test(said.message)) {
    return fail(
      "not_json",
      `${model} answered in a form that ${endpoint.baseUrl} could not read: ${text}`,
      "Call again.",
    );
  }
  if (status === 400 || status === 422 || status === 501) {
    const unsupported = unsupportedIn(said.message);
    return fail(
      "protocol",
      `${where} did not accept the request (${status}): ${text}`,
      "Update the server; if that does not help, point local.primary_endpoint at another one.",
      unsupported === null ? {} : { unsupported },
    );
  }
  if (status === 502 || status === 504) {
    return fail(
      "not_running",
      `${where} does not reach the server behind it (${status})${text === "" ? "" : `: ${text}`}`,
      logHint(endpoint),
    );
  }
  return fail("protocol", `${where} answered ${status}${text === "" ? "" : `: ${text}`}`, logHint(endpoint));
}

/** The message, type and code of an error in any of the shapes servers use. */
function errorIn(body: string): { message: string; type: string; json: Record<string, unknown> } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    const page = /<html|<!doctype/i.test(body);
    return { message: page ? "an HTML page" : body.trim().slice(0, longestMessage), type: "", json: {} };
  }
  const outer = isRecord(parsed) ? parsed : {};
  const error = outer.error ?? outer.detail ?? outer.message;
  if (typeof error === "string") return { message: textOf(error), type: "", json: outer };
  const inner = isRecord(error) ? error : {};
  return {
    message: textOf(inner.message),
    type: `${textOf(inner.type)} ${textOf(inner.code)}`.trim(),
    json: inner,
  };
}

function isOverflow(type: string, message: string): boolean {
  return (
    type.includes("exceed_context_size") ||
    type.includes("context_length_exceeded") ||
    /maximum context length|longer than the (maximum )?(model |context)|context length (exceeded|currently)|input is too long/i.test(
      message,
    ) ||
    inOrder(message, /\bexceed(s|ed)? /i, /context/i)
  );
}

function overflow(
  endpoint: Endpoint,
  model: string,
  said: { message: string; json: Record<string, unknown> },
  status: number,
): LocalFailure {
  const prompt = numberOf(said.json.n_prompt_tokens);
  const limit = numberOf(said.json.n_ctx);
  const sizes = prompt !== null && limit !== null ? ` (${prompt} tokens, ${limit} fit)` : "";
  return new LocalFailure(
    "out_of_context",
    `The request is longer than the context of ${model}${sizes}.`,
    endpoint.kind === "ollama"
      ? "Lower local.context_default, or give the model more context."
      : "Start the server with a larger context (-c), or lower local.context_default to what it has.",
    { status, context: { prompt, limit } },
  );
}

function isUnknownModel(status: number, { message, type }: { message: string; type: string }): boolean {
  if (status === 404)
    return (
      /no router|model|not_found_error|NotFound/i.test(`${message} ${type}`) &&
      !/file not found|page not found/i.test(message)
    );
  return (
    status === 400 &&
    (/invalid model|no models? loaded/i.test(message) ||
      inOrder(message, /\bmodel /i, /not found|does not exist|not loaded/i))
  );
}

/** Whether one is said, and soon after it the other. */
function inOrder(message: string, first: RegExp, then: RegExp): boolean {
  const at = message.search(first);
  return at !== -1 && then.test(message.slice(at, at + 160));
}

function isMemory(message: string): boolean {
  return /out of memory|cudaMalloc|failed to allocate|unable to allocate|requires more system memory|insufficient memory|exited prematurely/i.test(
    message,
  );
}

function unsupportedIn(message: string): "response_format" | "extra_fields" | null {
  if (
    /response_format|json_schema|json_object|grammar|guided|structured|schema|'type' must be/i.test(message)
  )
    return "response_format";
  return /chat_template_kwargs|stream_options|extra_forbidden|extra inputs|unrecognized|unexpected (field|key)|unknown (field|parameter|argument)|not permitted|unsupported param/i.test(
    message,
  )
    ? "extra_fields"
    : null;
}

function refusedWords(endpoint: Endpoint, where: string, status: number): [string, string] {
  const key = endpoint.role === "primary" ? "local.api_key_env" : "local.prefilter_api_key_env";
  return [
    `${where} refused the call (${status}): ${endpoint.apiKey === null ? "it wants a key" : "it does not know the key"}.`,
    `Set ${key} in your own configuration to the name of the environment variable that holds its key.`,
  ];
}

/** Milliseconds, from seconds or an HTTP date. */
function retryAfter(value: string | null): number {
  const seconds = value === null || value.trim() === "" ? defaultRetry : Number(value);
  const asked = Number.isFinite(seconds) ? seconds : (Date.parse(value ?? "") - Date.now()) / 1000;
  const wanted = Number.isFinite(asked) ? asked : defaultRetry;
  return Math.round(Math.min(Math.max(wanted, 0), longestRetry) * 1000);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).slice(0, longestMessage) : "";
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}
