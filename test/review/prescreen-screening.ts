import { openChange } from "../../src/change/change.js";
import { type Prescreen, type PrescreenOptions, prescreen } from "../../src/review/prescreen.js";
import { reviewContext } from "../../src/review/settings.js";
import type { Sluice } from "../../src/sluice.js";
import { type TestRepository, testRepository } from "../support/repository.js";

export type Files = Record<string, string | Buffer | null>;

/** Pre-screens what is in a repository's work tree, or between two refs. */
export async function screen(
  repository: TestRepository,
  options: Partial<PrescreenOptions> & { base?: string; head?: string; sluice?: Sluice } = {},
): Promise<Prescreen> {
  const { base = "HEAD", head = "WORKTREE", ...rest } = options;
  // No model of whoever runs the tests.
  const own = repository.sluice().env;
  const sluice = options.sluice ?? repository.sluice({ env: { ...own, LOCAL_ENABLED: "0" } });
  const change = await openChange(sluice, { base, head });
  const { config, store } = await reviewContext(sluice, change);
  return prescreen(change, sluice, { store, config, signal: AbortSignal.timeout(120_000), ...rest });
}

/** What a change from one set of files to another brings in, in short: `file:line class severity`. */
export async function findingsOf(before: Files, after: Files, hints = false): Promise<string[]> {
  const repository = testRepository();
  try {
    repository.write(before);
    repository.commit();
    repository.write(after);
    const { findings, engines } = await screen(repository);
    const broken = engines.filter(({ state }) => state !== "ok" && state !== "skipped");
    return [
      ...broken.map(({ name, state, note }) => `${name} ${state}: ${note}`),
      ...findings
        .filter(({ severity }) => hints || severity !== "hint")
        .map(
          (one) =>
            `${one.file}:${one.line} ${one.class} ${one.severity}${one.on_changed_line ? "" : " (elsewhere)"}`,
        ),
    ].sort();
  } finally {
    repository.remove();
  }
}
