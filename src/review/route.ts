import { shownPath } from "../change/risk/reasons.js";
import type { Surroundings } from "../change/surroundings.js";
import type { Change } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { ConfigurationError } from "../errors.js";
import { type Choice, routingChoices } from "../premium/candidates.js";
import { type Considered, consider, earliest } from "../premium/choose.js";
import type { openSource } from "../premium/open-source.js";
import { iso } from "../premium/pacing.js";
import { probeStale } from "../premium/quota.js";
import { quotaStore } from "../premium/quota-store.js";
import { chooseAndReserve, type Reserved } from "../premium/reservations.js";
import { type SourceStatus, sourceStatuses } from "../premium/sources.js";
import type { Sluice } from "../sluice.js";
import { readQuota } from "../state/quota-state.js";
import type { StateStore } from "../state/store.js";
import type { ChangeClass } from "./classify.js";
import { type ContextSize, contextSize } from "./context.js";
import { treesOf } from "./reviewed-trees.js";
import type { Route } from "./route-schema.js";

export { type Outcome, type Reserved, settle } from "../premium/reservations.js";
export { type Route, routeOutput } from "./route-schema.js";

export interface RouteOptions {
  store: StateStore;
  config: Pick<Config, "review" | "premium_sources" | "models" | "quota">;
  class: ChangeClass;
  context: Pick<Surroundings, "files" | "not_shown">;
  signal: AbortSignal;
}

const shownCandidates = 24;
const shownFiles = 20;
const shownNotShown = 8;
const shownWindows = 4;
/** Milliseconds that a review may take, unless its caller says so. */
const reviewTime = 20 * 60_000;

/**
 * Which premium source and model should review a change of this class, by `review.routing`, by what is configured
 * and by what each source has left. Nobody is asked, nothing is called, and nothing is reserved.
 *
 * An entry `source:model` is taken when it is eligible; `quota_lowest` takes the source with most left. SECURITY
 * never leaves the pairs that its list names.
 *
 * @throws ConfigurationError when no entry of the class's list means anything
 */
export async function route(change: Change, sluice: Sluice, options: RouteOptions): Promise<Route> {
  const { choices, problems } = choicesOf(options);
  const { config } = options;
  const size = await contextSize(change, options.context, options.signal);
  const statuses = await statusesOf(sluice, config);
  const store = await quotaStore(sluice, config, options.store);
  const quota = await readQuota(store, sluice);
  const asked = { config, statuses, tokens: size.tokens };
  const considered = consider(choices, asked, quota, sluice.clock());
  return answer(change, options, { considered, problems, size });
}

export interface ReserveOptions extends RouteOptions {
  /** What this review tried in vain, and is left out: a model of a source or, without `model`, all of the source. */
  tried?: readonly { source: string; model?: string | undefined }[] | undefined;
  /** Who reviewed this before, and whose session can go on: stays unless another one has clearly more left. */
  prefer?: { source: string; model: string } | null | undefined;
  /** What the call will probably take altogether; default the context's size. */
  tokens?: number | undefined;
  /** Milliseconds that the call may take at most; default 20 minutes. */
  timeout?: number | undefined;
  /** The context's size, where it is known already. */
  size?: ContextSize | undefined;
  /** How a source is opened to be asked what it has left. */
  open?: typeof openSource | undefined;
}

/**
 * Chooses as `route` does, and reserves the choice for a call in the same locked step, so that of several processes
 * that want the last of a window one gets it. Before, sources whose figures are too old to decide on are asked what
 * they have left (at most 8 s, no model call). What is reserved must be ended by `settle`.
 *
 * @returns `reserved` is null unless the decision is `route`
 * @throws ConfigurationError when no entry of the class's list means anything
 */
export async function reserveRoute(
  change: Change,
  sluice: Sluice,
  options: ReserveOptions,
): Promise<{ route: Route; reserved: Reserved | null }> {
  const { choices, problems } = choicesOf(options);
  const { config, context, signal, tried = [], prefer } = options;
  const size = options.size ?? (await contextSize(change, context, signal));
  const statuses = await statusesOf(sluice, config);
  const store = await quotaStore(sluice, config, options.store);
  const sources = [
    ...new Set(
      choices.flatMap(({ candidates }) =>
        candidates.flatMap(({ source, model }) => (model === null || isTried(tried, source) ? [] : [source])),
      ),
    ),
  ];
  const { open } = options;
  await probeStale(sluice, { store, config, statuses: [...statuses.values()], sources, signal, open });
  const asked = { config, statuses, tokens: size.tokens, tried, prefer };
  const { considered, reserved } = await chooseAndReserve(
    store,
    sluice,
    (quota, now) => consider(choices, asked, quota, now),
    { tokens: options.tokens ?? size.tokens, timeout: options.timeout ?? reviewTime },
  );
  return { route: answer(change, options, { considered, problems, size }), reserved };
}

function isTried(tried: NonNullable<ReserveOptions["tried"]>, source: string): boolean {
  return tried.some((one) => one.source === source && one.model === undefined);
}

function choicesOf({ config, class: asked }: RouteOptions): { choices: Choice[]; problems: string[] } {
  const list = config.review.routing[classKey(asked)];
  const { choices, problems } = routingChoices(config, list, asked);
  if (!choices.some(({ candidates }) => candidates.some(({ model }) => model !== null))) {
    throw new ConfigurationError(
      `review.routing.${classKey(asked)} leads to no reviewer: ${problems.slice(0, 3).join("; ") || "it is empty, or the sources list none of its models"}.`,
      `Set review.routing.${classKey(asked)} to entries like \`claude_max:opus-4.5\` or \`quota_lowest\`, in .flow/config.json or your own configuration.`,
    );
  }
  return { choices, problems };
}

async function statusesOf(
  sluice: Sluice,
  config: RouteOptions["config"],
): Promise<Map<string, SourceStatus>> {
  return new Map((await sourceStatuses(sluice, config)).map((status) => [status.source, status]));
}

function answer(
  change: Change,
  { context, class: asked }: RouteOptions,
  { considered, problems, size }: { considered: Considered[]; problems: string[]; size: ContextSize },
): Route {
  const chosen = considered.find(({ eligible }) => eligible) ?? null;
  const configured = considered.filter(
    ({ status, candidate }) => status?.configured === true && candidate.model !== null,
  );
  const decision = chosen ? "route" : configured.length > 0 ? "all_exhausted" : "none_configured";
  const available = decision === "all_exhausted" ? earliest(considered) : null;
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

/** The key of a class in `review.routing`. */
export function classKey(asked: ChangeClass): "security" | "complex" | "routine" {
  if (asked === "SECURITY") return "security";
  return asked === "COMPLEX" ? "complex" : "routine";
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
