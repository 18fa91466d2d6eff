import * as z from "zod";
import type { LockOptions } from "../file-lock.js";
import type { Sluice } from "../sluice.js";
import { openSealer } from "./seal.js";
import type { StateStore } from "./store.js";

const file = "review_state.json";

const planVerdictSchema = z.looseObject({
  /** No change's verdict is one on a plan, sealed or not. */
  kind: z.literal("plan"),
  /** Of the epic or spec. */
  spec: z.string(),
  fingerprint: z.string(),
  context_fingerprint: z.string(),
  verdict: z.enum(["SHIP", "NEEDS_WORK", "MAJOR_RETHINK", "NEEDS_HUMAN"]),
  /** `sluice`: a premium model answered Sluice itself; `agent` and `human`: somebody's word. */
  attested_by: z.enum(["sluice", "agent", "human"]),
  model: z.string().nullable(),
  source: z.string().nullable(),
  blockers: z.array(
    z.looseObject({ file: z.string().nullable(), line: z.number().nullable(), message: z.string() }),
  ),
  complexity: z.enum(["SIMPLE", "COMPLEX"]).nullable(),
  /** What the plan consisted of: the text of each file, as a hash. */
  parts: z.array(z.looseObject({ path: z.string(), hash: z.string() })),
  /** ISO time. */
  at: z.string(),
  /** HMAC of all the rest; see `seal.ts`. */
  seal: z.string().optional(),
});
export type PlanVerdict = z.output<typeof planVerdictSchema>;

const state = z.looseObject({
  schema_version: z.int().default(1),
  plans: z.array(z.unknown()).default([]),
});

const kept = 300;
/** Characters of JSON. */
const keptText = 4 * 1024 * 1024;

/** Remembers a verdict on a plan, sealed. Gives the record as it was kept. */
export async function recordPlanVerdict(
  store: StateStore,
  sluice: Sluice,
  entry: PlanVerdict,
  options?: LockOptions,
): Promise<PlanVerdict> {
  const { seal: _, ...record } = planVerdictSchema.parse(entry);
  const sealer = await openSealer(sluice, { create: true });
  if (sealer === null) {
    store.warnings.push(
      "The key in Sluice's configuration folder can't be made: this verdict will not be repeated.",
    );
  }
  const sealed: PlanVerdict = sealer === null ? record : { ...record, seal: sealer.seal(record) };
  await store.update(
    file,
    state,
    (current) => {
      current.plans = newest([...current.plans, sealed]);
    },
    options,
  );
  return sealed;
}

/**
 * The verdicts on a plan, newest first. One that claims to be Sluice's own without its seal is left out and reported
 * in `store.warnings`.
 */
export async function findPlanVerdicts(
  store: StateStore,
  sluice: Sluice,
  spec: string,
): Promise<PlanVerdict[]> {
  const { plans } = await store.read(file, state);
  const sealer = plans.length === 0 ? null : await openSealer(sluice, { create: false });
  const found: PlanVerdict[] = [];
  let refused = 0;
  for (const item of plans) {
    const record = planVerdictSchema.safeParse(item).data;
    if (record === undefined) refused += 1;
    else if (record.spec !== spec) continue;
    else if (record.attested_by === "sluice" && sealer?.isSealed(record) !== true) refused += 1;
    else found.push(record);
  }
  if (refused > 0) {
    const message = `${refused} verdict(s) on plans in ${store.directory}/${file} are not of this user's Sluice, or can't be understood. They are ignored.`;
    if (!store.warnings.includes(message)) store.warnings.push(message);
  }
  return found.reverse();
}

function newest(plans: unknown[]): unknown[] {
  const held: unknown[] = [];
  let size = 0;
  for (const plan of plans.slice(-kept).reverse()) {
    size += JSON.stringify(plan).length;
    if (size > keptText && held.length > 0) break;
    held.push(plan);
  }
  return held.reverse();
}
