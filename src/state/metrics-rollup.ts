import * as z from "zod";
import type { TimedEvent } from "./metrics-events.js";

/*
 * `metrics.json`: events added up, by day, and what has to be known of a piece of work to count it once. Bounded: the
 * newest days, pieces of work, escapes and readings are kept, and a day has so many keys of a kind at most.
 */

/** More than can ever be counted, and little enough for sums of all of them. */
const countable = z.number().min(0).max(1e21);
const count = countable.default(0);
const counts = z.record(z.string(), countable).default({});

const stageSchema = z.looseObject({
  passed: count,
  issues: count,
  skipped: count,
  error: count,
  ms: count,
});

/** Premium calls that a stage made needless. */
const avoidedSchema = z.looseObject({
  /** Changes that it sent back, or reviews that it took the place of. */
  calls: count,
  /** The same, with what came one after another on one piece of work counted once. */
  runs: count,
  /** Of `calls`: those whose context was measured, and its tokens. */
  measured: count,
  context_tokens: count,
});

const premiumSchema = z.looseObject({
  answered: count,
  failed: count,
  tokens: count,
  /** Of `answered`: those that said how many tokens they took. */
  counted: count,
  ms: count,
  /** Answered reviews of which both are known, and the sums of both. */
  pairs: count,
  pair_tokens: count,
  pair_context: count,
});

const localSchema = z.looseObject({
  answered: count,
  failed: count,
  prompt_tokens: count,
  completion_tokens: count,
  ms: count,
});

/** What was read condensed instead of whole. */
const readingSavedSchema = z.looseObject({
  times: count,
  /** The same with a task counted once. */
  tasks: count,
  originals: count,
  summaries: count,
  /** Of those in `tasks`. */
  task_originals: count,
  task_summaries: count,
});

const workSchema = z.looseObject({ done: count, failed: count, cached: count, rounds: count, ms: count });

const daySchema = z.looseObject({
  reviews: count,
  /** Reviews by the stage that ended them; `reviewer`: left for one. */
  ended: counts,
  stages: z.record(z.string(), stageSchema).default({}),
  /** Changes sent back, by whom: `gates`, `prescreen`, `premium`, `agent`, `human`. */
  sent_back: counts,
  avoided: z.record(z.string(), avoidedSchema).default({}),
  /** Reviews whose context was measured, and its tokens. */
  contexts: count,
  context_tokens: count,
  fingerprint_checks: count,
  fingerprint_skips: count,
  /** Findings by class. */
  raised: counts,
  dismissed: counts,
  /** First verdicts of premium models on a piece of work, and those that were SHIP. */
  first_verdicts: count,
  first_ships: count,
  /** `sluice SHIP`, `agent NEEDS_WORK`, … */
  verdicts: counts,
  /** By source. */
  premium: z.record(z.string(), premiumSchema).default({}),
  /** Answered premium calls by purpose. */
  purposes: counts,
  /** Calls made elsewhere, by source, and their tokens. */
  told_calls: counts,
  told_tokens: counts,
  /** By purpose. */
  local: z.record(z.string(), localSchema).default({}),
  skips: counts,
  /** `from > to: why`. */
  escalations: counts,
  /** `source: reason`. */
  throttles: counts,
  /** By class of what the pre-screen let pass. */
  escapes: counts,
  /** By tool, or `tool part`. */
  work: z.record(z.string(), workSchema).default({}),
  /** By stage: `reanchor`, `scouts`. */
  condensed: z.record(z.string(), readingSavedSchema).default({}),
});
export type MetricsDay = z.output<typeof daySchema>;

/** A piece of work: a flow task, or what was done on a branch up to a SHIP. */
const pieceSchema = z.looseObject({
  /** `task:fn-1.2`, `branch:main`, `detached`. */
  key: z.string(),
  /** Milliseconds since the epoch. */
  first: z.number(),
  last: z.number(),
  /** Something looked at a change of it: a call for its plan alone is no task done. */
  reviewed: z.boolean().default(false),
  premium_calls: count,
  premium_tokens: count,
  /** Times that a free stage, or a reviewer, sent it back. */
  free_backs: count,
  reviewer_backs: count,
  /** A premium model's first verdict. */
  first_verdict: z.string().nullable().default(null),
  shipped: z.boolean().default(false),
  /** Last measured. */
  context_tokens: z.number().nullable().default(null),
  /** State of the change that was last sent back, and by whom: `free` for any free stage. */
  back_change: z.string().nullable().default(null),
  back_by: z.array(z.string()).default([]),
  /** Free stages sent it back, and no reviewer has seen it since. */
  run: z.boolean().default(false),
  skipped_change: z.string().nullable().default(null),
  /** A condensed task was handed out before. */
  reanchored: z.boolean().default(false),
  /** What the pre-screen said last, and of which state of the change. */
  screened: z.string().nullable().default(null),
  screened_change: z.string().nullable().default(null),
  last_change: z.string().nullable().default(null),
});
export type MetricsPiece = z.output<typeof pieceSchema>;

