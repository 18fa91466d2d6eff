import { explained, isSluiceError } from "../../errors.js";
import { SharedCalls } from "../../premium/shared-call.js";
import type { Sluice } from "../../sluice.js";
import { type Confidence, confidenceIn, enough } from "./confidence.js";
import { keepAttempt } from "./earlier.js";
import type { ImplementArguments, ImplementOptions, Requested } from "./implement.js";
import type { Implementation, PremiumQuestion } from "./implement-schema.js";
import { type Loop, openCriteria, type Progress, remember, type Stop, workLocally } from "./loop.js";
import { namingWords } from "./material.js";
import type { Paid } from "./paid.js";
import { askPremium, contextText, type PremiumHelp } from "./premium.js";
import { openQuestions } from "./questions.js";

/** A call on its way. */
export interface Work {
  requested: Requested;
  sluice: Sluice;
  args: ImplementArguments;
  options: ImplementOptions;
  loop: Loop;
  worker: Implementation["worker"];
  say(message: string): void;
  /** What is kept of it is kept for this. */
  attempt: string;
  /** What an earlier call paid for and did not come to carry out. */
  paid: Paid | null;
}

/** Has a task done by whoever is to do it: the local model, a premium one, or one after the other. */
export async function carryOut(work: Work): Promise<{ stop: Stop; premium: PremiumHelp | null }> {
  const { loop, args, worker, paid } = work;
  const { progress, draft } = loop;
  if (worker.backend === "premium") {
    if (!args.escalate)
      return {
        stop: { why: "no-edits", message: "a premium model is to do it; its context is prepared" },
        premium: null,
      };
    return patchThenMend(work);
  }
  const mayAsk = worker.backend === "hybrid" && args.escalate === true;
  if (mayAsk && paid?.wanted === "patch") return patchThenMend(work);
  if (mayAsk && paid !== null) {
    const premium = await help(work, "decisions", []);
    return { stop: await finishWith(work, paid), premium };
  }
  const stop = await workLocally(loop);
  const open = verdict(loop, stop, null);
  if (!mayAsk || open.outcome === "proposed") return { stop, premium: null };
  // With nobody here to carry decisions out, the patch itself is asked for.
  if (stop.why === "unavailable" && progress.best === null) return patchThenMend(work);
  if (progress.best !== null) draft.take(progress.best.files);
  const premium = await help(work, "decisions", open.questions);
  return { stop: premium.answer === null ? stop : await finishWith(work, premium.answer), premium };
}

/** The local model carries a premium model's decisions out. */
async function finishWith(work: Work, { asked, decisions, edits, source }: Paid): Promise<Stop> {
  const { loop } = work;
  const { progress, draft, judge, budget } = loop;
  loop.decisions = [
    ...loop.decisions,
    ...decisions.map(({ question, decision }) => (question === "" ? decision : `${question} -> ${decision}`)),
  ];
  settle(progress, asked);
  const { notMade } = await draft.make(edits);
  takeRefused(progress, notMade);
  if (edits.length > 0 && draft.files().length > 0) {
    const judgement = await judge.judge(draft, budget.left, (message) =>
      work.say(`premium edits: ${message}`),
    );
    progress.best = null;
    remember(loop, budget.rounds, judgement, source);
  }
  budget.limits.rounds = budget.rounds + Math.max(2, Math.ceil(budget.limits.rounds / 2));
  return workLocally(loop);
}

/** A premium model writes the patch; what checks say against it, the local model mends. */
async function patchThenMend(work: Work): Promise<{ stop: Stop; premium: PremiumHelp | null }> {
  const { loop } = work;
  const { progress, draft, judge, budget } = loop;
  const premium = await help(work, "patch", []);
  if (premium.answer === null) return { stop: { why: "unavailable", message: premium.note }, premium };
  const { made, notMade } = await draft.make(premium.answer.edits);
  takeRefused(progress, notMade);
  loop.decisions = [...loop.decisions, ...premium.answer.decisions.map(({ decision }) => decision)];
  if (made.length === 0 || draft.files().length === 0)
    return {
      stop: { why: "no-edits", message: "the premium model's answer changed nothing that could be changed" },
      premium,
    };
  const judgement = await judge.judge(draft, budget.left, (message) => work.say(`premium patch: ${message}`));
  remember(loop, 0, judgement, premium.source ?? "premium");
  progress.own = 80;
  progress.plan = { steps: [], files: [], look: [], flags: [] };
  // The model that wrote it was shown the criteria; which file meets which, the local one says.
  const stop = await workLocally(loop);
  if (stop.why === "unavailable" && progress.best !== null)
    return { stop: { why: "done", message: `the patch stands as it came (${stop.message})` }, premium };
  return { stop, premium };
}

