import type { Surroundings } from "../change/surroundings.js";
import type { Change } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { ConfigurationError } from "../errors.js";
import { type Candidate, type Choice, routingChoices } from "../premium/candidates.js";
import { type Assessment, assess, byQuota, iso } from "../premium/pacing.js";
import { type SourceStatus, sourceStatuses } from "../premium/sources.js";
import type { Sluice } from "../sluice.js";
import { readQuota } from "../state/quota-state.js";
import type { StateStore } from "../state/store.js";
import { shownPath } from "./classify/reasons.js";
import type { ChangeClass } from "./classify.js";
import { contextSize } from "./context.js";
import { treesOf } from "./reviewed-trees.js";
import type { Route } from "./route-schema.js";

export { type Route, routeOutput } from "./route-schema.js";

export interface RouteOptions {
  store: StateStore;
  config: Pick<Config, "review" | "premium_sources" | "models">;
  class: ChangeClass;
  context: Pick<Surroundings, "files" | "not_shown">;
  signal: AbortSignal;
}

interface Considered {
  candidate: Candidate;
  status: SourceStatus | null;
  assessment: Assessment;
  eligible: boolean;
  score: number | null;
  why: string;
  /** Only the context's size is against it. */
  tooSmall: boolean;
}

const shownCandidates = 24;
const shownFiles = 20;
const shownNotShown = 8;
const shownWindows = 4;
/** Of a model's window: the rest is for instructions, the answer, and tokenizers that count more than ours. */
const usableShare = 0.85;

/**
 * Which premium source and model should review a change of this class, by `review.routing`, by what is configured
 * and by what each source has left. Nothing is called, and nothing is reserved.
 *
 * An entry `source:model` is taken when it is eligible; `quota_lowest` takes the source with most left. SECURITY
 * never leaves the pairs that its list names.
 *
 * @throws ConfigurationError when no entry of the class's list means anything
 */
export async function route(
  change: Change,
  sluice: Sluice,
  { store, config, class: asked, context, signal }: RouteOptions,
): Promise<Route> {
  const list = config.review.routing[classKey(asked)];
  const { choices, problems } = routingChoices(config, list, asked);
  if (!choices.some(({ candidates }) => candidates.some(({ model }) => model !== null))) {
    throw new ConfigurationError(
      `review.routing.${classKey(asked)} leads to no reviewer: ${problems.slice(0, 3).join("; ") || "it is empty, or the sources list none of its models"}.`,
      `Set review.routing.${classKey(asked)} to entries like \`claude_max:opus-4.5\` or \`quota_lowest\`, in .flow/config.json or your own configuration.`,
    );
  }
  const size = await contextSize(change, context, signal);
  const statuses = new Map((await sourceStatuses(sluice, config)).map((status) => [status.source, status]));
  const quota = await readQuota(store, sluice);
  const now = sluice.clock();
  const quotaOf = (source: string) =>
    Object.hasOwn(quota.sources, source) ? (quota.sources[source] ?? null) : null;
  const considered = consider(choices, (candidate) => {
    const status = statuses.get(candidate.source) ?? null;
    return judge(candidate, status, assess(quotaOf(candidate.source), candidate.model, now), size.tokens);
  });
  const chosen = considered.find(({ eligible }) => eligible) ?? null;
  const configured = considered.filter(
    ({ status, candidate }) => status?.configured === true && candidate.model !== null,
  );
  const decision = chosen ? "route" : configured.length > 0 ? "all_exhausted" : "none_configured";
  const available = decision === "all_exhausted" ? earliest(configured) : null;
  return {
    decision,
    source: chosen?.candidate.source ?? null,
    model: chosen?.candidate.model?.id ?? null,
    access: chosen?.status?.access ?? null,
    class: asked,
    next: whatNext(decision, chosen, considered, available, size.tokens, asked),
    candidates: considered
      .slice(0, shownCandidates)
      .map(({ candidate, assessment, eligible, score, why }) => ({
        source: candidate.source,
        model: candidate.model?.id ?? null,
        eligible,
        score,
        windows: assessment.windows.slice(0, shownWindows),
        why: why.slice(0, 300),
      })),
    context: {
      tokens: size.tokens,
      diff_tokens: size.diff_tokens,
      estimated: size.estimated,
      files: size.files.slice(0, shownFiles).map((file) => ({ ...file, path: shownPath(file.path) })),
      more_files: Math.max(0, size.files.length - shownFiles),
      more_tokens: size.files.slice(shownFiles).reduce((sum, { tokens }) => sum + tokens, 0),
      not_shown: context.not_shown
        .slice(0, shownNotShown)
        .map(({ path, reason }) => ({ path: shownPath(path), reason })),
      more_not_shown: Math.max(0, context.not_shown.length - shownNotShown),
    },
    next_available_at: available === null ? null : iso(available),
    problems: problems.slice(0, 5),
    trees: treesOf(change),
  };
}

