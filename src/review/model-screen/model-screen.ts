import type { Finding } from "../../analyzers/compare.js";
import type { EngineReport } from "../../analyzers/run.js";
import type { Change } from "../../change/types.js";
import type { Config } from "../../config/schema.js";
import { messageOf } from "../../errors.js";
import { Asking, absences, defaultLimits, type Limits } from "../../local/asking.js";
import { type LocalTier, openLocal } from "../../local/local.js";
import { printable } from "../../printable.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { securityFiles } from "../classify.js";
import { type Callers, callersOf } from "./callers.js";
import { type CheckedClaim, type Doubt, findingsOf, recheck } from "./check.js";
import { examine } from "./examine.js";
import { openKept } from "./kept.js";
import { callRows, partsOf } from "./show.js";
import { type Triage, triage } from "./triage.js";
import { type Block, hasUnits, type Unit, unitsOf } from "./units.js";

export interface ModelScreenOptions {
  config: Config;
  store: StateStore;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** What analyzers found, dismissed or not. */
  found: readonly Finding[];
  /** Default: the configuration's. */
  tier?: LocalTier | undefined;
  limits?: Limits | undefined;
}

export interface ModelScreen {
  findings: Finding[];
  /** `prefilter`, when it was asked, and `model`. */
  engines: EngineReport[];
  /** How sure both passes were of each finding, 0 to 1, by its id. */
  confidence: ReadonlyMap<string, number>;
}

type Work = { unit: Unit; blocks: Block[] };

/**
 * What local models find in a change beyond the analyzers: mistakes of logic. Nothing that a model says is believed
 * unchecked. Without a local model there is one short note. Throws the signal's reason when cancelled, and for
 * nothing else.
 */
export async function modelScreen(
  change: Change,
  sluice: Sluice,
  options: ModelScreenOptions,
): Promise<ModelScreen> {
  const started = sluice.clock();
  try {
    return await screened(change, sluice, options, started);
  } catch (error) {
    options.signal.throwIfAborted();
    sluice.log(`the pre-screen's model stage failed: ${messageOf(error)}`);
    const ms = sluice.clock() - started;
    return {
      findings: [],
      confidence: new Map(),
      engines: [{ name: "model", state: "failed", ms, note: messageOf(error).slice(0, 300) }],
    };
  }
}

async function screened(
  change: Change,
  sluice: Sluice,
  options: ModelScreenOptions,
  started: number,
): Promise<ModelScreen> {
  const { config, signal } = options;
  const skipped = (note: string): ModelScreen => ({
    findings: [],
    confidence: new Map(),
    engines: [{ name: "model", state: "skipped", ms: sluice.clock() - started, note }],
  });
  if (config.review.prescreen.backend === "premium")
    return skipped("switched off (review.prescreen.backend is premium)");
  const tier = options.tier ?? openLocal(config, sluice, { store: options.store });
  if (!tier.configured("primary")) return skipped("switched off (local.enabled)");
  const nothing = "no code changed that a model could read";
  if (!hasUnits(change)) return skipped(nothing);
  // Before anything is read: most machines have no model, and parsers are heavy.
  const { primary, prefilter } = await tier.state(signal);
  if (primary === null) return skipped("switched off (local.enabled)");
  const passing = primary.problem?.kind === "loading" || primary.problem?.kind === "busy";
  if (!primary.up || (primary.problem !== null && !passing)) {
    const { message, hint } = primary.problem ?? { message: "The local model can't be reached.", hint: "" };
    return skipped(`${message} ${hint}`.trim().slice(0, 300));
  }
  const { units, left } = await unitsOf(change, signal);
  if (units.length === 0) return skipped(nothing);

  const chosen =
    prefilter?.up && prefilter.problem === null ? await choose(change, sluice, options, tier, units) : null;
  const model = nameOf(primary.model ?? primary.configuredModel);
  const work = chosen?.chosen ?? units.map((unit) => ({ unit, blocks: unit.blocks }));
  const callers = await callersOf(
    change,
    work.map(({ unit }) => unit),
    signal,
  );
  const asking = new Asking(tier, "primary", asked(options, "model"));
  const begun = sluice.clock();
  const { findings, confidence, counts } = await look(
    asking,
    work,
    { units, callers },
    model,
    primary.slots ?? 1,
    options,
  );
  const report: EngineReport = {
    name: "model",
    ...outcome(asking, counts, left),
    ms: sluice.clock() - begun,
  };
  return { findings, confidence, engines: [...(chosen ? [chosen.report] : []), report] };
}

function asked({ limits = defaultLimits, signal, onProgress }: ModelScreenOptions, name: string) {
  return { limits, signal, onProgress: (message: string) => onProgress?.(`${name}: ${message}`) };
}

