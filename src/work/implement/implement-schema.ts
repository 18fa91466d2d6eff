import * as z from "zod";

export const backends = ["local", "hybrid", "premium"] as const;

export const implementArguments = {
  /** Flow task id, path of a Markdown file, or the task in words. */
  task: z.string().min(1).max(200_000),
  files: z.array(z.string().min(1).max(4_000)).max(500).optional(),
  /** Default: as `classify_task` says. */
  backend: z.enum(backends).optional(),
  /** Lets one premium call be made. */
  escalate: z.boolean().optional(),
  /** Writes the proposal into the work tree. */
  apply: z.boolean().optional(),
  /** Answers to an earlier call's `premium_questions`. */
  answers: z.string().max(20_000).optional(),
};

const question = z.object({
  kind: z.enum([
    "security",
    "unfamiliar",
    "architecture",
    "path",
    "problem",
    "criterion",
    "evidence",
    "task",
  ]),
  question: z.string(),
  options: z.array(z.string()),
  file: z.string().nullable(),
});
export type PremiumQuestion = z.output<typeof question>;

export const implementOutput = z.object({
  outcome: z.enum(["proposed", "escalate", "failed"]),
  /** 0 to 1, from the evidence below; null without a proposal. */
  confidence: z.number().nullable(),
  /** What to do now. */
  next: z.string(),
  /** Decisions for a premium model: with them, call again with `answers`. */
  premium_questions: z.array(question),
  /** Whether the proposal is in the work tree now, and why not when it was to be. */
  applied: z.boolean(),
  not_applied: z.string().nullable(),
  /** All the diff is in `diff_file`; null where there is none. */
  diff: z.string().nullable(),
  diff_file: z.string().nullable(),
  /** All that a premium model needs to go on: task, files, what was tried. */
  context_file: z.string().nullable(),
  files: z.array(z.string()),
  checks: z.array(
    z.object({
      name: z.string(),
      state: z.enum(["passed", "failed", "skipped"]),
      pre_existing: z.boolean().nullable(),
      reason: z.string().nullable(),
      output_tail: z.string(),
    }),
  ),
  findings: z.array(
    z.object({
      file: z.string(),
      line: z.int().nullable(),
      class: z.string(),
      message: z.string(),
    }),
  ),
  evidence: z.array(z.object({ what: z.string(), value: z.number(), weight: z.number(), note: z.string() })),
  /** What was tried, round by round. */
  rounds: z.array(
    z.object({ round: z.int(), by: z.string(), checks: z.array(z.string()), problems: z.array(z.string()) }),
  ),
  stopped: z.string(),
  worker: z.object({
    backend: z.enum(backends),
    model: z.string(),
    premium_model: z.string().nullable(),
    source: z.string().nullable(),
    reason: z.string(),
  }),
  /** What a premium source was asked and what it took; null when none was. */
  premium: z
    .object({
      source: z.string().nullable(),
      model: z.string().nullable(),
      tokens: z.int().nullable(),
      note: z.string(),
    })
    .nullable(),
  /** `bubblewrap`: confined; `none`: as the user; `not-run`: nothing of the proposal was run, and why. */
  sandbox: z.object({ kind: z.enum(["bubblewrap", "none", "not-run"]), why: z.string().nullable() }),
  tokens: z.object({ local: z.int(), premium: z.int().nullable() }),
  base_tree: z.string(),
  notes: z.array(z.string()),
});
export type Implementation = z.output<typeof implementOutput>;
