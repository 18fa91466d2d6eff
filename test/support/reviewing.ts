import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { userConfigurationPath } from "../../src/config/paths.js";
import type { openSource } from "../../src/premium/open-source.js";
import {
  type ReviewArguments,
  type ReviewResult,
  reviewChange,
  reviewOutput,
} from "../../src/review/pipeline.js";
import { reviewAnswer } from "./premium.js";
import { type TestRepository, testRepository } from "./repository.js";

/** Keys for two sources that are never really called, and no local model. */
export const premiumKeys = {
  OPENAI_API_KEY: "k-1",
  ANTHROPIC_API_KEY: "k-2",
  LOCAL_ENABLED: "0",
  PREMIUM_REVIEW_ENABLED: "1",
};

export const p1 = {
  severity: "P1",
  file: "src/a.ts",
  line: 2,
  problem: "adds one too many",
  suggestion: "take it out",
};

/** A verdict that says of the first findings that they are fixed. */
export function settledAnswer(verdict: string, count: number, findings: readonly object[] = []): string {
  const prior = Array.from({ length: count }, (_, index) => ({ number: index + 1, status: "fixed" }));
  return reviewAnswer(verdict, findings, { prior });
}

/** A repository with a file that imports another one and has a test, changed on a branch. */
export function changedRepository(): TestRepository {
  const repository = testRepository();
  repository.write({
    "src/a.ts": 'import { b } from "./b.js";\nexport const a = () => b();\n',
    "src/b.ts": "export const b = () => 1;\n",
    "test/a.test.ts": 'import { a } from "../src/a.js";\nit("works", () => a());\n',
    ".gitignore": ".flow/\n",
  });
  repository.commit();
  repository.git("switch", "-q", "-c", "work");
  repository.write({ "src/a.ts": 'import { b } from "./b.js";\nexport const a = () => b() + 1;\n' });
  return repository;
}

export interface ReviewingOptions {
  env?: Record<string, string>;
  signal?: AbortSignal;
  receipt?: string;
  finishSent?: boolean;
}

/** The whole review in this process, with sources that a test stands in for. */
export async function reviewIn(
  repository: TestRepository,
  open: typeof openSource,
  args: ReviewArguments = {},
  { env, ...options }: ReviewingOptions = {},
): Promise<ReviewResult> {
  const sluice = repository.sluice();
  const result = await reviewChange({ ...sluice, env: { ...sluice.env, ...premiumKeys, ...env } }, args, {
    signal: new AbortController().signal,
    openSource: open,
    ...options,
  });
  return reviewOutput.parse(result);
}

/** Writes the user's own configuration. */
export function configureUser(repository: TestRepository, config: object): void {
  const path = userConfigurationPath(repository.sluice());
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(config));
}
