import type { Change, ChangedFile, Side } from "../change/types.js";
import { printable } from "../printable.js";
import type { Sluice } from "../sluice.js";
import { forLastTexts } from "./last-text.js";
import { maskSecrets } from "./secrets/secret-rules.js";
import type { Workspace } from "./workspace.js";

/** `certain` would fail at load or at once; `likely` is a defect more often than not; `hint` never blocks. */
export type Severity = "certain" | "likely" | "hint";

/** One thing an engine says about one side of a change. */
export interface Diagnostic {
  /** The engine's own code (`TS2304`, `F821`, `no-self-compare`), stable between versions of the code. */
  code: string;
  /** Our class of mistake, kebab-case: `undefined-name`, `missing-module`, `null-access`, `secret`, … */
  class: string;
  severity: Severity;
  message: string;
  path: string;
  /** 1-based. */
  line: number;
  /** The source line, trimmed and cut to 200 characters; secrets masked. */
  evidence: string;
  /** What it is about, for a second look at what is new: the name, or the module specifier. */
  subject?: string | undefined;
}

export interface EngineFile {
  /** Where it is on each side; null where it does not exist. */
  base: string | null;
  head: string | null;
  /** Null for a file that did not change but imports one that did. */
  change: ChangedFile | null;
}

export interface EngineInput {
  sluice: Sluice;
  change: Change;
  /** The files to analyse, filtered by `handles`. Both sides are analysed alike. */
  files: readonly EngineFile[];
  workspace: Workspace;
  /** Aborted at the engine's time limit and when the caller cancels. */
  signal: AbortSignal;
  /** Milliseconds from its beginning to when `signal` says that the time is over. */
  limit: number;
  /** Adds a remark to `engines[].note`. */
  note(text: string): void;
  /** The same, of files that there was no time for: the engine is reported as stopped, and what it found stands. */
  late(text: string): void;
}

export type BothSides = Record<Side, Diagnostic[]>;

/**
 * A static analyzer. It says what it sees on either side; what is new between base and head is found by
 * `compare.ts`. It executes nothing of the repository's, and may throw: that costs its own findings only.
 */
export interface Engine {
  /** As shown in `engines[].name` and `findings[].source`. */
  name: string;
  /** In words, for the note of a skipped engine: `TypeScript or JavaScript`. */
  languages: string;
  handles(path: string): boolean;
  analyse(input: EngineInput): Promise<BothSides>;
  /** Milliseconds allowed for both sides together, from when it begins; a change of many files gets more of it. */
  timeout: number;
  /** Whether `timeout` holds for any number of files: a person set it. */
  fixedTimeout?: boolean | undefined;
  /** Engines of one lane take turns, because they share a process. Default: its own. */
  lane?: string | undefined;
}

/** Thrown by an engine that has nothing to say and is not at fault: a program that is not there, for one. */
export class NotRun extends Error {
  override name = "NotRun";
}

export const sides: readonly Side[] = ["base", "head"];

/** The file's path on a side, or null where it does not exist. */
export function pathOn(file: EngineFile, side: Side): string | null {
  return side === "base" ? file.base : file.head;
}

/** A source line as evidence: short, without secrets, and without what a terminal or a reader would obey. */
export function evidenceOf(line: string | undefined): string {
  return shown((line ?? "").slice(0, 4_000));
}

const shown = forLastTexts((line) => {
  const text = printable(maskSecrets(line.trim().slice(0, 2_000)))
    .replace(/[\n\t]/g, " ")
    .trim();
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
});
