import { messageOf } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import type { Sluice } from "../../sluice.js";
import { digestOf } from "./digest.js";
import { runScouts } from "./run.js";

/** Characters. */
const longest = 6_000;
/** Milliseconds that one scout may look around. */
const gatherLimit = 10_000;

/**
 * What scouts know of a feature, for who writes its spec: what was condensed before and still holds, else the facts as
 * they are gathered now. No model and no service is asked; empty when nothing could be seen. Throws the signal's reason.
 */
export async function scoutedText(
  project: Project,
  sluice: Sluice,
  feature: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const run = await runScouts(project, sluice, {
      feature,
      condense: false,
      unreachable: "not asked in this call",
      limits: { gather: gatherLimit },
      signal,
    });
    return digestOf(run, longest).text;
  } catch (error) {
    signal.throwIfAborted();
    sluice.log(`no scouts for the spec: ${messageOf(error)}`);
    return "";
  }
}