const escapeSchema = z.looseObject({
  at: z.number(),
  class: z.string(),
  by: z.string(),
  source: z.string().nullable(),
  model: z.string().nullable(),
});
export type Escape = z.output<typeof escapeSchema>;

const readingSchema = z.looseObject({
  at: z.number(),
  used: z.number().min(0).max(1),
  resets_at: z.number().nullable(),
});
export type QuotaReading = z.output<typeof readingSchema>;

export const metricsState = z.looseObject({
  schema_version: z.int().default(1),
  /** Events added up so far, and when the first and the last one were; milliseconds since the epoch. */
  events: count,
  first_at: z.number().nullable().default(null),
  last_at: z.number().nullable().default(null),
  /** Journal segments that are in here. */
  folded: z.array(z.string()).default([]),
  /** By UTC day, `2026-01-31`. */
  days: z.record(z.string(), daySchema).default({}),
  /** Oldest first. */
  pieces: z.array(pieceSchema).default([]),
  /** Oldest first. */
  escapes: z.array(escapeSchema).default([]),
  /** By `source window`, oldest first. */
  quota: z.record(z.string(), z.array(readingSchema)).default({}),
});
export type Metrics = z.output<typeof metricsState>;

const keptDays = 200;
const keptPieces = 600;
const keptEscapes = 200;
/** Readings of one window: two weeks of one in half an hour. */
const keptReadings = 672;
const readingEvery = 30 * 60_000;
const keptWindows = 24;
export const keptSegments = 64;
const mostKeys = 24;
const lastDay = Date.UTC(9999, 11, 31);

/** The UTC day of a time. */
export function dayOf(at: number): string {
  return new Date(Math.min(Math.max(0, at), lastDay)).toISOString().slice(0, 10);
}

/** Adds events up into the state, in place. */
export function addEvents(state: Metrics, events: readonly TimedEvent[]): void {
  const pieces = new Map(state.pieces.map((piece) => [piece.key, piece]));
  for (const timed of events) add(state, timed, pieces);
  // The latest is what will be asked for; what was last touched longest ago goes first.
  if (state.pieces.length > keptPieces)
    state.pieces = [...state.pieces].sort((a, b) => a.last - b.last).slice(-keptPieces);
  state.escapes = state.escapes.slice(-keptEscapes);
  const days = Object.entries(state.days);
  if (days.length > keptDays)
    state.days = Object.fromEntries(days.sort(([a], [b]) => (a < b ? -1 : 1)).slice(-keptDays));
}

function add(state: Metrics, { at, event }: TimedEvent, pieces: Map<string, MetricsPiece>): void {
  state.events += 1;
  state.first_at = Math.min(state.first_at ?? at, at);
  state.last_at = Math.max(state.last_at ?? at, at);
  if (event.kind === "quota") {
    addReading(state, `${event.source} ${event.window}`, {
      at,
      used: event.used,
      resets_at: event.resets_at,
    });
    return;
  }
  const day = dayIn(state, dayOf(at));
  switch (event.kind) {
    case "review": {
      const piece = pieceOf(state, pieces, event.about, at);
      piece.reviewed = true;
      day.reviews += 1;
      bump(day.ended, event.decided_by ?? "reviewer");
      if (event.context_tokens !== null) measured(day, piece, event.context_tokens);
      for (const stage of event.stages) addStage(day, piece, stage, event.about.change, event.context_tokens);
      break;
    }
    case "stage": {
      const piece = pieceOf(state, pieces, event.about, at);
      piece.reviewed = true;
      if (event.context_tokens !== null) piece.context_tokens = event.context_tokens;
      addStage(day, piece, event, event.about.change, event.context_tokens);
      break;
    }
    case "fingerprint": {
      if (event.reason === "disabled") break;
      day.fingerprint_checks += 1;
      if (event.decision !== "skip") break;
      day.fingerprint_skips += 1;
      const piece = pieceOf(state, pieces, event.about, at);
      const { change } = event.about;
      const again = change !== null && piece.skipped_change === change;
      piece.skipped_change = change;
      avoid(day, piece, "fingerprint", { run: !again, context: null });
      break;
    }
    case "findings":
      for (const [name, number] of Object.entries(event.raised)) bump(day.raised, name, number);
      for (const [name, number] of Object.entries(event.dismissed)) bump(day.dismissed, name, number);
      break;
    case "verdict":
      addVerdict(state, day, pieceOf(state, pieces, event.about, at), event, at);
      break;
    case "premium_call":
      addPremium(day, event);
      if (event.outcome === "answered" && hasSubject(event.about)) {
        const piece = pieceOf(state, pieces, event.about, at);
        piece.premium_calls += 1;
        piece.premium_tokens += event.tokens ?? 0;
      }
      break;
    case "usage":
      bump(day.told_calls, event.source);
      bump(day.told_tokens, event.source, event.tokens);
      break;
    case "local_call": {
      const found = entry(day.local, event.purpose, () => localSchema.parse({}));
      found[event.outcome === "answered" ? "answered" : "failed"] += 1;
      found.prompt_tokens += event.prompt_tokens ?? 0;
      found.completion_tokens += event.completion_tokens ?? 0;
      found.ms += event.ms;
      break;
    }
    case "skip":
      bump(day.skips, `${event.what}: ${event.why}`);
      break;
    case "escalation":
      bump(day.escalations, `${event.from} > ${event.to}: ${event.why}`);
      break;
    case "throttle":
      bump(day.throttles, `${event.source}: ${event.reason}`);
      break;
    case "work": {
      const name = event.part === null ? event.tool : `${event.tool} ${event.part}`;
      const found = entry(day.work, name, () => workSchema.parse({}));
      found[event.outcome === "failed" ? "failed" : "done"] += 1;
      if (event.cached) found.cached += 1;
      found.rounds += event.rounds;
      found.ms += event.ms;
      addCondensed(state, day, event, at, pieces);
      break;
    }
  }
}

