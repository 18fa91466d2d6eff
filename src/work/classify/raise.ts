import * as z from "zod";
import { quote } from "../../change/risk/reasons.js";
import { messageOf } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import { Asking } from "../../local/asking.js";
import { openLocal } from "../../local/local.js";
import { printable } from "../../printable.js";
import type { Sluice } from "../../sluice.js";
import { isAside, plain, type Statement } from "../statements.js";
import { epicStatements, type Task } from "../task.js";
import type { TaskFile } from "../task-files.js";
import { type Evidence, type Found, type IndicatorName, indicatorNames, said } from "./evidence.js";

const answer = z.object({
  indicators: z
    .array(
      z.object({
        indicator: z.enum(indicatorNames),
        evidence: z.string().max(500),
        why: z.string().max(200),
        confidence: z.int().min(0).max(100),
      }),
    )
    .max(10),
});

/** Percent: a raise costs quota, and costs nothing but quota when it is wrong. */
const sureFrom = 80;
/** Milliseconds for all questions: a client waits. */
const limits = { call: 20_000, all: 25_000 };
const answerTokens = 1_200;
const shownCharacters = 24_000;
/** Letters and digits of a quote. */
const shortestQuote = 12;
const remembered = 64;

/** The same task is classified several times while it is worked on. */
const known = new Map<string, [IndicatorName, Evidence][]>();

/**
 * Indicators that a local model sees and the rules do not, each with a sentence of the spec word for word. It only ever
 * adds; empty without a model, or when that is not loaded: nobody waits for it here.
 */
export async function raisedIndicators(
  sluice: Sluice,
  { config, store }: Pick<Project, "config" | "store">,
  task: Task,
  files: readonly TaskFile[],
  found: Found,
  signal: AbortSignal,
): Promise<[IndicatorName, Evidence][]> {
  const open = indicatorNames.filter((name) => found[name].length === 0);
  // Nothing is higher than HIGH.
  if (found.security_sensitive.length > 0 || open.length === 0) return [];
  const tier = openLocal(config, sluice, { store });
  if (!tier.configured("primary")) return [];
  const statements = [...task.own, ...epicStatements(task)].filter((one) => !isAside(one));
  const data = shown(statements, files, open);
  try {
    const { primary } = await tier.state(signal);
    if (primary === null || !primary.up || primary.problem !== null || primary.loaded === false) return [];
    const key = JSON.stringify([primary.baseUrl, primary.model, data]);
    const before = known.get(key);
    if (before) return before;
    const asking = new Asking(tier, "primary", { limits, signal });
    const reply = await asking.ask({
      prompt: "classify-task-raise",
      schema: answer,
      data,
      maxTokens: answerTokens,
      temperature: 0,
    });
    if (reply.state !== "answered") return [];
    const raised = reply.value.indicators.flatMap(({ indicator, evidence, why, confidence }) => {
      if (confidence < sureFrom || !open.includes(indicator)) return [];
      const statement = quoted(statements, evidence);
      const what = quote(printable(why));
      if (statement === null || what === "") return [];
      const one: [IndicatorName, Evidence] = [indicator, said(statement, what, "model")];
      return [one];
    });
    remember(key, raised);
    return raised;
  } catch (error) {
    signal.throwIfAborted();
    sluice.log(`asking a local model for a task's complexity failed: ${messageOf(error)}`);
    return [];
  }
}

function shown(
  statements: readonly Statement[],
  files: readonly TaskFile[],
  open: readonly IndicatorName[],
): string {
  let text = `Not found yet: ${open.join(", ")}\nFiles: ${files.map(({ path }) => path).join(", ")}\n\n`;
  for (const statement of statements) {
    if (text.length + statement.text.length > shownCharacters) break;
    text += `${statement.text}\n`;
  }
  return text;
}

/** The sentence that holds a quote; null for none. */
function quoted(statements: readonly Statement[], evidence: string): Statement | null {
  const wanted = plain(evidence).toLowerCase();
  if (wanted.replace(/[^\p{L}\p{N}]/gu, "").length < shortestQuote) return null;
  return (
    statements.find(({ text }) => {
      const here = plain(text).toLowerCase();
      return here.includes(wanted) || (here.length >= shortestQuote * 2 && wanted.includes(here));
    }) ?? null
  );
}

function remember(key: string, raised: [IndicatorName, Evidence][]): void {
  const [oldest] = known.keys();
  if (known.size >= remembered && oldest !== undefined) known.delete(oldest);
  known.set(key, raised);
}
