import { once } from "node:events";
import { connect, type LookupFunction } from "node:net";
import type { buildConnector, Dispatcher } from "undici";
import { isLoopback } from "../config/restrict.js";
import type { Sluice } from "../sluice.js";
import { abortAfter } from "../time-limit.js";
import type { Endpoint } from "./endpoints.js";
import { failureOfAnswer } from "./failure-of-answer.js";
import { failureOfTransport } from "./failure-of-transport.js";
import { LocalFailure } from "./failures.js";

export interface HttpRequest {
  method: "GET" | "POST";
  /** Below the endpoint's base URL, with a slash before it. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  signal: AbortSignal;
  /** Milliseconds until the answer begins. */
  headersTimeout: number;
  /** Milliseconds between two pieces of it. */
  bodyTimeout: number;
  /** Bytes of the answer; a longer one is a failure. */
  cap: number;
}

export interface HttpAnswer {
  status: number;
  contentType: string;
  server: string;
  retryAfter: string | null;
  /** To be read to its end or left by `return`, which closes the connection. */
  body: AsyncIterable<Uint8Array>;
}

/** Requests to one endpoint, on connections of its own. */
export interface Http {
  /** Any answer, of any status. Throws LocalFailure when there is none, and the signal's reason. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** The whole answer as text, of any status. */
  text(request: HttpRequest): Promise<{
    status: number;
    contentType: string;
    server: string;
    text: string;
    retryAfter: string | null;
  }>;
  close(): Promise<void>;
}

/** Milliseconds. A server on this machine answers at once; one elsewhere gets as long. */
const connectTimeout = 5_000;
/** Milliseconds. */
const staleWithin = 500;

/**
 * Opens an endpoint; nothing is sent yet. Limits are ours: Node's default of 300 s to the first byte would cut the
 * cold load of a model. `localhost` is tried on both of its addresses, whatever the resolver says, and no proxy
 * stands before an address on this machine.
 */
export function openHttp(endpoint: Endpoint, sluice: Sluice): Http {
  let dispatcher: Promise<{ dispatcher: Dispatcher; request: typeof import("undici").request }> | null = null;
  const load = async () => {
    const { Agent, buildConnector, EnvHttpProxyAgent, request } = await import("undici");
    const localhost = new URL(endpoint.baseUrl).hostname === "localhost" ? new Localhost() : null;
    const open = buildConnector({
      lookup: localhost?.lookup,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: 500,
      timeout: connectTimeout,
    });
    const connect: buildConnector.connector = (options, callback) =>
      open(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        localhost?.worked(socket.remoteFamily);
        callback(null, socket);
      });
    const settings = {
      connect,
      // A server may be restarted between two calls.
      keepAliveTimeout: 2_000,
      pipelining: 1,
    };
    return {
      request,
      dispatcher: isLoopback(endpoint.baseUrl)
        ? new Agent({ ...settings })
        : new EnvHttpProxyAgent({ ...settings, ...proxies(sluice) }),
    };
  };

  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    request.signal.throwIfAborted();
    if (dispatcher === null && isLoopback(endpoint.baseUrl)) await knock(endpoint, request.signal);
    dispatcher ??= load();
    const loaded = await dispatcher;
    const ask = async () => {
      const { statusCode, headers, body } = await loaded.request(`${endpoint.baseUrl}${request.path}`, {
        method: request.method,
        headers: requestHeaders(endpoint, request.body !== undefined),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        dispatcher: loaded.dispatcher,
        signal: request.signal,
        headersTimeout: request.headersTimeout,
        bodyTimeout: request.bodyTimeout,
      });
      // Whoever stops reading destroys it, and the error of that is nobody's.
      body.on("error", () => {});
      return {
        status: statusCode,
        contentType: one(headers["content-type"]) ?? "",
        server: one(headers.server) ?? "",
        retryAfter: one(headers["retry-after"]),
        body: read(endpoint, body, request),
      };
    };
    const started = performance.now();
    try {
      return await ask();
    } catch (error) {
      const failure = understood(endpoint, error, request.signal);
      // A connection that was kept may have been closed by the other side just then.
      const stale =
        failure instanceof LocalFailure &&
        failure.kind === "cut" &&
        performance.now() - started < staleWithin;
      if (!stale) throw failure;
    }
    try {
      return await ask();
    } catch (error) {
      throw understood(endpoint, error, request.signal);
    }
  };
  return {
    send,
    async text(request) {
      const answer = await send(request);
      const chunks: Uint8Array[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      const { status, contentType, server, retryAfter } = answer;
      return { status, contentType, server, retryAfter, text: Buffer.concat(chunks).toString("utf8") };
    },
    async close() {
      const open = dispatcher;
      dispatcher = null;
      if (open !== null) await (await open).dispatcher.destroy();
    },
  };
}

