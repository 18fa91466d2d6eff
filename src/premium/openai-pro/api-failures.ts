import type { WindowReading } from "../../state/quota-state.js";
import { evidenceOf } from "../evidence.js";
import { retryAfter } from "../retry-after.js";
import { type FailureKind, type PremiumTokens, SourceFailure, throttleReason } from "../source.js";
import { sharedWords } from "./failure-words.js";
import { headerWindows } from "./windows.js";

/** What OpenAI said when it did not answer: the same of a refused request and of an answer that broke off. */
export interface ApiError {
  /** Null when it came in the middle of an answer. */
  status: number | null;
  /** `error.code`; `error.type` says too little. */
  code: string | null;
  type: string | null;
  message: string;
  headers: Headers;
}

export interface Failed {
  model: string;
  key: string;
  now: number;
  /** What the model had said until then. */
  text: string;
  tokens: PremiumTokens | null;
  /** Ids that the key may use; null when they could not be listed. */
  models: readonly string[] | null;
}

const spent = new Set([
  "insufficient_quota",
  "credit_balance_exhausted",
  "billing_hard_limit_reached",
  "billing_not_active",
  "organization_spend_limit_exceeded",
  "project_spend_limit_exceeded",
  "organization_usage_limit_exceeded",
]);

/** What a failure of the API is called here. Codes: OpenAI's error reference, by `error.code` (its page "Error codes"). */
export function apiFailureKind({ status, code, type, message }: ApiError): FailureKind {
  const said = [code, type].filter((value) => value !== null);
  if (said.some((value) => spent.has(value)) || status === 402) return "billing";
  if (code === "model_not_found" || /\bmodel\b.{0,120}\bdoes not exist\b/i.test(message))
    return "model_unknown";
  if (code === "context_length_exceeded" || code === "string_above_max_length" || status === 413)
    return "too_large";
  if (code === "rate_limit_exceeded" || code === "slow_down" || status === 429) {
    // A prompt above a whole minute's tokens never gets in, however long one waits.
    return /request too large/i.test(message) ? "too_large" : "rate_limit";
  }
  if (code === "server_is_overloaded" || code === "server_error" || (status !== null && status >= 500))
    return "overloaded";
  if (code === "unsupported_country_region_territory") return "refused";
  if (status === 401 || status === 403 || code === "invalid_api_key") return "auth";
  if (status === 404) return "model_unknown";
  return "refused";
}

export function apiFailure(error: ApiError, failed: Failed): SourceFailure {
  const kind = apiFailureKind(error);
  const said = evidenceOf(error.message, [failed.key]);
  const windows = headerWindows(error.headers, failed.now, failed.model);
  const wait = kind === "rate_limit" || kind === "overloaded" ? waitOf(error, windows, failed.now) : null;
  const [message, hint] = words(kind, said, failed);
  const reason = throttleReason(kind);
  return new SourceFailure(kind, message, hint, {
    ...(error.status === null ? {} : { status: error.status }),
    ...(wait === null ? {} : { retryAfter: wait }),
    windows,
    text: failed.text,
    tokens: failed.tokens,
    ...(reason === null
      ? {}
      : {
          throttle: {
            reason,
            retry_after_ms: wait,
            provenance: wait === null ? "error" : "header",
            evidence: evidenceOf(
              [error.status, error.code ?? error.type, said].filter((part) => part !== null).join(" "),
              [],
            ),
            // Each model has its own limits per minute.
            ...(kind === "rate_limit" ? { scope: failed.model } : {}),
          },
        }),
  });
}

/** Milliseconds: what the header asks for, else the latest reset of a window that is empty. */
function waitOf(error: ApiError, windows: readonly WindowReading[], now: number): number | null {
  const asked = retryAfter(error.headers, now);
  if (asked !== null) return asked;
  const resets = windows.flatMap(({ used, resets_at }) =>
    used !== undefined && used !== null && used >= 1 && resets_at ? [resets_at - now] : [],
  );
  if (resets.length > 0) return Math.max(...resets);
  const named = /try again in (\d{1,6}(?:\.\d{1,6})?)(ms|s)\b/i.exec(error.message);
  if (named === null) return null;
  return Math.round(Number(named[1]) * (named[2]?.toLowerCase() === "ms" ? 1 : 1_000));
}

function words(kind: FailureKind, said: string, { model, models }: Failed): [string, string] {
  const shared = sharedWords(kind, said, model);
  if (shared !== null) return shared;
  switch (kind) {
    case "billing":
      return [
        `OpenAI's account for this key has no credit left: ${said}`,
        "Add credit or raise the spend limit at platform.openai.com, then `sluice quota reset --source openai_pro`.",
      ];
    case "auth":
      return [
        `OpenAI does not take the API key: ${said}`,
        "Put a valid key into the variable that premium_sources.openai_pro.api_key_env names, and start the server again.",
      ];
    case "model_unknown":
      return [
        `OpenAI has no model ${model} for this key: ${said}`,
        models === null
          ? "Set premium_sources.openai_pro.models and `models` in your own configuration to ids that your key may use."
          : `It has: ${modelList(models)}. Set premium_sources.openai_pro.models and \`models\` in your own configuration accordingly.`,
      ];
    case "rate_limit":
      return [
        `OpenAI asks to wait: ${said}`,
        "It is asked again when its limit allows; until then other sources are.",
      ];
    default:
      return [`OpenAI gave no answer: ${said}`, "Review again, or route this class to another source."];
  }
}

/** Ids for a person, those for text first; the API lists a hundred others. */
export function modelList(models: readonly string[]): string {
  const spoken = models.filter(
    (id) =>
      !/embed|whisper|tts|audio|image|realtime|transcribe|moderation|dall-e|sora|search|davinci|babbage/.test(
        id,
      ),
  );
  const listed = (spoken.length > 0 ? spoken : models).slice(0, 40);
  return listed.length === 0 ? "none" : listed.join(", ");
}
