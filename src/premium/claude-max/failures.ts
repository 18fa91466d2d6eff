import type { UsageEvent } from "../../state/quota-state.js";
import { shippedIds } from "../catalog.js";
import { evidenceOf } from "../evidence.js";
import { type FailureKind, type PremiumTokens, SourceFailure, throttleReason } from "../source.js";
import { familyOf, type Limits } from "./windows.js";

/** An error as Anthropic's API states it, whoever handed it on. */
export interface ProviderError {
  /** Null when it came in the middle of a stream, or its status was not handed on. */
  status: number | null;
  /** `rate_limit_error`, `overloaded_error`, …; null when it was not said. */
  type: string | null;
  /** `error.details.error_code`; null when there is none. */
  code: string | null;
  message: string;
}

/** What a failure is told with. */
export interface FailureContext {
  /** Who was asked, as a sentence begins: `Anthropic`, `Claude Code`. */
  who: string;
  model: string;
  access: "api" | "cli";
  limits: Limits;
  /** Milliseconds, by the provider's word. */
  retryAfter: number | null;
  /** What the model had said. */
  text: string;
  tokens: PremiumTokens | null;
  /** Taken out of what is told. */
  key: string | null;
  /** Ids that are known to work, for a model that is not. */
  models?: readonly string[] | null;
  cause?: unknown;
}

const spendCodes = new Set([
  "enforced_spend_limit_reached",
  "contract_spend_limit_reached",
  "linked_organization_spend_limit_reached",
  "linked_organization_billing_unavailable",
  "organization_on_hold",
]);