type About = { task: string | null; branch: string | null; change: string | null };

function hasSubject({ task, branch, change }: About): boolean {
  return task !== null || branch !== null || change !== null;
}

/** Which piece of work it is. On a branch, a new one begins when a change comes after a SHIP. */
function pieceOf(
  state: Metrics,
  pieces: Map<string, MetricsPiece>,
  { task, branch, change }: About,
  at: number,
): MetricsPiece {
  const key = task !== null ? `task:${task}` : branch !== null ? `branch:${branch}` : "detached";
  const known = pieces.get(key);
  const anew = known?.shipped === true && task === null && change !== null && change !== known.last_change;
  if (known !== undefined && !anew) {
    known.first = Math.min(known.first, at);
    known.last = Math.max(known.last, at);
    known.last_change = change ?? known.last_change;
    return known;
  }
  const piece = pieceSchema.parse({ key, first: at, last: at, last_change: change });
  pieces.set(key, piece);
  state.pieces.push(piece);
  return piece;
}

interface StageRun {
  name: string;
  state: "passed" | "issues" | "skipped" | "error";
  ms: number;
  sent_back: boolean;
}

function addStage(
  day: MetricsDay,
  piece: MetricsPiece,
  { name, state, ms, sent_back }: StageRun,
  change: string | null,
  context: number | null,
): void {
  const found = entry(day.stages, name, () => stageSchema.parse({}));
  found[state] += 1;
  found.ms += ms;
  if (name === "prescreen" && (state === "passed" || state === "issues")) {
    piece.screened = state === "passed" ? "clean" : "issues";
    piece.screened_change = change;
  }
  if (!sent_back || !isNewBack(piece, "free", change)) return;
  bump(day.sent_back, name);
  piece.free_backs += 1;
  avoid(day, piece, name, { run: !piece.run, context });
  piece.run = true;
}

/** One state of a change counts once for the free stages, whichever says it first, and once for each reviewer. */
function isNewBack(piece: MetricsPiece, by: string, change: string | null): boolean {
  const before = change !== null && piece.back_change === change ? piece.back_by : [];
  if (before.includes(by)) return false;
  piece.back_change = change;
  piece.back_by = [...before, by];
  return true;
}

function avoid(
  day: MetricsDay,
  piece: MetricsPiece,
  stage: string,
  { run, context }: { run: boolean; context: number | null },
): void {
  const found = entry(day.avoided, stage, () => avoidedSchema.parse({}));
  found.calls += 1;
  if (run) found.runs += 1;
  const tokens = context ?? piece.context_tokens;
  if (tokens === null) return;
  found.measured += 1;
  found.context_tokens += tokens;
}

function measured(day: MetricsDay, piece: MetricsPiece, tokens: number): void {
  day.contexts += 1;
  day.context_tokens += tokens;
  piece.context_tokens = tokens;
}

