import { answerJsonSchema, NoVerdict, type ReadAnswer, readAnswer } from "../../premium/answer.js";
import { type Blocker, sortFindings, unsettled } from "../../premium/blockers.js";
import { type Consultation, consult } from "../../premium/consult.js";
import type { Attempt } from "../../premium/exchange.js";
import { keepAnswer } from "../../premium/kept-answer.js";
import { type CallHooks, SharedCalls } from "../../premium/shared-call.js";
import { type PlanVerdict, recordPlanVerdict } from "../../state/plan-reviews.js";
import { composePlanReview, type Prior } from "./compose.js";
import { planRecord } from "./record.js";
import type { Known } from "./step.js";

export type PremiumPlanReview =
  | {
      kind: "verdict";
      verdict: ReadAnswer["verdict"];
      blockers: Blocker[];
      /** What the reviewer would have better, and lets pass. */
      remarks: Blocker[];
      summary: string;
      source: string;
      model: string;
      tokens: number | null;
      attempts: Attempt[];
      /** As it was remembered: what a receipt is written from. */
      record: PlanVerdict;
    }
  /** Nobody could be asked, or nobody answered. */
  | { kind: "unanswered"; given: Extract<Consultation, { state: "unanswered" }> }
  /** Somebody answered and gave no verdict: never a pass. `text` is a path. */
  | {
      kind: "no-verdict";
      why: string;
      text: string | null;
      source: string;
      model: string;
      attempts: Attempt[];
    };

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
  const { answer, source, attempts } = given;
  const who = { source, model: given.model };
  let read: ReadAnswer;
  try {
    read = readAnswer(answer, earlier?.findings.length ?? 0);
    if (read.verdict === "SHIP" && given.another_model) {
      throw new NoVerdict(`${answer.model} answered in place of ${who.model}`, answer.text);
    }
  } catch (error) {
    if (!(error instanceof NoVerdict)) throw error;
    const text = await keepAnswer(store, sluice.clock(), answer);
    return { kind: "no-verdict", why: error.message, text, ...who, attempts };
  }
  const { blockers, remarks } = sortFindings(read, who.model, unsettled(earlier?.findings ?? [], read.prior));
  const record = await recordPlanVerdict(
    store,
    sluice,
    planRecord(known, { ...who, verdict: read.verdict, attested_by: "sluice", blockers }),
  );
  const { verdict, summary } = read;
  return {
    kind: "verdict",
    verdict,
    blockers,
    remarks,
    summary,
    ...who,
    tokens: given.tokens,
    attempts,
    record,
  };
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
