import type { Config } from "../../config/schema.js";
import { openLocal } from "../../local/local.js";
import { type Recommendation, recommend } from "../../premium/consult.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { withLocalModel } from "../local-model.js";

export type Level = "LOW" | "MEDIUM" | "HIGH";
export type Backend = "local" | "hybrid" | "premium";

/** Who should do a task, and whether that can be had now. */
export interface Worker {
  backend: Backend;
  /** Who begins: a local model, or the premium one. */
  model: string;
  /** Who decides what the local one can't, or does it all; null for a task that needs none. */
  premium_model: string | null;
  /** Of a hybrid worker how its two models take turns; else how workers are chosen. */
  strategy: string;
  reason: string;
  /** The premium source that has the model now; null when none has, or none is needed. */
  source: string | null;
  /** What that source calls it. */
  source_model: string | null;
  /** Whether everything named can be had now. */
  available: boolean;
  /** What to use instead; null when nothing is missing. */
  instead: string | null;
  /** When the premium model is back, ISO 8601; null when it is there or nobody knows. */
  next_available_at: string | null;
  /** How to run the worker. */
  advice: string[];
}

/** What a level asks for, as configured, before anybody looks whether it is there. */
export interface Wanted {
  backend: Backend;
  local: string | null;
  premium: string | null;
  strategy: string;
  why: string;
  notes: string[];
}

export interface WorkerOptions {
  store: StateStore;
  config: Config;
  level: Level;
  security: boolean;
  architectural: boolean;
  signal: AbortSignal;
}

const hybridStrategies = ["local_first_premium_fallback", "local_only", "premium_first"];

/** The worker that `work.model_selection` names for a level. */
export function wantedWorker({
  config,
  level,
  security,
  architectural,
}: Pick<WorkerOptions, "config" | "level" | "security" | "architectural">): Wanted {
  const {
    strategy,
    low_complexity: low,
    medium_complexity: medium,
    high_complexity: high,
  } = config.work.model_selection;
  const notes: string[] = [];
  const fixed = /^(?:always_|only_)?(local|hybrid|premium)(?:_only)?$/.exec(strategy)?.[1] ?? null;
  if (fixed === null && strategy !== "complexity_based") {
    notes.push(
      `work.model_selection.strategy ${JSON.stringify(strategy.slice(0, 60))} is not known (complexity_based, local, hybrid, premium): chosen by complexity`,
    );
  }
  const configured = { LOW: low.backend, MEDIUM: medium.backend, HIGH: high.backend }[level];
  const backend = fixed === "local" || fixed === "hybrid" || fixed === "premium" ? fixed : configured;
  // A level that runs elsewhere than it usually does takes the names of the level that usually does.
  const local = level === "LOW" && low.backend !== "premium" ? low.model : medium.local_model;
  const named = security ? high.security : architectural ? high.architectural : high.default;
  const premium =
    level === "HIGH"
      ? named
      : level === "LOW" && low.backend === "premium"
        ? low.model
        : medium.premium_model;
  if (backend === "hybrid" && !hybridStrategies.includes(medium.strategy)) {
    notes.push(
      `work.model_selection.medium_complexity.strategy ${JSON.stringify(medium.strategy.slice(0, 60))} is not known (${hybridStrategies.join(", ")}): the local model goes first`,
    );
  }
  const kind = security ? "security-sensitive" : architectural ? "architectural" : "complex";
  const why =
    fixed !== null
      ? `strategy ${strategy} is configured for every task`
      : level === "LOW"
        ? "LOW: none of the seven indicators holds"
        : level === "MEDIUM"
          ? "MEDIUM: one or two indicators hold"
          : `HIGH: ${security ? "security-sensitive" : "three or more indicators hold"}${level === "HIGH" && backend !== "local" ? `, so the model for ${kind} work` : ""}`;
  return {
    backend,
    local: backend === "premium" ? null : local,
    premium: backend === "local" ? null : premium,
    strategy: backend === "hybrid" ? medium.strategy : strategy,
    why,
    notes,
  };
}

