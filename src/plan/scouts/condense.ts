import { createHash } from "node:crypto";
import * as z from "zod";
import { fillPrompt, loadPrompt } from "../../config/prompts.js";
import { fence } from "../../fence.js";
import type { LocalTier } from "../../local/local.js";
import { consult } from "../../premium/consult.js";
import { parsedJson } from "../../premium/json-text.js";
import { type Checked, checkClaims } from "./check.js";
import type { Ground } from "./ground.js";
import type { Fact, Scout } from "./scout.js";

/** Characters of what a model is given; 3 to 4 of them are a token. */
export const dataLimit = 24_000;
const featureLimit = 4_000;
const factLimit = 500;
const excerptLimit = 2_000;
const mostFacts = 80;
const answerTokens = 3_000;

export type Condensed =
  | ({ state: "condensed"; model: string } & Checked)
  /** No model, or none that could do it. */
  | { state: "not"; why: string };

/** Whom a scout asks, and how long that may take with what it waits for, in milliseconds. */
export interface Condenser {
  tier: LocalTier;
  limit: number;
  signal: AbortSignal;
  onProgress(message: string): void;
}

/** The instructions of a scout. */
export async function instructionsOf(scout: Scout): Promise<string> {
  const task = await loadPrompt(scout.prompt);
  return fillPrompt(await loadPrompt("scout"), { task: task.text });
}

/** Changes with the words of the prompt. */
export async function promptVersion(scout: Scout): Promise<string> {
  return createHash("sha256")
    .update(await instructionsOf(scout))
    .digest("hex")
    .slice(0, 12);
}

/** What the model reads: the feature, then the facts with as many excerpts as there is room for. */
export function dataOf(ground: Ground, facts: readonly Fact[]): string {
  const head = `Feature:\n${ground.feature.text.slice(0, featureLimit)}\n\nFacts:`;
  const lines = facts
    .slice(0, mostFacts)
    .map(
      ({ section, text, source }, at) => `F${at + 1} [${section}] ${text.slice(0, factLimit)} (${source})`,
    );
  let room = dataLimit - head.length - lines.reduce((sum, line) => sum + line.length + 1, 0);
  const parts = lines.map((line, at) => {
    const excerpt = (facts[at]?.excerpt ?? "").slice(0, excerptLimit).trimEnd();
    if (excerpt.trim() === "" || excerpt.length + 10 > room) return line;
    room -= excerpt.length + 10;
    return `${line}\n${excerpt.replace(/^/gm, "    ")}`;
  });
  return `${head}\n${parts.join("\n")}`.slice(0, dataLimit + 2_000);
}

function claimsSchema(scout: Scout) {
  const [first = "", ...others] = scout.sections;
  return z.object({
    findings: z
      .array(
        z.object({
          section: z.enum([first, ...others]),
          text: z.string().max(500),
          from: z.array(z.string().max(12)).max(10),
          files: z.array(z.string().max(300)).max(10),
          symbols: z.array(z.string().max(120)).max(10),
        }),
      )
      .max(30),
  });
}

/** Has the local model read the facts. Throws the signal's reason only. */
export async function condenseLocally(
  ground: Ground,
  scout: Scout,
  facts: readonly Fact[],
  { tier, limit, signal, onProgress }: Condenser,
): Promise<Condensed> {
  const shown = facts.slice(0, mostFacts);
  const asked = await tier.ask({
    role: "primary",
    name: `scout_${scout.name.replaceAll("-", "_")}`,
    schema: claimsSchema(scout),
    instructions: await instructionsOf(scout),
    data: dataOf(ground, shown),
    maxTokens: answerTokens,
    limit,
    signal,
    onProgress,
  });
  if (asked.state === "unavailable") return { state: "not", why: asked.message };
  const checked = await checkClaims(ground, shown, asked.value.findings, signal);
  return settled(checked, asked.model, shown.length);
}

/** Has a premium model read them: one call. Only where the caller asked for that. */
export async function condensePremium(
  ground: Ground,
  scout: Scout,
  facts: readonly Fact[],
  options: {
    models: readonly string[];
    about: string | null;
    signal: AbortSignal;
    onProgress(message: string): void;
  },
): Promise<Condensed> {
  const shown = facts.slice(0, mostFacts);
  const schema = claimsSchema(scout);
  const { $schema: _, ...json } = z.toJSONSchema(schema);
  const asked = await consult(ground.sluice, {
    store: ground.project.store,
    config: ground.project.config,
    models: options.models,
    purpose: `the ${scout.name} scout`,
    instructions: await instructionsOf(scout),
    prompt: fence(dataOf(ground, shown)),
    schema: { name: "scout", json },
    about: { task: options.about, branch: ground.project.repository.branch },
    signal: options.signal,
    onProgress: options.onProgress,
  });
  if (asked.state === "unanswered") return { state: "not", why: `${asked.why} ${asked.next}` };
  const parsed = schema.safeParse(asked.answer.structured ?? parsedJson(asked.answer.text));
  if (!parsed.success) return { state: "not", why: `${asked.model} did not answer as asked` };
  const checked = await checkClaims(ground, shown, parsed.data.findings, options.signal);
  return settled(checked, `${asked.source}:${asked.model}`, shown.length);
}

/** A model that has nothing to say about facts has not read them. */
function settled(checked: Checked, model: string, facts: number): Condensed {
  if (checked.findings.length === 0 && facts > 0)
    return {
      state: "not",
      why: `${model} said nothing that holds${checked.dropped > 0 ? ` (${checked.dropped} left out)` : ""}`,
    };
  return { state: "condensed", model, ...checked };
}
