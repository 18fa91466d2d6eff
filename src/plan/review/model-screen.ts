import { createHash } from "node:crypto";
import * as z from "zod";
import { loadPrompt } from "../../config/prompts.js";
import type { Config } from "../../config/schema.js";
import { acceptanceCriteria } from "../../flow/markdown.js";
import { Asking } from "../../local/asking.js";
import { type LocalTier, openLocal } from "../../local/local.js";
import { sentenceOf } from "../../local/sentence.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { finding, type PlanFinding, quoted } from "./findings.js";
import { lineOf, type Plan, type PlanText } from "./plan.js";

const answer = z.object({
  findings: z
    .array(
      z.object({
        class: z.enum(["contradiction", "untestable"]),
        quote: z.string().max(600),
        other: z.string().max(600),
        message: z.string().max(400),
        confidence: z.int().min(0).max(100),
      }),
    )
    .max(8),
});
type Claim = z.output<typeof answer>["findings"][number];

const verdicts = z.object({
  claims: z
    .array(
      z.object({
        claim: z.int(),
        stands: z.boolean(),
        why: z.string().max(300),
        confidence: z.int().min(0).max(100),
      }),
    )
    .max(20),
});

/** A claim that holds as far as can be looked up: its words stand in the plan. */
interface Checked {
  class: Claim["class"];
  place: PlanText;
  quote: string;
  other: { place: PlanText; quote: string } | null;
  message: string;
  confidence: number;
}

/** Percent, of both looks: below it a claim is for the reviewer and sends nothing back. */
const likelyFrom = 90;
/** Percent from which a claim is worth a second look. */
const worthFrom = 60;
/** Letters and digits of a quote. */
const shortestQuote = 10;
const limits = { call: 120_000, all: 180_000 };
const answerTokens = 2_000;
const mostClaims = 8;

export interface ModelScreen {
  findings: PlanFinding[];
  /** For a person: what was looked for, or why nothing was. */
  note: string;
  /** Whether a model looked at everything. */
  looked: boolean;
}

export interface ModelScreenOptions {
  config: Config;
  store: StateStore;
  /** Of the plan. */
  fingerprint: string;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Default: the configuration's. */
  tier?: LocalTier | undefined;
}

/**
 * What a local model adds: contradictions, and criteria that nobody can decide. It can only add, and nothing of it is
 * believed that can be looked up: the words it quotes must stand in the plan, a contradiction has two places, and a
 * second look that tries to refute it must fail. What was asked once of the same plan is not asked again. Throws the
 * signal's reason, and for nothing that a model does.
 */
export async function modelScreen(
  plan: Plan,
  sluice: Sluice,
  options: ModelScreenOptions,
): Promise<ModelScreen> {
  const { config, store, signal, onProgress } = options;
  const { backend } = config.review.prescreen;
  const tier = options.tier ?? openLocal(config, sluice, { store });
  if (backend === "premium" || !tier.configured("primary")) {
    return { findings: [], note: "no local model is set up", looked: false };
  }
  const { primary } = await tier.state(signal);
  const key = await cacheKey(options.fingerprint, primary?.model ?? "");
  const before = remembered.safeParse(await store.cache("local-model").get(key)).data;
  if (before !== undefined) return outcome(plan, before.claims, "asked before");
  const asking = new Asking(tier, "primary", { limits, signal, onProgress });
  const { claims, whole } = await askAll(plan, asking);
  if (asking.answered === 0) {
    const why = asking.ended?.message ?? asking.failure?.message ?? "the plan does not fit its context";
    return { findings: [], note: `the local model did not look: ${why}`, looked: false };
  }
  const standing = await refute(claims, asking);
  const complete = whole && asking.ended === null && asking.failure === null;
  const kept = standing.map(({ place, other, ...rest }) => ({
    ...rest,
    place: place.path,
    other: other === null ? null : { place: other.place.path, quote: other.quote },
  }));
  if (complete) await store.cache("local-model").set(key, { claims: kept });
  return outcome(plan, kept, complete ? "" : "in part only", complete);
}

/** All texts at once where they fit, else the spec with one task after the other. */
async function askAll(plan: Plan, asking: Asking): Promise<{ claims: Checked[]; whole: boolean }> {
  const claims: Checked[] = [];
  const ask = async (texts: readonly PlanText[]) => {
    const reply = await asking.ask({
      prompt: "plan-screen",
      schema: answer,
      data: texts.map(({ id, facts, text }) => `=== ${id}: ${facts.title}\n${text}`).join("\n\n"),
      maxTokens: answerTokens,
      temperature: 0,
    });
    if (reply.state === "answered") claims.push(...checked(reply.value.findings, plan));
    return reply.state;
  };
  const state = await ask(plan.texts);
  if (state !== "too large") return { claims, whole: state === "answered" };
  const [spec, ...tasks] = plan.texts;
  let whole = true;
  for (const task of tasks) {
    if (spec === undefined || (await ask([spec, task])) !== "answered") whole = false;
  }
  return { claims, whole: whole && tasks.length > 0 };
}

