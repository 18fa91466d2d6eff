import * as z from "zod";
import { type ChangeClass, quote, type Reason } from "../../change/risk/reasons.js";
import type { Change } from "../../change/types.js";
import type { Config } from "../../config/schema.js";
import { messageOf } from "../../errors.js";
import { Asking } from "../../local/asking.js";
import { type LocalTier, openLocal } from "../../local/local.js";
import { sentenceOf } from "../../local/sentence.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { partsOf, partText } from "./show.js";
import { shownLines, type Unit, unitsOf } from "./units.js";

const answer = z.object({
  reasons: z
    .array(
      z.object({
        class: z.enum(["SECURITY", "COMPLEX"]),
        evidence: z.string().max(400),
        why: z.string().max(200),
        confidence: z.int().min(0).max(100),
      }),
    )
    .max(6),
});

/** Percent: a raise costs quota, and costs nothing but quota when it is wrong. */
const sureFrom = 80;
/** Milliseconds for all questions: `classify_change` answers while a client waits. */
const limits = { call: 20_000, all: 25_000 };
const mostParts = 6;
const answerTokens = 1_000;
/** Letters and digits of a quote. */
const shortestQuote = 6;
const remembered = 64;

/** A change is immutable, and one review classifies it several times. */
const known = new Map<string, Reason[]>();

export interface RaiseOptions {
  config: Config;
  /** The class by rules. SECURITY can't be raised. */
  current: ChangeClass;
  signal: AbortSignal;
  /** Where its calls are counted. */
  store?: StateStore | undefined;
  /** Default: the configuration's. */
  tier?: LocalTier | undefined;
}

/**
 * Why a change needs a more careful reviewer than the rules say, in a local model's words, with a changed line quoted
 * word for word. It only ever raises; empty without a model, or when that is not loaded: nobody waits for it here.
 * Throws the signal's reason when cancelled, and for nothing else.
 */
export async function raiseReasons(change: Change, sluice: Sluice, options: RaiseOptions): Promise<Reason[]> {
  const { config, current, signal } = options;
  if (current === "SECURITY" || change.files.length === 0) return [];
  const tier = options.tier ?? openLocal(config, sluice, { store: options.store });
  if (!tier.configured("primary")) return [];
  try {
    const { units } = await unitsOf(change, signal);
    if (units.length === 0) return [];
    const { primary } = await tier.state(signal);
    if (primary === null || !primary.up || primary.problem !== null || primary.loaded === false) return [];
    const paths = units.map(({ file }) => file.path);
    const key = JSON.stringify([
      primary.baseUrl,
      primary.model,
      current,
      change.base.tree,
      change.head.tree,
      paths,
    ]);
    const before = known.get(key);
    if (before) return before;
    const asking = new Asking(tier, "primary", { limits, signal });
    const found = await ask(asking, units, current);
    if (asking.ended === null && asking.failure === null) remember(key, found);
    return found;
  } catch (error) {
    signal.throwIfAborted();
    sluice.log(`asking a local model for the class failed: ${messageOf(error)}`);
    return [];
  }
}

async function ask(asking: Asking, units: readonly Unit[], current: ChangeClass): Promise<Reason[]> {
  const found: Reason[] = [];
  for (const part of units.flatMap((unit) => partsOf(unit)).slice(0, mostParts)) {
    const reply = await asking.ask({
      prompt: "classify-raise",
      schema: answer,
      data: partText(part),
      maxTokens: answerTokens,
      temperature: 0,
    });
    if (reply.state !== "answered") continue;
    for (const { class: name, evidence, why, confidence } of reply.value.reasons) {
      if (confidence < sureFrom || (current === "COMPLEX" && name === "COMPLEX")) continue;
      const line = changedLine(part.unit, evidence);
      const said = sentenceOf(why);
      if (line === null || said === null) continue;
      found.push({
        class: name,
        origin: "model",
        rule: "model",
        file: part.unit.file.path,
        evidence: `${quote(line)} (${said.slice(0, 120)})`,
      });
    }
    // Higher than this it can't be raised.
    if (found.some((reason) => reason.class === "SECURITY")) break;
  }
  return found;
}

/** The line that the change wrote or took away which holds a quote; null for none. */
function changedLine({ file }: Unit, evidence: string): string | null {
  const wanted = flat(evidence.replace(/^\s*\d*\s*[+-]\s/, ""));
  if (wanted.replace(/[^\p{L}\p{N}]/gu, "").length < shortestQuote) return null;
  const lines = file.hunks.flatMap((hunk) => hunk.lines.filter((line) => /^[+-]/.test(line)));
  return shownLines(lines.map((line) => line.slice(1))).find((line) => flat(line).includes(wanted)) ?? null;
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function remember(key: string, reasons: Reason[]): void {
  const [oldest] = known.keys();
  if (known.size >= remembered && oldest !== undefined) known.delete(oldest);
  known.set(key, reasons);
}