function addVerdict(
  state: Metrics,
  day: MetricsDay,
  piece: MetricsPiece,
  event: Extract<TimedEvent["event"], { kind: "verdict" }>,
  at: number,
): void {
  const { verdict, by, source, model, blockers, about } = event;
  bump(day.verdicts, `${by} ${verdict}`);
  if (by === "sluice" && piece.first_verdict === null) {
    piece.first_verdict = verdict;
    day.first_verdicts += 1;
    if (verdict === "SHIP") day.first_ships += 1;
  }
  piece.reviewed = true;
  piece.run = false;
  if (verdict === "SHIP") piece.shipped = true;
  if (verdict !== "NEEDS_WORK" && verdict !== "MAJOR_RETHINK") return;
  const name = by === "sluice" ? "premium" : by;
  if (!isNewBack(piece, name, about.change)) return;
  bump(day.sent_back, name);
  piece.reviewer_backs += 1;
  const same = about.change !== null && piece.screened_change === about.change;
  const screened = event.prescreen ?? (same ? piece.screened : null);
  if (screened !== "clean") return;
  for (const [kind, number] of Object.entries(blockers)) {
    bump(day.escapes, kind, number);
    for (let each = 0; each < Math.min(number, 10); each += 1)
      state.escapes.push({ at, class: kind, by, source, model });
  }
}

/** A re-anchoring each time, and once for a task; a scout's digest where it came from the cache. */
function addCondensed(
  state: Metrics,
  day: MetricsDay,
  event: Extract<TimedEvent["event"], { kind: "work" }>,
  at: number,
  pieces: Map<string, MetricsPiece>,
): void {
  const { tool, about, cached, originals_tokens: originals, summary_tokens: summary } = event;
  if (originals === null || summary === null) return;
  const isScout = tool === "run_scout";
  if (isScout ? !cached : tool !== "reanchor_task") return;
  const found = entry(day.condensed, isScout ? "scouts" : "reanchor", () => readingSavedSchema.parse({}));
  found.times += 1;
  found.originals += originals;
  found.summaries += summary;
  if (isScout) return;
  if (about.task !== null) {
    const piece = pieceOf(state, pieces, { ...about, change: null }, at);
    if (piece.reanchored) return;
    piece.reanchored = true;
  }
  found.tasks += 1;
  found.task_originals += originals;
  found.task_summaries += summary;
}

function addPremium(day: MetricsDay, event: Extract<TimedEvent["event"], { kind: "premium_call" }>): void {
  const found = entry(day.premium, event.source, () => premiumSchema.parse({}));
  const answered = event.outcome === "answered";
  found[answered ? "answered" : "failed"] += 1;
  found.ms += event.ms;
  if (answered) bump(day.purposes, event.purpose);
  if (event.tokens === null) return;
  found.tokens += event.tokens;
  if (!answered) return;
  found.counted += 1;
  // What was saved are reviews: what a plan or a scout took says nothing of them.
  if (event.context_tokens === null || event.purpose !== "review") return;
  found.pairs += 1;
  found.pair_tokens += event.tokens;
  found.pair_context += event.context_tokens;
}

function addReading(state: Metrics, key: string, reading: QuotaReading): void {
  if (!Object.hasOwn(state.quota, key) && Object.keys(state.quota).length >= keptWindows) return;
  const known = Object.hasOwn(state.quota, key) ? (state.quota[key] ?? []) : [];
  const slot = (at: number) => Math.floor(at / readingEvery);
  // Clocks differ and go back: it belongs where its time says.
  let place = known.length;
  while (place > 0 && (known[place - 1]?.at ?? 0) > reading.at) place -= 1;
  const before = known[place - 1];
  const same = before !== undefined && slot(before.at) === slot(reading.at);
  // A window that began anew within the half hour is worth both.
  if (same && reading.used >= before.used) known.splice(place - 1, 1, reading);
  else known.splice(place, 0, reading);
  state.quota[key] = known.slice(-keptReadings);
}

function dayIn(state: Metrics, name: string): MetricsDay {
  const known = state.days[name];
  if (known !== undefined) return known;
  const day = daySchema.parse({});
  state.days[name] = day;
  return day;
}

/** A key more than there may be counts as `other`, so that nobody's names make the state grow. */
function bounded(record: Record<string, unknown>, key: string): string {
  if (key === "__proto__") return "other";
  return Object.hasOwn(record, key) || Object.keys(record).length < mostKeys ? key : "other";
}

function bump(record: Record<string, number>, key: string, by = 1): void {
  if (by === 0) return;
  const name = bounded(record, key);
  record[name] = (Object.hasOwn(record, name) ? (record[name] ?? 0) : 0) + by;
}

function entry<T>(record: Record<string, T>, key: string, empty: () => T): T {
  const name = bounded(record, key);
  const known = Object.hasOwn(record, name) ? record[name] : undefined;
  if (known !== undefined) return known;
  const made = empty();
  record[name] = made;
  return made;
}