function classKey(asked: ChangeClass): "security" | "complex" | "routine" {
  if (asked === "SECURITY") return "security";
  return asked === "COMPLEX" ? "complex" : "routine";
}

/** Every candidate once, in the order of preference. */
function consider(choices: readonly Choice[], judgeOne: (candidate: Candidate) => Considered): Considered[] {
  const seen = new Map<string, Considered>();
  for (const { candidates } of choices) {
    const judged = candidates.map(judgeOne);
    for (const item of [
      ...byQuota(
        judged.filter(({ eligible }) => eligible),
        ({ assessment }) => assessment,
      ),
      ...judged.filter(({ eligible }) => !eligible),
    ]) {
      const key = `${item.candidate.source}\0${item.candidate.model?.id ?? item.candidate.name}`;
      if (!seen.has(key)) seen.set(key, item);
    }
  }
  return [...seen.values()];
}

function judge(
  candidate: Candidate,
  status: SourceStatus | null,
  assessment: Assessment,
  tokens: number,
): Considered {
  const against: string[] = [];
  if (candidate.why !== null) against.push(candidate.why);
  if (status?.configured !== true) against.push(status?.why ?? "it is not in premium_sources");
  if (!assessment.eligible) against.push(assessment.why);
  const room = candidate.model === null ? null : Math.floor(candidate.model.context * usableShare);
  const tooLarge = room !== null && tokens > room;
  const tooSmall = tooLarge && against.length === 0;
  if (tooLarge) against.push(`the context has ${tokens} tokens, it takes ${room}`);
  const eligible = against.length === 0;
  return {
    candidate,
    status,
    assessment,
    eligible,
    score: eligible ? assessment.score : null,
    why: eligible ? assessment.why : against.join("; "),
    tooSmall,
  };
}

/** The first moment at which one of them has quota again, by what is known. */
function earliest(configured: readonly Considered[]): number | null {
  const times = configured
    .filter(({ tooSmall }) => !tooSmall)
    .map(({ assessment }) => assessment.availableAt)
    .filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

function whatNext(
  decision: Route["decision"],
  chosen: Considered | null,
  considered: readonly Considered[],
  available: number | null,
  tokens: number,
  asked: ChangeClass,
): string {
  if (chosen) {
    const how = chosen.status?.access === "api" ? "over its API" : "through its own program";
    return `Have ${chosen.candidate.model?.id} of ${chosen.candidate.source} review the change ${how}: the diff and the files of context, whole (${tokens} tokens). Then call record_verdict, and record_usage with what it used.`;
  }
  if (decision === "none_configured") {
    const ways = [
      ...new Set(
        considered.map(
          ({ candidate, status }) => `${candidate.source}: ${status?.why ?? candidate.why ?? "unknown"}`,
        ),
      ),
    ];
    return `No reviewer for a ${asked} change is set up. Review it yourself and call record_verdict, or ask the user to set one up (${ways.slice(0, 4).join("; ")}).`;
  }
  const fits = considered.filter(({ tooSmall }) => tooSmall);
  if (fits.length > 0 && available === null) {
    return `The context of ${tokens} tokens fits no model that is left for a ${asked} change. Review it in parts (\`paths\`), or route to a model with a larger window; nothing is cut silently.`;
  }
  const when =
    available === null ? "nobody knows until when; see candidates" : `the first is back at ${iso(available)}`;
  return `Every reviewer for a ${asked} change is used up or throttled: ${when}. Go on with other work and come back then, or review it yourself and call record_verdict. When you see quota again, say so with record_usage.`;
}
