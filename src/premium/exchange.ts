import type { Config } from "../config/schema.js";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { type About, type MetricEvent, recordEvent } from "../state/metrics.js";
import type { StateStore } from "../state/store.js";
import { bounded } from "./bounded.js";
import type { Choice } from "./candidates.js";
import { withKnownId } from "./known-id.js";
import { openSource } from "./open-source.js";
import { type Reserved, settle } from "./reservations.js";
import { isSameModel } from "./same-model.js";
import { type Selection, take } from "./selection.js";
import { type PremiumAnswer, type PremiumRequest, SourceFailure } from "./source.js";

/** One premium source that was asked, or was about to be. */
export interface Attempt {
  source: string;
  model: string;
  /** `answered`, or the kind of failure. */
  outcome: string;
  why: string;
  ms: number;
}

/** Who failed and why, for a person; empty when nobody did. */
export function failuresIn(attempts: readonly Attempt[]): string {
  return attempts
    .filter(({ outcome }) => outcome !== "answered")
    .map(({ source, model, outcome, why }) => `${source} ${model}: ${outcome} (${why})`)
    .join("; ");
}

/** A session of a source, to be continued. */
export interface Conversation {
  source: string;
  access: string;
  model: string;
  id: string;
}

/** What is sent, as a whole or as the continuation of a session. */
export interface Message {
  instructions: string;
  prompt: string;
}

export interface ExchangeOptions {
  store: StateStore;
  config: Pick<Config, "premium_sources" | "models" | "quota">;
  choices: readonly Choice[];
  /** Of what is sent. */
  tokens: number;
  /** Of `tokens`: what the answer is about, as the report counts it; default all. */
  context?: number | undefined;
  /** What the call will probably take altogether; default `tokens`. */
  expected?: number | undefined;
  whole: Message;
  /** An earlier conversation and what it still has to be shown; null for none that is worth it. */
  again?: { session: Conversation; message: Message } | null | undefined;
  schema: PremiumRequest["schema"];
  /** For a person who waits: `is reviewing`. */
  doing: string;
  /** What work it is for, where it is for one. */
  about?: About | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Called right before something is sent to a source. */
  onSend?: (() => void) | undefined;
  /** Called when what was sent failed: may abort the signal, which ends the search for another source. */
  onFail?: (() => void) | undefined;
  /** Default: the sources that ship. */
  open?: typeof openSource | undefined;
}

export type Exchange =
  | {
      answer: PremiumAnswer;
      source: string;
      /** Id that was asked for. */
      model: string;
      /** Whether the source says, by `answer.model`, that another model answered. */
      another_model: boolean;
      /** Altogether; null when the source does not say. */
      tokens: number | null;
      reserved: Reserved;
      attempts: Attempt[];
      continued: boolean;
    }
  | { answer: null; selection: Selection; attempts: Attempt[] };

/** Milliseconds for one call, and for all of them. */
const callLimit = 15 * 60_000;
/** A source that does not keep its time limit is not waited for any longer than this. */
const graceTime = 30_000;
const allLimit = 25 * 60_000;
const answerTokens = 16_000;

/**
 * Asks the best source that has quota; when it fails, the next one of the choices, each at most once. There is one
 * answer at most: what it says is not this function's business.
 *
 * @throws the signal's reason
 */
export async function exchange(sluice: Sluice, options: ExchangeOptions): Promise<Exchange> {
  const { store, config, choices, tokens, expected, signal, open, again = null } = options;
  const started = performance.now();
  const attempts: Attempt[] = [];
  const tried: { source: string; model?: string }[] = [];
  const signedOut = new Set<string>();
  for (;;) {
    const { selection, reserved } = await take(sluice, {
      store,
      config,
      choices,
      tokens,
      expected,
      tried,
      prefer: again === null ? null : { source: again.session.source, model: again.session.model },
      timeout: callLimit,
      signal,
      open,
    });
    if (reserved === null) return { answer: null, selection, attempts };
    if (performance.now() - started > allLimit) {
      await settle(reserved, { ok: false, tokens: 0 });
      return { answer: null, selection, attempts };
    }
    const begun = performance.now();
    try {
      const { answer, model, continued } = await ask(sluice, reserved, options, (id, failure) => {
        attempts.push(attempt(reserved.source, id, failure.kind, saidBy(failure), begun));
      });
      attempts.push(attempt(reserved.source, model, "answered", "", begun));
      await noteCall(sluice, options, attempts, { tokens: answer.tokens });
      const ids = [reserved.model.id, ...reserved.model.also];
      const said = answer.model;
      return {
        answer,
        source: reserved.source,
        model,
        another_model: said !== null && !ids.some((id) => isSameModel(id, said)),
        tokens: altogether(answer.tokens),
        reserved,
        attempts,
        continued,
      };
    } catch (error) {
      options.onFail?.();
      const { tokens = null, throttle = null } = error instanceof SourceFailure ? error : {};
      if (signal.aborted) {
        const cancelled = [attempt(reserved.source, reserved.model.id, "cancelled", "", begun)];
        await noteCall(sluice, options, cancelled, { tokens });
        throw signal.reason;
      }
      const failed = error instanceof SourceFailure;
      const kind = failed ? error.kind : "failed";
      // Ids that the source does not know are told one by one as they are tried.
      if (kind !== "model_unknown") {
        const why = failed ? saidBy(error) : messageOf(error);
        attempts.push(attempt(reserved.source, reserved.model.id, kind, why, begun));
      }
      await noteCall(sluice, options, attempts, { tokens, throttle: throttle?.reason });
      // Its program is signed out: the next choice takes the key that stands in for it.
      if (kind === "auth" && reserved.status.otherwise !== undefined && !signedOut.has(reserved.source)) {
        signedOut.add(reserved.source);
        options.onProgress?.(`${reserved.source} is signed out, using its key`);
        continue;
      }
      // One model that is missing or too small says nothing about the source's others.
      const onlyModel = kind === "model_unknown" || kind === "too_large";
      tried.push(
        onlyModel ? { source: reserved.source, model: reserved.model.id } : { source: reserved.source },
      );
      options.onProgress?.(`${reserved.source} failed (${kind}), looking for another source`);
    }
  }
}

