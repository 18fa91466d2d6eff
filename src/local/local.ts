import * as z from "zod";
import { loadPrompt } from "../config/prompts.js";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import { recordEvent } from "../state/metrics.js";
import type { StateStore } from "../state/store.js";
import { askHost } from "./ask.js";
import type { Timing } from "./attempt.js";
import { type Endpoint, localEndpoints, type Role } from "./endpoints.js";
import { LocalFailure } from "./failures.js";
import { hostOf } from "./host.js";
import { type Asked, type Job, unavailable } from "./job.js";
import { limited, pause } from "./limits.js";
import { askPieces, type Part, type PiecesJob } from "./pieces.js";
import { type EndpointState, endpointState } from "./state.js";

export { closeLocal } from "./host.js";
export type { Answer, Asked, Job, Unavailable } from "./job.js";
export type { Part, Piece, PiecesJob } from "./pieces.js";
export type { EndpointState } from "./state.js";

export interface LocalState {
  /** False when the configuration switches the local tier off. */
  enabled: boolean;
  primary: EndpointState | null;
  prefilter: EndpointState | null;
}

/** What a tiny request gave: that the model answers, in a schema, and how fast. */
export interface Probe {
  asked: Asked<{ word: string }>;
  /** Of the answer, without the time to its first byte; null where the server does not count. */
  tokensPerSecond: number | null;
}

/** The local models. */
export interface LocalTier {
  /** Whether the configuration has such a model: says nothing on whether it is there. */
  configured(role: Role): boolean;
  /** What is there now, in bounded time and without loading anything. */
  state(signal: AbortSignal): Promise<LocalState>;
  /**
   * A typed answer, or why there is none. Never throws for what a model or its server does; throws the signal's reason
   * when the caller cancels, and the request is then cancelled on the server.
   */
  ask<T>(job: Job<T>): Promise<Asked<T>>;
  /** The same over many files: in one request when they fit, else by file, hunk and line, with nothing left out. */
  askPieces<T>(job: PiecesJob<T>): Promise<Part<T>[]>;
  /** Loads the model when it has to, and has it say a word. */
  probe(
    role: Role,
    options: { limit: number; signal: AbortSignal; onProgress?: (message: string) => void },
  ): Promise<Probe>;
}

/** Milliseconds. */
const tick = 5_000;

/**
 * The local tier of a configuration. Cheap: nothing is sent before it is asked. Queue, breaker and what was learnt
 * about an endpoint are shared by every call in this process.
 *
 * @param options `store`: where calls are counted for the report
 */
export function openLocal(
  config: Config,
  sluice: Sluice,
  { store, ...timing }: Partial<Timing> & { store?: StateStore | undefined } = {},
): LocalTier {
  const endpoints = localEndpoints(config, sluice);
  const askOnce = async <T>(endpoint: Endpoint, job: Job<T>): Promise<Asked<T>> => {
    const host = hostOf(endpoint, sluice);
    const dead = host.breaker.check(sluice.clock());
    if (dead !== null) return unavailable(dead);
    const limit = limited(job.signal, job.limit);
    try {
      return await askHost(host, endpoint, job, limit, { pause, tick, ...timing });
    } catch (error) {
      job.signal.throwIfAborted();
      if (!(error instanceof LocalFailure)) throw error;
      host.died(error);
      return unavailable(error);
    } finally {
      host.breaker.undecided();
      limit.end();
    }
  };
  const tier: LocalTier = {
    configured: (role) => endpoints[role] !== null,
    async state(signal) {
      const of = (role: Role) => {
        const endpoint = endpoints[role];
        return endpoint === null ? null : endpointState(hostOf(endpoint, sluice), endpoint, signal);
      };
      const [primary, prefilter] = await Promise.all([of("primary"), of("prefilter")]);
      return { enabled: config.local.enabled, primary, prefilter };
    },
    async ask(job) {
      const endpoint = endpoints[job.role];
      if (endpoint === null) return switchedOff(job.role);
      job.signal.throwIfAborted();
      const started = performance.now();
      const asked = await askOnce(endpoint, job);
      if (store !== undefined) await recordCall(store, sluice, job.name, asked, performance.now() - started);
      return asked;
    },
    askPieces: (job) => askPieces(job, (one) => tier.ask(one), endpoints[job.role]?.contextDefault ?? 0),
    async probe(role, options) {
      const { text } = await loadPrompt("local-probe");
      const asked = await tier.ask({
        role,
        name: "probe",
        schema: z.object({ word: z.enum(["ready"]) }),
        instructions: text,
        data: "ready",
        maxTokens: 256,
        temperature: 0,
        ...options,
      });
      const rate = asked.state === "answered" && asked.completionTokens !== null && asked.workMs > 0;
      return {
        asked,
        tokensPerSecond: rate ? Math.round((asked.completionTokens ?? 0) / (asked.workMs / 1000)) : null,
      };
    },
  };
  return tier;
}

async function recordCall(
  store: StateStore,
  sluice: Sluice,
  purpose: string,
  asked: Asked<unknown>,
  ms: number,
): Promise<void> {
  const answered = asked.state === "answered";
  await recordEvent(store, sluice, {
    kind: "local_call",
    purpose,
    model: answered ? asked.model : null,
    outcome: answered ? "answered" : asked.kind,
    prompt_tokens: answered ? asked.promptTokens : null,
    completion_tokens: answered ? asked.completionTokens : null,
    ms,
  });
}

function switchedOff(role: Role): Asked<never> {
  return {
    state: "unavailable",
    kind: "off",
    message: `The ${role === "primary" ? "local model" : "pre-filter"} is switched off.`,
    hint: role === "primary" ? "Set LOCAL_ENABLED=1 to use it." : "Set PREFILTER_ENABLED=1 to use it.",
    failure: null,
  };
}
