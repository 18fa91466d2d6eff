import type { Change } from "../change/types.js";
import type { Sluice } from "../sluice.js";
import { type About, changeMark, type MetricEvent, recordEvent } from "../state/metrics.js";
import type { StateStore } from "../state/store.js";
import type { Classification } from "./classify.js";
import type { FingerprintCheck } from "./fingerprint-check.js";
import type { GatesResult } from "./gates.js";
import type { Prescreen } from "./prescreen.js";
import type { ReviewResult } from "./review-schema.js";
import type { Route } from "./route-schema.js";
import type { Known } from "./step.js";

/** What work a change belongs to. */
export function aboutChange({ task, repository, base, head }: Change): About {
  return { task, branch: repository.branch, change: changeMark(base.tree, head.tree) };
}

/** Records a whole review: every stage of it, and who ended it. */
export async function recordReview(known: Known, result: ReviewResult, ms: number): Promise<void> {
  const { change, store, sluice, fingerprint, prescreen, classification } = known;
  const about = aboutChange(change);
  const ended = result.attested === null ? result.decided_by : "fingerprint";
  const events: MetricEvent[] = [
    {
      kind: "review",
      about,
      verdict: result.verdict,
      decided_by: ended,
      class: result.class,
      stages: result.stages.map(({ name, state, ms: took }) => ({
        name,
        state,
        ms: took,
        sent_back: name === ended && (name === "gates" || name === "prescreen"),
      })),
      context_tokens: known.route?.context.tokens ?? null,
      ms,
    },
  ];
  if (fingerprint !== undefined) {
    const decision = ended === "fingerprint" ? "skip" : "review";
    events.push({ kind: "fingerprint", about, decision, reason: fingerprint.reason });
  }
  if (prescreen?.verdict === "issues" && ended !== "prescreen")
    events.push({ kind: "escalation", about, from: "prescreen", to: "reviewer", why: "iterations over" });
  if (classification?.decided_by === "model")
    events.push({
      kind: "escalation",
      about,
      from: "rules",
      to: classification.class,
      why: "raised by a local model",
    });
  await recordEvent(store, sluice, ...events);
}

/** What one stage by itself says, as a review would count it. */
interface Alone {
  name: string;
  state: "passed" | "issues" | "skipped" | "error";
  sent_back?: boolean;
  context_tokens?: number | null;
  also?: (about: About) => MetricEvent;
}

interface Work {
  change: Change;
  sluice: Sluice;
  store: StateStore;
}

async function recorded<R>(
  { change, sluice, store }: Work,
  run: () => Promise<R>,
  told: (result: R) => Alone,
): Promise<R> {
  const started = performance.now();
  const result = await run();
  const { also, ...alone } = told(result);
  const about = aboutChange(change);
  const ms = Math.round(performance.now() - started);
  await recordEvent(
    store,
    sluice,
    { kind: "stage", about, ms, ...alone },
    ...(also === undefined ? [] : [also(about)]),
  );
  return result;
}

/** Stages that a caller asks for by themselves, recorded. */
export const alone = {
  gates: (work: Work, run: () => Promise<GatesResult>) =>
    recorded(work, run, ({ passed }) => ({
      name: "gates",
      state: passed === null ? "skipped" : passed ? "passed" : "issues",
      sent_back: passed === false,
    })),
  prescreen: (work: Work, run: () => Promise<Prescreen>) =>
    recorded(work, run, ({ verdict, iteration, max_iterations }) => ({
      name: "prescreen",
      state: verdict === "issues" ? "issues" : "passed",
      sent_back: verdict === "issues" && iteration <= max_iterations,
    })),
  fingerprint: (work: Work, run: () => Promise<FingerprintCheck>) =>
    recorded(work, run, ({ decision, reason }) => ({
      name: "fingerprint",
      state: reason === "disabled" ? "skipped" : "passed",
      also: (about) => ({ kind: "fingerprint", about, decision, reason }),
    })),
  classify: (work: Work, run: () => Promise<Classification>) =>
    recorded(work, run, () => ({ name: "classify", state: "passed" })),
  route: (work: Work, run: () => Promise<Route>) =>
    recorded(work, run, ({ decision, context }) => ({
      name: "route",
      state: decision === "route" ? "passed" : "skipped",
      context_tokens: context.tokens,
    })),
};
