import type * as z from "zod";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import { readQuota, type SourceQuota } from "../state/quota-state.js";
import type { StateStore } from "../state/store.js";
import { assess, iso } from "./pacing.js";
import type { QuotaStatus, sourceOutput } from "./quota-schema.js";
import { type SourceStatus, sourceStatuses } from "./sources.js";

export { type QuotaStatus, quotaStatusOutput, sourceOutput } from "./quota-schema.js";

const shownWindows = 12;

/**
 * What is known of every source's quota, without asking anybody. Unknown is null, and every figure has its age. Without
 * a store (no repository) nothing is known.
 */
export async function quotaStatus(
  sluice: Sluice,
  { store, config }: { store: StateStore | null; config: Pick<Config, "premium_sources"> },
): Promise<QuotaStatus> {
  const sources: Record<string, SourceQuota> = store === null ? {} : (await readQuota(store, sluice)).sources;
  const statuses = await sourceStatuses(sluice, config);
  const now = sluice.clock();
  const rows = statuses.map((status) =>
    sourceRow(status, Object.hasOwn(sources, status.source) ? (sources[status.source] ?? null) : null, now),
  );
  return { sources: rows, next: whatNext(rows, statuses) };
}

export function sourceRow(
  status: SourceStatus,
  quota: SourceQuota | null,
  now: number,
): z.output<typeof sourceOutput> {
  const { eligible, windows, why, throttledUntil } = assess(quota, null, now);
  const scoped = (quota?.throttles ?? []).filter(
    ({ scope, until }) => scope !== undefined && (until === null || until > now),
  );
  const also = scoped.map(
    ({ scope, until, reason }) => `${scope}: ${reason}${until === null ? "" : ` until ${iso(until)}`}`,
  );
  const said = status.configured ? [why, ...also] : [status.why];
  return {
    source: status.source,
    access: status.access,
    windows: windows.slice(0, shownWindows),
    throttled_until: throttledUntil === null ? null : iso(throttledUntil),
    eligible: status.configured && eligible,
    why: said.join("; ").slice(0, 400),
  };
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
