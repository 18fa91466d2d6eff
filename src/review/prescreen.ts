import { type Finding, merge } from "../analyzers/compare.js";
import type { Engine } from "../analyzers/engine.js";
import { engines as allEngines } from "../analyzers/index.js";
import { type Analysis, analyse } from "../analyzers/run.js";
import { toolEngines } from "../analyzers/tools/engine.js";
import type { Change } from "../change/types.js";
import type { Config } from "../config/schema.js";
import type { LocalTier } from "../local/local.js";
import type { Sluice } from "../sluice.js";
import { recordEvent } from "../state/metrics.js";
import {
  countRound,
  type PrescreenRound,
  prescreenRounds,
  recordPrescreen,
} from "../state/prescreen-state.js";
import { dismissals, dismissFinding } from "../state/review-state.js";
import type { StateStore } from "../state/store.js";
import { aboutChange } from "./evidence.js";
import type { Prescreen } from "./prescreen-schema.js";
import { refuseEmpty, treesOf } from "./reviewed-trees.js";

export { type Prescreen, prescreenArguments, prescreenOutput } from "./prescreen-schema.js";

export interface PrescreenOptions {
  store: StateStore;
  config: Config;
  signal: AbortSignal;
  dismiss?: readonly { id: string; reason: string }[] | undefined;
  onProgress?: ((message: string) => void) | undefined;
  /** Why the configured programs must not look at the change in this call; undefined when they may. */
  noTools?: string | undefined;
  /** For tests of what happens when one fails; default all. */
  engines?: readonly Engine[];
  /** Default: the local models of the configuration. */
  tier?: LocalTier | undefined;
}

/**
 * The mistakes that a change brought in, by static analysis and then, where there is one, by the user's own local
 * model. Nothing of the repository's is run. Throws UsageError for an empty change, and the signal's reason when
 * cancelled.
 */
export async function prescreen(
  change: Change,
  sluice: Sluice,
  options: PrescreenOptions,
): Promise<Prescreen> {
  refuseEmpty(change);
  const { store, config, signal, onProgress } = options;
  const key = roundKey(change);
  const rounds = await prescreenRounds(store, key);
  const { tools } = config.review.prescreen;
  const engines = options.engines ?? [...allEngines, ...toolEngines(tools, options.noTools)];
  const alone = await analyse(change, sluice, { signal, onProgress, engines });
  const analysis = await withModels(alone, change, sluice, options);

  const before = new Set((await dismissals(store)).map(({ id }) => id));
  const { unknown, done: dismissedNow } = await dismiss(
    options.dismiss ?? [],
    analysis.findings,
    rounds,
    store,
    sluice,
  );
  const gone = new Set((await dismissals(store)).map(({ id }) => id));
  const findings = analysis.findings.filter(({ id }) => !gone.has(id));
  const blocking = findings.filter(({ severity }) => severity !== "hint");
  const verdict = blocking.length > 0 ? "issues" : "clean";

  const known = rounds.some(
    (round) => round.head_tree === change.head.tree && round.base_tree === change.base.tree,
  );
  const iteration = await countRound(store, key, { clean: verdict === "clean", known });
  const previous = rounds.find((round) => round.head_tree !== change.head.tree);
  if (!known || verdict === "clean") await recordPrescreen(store, roundOf(key, change, findings, sluice));
  // The same head against another base shows again what was raised before.
  const shownBefore = rounds.filter((round) => round === previous || round.head_tree === change.head.tree);
  const seen = new Set(
    (known ? findings : shownBefore.flatMap((round) => round.findings)).map(({ id }) => id),
  );
  const raised = countClasses(blocking.filter(({ id }) => !seen.has(id)));
  const dismissed = countClasses(
    [...dismissedNow].flatMap(([id, one]) => (before.has(id) || !gone.has(id) || one.hint ? [] : [one])),
  );
  if (Object.keys(raised).length + Object.keys(dismissed).length > 0)
    await recordEvent(store, sluice, { kind: "findings", about: aboutChange(change), raised, dismissed });

  const max = config.review.prescreen.max_iterations;
  return {
    verdict,
    findings: findings.map(shown),
    iteration,
    max_iterations: max,
    advice: advise(verdict, iteration, max, analysis, unknown),
    since_last: previous ? difference(previous, findings) : null,
    dismissed: analysis.findings.length - findings.length,
    engines: analysis.engines,
    not_analysed: analysis.not_analysed,
    trees: treesOf(change),
  };
}

