import * as z from "zod";
import { verdicts } from "../verdicts.js";

/*
 * What is recorded of Sluice's work. Counts, times, names of tools, sources, models and tasks, classes of findings: never
 * a text, a path or a message of a repository or a model. `recordEvent` shortens names and drops what is no name.
 */

const name = z.string().max(120);
const count = z.int().min(0);
const ms = z.number().min(0);
/** How many by class. Classes are Sluice's own words. */
const classes = z.record(z.string().max(60), count);

/** What work it was about. All that is known; a task counts before a branch. */
export const aboutSchema = z.object({
  /** Id of a flow task or spec. */
  task: name.nullable().default(null),
  branch: name.nullable().default(null),
  /** Tells one state of the change from another: `changeMark`. */
  change: name.nullable().default(null),
});
export type About = z.input<typeof aboutSchema>;

const stage = z.object({
  name,
  state: z.enum(["passed", "issues", "skipped", "error"]),
  ms,
  /** The stage sent the change back by itself. */
  sent_back: z.boolean().default(false),
});

const verdict = z.enum(verdicts);

const kinds = [
  /** One review of a change by all stages, however far it came. */
  z.object({
    kind: z.literal("review"),
    about: aboutSchema,
    verdict: verdict.nullable(),
    /** The stage that ended it; null when what is left is a reviewer's. */
    decided_by: z.enum(["gates", "prescreen", "fingerprint", "premium"]).nullable(),
    class: z.enum(["SECURITY", "COMPLEX", "ROUTINE"]).nullable(),
    stages: z.array(stage).max(12),
    /** What a reviewer would be shown, in tokens; null when it did not come that far. */
    context_tokens: count.nullable(),
    ms,
  }),
  /** A stage that was called by itself. */
  z.object({
    kind: z.literal("stage"),
    about: aboutSchema,
    ...stage.shape,
    context_tokens: count.nullable().default(null),
  }),
  /** A fingerprint that was compared with earlier reviews, in a review or by itself. */
  z.object({
    kind: z.literal("fingerprint"),
    about: aboutSchema,
    /** `skip`: it took a reviewer's place. */
    decision: z.enum(["review", "skip"]),
    reason: name,
  }),
  /** What the pre-screen found that it had not found in the round before, and what was called wrong. */
  z.object({ kind: z.literal("findings"), about: aboutSchema, raised: classes, dismissed: classes }),
  /** A reviewer's verdict on a change. */
  z.object({
    kind: z.literal("verdict"),
    about: aboutSchema,
    verdict,
    by: z.enum(["sluice", "agent", "human"]),
    source: name.nullable(),
    model: name.nullable(),
    /** Classes of what stands against it (P0 and P1): see `classOfProblem`. */
    blockers: classes,
    /** What the pre-screen had said of the same change; null when nobody knows. */
    prescreen: z.enum(["clean", "issues"]).nullable(),
  }),
  /** One premium model asked once, whatever for. */
  z.object({
    kind: z.literal("premium_call"),
    about: aboutSchema,
    /** `review`, `plan_review`, `epic_scout`, … */
    purpose: name,
    source: name,
    model: name,
    /** `answered`, or the kind of failure. */
    outcome: name,
    /** Altogether; null when the source does not say. */
    tokens: count.nullable(),
    /** What was to be read, in tokens, as counted before. */
    context_tokens: count.nullable(),
    ms,
  }),
  /** A premium call that was made elsewhere and told by record_usage. */
  z.object({ kind: z.literal("usage"), source: name, model: name.nullable(), tokens: count }),
  /** One local model asked once, repairs included. */
  z.object({
    kind: z.literal("local_call"),
    purpose: name,
    model: name.nullable(),
    /** `answered`, or why there is no answer. */
    outcome: name,
    prompt_tokens: count.nullable(),
    completion_tokens: count.nullable(),
    ms,
  }),
  /** Something was not done that could have been: a scout without a model, a stage that is switched off. */
  z.object({ kind: z.literal("skip"), what: name, why: name }),
  /** Work that went to somebody dearer than was tried first. */
  z.object({ kind: z.literal("escalation"), about: aboutSchema, from: name, to: name, why: name }),
  /** A source said that it wants no calls for a while. */
  z.object({ kind: z.literal("throttle"), source: name, reason: name }),
  /** What a source had left when somebody looked. */
  z.object({
    kind: z.literal("quota"),
    source: name,
    window: name,
    /** Fraction 0–1. */
    used: z.number().min(0).max(1),
    /** Milliseconds since the epoch; null when nobody says. */
    resets_at: z.number().nullable(),
  }),
  /** A tool of the other phases that did its work: a scout, a draft, a plan, a task. */
  z.object({
    kind: z.literal("work"),
    /** The tool's name. */
    tool: name,
    /** What of it, such as the scout's name; null for the tool itself. */
    part: name.nullable().default(null),
    about: aboutSchema,
    outcome: name,
    /** It came from the cache. */
    cached: z.boolean().default(false),
    /** What it told of, in tokens, and what it told: both null where nothing was condensed. */
    originals_tokens: count.nullable().default(null),
    summary_tokens: count.nullable().default(null),
    /** Rounds of a model's work, where it works in rounds. */
    rounds: count.default(0),
    ms,
  }),
] as const;

export const metricEvent = z.discriminatedUnion("kind", kinds);
/** As recorded, with a default for what may be left out. */
export type MetricEvent = z.input<typeof metricEvent>;

/** An event and when it was, in milliseconds since the epoch. */
export const timedEvent = z.object({ at: z.number(), event: metricEvent });
export type TimedEvent = z.output<typeof timedEvent>;
