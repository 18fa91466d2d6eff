import type { Surroundings } from "../change/surroundings.js";
import type { Sluice } from "../sluice.js";
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
  warnings: string[];
  prescreen?: Prescreen;
  fingerprint?: FingerprintCheck;
  surroundings?: Surroundings;
  classification?: Classification;
  route?: Route;
}

export interface Blocker {
  file: string | null;
  line: number | null;
  message: string;
  source: string;
  id: string | null;
}

/**
 * How a stage ends the review. The types hold law 1: only a fingerprint can bring a SHIP here, and only as the
 * repetition of what Sluice itself got from a premium model.
 */
export type Decision =
  | { verdict: "NEEDS_WORK"; decided_by: "gates" | "prescreen"; blockers: Blocker[]; next: string }
  | {
      verdict: "SHIP" | "NEEDS_WORK" | "MAJOR_RETHINK" | "NEEDS_HUMAN";
      decided_by: "fingerprint";
      blockers: Blocker[];
      premium: { source: string | null; model: string | null; tokens: null } | null;
      attested: Attested | null;
      next: string;
    }
  | { verdict: null; decided_by: null; attested: Attested; next: string };

export interface Attested {
  verdict: string;
  by: "agent" | "human";
  model: string | null;
  at: string;
}

/** What a stage says: how it went, in a sentence, and the decision when it has one. */
export interface Step {
  state: "passed" | "issues" | "skipped" | "error";
  summary: string;
  decision?: Decision;
}

export interface Stage<N extends string = string> {
  name: N;
  /** For a client that shows progress. */
  doing: string;
  /** The part of the configuration that it can't do without. */
  section: string;
  run(known: Known): Promise<Step>;
}
