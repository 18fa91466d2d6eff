import { createHash } from "node:crypto";
import type * as z from "zod";
import { wordsOf } from "../../change/survey.js";
import type { WrittenFile } from "../../change/written-tree.js";
import { loadPrompt } from "../../config/prompts.js";
import type { Answer, LocalTier, Unavailable } from "../../local/local.js";
import { type EditAnswer, editAnswer, type Flag, type Look, type PlanAnswer, planAnswer } from "./answers.js";
import type { Budget } from "./budget.js";
import type { Draft, NotMade } from "./draft.js";
import { against, type Judge, type Judgement, problemsOf } from "./judgement.js";
import { type Candidates, filesPart, type TaskWords, taskPart, wantedOf } from "./material.js";

/** A round that ended with a draft that was judged. */
export interface Round {
  round: number;
  /** `local`, or the premium source. */
  by: string;
  tree: string;
  /** What stood against it, shortened. */
  problems: string[];
  checks: string[];
}

/** Why the local model stopped. */
export interface Stop {
  why: "done" | "budget" | "no-progress" | "unavailable" | "no-edits";
  message: string;
}

/** A task on its way: what was asked, answered and found so far. */
export interface Progress {
  plan: PlanAnswer | null;
  flags: Flag[];
  /** Edits that were not made and are up to somebody else, by path. */
  asked: Map<string, string>;
  /** The last judged draft that had least against it. */
  best: { judgement: Judgement; files: WrittenFile[] } | null;
  rounds: Round[];
  criteria: Map<number, string>;
  own: number;
  /** Answers that had to be corrected, and edits of the last one that were not made. */
  retried: number;
  neverMade: NotMade[];
  looks: Look[];
}

export function freshProgress(): Progress {
  return {
    plan: null,
    flags: [],
    asked: new Map(),
    best: null,
    rounds: [],
    criteria: new Map(),
    own: 50,
    retried: 0,
    neverMade: [],
    looks: [],
  };
}

export interface Loop {
  tier: LocalTier;
  /** Tokens of the local model's usual context. */
  context: number;
  words: TaskWords;
  /** Paths worth knowing, for finding one's way. */
  listing: string;
  candidates: Candidates;
  draft: Draft;
  judge: Judge;
  budget: Budget;
  signal: AbortSignal;
  onProgress(message: string): void;
  /** Decisions of a premium model or a person, binding. */
  decisions: readonly string[];
  progress: Progress;
}

/** Characters of a prompt per token, low: code has few. */
const charactersPerToken = 2.8;
/** Answers within one round: what is asked for again, what is looked at, what follows. */
const answersPerRound = 6;
const planTokens = 3_000;
/** Milliseconds that one answer may take. */
const answerLimit = 600_000;

/**
 * Has the local model do a task, round by round: answer, apply, judge, and again with what was found wrong. Ends when
 * nothing stands against the draft, the budget is used up, or the model goes in circles. Throws the signal's reason.
 */
export async function workLocally(loop: Loop): Promise<Stop> {
  const { progress, budget, draft, signal } = loop;
  if (progress.plan === null) {
    const planned = await plan(loop);
    if (planned !== null) return planned;
  }
  let feedback = progress.best === null ? [] : problemsOf(progress.best.judgement);
  if (loop.decisions.length > 0) feedback = [...feedback, "Decisions were made since: carry them out."];
  const seen = new Set<string>();
  let repeated = 0;
  for (;;) {
    signal.throwIfAborted();
    const over = budget.over();
    if (over !== null) return { why: "budget", message: over };
    budget.rounds += 1;
    const round = budget.rounds;
    const stopped = await answers(loop, round, feedback);
    if (stopped !== null) return stopped;
    if (draft.files().length === 0) return { why: "no-edits", message: "the model changed nothing" };
    const key = draftKey(draft);
    if (seen.has(key)) {
      const done = progress.best !== null && against(progress.best.judgement) === 0;
      return done
        ? { why: "done", message: "nothing stands against it" }
        : { why: "no-progress", message: "the model came back to what it had written before" };
    }
    seen.add(key);
    const say = (message: string) => loop.onProgress(`${label(loop, round)}: ${message}`);
    const judgement = await loop.judge.judge(draft, budget.left, say);
    remember(loop, round, judgement);
    const problems = problemsOf(judgement);
    const uncovered = missing(loop);
    if (problems.length === 0 && (uncovered.length === 0 || repeated > 0))
      return { why: "done", message: "nothing stands against it" };
    const before = feedback.join("\n");
    feedback = problems.length > 0 ? problems : uncovered;
    repeated = before === feedback.join("\n") ? repeated + 1 : problems.length === 0 ? 1 : 0;
    if (repeated >= 2) return { why: "no-progress", message: "the same is wrong for the third time" };
  }
}

function label({ budget }: Loop, round: number): string {
  return `round ${round} of ${budget.limits.rounds}`;
}

