import { writeFile } from "node:fs/promises";
import { changeBetween } from "../../change/change.js";
import { openObjectStore } from "../../change/object-store.js";
import { type Survey, surveyRepository } from "../../change/survey.js";
import { removeAbandonedWorktrees } from "../../change/throw-away.js";
import type { Change } from "../../change/types.js";
import { messageOf, UsageError } from "../../errors.js";
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
import { carryOut, isOpen, type Verdict, verdict, type Work } from "./carry-out.js";
import { openChecker } from "./checks.js";
import { Draft } from "./draft.js";
import { attemptKey, type Earlier, earlierAttempt, keepAttempt } from "./earlier.js";
import type { backends, Implementation } from "./implement-schema.js";
import { openJudge } from "./judgement.js";
import { freshProgress, type Loop, remember, type Stop } from "./loop.js";
import { candidatesOf, namingWords, taskWords } from "./material.js";
import { keepPaid, type Paid, paidFor, spendPaid } from "./paid.js";
import { treePaths } from "./paths.js";
import { contextText, type PremiumHelp } from "./premium.js";

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
  /** False ends also a premium call that was sent; default it is let finish and its answer kept. */
  finishSent?: boolean | undefined;
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
    const paid = args.escalate === true && args.answers === undefined ? await paidFor(store, attempt) : null;
    const proposed = isApplying ? await earlierAttempt(store, attempt, draft, "proposed") : null;
    const goesOn = args.answers !== undefined || paid?.wanted === "decisions";
    const earlier = proposed ?? (goesOn ? await earlierAttempt(store, attempt, draft, "any") : null);
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
    const work: Work = { requested, sluice, args, options, loop, worker, say, attempt, paid };
    const again = proposed === null ? null : await judgeAgain(work, proposed);
    const { stop, premium } = again ?? (await carryOut(work));
    const found = verdict(loop, stop, premium, again !== null);
    if (loop.progress.best !== null || loop.progress.plan !== null)
      await keepAttempt(store, attempt, loop.progress, found.outcome === "proposed");
    const notes = [...new Set([...classification.notes, ...anchor.notes])];
    const done = await result(work, stop, premium, found, notes);
    if (premium?.answer != null) await settlePaid(work, premium.answer, stop);
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

/** Forgets an answer that was carried out; decisions that nobody came to carry out are kept, without what was made. */
async function settlePaid({ requested, attempt }: Work, answer: Paid, stop: Stop): Promise<void> {
  const { store } = requested.project;
  if (isOpen(answer, stop)) await keepPaid(store, attempt, { ...answer, edits: [] });
  else await spendPaid(store, attempt);
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
      loop.decisions,
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
    next: nextStep(work, found, {
      applied,
      notApplied,
      contextFile,
      isPremium,
      stop,
      hasDraft: best !== null,
    }),
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
        : {
            source: premium.source,
            model: premium.model,
            tokens: premium.tokens,
            note:
              premium.answer !== null && isOpen(premium.answer, stop)
                ? `${premium.note}; call again with the same arguments to have it carried out, nobody is paid again`
                : premium.note,
          },
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
  came: {
    applied: boolean;
    notApplied: string | null;
    contextFile: string | null;
    /** The caller is to do it: its context is prepared, and nobody was asked. */
    isPremium: boolean;
    stop: Stop;
    hasDraft: boolean;
  },
): string {
  const { applied, notApplied, contextFile, isPremium, stop, hasDraft } = came;
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
    return `Nothing could be made: ${stop.message.replace(/\.$/, "")}. Do it yourself${ask}.${where}`;
  }
  const call =
    worker.backend === "hybrid" && !args.escalate
      ? " or call again with escalate: true, which asks a premium model once"
      : "";
  const [goesOn, rest] = hasDraft ? ["goes on from its draft", "the rest"] : ["begins with them", "it"];
  return `Decide premium_questions, and call again with \`answers\`: the local model ${goesOn};${call || ` or do ${rest} yourself`}.${where}`;
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
