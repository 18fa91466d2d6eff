import type { Config } from "../../config/schema.js";
import type { Sluice } from "../../sluice.js";
import { type Metrics, type MetricsDay, type MetricsPiece, readMetrics } from "../../state/metrics.js";
import { dayOf } from "../../state/metrics-rollup.js";
import { type QuotaState, readQuota } from "../../state/quota-state.js";
import type { StateStore } from "../../state/store.js";
import { quotaStore } from "../quota-store.js";
import { sourceStatuses } from "../sources.js";
import { assumedOf, condensedStages, type StageSaved } from "./condensed.js";
import { pooledDays, type SourceDays, sourceDays } from "./quota-days.js";
import { perCase, type Rate, round, share } from "./rates.js";
import { defaultDays, type Savings } from "./savings-schema.js";

export { type Savings, savingsArguments, savingsOutput } from "./savings-schema.js";

export interface SavingsOptions {
  store: StateStore;
  config: Pick<Config, "premium_sources" | "quota">;
  /** Up to now. */
  days?: number | undefined;
}

/** All that a report is made from. */
export interface Evidence {
  metrics: Metrics;
  /** Where quota is kept: the readings of all repositories, unless each has its own. */
  readings: Metrics["quota"];
  quota: QuotaState;
  /** Sources that are set up. */
  configured: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  days: number;
}

const day = 86_400_000;

/** What Sluice saved, and how sure that is. Reads what was recorded; asks nobody. */
export async function savings(sluice: Sluice, options: SavingsOptions): Promise<Savings> {
  return savingsOf(await gatherEvidence(sluice, options));
}

export async function gatherEvidence(sluice: Sluice, options: SavingsOptions): Promise<Evidence> {
  const { store, config, days = defaultDays } = options;
  const kept = await quotaStore(sluice, config, store);
  const metrics = await readMetrics(store);
  const readings = kept.directory === store.directory ? metrics.quota : (await readMetrics(kept)).quota;
  const statuses = await sourceStatuses(sluice, config);
  return {
    metrics,
    readings,
    quota: await readQuota(kept, sluice),
    configured: statuses.filter(({ configured }) => configured).map(({ source }) => source),
    now: sluice.clock(),
    days,
  };
}

/** The figures of some evidence: each with what it was counted from, and "not enough" where that is too little. */
export function savingsOf(evidence: Evidence): Savings {
  const { metrics, now, days } = evidence;
  const from = dayOf(now - (days - 1) * day);
  const to = dayOf(now);
  const within = Object.entries(metrics.days).flatMap(([name, one]) =>
    name >= from && name <= to ? [one] : [],
  );
  const ahead = Object.keys(metrics.days).filter((name) => name > to).length;
  const pieces = metrics.pieces.filter(
    ({ reviewed, last }) => reviewed && dayOf(last) >= from && dayOf(last) <= to,
  );
  const sum = (pick: (one: MetricsDay) => number) => within.reduce((total, one) => total + pick(one), 0);
  const merged = (pick: (one: MetricsDay) => Readonly<Record<string, number>>) => addUp(within.map(pick));

  const premium = premiumOf(within);
  const told = total(merged(({ told_calls }) => told_calls));
  const perTask = perCase(premium.answered + told, pieces.length);
  const sentBack = merged(({ sent_back }) => sent_back);
  const free = (sentBack.gates ?? 0) + (sentBack.prescreen ?? 0);
  const catches = share(free, total(sentBack));
  const raised = total(merged((one) => one.raised));
  const dismissed = total(merged((one) => one.dismissed));
  const quota = quotaOf(evidence);
  const saved = savedTokens(within, evidence.metrics);
  const targets = targetsOf(quota.pooled.days, perTask, catches);
  const verdicts = merged((one) => one.verdicts);
  return {
    summary: summarise(targets, saved, pieces.length),
    targets,
    premium_calls_per_task: perTask,
    tokens_saved: saved,
    catch_rate: catches,
    sent_back_by: sentBack,
    // What was raised before the period may be dismissed in it.
    false_alarms: share(Math.min(dismissed, raised), raised),
    fingerprint_skips: share(
      sum((one) => one.fingerprint_skips),
      sum((one) => one.fingerprint_checks),
    ),
    first_pass: share(
      sum((one) => one.first_ships),
      sum((one) => one.first_verdicts),
    ),
    quota,
    tasks: tasksOf(pieces),
    reviews: { total: sum((one) => one.reviews), ended_by: merged((one) => one.ended) },
    premium: {
      ...premium,
      told,
      tokens: premium.tokens + total(merged((one) => one.told_tokens)),
      by_purpose: merged((one) => one.purposes),
    },
    local: localOf(within),
    work: workOf(within),
    skips: merged((one) => one.skips),
    escapes: merged((one) => one.escapes),
    throttles: merged((one) => one.throttles),
    escalations: merged((one) => one.escalations),
    period: {
      days,
      from,
      to,
      recorded_since: metrics.first_at === null ? null : dayOf(metrics.first_at),
    },
    notes: notesOf(verdicts, ahead, evidence),
  };
}

