import { writeFile } from "node:fs/promises";
import { changeBetween } from "../../change/change.js";
import { openObjectStore } from "../../change/object-store.js";
import { type Survey, surveyRepository } from "../../change/survey.js";
import { removeAbandonedWorktrees } from "../../change/throw-away.js";
import type { Change } from "../../change/types.js";
import { explained, isSluiceError, messageOf, UsageError } from "../../errors.js";
import { openProject, type Project } from "../../flow/project.js";
import { checkedOutTree } from "../../gates/checked-out.js";
import { type LocalTier, openLocal } from "../../local/local.js";
import type { ConsultOptions } from "../../premium/consult.js";
import { printableLine } from "../../printable.js";
import type { Sluice } from "../../sluice.js";
import { recordWork } from "../../state/metrics.js";
import { removeAbandoned } from "../../temporary.js";
import { classifyTask } from "../classify/classify-task.js";
import { withLocalModel } from "../local-model.js";
import { reanchorTask } from "../reanchor/reanchor-task.js";
import { openTask, type Task } from "../task.js";
import { taskFiles } from "../task-files.js";
import { applyToWorkTree } from "./apply.js";
import { Budget } from "./budget.js";
import { openChecker } from "./checks.js";
import { type Confidence, confidenceIn, enough } from "./confidence.js";
import { Draft } from "./draft.js";
import { attemptKey, type Earlier, earlierAttempt, keepAttempt } from "./earlier.js";
import type { backends, Implementation, PremiumQuestion } from "./implement-schema.js";
import { openJudge } from "./judgement.js";
import {
  freshProgress,
  type Loop,
  openCriteria,
  type Progress,
  remember,
  type Stop,
  workLocally,
} from "./loop.js";
import { candidatesOf, namingWords, taskWords } from "./material.js";
import { treePaths } from "./paths.js";
import { askPremium, contextText, type PremiumHelp } from "./premium.js";
import { openQuestions } from "./questions.js";

export interface ImplementArguments {
  task: string;
  files?: readonly string[] | undefined;
  backend?: (typeof backends)[number] | undefined;
  escalate?: boolean | undefined;
  apply?: boolean | undefined;
  answers?: string | undefined;
}

/** A task and the tree that it is done from. */
export interface Requested {
  project: Project;
  task: Task;
  /** Nothing changed yet: both its sides are the work tree as it is, uncommitted files included. */
  base: Change;
  /** Two calls with the same key are about the same. */
  key: string;
  /** The tree that the result speaks of: it moves when the proposal is applied. */
  tree: string;
}

export interface ImplementOptions {
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  /** Why no premium source may be asked in this call; undefined when one may. */
  noPremium?: string | undefined;
  /** For tests: default the models of the configuration. */
  tier?: LocalTier | undefined;
  open?: ConsultOptions["open"];
}

/**
 * Opens the repository and the task that a caller names.
 *
 * @param reach `this-machine` leaves out models on another one
 * @throws UsageError that says what is wrong with them
 */
export async function requestImplementation(
  sluice: Sluice,
  named: { task: string; repo?: string | undefined },
  signal: AbortSignal,
  reach: "anywhere" | "this-machine" = "anywhere",
): Promise<Requested> {
  const project = await openProject(sluice, named.repo, signal, reach);
  const { repository } = project;
  if (repository.bare)
    throw new UsageError(
      "A bare repository has no work tree to do a task in.",
      "Pass repo as a work tree of it (git worktree add).",
    );
  const task = await openTask(repository, sluice, named.task, signal);
  const tree = await checkedOutTree(repository, signal);
  const end = { tree, commit: null, label: "the work tree" };
  const store = await openObjectStore(repository, signal);
  const base = await changeBetween(store, { base: end, head: end }, { task: task.id, signal });
  return {
    project,
    task,
    base,
    tree,
    key: JSON.stringify([repository.root, tree, task.id ?? task.markdown]),
  };
}

/** Whether the work tree is another one than the result speaks of. */
export async function isStale(requested: Requested, signal: AbortSignal): Promise<boolean> {
  return (await checkedOutTree(requested.project.repository, signal)) !== requested.tree;
}

/**
 * Has a task done, as a proposal: by the local model in a throw-away worktree, judged by the embedded pre-screen and
 * the project's own checks, with at most one premium call and only when asked for. Writes into the work tree only when
 * told to. Leaves nothing behind. Throws the signal's reason when cancelled.
 */
