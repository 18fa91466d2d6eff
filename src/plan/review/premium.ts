import { answerJsonSchema } from "../../premium/answer.js";
import { type Consultation, consult } from "../../premium/consult.js";
import { type CallHooks, SharedCalls } from "../../premium/shared-call.js";
import { type PremiumVerdict, verdictIn, type WithoutVerdict } from "../../premium/verdict.js";
import { type PlanVerdict, recordPlanVerdict } from "../../state/plan-reviews.js";
import { composePlanReview, type Prior } from "./compose.js";
import { planRecord } from "./record.js";
import type { Known } from "./step.js";

export type PremiumPlanReview =
  | PremiumVerdict<PlanVerdict>
  | WithoutVerdict
  /** Nobody could be asked, or nobody answered. */
  | { kind: "unanswered"; given: Extract<Consultation, { state: "unanswered" }> };

const underWay = new SharedCalls<PremiumPlanReview>();

/**
 * Has a premium model review a plan: one message, one answer, one verdict, remembered as Sluice's own. One call per
 * plan, however many ask for it; one that was sent is let finish.
 *
 * @throws UsageError when a secret would leave the machine
 */
export function premiumPlanReview(known: Known, model: string): Promise<PremiumPlanReview> {
  const { project, fingerprint, context_fingerprint, signal, finishSent } = known;
  const key = JSON.stringify([project.repository.root, fingerprint, context_fingerprint, model]);
  return underWay.join(key, { signal, finishSent }, (limited, hooks) =>
    review({ ...known, signal: limited }, model, hooks),
  );
}

async function review(known: Known, model: string, hooks: CallHooks): Promise<PremiumPlanReview> {
  const { project, plan, material, sluice, signal, onProgress, findings, complexity } = known;
  const { store, config } = project;
  const [latest] = known.verdicts.filter(({ attested_by }) => attested_by === "sluice");
  const earlier = latest === undefined || latest.verdict === "SHIP" ? null : priorOf(latest, known);
  const message = await composePlanReview(material, {
    complexity: complexity?.complexity ?? "COMPLEX",
    open: findings,
    prior: earlier,
  });
  const given = await consult(sluice, {
    store,
    config,
    models: [model],
    purpose: `the review of ${plan.spec.id}`,
    ...message,
    schema: { name: "plan_review", json: answerJsonSchema },
    pieces: material.parts.map(({ path, text }) => ({ path, text })),
    about: { task: plan.spec.id, branch: project.repository.branch },
    signal,
    onProgress,
    open: known.openSource,
    ...hooks,
  });
  if (given.state === "unanswered") return { kind: "unanswered", given };
  const said = await verdictIn(given, earlier?.findings ?? [], { store, sluice });
  if (said.kind === "no-verdict") return said;
  const { source, model: answeredBy, attempts, tokens } = given;
  const { blockers, remarks } = said;
  const { verdict, summary } = said.read;
  const who = { source, model: answeredBy };
  const record = await recordPlanVerdict(
    store,
    sluice,
    planRecord(known, { ...who, verdict, attested_by: "sluice", blockers }),
  );
  return { kind: "verdict", verdict, blockers, remarks, summary, ...who, tokens, attempts, record };
}

function priorOf(record: PlanVerdict, { plan }: Pick<Known, "plan">): Prior {
  const before = new Map(record.parts.map(({ path, hash }) => [path, hash]));
  const now = new Set(plan.texts.map(({ path }) => path));
  return {
    findings: record.blockers.map(({ file, line, message }) => ({
      file,
      line,
      message,
      source: record.model ?? "sluice",
      id: null,
    })),
    changed: plan.texts.filter(({ path, hash }) => before.get(path) !== hash).map(({ path }) => path),
    gone: [...before.keys()].filter((path) => !now.has(path)),
  };
}
