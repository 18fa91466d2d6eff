import type { Ground } from "./ground.js";
import { conventions } from "./repo/conventions.js";
import { gotchas } from "./repo/gotchas.js";
import { precedents } from "./repo/precedents.js";
import { related } from "./repo/related.js";
import { testPatterns } from "./repo/test-patterns.js";
import type { Gathered, Scout } from "./scout.js";

/** What is in the repository already that a feature builds on: conventions, code, helpers, tests, and what is in the way. */
export const repo: Scout = {
  name: "repo",
  folder: "repo-scout",
  settings: "repo_scout",
  heading: () => "Repo Scout Findings",
  sections: [
    "Project Conventions",
    "Related Code",
    "Reusable Code (DO NOT DUPLICATE)",
    "Test Patterns",
    "Gotchas",
  ],
  prompt: "scout-repo",
  async gather(ground: Ground, signal: AbortSignal): Promise<Gathered> {
    const code = await related(ground, signal);
    const [rules, before, tests, traps] = await Promise.all([
      conventions(ground),
      precedents(ground, code.files, signal),
      testPatterns(ground, code),
      gotchas(ground, code.files, signal),
    ]);
    return {
      facts: [...before, ...rules, ...code.facts, ...tests.facts, ...traps],
      relevantFiles: [...new Set([...code.files, ...tests.files])],
      notes:
        ground.relevant.length === 0 ? ["no file's name, content or history has to do with the feature"] : [],
    };
  },
};