/** Claims whose words stand where they have to. */
function checked(claims: readonly Claim[], plan: Plan): Checked[] {
  const found: Checked[] = [];
  for (const { class: kind, quote, other, message, confidence } of claims) {
    const said = sentenceOf(message);
    if (said === null || confidence < worthFrom) continue;
    const [first] = placesOf(quote, plan.texts);
    if (first === undefined) continue;
    if (kind === "untestable") {
      // Only a criterion has to be decided.
      const holds = acceptanceCriteria(first.text).some(({ text }) => flat(text).includes(flat(quote)));
      if (holds)
        found.push({
          class: kind,
          place: first,
          quote: plain(quote),
          other: null,
          message: said,
          confidence,
        });
      continue;
    }
    const [second] = placesOf(other, plan.texts);
    const same = flat(quote).includes(flat(other)) || flat(other).includes(flat(quote));
    if (second === undefined || same) continue;
    found.push({
      class: kind,
      place: first,
      quote: plain(quote),
      other: { place: second, quote: plain(other) },
      message: said,
      confidence,
    });
  }
  return found.sort((one, next) => next.confidence - one.confidence).slice(0, mostClaims);
}

function placesOf(quote: string, texts: readonly PlanText[]): PlanText[] {
  const wanted = flat(quote);
  if (wanted.replace(/[^\p{L}\p{N}]/gu, "").length < shortestQuote) return [];
  return texts.filter(({ text }) => flat(text).includes(wanted));
}

/** A second look; what it does not answer is left to the reviewer. */
async function refute(claims: readonly Checked[], asking: Asking): Promise<Checked[]> {
  if (claims.length === 0) return [];
  const data = claims
    .map(({ class: kind, place, quote, other, message }, at) =>
      [
        `${at + 1}. ${kind}: ${message}`,
        `${place.id}: ${JSON.stringify(quote)}`,
        around(place, quote),
        ...(other === null
          ? []
          : [`${other.place.id}: ${JSON.stringify(other.quote)}`, around(other.place, other.quote)]),
      ].join("\n"),
    )
    .join("\n\n");
  const reply = await asking.ask({
    prompt: "plan-refute",
    schema: verdicts,
    data,
    maxTokens: answerTokens,
    temperature: 0,
  });
  if (reply.state !== "answered") return claims.map((claim) => ({ ...claim, confidence: worthFrom }));
  const said = new Map(reply.value.claims.map((one) => [one.claim, one]));
  return claims.flatMap((claim, at) => {
    const second = said.get(at + 1);
    if (second === undefined) return [{ ...claim, confidence: worthFrom }];
    return second.stands ? [{ ...claim, confidence: Math.min(claim.confidence, second.confidence) }] : [];
  });
}

/** The lines around a quote. */
function around({ text }: PlanText, quote: string): string {
  const lines = text.split("\n");
  const first = flat(quote).slice(0, 40);
  const at = Math.max(
    0,
    lines.findIndex((line) => flat(line).includes(first)),
  );
  return lines
    .slice(Math.max(0, at - 3), at + 6)
    .map((line) => `| ${line.slice(0, 400)}`)
    .join("\n");
}

const remembered = z.object({
  claims: z.array(
    z.object({
      class: z.enum(["contradiction", "untestable"]),
      place: z.string(),
      quote: z.string(),
      other: z.object({ place: z.string(), quote: z.string() }).nullable(),
      message: z.string(),
      confidence: z.number(),
    }),
  ),
});

/** What was kept is held against the plan again: anybody can write a cache. */
function outcome(
  plan: Plan,
  claims: z.output<typeof remembered>["claims"],
  how: string,
  looked = true,
): ModelScreen {
  const there = (path: string, quote: string) =>
    placesOf(quote, plan.texts).some((text) => text.path === path);
  const findings = claims
    .filter(
      ({ place, quote, other }) => there(place, quote) && (other === null || there(other.place, other.quote)),
    )
    .flatMap(({ class: kind, place, quote, other, message, confidence }) => {
      const said = sentenceOf(message);
      const markdown = plan.texts.find(({ path }) => path === place)?.text ?? null;
      if (said === null) return [];
      const against =
        other === null ? "" : ` (${quoted(quote)} against ${quoted(other.quote)} in ${other.place})`;
      return [
        finding({
          severity: confidence >= likelyFrom ? "likely" : "hint",
          class: kind,
          file: place,
          line: lineOf(markdown, quote),
          about: `${quote}\n${other?.quote ?? ""}`,
          message: other === null ? `${said} (${quoted(quote)})` : `${said}${against}`,
          source: "model",
        }),
      ];
    });
  return { findings, note: `a local model looked${how === "" ? "" : ` (${how})`}`, looked };
}

async function cacheKey(fingerprint: string, model: string): Promise<string> {
  const prompts = await Promise.all(["plan-screen", "plan-refute"].map((name) => loadPrompt(name)));
  return createHash("sha256")
    .update(JSON.stringify(["plan-screen", fingerprint, model, prompts.map(({ text }) => text)]))
    .digest("hex");
}

function plain(text: string): string {
  return text.trim().slice(0, 300);
}

function flat(text: string): string {
  return text
    .replace(/[*_`]/g, "")
    .replace(/^\s*(?:[-*+]|\d+[.)])?\s*(?:\[[ xX]\])?\s*/, "")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();
}
