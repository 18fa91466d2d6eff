import { counts } from "./checks.js";
import type { Judgement } from "./judgement.js";

/** One piece of what a proposal's confidence is made of. */
export interface Evidence {
  what: "applied" | "prescreen" | "gates" | "tests" | "criteria" | "scope" | "model";
  /** 0 to 1. */
  value: number;
  /** Of the whole; all weights make 1. */
  weight: number;
  note: string;
}

export interface Confidence {
  /** 0 to 1, two decimals. */
  value: number;
  evidence: Evidence[];
}

/** Below this, or with a flag open, a premium model has to look. */
export const enough = 0.8;
/** The most that a proposal gets with something standing against it, and with a criterion that nothing shows met. */
const mostWithProblems = 0.5;
const mostUncovered = 0.75;

export interface ForConfidence {
  judgement: Judgement;
  /** Answers whose edits did not all apply at once, and edits that never did. */
  retried: number;
  neverMade: number;
  /** How many there are, and how many the change meets by the model's word and a file that it touches. */
  criteria: { all: number; met: number };
  /** Touched files that neither the task nor the plan names. */
  beyond: readonly string[];
  /** The model's own figure, 0 to 100. */
  own: number;
}

/** What the evidence says, the model's own figure last and least. What was not tried counts for little, not for nothing. */
export function confidenceIn(found: ForConfidence): Confidence {
  const { judgement, criteria, beyond } = found;
  const { findings, unfinished, checks, tests, change } = judgement;
  const gates = checks.filter(({ kind }) => kind === "gate");
  const ofTests = checks.filter(({ kind }) => kind === "test");
  const touched = change.files.length;
  const evidence: Evidence[] = [
    {
      what: "applied",
      weight: 0.1,
      value: found.neverMade > 0 ? 0 : found.retried > 0 ? 0.6 : 1,
      note:
        found.neverMade > 0
          ? `${found.neverMade} edits could not be made`
          : found.retried > 0
            ? `after ${found.retried} corrected ${found.retried === 1 ? "answer" : "answers"}`
            : "every edit at once",
    },
    {
      what: "prescreen",
      weight: 0.2,
      value: findings.length > 0 ? 0 : unfinished.length > 0 ? 0.7 : 1,
      note:
        findings.length > 0
          ? `${findings.length} findings`
          : unfinished.length > 0
            ? `clean, but ${unfinished.join(", ")} did not finish`
            : "clean",
    },
    { what: "gates", weight: 0.25, ...ran(gates, "gate", 0.3) },
    {
      what: "tests",
      weight: 0.2,
      ...ran(ofTests, "test", tests.length === 0 ? 0.2 : 0.4),
    },
    {
      what: "criteria",
      weight: 0.15,
      value: criteria.all === 0 ? 0.7 : criteria.met / criteria.all,
      note:
        criteria.all === 0 ? "the task names none" : `${criteria.met} of ${criteria.all} shown in the diff`,
    },
    {
      what: "scope",
      weight: 0.05,
      value: touched === 0 ? 0 : 1 - beyond.length / touched,
      note: beyond.length === 0 ? "kept to the task's files" : `also ${beyond.slice(0, 5).join(", ")}`,
    },
    {
      what: "model",
      weight: 0.05,
      value: Math.max(0, Math.min(100, found.own)) / 100,
      note: `the model says ${Math.round(found.own)}`,
    },
  ];
  const sum = evidence.reduce((total, { value, weight }) => total + value * weight, 0);
  const problems = findings.length > 0 || checks.some(counts) || found.neverMade > 0;
  const uncovered = criteria.met < criteria.all;
  const limit = problems ? mostWithProblems : uncovered ? mostUncovered : 1;
  return { value: Math.round(Math.min(sum, limit) * 100) / 100, evidence };
}

function ran(
  checks: Judgement["checks"],
  kind: "gate" | "test",
  unknown: number,
): { value: number; note: string } {
  const failed = checks.filter(counts).map(({ name }) => name);
  if (failed.length > 0) return { value: 0, note: `${failed.join(", ")} failed` };
  const passed = checks.filter(({ state }) => state === "passed").map(({ name }) => name);
  const old = checks.filter(({ pre_existing }) => pre_existing === true).map(({ name }) => name);
  const broken = old.length === 0 ? "" : ` (${old.join(", ")} failed before, too, and does not count)`;
  if (passed.length > 0) return { value: 1, note: `${passed.join(", ")} passed${broken}` };
  const why = checks.find(({ state }) => state === "skipped")?.reason;
  return { value: unknown, note: `no ${kind} was run${why ? `: ${why}` : broken}` };
}
