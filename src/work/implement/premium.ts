import * as z from "zod";
import type { OutgoingText } from "../../analyzers/secrets/outgoing.js";
import { wordsOf } from "../../change/survey.js";
import { fillPrompt, loadPrompt } from "../../config/prompts.js";
import { fence, newMark } from "../../fence.js";
import { type Consultation, type ConsultOptions, consult } from "../../premium/consult.js";
import { parsedJson } from "../../premium/json-text.js";
import { keepAnswer } from "../../premium/kept-answer.js";
import type { Sluice } from "../../sluice.js";
import { premiumAnswer } from "./answers.js";
import type { Draft } from "./draft.js";
import type { PremiumQuestion } from "./implement-schema.js";
import { decisionsPart, type Progress } from "./loop.js";
import { type Candidates, filesPart, type TaskWords, taskPart, wantedOf } from "./material.js";
import { keepPaid, type Paid } from "./paid.js";

export interface PremiumHelp {
  answer: Paid | null;
  source: string | null;
  model: string | null;
  tokens: number | null;
  /** What came of it, for a person. */
  note: string;
}

/** Characters of files that a premium model is shown: the points are to be decided, not the repository re-read. */
const fileRoom = 80_000;

/** What is known of the task, as one text: for a premium model, or for the agent itself. */
export async function contextText(
  words: TaskWords,
  draft: Draft,
  candidates: Candidates,
  progress: Progress,
  questions: readonly PremiumQuestion[],
  diff: string | null,
  decisions: readonly string[],
): Promise<{ text: string; pieces: OutgoingText[] }> {
  const planned = progress.plan?.files.map(({ path }) => path) ?? [];
  const asked = questions.flatMap(({ file }) => file ?? []);
  const paths = [...asked, ...draft.touched(), ...planned, ...candidates.files, ...candidates.tests];
  const {
    text: files,
    left,
    whole,
  } = await filesPart(
    draft,
    wantedOf([...paths, ...candidates.imports], progress.looks),
    wordsOf(`${words.title} ${words.text}`),
    fileRoom,
  );
  const steps = progress.plan?.steps ?? [];
  const tried = progress.rounds.map(
    ({ round, checks, problems }) =>
      `- round ${round}: ${checks.join(", ") || "no check was run"}${problems.length === 0 ? "; nothing against it" : `; ${problems.join(" | ")}`}`,
  );
  const parts = [
    taskPart(words),
    steps.length === 0 ? "" : `# The local model's plan\n\n${steps.map((step) => `- ${step}`).join("\n")}`,
    decisionsPart(decisions),
    tried.length === 0 ? "" : `# What was tried\n\n${tried.join("\n")}`,
    diff === null ? "" : `# The draft so far, as a diff\n\n${diff.slice(0, 60_000)}`,
    `# Files${diff === null ? "" : ", with the draft in them"}\n\n${files}`,
    left.length === 0 ? "" : `Not shown: ${left.join(", ")}`,
    questions.length === 0
      ? ""
      : `# Questions\n\n${questions.map(({ question, options }, index) => `${index + 1}. ${question}${options.length === 0 ? "" : ` (${options.join(" / ")})`}`).join("\n")}`,
  ];
  const pieces: OutgoingText[] = [];
  for (const path of whole) pieces.push({ path, text: (await draft.text(path)) ?? "" });
  return { text: parts.filter((part) => part !== "").join("\n\n"), pieces };
}

/**
 * One premium call: for decisions, or for the patch itself. Refuses to send secrets (UsageError). What comes back is
 * checked for its form here, and against the tree by whoever applies it; it is kept until it was.
 */
export async function askPremium(
  sluice: Sluice,
  options: Pick<
    ConsultOptions,
    | "store"
    | "config"
    | "models"
    | "pieces"
    | "about"
    | "signal"
    | "onProgress"
    | "onSend"
    | "onFail"
    | "open"
  > & {
    /** `decisions`: the local model goes on with them. `patch`: the task itself is to be done. */
    wanted: "decisions" | "patch";
    title: string;
    text: string;
    /** As they are numbered in the text. */
    questions: readonly PremiumQuestion[];
    /** What the answer is kept for. */
    attempt: string;
  },
): Promise<PremiumHelp> {
  const { wanted, title, text, questions, attempt, ...rest } = options;
  const instructions = fillPrompt(await loadPrompt("implement-premium"), {
    wanted:
      wanted === "patch"
        ? "Do the task whole by `edits`; a local model then mends what checks complain about."
        : "Decide the questions at the end of the data; give `edits` only where code says it better than words. The local model carries your decisions out, so do not redo its work.",
  });
  const mark = newMark([text]);
  const asked: Consultation = await consult(sluice, {
    ...rest,
    purpose:
      wanted === "patch" ? `the patch for "${title.slice(0, 80)}"` : `decisions on "${title.slice(0, 80)}"`,
    instructions,
    prompt: fence(text, mark, "task"),
    schema: { name: "implementation", json: z.toJSONSchema(premiumAnswer, { target: "draft-7" }) },
  });
  if (asked.state === "unanswered")
    return { answer: null, source: null, model: null, tokens: null, note: `${asked.why} ${asked.next}` };
  const { answer, source, model, tokens } = asked;
  const parsed = premiumAnswer.safeParse(answer.structured ?? jsonIn(answer.text));
  if (!parsed.success) {
    const kept = await keepAnswer(rest.store, sluice.clock(), answer, "implement-unused-answer");
    const where = kept === null ? "" : `: ${kept}`;
    return {
      answer: null,
      source,
      model,
      tokens,
      note: `its answer was in no form that can be used${where}`,
    };
  }
  const { decisions, edits } = parsed.data;
  const paid: Paid = {
    wanted,
    asked: questions.map(({ question }) => question),
    decisions: decisions.map(({ question, decision }) => ({
      question: questions[question - 1]?.question ?? "",
      decision,
    })),
    edits,
    source,
    model,
  };
  await keepPaid(rest.store, attempt, paid);
  return { answer: paid, source, model, tokens, note: "answered" };
}

/** The JSON object in a message: all of it, or from its first brace to its last. */
function jsonIn(text: string): unknown {
  return parsedJson(text) ?? parsedJson(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
}
