import { loadPrompt } from "../../config/prompts.js";
import type { Project } from "../../flow/project.js";
import { openLocal } from "../../local/local.js";
import type { Sluice } from "../../sluice.js";
import { breakdownAnswer } from "./answer.js";
import type { Planner } from "./propose.js";

export interface PlannerOptions {
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
}

/** Tokens: two dozen tasks with all they have. */
const answerTokens = 12_000;
/** Milliseconds for one answer, with what it waits for. */
const limit = 300_000;

/** The local model as a planner. */
export function localPlanner(
  { config, store }: Pick<Project, "config" | "store">,
  sluice: Sluice,
  { signal, onProgress }: PlannerOptions,
): Planner {
  const tier = openLocal(config, sluice, { store });
  return {
    writtenBy: "local-model",
    twice: true,
    async ask(prompt, data) {
      const asked = await tier.ask({
        role: "primary",
        name: prompt.replaceAll("-", "_"),
        schema: breakdownAnswer,
        instructions: (await loadPrompt(prompt)).text,
        data,
        maxTokens: answerTokens,
        limit,
        signal,
        onProgress,
      });
      return asked.state === "answered"
        ? { value: asked.value }
        : { why: `no answer of the local model: ${asked.message} ${asked.hint}` };
    },
  };
}
