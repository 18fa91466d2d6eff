import { openProject } from "../../../src/flow/project.js";
import type { Asked, Job, LocalTier } from "../../../src/local/local.js";
import { runScouts, type ScoutRequest, type ScoutRun } from "../../../src/plan/scouts/run.js";
import type { Sluice } from "../../../src/sluice.js";
import type { TestRepository } from "../../support/repository.js";

/** A model that answers with what it is given, and remembers what it was shown. */
export function scriptedTier(
  answer: (data: string, name: string) => unknown,
): LocalTier & { shown: string[] } {
  const shown: string[] = [];
  return {
    shown,
    configured: () => true,
    state: async () => ({ enabled: true, primary: null, prefilter: null }),
    async ask<T>(job: Job<T>): Promise<Asked<T>> {
      shown.push(job.data);
      const value = job.schema.parse(await answer(job.data, job.name));
      return {
        state: "answered",
        value,
        model: "scripted",
        server: "test",
        size: "normal",
        mode: "json_schema",
        repaired: false,
        promptTokens: null,
        completionTokens: null,
        waitedMs: 0,
        ms: 0,
        workMs: 0,
        note: null,
      };
    },
    askPieces: async () => [],
    probe: async () => {
      throw new Error("not probed here");
    },
  };
}

export const noModel: LocalTier = {
  ...scriptedTier(() => ({})),
  ask: async () => ({
    state: "unavailable",
    kind: "not_running",
    message: "Nothing listens.",
    hint: "Start it.",
    failure: null,
  }),
};

/** One call, as a process of its own would make it. */
export async function scoutIn(
  repository: TestRepository,
  request: Partial<ScoutRequest> & { feature: string },
  sluice: Sluice = repository.sluice(),
): Promise<ScoutRun> {
  const { signal } = new AbortController();
  const project = await openProject(sluice, undefined, signal);
  return runScouts(project, sluice, { signal, tier: noModel, ...request });
}

/** What a model would say of each fact it is shown. */
export function sayAll(data: string) {
  const findings = [...data.matchAll(/^F(\d+) \[([^\]]+)\] (.{0,60})/gm)].map(([, id, section, text]) => ({
    section,
    text: `Fact ${id} says ${text?.replaceAll("`", "")}`,
    from: [`F${id}`],
    files: [],
    symbols: [],
  }));
  return { findings: findings.slice(0, 30) };
}
