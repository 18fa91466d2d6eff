import type { OutgoingText } from "../analyzers/secrets/outgoing.js";
import { refuseSecrets } from "../analyzers/secrets/refuse.js";
import { countTokens } from "../change/tokens.js";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import type { About } from "../state/metrics.js";
import type { StateStore } from "../state/store.js";
import { modelChoices } from "./candidates.js";
import { type Attempt, exchange, failuresIn } from "./exchange.js";
import type { openSource } from "./open-source.js";
import { iso } from "./pacing.js";
import { reviewDepth } from "./reviewer-process.js";
import { look, type Selection, whatIsMissing } from "./selection.js";
import type { PremiumAnswer, PremiumRequest } from "./source.js";

export interface ConsultOptions {
  store: StateStore;
  config: Pick<Config, "premium_sources" | "models" | "quota" | "secrets">;
  /**
   * Whom to ask, in order: `source:model`, a routing name (`opus-4.5`: any source that has it, by what is left), or
   * `quota_lowest`.
   */
  models: readonly string[];
  /** What is wanted, as a noun that follows "for": `the review of fn-3`. */
  purpose: string;
  /** The same for every call of its kind, so that providers can cache it. */
  instructions: string;
  /** Everything else. What comes from a repository stands in it between marks (`src/fence.ts`). */
  prompt: string;
  /** Of the answer: every property required, none additional. The answer is not validated against it. */
  schema: PremiumRequest["schema"];
  /**
   * Pieces of the prompt that come from files, word for word: only for a secret's place, and because what looks like
   * a password in documentation is none. What the prompt holds besides is looked through all the same.
   */
  pieces?: readonly OutgoingText[] | undefined;
  /** What the call will probably take altogether; default: what is sent, counted. */
  tokens?: number | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** What work it is for, for the report: the flow task or spec, where there is one. */
  about?: About | undefined;
  /** Called right before something is sent: from then on it is paid for. */
  onSend?: (() => void) | undefined;
  /** Called when what was sent failed, before anybody else is asked. */
  onFail?: (() => void) | undefined;
  /** Default: the sources that ship. */
  open?: typeof openSource | undefined;
}

export type Consultation =
  | {
      state: "answered";
      answer: PremiumAnswer;
      source: string;
      /** Id that was asked for. */
      model: string;
      /** Whether the source says, by `answer.model`, that another model answered. */
      another_model: boolean;
      /** Altogether; null when the source does not say. */
      tokens: number | null;
      attempts: Attempt[];
    }
  | {
      state: "unanswered";
      decision: Recommendation["decision"];
      why: string;
      /** What to do now. */
      next: string;
      next_available_at: string | null;
      attempts: Attempt[];
    };

/**
 * Asks a premium model once, for anything that is no review of a change. Chooses by quota, reserves, goes on to the next
 * source when one fails, and settles what was used. What comes back is a model's word: to be validated.
 *
 * A tool may call this only where it told its client that it reaches out (`openWorldHint`).
 *
 * @throws UsageError when a secret would leave the machine; the signal's reason
 */
export async function consult(sluice: Sluice, options: ConsultOptions): Promise<Consultation> {
  const { store, config, purpose, instructions, prompt, schema, signal } = options;
  if (reviewDepth(sluice) > 0) {
    return {
      state: "unanswered",
      decision: "none_configured",
      why: "This Sluice was started by a model that Sluice asked: it asks nobody else.",
      next: "Answer with what you were given.",
      next_available_at: null,
      attempts: [],
    };
  }
  const { choices, problems } = modelChoices(config, options.models);
  const tokens = await countTokens(`${instructions}\n${prompt}`);
  // Nobody to ask: then nothing has to be searched either.
  const first = await look(sluice, { store, config, choices, tokens });
  if (first.decision === "none_configured") return unanswered(first, problems, purpose, []);
  await refuseSecrets(textsOf(options), {
    config,
    sluice,
    signal,
    advice: {
      found: "Take it out of what is asked about (and revoke it if it was ever real).",
      unsearched: "Call again.",
    },
  });
  const outcome = await exchange(sluice, {
    store,
    config,
    choices,
    tokens,
    expected: options.tokens,
    whole: { instructions, prompt },
    schema,
    doing: "is answering",
    about: options.about,
    signal,
    onProgress: options.onProgress,
    onSend: options.onSend,
    onFail: options.onFail,
    open: options.open,
  });
  if (outcome.answer === null) return unanswered(outcome.selection, problems, purpose, outcome.attempts);
  const { answer, source, model, another_model, attempts } = outcome;
  return { state: "answered", answer, source, model, another_model, tokens: outcome.tokens, attempts };
}

export interface Recommendation {
  decision: Selection["decision"];
  source: string | null;
  /** What the source calls it. */
  model: string | null;
  why: string;
  /** When one is available again; null when one is now, or nobody knows. */
  next_available_at: string | null;
}

/** Whom `consult` would ask, by what is known now. Asks nobody and reserves nothing. */
export async function recommend(
  sluice: Sluice,
  options: Pick<ConsultOptions, "store" | "models" | "tokens"> & {
    config: Omit<ConsultOptions["config"], "secrets">;
  },
): Promise<Recommendation> {
  const { store, config, models, tokens = 0 } = options;
  const { choices, problems } = modelChoices(config, models);
  const selection = await look(sluice, { store, config, choices, tokens });
  const { decision, chosen, availableAt } = selection;
  return {
    decision,
    source: chosen?.candidate.source ?? null,
    model: chosen?.candidate.model?.id ?? null,
    why: chosen?.why ?? lacking(selection, problems),
    next_available_at: availableAt === null ? null : iso(availableAt),
  };
}

/** All that is sent, each text under its path. A piece that does not stand in the prompt is searched as a part of it. */
function textsOf({ instructions, prompt, pieces = [] }: ConsultOptions): OutgoingText[] {
  const found: OutgoingText[] = [];
  let rest = prompt;
  for (const piece of pieces) {
    if (piece.text === "" || !rest.includes(piece.text)) continue;
    rest = rest.replace(piece.text, () => "\n");
    found.push(piece);
  }
  return [...found, { path: "the message", text: `${instructions}\n${rest}` }];
}

function unanswered(
  selection: Selection,
  problems: readonly string[],
  purpose: string,
  attempts: Attempt[],
): Consultation {
  const { decision, availableAt, tooLarge } = selection;
  const failed = failuresIn(attempts);
  const why = failed === "" ? lacking(selection, problems) : `Nobody answered: ${failed}.`;
  const next =
    decision === "none_configured"
      ? `Do ${purpose} yourself, or ask the user to set a premium source up (sluice doctor says what is missing).`
      : tooLarge
        ? "Ask for less at once, or name a model with a larger window."
        : "Go on with other work and come back then, or do it yourself.";
  return {
    state: "unanswered",
    decision,
    why,
    next,
    next_available_at: availableAt === null ? null : iso(availableAt),
    attempts,
  };
}

/** Why nobody can be asked, in a sentence or two. */
function lacking(selection: Selection, problems: readonly string[]): string {
  const { decision, availableAt, tooLarge } = selection;
  if (decision === "none_configured") {
    const missing = [...problems, ...whatIsMissing(selection)].slice(0, 4).join("; ");
    return `No premium source is set up for it${missing === "" ? "" : ` (${missing})`}.`;
  }
  if (tooLarge) return "What would be sent fits no model that is left.";
  const when = availableAt === null ? "nobody knows until when" : `the first is back at ${iso(availableAt)}`;
  return `Every premium source for it is used up or throttled: ${when}.`;
}