export async function implement(
  requested: Requested,
  sluice: Sluice,
  args: ImplementArguments,
  options: ImplementOptions,
): Promise<Implementation> {
  const { project, task, base } = requested;
  const { config, store, trust, repository } = project;
  const { signal } = options;
  const began = performance.now();
  const say = options.onProgress ?? (() => {});
  await removeAbandonedWorktrees(repository, sluice.clock());
  await removeAbandoned(sluice.env.TMPDIR, sluice.clock());

  say("looking at the task");
  const survey = await surveyRepository(repository, { signal });
  const known = { task: args.task, files: args.files, signal, opened: { task, survey }, within: true };
  const classification = await classifyTask(project, sluice, known);
  const anchor = await reanchorTask(project, sluice, { ...known, onProgress: say });
  const medium = config.work.model_selection.medium_complexity;
  const backend = args.backend ?? classification.worker.backend;
  const worker = {
    backend,
    model:
      backend === "premium"
        ? (classification.worker.premium_model ?? medium.premium_model)
        : localName(classification, medium.local_model),
    premium_model: backend === "local" ? null : (classification.worker.premium_model ?? medium.premium_model),
    source: backend === "local" ? null : classification.worker.source,
    reason:
      args.backend === undefined
        ? classification.worker.reason
        : `asked for (${classification.level} by itself)`,
  };

  const words = taskWords(task, anchor);
  const candidates = await candidatesOf(base, survey, task, taskFiles(survey, task, args.files), signal);
  const entries = await base.objects.tree("head");
  const draft = new Draft(treePaths(entries), namingWords(words), (path) => base.objects.file("head", path));
  const { max_rounds: rounds, time_limit_s: seconds, max_tokens: tokens } = config.work.implement;
  const budget = new Budget({ rounds, time: seconds * 1000, tokens });
  const checker = await openChecker(base, sluice, { store, config, trust, signal });
  try {
    const judge = await openJudge(base, sluice, checker, { task: task.id, signal });
    const attempt = attemptKey(task.id ?? task.markdown, base.head.tree);
    // What was read is what is applied: a model that is asked again may write something else.
    const isApplying = args.apply === true && args.answers === undefined;
    const earlier =
      args.answers === undefined && !isApplying
        ? null
        : await earlierAttempt(store, attempt, draft, isApplying ? "proposed" : "any");
    const localConfig = withLocalModel(
      config,
      worker.backend === "premium" ? medium.local_model : worker.model,
    );
    const loop: Loop = {
      tier: options.tier ?? openLocal(localConfig, sluice, { store }),
      context: config.local.context_default,
      words,
      listing: listingOf(survey, candidates.files),
      candidates,
      draft,
      judge,
      budget,
      signal,
      onProgress: say,
      decisions: args.answers === undefined ? [] : [args.answers],
      progress: earlier?.progress ?? freshProgress(),
    };
    const work: Work = { requested, sluice, args, options, loop, worker, say };
    const again = isApplying && earlier !== null ? await judgeAgain(work, earlier) : null;
    const { stop, premium } = again ?? (await carryOut(work));
    const found = verdict(loop, stop, premium, again !== null);
    if (loop.progress.best !== null || loop.progress.plan !== null)
      await keepAttempt(store, attempt, loop.progress, found.outcome === "proposed");
    const notes = [...new Set([...(repository.notices ?? []), ...classification.notes, ...anchor.notes])];
    const done = await result(work, stop, premium, found, notes);
    await recordOutcome(work, done, began);
    return done;
  } finally {
    say("cleaning up");
    await checker.close();
  }
}

/** What came of it, and whom it went to where the local model was not enough. */
async function recordOutcome(
  { requested: { project, task }, sluice }: Work,
  { outcome, rounds, worker, premium }: Implementation,
  began: number,
): Promise<void> {
  const about = { task: task.id, branch: project.repository.branch };
  const isDearer = outcome !== "proposed" || premium !== null;
  await recordWork(
    project.store,
    sluice,
    began,
    { tool: "implement_task", about, outcome, rounds: rounds.length },
    ...(isDearer
      ? [
          {
            kind: "escalation" as const,
            about,
            from: "local model",
            to: premium === null ? "the agent" : "premium model",
            why: worker.backend === "premium" ? "the task's level" : outcome,
          },
        ]
      : []),
  );
}

interface Work {
  requested: Requested;
  sluice: Sluice;
  args: ImplementArguments;
  options: ImplementOptions;
  loop: Loop;
  worker: Implementation["worker"];
  say(message: string): void;
}

function localName({ worker }: { worker: { backend: string; model: string } }, fallback: string): string {
  return worker.backend === "premium" ? fallback : worker.model;
}

/** An earlier proposal, if it still is one. */
async function judgeAgain(work: Work, { by }: Earlier): Promise<{ stop: Stop; premium: null } | null> {
  const { loop } = work;
  const judgement = await loop.judge.judge(loop.draft, loop.budget.left, (message) =>
    work.say(`the proposal: ${message}`),
  );
  remember(loop, 0, judgement, by);
  const stop: Stop = { why: "done", message: "it is what was proposed before" };
  return verdict(loop, stop, null, true).outcome === "proposed" ? { stop, premium: null } : null;
}

