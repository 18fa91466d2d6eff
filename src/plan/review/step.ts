import type { Survey } from "../../change/survey.js";
import type { Project } from "../../flow/project.js";
import type { Blocker } from "../../premium/blockers.js";
import type { openSource } from "../../premium/open-source.js";
import type { Attested, Stage as ReviewStage, Step as ReviewStep } from "../../premium/review-stage.js";
import type { PremiumDecision } from "../../premium/verdict.js";
import type { Sluice } from "../../sluice.js";
import type { PlanVerdict } from "../../state/plan-reviews.js";
import type { Complexity } from "./complexity.js";
import type { PlanFinding } from "./findings.js";
import type { Material } from "./material.js";
import type { Plan } from "./plan.js";

/** A plan with all that is around it, read at one moment. */
export interface OpenedPlan {
  project: Project;
  sluice: Sluice;
  plan: Plan;
  survey: Survey;
  material: Material;
  fingerprint: string;
  context_fingerprint: string;
  complexity?: Complexity | undefined;
}

/** What a review knows so far. Each stage adds its own answer. */
export interface Known extends OpenedPlan {
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why no premium model is asked in this call; undefined when one may be. */
  noPremium?: string | undefined;
  /** With false, going away ends even a premium call that was sent: a person pressed Ctrl-C. */
  finishSent?: boolean | undefined;
  /** Absolute path that a receipt is wanted at; null for nowhere. */
  receipt: string | null;
  /** Default: the sources that ship. */
  openSource?: typeof openSource | undefined;
  /** On this plan, newest first. */
  verdicts: PlanVerdict[];
  /** What free stages have against it and nobody dismissed. */
  findings: PlanFinding[];
  warnings: string[];
}

/**
 * How a stage ends the review. The types hold law 1: a SHIP comes with the record of a premium model's verdict that
 * Sluice got itself, given now or repeated for the very same plan.
 */
export type Decision =
  | { verdict: "NEEDS_WORK"; decided_by: "prescreen"; blockers: Blocker[]; next: string }
  | {
      verdict: "NEEDS_WORK" | "MAJOR_RETHINK" | "NEEDS_HUMAN";
      decided_by: "fingerprint";
      blockers: Blocker[];
      attested: Attested | null;
      /** The verdict that is repeated, when it is Sluice's own. */
      record: PlanVerdict | null;
      next: string;
    }
  | { verdict: "SHIP"; decided_by: "fingerprint"; blockers: []; record: PlanVerdict; next: string }
  | PremiumDecision<PlanVerdict>
  | { verdict: null; decided_by: null; attested: Attested; next: string };

export type Step = ReviewStep<Decision>;
export type Stage<N extends string = string> = ReviewStage<Known, Decision, N>;
