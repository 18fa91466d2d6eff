import type { UsageEvent, WindowReading } from "../../state/quota-state.js";
import { evidenceOf } from "../evidence.js";
import { type FailureKind, type PremiumTokens, SourceFailure, throttleReason } from "../source.js";
import { statedReset } from "../stated-reset.js";

/** An error as Copilot's `session.error` and `model.call_failure` state it. */
export interface CopilotError {
  /** `rate_limit`, `quota`, `authentication`, `authorization`, `context_limit`, `query`; null when it was not said. */
  type: string | null;
  /** `user_weekly_rate_limited`, `quota_exceeded`, …; null when there is none. */
  code: string | null;
  /** Of the HTTP answer; null when there was none. */
  status: number | null;
  message: string;
}

/** What a failure is told with. */
export interface FailureContext {
  model: string;
  /** A gateway of the user's own is asked instead of GitHub. */
  endpoint: string | null;
  /** Milliseconds since the epoch. */
  now: number;
  windows: readonly WindowReading[];
  /** What the model had said. */
  text: string;
  tokens: PremiumTokens | null;
  /** Taken out of what is told. */
  secrets: readonly string[];
}

/** The limits that Copilot keeps besides the month's allowance, by the code of their error. */
const hiddenWindows: Readonly<Record<string, { id: string; window_ms: number }>> = {
  user_weekly_rate_limited: { id: "weekly", window_ms: 7 * 86_400_000 },
  user_global_rate_limited: { id: "5h", window_ms: 5 * 3_600_000 },
  session_quota_exceeded: { id: "5h", window_ms: 5 * 3_600_000 },
};

/** Kinds by `errorCode`, `errorType` and the HTTP status, in that order of trust; the words last. */
export function kindOf({ type, code, status, message }: CopilotError): FailureKind {
  if (code === "billing_not_configured") return "billing";
  if (code !== null && Object.hasOwn(hiddenWindows, code)) return "usage_limit";
  if (code === "quota_exceeded" || type === "quota" || status === 402) return "usage_limit";
  if (type === "rate_limit" || status === 429)
    return /\bweekly\b|\bsession limit\b/i.test(message) ? "usage_limit" : "rate_limit";
  if (
    type === "context_limit" ||
    status === 413 ||
    code === "model_max_prompt_tokens_exceeded" ||
    /exceeds the model's prompt budget|maximum context length|context_length_exceeded/i.test(message)
  )
    return "too_large";
  if (code === "model_not_supported" || code === "model_not_found") return "model_unknown";
  if (
    /\bmodel\b.{0,120}\b(?:not (?:available|found|supported|enabled)|does not exist|unknown)/i.test(message)
  )
    return "model_unknown";
  if (status === 404) return "model_unknown";
  if (type === "authentication" || type === "authorization" || status === 401 || status === 403)
    return "auth";
  if (/not authenticated|no authentication information|please authenticate/i.test(message)) return "auth";
  if (/no response was returned/i.test(message)) return "silent";
  if (status !== null && (status >= 500 || status === 408)) return "overloaded";
  if (status === null) return "unreachable";
  return "refused";
}

/** The failure that an error means, with what it says of the quota. */
export function failureOf(error: CopilotError, context: FailureContext): SourceFailure {
  const kind = kindOf(error);
  const said = evidenceOf(error.message, context.secrets);
  const until = statedReset(error.message, context.now);
  const [message, hint] = words(kind, error, said, context);
  const throttle = throttleOf(kind, error, until, said, context);
  return new SourceFailure(kind, message, hint, {
    ...(error.status === null ? {} : { status: error.status }),
    ...(until === null ? {} : { retryAfter: until - context.now }),
    windows: [...context.windows, ...windowsOf(error, kind, until)],
    ...(throttle === undefined ? {} : { throttle }),
    text: context.text,
    tokens: context.tokens,
  });
}

/** The window that the error says is full. One whose reset nobody knows would stay full for its whole length. */
function windowsOf(error: CopilotError, kind: FailureKind, until: number | null): WindowReading[] {
  if (kind !== "usage_limit") return [];
  const hidden = error.code === null ? undefined : hiddenWindows[error.code];
  if (hidden !== undefined)
    return until === null ? [] : [{ ...hidden, used: 1, resets_at: until, provenance: "error" }];
  if (error.code !== "quota_exceeded") return [];
  return [{ id: "monthly", used: 1, ...(until === null ? {} : { resets_at: until }), provenance: "error" }];
}

function throttleOf(
  kind: FailureKind,
  error: CopilotError,
  until: number | null,
  evidence: string,
  context: FailureContext,
): UsageEvent["throttle"] {
  const reason = throttleReason(kind);
  if (reason === null) return undefined;
  return {
    reason,
    ...(until === null ? {} : { until }),
    ...(error.code === "user_model_rate_limited" ? { scope: context.model } : {}),
    provenance: "error",
    evidence,
  };
}

function words(
  kind: FailureKind,
  { status }: CopilotError,
  said: string,
  { model, endpoint }: FailureContext,
): [message: string, hint: string] {
  const who = `${endpoint === null ? "Copilot" : `The endpoint for Copilot (${endpoint})`}${status === null ? "" : ` (${status})`}`;
  const other = "Another source can review; call again, and the router chooses one.";
  switch (kind) {
    case "usage_limit":
      return [`${who}: a limit of the subscription is reached: ${said}`, other];
    case "rate_limit":
      return [`${who} takes no request now: ${said}`, other];
    case "billing":
      return [
        `${who}: billing stands in the way: ${said}`,
        "See github.com/settings/billing, then call again.",
      ];
    case "auth":
      return [
        `${who} does not take the sign-in: ${said}`,
        endpoint === null
          ? "Run `copilot login` in a terminal (or set COPILOT_GITHUB_TOKEN where this server is started), then call again."
          : "Check premium_sources.copilot.headers and the key in your own configuration.",
      ];
    case "model_unknown":
      return [
        `${who} has no model ${JSON.stringify(model)} for this account: ${said}`,
        "Name one that it has in `models` of your own configuration.",
      ];
    case "too_large":
      return [
        `${who}: the prompt does not fit ${model}: ${said}`,
        "A model with a larger window has to review this.",
      ];
    case "overloaded":
      return [`${who} is overloaded: ${said}`, other];
    case "silent":
      return [`${who} ended without an answer: ${said}`, "Call again."];
    case "unreachable":
      return [`${who} could not be reached: ${said}`, "Look at the network, then call again."];
    default:
      return [`${who} declined: ${said}`, other];
  }
}