/** Kinds by the table in Anthropic's error documentation; 529 says nothing of the account's quota. */
export function kindOf(error: ProviderError): FailureKind {
  const { status, type, code, message } = error;
  if (code !== null && spendCodes.has(code)) return "billing";
  if (status === 402 || type === "billing_error") return "billing";
  if (/credit balance is too low|enforced_spend_limit|\bspend(?:ing)? limit/i.test(message)) return "billing";
  if (/specified api usage limits/i.test(message)) return "usage_limit";
  if (status === 429 || type === "rate_limit_error") return "rate_limit";
  if (status === 529 || type === "overloaded_error") return "overloaded";
  if (/\baccess to (?:this|the) model\b/i.test(message)) return "model_unknown";
  if (status === 401 || status === 403) return "auth";
  if (type === "authentication_error" || type === "permission_error") return "auth";
  if (status === 413 || type === "request_too_large") return "too_large";
  if (
    /prompt is too long|exceeds? (?:the )?(?:maximum )?context|input length and `?max_tokens/i.test(message)
  )
    return "too_large";
  if (status === 404 || type === "not_found_error")
    return /model/i.test(message) ? "model_unknown" : "unreachable";
  if (status === 408 || type === "timeout_error" || type === "api_error") return "overloaded";
  if (status !== null && status >= 500) return "overloaded";
  return "refused";
}

/** The failure that an error means, with what it says of the quota. */
export function failureOf(error: ProviderError, context: FailureContext): SourceFailure {
  const stated = kindOf(error);
  // A subscription's closed window and a limit per minute come with the same status.
  const kind = stated === "rate_limit" && context.limits.rejected !== null ? "usage_limit" : stated;
  const said = evidenceOf(error.message, secretsOf(context));
  return failure(kind, said, error, context);
}

function failure(
  kind: FailureKind,
  said: string,
  error: ProviderError,
  context: FailureContext,
): SourceFailure {
  const { who, limits, retryAfter } = context;
  const status = error.status === null ? "" : ` (${error.status})`;
  const until = kind === "usage_limit" ? (limits.rejected?.until ?? regained(error.message)) : null;
  const [message, hint] = words(kind, `${who}${status}`, said, context);
  return new SourceFailure(kind, message, hint, {
    ...(error.status === null ? {} : { status: error.status }),
    ...(retryAfter === null ? {} : { retryAfter }),
    windows: limits.windows,
    throttle: throttleOf(kind, said, until, context),
    text: context.text,
    tokens: context.tokens,
    cause: context.cause,
  });
}

function throttleOf(
  kind: FailureKind,
  evidence: string,
  until: number | null,
  { limits, retryAfter, model }: FailureContext,
): UsageEvent["throttle"] {
  const reason = throttleReason(kind);
  if (reason === null) return undefined;
  const throttle: NonNullable<UsageEvent["throttle"]> = {
    reason,
    until,
    retry_after_ms: retryAfter,
    provenance: "error",
    evidence,
  };
  // Limits per minute and overload are a model family's; the plan's windows say themselves whose they are.
  const scope =
    kind === "usage_limit"
      ? limits.rejected?.scope
      : kind === "rate_limit" || kind === "overloaded"
        ? (familyOf(model) ?? undefined)
        : undefined;
  return scope === undefined ? throttle : { ...throttle, scope };
}

function words(
  kind: FailureKind,
  who: string,
  said: string,
  { access, model, models }: FailureContext,
): [message: string, hint: string] {
  const quote = said === "" ? "." : `: ${said}`;
  switch (kind) {
    case "usage_limit":
      return [
        `${who}: the plan's limit is reached${quote}`,
        "It is asked again after the reset that quota_status shows; until then other sources are.",
      ];
    case "rate_limit":
      return [
        `${who}: too many requests or tokens a minute${quote}`,
        "It passes by itself; another source may review now.",
      ];
    case "overloaded":
      return [`${who} could not serve the request${quote}`, "It passes by itself, mostly within a minute."];
    case "billing":
      return [
        `${who}: the account can't be charged${quote}`,
        "Add credit or raise the spending limit in the Claude Console (Billing), or set premium_sources.claude_max.access_method to the one that is paid for.",
      ];
    case "auth":
      return access === "api"
        ? [
            `${who} refused the key${quote}`,
            "Check the key in the environment variable that premium_sources.claude_max.api_key_env names, and that its workspace may use the model.",
          ]
        : [
            `${who} is not signed in, or may not be used by this account${quote}`,
            "Run `claude auth login` as the user whom this server runs as (on a machine without a browser: `claude setup-token`, and put the token into CLAUDE_CODE_OAUTH_TOKEN in the server's environment).",
          ];
    case "model_unknown":
      return [
        `${who} has no model ${JSON.stringify(model)}${quote}${
          models?.length
            ? ` It lists: ${models.slice(0, 30).join(", ")}.`
            : ` It can't list its models; Sluice knows of: ${shippedIds("claude_max").join(", ")}.`
        }`,
        "Name one that it has, in premium_sources.claude_max.models or, for a routing name, in `models` of your own configuration.",
      ];
    case "too_large":
      return [
        `${who}: the prompt does not fit ${model}${quote}`,
        "Review a smaller change, or let a model with a larger window review it.",
      ];
    case "unreachable":
      return [
        `${who} could not be reached${quote}`,
        "Look at the network, a proxy's variables, and premium_sources.claude_max.endpoint if it is set.",
      ];
    case "cut":
      return [
        `${who}: the answer ended before its end${quote}`,
        "Nothing of it counts as a verdict; a smaller change needs a shorter answer.",
      ];
    case "silent":
      return [`${who} ended without a message${quote}`, "Call it again, or let another source review."];
    case "timeout":
      return [
        `${who} took longer than the call may${quote}`,
        "Review a smaller change, or let another source review.",
      ];
    case "not_stripped":
      return [
        `${who} can't be run without tools and settings${quote}`,
        "Update it with `claude update`, or set premium_sources.claude_max.access_method to api.",
      ];
    case "session_lost":
      return [`${who} keeps no session to continue${quote}`, "Ask anew with everything."];
    case "refused":
      return [
        `${who} declined the request${quote}`,
        "Let another source review, or look at what the change contains.",
      ];
  }
}

/** A failure that no error of the provider's states. */
export function ownFailure(kind: FailureKind, said: string, context: FailureContext): SourceFailure {
  const error: ProviderError = { status: null, type: null, code: null, message: said };
  return failure(kind, evidenceOf(said, secretsOf(context)), error, context);
}

/** `You will regain access on 2026-12-01 at 00:00 UTC.`: the only place where a monthly limit's end is said. */
function regained(message: string): number | null {
  const [, date, time] = /regain access on (\d{4}-\d\d-\d\d)(?: at (\d\d:\d\d))?/.exec(message) ?? [];
  if (date === undefined) return null;
  const moment = Date.parse(`${date}T${time ?? "00:00"}:00Z`);
  return Number.isFinite(moment) ? moment : null;
}

function secretsOf({ key }: FailureContext): string[] {
  return key === null ? [] : [key];
}
