import type { UsageEvent } from "../../state/quota-state.js";
import { shippedIds } from "../catalog.js";
import { evidenceOf } from "../evidence.js";
import { type FailureKind, type PremiumTokens, SourceFailure, throttleReason } from "../source.js";
import { statedReset } from "../stated-reset.js";

interface FailureContext {
  model: string;
  /** Milliseconds since the epoch. */
  now: number;
  text: string;
  tokens: PremiumTokens | null;
}

/** agy's errors are words; the few that were seen name Google's codes. */
function kindOf(said: string): FailureKind {
  if (/individual quota reached|quota (?:reached|exceeded|exhausted)/i.test(said)) return "usage_limit";
  if (/resource_exhausted|\bcode 429\b|rate limit|too many requests/i.test(said)) return "rate_limit";
  if (/not (?:logged|signed) in|please sign in|authentication|unauthenticated|permission_denied/i.test(said))
    return "auth";
  if (
    /\bmodel\b.{0,120}\b(?:not (?:found|available|supported)|unknown|invalid|requires --effort)/i.test(said)
  )
    return "model_unknown";
  if (/flags? provided but not defined|unknown flag/i.test(said)) return "not_stripped";
  if (/unavailable|overloaded|\bcode 50\d\b|internal error/i.test(said)) return "overloaded";
  if (/exceeds? .{0,60}(?:context|token)|too long/i.test(said)) return "too_large";
  if (/timed? ?out|print timeout|deadline/i.test(said)) return "timeout";
  return "unreachable";
}

/** The pool that a model draws from: Google's own models, or everybody else's. */
function poolOf(model: string): "gemini" | "3p" {
  return /gemini/i.test(model) ? "gemini" : "3p";
}

/** The failure that agy's words mean. */
export function agyFailure(said: string, { model, now, text, tokens }: FailureContext): SourceFailure {
  const kind = kindOf(said);
  const evidence = evidenceOf(said, []);
  const until = statedReset(said, now);
  const [message, hint] = words(kind, model, evidence);
  const throttle = throttleOf(kind, model, until, evidence);
  return new SourceFailure(kind, message, hint, {
    ...(until === null ? {} : { retryAfter: until - now }),
    ...(throttle === undefined ? {} : { throttle }),
    text,
    tokens,
  });
}

function throttleOf(
  kind: FailureKind,
  model: string,
  until: number | null,
  evidence: string,
): UsageEvent["throttle"] {
  const reason = throttleReason(kind);
  if (reason === null) return undefined;
  return {
    reason,
    ...(until === null ? {} : { until }),
    ...(kind === "auth" ? {} : { scope: poolOf(model) }),
    provenance: "error",
    evidence,
  };
}

function words(kind: FailureKind, model: string, said: string): [message: string, hint: string] {
  const other = "Another source can review; call again, and the router chooses one.";
  switch (kind) {
    case "usage_limit":
      return [`Antigravity: a limit of the subscription is reached: ${said}`, other];
    case "rate_limit":
      return [`Antigravity takes no request now: ${said}`, other];
    case "auth":
      return [
        `Antigravity does not take the sign-in: ${said}`,
        "Run `agy` in a terminal and sign in, then call again.",
      ];
    case "model_unknown":
      return [
        `Antigravity has no model ${JSON.stringify(model)}: ${said} Sluice knows of: ${shippedIds("antigravity").join(", ")}.`,
        "Name one that `agy models` lists in `models` of your own configuration.",
      ];
    case "not_stripped":
      return [
        `This agy can't be asked without tools: ${said}. Nothing was sent.`,
        "Update agy, or let another source review.",
      ];
    case "overloaded":
      return [`Antigravity is overloaded: ${said}`, other];
    case "too_large":
      return [
        `Antigravity: the prompt does not fit ${model}: ${said}`,
        "A model with a larger window has to review this.",
      ];
    case "timeout":
      return [`agy ran out of time: ${said}`, "Call again, or let another source review."];
    default:
      return [
        `agy failed: ${said}`,
        "Run `agy` in a terminal to see what is wrong, or let another source review.",
      ];
  }
}
