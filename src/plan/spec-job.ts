import { createHash } from "node:crypto";
import { openProject, type Project } from "../flow/project.js";
import type { Sluice } from "../sluice.js";
import { openSpecSource, type SpecSource } from "./spec-source.js";

/** Long work on a spec: two calls are about the same when they see the same text and tasks in the same repository. */
export interface SpecJob {
  project: Project;
  source: SpecSource;
  key: string;
  stale(signal: AbortSignal): Promise<boolean>;
}

export async function openSpecJob(
  sluice: Sluice,
  args: { spec: string; repo?: string | undefined },
  signal: AbortSignal,
  reach: "anywhere" | "this-machine",
): Promise<SpecJob> {
  const project = await openProject(sluice, args.repo, signal, reach);
  const source = await openSpecSource(args.spec, project, sluice, signal);
  const seen = state(source);
  return {
    project,
    source,
    key: JSON.stringify([project.repository.root, seen]),
    async stale(until) {
      try {
        return state(await openSpecSource(args.spec, project, sluice, until)) !== seen;
      } catch {
        // It is gone, or says something else.
        return true;
      }
    },
  };
}

function state({ markdown, tasks }: SpecSource): string {
  const told = tasks.map(({ id, title, markdown: text }) => [id, title, text]);
  return createHash("sha256")
    .update(JSON.stringify([markdown, told]))
    .digest("hex");
}
