import type * as z from "zod";
import type { StructuredMode } from "./completion.js";
import type { Role } from "./endpoints.js";
import type { LocalFailure, LocalFailureKind } from "./failures.js";

/** A question for a local model, with a typed answer. */
export interface Job<T> {
  role: Role;
  /** Of the answer's schema: letters, digits and `_`. */
  name: string;
  schema: z.ZodType<T>;
  /** What to do, from a file in `prompts/`: the same for every job of a kind, since servers keep the prefix. */
  instructions: string;
  /** What to do it with. It is fenced and declared to be data here. */
  data: string;
  /** Tokens that the answer may have; well above need, because a cut answer is none. */
  maxTokens: number;
  /** Default 0.2; null leaves it to the server. */
  temperature?: number | null | undefined;
  /** Milliseconds for everything: waiting, loading, answering. */
  limit: number;
  signal: AbortSignal;
  /** What is waited for, for a person. Must not throw. */
  onProgress?: ((message: string) => void) | undefined;
}

export interface Answer<T> {
  state: "answered";
  value: T;
  /** As the server lists it. */
  model: string;
  server: string;
  size: "normal" | "large";
  mode: StructuredMode;
  /** It came in the second round, after the first was shown what was wrong. */
  repaired: boolean;
  /** Tokens over both rounds; null where the server does not say. */
  promptTokens: number | null;
  completionTokens: number | null;
  /** Milliseconds: until the model began to work for this job, and altogether. */
  waitedMs: number;
  ms: number;
  /** Milliseconds from the first byte of its answers to their ends. */
  workMs: number;
  /** For a person: a model that was taken for another name. */
  note: string | null;
}

/** No answer, and why. `kind` is `off` when the configuration has no such model. */
export interface Unavailable {
  state: "unavailable";
  kind: LocalFailureKind | "off";
  message: string;
  /** The next step. */
  hint: string;
  failure: LocalFailure | null;
}

export type Asked<T> = Answer<T> | Unavailable;

export function unavailable(failure: LocalFailure): Unavailable {
  return { state: "unavailable", kind: failure.kind, message: failure.message, hint: failure.hint, failure };
}
