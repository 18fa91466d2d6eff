import { SourceError } from "../errors.js";
import { printable } from "../printable.js";
import type { Endpoint } from "./endpoints.js";

/** The ways a local model can fail, told apart so that each has its own next step. */
export type LocalFailureKind =
  | "not_running"
  | "model_unknown"
  | "out_of_context"
  | "out_of_memory"
  | "not_started"
  | "loading"
  | "busy"
  | "slow"
  | "cut"
  | "not_json"
  | "refused"
  | "protocol";

export interface LocalFailureDetails {
  status?: number;
  /** Milliseconds. */
  retryAfter?: number;
  cause?: unknown;
  /** For `out_of_context`, in tokens, where the server said them. */
  context?: { prompt: number | null; limit: number | null };
  /** What the server did not accept of a request, where that is known: it can be left out next time. */
  unsupported?: "response_format" | "extra_fields";
}

/** A local model, or what serves it, failed. `message` says what happened, `hint` the next step. */
export class LocalFailure extends SourceError {
  declare readonly kind: LocalFailureKind;
  readonly context: { prompt: number | null; limit: number | null } | null;
  readonly unsupported: "response_format" | "extra_fields" | null;

  constructor(kind: LocalFailureKind, message: string, hint: string, details: LocalFailureDetails = {}) {
    super(message, hint, { kind, ...details });
    this.context = details.context ?? null;
    this.unsupported = details.unsupported ?? null;
  }
}

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

  if (status === 401 || status === 403) return fail("refused", ...refusedWords(endpoint, where, status));
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

/** The failure that a request without an answer means; null for an error that is none of the network's. */
export function failureOfTransport(endpoint: Endpoint, error: unknown): LocalFailure | null {
  if (error instanceof LocalFailure) return error;
  const codes = errorCodes(error);
  const has = (...wanted: string[]) => codes.find((code) => wanted.includes(code));
  const at = endpoint.baseUrl;
  const fail = (kind: LocalFailureKind, message: string, hint: string) =>
    new LocalFailure(kind, message, hint, { cause: error });
  if (
    has("ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH", "EHOSTUNREACH", "EACCES", "EPERM")
  ) {
    return fail("not_running", `Nothing listens at ${at}.`, startHint(endpoint));
  }
  if (has("ENOTFOUND", "EAI_AGAIN", "EAI_FAIL")) {
    return fail("not_running", `The host of ${at} is not known here.`, `Check ${endpointKey(endpoint)}.`);
  }
  if (has("UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT")) {
    return fail("not_running", `${at} does not take a connection.`, startHint(endpoint));
  }
  if (has("UND_ERR_HEADERS_TIMEOUT")) return slow(endpoint, "it did not begin to answer", error);
  if (has("UND_ERR_BODY_TIMEOUT")) return slow(endpoint, "it stopped in the middle of an answer", error);
  if (
    has(
      "UND_ERR_SOCKET",
      "ECONNRESET",
      "EPIPE",
      "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
      "UND_ERR_CLOSED",
      "UND_ERR_DESTROYED",
    )
  ) {
    return fail("cut", `${at} ended the connection before its answer was whole.`, logHint(endpoint));
  }
  const tls = codes.find((code) => /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code));
  if (tls !== undefined) {
    return fail(
      "refused",
      `${at} has no certificate that is trusted here (${tls}).`,
      "Set NODE_EXTRA_CA_CERTS to its authority, or use http:// on this machine.",
    );
  }
  const other = codes.find((code) => /^(HPE_|UND_ERR_)/.test(code));
  if (other !== undefined)
    return fail(
      "protocol",
      `${at} does not speak HTTP as expected (${other}).`,
      `Check ${endpointKey(endpoint)}.`,
    );
  return null;
}

/** A limit of ours passed. */
export function slow(endpoint: Endpoint, what: string, cause?: unknown): LocalFailure {
  return new LocalFailure(
    "slow",
    `${endpoint.model} at ${endpoint.baseUrl} took too long: ${what}.`,
    "Use a smaller model or context, or look whether it runs on the graphics card.",
    { cause },
  );
}