/**
 * Sees whether anybody listens. Most machines have no local model, and a hundred modules of an HTTP client are a
 * tenth of a server's memory. Throws what the client would.
 */
async function knock(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  const { hostname, port, protocol } = new URL(endpoint.baseUrl);
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || (protocol === "https:" ? 443 : 80),
    lookup: hostname === "localhost" ? new Localhost().lookup : undefined,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 500,
  });
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, abortAfter(connectTimeout)]) });
  } catch (error) {
    // Whatever it is but that nobody is there, the client itself shall see it.
    if (signal.aborted) throw signal.reason;
    const refused = failureOfTransport(endpoint, error);
    if (refused?.kind === "not_running") throw refused;
  } finally {
    socket.destroy();
  }
}

/** The failure that an answer without success means, its body read as far as it can say something. */
export async function failureOf(
  endpoint: Endpoint,
  model: string,
  answer: HttpAnswer,
): Promise<LocalFailure> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > 65_536) break;
    }
  } catch {
    // The status alone says enough.
  }
  return failureOfAnswer(endpoint, model, {
    status: answer.status,
    retryAfter: answer.retryAfter,
    body: Buffer.concat(chunks).toString("utf8"),
  });
}

/** What the signal says when it was aborted; else the failure that the error means; else the error, a bug. */
export function understood(endpoint: Endpoint, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  return failureOfTransport(endpoint, error) ?? error;
}

async function* read(
  endpoint: Endpoint,
  body: AsyncIterable<Uint8Array>,
  { cap, signal }: HttpRequest,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > cap) throw tooLong(endpoint, cap);
      yield chunk;
    }
  } catch (error) {
    throw understood(endpoint, error, signal);
  }
}

function tooLong(endpoint: Endpoint, cap: number): LocalFailure {
  return new LocalFailure(
    "protocol",
    `${endpoint.baseUrl} answered with more than ${Math.round(cap / 1024)} KiB, which no answer needs; the rest was not read.`,
    "Look whether the model repeats itself without end; another model or quantisation may not.",
  );
}

function requestHeaders({ apiKey, headers }: Endpoint, withBody: boolean): Record<string, string> {
  return {
    accept: "application/json, text/event-stream",
    ...(withBody ? { "content-type": "application/json" } : {}),
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    ...headers,
  };
}

/**
 * `localhost` is 127.0.0.1 and ::1, also where the system's resolver knows one of them only: servers listen on
 * either. A connection is tried on each in turn, first on the one that took the last connection.
 */
class Localhost {
  #addresses = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];

  /** @param family of the connection that was made: `IPv4` or `IPv6` */
  worked(family: string | undefined): void {
    const number = family === "IPv6" ? 6 : 4;
    this.#addresses.sort((one, other) => Number(other.family === number) - Number(one.family === number));
  }

  readonly lookup: LookupFunction = (_name, options, callback) => {
    const addresses = this.#addresses.map((one) => ({ ...one }));
    const [first] = addresses;
    if (options.all) callback(null, addresses);
    else callback(null, first?.address ?? "127.0.0.1", first?.family ?? 4);
  };
}

function proxies({ env }: Sluice): { httpProxy: string; httpsProxy: string; noProxy: string } {
  const value = (name: string) => env[name.toLowerCase()] ?? env[name] ?? "";
  const proxy = (name: string) => (URL.canParse(value(name)) ? value(name) : "");
  const http = proxy("HTTP_PROXY");
  return { httpProxy: http, httpsProxy: proxy("HTTPS_PROXY") || http, noProxy: value("NO_PROXY") };
}

function one(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