function premiumOf(
  days: readonly MetricsDay[],
): Pick<Savings["premium"], "answered" | "failed" | "tokens" | "by_source"> {
  const sources = new Map<string, { answered: number; failed: number; tokens: number }>();
  for (const one of days)
    for (const [source, { answered, failed, tokens }] of Object.entries(one.premium)) {
      const known = sources.get(source) ?? { answered: 0, failed: 0, tokens: 0 };
      sources.set(source, {
        answered: known.answered + answered,
        failed: known.failed + failed,
        tokens: known.tokens + tokens,
      });
    }
  const rows = [...sources].map(([source, counts]) => ({ source, ...counts }));
  const all = (key: "answered" | "failed" | "tokens") => rows.reduce((sum, row) => sum + row[key], 0);
  return { answered: all("answered"), failed: all("failed"), tokens: all("tokens"), by_source: rows };
}

function localOf(days: readonly MetricsDay[]): Savings["local"] {
  const calls = days.flatMap(({ local }) => Object.values(local));
  const all = (pick: (one: (typeof calls)[number]) => number) =>
    calls.reduce((sum, one) => sum + pick(one), 0);
  return {
    answered: all(({ answered }) => answered),
    failed: all(({ failed }) => failed),
    tokens: all(({ prompt_tokens, completion_tokens }) => prompt_tokens + completion_tokens),
    seconds: Math.round(all(({ ms }) => ms) / 1_000),
  };
}

/** By tool, its parts together. */
function workOf(days: readonly MetricsDay[]): Savings["work"] {
  const tools = new Map<string, Savings["work"][number]>();
  for (const [name, { done, failed, cached, ms }] of days.flatMap(({ work }) => Object.entries(work))) {
    const tool = name.split(" ")[0] ?? name;
    const known = tools.get(tool) ?? { tool, done: 0, failed: 0, cached: 0, seconds: 0 };
    known.done += done;
    known.failed += failed;
    known.cached += cached;
    known.seconds += ms / 1_000;
    tools.set(tool, known);
  }
  return [...tools.values()].map((one) => ({ ...one, seconds: Math.round(one.seconds) }));
}

function tasksOf(pieces: readonly MetricsPiece[]): Savings["tasks"] {
  const calls = (fits: (calls: number) => boolean) =>
    pieces.filter(({ premium_calls }) => fits(premium_calls)).length;
  return {
    reviewed: pieces.length,
    shipped: pieces.filter(({ shipped }) => shipped).length,
    without_premium: calls((number) => number === 0),
    one_call: calls((number) => number === 1),
    more_calls: calls((number) => number > 1),
  };
}

/** Stages that stand in for a premium call, in the order in which a review passes them. */
const savingStages = ["gates", "prescreen", "fingerprint"] as const;

/** Calls whose size and context are both known, from which on their difference is used. */
const enoughPairs = 3;

function savedTokens(days: readonly MetricsDay[], metrics: Metrics): Savings["tokens_saved"] {
  // What a call is like does not change with the period that is asked for.
  const all = Object.values(metrics.days);
  const contexts = all.reduce((sum, one) => sum + one.contexts, 0);
  const context = contexts === 0 ? null : all.reduce((sum, one) => sum + one.context_tokens, 0) / contexts;
  const calls = all.flatMap(({ premium }) => Object.values(premium));
  const pairs = calls.reduce((sum, one) => sum + one.pairs, 0);
  const beyond = calls.reduce((sum, one) => sum + one.pair_tokens - one.pair_context, 0);
  const extra = pairs < enoughPairs ? null : beyond / pairs;
  const by_stage = savingStages.map((stage): StageSaved => {
    const found = days.flatMap(({ avoided }) =>
      Object.hasOwn(avoided, stage) ? (avoided[stage] ?? []) : [],
    );
    const all = (key: "calls" | "runs" | "measured" | "context_tokens") =>
      found.reduce((sum, one) => sum + one[key], 0);
    const [number, runs, measured, own] = [all("calls"), all("runs"), all("measured"), all("context_tokens")];
    const unknown = number - measured;
    const known = number === 0 || unknown === 0 || context !== null;
    const high = known ? Math.max(0, own + unknown * (context ?? 0) + number * (extra ?? 0)) : null;
    return {
      stage,
      calls: number,
      calls_low: runs,
      low: high === null ? null : Math.round(number === 0 ? 0 : (high * runs) / number),
      high: high === null ? null : Math.round(high),
      measured,
    };
  });
  by_stage.push(...condensedStages(days));
  const add = (pick: (one: (typeof by_stage)[number]) => number | null) =>
    by_stage.some((one) => pick(one) === null)
      ? null
      : by_stage.reduce((sum, one) => sum + (pick(one) ?? 0), 0);
  return {
    low: add(({ low }) => low),
    high: add(({ high }) => high),
    by_stage,
    context_tokens: context === null ? null : Math.round(context),
    contexts,
    extra_tokens: extra === null ? null : Math.round(extra),
    calls: pairs,
    assumption: `Each change that a free stage sent back, and each review that a fingerprint took the place of, would have been one premium call (high), or one for all that came in a row (low). A call carries its context as counted${context === null ? "" : ", or the mean context where the review ended before it was counted"}${extra === null ? "; what a call takes beyond its context is not in it yet" : ", and what calls took beyond theirs on average"}.${assumedOf(by_stage)}`,
  };
}

