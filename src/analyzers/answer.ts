import * as z from "zod";

/** What a script exports as `analyse` when it answers one text after the other, each by itself: see `answersOf`. */
export function eachOf<Q extends { key: string }>(
  question: z.ZodType<Q>,
  answer: (question: Q) => unknown,
): (request: unknown) => Promise<{ key: string; answer: unknown }[]> {
  const questions = z.array(question);
  return async (request) => {
    const answers = [];
    for (const one of questions.parse(request)) answers.push({ key: one.key, answer: await answer(one) });
    return answers;
  };
}
