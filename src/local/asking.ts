import type * as z from "zod";
import { loadPrompt } from "../config/prompts.js";
import type { Answer, LocalTier, Unavailable } from "./local.js";

/** What asking may cost, in milliseconds. */
export interface Limits {
  /** One question, with what it waits for. */
  call: number;
  /** All of them. */
  all: number;
}

/** A cold start of a large model takes a minute or two; the answers themselves take seconds. */
export const defaultLimits: Limits = { call: 180_000, all: 300_000 };

/** Whether a question ended because there is no model to ask. */
export function isAbsence(kind: Unavailable["kind"] | "time"): boolean {
  return absences.some((absence) => absence === kind);
}

/** Below this no question is begun. */
const leastTime = 500;
/** Failures in a row after which a model is not asked again, where the caller does not say. */
const usualPatience = 2;

/** The ways of a local model not to be there: not that it did badly, and no other question is worth a try. */
export const absences: readonly Unavailable["kind"][] = [
  "off",
  "not_running",
  "model_unknown",
  "not_started",
  "out_of_memory",
  "refused",
  "loading",
  "busy",
];

export interface Question<T> {
  /** Of the prompt's file and, with `_`, of the schema. */
  prompt: string;
  schema: z.ZodType<T>;
  data: string;
  maxTokens: number;
  temperature?: number;
}

export type Reply<T> = { state: "answered"; value: T } | { state: "too large" } | { state: "none" };

/** One role's questions in one call of a tool: they share a time limit, and an end when the model fails. */
export class Asking {
  answered = 0;
  /** What the last question failed with. */
  failure: { kind: Unavailable["kind"]; message: string } | null = null;
  /** Why there are no more answers; null while there may be. */
  ended: { kind: Unavailable["kind"] | "time"; message: string } | null = null;
  readonly #until: number;
  #failures = 0;

  constructor(
    readonly tier: LocalTier,
    readonly role: "primary" | "prefilter",
    readonly options: {
      limits: Limits;
      signal: AbortSignal;
      onProgress?: ((message: string) => void) | undefined;
      /** Failures in a row after which the model is not asked again; default 2. */
      patience?: number;
    },
  ) {
    this.#until = performance.now() + options.limits.all;
  }

  /** Throws the signal's reason when the caller cancels, and for nothing that a model does. */
  async ask<T>({ prompt, schema, data, maxTokens, temperature = 0.2 }: Question<T>): Promise<Reply<T>> {
    const { limits, signal, onProgress, patience = usualPatience } = this.options;
    signal.throwIfAborted();
    if (this.ended !== null) return { state: "none" };
    const left = this.#until - performance.now();
    if (left < leastTime) {
      this.ended = { kind: "time", message: `stopped after ${Math.round(limits.all / 1000)} s` };
      return { state: "none" };
    }
    const { text } = await loadPrompt(prompt);
    const asked = await this.tier.ask({
      role: this.role,
      name: prompt.replaceAll("-", "_"),
      schema,
      instructions: text,
      data,
      maxTokens,
      temperature,
      limit: Math.min(limits.call, left),
      signal,
      onProgress: (message) => onProgress?.(message),
    });
    if (asked.state === "answered") return this.#took(asked);
    if (asked.kind === "out_of_context") return { state: "too large" };
    this.#failures += 1;
    this.failure = { kind: asked.kind, message: `${asked.message} ${asked.hint}`.slice(0, 300) };
    if (absences.includes(asked.kind) || this.#failures >= patience) this.ended = this.failure;
    return { state: "none" };
  }

  #took<T>({ value }: Answer<T>): Reply<T> {
    this.answered += 1;
    this.#failures = 0;
    return { state: "answered", value };
  }
}