/** Keeps a judged draft, as a round and as the best one so far. */
export function remember(
  { progress, draft }: Pick<Loop, "progress" | "draft">,
  round: number,
  judgement: Judgement,
  by = "local",
): void {
  const problems = problemsOf(judgement);
  progress.rounds.push({
    round,
    by,
    tree: judgement.tree,
    problems: problems.map((problem) => problem.split("\n")[0]?.slice(0, 200) ?? "").slice(0, 8),
    checks: judgement.checks.map(({ name, state, pre_existing }) =>
      state === "failed" && pre_existing === true ? `${name} failed as before` : `${name} ${state}`,
    ),
  });
  const files = draft.files();
  // The newer one of two that are equally good: it had the last word on the criteria.
  if (progress.best === null || against(judgement) <= against(progress.best.judgement))
    progress.best = { judgement, files };
}

/** Criteria of which the model has not said where they are met, as a request. */
function missing({ words, progress, draft }: Loop): string[] {
  const open = openCriteria(words.criteria, progress, draft.touched());
  return open.map(
    ({ number, text }) =>
      `Criterion ${number} is not shown to be met: "${text.slice(0, 300)}". Meet it, or give it in \`criteria\` with the file that meets it.`,
  );
}

/** The criteria that no touched file is said to meet. */
export function openCriteria(
  criteria: readonly string[],
  progress: Progress,
  touched: readonly string[],
): { number: number; text: string }[] {
  return criteria.flatMap((text, index) => {
    const file = progress.criteria.get(index + 1);
    return file !== undefined && touched.includes(file) ? [] : [{ number: index + 1, text }];
  });
}

async function plan(loop: Loop): Promise<Stop | null> {
  const { words, candidates, progress, listing } = loop;
  loop.onProgress("planning");
  const data = async (room: number) => {
    const paths = [...candidates.files, ...candidates.tests, ...candidates.imports, ...candidates.near];
    const { text, left } = await filesPart(
      loop.draft,
      wantedOf(paths, []),
      wordsOf(`${words.title} ${words.text}`),
      room,
    );
    return [
      taskPart(words),
      decisionsPart(loop.decisions),
      `# The repository\n\n${listing}`,
      `# Files that are probably about it\n\n${text || "none was found by name or history"}`,
      left.length === 0 ? "" : `Not shown, ask for what you need by \`look\`: ${left.join(", ")}`,
    ];
  };
  const asked = await ask(loop, "implement-plan", planAnswer, planTokens, data);
  if (asked.state === "unavailable") return unavailable(asked);
  progress.plan = asked.value;
  takeFlags(progress, asked.value.flags);
  progress.looks.push(...asked.value.look.slice(0, 20));
  return null;
}

/** One round's answers: until edits are whole, or nothing more comes. Null goes on to the judgement. */
async function answers(loop: Loop, round: number, problems: readonly string[]): Promise<Stop | null> {
  const { progress, draft, budget } = loop;
  let failed: NotMade[] = [];
  let made = 0;
  const history: string[] = [];
  for (let turn = 0; turn < answersPerRound; turn++) {
    if (turn > 0 && (budget.left() <= 0 || budget.tokens >= budget.limits.tokens)) break;
    const what =
      failed.length > 0
        ? "asking again for edits that did not apply"
        : problems.length > 0
          ? "mending"
          : "writing";
    const of =
      problems.length > 0 ? ` (${problems.length} ${problems.length === 1 ? "problem" : "problems"})` : "";
    loop.onProgress(`${label(loop, round)}: ${what}${of}`);
    const asked = await ask(loop, "implement-edit", editAnswer, answerTokens(loop), (room) =>
      editData(loop, problems, failed, history, room),
    );
    if (asked.state === "unavailable") {
      // What was made so far may be judged; a model that can't be had will not be there for the next round either.
      if (made > 0 && asked.kind !== "cut") return null;
      if (asked.kind === "cut" && turn + 1 < answersPerRound) {
        history.push("Your answer was too long and was cut: give fewer edits at a time, with `more` true.");
        continue;
      }
      return unavailable(asked);
    }
    const answer = asked.value;
    takeAnswer(progress, answer);
    const result = await draft.make(answer.edits.slice(0, 100));
    made += result.made.length;
    for (const { path, why, state } of result.notMade) if (state === "ask") progress.asked.set(path, why);
    failed = result.notMade.filter(({ state }) => state !== "ask");
    if (result.made.length > 0)
      history.push(`Made: ${result.made.map(({ path, action }) => `${action} ${path}`).join(", ")}.`);
    const held = result.notMade.filter(({ state }) => state === "ask");
    if (held.length > 0)
      history.push(
        `Not made, and up to somebody else: ${held.map(({ path, why }) => `${path} (${why})`).join("; ")}. Do without it.`,
      );
    progress.neverMade = failed;
    if (failed.length > 0) {
      progress.retried += 1;
      continue;
    }
    const looks = answer.look.filter((look) => !progress.looks.some((known) => isSame(known, look)));
    progress.looks.push(...looks.slice(0, 20));
    if (answer.more && answer.edits.length > 0) continue;
    if (answer.edits.length === 0 && looks.length > 0) continue;
    break;
  }
  return null;
}

