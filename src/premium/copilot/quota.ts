import * as z from "zod";
import type { Provenance, WindowReading } from "../../state/quota-state.js";

/** What `account.getQuota` says of one allowance. */
const snapshot = z.looseObject({
  isUnlimitedEntitlement: z.boolean().optional(),
  entitlementRequests: z.number().optional(),
  usedRequests: z.number().optional(),
  remainingPercentage: z.number().optional(),
  /** ISO 8601. */
  resetDate: z.string().optional(),
});

const quotaAnswer = z.looseObject({
  quotaSnapshots: z.record(z.string(), snapshot.optional().catch(undefined)),
});

/** Suggestions while typing: no review draws from them. */
const elsewhere = new Set(["completions"]);

/**
 * The month's allowance as one window, by the tightest of what reviews draw from; none where all is unlimited or
 * unknown. The limits per session and week are nowhere to be read: they show when they are hit.
 */
export function quotaWindows(answer: unknown, provenance: Provenance): WindowReading[] {
  const parsed = quotaAnswer.safeParse(answer);
  if (!parsed.success) return [];
  const readings = Object.entries(parsed.data.quotaSnapshots).flatMap(([name, found]) => {
    if (found === undefined || elsewhere.has(name)) return [];
    if (found.isUnlimitedEntitlement === true || found.entitlementRequests === -1) return [];
    const used = usedOf(found);
    return used === null ? [] : [{ used, resets_at: timeOf(found.resetDate) }];
  });
  const [tightest] = readings.sort((a, b) => b.used - a.used);
  if (tightest === undefined) return [];
  return [{ id: "monthly", ...tightest, window_ms: monthBefore(tightest.resets_at), provenance }];
}

function usedOf(found: z.output<typeof snapshot>): number | null {
  const left = found.remainingPercentage;
  if (left !== undefined && left >= 0 && left <= 100) return 1 - left / 100;
  const { usedRequests: used, entitlementRequests: of } = found;
  if (used === undefined || of === undefined || !(used >= 0) || !(of > 0)) return null;
  return Math.min(1, used / of);
}

function timeOf(date: string | undefined): number | null {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isFinite(time) ? time : null;
}

/** Milliseconds of the month that ends at a reset. */
function monthBefore(reset: number | null): number | null {
  if (reset === null) return null;
  const start = new Date(reset);
  start.setUTCMonth(start.getUTCMonth() - 1);
  return reset - start.getTime();
}
