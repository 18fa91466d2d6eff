import { SourceError } from "../errors.js";
import { printable } from "../printable.js";
import type { Endpoint } from "./endpoints.js";
import { withoutTags } from "./sentence.js";

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

/** A server's words, for a person: one short line without anything that a terminal, or a loop around an agent, acts on. */
export function shown(text: string): string {
  const line = withoutTags(printable(text)).replaceAll(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

export function startHint(endpoint: Endpoint): string {
  if (endpoint.kind === "ollama") return "Start it (ollama serve), or set PREFILTER_ENABLED=0 to go without.";
  return "Start it (scripts/start-local-stack.sh), or set LOCAL_ENDPOINT to where it runs, or LOCAL_ENABLED=0 to go without.";
}

export function memoryHint(endpoint: Endpoint): string {
  return `Most often there is too little memory for it: end what else uses the graphics card, or use a smaller context or model. ${logHint(endpoint)}`;
}

export function logHint(endpoint: Endpoint): string {
  return endpoint.kind === "ollama"
    ? "Look into Ollama's log."
    : "Look into the server's log (llama-swap shows it at /logs).";
}

export function endpointKey(endpoint: Endpoint): string {
  return endpoint.role === "primary"
    ? "LOCAL_ENDPOINT (local.primary_endpoint)"
    : "PREFILTER_ENDPOINT (local.prefilter_endpoint)";
}