/** Who does what, in which order. */
async function carryOut(work: Work): Promise<{ stop: Stop; premium: PremiumHelp | null }> {
  const { loop, args, worker } = work;
  const { progress, draft, judge, budget } = loop;
  if (worker.backend === "premium") {
    if (!args.escalate)
      return {
        stop: { why: "no-edits", message: "a premium model is to do it; its context is prepared" },
        premium: null,
      };
    return patchThenMend(work);
  }
  const stop = await workLocally(loop);
  const open = verdict(loop, stop, null);
  if (worker.backend !== "hybrid" || !args.escalate || open.outcome === "proposed")
    return { stop, premium: null };
  // With nobody here to carry decisions out, the patch itself is asked for.
  if (stop.why === "unavailable" && progress.best === null) return patchThenMend(work);
  if (progress.best !== null) draft.take(progress.best.files);
  const premium = await help(work, "decisions", open.questions);
  if (premium.answer === null) return { stop, premium };
  const { decisions, edits } = premium.answer;
  loop.decisions = [
    ...loop.decisions,
    ...decisions.map(({ question, decision }) => {
      const asked = open.questions[question - 1]?.question ?? "";
      return asked === "" ? decision : `${asked} -> ${decision}`;
    }),
  ];
  settle(progress);
  const { notMade } = await draft.make(edits);
  takeRefused(progress, notMade);
  if (edits.length > 0 && draft.files().length > 0) {
    const judgement = await judge.judge(draft, budget.left, (message) =>
      work.say(`premium edits: ${message}`),
    );
    progress.best = null;
    remember(loop, budget.rounds, judgement, premium.source ?? "premium");
  }
  budget.limits.rounds = budget.rounds + Math.max(2, Math.ceil(budget.limits.rounds / 2));
  const finished = await workLocally(loop);
  return { stop: finished, premium };
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
  );
  try {
    return await askPremium(sluice, {
      store: requested.project.store,
      config: requested.project.config,
      models: [worker.premium_model ?? "quota_lowest"],
      wanted,
      title: loop.words.title,
      text,
      pieces,
      about: { task: requested.task.id, branch: requested.project.repository.branch },
      signal: options.signal,
      onProgress: work.say,
      open: options.open,
    });
  } catch (error) {
    options.signal.throwIfAborted();
    // A secret in what would be sent: what the local model made is not lost for it.
    if (isSluiceError(error)) return nobody(explained(error));
    throw error;
  }
}

/** What was asked is answered: it is open no more. */
function settle(progress: Progress): void {
  progress.flags = [];
  progress.asked.clear();
  progress.neverMade = [];
}

function takeRefused(
  progress: Progress,
  notMade: readonly { path: string; state: string; why: string }[],
): void {
  for (const { path, state, why } of notMade) if (state === "ask") progress.asked.set(path, why);
}

interface Verdict {
  outcome: Implementation["outcome"];
  confidence: Confidence | null;
  questions: PremiumQuestion[];
}

