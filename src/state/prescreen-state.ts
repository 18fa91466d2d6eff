import * as z from "zod";
import { bumpIteration, getIteration, resetIteration } from "./review-state.js";
import type { StateStore } from "./store.js";

const file = "review_state.json";

const roundSchema = z.looseObject({
  /** The task or branch it is counted under. */
  key: z.string(),
  base_tree: z.string(),
  head_tree: z.string(),
  findings: z.array(z.looseObject({ id: z.string(), class: z.string(), hint: z.boolean().optional() })),
  /** ISO time. */
  at: z.string(),
});
export type PrescreenRound = z.output<typeof roundSchema>;

const state = z.looseObject({
  schema_version: z.int().default(1),
  prescreens: z.array(z.unknown()).default([]),
});

/** Rounds kept for one task or branch: the last, and the one before it when the tree has not changed since. */
const keptPerKey = 2;
const kept = 200;

/** What the last pre-screens of a task or branch found, newest first. */
export async function prescreenRounds(store: StateStore, key: string): Promise<PrescreenRound[]> {
  const { prescreens } = await store.read(file, state);
  return ofKey(prescreens, key).reverse();
}

/** Keeps what a pre-screen found. The same tree again replaces its round. */
export async function recordPrescreen(store: StateStore, round: PrescreenRound): Promise<void> {
  const record = roundSchema.parse(round);
  await store.update(file, state, (current) => {
    const same = ofKey(current.prescreens, record.key).filter((one) => one.head_tree !== record.head_tree);
    const others = current.prescreens.filter((item) => roundSchema.safeParse(item).data?.key !== record.key);
    current.prescreens = [...others, ...same.slice(1 - keptPerKey), record].slice(-kept);
  });
}

/**
 * How many rounds of a task, branch or plan there were. One counts when it gave findings for what was not seen before;
 * a clean one ends the row.
 */
export async function countRound(
  store: StateStore,
  key: string,
  round: { clean: boolean; known: boolean },
): Promise<number> {
  const before = await getIteration(store, key);
  if (round.clean) {
    if (before > 0) await resetIteration(store, key);
    return before;
  }
  return round.known && before > 0 ? before : bumpIteration(store, key);
}

function ofKey(items: readonly unknown[], key: string): PrescreenRound[] {
  return items.flatMap((item) => {
    const round = roundSchema.safeParse(item).data;
    return round?.key === key ? [round] : [];
  });
}
