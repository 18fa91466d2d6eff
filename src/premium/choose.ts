import type { Config } from "../config/schema.js";
import type { QuotaState, SourceQuota, Throttle } from "../state/quota-state.js";
import type { Candidate, Choice } from "./candidates.js";
import { limitsOf } from "./limits.js";
import { type Assessment, assess, byQuota } from "./pacing.js";
import type { SourceStatus } from "./sources.js";

/** Of a model's window: the rest is for instructions, the answer, and tokenizers that count more than ours. */
const usableShare = 0.85;

/** A source and model, looked at. */
export interface Considered {
  candidate: Candidate;
  status: SourceStatus | null;
  assessment: Assessment;
  eligible: boolean;
  score: number | null;
  why: string;
  /** Configured and there: all it can lack is quota or room, or it was tried in vain. */
  possible: boolean;
  /** Only the context's size is against it. */
  tooSmall: boolean;
}

/** What a choice goes by, besides what is left. */
export interface Asked {
  config: Pick<Config, "quota">;
  statuses: ReadonlyMap<string, SourceStatus>;
  /** Of the context. */
  tokens: number;
  /** Left out: what this call tried in vain. Without a model, the whole source. */
  tried?: readonly { source: string; model?: string | undefined }[] | undefined;
  /** Stays in a draw. */
  prefer?: { source: string; model: string } | null | undefined;
}

/**
 * Every candidate once, in the order of preference: the list's, and where an entry leaves the choice, by quota.
 * Looking and reserving both choose by this.
 */
export function consider(
  choices: readonly Choice[],
  asked: Asked,
  quota: QuotaState,
  now: number,
): Considered[] {
  const { prefer } = asked;
  const isPreferred = ({ candidate }: Considered) =>
    prefer != null && candidate.source === prefer.source && candidate.model?.id === prefer.model;
  const seen = new Map<string, Considered>();
  for (const { candidates } of choices) {
    const judged = candidates.map((candidate) => judge(candidate, asked, quota, now));
    const inOrder = [
      ...byQuota(
        judged.filter(({ eligible }) => eligible),
        ({ assessment }) => assessment,
        isPreferred,
      ),
      ...judged.filter(({ eligible }) => !eligible),
    ];
    for (const item of inOrder) {
      const key = `${item.candidate.source}\0${item.candidate.model?.id ?? item.candidate.name}`;
      if (!seen.has(key)) seen.set(key, item);
    }
  }
  return [...seen.values()];
}

/** The first moment at which one of them has quota again, by what is known; null when nobody knows. */
export function earliest(considered: readonly Considered[]): number | null {
  const times = considered
    .filter(({ possible, tooSmall }) => possible && !tooSmall)
    .map(({ assessment }) => assessment.availableAt)
    .filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** Whether a throttle says that a source is signed out as a whole. */
export function isSignedOut({ reason, scope }: Throttle): boolean {
  return reason === "auth" && scope === undefined;
}

/**
 * How a source is reached: its own program, or over the API with a key when that program is signed out and nobody said
 * which of the two it has to be. The program's windows say nothing of what a key has left.
 */
function reachable(
  status: SourceStatus | null,
  known: SourceQuota | null,
): { status: SourceStatus | null; known: SourceQuota | null } {
  if (status?.otherwise === undefined || known?.throttles.some(isSignedOut) !== true)
    return { status, known };
  const throttles = known.throttles.filter(({ reason }) => reason !== "auth");
  return { status: status.otherwise, known: { ...known, windows: {}, throttles } };
}

function judge(candidate: Candidate, asked: Asked, quota: QuotaState, now: number): Considered {
  const { source, model } = candidate;
  const { status, known } = reachable(
    asked.statuses.get(source) ?? null,
    Object.hasOwn(quota.sources, source) ? (quota.sources[source] ?? null) : null,
  );
  const assessment = assess(known, model, now, {
    limit: limitsOf(asked.config, source),
    tokens: asked.tokens > 0 ? asked.tokens : undefined,
  });
  const against: string[] = [];
  if (candidate.why !== null) against.push(candidate.why);
  if (status?.configured !== true) against.push(status?.why ?? "it is not in premium_sources");
  const tried = (asked.tried ?? []).some(
    (one) => one.source === source && (one.model === undefined || one.model === model?.id),
  );
  // One that failed a moment ago is back when its throttle says so; what failed without one has no such time.
  const possible = against.length === 0;
  if (tried) against.push("tried in this call, in vain");
  if (!assessment.eligible) against.push(assessment.why);
  const room = model === null ? null : Math.floor(model.context * usableShare);
  const tooLarge = room !== null && asked.tokens > room;
  const tooSmall = tooLarge && against.length === 0;
  if (tooLarge) against.push(`the context has ${asked.tokens} tokens, it takes ${room}`);
  const eligible = against.length === 0;
  return {
    candidate,
    status,
    assessment,
    eligible,
    score: eligible ? assessment.score : null,
    why: eligible ? assessment.why : against.join("; "),
    possible,
    tooSmall,
  };
}