/** Has the pre-filter choose; security-classed files are never its to leave out. */
async function choose(
  change: Change,
  sluice: Sluice,
  options: ModelScreenOptions,
  tier: LocalTier,
  units: readonly Unit[],
): Promise<Triage & { report: EngineReport }> {
  const started = sluice.clock();
  const { config, store, signal } = options;
  const always = await securityFiles(change, { config, signal });
  const asking = new Asking(tier, "prefilter", asked(options, "prefilter"));
  const kept = await openKept(store.cache("local-model"), `prefilter ${config.local.prefilter_model}`, [
    "prescreen-triage",
  ]);
  const found = await triage(asking, kept, units, always);
  const security = units.filter(({ file }) => always.has(file.path)).length;
  const notes = [
    `${count(found.asked, "file")} asked, ${found.fromCache} from cache, ${security} security-classed`,
    `${count(found.leftOut, "part")} left out`,
    ...(asking.ended === null ? [] : [`then all went to the model: ${asking.ended.message}`]),
  ];
  const state = asking.ended === null ? "ok" : asking.ended.kind === "time" ? "timeout" : "failed";
  const report: EngineReport = {
    name: "prefilter",
    state: state === "failed" && asking.answered === 0 ? "skipped" : state,
    ms: sluice.clock() - started,
    note: notes.join("; "),
  };
  return { ...found, report };
}

interface Counts {
  asked: number;
  fromCache: number;
  unanswered: number;
  doubts: Map<Doubt, number>;
}

async function look(
  asking: Asking,
  work: readonly Work[],
  { units, callers }: { units: readonly Unit[]; callers: Callers },
  model: string,
  slots: number,
  { store, found, onProgress, signal }: ModelScreenOptions,
): Promise<Omit<ModelScreen, "engines"> & { counts: Counts }> {
  const counts: Counts = { asked: 0, fromCache: 0, unanswered: 0, doubts: new Map() };
  const doubt = (why: Doubt) => counts.doubts.set(why, (counts.doubts.get(why) ?? 0) + 1);
  const kept = await openKept(store.cache("local-model"), `primary ${model}`, [
    "prescreen-find",
    "prescreen-refute",
  ]);
  const findings: Finding[][] = work.map(() => []);
  const confidence = new Map<string, number>();
  const add = (index: number, unit: Unit, claims: readonly CheckedClaim[]) => {
    findings[index] = findingsOf(unit, claims, model);
    for (const [at, { id }] of findings[index].entries()) confidence.set(id, claims[at]?.confidence ?? 0);
  };
  let next = 0;
  let done = 0;
  const worker = async () => {
    for (let index = next++; index < work.length; index = next++) {
      const one = work[index];
      if (one === undefined) return;
      signal.throwIfAborted();
      const { unit, blocks } = one;
      const parts = partsOf(unit, blocks);
      const calls = parts.flatMap((part) => callRows(part, units, callers));
      const around = calls.map(({ path, text }) => `${path}: ${text}`);
      const known = await kept.claims(unit, blocks, around);
      if (known !== null) {
        counts.fromCache += 1;
        add(index, unit, recheck(known, unit, found, doubt));
      } else if (asking.ended !== null) {
        counts.unanswered += 1;
      } else {
        counts.asked += 1;
        const { claims, whole } = await examine(asking, parts, { units, callers, found, doubt });
        if (whole) await kept.keepClaims(unit, blocks, around, claims);
        else counts.unanswered += 1;
        add(index, unit, claims);
      }
      done += 1;
      onProgress?.(`model: ${done} of ${count(work.length, "file")}`);
    }
  };
  const workers = Math.max(1, Math.min(slots, 4, work.length));
  const runs = await Promise.allSettled(Array.from({ length: workers }, worker));
  signal.throwIfAborted();
  for (const run of runs) if (run.status === "rejected") throw run.reason;
  return { findings: findings.flat(), confidence, counts };
}

function outcome(
  { answered, ended, failure }: Asking,
  { asked, fromCache, unanswered, doubts }: Counts,
  left: number,
): Pick<EngineReport, "state" | "note"> {
  const dropped = [...doubts].map(([why, times]) => `${times} ${why}`);
  const total = [...doubts.values()].reduce((sum, times) => sum + times, 0);
  const last = ended ?? (unanswered > 0 ? failure : null);
  const notes = [
    `${count(asked, "file")} asked, ${fromCache} from cache`,
    ...(total > 0 ? [`${count(total, "claim")} dropped (${dropped.join(", ")})`] : []),
    ...(unanswered > 0 ? [`${unanswered} not answered for`] : []),
    ...(left > 0 ? [`${count(left, "file")} too large or too many`] : []),
    ...(last ? [last.message] : []),
  ];
  return {
    state: stateOf(last?.kind ?? null, answered + fromCache > 0, unanswered > 0),
    note: notes.join("; "),
  };
}

function stateOf(kind: string | null, some: boolean, lacking: boolean): EngineReport["state"] {
  if (kind === "time" || kind === "slow") return "timeout";
  if (kind === null) return lacking ? "failed" : "ok";
  return !some && absences.some((absence) => absence === kind) ? "skipped" : "failed";
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** A server's name of its model, fit for `findings[].source`. */
function nameOf(model: string): string {
  return printable(model)
    .replace(/[^\w.:/@+-]+/g, "-")
    .slice(0, 80);
}
