import * as z from "zod";
import type { LockOptions } from "../file-lock.js";
import type { Sluice } from "../sluice.js";
import { believable, newest, verdictFields, withSeal } from "./sealed-verdicts.js";
import type { StateStore } from "./store.js";

const file = "review_state.json";

const planVerdictSchema = z.looseObject({
  /** No change's verdict is one on a plan, sealed or not. */
  kind: z.literal("plan"),
  /** Of the epic or spec. */
  spec: z.string(),
  ...verdictFields,
  complexity: z.enum(["SIMPLE", "COMPLEX"]).nullable(),
  /** What the plan consisted of: the text of each file, as a hash. */
  parts: z.array(z.looseObject({ path: z.string(), hash: z.string() })),
});
export type PlanVerdict = z.output<typeof planVerdictSchema>;

const state = z.looseObject({
  schema_version: z.int().default(1),
  plans: z.array(z.unknown()).default([]),
});

/** `text`: characters of JSON. */
const kept = { count: 300, text: 4 * 1024 * 1024 };

/** Remembers a verdict on a plan, sealed. Gives the record as it was kept. */
export async function recordPlanVerdict(
  store: StateStore,
  sluice: Sluice,
  entry: PlanVerdict,
  options?: LockOptions,
): Promise<PlanVerdict> {
  const sealed = await withSeal(store, sluice, planVerdictSchema.parse(entry));
  await store.update(
    file,
    state,
    (current) => {
      current.plans = newest([...current.plans, sealed], kept);
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
  const { found, forged, odd } = await believable(
    sluice,
    plans,
    planVerdictSchema,
    (record) => record.spec === spec,
  );
  const refused = forged + odd;
  if (refused > 0) {
    const message = `${refused} verdict(s) on plans in ${store.directory}/${file} are not of this user's Sluice, or can't be understood. They are ignored.`;
    if (!store.warnings.includes(message)) store.warnings.push(message);
  }
  return found;
}