/** No model of that name there. `listed` are the names it has, where that is known. */
export function unknownModel(
  endpoint: Endpoint,
  model: string,
  listed: readonly string[],
  status?: number,
): LocalFailure {
  const has = listed.length === 0 ? "" : ` It has: ${shown(listed.slice(0, 12).join(", "))}.`;
  const key =
    endpoint.role === "primary"
      ? "LOCAL_MODEL (local.primary_model)"
      : "PREFILTER_MODEL (local.prefilter_model)";
  const pull = endpoint.kind === "ollama" ? `, or run: ollama pull ${model}` : "";
  return new LocalFailure(
    "model_unknown",
    `${endpoint.baseUrl} has no model ${model}.${has}`,
    `Set ${key} to a name it lists${pull}.`,
    status === undefined ? {} : { status },
  );
}

/** The server answered, but not as the kind of server it should be. */
export function foreign(endpoint: Endpoint, what: string): LocalFailure {
  return new LocalFailure(
    "protocol",
    `${endpoint.baseUrl} answers, but not as a server of models: ${what}.`,
    `Something else may listen there: check ${endpointKey(endpoint)}.`,
  );
}

/** What a server of this kind is called in messages. */
export function serverName(endpoint: Endpoint): string {
  return endpoint.role === "primary" ? "local model" : "pre-filter";
}

/** The message, type and code of an error in any of the shapes servers use. */
export function errorIn(body: string): { message: string; type: string; json: Record<string, unknown> } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { message: /<html|<!doctype/i.test(body) ? "an HTML page" : body.trim(), type: "", json: {} };
  }
  const outer = isRecord(parsed) ? parsed : {};
  const error = outer.error ?? outer.detail ?? outer.message;
  if (typeof error === "string") return { message: error, type: "", json: outer };
  const inner = isRecord(error) ? error : {};
  return {
    message: textOf(inner.message),
    type: `${textOf(inner.type)} ${textOf(inner.code)}`.trim(),
    json: inner,
  };
}

/** A server's words, for a person: one short line without anything that a terminal would act on. */
export function shown(text: string): string {
  const line = printable(text).replaceAll(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function isOverflow(type: string, message: string): boolean {
  return (
    type.includes("exceed_context_size") ||
    type.includes("context_length_exceeded") ||
    /exceeds the available context|maximum context length|longer than the (maximum )?(model |context)|context length (exceeded|currently)|exceed(s|ed)? .{0,40}context|input is too long/i.test(
      message,
    )
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
    /invalid model|model .{0,120}(not found|does not exist|not loaded)|no models? loaded/i.test(message)
  );
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

function startHint(endpoint: Endpoint): string {
  if (endpoint.kind === "ollama") return "Start it (ollama serve), or set PREFILTER_ENABLED=0 to go without.";
  return "Start it (scripts/start-local-stack.sh), or set LOCAL_ENDPOINT to where it runs, or LOCAL_ENABLED=0 to go without.";
}

function memoryHint(endpoint: Endpoint): string {
  return `Most often there is too little memory for it: end what else uses the graphics card, or use a smaller context or model. ${logHint(endpoint)}`;
}

function logHint(endpoint: Endpoint): string {
  return endpoint.kind === "ollama"
    ? "Look into Ollama's log."
    : "Look into the server's log (llama-swap shows it at /logs).";
}

function endpointKey(endpoint: Endpoint): string {
  return endpoint.role === "primary"
    ? "LOCAL_ENDPOINT (local.primary_endpoint)"
    : "PREFILTER_ENDPOINT (local.prefilter_endpoint)";
}

/** Milliseconds, from seconds or an HTTP date. */
function retryAfter(value: string | null): number {
  const seconds = value === null || value.trim() === "" ? defaultRetry : Number(value);
  const asked = Number.isFinite(seconds) ? seconds : (Date.parse(value ?? "") - Date.now()) / 1000;
  const wanted = Number.isFinite(asked) ? asked : defaultRetry;
  return Math.round(Math.min(Math.max(wanted, 0), longestRetry) * 1000);
}

/** Codes of an error, of its causes and of the errors it gathers. */
function errorCodes(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const gathered = error instanceof AggregateError ? error.errors : [];
  return [...own, ...[error.cause, ...gathered].flatMap((inner) => errorCodes(inner, depth + 1))];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}
