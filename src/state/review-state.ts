import * as z from "zod";
import type { LockOptions } from "../file-lock.js";
import type { Sluice } from "../sluice.js";
import { believable, newest, verdictFields, withSeal } from "./sealed-verdicts.js";
import type { StateStore } from "./store.js";

const file = "review_state.json";

export const verdictSchema = z.looseObject({
  ...verdictFields,
  task: z.string().nullable(),
  branch: z.string().nullable(),
  files: z.array(z.looseObject({ path: z.string(), hash: z.string(), hunks: z.array(z.string()) })),
  base_tree: z.string(),
  head_tree: z.string(),
  /** Of the premium source that gave it, for a later review to go on from. */
  session: z
    .looseObject({ source: z.string(), access: z.string(), model: z.string(), id: z.string() })
    .optional(),
  /** Key of the manifest in the cache `reviews`: what the reviewer was shown. */
  manifest: z.string().optional(),
  /** The reviewer was shown a part of the change only. */
  partial: z.boolean().optional(),
});
export type VerdictRecord = z.output<typeof verdictSchema>;

const dismissalSchema = z.looseObject({
  /** Id of the finding. */
  id: z.string(),
  reason: z.string(),
  /** Class of the finding. */
  class: z.string(),
  /** ISO time. */
  at: z.string(),
});
export type Dismissal = z.output<typeof dismissalSchema>;

const iterationSchema = z.looseObject({ key: z.string(), count: z.int().min(0) });

/** Records are checked one by one when they are read: one that is odd costs only itself, and stays in the file. */
const reviewState = z.looseObject({
  schema_version: z.int().default(1),
  verdicts: z.array(z.unknown()).default([]),
  iterations: z.array(z.unknown()).default([]),
  dismissals: z.array(z.unknown()).default([]),
});

/** `text`: characters of JSON: a change of 10,000 files makes a record of megabytes. */
const keptVerdicts = { count: 500, text: 8 * 1024 * 1024 };
const keptIterations = 1_000;
const keptDismissals = 2_000;

/** Remembers a verdict, sealed. Gives the record as it was kept. */
export async function recordVerdict(
  store: StateStore,
  sluice: Sluice,
  entry: VerdictRecord,
  options?: LockOptions,
): Promise<VerdictRecord> {
  const sealed = await withSeal(store, sluice, verdictSchema.parse(entry));
  await store.update(
    file,
    reviewState,
    (state) => {
      state.verdicts = newest([...state.verdicts, sealed], keptVerdicts);
    },
    options,
  );
  return sealed;
}

/**
 * The verdicts that fit all that is asked for, newest first. One that claims to be Sluice's own without its seal is
 * left out and reported in `store.warnings`.
 */
export async function findVerdicts(
  store: StateStore,
  sluice: Sluice,
  wanted: { fingerprint?: string; task?: string | null; branch?: string | null } = {},
): Promise<VerdictRecord[]> {
  const { verdicts } = await store.read(file, reviewState);
  const { found, forged, odd } = await believable(
    sluice,
    verdicts,
    verdictSchema,
    (record) =>
      (wanted.fingerprint === undefined || record.fingerprint === wanted.fingerprint) &&
      (wanted.task === undefined || record.task === wanted.task) &&
      (wanted.branch === undefined || record.branch === wanted.branch),
  );
  const where = `${store.directory}/${file}`;
  if (forged > 0) {
    const message = `${forged} verdict(s) in ${where} claim to be Sluice's own but are not sealed by this user's Sluice. They are ignored.`;
    if (!store.warnings.includes(message)) store.warnings.push(message);
  }
  if (odd > 0) {
    const message = `${odd} verdict(s) in ${where} can't be understood. They are ignored.`;
    if (!store.warnings.includes(message)) store.warnings.push(message);
  }
  return found;
}

/**
 * Which of several verdicts on one thing stands, given newest first: the newest. But nobody's word lifts what a premium
 * model sent back, and a word that agrees with its SHIP does not take that SHIP's place.
 */
export function standing<V extends Pick<VerdictRecord, "verdict" | "attested_by">>(
  records: readonly V[],
): V | null {
  const [newest] = records;
  if (newest === undefined) return null;
  if (newest.attested_by === "sluice" || newest.verdict !== "SHIP") return newest;
  const position = records.findIndex((record) => record.attested_by === "sluice");
  const premium = records[position];
  if (premium === undefined) return newest;
  const doubted = records.slice(0, position).some((record) => record.verdict !== "SHIP");
  return premium.verdict === "SHIP" && doubted ? newest : premium;
}

/** Counts one more iteration under a key (a task, a branch) and gives the new count. */
export function bumpIteration(store: StateStore, key: string): Promise<number> {
  return store.update(file, reviewState, (state) => {
    const count = countOf(state.iterations, key) + 1;
    state.iterations = [...state.iterations.filter((item) => !hasKey(item, key)), { key, count }].slice(
      -keptIterations,
    );
    return count;
  });
}

/** Iterations counted under a key so far; 0 for an unknown one. */
export async function getIteration(store: StateStore, key: string): Promise<number> {
  return countOf((await store.read(file, reviewState)).iterations, key);
}

/** Begins to count anew. */
export async function resetIteration(store: StateStore, key: string): Promise<void> {
  await store.update(file, reviewState, (state) => {
    state.iterations = state.iterations.filter((item) => !hasKey(item, key));
  });
}

/** Keeps that somebody called a finding wrong, and why. A second dismissal of the same id replaces the first. */
export async function dismissFinding(store: StateStore, dismissal: Dismissal): Promise<void> {
  const record = dismissalSchema.parse(dismissal);
  await store.update(file, reviewState, (state) => {
    const others = state.dismissals.filter((item) => {
      const parsed = dismissalSchema.safeParse(item);
      return !parsed.success || parsed.data.id !== record.id;
    });
    state.dismissals = [...others, { ...record, reason: record.reason.slice(0, 2_000) }].slice(
      -keptDismissals,
    );
  });
}

/** All dismissals, oldest first. */
export async function dismissals(store: StateStore): Promise<Dismissal[]> {
  const state = await store.read(file, reviewState);
  return state.dismissals.flatMap((item) => dismissalSchema.safeParse(item).data ?? []);
}

function hasKey(item: unknown, key: string): boolean {
  return iterationSchema.safeParse(item).data?.key === key;
}

function countOf(items: readonly unknown[], key: string): number {
  for (const item of items) {
    const parsed = iterationSchema.safeParse(item);
    if (parsed.success && parsed.data.key === key) return parsed.data.count;
  }
  return 0;
}
