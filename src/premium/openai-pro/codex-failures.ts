import { evidenceOf } from "../evidence.js";
import { type FailureKind, SourceFailure, throttleReason } from "../source.js";
import { statedReset } from "../stated-reset.js";
import { sharedWords } from "./failure-words.js";
import type { RolloutFacts } from "./rollout.js";

/** Why a run of Codex gave no answer, as far as it said. */
export interface CodexFailed {
  model: string;
  /** From `turn.failed` or `error`, else the last of stderr. */
  message: string;
  facts: RolloutFacts;
  /** What the model had said until then. */
  text: string;
  now: number;
  /** Ids that Codex lists. */
  models: readonly string[];
  secrets: readonly string[];
}

/** `codex_error_info` as Codex 0.169 was seen to write it, or names it in its protocol (`codex app-server generate-ts`). */
const kinds: Readonly<Record<string, FailureKind>> = {
  usage_limit_exceeded: "usage_limit",
  session_budget_exceeded: "usage_limit",
  rate_limit_exceeded: "rate_limit",
  server_overloaded: "overloaded",
  flex_unavailable: "overloaded",
  policy_capacity_unavailable: "overloaded",
  internal_server_error: "overloaded",
  context_window_exceeded: "too_large",
  model_not_found: "model_unknown",
  unauthorized: "auth",
  invalid_prompt: "refused",
  cyber_policy: "refused",
  misalignment_policy_violation: "refused",
  inference_hook_denied: "refused",
  bad_request: "refused",
  response_stream_disconnected: "cut",
  http_connection_failed: "unreachable",
  response_stream_connection_failed: "unreachable",
};

