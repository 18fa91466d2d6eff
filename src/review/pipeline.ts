import { changeLabel } from "../change/change.js";
import { requireValid } from "../config/load.js";
import { isSluiceError, messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { handOver } from "./hand-over.js";
import { openRequestedChange, type RequestedChange } from "./requested-change.js";
import type { ReviewArguments, ReviewResult, stageNames } from "./review-schema.js";
import { classification, fingerprint, gates, prescreen, route } from "./stages.js";
import type { Known, Stage, Step } from "./step.js";

export {
  type ReviewArguments,
  type ReviewResult,
  reviewArguments,
  reviewOutput,
  stageNames,
} from "./review-schema.js";

/** What a review consists of, in order; the premium review that ends it comes with the sources that give it. */
const stages = [gates, prescreen, fingerprint, classification, route] as const;

export interface ReviewOptions {
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why the project's own commands must not run in this call, trusted or not; undefined when they may. */
  noGates?: string | undefined;
  /** Why the configured programs must not look at the change in this call; undefined when they may. */
  noTools?: string | undefined;
}

/** The whole review of the change that the arguments name. Throws UsageError when they name none. */
export async function reviewChange(
  sluice: Sluice,
  args: ReviewArguments,
  options: ReviewOptions,
): Promise<ReviewResult> {
  return review(await openRequestedChange(sluice, args, options.signal), sluice, args.until, options);
}

/**
 * Runs the stages in order until one decides or `until` is done. A stage that fails costs its own answer only.
 * SHIP can come from nowhere but a premium model's verdict: see `step.ts`.
 */
export async function review(
  requested: RequestedChange,
  sluice: Sluice,
  until: (typeof stageNames)[number] | undefined,
  options: ReviewOptions,
): Promise<ReviewResult> {
  const known: Known = { ...requested, ...options, sluice, warnings: [] };
  const { change } = known;
  const trees = changeLabel(change);
  const result: ReviewResult = {
    verdict: null,
    decided_by: null,
    next: "",
    blockers: [],
    attested: null,
    class: null,
    stages: [],
    premium: null,
    review: null,
    fingerprint: null,
    context_fingerprint: null,
    skipped: change.skipped.map(({ path, reason }) => ({ path, reason })),
    warnings: [],
    trees,
  };
  if (change.files.length === 0) {
    const where = change.partial ? " in the files asked for" : "";
    result.next =
      change.skipped.length > 0
        ? `Not reviewed: ${trees.head} changes nothing against ${trees.base}${where} but what could not be taken in: see skipped for each file and why. Mend that, then call again.`
        : `Nothing to review: ${trees.head} changes nothing against ${trees.base}${where}. Pass another base, head or paths if that is not what was meant.`;
    return result;
  }
  for (const stage of stages) {
    options.onProgress?.(stage.doing);
    const started = performance.now();
    const step = await attempt(stage, known);
    result.stages.push({
      name: stage.name,
      state: step.state,
      ms: Math.round(performance.now() - started),
      summary: step.summary,
    });
    if (step.decision !== undefined) {
      Object.assign(result, step.decision);
      break;
    }
    if (stage.name === until) {
      result.next = `Stopped after ${stage.name} as asked. Call review_change without \`until\` for the rest.`;
      break;
    }
  }
  result.class = known.classification?.class ?? null;
  result.fingerprint = known.fingerprint?.fingerprint ?? null;
  result.context_fingerprint = known.fingerprint?.context_fingerprint ?? null;
  if (result.next === "") Object.assign(result, await handOver(known, result.stages));
  result.warnings = [...new Set([...known.warnings, ...warningsOf(known)])];
  return result;
}

async function attempt({ name, section, run }: Stage, known: Known): Promise<Step> {
  try {
    requireValid(known.loaded, section);
    return await run(known);
  } catch (error) {
    if (known.signal.aborted) throw error;
    if (!isSluiceError(error)) {
      const stack = error instanceof Error ? (error.stack ?? "") : messageOf(error);
      known.sluice.log(`the stage ${name} failed unexpectedly: ${stack}`);
    }
    const hint = isSluiceError(error) ? ` ${error.hint}` : "";
    return { state: "error", summary: `${messageOf(error)}${hint}` };
  }
}

function warningsOf({ loaded, store }: Known): string[] {
  return [
    ...loaded.problems.map(({ message }) => message),
    ...loaded.not_trusted.map(
      ({ key, why }) => `${key} of this repository's configuration is not in effect: ${why}`,
    ),
    ...store.warnings,
  ];
}
