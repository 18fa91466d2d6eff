import type { Surroundings } from "../change/surroundings.js";
import type { Blocker } from "../premium/blockers.js";
import type { openSource } from "../premium/open-source.js";
import type { Attested, Stage as ReviewStage, Step as ReviewStep } from "../premium/review-stage.js";
import type { PremiumDecision } from "../premium/verdict.js";
import type { Sluice } from "../sluice.js";
import type { VerdictRecord } from "../state/review-state.js";
import type { Verdict } from "../verdicts.js";
import type { Classification } from "./classify.js";
import type { FingerprintCheck } from "./fingerprint-check.js";
import type { Prescreen } from "./prescreen.js";
import type { RequestedChange } from "./requested-change.js";
import type { Route } from "./route.js";

/** What a review knows so far. Each stage adds its own answer. */
export interface Known extends RequestedChange {
  sluice: Sluice;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  noGates?: string | undefined;
  noTools?: string | undefined;
  /** Why no premium model is asked in this call; undefined when one may be. */
  noPremium?: string | undefined;
  /** With false, going away ends even a premium call that was sent: a person pressed Ctrl-C. */
  finishSent?: boolean | undefined;
  /** Where a receipt is wanted; null for nowhere. */
  receipt?: string | null | undefined;
  /** Default: the sources that ship. */
  openSource?: typeof openSource | undefined;
  warnings: string[];
  prescreen?: Prescreen;
  fingerprint?: FingerprintCheck;
  surroundings?: Surroundings;
  classification?: Classification;
  route?: Route;
}

/**
 * How a stage ends the review. The types hold law 1: a SHIP comes from a premium model that Sluice itself asked, with the
 * record of it, or from a fingerprint as the repetition of such a one.
 */
export type Decision =
  | { verdict: "NEEDS_WORK"; decided_by: "gates" | "prescreen"; blockers: Blocker[]; next: string }
  | {
      verdict: Verdict;
      decided_by: "fingerprint";
      blockers: Blocker[];
      premium: { source: string | null; model: string | null; tokens: null } | null;
      attested: Attested | null;
      /** The verdict that is repeated, when it is Sluice's own. */
      record: VerdictRecord | null;
      next: string;
    }
  | PremiumDecision<VerdictRecord>
  | { verdict: null; decided_by: null; attested: Attested; next: string };

export type Step = ReviewStep<Decision>;

export interface Stage<N extends string = string> extends ReviewStage<Known, Decision, N> {
  /** The part of the configuration that it can't do without. */
  section: string;
}
