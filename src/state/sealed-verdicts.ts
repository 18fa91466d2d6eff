import * as z from "zod";
import type { Sluice } from "../sluice.js";
import { verdicts } from "../verdicts.js";
import { openSealer } from "./seal.js";
import type { StateStore } from "./store.js";

/** What every verdict that is kept has, whatever it is on. */
export const verdictFields = {
  fingerprint: z.string(),
  context_fingerprint: z.string(),
  verdict: z.enum(verdicts),
  /** `sluice`: a premium model answered Sluice itself; `agent` and `human`: somebody's word. */
  attested_by: z.enum(["sluice", "agent", "human"]),
  model: z.string().nullable(),
  source: z.string().nullable(),
  blockers: z.array(
    z.looseObject({ file: z.string().nullable(), line: z.number().nullable(), message: z.string() }),
  ),
  /** ISO time. */
  at: z.string(),
  /** HMAC of all the rest; see `seal.ts`. */
  seal: z.string().optional(),
};

/** A record with this user's seal in place of the one it has; without a seal, and a warning, where no key can be made. */
export async function withSeal<R extends { seal?: string | undefined }>(
  store: StateStore,
  sluice: Sluice,
  entry: R,
): Promise<R> {
  const record = { ...entry };
  delete record.seal;
  const sealer = await openSealer(sluice, { create: true });
  if (sealer !== null) return { ...record, seal: sealer.seal(record) };
  store.warnings.push(
    "The key in Sluice's configuration folder can't be made: this verdict will not be repeated.",
  );
  return record;
}

/**
 * The records among what a state file keeps that are wanted and can be believed, newest first: one that claims to be
 * Sluice's own without its seal is `forged`, one that can't be understood is `odd`, and both are only counted.
 */
export async function believable<R extends { attested_by: string; seal?: string | undefined }>(
  sluice: Sluice,
  items: readonly unknown[],
  schema: z.ZodType<R>,
  isWanted: (record: R) => boolean,
): Promise<{ found: R[]; forged: number; odd: number }> {
  const sealer = items.length === 0 ? null : await openSealer(sluice, { create: false });
  const found: R[] = [];
  let forged = 0;
  let odd = 0;
  for (const item of items) {
    const { data: record } = schema.safeParse(item);
    if (record === undefined) odd += 1;
    else if (!isWanted(record)) continue;
    else if (record.attested_by === "sluice" && sealer?.isSealed(record) !== true) forged += 1;
    else found.push(record);
  }
  // Kept in the order they were recorded; times come from several machines.
  return { found: found.reverse(), forged, odd };
}

/** The newest records, as many as may be kept and as fit in so many characters of JSON; the last one in any case. */
export function newest(records: readonly unknown[], most: { count: number; text: number }): unknown[] {
  const kept: unknown[] = [];
  let size = 0;
  for (const record of records.slice(-most.count).reverse()) {
    size += JSON.stringify(record).length;
    // The newest one stays, however large.
    if (size > most.text && kept.length > 0) break;
    kept.push(record);
  }
  return kept.reverse();
}
