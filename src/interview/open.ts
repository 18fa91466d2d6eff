import { createHash } from "node:crypto";
import { openProject, type Project } from "../flow/project.js";
import type { Sluice } from "../sluice.js";
import { openSubject, type Subject } from "./subject.js";

export interface Interview {
  subject: Subject;
  project: Project;
  /** The same for the same text in the same repository. */
  key: string;
  /** Whether the text has changed since. */
  stale(signal: AbortSignal): Promise<boolean>;
}

/**
 * Opens what an interview or a spec is about, in the repository that a caller may name.
 *
 * @throws what `openProject` and `openSubject` throw
 */
export async function openInterview(
  about: string,
  repo: string | undefined,
  sluice: Sluice,
  signal: AbortSignal,
  reach: "anywhere" | "this-machine" = "anywhere",
): Promise<Interview> {
  const project = await openProject(sluice, repo, signal, reach);
  const subject = await openSubject(about, project, sluice, signal);
  const key = keyOf(project, subject);
  return {
    subject,
    project,
    key,
    stale: async (until) => keyOf(project, await openSubject(about, project, sluice, until)) !== key,
  };
}

function keyOf({ repository }: Project, { kind, id, path, title, text, context }: Subject): string {
  const parts = JSON.stringify([repository.root, kind, id, path, title, text, context]);
  return createHash("sha256").update(parts).digest("hex");
}
