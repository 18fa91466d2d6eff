import { surveyRepository } from "../../change/survey.js";
import { openProject, type Project } from "../../flow/project.js";
import type { Sluice } from "../../sluice.js";
import { planFingerprint, surroundingsFingerprint } from "./fingerprint.js";
import { gatherMaterial } from "./material.js";
import { readPlan } from "./plan.js";
import type { OpenedPlan } from "./step.js";

/**
 * Reads a plan and what is around it.
 *
 * @throws UsageError when the repository or the spec is not there
 */
export async function openPlan(
  sluice: Sluice,
  args: { spec: string; repo?: string | undefined },
  signal: AbortSignal,
  reach: "anywhere" | "this-machine",
): Promise<OpenedPlan> {
  return readOpened(await openProject(sluice, args.repo, signal, reach), sluice, args.spec, signal);
}

async function readOpened(
  project: Project,
  sluice: Sluice,
  spec: string,
  signal: AbortSignal,
): Promise<OpenedPlan> {
  const { repository } = project;
  const [plan, survey] = await Promise.all([
    readPlan(project, sluice, spec, signal),
    surveyRepository(repository, { signal, commits: 1 }),
  ]);
  const allowed = project.config.secrets.allow;
  const material = await gatherMaterial(plan, { repository, survey, sluice, allowed, signal });
  return {
    project,
    sluice,
    plan,
    survey,
    material,
    fingerprint: planFingerprint(plan),
    context_fingerprint: surroundingsFingerprint(material),
  };
}

/** Whether a plan says something else now than when it was read. What can't be read any more does. */
export async function planMoved(opened: OpenedPlan, signal: AbortSignal): Promise<boolean> {
  try {
    const { project, sluice, plan } = opened;
    const now = await readPlan(project, sluice, plan.spec.id, signal);
    return planFingerprint(now) !== opened.fingerprint;
  } catch {
    signal.throwIfAborted();
    return true;
  }
}