function isSame(one: Look, other: Look): boolean {
  return one.path === other.path && one.from === other.from && one.to === other.to;
}

function takeAnswer(progress: Progress, answer: EditAnswer): void {
  takeFlags(progress, answer.flags);
  for (const { number, file } of answer.criteria) progress.criteria.set(number, file.replace(/^\.\//, ""));
  progress.own = answer.confidence;
}

const mostFlags = 12;

function takeFlags(progress: Progress, flags: readonly Flag[]): void {
  for (const flag of flags) {
    const question = flag.question.trim().slice(0, 600);
    const known = progress.flags.some((one) => one.question.toLowerCase() === question.toLowerCase());
    if (question === "" || known || progress.flags.length >= mostFlags) continue;
    progress.flags.push({
      ...flag,
      question,
      options: flag.options.slice(0, 6).map((option) => option.slice(0, 200)),
      file: flag.file.slice(0, 200),
    });
  }
}

function answerTokens({ context }: Loop): number {
  return Math.min(16_000, Math.floor(context / 4));
}

async function editData(
  loop: Loop,
  problems: readonly string[],
  failed: readonly NotMade[],
  history: readonly string[],
  room: number,
): Promise<string[]> {
  const { words, candidates, progress, draft } = loop;
  const planned = progress.plan?.files.map(({ path }) => path.replace(/^\.\//, "")) ?? [];
  const about = failed.map(({ path }) => path);
  const named = [...about, ...draft.touched(), ...planned, ...candidates.files, ...candidates.tests];
  // What was asked for last is wanted most.
  const wanted = wantedOf(
    [...named, ...candidates.imports, ...candidates.near],
    [...progress.looks].reverse(),
  );
  const first = wanted.filter(({ path }) => about.includes(path));
  const rest = wanted.filter(({ path }) => !about.includes(path));
  const vocabulary = wordsOf(`${words.title} ${words.text} ${progress.plan?.steps.join(" ") ?? ""}`);
  const { text, left } = await filesPart(draft, [...first, ...rest], vocabulary, room);
  const steps = progress.plan?.steps ?? [];
  return [
    taskPart(words),
    decisionsPart(loop.decisions),
    steps.length === 0 ? "" : `# Plan\n\n${steps.map((step, index) => `${index + 1}. ${step}`).join("\n")}`,
    progress.flags.length === 0
      ? ""
      : `# Asked already, not to be decided or asked again\n\n${progress.flags.map(({ question }) => `- ${question}`).join("\n")}`,
    `# Files as they are now\n\n${text}`,
    left.length === 0 ? "" : `Not shown: ${left.slice(0, 40).join(", ")}`,
    history.length === 0 ? "" : `# Your answers in this round\n\n${history.join("\n")}`,
    failed.length === 0
      ? ""
      : `# Edits that were NOT made: give them again, corrected\n\n${failed.map(toldOf).join("\n\n")}`,
    problems.length === 0
      ? ""
      : `# What is wrong now\n\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
  ];
}

function toldOf({ path, why }: NotMade): string {
  return `${path}: ${why}`;
}

export function decisionsPart(decisions: readonly string[]): string {
  if (decisions.length === 0) return "";
  return `# Decisions, binding\n\n${decisions.map((decision) => `- ${decision}`).join("\n")}`;
}

/** Asks with as much of the files as fits, and with less when that was too much. */
async function ask<T>(
  loop: Loop,
  prompt: string,
  schema: z.ZodType<T>,
  maxTokens: number,
  data: (room: number) => Promise<string[]>,
): Promise<Answer<T> | Unavailable> {
  const { tier, budget, signal, context } = loop;
  const { text: instructions } = await loadPrompt(prompt);
  const without = (await data(0)).join("\n\n").length;
  const whole = (context - maxTokens) * charactersPerToken - instructions.length - 2_000;
  let room = Math.max(8_000, Math.floor(whole - without));
  for (let attempt = 0; ; attempt++) {
    const text = (await data(room)).filter((part) => part !== "").join("\n\n");
    const asked = await tier.ask({
      role: "primary",
      name: prompt.replaceAll("-", "_"),
      schema,
      instructions,
      data: text,
      maxTokens,
      limit: Math.max(1_000, Math.min(answerLimit, budget.left())),
      signal,
      onProgress: loop.onProgress,
    });
    if (asked.state === "answered") {
      const read = asked.promptTokens ?? Math.ceil(text.length / charactersPerToken);
      budget.tokens += read + (asked.completionTokens ?? 0);
      return asked;
    }
    budget.tokens += Math.ceil(text.length / charactersPerToken);
    if (asked.kind !== "out_of_context" || attempt >= 3) return asked;
    room = Math.floor(room / 2);
  }
}

function unavailable({ kind, message, hint }: Unavailable): Stop {
  return { why: "unavailable", message: `${message} ${kind === "off" ? "" : hint}`.trim() };
}

function draftKey(draft: Draft): string {
  const hash = createHash("sha256");
  for (const { path, content } of draft.files())
    hash.update(`${path}\0${content?.length ?? -1}\0`).update(content ?? "");
  return hash.digest("hex");
}
