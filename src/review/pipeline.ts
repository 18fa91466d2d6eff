import { changeLabel } from "../change/change.js";
import { requireValid, warningsOf } from "../config/load.js";
import type { openSource } from "../premium/open-source.js";
import { attemptStage } from "../premium/review-stage.js";
import type { Sluice } from "../sluice.js";
import { recordReview } from "./evidence.js";
import { handOver } from "./hand-over.js";
import { changeReceipt, withdrawOutdated } from "./premium-review/receipt.js";
import { premium } from "./premium-review/stage.js";
import { openRequestedChange, type RequestedChange } from "./requested-change.js";
import type { ReviewArguments, ReviewResult, stageNames } from "./review-schema.js";
import { classification, fingerprint, gates, prescreen, route } from "./stages.js";
import type { Decision, Known, Step } from "./step.js";

export {
  type ReviewArguments,
  type ReviewResult,
  reviewArguments,
  reviewOutput,
  stageNames,
} from "./review-schema.js";

/** What a review consists of, in order. */
const stages = [gates, prescreen, fingerprint, classification, route, premium] as const;

export interface ReviewOptions {
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why the project's own commands must not run in this call, trusted or not; undefined when they may. */
  noGates?: string | undefined;
  /** Why the configured programs must not look at the change in this call; undefined when they may. */
  noTools?: string | undefined;
  /** Why no premium model is asked in this call; undefined when one may be. */
  noPremium?: string | undefined;
  /** With false, an abort ends even a premium call that was sent. Default: it is let finish and its verdict kept. */
  finishSent?: boolean | undefined;
  /** Absolute path that a receipt is wanted at; null for nowhere. */
  receipt?: string | null | undefined;
  /** Opens a premium source; default: the ones that ship. */
  openSource?: typeof openSource | undefined;
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
  const begun = performance.now();
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
    remarks: null,
    premium: null,
    attempts: [],
    receipt: null,
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
  let afterwards: string | null = null;
  for (const stage of stages) {
    options.onProgress?.(stage.doing);
    const started = performance.now();
    const run = async (): Promise<Step> => {
      requireValid(known.loaded, stage.section);
      return stage.run(known);
    };
    const step = await attemptStage(stage.name, run, known);
    result.stages.push({
      name: stage.name,
      state: step.state,
      ms: Math.round(performance.now() - started),
      summary: step.summary,
    });
    if (step.attempts !== undefined) result.attempts = step.attempts;
    if (stage === premium && step.state === "error") afterwards = step.premiumNext ?? step.summary;
    else if (step.premiumNext !== undefined) afterwards = step.premiumNext;
    if (step.decision !== undefined) {
      decide(result, step.decision);
      await receiptFor(known, step.decision, result);
      break;
    }
    if (stage.name === until) {
      result.next = `Stopped after ${stage.name} as asked. Call review_change without \`until\` for the rest.`;
      break;
    }
  }
  if (options.receipt != null && result.receipt === null) {
    const told = await withdrawOutdated(change, options.receipt);
    if (told !== null) known.warnings.push(told);
  }
  result.class = known.classification?.class ?? null;
  result.fingerprint = known.fingerprint?.fingerprint ?? null;
  result.context_fingerprint = known.fingerprint?.context_fingerprint ?? null;
  if (result.next === "") Object.assign(result, await handOver(known, result.stages, afterwards));
  await recordReview(known, result, Math.round(performance.now() - begun));
  result.warnings = [...new Set([...known.warnings, ...warningsOf(known.loaded), ...known.store.warnings])];
  return result;
}

function decide(result: ReviewResult, decision: Decision): void {
  result.verdict = decision.verdict;
  result.decided_by = decision.decided_by;
  result.next = decision.next;
  if ("blockers" in decision) result.blockers = decision.blockers;
  if ("attested" in decision) result.attested = decision.attested;
  if ("premium" in decision) result.premium = decision.premium;
  if (decision.decided_by === "premium") {
    result.remarks = { summary: decision.summary, findings: decision.remarks };
  }
}

/** Only a premium model's own verdict leaves a receipt, given now or repeated for the very same change. */
async function receiptFor(known: Known, decision: Decision, result: ReviewResult): Promise<void> {
  const { change, sluice, signal, receipt } = known;
  if (receipt == null) return;
  const record =
    decision.decided_by === "premium" || decision.decided_by === "fingerprint" ? decision.record : null;
  if (record === null) {
    known.warnings.push(`No receipt at ${receipt}: it takes a premium model's verdict.`);
    return;
  }
  const summary = decision.decided_by === "premium" ? decision.summary : "";
  const why = await changeReceipt(change, sluice, { path: receipt, record, summary, signal });
  if (why === null) result.receipt = receipt;
  else known.warnings.push(why);
}
