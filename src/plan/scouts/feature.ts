import { findFlowId } from "../../flow/find.js";
import { readFlow } from "../../flow/folder.js";
import { parseFlowId } from "../../flow/ids.js";
import type { Project } from "../../flow/project.js";
import type { Sluice } from "../../sluice.js";

/**
 * What to scout for: the text of the spec or task that an id means, else the words themselves.
 *
 * @throws UsageError for what looks like an id and is none
 */
export async function featureText(
  project: Project,
  sluice: Sluice,
  asked: string,
  signal: AbortSignal,
): Promise<string> {
  const id = asked.trim();
  if (/\s/.test(id) || parseFlowId(id.toLowerCase()) === null) return asked;
  const folder = await readFlow(project.repository, sluice, signal);
  // A word with a number may be meant as words where there are no ids.
  if (folder === null) return asked;
  const found = findFlowId(folder, id);
  return `${found.title}\n\n${found.markdown ?? ""}`;
}
