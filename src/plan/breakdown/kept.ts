import { createHash } from "node:crypto";
import { loadPrompt } from "../../config/prompts.js";
import type { Cache } from "../../state/cache.js";
import { breakdownAnswer } from "./answer.js";
import type { Planner } from "./propose.js";

/** Raised when what is shown changes its meaning. */
const version = 1;

/**
 * The same planner, whose answers are kept by all they rest on: who looked at tasks and then has them written gets the
 * ones that were looked at, and nobody pays twice.
 *
 * @param model names whoever answers
 */
export function keepingAnswers(planner: Planner, cache: Cache, model: string): Planner {
  return {
    ...planner,
    async ask(prompt, data) {
      const { text } = await loadPrompt(prompt);
      const key = createHash("sha256")
        .update(JSON.stringify([version, planner.writtenBy, model, text, data]))
        .digest("hex");
      const known = breakdownAnswer.safeParse(await cache.get(key));
      if (known.success) return { value: known.data };
      const answer = await planner.ask(prompt, data);
      if ("value" in answer) await cache.set(key, answer.value);
      return answer;
    },
  };
}
