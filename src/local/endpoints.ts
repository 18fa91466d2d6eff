import { isLoopback } from "../config/restrict.js";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";

export type Role = "primary" | "prefilter";

/** Where a local model is reached, as configured. What is really there is found by `inspect`. */
export interface Endpoint {
  role: Role;
  /** How it is spoken to first: `ollama` on Ollama's own port; anything else is looked at when it is first asked. */
  kind: "openai" | "ollama";
  /** Without a slash or `/v1` at the end. */
  baseUrl: string;
  model: string;
  /** The model for what does not fit `contextDefault`, when the user named one. */
  largeModel: string | null;
  /** The value of a key to send along; null for none. */
  apiKey: string | null;
  headers: Readonly<Record<string, string>>;
  /** Tokens that a request of the usual size may have, its answer included. */
  contextDefault: number;
  /** Tokens of the largest request. */
  contextMax: number;
}

/** Ollama's own. */
const ollamaPort = "11434";
/** Tokens: the pre-filter reads one file's hunks at a time, and Ollama reloads a model when its context changes. */
const prefilterContext = 16_384;

/** The local endpoints of the configuration in effect; null for one that is switched off. */
export function localEndpoints(
  config: Config,
  sluice: Sluice,
): { primary: Endpoint | null; prefilter: Endpoint | null } {
  const { local } = config;
  if (!local.enabled) return { primary: null, prefilter: null };
  const value = (name: string | undefined) => (name === undefined ? "" : (sluice.env[name]?.trim() ?? ""));
  const key = (name: string | undefined) => (value(name) === "" ? null : value(name));
  const primary: Endpoint = {
    role: "primary",
    ...place(local.primary_endpoint),
    model: local.primary_model,
    largeModel: local.primary_model_large ?? null,
    apiKey: key(local.api_key_env),
    headers: local.headers ?? {},
    contextDefault: Math.min(local.context_default, local.context_max),
    contextMax: Math.max(local.context_default, local.context_max),
  };
  if (!local.prefilter_enabled) return { primary, prefilter: null };
  const address = place(local.prefilter_endpoint);
  // A key is for the server it was given for, and for no other.
  const shared = origin(address.baseUrl) === origin(primary.baseUrl);
  const prefilter: Endpoint = {
    role: "prefilter",
    ...address,
    model: local.prefilter_model,
    largeModel: null,
    apiKey: key(local.prefilter_api_key_env) ?? (shared ? primary.apiKey : null),
    headers: local.prefilter_headers ?? (shared ? primary.headers : {}),
    contextDefault: prefilterContext,
    contextMax: prefilterContext,
  };
  return { primary, prefilter };
}

/** The configuration without the models that are on another machine. */
export function onThisMachine(config: Config): Config {
  const { local } = config;
  return {
    ...config,
    local: {
      ...local,
      enabled: local.enabled && isLoopback(local.primary_endpoint),
      prefilter_enabled: local.prefilter_enabled && isLoopback(local.prefilter_endpoint),
    },
  };
}

function place(address: string): { kind: Endpoint["kind"]; baseUrl: string } {
  const url = new URL(address);
  const path = url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
  return { kind: url.port === ollamaPort ? "ollama" : "openai", baseUrl: `${url.origin}${path}` };
}

function origin(address: string): string {
  return new URL(address).origin;
}