/** What the local models add to what the analyzers say. */
async function withModels(
  alone: Analysis,
  change: Change,
  sluice: Sluice,
  { config, store, signal, onProgress, tier }: PrescreenOptions,
): Promise<Analysis> {
  const { modelScreen } = await import("./model-screen/model-screen.js");
  const found = alone.findings;
  const seen = await modelScreen(change, sluice, { config, store, signal, onProgress, tier, found });
  return {
    ...alone,
    findings: merge([...found, ...seen.findings]),
    engines: [...alone.engines, ...seen.engines],
  };
}

/** What rounds are counted under. */
function roundKey({ task, repository, head }: Change): string {
  if (task !== null) return `task:${task}`;
  return repository.branch === null ? `detached:${head.commit ?? head.label}` : `branch:${repository.branch}`;
}

function countClasses(findings: readonly { class: string }[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const one of findings) counts.set(one.class, (counts.get(one.class) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** What is kept of a finding. */
type Known = PrescreenRound["findings"][number];

/** Records what can be dismissed, and gives each that was, and the ids that name no finding. */
async function dismiss(
  wanted: readonly { id: string; reason: string }[],
  findings: readonly Finding[],
  rounds: readonly PrescreenRound[],
  store: StateStore,
  sluice: Sluice,
): Promise<{ unknown: string[]; done: Map<string, Known> }> {
  const done = new Map<string, Known>();
  const all = new Map<string, Known>();
  for (const round of rounds) for (const one of round.findings) all.set(one.id, one);
  for (const one of findings) all.set(one.id, keptOf(one));
  const unknown: string[] = [];
  for (const { id, reason } of wanted) {
    const found = all.get(id);
    if (found === undefined) unknown.push(id);
    else {
      await dismissFinding(store, {
        id,
        reason,
        class: found.class,
        at: new Date(sluice.clock()).toISOString(),
      });
      done.set(id, found);
    }
  }
  return { unknown, done };
}

/** Hints are told apart: they are not counted as raised, so neither as dismissed. */
function keptOf({ id, severity, class: kind }: Finding): Known {
  return { id, class: kind, hint: severity === "hint" };
}

function roundOf(key: string, change: Change, findings: readonly Finding[], sluice: Sluice): PrescreenRound {
  return {
    key,
    base_tree: change.base.tree,
    head_tree: change.head.tree,
    findings: findings.slice(0, 500).map(keptOf),
    at: new Date(sluice.clock()).toISOString(),
  };
}

function difference(
  previous: PrescreenRound,
  findings: readonly Finding[],
): { fixed: number; stayed: number; new: number } {
  const before = new Set(previous.findings.map(({ id }) => id));
  const stayed = findings.filter(({ id }) => before.has(id)).length;
  return { fixed: before.size - stayed, stayed, new: findings.length - stayed };
}

function advise(
  verdict: Prescreen["verdict"],
  iteration: number,
  max: number,
  { engines }: Analysis,
  unknown: readonly string[],
): string | null {
  const sentences: string[] = [];
  if (verdict === "issues" && iteration > max) {
    sentences.push(
      `${max} rounds are over: go on to the review with what is left, and tell the reviewer of it.`,
    );
  } else if (verdict === "issues") {
    sentences.push(
      "Fix these, then call again; a finding that is wrong goes into `dismiss` with its id and a reason.",
    );
  }
  const lost = engines
    .filter(({ state }) => state === "failed" || state === "timeout")
    .map(({ name }) => name);
  if (lost.length > 0) {
    sentences.push(
      `${lost.join(", ")} did not finish: what only ${lost.length > 1 ? "they find" : "it finds"} was not looked for.`,
    );
  }
  if (unknown.length > 0)
    sentences.push(`No finding has the id ${unknown.join(", ")}: nothing was dismissed by it.`);
  return sentences.join(" ") || null;
}

function shown({
  id,
  severity,
  class: kind,
  file,
  line,
  message,
  evidence,
  source,
  on_changed_line,
}: Finding) {
  return { id, severity, class: kind, file, line, message, evidence, source, on_changed_line };
}