/** The worker for a level, with whom it can be had from now. Asks nobody and reserves nothing. */
export async function chooseWorker(
  sluice: Sluice,
  options: WorkerOptions,
): Promise<{ worker: Worker; notes: string[] }> {
  const { store, config, level, signal } = options;
  const wanted = wantedWorker(options);
  const local = wanted.local === null ? null : await lookLocally(config, sluice, wanted.local, signal);
  const found =
    wanted.premium === null ? null : await recommend(sluice, { store, config, models: [wanted.premium] });
  const ready = found === null || found.decision === "route";
  const up = local === null || local.problem === null;
  const { medium_complexity: medium, high_complexity: high } = config.work.model_selection;
  let instead: string | null = null;
  if (!up && wanted.backend === "local") {
    const other = await recommend(sluice, { store, config, models: [medium.premium_model, "quota_lowest"] });
    instead = `${local?.problem} Instead: ${orYourself(other, "a small model is enough for it")}.`;
  } else if (!up) {
    instead = `${local?.problem} Instead: ${orYourself(found, `${wanted.premium} was named for it`)}, without a local model.`;
  } else if (!ready && wanted.backend === "hybrid") {
    instead = `The local model can begin; for what it can't decide: ${orYourself(found, `${wanted.premium} was named for it`)}.`;
  } else if (!ready) {
    // Security work goes to no model that nobody named for it.
    const names = [high.default, high.architectural].filter((name) => name !== wanted.premium);
    const other =
      options.security || level !== "HIGH" || names.length === 0
        ? null
        : await recommend(sluice, { store, config, models: [...new Set(names)] });
    const takes = other?.decision === "route" ? other : found;
    instead = `${orYourself(takes, `${wanted.premium} was named for it`)}.`;
    instead = instead.charAt(0).toUpperCase() + instead.slice(1);
  }
  const worker: Worker = {
    backend: wanted.backend,
    model: wanted.local ?? wanted.premium ?? "",
    premium_model: wanted.premium,
    strategy: wanted.strategy,
    reason: `${wanted.why}${found?.decision === "route" ? `; ${found.source} has ${found.model}: ${found.why}` : ""}`,
    source: found?.source ?? null,
    source_model: found?.model ?? null,
    available: up && ready,
    instead,
    next_available_at: found?.next_available_at ?? null,
    advice: adviceFor(config, up ? wanted.backend : "premium"),
  };
  return { worker, notes: [...wanted.notes, ...(local?.note == null ? [] : [local.note])] };
}

/** Where a premium model is to be had, or when, or that the caller usually is one. */
function orYourself(found: Recommendation | null, hint: string): string {
  if (found?.decision === "route") return `${found.model} of ${found.source} (${found.why})`;
  const yourself = `do it yourself, if you are a premium model (${hint})`;
  const until = found?.next_available_at;
  return until == null ? yourself : `wait until ${until}, or ${yourself}`;
}

/** Whether the local model is there: looked at, never loaded. */
async function lookLocally(
  config: Config,
  sluice: Sluice,
  model: string,
  signal: AbortSignal,
): Promise<{ problem: string | null; note: string | null }> {
  const { enabled, primary } = await openLocal(withLocalModel(config, model), sluice).state(signal);
  if (!enabled || primary === null) return { problem: "The local tier is switched off.", note: null };
  if (!primary.up || primary.problem !== null) {
    const why = primary.problem?.message ?? `${primary.baseUrl} does not answer.`;
    return { problem: `The local tier is down: ${why.slice(0, 200)}`, note: null };
  }
  return { problem: null, note: primary.note === null ? null : `local model: ${primary.note}` };
}

/** `work.worker` in words: Sluice starts no agents, the caller does. */
function adviceFor(config: Config, backend: Backend): string[] {
  const { subagent, fresh_context: fresh } = config.work.worker;
  const who =
    backend === "premium"
      ? "Work on it yourself or by the model named"
      : "Call implement_task, which has the local model propose a change";
  return [
    `${who}.`,
    subagent
      ? "Run it in a subagent of its own, one per task."
      : "Run it in this session (work.worker.subagent is off).",
    fresh
      ? "Begin with a fresh context: hand over what reanchor_task gives, and nothing of what was said before."
      : "Go on with the context you have (work.worker.fresh_context is off); reanchor_task still says what to keep in mind.",
  ];
}
