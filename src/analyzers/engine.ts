import type { Change, ChangedFile, Side } from "../change/types.js";
import type { Sluice } from "../sluice.js";

/** `certain` would fail at load or at once; `likely` is a defect more often than not; `hint` never blocks. */
export type Severity = "certain" | "likely" | "hint";

/** One thing an engine says about one side of a change. */
export interface Diagnostic {
  /** The engine's own code (`TS2304`, `F821`, `no-self-compare`), stable between versions of the code. */
  code: string;
  /** Our class of mistake, kebab-case: `undefined-name`, `missing-import`, `null-access`, `secret`, … */
  class: string;
  severity: Severity;
  message: string;
  path: string;
  /** 1-based. */
  line: number;
  /** The source line, trimmed and cut to 200 characters; secrets masked. */
  evidence: string;
}

export interface EngineInput {
  sluice: Sluice;
  change: Change;
  side: Side;
  /** The files to analyse on this side, already filtered by `handles`, with their path on this side. */
  files: readonly { file: ChangedFile; path: string }[];
  signal: AbortSignal;
}

/**
 * A static analyzer. It sees one side at a time; what is new between base and head is found by `compare.ts`.
 * It executes nothing of the repository's, and may throw: that costs its own findings only.
 */
export interface Engine {
  /** As shown in `engines[].name` and `findings[].source`. */
  name: string;
  handles(file: ChangedFile): boolean;
  analyse(input: EngineInput): Promise<Diagnostic[]>;
  /** Milliseconds allowed for one side. */
  timeout: number;
}
