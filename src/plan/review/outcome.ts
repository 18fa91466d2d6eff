import { explained } from "../../errors.js";
import { leaveReceipt, withdrawReceipt } from "../../flow/receipt.js";
import type { PlanReviewStatus } from "../../flow/types.js";
import { openFlowWriter } from "../../flow/writer.js";
import type { PlanVerdict } from "../../state/plan-reviews.js";
import { planMoved } from "./open.js";
import type { PlanReview } from "./plan-review-schema.js";
import type { Decision, Known } from "./step.js";

/**
 * What a review leaves outside of Sluice's own state: a receipt where one is wanted, and the spec's status where the
 * caller asked for it. A loop that wants a receipt wants the status, too: flowctl writes both.
 */
export async function leaveOutcome(
  known: Known,
  decision: Decision | null,
  write: boolean,
): Promise<Pick<PlanReview, "receipt" | "status_written">> {
  const { receipt, signal, warnings } = known;
  const left: Pick<PlanReview, "receipt" | "status_written"> = { receipt: null, status_written: null };
  if (receipt === null && !write) return left;
  const verdict = decision?.verdict ?? null;
  const moved = verdict !== null && (await planMoved(known, signal));
  if (moved) {
    warnings.push(
      "The plan was changed while it was reviewed: no receipt and no status for what it says now.",
    );
  }
  if (receipt !== null && decision !== null && verdict !== null && !moved) {
    const why = await planReceipt(known, receipt, decision);
    if (why === null) left.receipt = receipt;
    else warnings.push(why);
  }
  if (receipt !== null && left.receipt === null && (await withdraw(known, receipt))) {
    warnings.push(`The receipt at ${receipt} said SHIP of an earlier state of this plan: it was removed.`);
  }
  if (decision !== null && verdict !== null && !moved) {
    left.status_written = await writeStatus(known, decision);
  } else if (write && verdict === null) {
    warnings.push("No status was written: there is no verdict.");
  }
  return left;
}

/** Only a premium model's own verdict leaves a receipt, given now or repeated for the very same plan. Gives why not. */
async function planReceipt(known: Known, path: string, decision: Decision): Promise<string | null> {
  const record: PlanVerdict | null = "record" in decision ? decision.record : null;
  if (record === null || record.attested_by !== "sluice")
    return `No receipt at ${path}: it takes a premium model's verdict.`;
  if (known.plan.unreadable.length > 0) return `No receipt at ${path}: a part of the plan can't be read.`;
  const { sluice, plan } = known;
  const summary = decision.decided_by === "premium" ? decision.summary : "";
  return leaveReceipt(path, { type: "plan_review", id: plan.spec.id }, { record, summary, sluice });
}

function withdraw({ plan, fingerprint }: Known, path: string): Promise<boolean> {
  return withdrawReceipt(path, { type: "plan_review", id: plan.spec.id, fingerprint });
}

/** Writes the verdict as the spec's plan_review_status. Gives the word; null when it could not be, with a warning. */
async function writeStatus(known: Known, decision: Decision): Promise<string | null> {
  const { project, sluice, plan, signal, warnings } = known;
  const status = statusOf(decision);
  if (status === null) return null;
  // What a free stage says of a plan that is marked so already is no news.
  if (decision.decided_by !== "premium" && plan.spec.planReviewStatus === status) return status;
  try {
    const writer = await openFlowWriter(project, sluice, { signal });
    await writer.setPlanReviewStatus(plan.spec.id, status);
    return status;
  } catch (error) {
    signal.throwIfAborted();
    warnings.push(`The status of ${plan.spec.id} was not written: ${explained(error)}`);
    return null;
  }
}

function statusOf(decision: Decision): PlanReviewStatus | null {
  switch (decision.verdict) {
    case null:
      return null;
    case "SHIP":
      return "ship";
    case "NEEDS_HUMAN":
      return "needs_human";
    default:
      return "needs_work";
  }
}