/** Records the last of some attempts: what it was for, what it took, and that the search goes on where it failed. */
async function noteCall(
  sluice: Sluice,
  { store, about = {}, schema, tokens: asked, context = asked }: ExchangeOptions,
  attempts: readonly Attempt[],
  seen: { tokens: PremiumAnswer["tokens"]; throttle?: string | undefined },
): Promise<void> {
  const last = attempts.at(-1);
  if (last === undefined) return;
  const { source, model, outcome, ms } = last;
  const tokens = altogether(seen.tokens);
  const events: MetricEvent[] = [
    {
      kind: "premium_call",
      about,
      purpose: schema.name,
      source,
      model,
      outcome,
      tokens,
      context_tokens: context,
      ms,
    },
  ];
  if (seen.throttle !== undefined) events.push({ kind: "throttle", source, reason: seen.throttle });
  if (outcome !== "answered" && outcome !== "cancelled")
    events.push({ kind: "escalation", about, from: source, to: "another source", why: outcome });
  await recordEvent(store, sluice, ...events);
}

/**
 * One source, asked once; again only where nothing was asked: it has lost the session, or does not know the model by that
 * id. Settles the reservation.
 */
async function ask(
  sluice: Sluice,
  reserved: Reserved,
  options: ExchangeOptions,
  onUnknown: (id: string, failure: SourceFailure) => void,
): Promise<{ answer: PremiumAnswer; model: string; continued: boolean }> {
  const { config, whole, again = null, schema, doing, signal, onProgress } = options;
  let sent = false;
  try {
    const source = await (options.open ?? openSource)(sluice, config, reserved.status);
    if (source === null) {
      throw new SourceFailure(
        "unreachable",
        `${reserved.source} can't be called.`,
        "See route_review for why.",
      );
    }
    const review = (model: string, message: Message, session: string | null): Promise<PremiumAnswer> =>
      bounded(reserved.source, callLimit + graceTime, signal, (limited) =>
        source.review({
          model,
          instructions: message.instructions,
          prompt: message.prompt,
          schema,
          session,
          maxOutputTokens: answerTokens,
          timeout: callLimit,
          signal: limited,
          onProgress,
        }),
      );
    sent = true;
    options.onSend?.();
    const asked = async (model: string) => {
      onProgress?.(`${reserved.source} ${model} ${doing}`);
      const fits =
        again !== null &&
        again.session.source === reserved.source &&
        again.session.access === source.access &&
        again.session.model === model;
      let answer: PremiumAnswer | null = null;
      if (fits) {
        answer = await review(model, again.message, again.session.id).catch((error: unknown) => {
          if (error instanceof SourceFailure && error.kind === "session_lost") return null;
          throw error;
        });
      }
      const continued = answer !== null;
      answer ??= await review(model, whole, null);
      return { answer, model, continued };
    };
    const { answer, model, continued } = await withKnownId(reserved.source, reserved.model, asked, onUnknown);
    const { tokens, windows } = answer;
    await settle(reserved, {
      ok: true,
      windows,
      tokens: altogether(tokens),
    });
    return { answer, model, continued };
  } catch (error) {
    if (error instanceof SourceFailure) {
      const { kind, windows, throttle, tokens } = error;
      const taken = altogether(tokens) ?? (neverSent.has(kind) ? 0 : null);
      await settle(reserved, { ok: false, failure: kind, windows, throttle, tokens: taken });
    } else {
      await settle(reserved, { ok: false, tokens: sent ? null : 0 });
      if (!signal.aborted) sluice.log(`${reserved.source} failed unexpectedly: ${messageOf(error)}`);
    }
    throw error;
  }
}

const neverSent: ReadonlySet<string> = new Set([
  "not_stripped",
  "session_lost",
  "auth",
  "model_unknown",
  "too_large",
]);

function attempt(source: string, model: string, outcome: string, why: string, begun: number): Attempt {
  return { source, model, outcome, why: why.slice(0, 300), ms: Math.round(performance.now() - begun) };
}

function altogether(tokens: PremiumAnswer["tokens"]): number | null {
  return tokens === null ? null : tokens.input + tokens.output;
}

function saidBy({ message, hint }: SourceFailure): string {
  return `${message} ${hint}`;
}
