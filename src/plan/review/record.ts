import type { Blocker } from "../../premium/blockers.js";
import type { Sluice } from "../../sluice.js";
import { type PlanVerdict, recordPlanVerdict } from "../../state/plan-reviews.js";
import { openPlan } from "./open.js";
import type { OpenedPlan } from "./step.js";

export interface ReachedOnPlan {
  verdict: PlanVerdict["verdict"];
  /** Who says so. Sluice's own verdicts do not come this way. */
  attested_by: "agent" | "human";
  model?: string | null | undefined;
  blockers?:
    | readonly { file?: string | null | undefined; line?: number | null | undefined; message: string }[]
    | undefined;
}

/** What `record_verdict` answers: the fields that only a change has are empty. */
export interface RecordedOnPlan
  extends Pick<PlanVerdict, "verdict" | "fingerprint" | "context_fingerprint" | "at"> {
  recorded: true;
  attested_by: "agent" | "human";
  next: string;
  plan: string;
  blockers: number;
  unknown_files: string[];
  task: null;
  branch: null;
  trees: null;
}

/** A verdict on a plan as it is kept. */
export function planRecord(
  { plan, fingerprint, context_fingerprint, sluice, complexity }: OpenedPlan,
  given: Pick<PlanVerdict, "verdict" | "attested_by" | "model" | "source"> & {
    blockers: readonly Pick<Blocker, "file" | "line" | "message">[];
  },
): PlanVerdict {
  return {
    kind: "plan",
    spec: plan.spec.id,
    fingerprint,
    context_fingerprint,
    verdict: given.verdict,
    attested_by: given.attested_by,
    model: given.model,
    source: given.source,
    blockers: given.blockers.map(({ file, line, message }) => ({ file, line, message })),
    complexity: complexity?.complexity ?? null,
    parts: plan.texts.map(({ path, hash }) => ({ path, hash })),
    at: new Date(sluice.clock()).toISOString(),
  };
}

/**
 * Remembers a verdict on a plan that was reached elsewhere. It is kept as its giver's word: the same plan is then not
 * reviewed again, but it never becomes a SHIP of Sluice, a receipt or a status.
 */
export async function recordReachedOnPlan(
  sluice: Sluice,
  args: ReachedOnPlan & { plan: string; repo?: string | undefined },
  signal: AbortSignal,
): Promise<RecordedOnPlan> {
  const opened = await openPlan(sluice, { spec: args.plan, repo: args.repo }, signal, "this-machine");
  const given = args.attested_by === "human" ? "human" : "agent";
  const kept = await recordPlanVerdict(
    opened.project.store,
    sluice,
    planRecord(opened, {
      verdict: args.verdict,
      attested_by: given,
      model: args.model ?? null,
      source: null,
      blockers: (args.blockers ?? []).map(({ file, line, message }) => ({
        file: file || null,
        line: line ?? null,
        message,
      })),
    }),
  );
  return {
    recorded: true,
    verdict: kept.verdict,
    attested_by: given,
    next: nextOf(kept),
    plan: kept.spec,
    unknown_files: [],
    blockers: kept.blockers.length,
    task: null,
    branch: null,
    at: kept.at,
    fingerprint: kept.fingerprint,
    context_fingerprint: kept.context_fingerprint,
    trees: null,
  };
}

function nextOf({ verdict, attested_by }: PlanVerdict): string {
  if (verdict === "SHIP") {
    return `Kept as the word of ${attested_by === "human" ? "a person" : "an agent"}: review_plan says so for this exact plan and asks nobody again, but it gives no SHIP, no receipt and no status for it.`;
  }
  if (verdict === "NEEDS_HUMAN") return "Kept. Ask a person to decide.";
  return "Kept. Mend the plan, then call review_plan again.";
}
