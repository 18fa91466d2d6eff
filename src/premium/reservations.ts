import { randomBytes } from "node:crypto";
import { messageOf } from "../errors.js";
import { ownMark } from "../process-identity.js";
import type { Sluice } from "../sluice.js";
import {
  type QuotaState,
  reserveQuota,
  type SourceQuota,
  settleReservation,
  type UsageEvent,
  type WindowReading,
} from "../state/quota-state.js";
import { windowKey } from "../state/quota-windows.js";
import type { StateStore } from "../state/store.js";
import { type ResolvedModel, scopeOf } from "./catalog.js";
import { type Considered, isSignedOut } from "./choose.js";
import type { FailureKind } from "./source.js";
import type { SourceStatus } from "./sources.js";

/** A source and model that a call has been set aside for. */
export interface Reserved {
  source: string;
  model: ResolvedModel;
  /** For `openSource`. */
  status: SourceStatus;
  /** Of the reservation. */
  id: string;
  /** What the call is expected to take altogether. */
  tokens: number;
  /** Ends it: use `settle`. */
  end(outcome: Outcome): Promise<void>;
}

/** What became of a call. */
export interface Outcome {
  ok: boolean;
  /** Why it failed: what is the source's own fault counts against it. */
  failure?: FailureKind | null | undefined;
  /** Quota as seen with the answer. */
  windows?: readonly WindowReading[] | undefined;
  /** Altogether; null when the source does not say (those that were reserved are taken), 0 when nothing was sent. */
  tokens?: number | null | undefined;
  throttle?: UsageEvent["throttle"] | null | undefined;
}

interface Options {
  /** Tokens that the call is expected to take altogether. */
  tokens: number;
  /** Milliseconds that it may take at most. */
  timeout: number;
}

/** Beyond its time limit, a call needs some to be settled. Milliseconds. */
const grace = 60_000;

/** What says that the source itself is not well, rather than this one question. */
const ownFault: ReadonlySet<FailureKind> = new Set([
  "timeout",
  "unreachable",
  "silent",
  "cut",
  "not_stripped",
]);
/** Failures in a row after which it is left alone for a while. */
const patience = 3;

/**
 * Chooses and reserves in one locked step: of several processes that want the last of a window, one gets it.
 *
 * @param choose what is considered, in the order of preference, by what is known under the lock
 */
export async function chooseAndReserve(
  store: StateStore,
  sluice: Sluice,
  choose: (quota: QuotaState, now: number) => Considered[],
  { tokens, timeout }: Options,
): Promise<{ considered: Considered[]; reserved: Reserved | null }> {
  const id = randomBytes(8).toString("hex");
  return reserveQuota<{ considered: Considered[]; reserved: Reserved | null }>(
    store,
    sluice,
    (quota, now) => {
      const considered = choose(quota, now);
      const chosen = considered.find(({ eligible }) => eligible);
      const model = chosen?.candidate.model ?? null;
      if (chosen === undefined || chosen.status === null || model === null)
        return { result: { considered, reserved: null }, reserve: null };
      const { source } = chosen.candidate;
      const known = Object.hasOwn(quota.sources, source) ? quota.sources[source] : undefined;
      const scopes = poolsOf(model, known);
      // Eligible although signed out: its program is, and a key stands in for it.
      const byKey = chosen.status.access === "api" && (known?.throttles ?? []).some(isSignedOut);
      const end = (outcome: Outcome) =>
        settled(store, sluice, { source, id, tokens, model, scopes, byKey }, outcome);
      const reservation = {
        id,
        mark: ownMark(),
        model: model.id,
        scopes,
        started_at: now,
        expires_at: now + timeout + grace,
        tokens: Math.round(tokens),
      };
      return {
        result: { considered, reserved: { source, model, status: chosen.status, id, tokens, end } },
        reserve: { source, reservation },
      };
    },
  );
}

/**
 * Ends a reservation with what became of its call, and tells the quota what was seen: one locked step. Never throws:
 * a verdict must not be lost because a state file can't be written; a reservation that stays behind expires.
 */
export async function settle(reserved: Reserved, outcome: Outcome): Promise<void> {
  await reserved.end(outcome);
}

async function settled(
  store: StateStore,
  sluice: Sluice,
  call: {
    source: string;
    id: string;
    tokens: number;
    model: ResolvedModel;
    scopes: string[];
    byKey: boolean;
  },
  outcome: Outcome,
): Promise<void> {
  const { source, id, model, scopes, byKey } = call;
  const { ok, failure = null, tokens = null, throttle = null } = outcome;
  const event: UsageEvent = {
    source,
    scopes,
    requests: tokens === 0 && !ok ? 0 : 1,
    windows: (outcome.windows ?? []).map((one) => ({ ...one, id: keyOf(one) })),
    windows_before_call: true,
    // A call says something of its own model's limits and of those without a scope; one with a key says nothing of
    // whether the program is signed in.
    lifts: ({ scope, reason }) =>
      !(byKey && reason === "auth") && (scope === undefined || scopeOf(scope, model) === "applies"),
  };
  if (tokens !== null) event.tokens = tokens;
  if (ok) event.outcome = "ok";
  else if (failure !== null && (ownFault.has(failure) || throttle !== null)) event.outcome = "failed";
  if (throttle !== null && !ok) event.throttle = throttle;
  try {
    const after = await settleReservation(store, sluice, id, event);
    const again = failure !== null && ownFault.has(failure) && throttle === null;
    if (again && (failure === "not_stripped" || after.consecutive_failures >= patience)) {
      await settleReservation(store, sluice, id, {
        source,
        requests: 0,
        throttle: {
          reason: "unknown",
          provenance: "estimate",
          evidence: `${after.consecutive_failures} calls in a row failed, the last one: ${failure}`,
        },
      });
    }
  } catch (error) {
    sluice.log(`what a call to ${source} used could not be recorded: ${messageOf(error)}`);
  }
}

/** A reading's key: its window's id, and its scope when it has one that is not in the id already. */
export function keyOf({ id, scope }: Pick<WindowReading, "id" | "scope">): string {
  return scope !== undefined && id.endsWith(`:${scope}`) ? id : windowKey(id, scope);
}

/** The pools that a model draws from, those of which only the source's windows tell included. */
function poolsOf(model: ResolvedModel, known: SourceQuota | undefined): string[] {
  const scopes = Object.values(known?.windows ?? {}).flatMap(({ scope }) =>
    scope !== undefined && scopeOf(scope, model) !== "other" ? [scope] : [],
  );
  return [...new Set([...model.scopes, ...scopes])];
}
