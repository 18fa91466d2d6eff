import { warningsOf } from "../../config/load.js";
import { fillPrompt, loadPrompt } from "../../config/prompts.js";
import type { openSource } from "../../premium/open-source.js";
import { attemptStage } from "../../premium/review-stage.js";
import { recordEvent } from "../../state/metrics.js";
import { findPlanVerdicts } from "../../state/plan-reviews.js";
import { dismissFinding } from "../../state/review-state.js";
import { leaveOutcome } from "./outcome.js";
import type { PlanReview, planStageNames } from "./plan-review-schema.js";
import { classification, fingerprint, premium, prescreen } from "./stages.js";
import type { Decision, Known, OpenedPlan } from "./step.js";

/** What a plan review consists of, in order. */
const stages = [fingerprint, prescreen, classification, premium] as const;

export interface PlanReviewOptions {
  until?: (typeof planStageNames)[number] | undefined;
  dismiss?: readonly { id: string; reason: string }[] | undefined;
  /** Whether the verdict is written into the spec. */
  write?: boolean | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why no premium model is asked in this call; undefined when one may be. */
  noPremium?: string | undefined;
  /** With false, an abort ends even a premium call that was sent. Default: it is let finish and its verdict kept. */
  finishSent?: boolean | undefined;
  /** Absolute path that a receipt is wanted at; null for nowhere. */
  receipt?: string | null | undefined;
  /** Opens a premium source; default: the ones that ship. */
  openSource?: typeof openSource | undefined;
}

/**
 * Runs the stages in order until one decides or `until` is done. A stage that fails costs its own answer only.
 * SHIP can come from nowhere but a premium model's verdict: see `step.ts`.
 */
export async function reviewPlan(opened: OpenedPlan, options: PlanReviewOptions): Promise<PlanReview> {
  const { project, sluice, plan, material } = opened;
  const { store } = project;
  const { receipt = null, dismiss = [] } = options;
  for (const { id, reason } of dismiss) {
    const at = new Date(sluice.clock()).toISOString();
    await dismissFinding(store, { id, reason, class: "plan", at });
  }
  const known: Known = {
    ...opened,
    ...options,
    receipt,
    verdicts: await findPlanVerdicts(store, sluice, plan.spec.id),
    findings: [],
    warnings: [],
  };
  const result: PlanReview = {
    verdict: null,
    decided_by: null,
    next: "",
    blockers: [],
    remarks: null,
    attested: null,
    complexity: null,
    reasons: [],
    stages: [],
    premium: null,
    attempts: [],
    receipt: null,
    status_written: null,
    review: null,
    spec: plan.spec.id,
    tasks: plan.tasks.length,
    fingerprint: opened.fingerprint,
    context_fingerprint: opened.context_fingerprint,
    warnings: [],
  };
  const begun = performance.now();
  let afterwards: string | null = null;
  let decision: Decision | null = null;
  for (const stage of stages) {
    options.onProgress?.(stage.doing);
    const started = performance.now();
    const step = await attemptStage(stage.name, () => stage.run(known), known);
    const { state, summary } = step;
    result.stages.push({
      name: stage.name,
      state,
      ms: Math.round(performance.now() - started),
      summary,
    });
    if (step.attempts !== undefined) result.attempts = step.attempts;
    if (stage === premium) afterwards = step.premiumNext ?? (state === "skipped" ? null : summary);
    if (step.decision !== undefined) {
      decision = step.decision;
      decide(result, decision);
      break;
    }
    if (stage.name === options.until) {
      result.next = `Stopped after ${stage.name} as asked. Call review_plan without \`until\` for the rest.`;
      break;
    }
  }
  Object.assign(result, await leaveOutcome(known, decision, options.write === true));
  result.complexity = known.complexity?.complexity ?? null;
  result.reasons = known.complexity?.reasons ?? [];
  if (result.next === "") Object.assign(result, await handOver(known, result.stages, afterwards));
  await recordEvent(store, sluice, {
    kind: "work",
    tool: "review_plan",
    about: { task: plan.spec.id, branch: project.repository.branch },
    outcome: `${result.verdict ?? "none"} by ${result.decided_by ?? "nobody"}`,
    cached: result.decided_by === "fingerprint",
    ms: Math.round(performance.now() - begun),
  });
  result.warnings = [
    ...new Set([
      ...known.warnings,
      ...warningsOf(project.loaded),
      ...store.warnings,
      ...material.facts.problems.filter((problem) => !problem.startsWith(".flow/tasks/")).slice(0, 5),
    ]),
  ];
  return result;
}

function decide(result: PlanReview, decision: Decision): void {
  result.verdict = decision.verdict;
  result.decided_by = decision.decided_by;
  result.next = decision.next;
  if ("blockers" in decision) result.blockers = decision.blockers;
  if ("attested" in decision) result.attested = decision.attested;
  if (decision.decided_by === "premium") {
    result.premium = decision.premium;
    result.remarks = { summary: decision.summary, findings: decision.remarks };
  } else if ("record" in decision && decision.record !== null) {
    const { source, model } = decision.record;
    result.premium = { source, model, tokens: null };
  }
}

/** What remains when nothing free stands against a plan: somebody has to read it. */
async function handOver(
  { plan, material, complexity, findings }: Known,
  done: PlanReview["stages"],
  afterwards: string | null,
): Promise<Pick<PlanReview, "review" | "next">> {
  const prompt = fillPrompt(await loadPrompt("plan-review"), {
    rules: (await loadPrompt("plan-rules")).text,
    plan: plan.spec.id,
    complexity: complexity?.complexity ?? "unknown, take it for COMPLEX",
    already:
      findings.length === 0
        ? "nothing"
        : `to be judged, not repeated: ${findings
            .slice(0, 10)
            .map(({ file, message }) => `${file}: ${message}`)
            .join("; ")}`,
  });
  const premiumSaid = done.find(({ name }) => name === "premium");
  const why = afterwards ?? `No premium model was asked: ${premiumSaid?.summary ?? "see stages"}.`;
  const open = done.some(({ state }) => state === "issues" || state === "error");
  return {
    next: `${open ? "" : "Nothing free stands against the plan. "}${why} To review it yourself: follow review.prompt, read review.files, and call record_verdict with plan: "${plan.spec.id}"; then nobody is asked again for this plan.`,
    review: {
      prompt,
      files: material.parts.map(({ path, role }) => ({ path, role })),
      not_shown: material.not_shown,
      tokens: material.parts.reduce((sum, { tokens }) => sum + tokens, 0),
    },
  };
}
