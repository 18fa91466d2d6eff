import { shownPath } from "../change/risk/reasons.js";
import type { Surroundings } from "../change/surroundings.js";
import type { Change } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { ConfigurationError } from "../errors.js";
import { type Choice, routingChoices } from "../premium/candidates.js";
import { iso } from "../premium/pacing.js";
import { look, type Selection, whatIsMissing } from "../premium/selection.js";
import type { Sluice } from "../sluice.js";
import type { StateStore } from "../state/store.js";
import type { ChangeClass } from "./classify.js";
import { type ContextSize, contextSize } from "./context.js";
import { treesOf } from "./reviewed-trees.js";
import type { Route } from "./route-schema.js";

export { type Route, routeOutput } from "./route-schema.js";

export interface RouteOptions {
  store: StateStore;
  config: Pick<Config, "review" | "premium_sources" | "models" | "quota">;
  class: ChangeClass;
  context: Pick<Surroundings, "files" | "not_shown">;
  /** Whether review_change would ask whom this finds: then `next` leads there. Default: the caller has it done. */
  asksItself?: boolean | undefined;
  signal: AbortSignal;
}

const shownCandidates = 24;
const shownFiles = 20;
const shownNotShown = 8;
const shownWindows = 4;

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
  const { store, config } = options;
  const choices = reviewerChoices(config, options.class);
  const size = await contextSize(change, options.context, options.signal);
  const selection = await look(sluice, { store, config, choices: choices.choices, tokens: size.tokens });
  return routeOf(change, options, { selection, problems: choices.problems, size });
}

/**
 * Whom the list of a class leads to.
 *
 * @throws ConfigurationError when no entry of it means anything
 */
export function reviewerChoices(
  config: RouteOptions["config"],
  asked: ChangeClass,
): { choices: Choice[]; problems: string[] } {
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

/** A choice of whom to ask, as a result shows it. */
export function routeOf(
  change: Change,
  { context, class: asked, asksItself = false }: Pick<RouteOptions, "context" | "class" | "asksItself">,
  { selection, problems, size }: { selection: Selection; problems: string[]; size: ContextSize },
): Route {
  const { decision, chosen, considered, availableAt } = selection;
  return {
    decision,
    source: chosen?.candidate.source ?? null,
    model: chosen?.candidate.model?.id ?? null,
    access: chosen?.status?.access ?? null,
    class: asked,
    next: whatNext(selection, size.tokens, asked, asksItself),
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
    next_available_at: availableAt === null ? null : iso(availableAt),
    problems: problems.slice(0, 5),
    trees: treesOf(change),
  };
}

/** The key of a class in `review.routing`. */
export function classKey(asked: ChangeClass): "security" | "complex" | "routine" {
  if (asked === "SECURITY") return "security";
  return asked === "COMPLEX" ? "complex" : "routine";
}

function whatNext(selection: Selection, tokens: number, asked: ChangeClass, asksItself: boolean): string {
  const { decision, chosen, availableAt } = selection;
  if (chosen) {
    const how = chosen.status?.access === "api" ? "over its API" : "through its own program";
    if (asksItself) {
      return `Call review_change: it has ${chosen.candidate.model?.id} of ${chosen.candidate.source} review the change ${how}, the diff and the files of context whole (${tokens} tokens), and keeps the verdict. Only what you have reviewed elsewhere goes to record_verdict and record_usage.`;
    }
    return `Have ${chosen.candidate.model?.id} of ${chosen.candidate.source} review the change ${how}: the diff and the files of context, whole (${tokens} tokens). Then call record_verdict, and record_usage with what it used.`;
  }
  if (decision === "none_configured") {
    return `No reviewer for a ${asked} change is set up. Review it yourself and call record_verdict, or ask the user to set one up (${whatIsMissing(selection).slice(0, 4).join("; ")}).`;
  }
  if (selection.tooLarge) {
    return `The context of ${tokens} tokens fits no model that is left for a ${asked} change. Review it in parts (\`paths\`), or route to a model with a larger window; nothing is cut silently.`;
  }
  const when =
    availableAt === null
      ? "nobody knows until when; see candidates"
      : `the first is back at ${iso(availableAt)}`;
  return `Every reviewer for a ${asked} change is used up or throttled: ${when}. Go on with other work and come back then, or review it yourself and call record_verdict. When you see quota again, say so with record_usage.`;
}
