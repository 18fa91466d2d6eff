import { createInterface } from "node:readline";
import type { DraftedQuestion } from "../interview/draft-questions-schema.js";
import { printable, printableLine } from "../printable.js";
import type { Terminal } from "./terminal.js";

export type AskedQuestion = DraftedQuestion & {
  /** Empty: not answered, or skipped. */
  answer: string;
};

export interface SessionStreams {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
}

/**
 * Asks what has no answer yet, batch by batch, and calls `save` after each answer. Ends with the last question, with
 * `q`, Ctrl-C or the end of the input.
 *
 * @returns whether all were asked
 */
export async function holdInterview(
  questions: readonly AskedQuestion[],
  { input, output }: SessionStreams,
  colours: Terminal["colours"],
  save: () => Promise<void>,
): Promise<boolean> {
  const prompt = createInterface({ input, output });
  // Ctrl-C ends the interview, not what is done with it afterwards.
  prompt.on("SIGINT", () => prompt.close());
  const lines = prompt[Symbol.asyncIterator]();
  const say = (line = "") => output.write(`${line}\n`);
  try {
    const waiting = questions.filter(({ answer }) => answer === "");
    say(
      colours.dim(
        "Enter skips a question, q stops and keeps the answers. A number chooses, your own words do as well.",
      ),
    );
    let batch = 0;
    for (const [at, question] of waiting.entries()) {
      if (question.batch !== batch) {
        batch = question.batch;
        say(
          `\n${colours.bold(printableLine(question.category.replace("_", " ")))} ${colours.dim(`(${at + 1} of ${waiting.length})`)}`,
        );
      }
      say(`\n${colours.bold(question.id)} ${printable(question.question)}`);
      say(colours.dim(`   ${printable(question.why)}`));
      for (const [number, { label, description }] of (question.options ?? []).entries())
        say(`   ${number + 1}. ${printableLine(label)}${colours.dim(`: ${printableLine(description)}`)}`);
      output.write("> ");
      const { done, value } = await lines.next();
      if (done === true) return false;
      const text = value.trim();
      if (/^(?:q|quit|:q)$/i.test(text)) return false;
      if (text === "") continue;
      question.answer = chosen(text, question.options ?? []);
      await save();
    }
    return true;
  } finally {
    prompt.close();
  }
}

/** `2`, or `1, 3`, as the words of these options; else what was typed. */
function chosen(text: string, options: readonly { label: string; description: string }[]): string {
  if (!/^\d(?:\s*[, ]\s*\d)*$/.test(text)) return text;
  const picked = text.split(/[\s,]+/).map((number) => options[Number(number) - 1]);
  const known = picked.flatMap((option) =>
    option === undefined ? [] : [`${option.label}: ${option.description}`],
  );
  return known.length === picked.length ? known.join("; ") : text;
}