function quotaOf({ quota, configured, now }: Evidence): Savings["quota"] {
  const known = new Map(Object.entries(quota.sources));
  const sources: SourceDays[] = configured.map((source) =>
    sourceDays(source, known.get(source) ?? null, now),
  );
  return {
    pooled: pooledDays(sources),
    sources: sources.map(({ source, window, days, low, high, why }) => ({
      source,
      window,
      days,
      low,
      high,
      why,
    })),
  };
}

const dayTarget = 7;
const callTarget = 0.5;
const catchTarget = 0.6;

function targetsOf(days: number | null, perTask: Rate, catches: Rate): Savings["targets"] {
  const state = (value: number | null, enough: boolean, good: (value: number) => boolean) =>
    value === null || !enough ? "not_enough" : good(value) ? "met" : "missed";
  return [
    {
      name: "week_of_quota_days",
      target: "7 or more",
      value: days,
      state: state(days, true, (value) => value >= dayTarget),
    },
    {
      name: "premium_calls_per_task",
      target: "0.3 to 0.5",
      value: perTask.value,
      state: state(perTask.value, perTask.enough, (value) => value <= callTarget),
    },
    {
      name: "catch_rate",
      target: "60 to 80 %",
      value: catches.value,
      state: state(catches.value, catches.enough, (value) => value >= catchTarget),
    },
  ];
}

function summarise(targets: Savings["targets"], saved: Savings["tokens_saved"], tasks: number): string {
  if (tasks === 0) return "Nothing was reviewed in this time: call review_change, then ask again.";
  const of = (state: string) => targets.filter((one) => one.state === state).length;
  const tokens =
    saved.low === null || saved.high === null
      ? "what was saved is not known yet"
      : saved.low === saved.high
        ? `about ${amount(saved.low)} premium tokens saved`
        : `${amount(saved.low)} to ${amount(saved.high)} premium tokens saved`;
  return `${tasks} ${tasks === 1 ? "task" : "tasks"} reviewed, ${tokens}. Of ${targets.length} targets ${of("met")} met, ${of("missed")} missed, ${of("not_enough")} without enough data yet.`;
}

function amount(tokens: number): string {
  if (tokens < 10_000) return String(tokens);
  return tokens < 1_000_000 ? `${Math.round(tokens / 1_000)}k` : `${Math.round(tokens / 10_000) / 100}M`;
}

function notesOf(
  verdicts: Readonly<Record<string, number>>,
  ahead: number,
  { metrics, now }: Evidence,
): string[] {
  const elsewhere = Object.entries(verdicts)
    .filter(([key]) => key.startsWith("agent "))
    .reduce((sum, [, number]) => sum + number, 0);
  const notes = [
    "A task is a flow task; without one, what was done on a branch up to a SHIP.",
    "Counted are premium calls that Sluice made and those that record_usage told of. What agents spend otherwise is not known here.",
  ];
  if (elsewhere > 0)
    notes.push(
      `${elsewhere} ${elsewhere === 1 ? "verdict was" : "verdicts were"} reached by agents themselves: the tokens of those reviews are not counted.`,
    );
  if (ahead > 0) notes.push(`${ahead} day(s) lie in the future: a clock was wrong. They are left out.`);
  if (metrics.first_at !== null && metrics.first_at > now + day)
    notes.push("Everything that was recorded lies in the future: is this machine's clock right?");
  return notes;
}

function addUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const record of records)
    for (const [key, number] of Object.entries(record)) sums.set(key, (sums.get(key) ?? 0) + number);
  return Object.fromEntries(
    [...sums].sort(([, a], [, b]) => b - a).map(([key, number]) => [key, round(number)]),
  );
}

function total(record: Readonly<Record<string, number>>): number {
  return Object.values(record).reduce((sum, one) => sum + one, 0);
}