/** What the message says, where the kind says too little: in this order. */
const patterns: readonly [RegExp, FailureKind][] = [
  [/quota exceeded\. check your plan and billing/i, "billing"],
  [/hit your usage limit|usage limit has been reached|out of credits/i, "usage_limit"],
  [/room in the model's context window|maximum length of \d+ characters|input_too_large/i, "too_large"],
  [/reason: max_output_tokens/i, "cut"],
  [/reason: content_filter/i, "refused"],
  [/\bmodel\b.{0,160}\b(?:is not supported|does not exist|not available)\b/is, "model_unknown"],
  [/exceeded retry limit, last status: 429|rate limit/i, "rate_limit"],
  [/at capacity|high demand|last status: 5\d\d/i, "overloaded"],
  [
    /not logged in|log ?in again|sign in again|refresh token|oauth\/token|last status: 40[13]|401 unauthorized|access token/i,
    "auth",
  ],
  [/connection failed|error sending request|dns error|network is unreachable/i, "unreachable"],
  [/stream disconnected before completion/i, "cut"],
];

function codexFailureKind({ message, facts }: Pick<CodexFailed, "message" | "facts">): FailureKind {
  // One kind for two things: a spent subscription comes back by itself, an account without credit does not.
  if (/quota exceeded\. check your plan and billing/i.test(message)) return "billing";
  if (facts.reached !== null && /depleted/.test(facts.reached)) return "billing";
  const known = facts.error === null ? undefined : kinds[facts.error];
  if (known !== undefined) return known;
  if (facts.status === 429) return "rate_limit";
  if (facts.status === 401 || facts.status === 403) return "auth";
  if (facts.status !== null && facts.status >= 500) return "overloaded";
  const found = patterns.find(([pattern]) => pattern.test(message));
  if (found !== undefined) return found[1];
  // A request that was answered with an error of its own kind.
  return facts.error === null ? "unreachable" : "refused";
}

export function codexFailure(failed: CodexFailed): SourceFailure {
  const { facts, message, now } = failed;
  const kind = codexFailureKind(failed);
  const said = evidenceOf(message, failed.secrets);
  const [what, hint] = words(kind, said, failed);
  const until = kind === "usage_limit" ? limitEnd(failed) : null;
  const end = kind === "rate_limit" ? statedReset(message, now) : null;
  const wait = end === null ? null : end - now;
  const reason = throttleReason(kind);
  return new SourceFailure(kind, what, hint, {
    ...(facts.status === null ? {} : { status: facts.status }),
    ...(until === null ? (wait === null ? {} : { retryAfter: wait }) : { retryAfter: until.at - now }),
    windows: facts.windows,
    text: failed.text,
    tokens: facts.tokens,
    ...(reason === null
      ? {}
      : {
          throttle: {
            reason,
            until: until?.at ?? null,
            retry_after_ms: wait,
            provenance: until?.read === true ? "log" : "error",
            evidence: evidenceOf(
              [facts.error, said].filter((part) => part !== null).join(": "),
              failed.secrets,
            ),
          },
        }),
  });
}

/** When the last full window resets; where none was read, what the message says. */
function limitEnd({ facts, message, now }: CodexFailed): { at: number; read: boolean } | null {
  const resets = facts.windows.flatMap(({ used, resets_at }) =>
    used !== undefined && used !== null && used >= 0.99 && resets_at && resets_at > now ? [resets_at] : [],
  );
  if (resets.length > 0) return { at: Math.max(...resets), read: true };
  const at = resetIn(message, now);
  return at === null ? null : { at, read: false };
}

/**
 * When it says to try again, as Codex words it: `at 7:10 AM`, `at Nov 24th, 2026 7:10 AM` (both in this machine's time
 * zone), `in 2 days 3 hours`. Milliseconds since the epoch; null when it says no time.
 */
export function resetIn(message: string, now: number): number | null {
  const clock =
    /try again at (?:([A-Z][a-z]{2}) (\d{1,2})(?:st|nd|rd|th)?, (\d{4}) )?(\d{1,2}):(\d{2})\s?(AM|PM)/i.exec(
      message,
    );
  if (clock !== null) {
    const [, month, date, year, hours, minutes, half] = clock;
    const hour = (Number(hours) % 12) + (half?.toUpperCase() === "PM" ? 12 : 0);
    const at = month === undefined ? new Date(now) : new Date(`${month} ${date}, ${year} 00:00`);
    at.setHours(hour, Number(minutes), 0, 0);
    if (!Number.isFinite(at.getTime())) return null;
    if (month === undefined && at.getTime() <= now) at.setDate(at.getDate() + 1);
    return at.getTime() > now ? at.getTime() : null;
  }
  return statedReset(message, now);
}

function words(kind: FailureKind, said: string, { model, models }: CodexFailed): [string, string] {
  const shared = sharedWords(kind, said, model);
  if (shared !== null) return shared;
  switch (kind) {
    case "usage_limit":
      return [
        `The ChatGPT subscription has no usage left: ${said}`,
        "It is asked again after its reset; until then other sources are.",
      ];
    case "billing":
      return [
        `The OpenAI account has no credit left: ${said}`,
        "Add credit or ask the workspace's owner for it, then `sluice quota reset --source openai_pro`.",
      ];
    case "auth":
      return [
        `Codex is not signed in, or its sign-in is no longer valid: ${said}`,
        "Run `codex login` in a terminal, then review again.",
      ];
    case "rate_limit":
      return [
        `OpenAI asks Codex to wait: ${said}`,
        "It is asked again in a while; until then other sources are.",
      ];
    case "model_unknown":
      return [
        `Codex has no model ${model} for this account: ${said}`,
        `It lists: ${models.slice(0, 40).join(", ") || "none"}. Set premium_sources.openai_pro.models and \`models\` in your own configuration accordingly.`,
      ];
    case "cut":
      return [
        `${model}'s answer broke off: ${said}`,
        "Review again; when it stays so, review a smaller change.",
      ];
    default:
      return [
        `Codex gave no answer: ${said}`,
        "Run `codex doctor` in a terminal; check the network and the proxy variables.",
      ];
  }
}

/** What Codex says of a flag or a setting that it does not know, before anything is sent. */
const unknownSetting =
  /unknown (?:configuration field|feature flag)|unexpected argument|unrecognized subcommand|invalid value .{1,80} for|unknown variant|model_catalog_json/i;

export function refusesSettings(stderr: string): boolean {
  return unknownSetting.test(stderr);
}

/** A version that can't be called without tools: nothing was sent. */
export function notStripped(why: string, version: string | null, oldest: string): SourceFailure {
  return new SourceFailure(
    "not_stripped",
    `Codex${version === null ? "" : ` ${version}`} can't be run without tools and settings, so it was not asked: ${why}`,
    `Sluice knows Codex ${oldest} and what is compatible with it: update it with \`npm install -g @openai/codex@latest\` (or back to @${oldest}), or update Sluice.`,
  );
}