function verdict(
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

const inlineDiff = 3_500;
const shownQuestions = 12;

async function result(
  work: Work,
  stop: Stop,
  premium: PremiumHelp | null,
  found: Verdict,
  notes: readonly string[],
): Promise<Implementation> {
  const { loop, requested, args, worker, options } = work;
  const { progress, judge, budget } = loop;
  const { best } = progress;
  const { store } = requested.project;
  options.signal.throwIfAborted();
  const said = [...notes];
  const keep = async (name: string, text: string): Promise<string | null> => {
    try {
      const path = store.resultFile(name);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    } catch (error) {
      said.push(`${name} could not be kept: ${messageOf(error)}`);
      return null;
    }
  };
  const diff = best === null ? null : await best.judgement.change.objects.diff();
  const name = `implement-${(requested.task.id ?? "task").replace(/[^\w.-]/g, "-")}-${(best?.judgement.tree ?? requested.tree).slice(0, 12)}`;
  const diffFile = diff === null ? null : await keep(`${name}.diff`, diff);
  let contextFile: string | null = null;
  if (found.outcome !== "proposed") {
    if (best !== null) loop.draft.take(best.files);
    const { text } = await contextText(
      loop.words,
      loop.draft,
      loop.candidates,
      progress,
      found.questions,
      diff,
    );
    contextFile = await keep(`${name}.md`, text);
  }
  let applied = false;
  let notApplied: string | null = null;
  if (args.apply && best !== null && found.outcome === "proposed") {
    work.say("applying");
    const done = await applyToWorkTree(requested.base, best.files, options.signal);
    applied = done.state === "applied";
    if (done.state === "applied") requested.tree = best.judgement.tree;
    else notApplied = done.why;
  } else if (args.apply) notApplied = "only what is proposed is applied, and this needs a decision first";
  const isPremium = worker.backend === "premium" && !args.escalate;
  return {
    outcome: found.outcome,
    confidence: found.confidence?.value ?? null,
    next: nextStep(work, found, applied, notApplied, contextFile, isPremium, stop.message.replace(/\.$/, "")),
    premium_questions: (isPremium ? [] : found.questions).slice(0, shownQuestions).map((one) => ({
      ...one,
      question: one.question.slice(0, 1_000),
    })),
    applied,
    not_applied: notApplied,
    diff: diff === null ? null : shortened(diff),
    diff_file: diffFile,
    context_file: contextFile,
    files: best?.files.map(({ path }) => path) ?? [],
    checks: (best?.judgement.checks ?? []).map(({ name: check, state, pre_existing, reason, output }) => ({
      name: check,
      state,
      pre_existing,
      reason,
      output_tail: output.slice(-700),
    })),
    findings: (best?.judgement.findings ?? []).slice(0, 10).map(({ file, line, class: kind, message }) => ({
      file,
      line,
      class: kind,
      message,
    })),
    evidence: found.confidence?.evidence ?? [],
    rounds: progress.rounds.map(({ round, by, checks, problems }) => ({
      round,
      by,
      checks,
      problems: problems.slice(0, 4),
    })),
    stopped: stop.message,
    worker,
    premium:
      premium === null
        ? null
        : { source: premium.source, model: premium.model, tokens: premium.tokens, note: premium.note },
    sandbox: { kind: judge.checker.confinement, why: judge.checker.why },
    tokens: { local: budget.tokens, premium: premium?.tokens ?? null },
    base_tree: requested.base.head.tree,
    notes: [
      // Whole: they say what to do.
      ...(requested.project.repository.notices ?? []),
      ...said.slice(0, 10).map((note) => printableLine(note).slice(0, 300)),
    ],
  };
}

function shortened(diff: string): string {
  if (diff.length <= inlineDiff) return diff;
  const cut = diff.slice(0, diff.lastIndexOf("\n", inlineDiff) + 1);
  const rest = diff.slice(cut.length).split("\n").length - 1;
  return `${cut}[${rest} more lines, all of it in diff_file]\n`;
}

function nextStep(
  { worker, args }: Work,
  { outcome }: Verdict,
  applied: boolean,
  notApplied: string | null,
  contextFile: string | null,
  isPremium: boolean,
  stopped: string,
): string {
  if (applied) return "It is in the work tree, not staged. Read it, then call review_change.";
  if (notApplied !== null && outcome === "proposed")
    return `It was not applied: ${notApplied}. Call again, or apply diff_file yourself (git apply).`;
  if (outcome === "proposed")
    return "Read the diff; apply it with git apply and diff_file, or call again with apply: true. Then call review_change.";
  const where = contextFile === null ? "" : ` ${contextFile} has the task, the files and what was tried.`;
  if (isPremium) {
    const who = worker.source === null ? worker.model : `${worker.model} of ${worker.source}`;
    return `This task is for a premium model (${who}). If you are one, do it yourself:${where} Else call again with escalate: true, which asks one for the patch.`;
  }
  if (outcome === "failed") {
    const ask = args.escalate ? "" : ", or call again with backend: premium and escalate: true";
    return `Nothing could be made: ${stopped}. Do it yourself${ask}.${where}`;
  }
  const call =
    worker.backend === "hybrid" && !args.escalate
      ? " or call again with escalate: true, which asks a premium model once"
      : "";
  return `Decide premium_questions, and call again with \`answers\`: the local model goes on from its draft;${call || " or do the rest yourself"}.${where}`;
}

const listed = 160;

/** Paths near the task's files, and the top of the tree. */
function listingOf({ files }: Survey, near: readonly string[]): string {
  const folders = new Set(near.map((path) => path.slice(0, path.lastIndexOf("/") + 1)));
  const close = files.filter(({ path }) => folders.has(path.slice(0, path.lastIndexOf("/") + 1)));
  const rest = files.filter((file) => !close.includes(file) && !file.path.startsWith(".flow/"));
  rest.sort((a, b) => a.path.split("/").length - b.path.split("/").length);
  const shown = [...close, ...rest].slice(0, listed).map(({ path }) => path);
  const more = files.length - shown.length;
  return `${shown.sort().join("\n")}${more > 0 ? `\n[${more} more files]` : ""}`;
}
