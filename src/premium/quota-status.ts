import type * as z from "zod";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import { estimatedSince } from "../state/quota-spending.js";
import { readQuota, type SourceQuota } from "../state/quota-state.js";
import { windowKey } from "../state/quota-windows.js";
import type { StateStore } from "../state/store.js";
import { limitsOf } from "./limits.js";
import { assess, iso, paceOf } from "./pacing.js";
import { type ProbeOptions, probeStale } from "./quota.js";
import type { QuotaStatus, sourceOutput } from "./quota-schema.js";
import { quotaStore } from "./quota-store.js";
import { type SourceStatus, sourceStatuses } from "./sources.js";

export { type QuotaStatus, quotaStatusOutput, sourceOutput } from "./quota-schema.js";

const shownWindows = 12;
const shownThrottles = 5;

export interface QuotaStatusOptions {
  /** The repository's; null where there is none. */
  store: StateStore | null;
  config: Pick<Config, "premium_sources" | "quota">;
  /** Ask sources first where what is known is too old; null or absent: nobody is asked. */
  probe?: Pick<ProbeOptions, "signal" | "when" | "open" | "timeout"> | null | undefined;
}

/** What is known of every source's quota. Unknown is null, and every figure has its age. */
export async function quotaStatus(
  sluice: Sluice,
  { store, config, probe = null }: QuotaStatusOptions,
): Promise<QuotaStatus> {
  const quota = await quotaStore(sluice, config, store);
  const statuses = await sourceStatuses(sluice, config);
  if (probe !== null) await probeStale(sluice, { ...probe, store: quota, config, statuses });
  const { sources } = await readQuota(quota, sluice);
  const now = sluice.clock();
  const rows = statuses.map((status) => {
    const { source } = status;
    const known = Object.hasOwn(sources, source) ? (sources[source] ?? null) : null;
    return sourceRow(status, known, now, limitsOf(config, source));
  });
  return { sources: rows, next: whatNext(rows, statuses) };
}

/** A source as every result of the quota tools shows it. */
export function sourceRow(
  status: SourceStatus,
  quota: SourceQuota | null,
  now: number,
  limit: (id: string) => number,
): z.output<typeof sourceOutput> {
  const { eligible, score, windows, why, throttledUntil, inFlight } = assess(quota, null, now, { limit });
  const active = (quota?.throttles ?? []).filter(({ until }) => until === null || until > now);
  const also = active
    .filter(({ scope }) => scope !== undefined)
    .map(({ scope, until, reason }) => `${scope}: ${reason}${until === null ? "" : ` until ${iso(until)}`}`);
  const said = status.configured ? [why, ...also] : [status.why];
  const last = quota?.last_probe ?? null;
  return {
    source: status.source,
    access: status.access,
    windows: windows.slice(0, shownWindows).map((view) => {
      const key = windowKey(view.id, view.scope ?? undefined);
      const window = quota?.windows[key] ?? quota?.windows[view.id];
      const most = limit(view.id);
      const estimated =
        quota === null || window === undefined || view.used === null
          ? null
          : Math.min(1, view.used + estimatedSince(quota, key, window));
      const pace = window === undefined || view.used === null ? null : paceOf(key, window, now, most);
      return {
        ...view,
        estimated_used: estimated === null ? null : round(estimated),
        limit: round(most),
        burn: pace === null ? null : round(pace.burn),
        runs_out_at: pace === null || pace.runsOutAt === null ? null : iso(pace.runsOutAt),
      };
    }),
    throttled_until: throttledUntil === null ? null : iso(throttledUntil),
    eligible: status.configured && eligible,
    why: said.join("; ").slice(0, 400),
    score: status.configured ? score : null,
    throttles: active.slice(-shownThrottles).map(({ reason, scope, set_at, until, evidence }) => ({
      reason,
      scope: scope ?? null,
      since: iso(set_at),
      until: until === null ? null : iso(until),
      evidence: evidence.slice(0, 200),
    })),
    in_flight: inFlight,
    last_probe: last === null ? null : { at: iso(last.at), ok: last.ok, why: last.why.slice(0, 200) },
  };
}

function round(fraction: number): number {
  return Math.round(fraction * 1_000) / 1_000;
}

function whatNext(rows: QuotaStatus["sources"], statuses: readonly SourceStatus[]): string {
  if (!statuses.some(({ configured }) => configured)) {
    return "No premium source is set up: `why` says what each one needs. Reviews are yours to do; record them with record_verdict.";
  }
  if (rows.some(({ access, windows }) => access !== null && windows.every(({ used }) => used === null))) {
    return "null is unknown, not full: when you see a source's usage (its status page, a rate-limit message), tell record_usage.";
  }
  return "Tell record_usage what you use and any limit you run into; route_review picks the source.";
}
