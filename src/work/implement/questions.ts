import { counts } from "./checks.js";
import { type Confidence, enough } from "./confidence.js";
import type { PremiumQuestion } from "./implement-schema.js";
import { openCriteria, type Progress, type Stop } from "./loop.js";

/**
 * What a premium model has to decide, and nothing else: flags word for word, files that were not the model's to touch,
 * what still stands against the draft with what it said, criteria that nothing shows met. Empty when nothing is open.
 */
export function openQuestions(
  progress: Progress,
  criteria: readonly string[],
  confidence: Confidence | null,
  stop: Stop,
): PremiumQuestion[] {
  const questions: PremiumQuestion[] = progress.flags.map(({ kind, question, options, file }) => ({
    kind,
    question,
    options,
    file: file === "" ? null : file,
  }));
  for (const [path, why] of progress.asked)
    questions.push({
      kind: "path",
      question: `The local model wanted to change ${path}, which the task does not name (${why}). Is that change wanted, and what exactly?`,
      options: [],
      file: path,
    });
  const { best } = progress;
  if (best === null) {
    questions.push({
      kind: "task",
      question: `The local model made no change (${stop.message}). How is the task to be done: which files, which functions, in what order?`,
      options: [],
      file: null,
    });
    return questions;
  }
  const { findings, checks } = best.judgement;
  for (const { file, line, message } of findings.slice(0, 6))
    questions.push({
      kind: "problem",
      question: `${file}${line === null ? "" : `:${line}`}: ${message} The local model could not mend it (${stop.message}). What is the right code there?`,
      options: [],
      file,
    });
  for (const { name, output, reason } of checks.filter(counts).slice(0, 4))
    questions.push({
      kind: "problem",
      question: `${name} fails with the draft: ${firstLines(output) || reason || "no output"}. The local model could not mend it (${stop.message}). What causes it, and what has to change where?`,
      options: [],
      file: null,
    });
  for (const { path, why } of progress.neverMade.slice(0, 3))
    questions.push({
      kind: "problem",
      question: `An edit of ${path} could not be made: ${why.split("\n")[0]}. What has to change there?`,
      options: [],
      file: path,
    });
  const touched = best.files.map(({ path }) => path);
  for (const { number, text } of openCriteria(criteria, progress, touched).slice(0, 6))
    questions.push({
      kind: "criterion",
      question: `Nothing in the draft shows that criterion ${number} is met: "${text.slice(0, 300)}". Is it, and if not, what is missing where?`,
      options: [],
      file: null,
    });
  if (questions.length === 0 && confidence !== null && confidence.value < enough) {
    const weak = confidence.evidence.filter(({ value }) => value < 0.5).map(({ note }) => note);
    questions.push({
      kind: "evidence",
      question: `Nothing stands against the draft, but little speaks for it (${weak.join("; ")}). Is the diff right as it is? If not: what has to change where?`,
      options: ["right as it is"],
      file: null,
    });
  }
  return questions;
}

function firstLines(output: string): string {
  return output
    .split("\n")
    .filter((line) => line.trim() !== "" && line !== "…")
    .slice(0, 6)
    .join(" / ")
    .slice(0, 700);
}
