import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import { readQuota } from "../state/quota-state.js";
import type { StateStore } from "../state/store.js";
import type { Choice } from "./candidates.js";
import { type Considered, consider, earliest } from "./choose.js";
import type { openSource } from "./open-source.js";
import { probeStale } from "./quota.js";
import { quotaStore } from "./quota-store.js";
import { chooseAndReserve, type Reserved } from "./reservations.js";
import { type SourceStatus, sourceStatuses } from "./sources.js";

export interface LookOptions {
  store: StateStore;
  config: Pick<Config, "premium_sources" | "models" | "quota">;
  choices: readonly Choice[];
  /** Of what would be sent. */
  tokens: number;
}

export interface TakeOptions extends LookOptions {
  /** What this call tried in vain, and is left out: a model of a source or, without `model`, all of the source. */
  tried?: readonly { source: string; model?: string | undefined }[] | undefined;
  /** Who was asked before, and whose session can go on: stays unless another one has clearly more left. */
  prefer?: { source: string; model: string } | null | undefined;
  /** What the call will probably take altogether; default `tokens`. */
  expected?: number | undefined;
  /** Milliseconds that the call may take at most. */
  timeout: number;
  signal: AbortSignal;
  /** How a source is opened to be asked what it has left. */
  open?: typeof openSource | undefined;
}

/** Whom to ask, and why nobody else. */
export interface Selection {
  decision: "route" | "all_exhausted" | "none_configured";
  /** Null unless the decision is `route`. */
  chosen: Considered | null;
  /** In the order of preference. */
  considered: readonly Considered[];
  /** Milliseconds since the epoch at which one of them has quota again; null when one has, or nobody knows. */
  availableAt: number | null;
  /** All that stands against those that are left is the size of what would be sent. */
  tooLarge: boolean;
}

/** Whom the choices lead to, by what is configured and what is known of quota. Asks nobody and reserves nothing. */
export async function look(sluice: Sluice, options: LookOptions): Promise<Selection> {
  const { config, choices, tokens } = options;
  const statuses = await statusesOf(sluice, config);
  const store = await quotaStore(sluice, config, options.store);
  const quota = await readQuota(store, sluice);
  return selectionOf(consider(choices, { config, statuses, tokens }, quota, sluice.clock()));
}

/**
 * Chooses as `look` does, and reserves the choice for a call in the same locked step, so that of several processes
 * that want the last of a window one gets it. Before, sources whose figures are too old to decide on are asked what
 * they have left (at most 8 s, no model call). What is reserved must be ended by `settle`.
 *
 * @returns `reserved` is null unless the decision is `route`
 */
export async function take(
  sluice: Sluice,
  options: TakeOptions,
): Promise<{ selection: Selection; reserved: Reserved | null }> {
  const { config, choices, tokens, tried = [], prefer, signal, open } = options;
  const statuses = await statusesOf(sluice, config);
  const store = await quotaStore(sluice, config, options.store);
  const givenUp = new Set(tried.filter(({ model }) => model === undefined).map(({ source }) => source));
  const sources = choices.flatMap(({ candidates }) =>
    candidates.flatMap(({ source, model }) => (model === null || givenUp.has(source) ? [] : [source])),
  );
  await probeStale(sluice, {
    store,
    config,
    statuses: [...statuses.values()],
    sources: [...new Set(sources)],
    signal,
    open,
  });
  const { considered, reserved } = await chooseAndReserve(
    store,
    sluice,
    (quota, now) => consider(choices, { config, statuses, tokens, tried, prefer }, quota, now),
    { tokens: options.expected ?? tokens, timeout: options.timeout },
  );
  return { selection: selectionOf(considered), reserved };
}

/** What is missing for each source that could be asked, once each: `openai_pro: needs codex on PATH or …`. */
export function whatIsMissing({ considered }: Pick<Selection, "considered">): string[] {
  return [
    ...new Set(
      considered.map(
        ({ status, candidate }) => `${candidate.source}: ${status?.why ?? candidate.why ?? "unknown"}`,
      ),
    ),
  ];
}

function selectionOf(considered: Considered[]): Selection {
  const chosen = considered.find(({ eligible }) => eligible) ?? null;
  const configured = considered.some(
    ({ status, candidate }) => status?.configured === true && candidate.model !== null,
  );
  const decision = chosen !== null ? "route" : configured ? "all_exhausted" : "none_configured";
  const availableAt = decision === "all_exhausted" ? earliest(considered) : null;
  return {
    decision,
    chosen,
    considered,
    availableAt,
    tooLarge:
      decision === "all_exhausted" && availableAt === null && considered.some(({ tooSmall }) => tooSmall),
  };
}

async function statusesOf(sluice: Sluice, config: LookOptions["config"]): Promise<Map<string, SourceStatus>> {
  return new Map((await sourceStatuses(sluice, config)).map((status) => [status.source, status]));
}
