import { SourceError } from "../errors.js";
import type { ThrottleReason, UsageEvent, WindowReading } from "../state/quota-state.js";
import type { Access } from "./sources.js";

/** What a premium model is asked: text in, one answer out. It gets no tool, no setting of the user's, no MCP server. */
export interface PremiumRequest {
  /** Id as the source takes it. */
  model: string;
  /** What the model is and has to do. The same for every call, so that the provider can cache it. */
  instructions: string;
  /** Everything else: the material that is reviewed. Data from a repository, so hostile. */
  prompt: string;
  /** JSON Schema of the answer (every property required, none additional); sources that can enforce it do. */
  schema: { name: string; json: Readonly<Record<string, unknown>> };
  /**
   * Of an earlier answer to be continued; null begins anew. The prompt then leaves out what that session was shown, so
   * a source that can't continue it must throw `session_lost` and ask nothing.
   */
  session: string | null;
  /** Tokens. */
  maxOutputTokens: number;
  /** Milliseconds for the whole call. */
  timeout: number;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
}

export interface PremiumTokens {
  /** Of the prompt, cached ones included. */
  input: number;
  cached_input: number;
  /** Thinking included. */
  output: number;
}

export interface PremiumAnswer {
  /** The model's final message, whole. */
  text: string;
  /** The answer as the source's structured output gave it, not yet validated; null where it has none. */
  structured: unknown;
  /** The model that answered, by the source's word; null when it does not say. */
  model: string | null;
  /** Null when the source does not say. */
  tokens: PremiumTokens | null;
  /** To continue from; null when the source keeps none. */
  session: string | null;
  /** Quota as seen with this answer. */
  windows: readonly WindowReading[];
}

/** What a source says of itself without a model call. */
export interface Probe {
  /** `unknown`: it could not be asked, or did not say. */
  state: "ready" | "signed_out" | "unknown";
  windows: readonly WindowReading[];
  /** The provider's own word on whether ordinary use is allowed now; null when it says nothing. */
  allowed: boolean | null;
  /** Ids that the source lists; null when it lists none. */
  models: readonly string[] | null;
  /** The plan's name, for a person. */
  plan: string | null;
  /** What was found, for a person. */
  why: string;
}

/** One way to one subscription or key. */
export interface PremiumSource {
  name: string;
  access: Access;
  /** Never throws: what could not be found out is `unknown`. At most `timeout` milliseconds. */
  probe(options: { signal: AbortSignal; timeout: number }): Promise<Probe>;
  /**
   * What tells the key or sign-in of now from the next one (`identityOf`); missing where that can't be told. Never
   * throws, runs nothing.
   */
  identity?(): Promise<string>;
  /** One call, never repeated by itself. Throws SourceFailure, and nothing else but cancellation. */
  review(request: PremiumRequest): Promise<PremiumAnswer>;
}

/**
 * Why a call gave no answer.
 *
 * - `usage_limit`, `rate_limit`, `overloaded`, `billing`, `auth`: of the provider; told to the quota as a throttle.
 * - `model_unknown`: the source has no such model; the message lists those it has.
 * - `too_large`: the prompt does not fit the model.
 * - `cut`: the answer ended at a limit or in the middle; `silent`: it ended without a message.
 * - `timeout`: ours; `unreachable`: no connection, or the program did not start or crashed.
 * - `session_lost`: the session to continue is not there any more; nothing was asked, so ask anew with everything.
 * - `not_stripped`: it can't be called without tools or settings, so it was not called.
 * - `refused`: the provider or the model declined.
 */
export type FailureKind =
  | "usage_limit"
  | "rate_limit"
  | "overloaded"
  | "billing"
  | "auth"
  | "model_unknown"
  | "too_large"
  | "cut"
  | "silent"
  | "timeout"
  | "unreachable"
  | "session_lost"
  | "not_stripped"
  | "refused";

/** What a failure tells the quota; null for one that says nothing of it. */
export function throttleReason(kind: FailureKind): ThrottleReason | null {
  switch (kind) {
    case "usage_limit":
    case "rate_limit":
    case "overloaded":
    case "billing":
    case "auth":
      return kind;
    default:
      return null;
  }
}

/** A premium source failed. What it said of its quota while failing comes along. */
export class SourceFailure extends SourceError {
  declare readonly kind: FailureKind;
  readonly windows: readonly WindowReading[];
  /** For `recordUsage`; null when the failure says nothing about quota. */
  readonly throttle: UsageEvent["throttle"] | null;
  /** What the model had said until then; empty when nothing. */
  readonly text: string;
  /** What it cost all the same, where the source says. */
  readonly tokens: PremiumTokens | null;

  constructor(
    kind: FailureKind,
    message: string,
    hint: string,
    details: {
      status?: number;
      retryAfter?: number;
      windows?: readonly WindowReading[];
      throttle?: UsageEvent["throttle"];
      text?: string;
      tokens?: PremiumTokens | null;
      cause?: unknown;
    } = {},
  ) {
    super(message, hint, { ...details, kind });
    this.windows = details.windows ?? [];
    this.throttle = details.throttle ?? null;
    this.text = details.text ?? "";
    this.tokens = details.tokens ?? null;
  }
}

/** The part of a source's configuration that its file needs. */
export interface SourceSettings {
  /** Absolute path of the program; null for `api`. */
  program: string | null;
  /** Key for `api`, and for a program that is pointed at `endpoint`; null when there is none. */
  key: string | null;
  /** Where requests go instead of the provider's own address; null for the provider. */
  endpoint: string | null;
  headers: Readonly<Record<string, string>>;
}