async function help(
  work: Work,
  wanted: "decisions" | "patch",
  questions: readonly PremiumQuestion[],
): Promise<PremiumHelp> {
  const { loop, options, requested, sluice, worker } = work;
  const nobody = (note: string): PremiumHelp => ({
    answer: null,
    source: null,
    model: null,
    tokens: null,
    note,
  });
  if (work.paid?.wanted === wanted) {
    const { source, model } = work.paid;
    return { answer: work.paid, source, model, tokens: 0, note: "answered before, and not paid again" };
  }
  if (options.noPremium !== undefined) return nobody(options.noPremium);
  work.say(
    wanted === "patch"
      ? "asking a premium model for the patch"
      : `asking a premium model ${questions.length} ${questions.length === 1 ? "question" : "questions"}`,
  );
  const diff = loop.progress.best === null ? null : await loop.progress.best.judgement.change.objects.diff();
  const { text, pieces } = await contextText(
    loop.words,
    loop.draft,
    loop.candidates,
    loop.progress,
    questions,
    diff,
    loop.decisions,
  );
  const { store, config, repository } = requested.project;
  // The answer is about this draft, and may come when this call is gone.
  if (wanted === "decisions") await keepAttempt(store, work.attempt, loop.progress, false);
  try {
    const key = JSON.stringify([repository.root, work.attempt, wanted]);
    const { signal, finishSent } = options;
    return await underWay.join(key, { signal, finishSent }, (limited, hooks) =>
      askPremium(sluice, {
        store,
        config,
        models: [worker.premium_model ?? "quota_lowest"],
        wanted,
        title: loop.words.title,
        text,
        pieces,
        questions,
        attempt: work.attempt,
        about: { task: requested.task.id, branch: repository.branch },
        signal: limited,
        onProgress: work.say,
        open: options.open,
        ...hooks,
      }),
    );
  } catch (error) {
    options.signal.throwIfAborted();
    // A secret in what would be sent: what the local model made is not lost for it.
    if (isSluiceError(error)) return nobody(explained(error));
    throw error;
  }
}

/** Premium calls of this process: one that was sent is let finish, and whoever asks the same waits for it. */
const underWay = new SharedCalls<PremiumHelp>();

/** What was asked is answered: it is open no more. */
function settle(progress: Progress, asked: readonly string[]): void {
  progress.flags = progress.flags.filter(({ question }) => !asked.includes(question));
  for (const path of progress.asked.keys())
    if (asked.some((question) => question.includes(path))) progress.asked.delete(path);
  progress.neverMade = [];
}

function takeRefused(
  progress: Progress,
  notMade: readonly { path: string; state: string; why: string }[],
): void {
  for (const { path, state, why } of notMade) if (state === "ask") progress.asked.set(path, why);
}

/** Whether decisions were paid for and nobody came to carry them out. */
export function isOpen({ wanted }: Paid, { why }: Stop): boolean {
  return wanted === "decisions" && (why === "budget" || why === "unavailable");
}

/** What came of a task so far. */
export interface Verdict {
  outcome: Implementation["outcome"];
  confidence: Confidence | null;
  questions: PremiumQuestion[];
}

export function verdict(
  { progress, words, candidates }: Loop,
  stop: Stop,
  premium: PremiumHelp | null,
  isProposal = false,
): Verdict {
  const { best } = progress;
  if (best === null) {
    const questions = openQuestions(progress, words.criteria, null, stop);
    // Nobody could be asked: no answer would help the next call.
    const failed = stop.why === "unavailable" && progress.flags.length === 0;
    return { outcome: failed ? "failed" : "escalate", confidence: null, questions: failed ? [] : questions };
  }
  const touched = best.files.map(({ path }) => path);
  const known = new Set([
    ...candidates.files,
    ...candidates.tests,
    ...(progress.plan?.files.map(({ path }) => path) ?? []),
    ...best.judgement.tests,
  ]);
  const naming = namingWords(words);
  const byPremium = progress.rounds.at(-1)?.by !== "local" && (isProposal || premium?.answer != null);
  const open = byPremium ? [] : openCriteria(words.criteria, progress, touched);
  const confidence = confidenceIn({
    judgement: best.judgement,
    retried: progress.retried,
    neverMade: progress.neverMade.length,
    criteria: { all: words.criteria.length, met: words.criteria.length - open.length },
    beyond: touched.filter((path) => !known.has(path) && !naming.includes(path)),
    own: progress.own,
  });
  const questions = openQuestions(progress, byPremium ? [] : words.criteria, confidence, stop);
  const proposed = confidence.value >= enough && questions.length === 0;
  return { outcome: proposed ? "proposed" : "escalate", confidence, questions };
}
