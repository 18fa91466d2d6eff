import * as z from "zod";

/** Characters of what is said of one text. */
const answerLimit = 512 * 1024;

/** What a script exports as `analyse` when it answers one text after the other, each by itself: see `answersOf`. */
export function eachOf<Q extends { key: string }>(
  question: z.ZodType<Q>,
  answer: (question: Q) => unknown,
): (request: unknown) => Promise<{ key: string; answer: unknown }[]> {
  const questions = z.array(question);
  return async (request) => {
    const answers = [];
    for (const one of questions.parse(request)) {
      const said = await answer(one);
      // Nobody reads thousands of mistakes in one text; reading them would keep the server from everything else.
      if (JSON.stringify(said ?? null).length <= answerLimit) answers.push({ key: one.key, answer: said });
    }
    return answers;
  };
}
