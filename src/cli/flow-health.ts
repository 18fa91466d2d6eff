import type { Repository } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { isSluiceError } from "../errors.js";
import { readFlow, summarizeFlow } from "../flow/folder.js";
import type { FlowSummary } from "../flow/types.js";
import type { Sluice } from "../sluice.js";
import type { Line } from "./health.js";

const shownProblems = 3;

/** What a `.flow` folder holds, in one line: `2 specs open, 1 done; tasks: 3 to do, 1 in progress, 4 done`. */
export function flowText({ specs, tasks, dialect }: FlowSummary): string {
  const name = dialect === "epic" ? "epic" : "spec";
  const parts = [
    `${tasks.todo} to do`,
    `${tasks.in_progress} in progress`,
    ...(tasks.blocked > 0 ? [`${tasks.blocked} blocked`] : []),
    `${tasks.done} done`,
  ];
  return `${specs.open} ${name}${specs.open === 1 ? "" : "s"} open, ${specs.done} done; tasks: ${parts.join(", ")}`;
}

/** The first problems of a folder, one a line. */
export function flowProblems({ problems }: FlowSummary): string[] {
  const lines = problems.slice(0, shownProblems).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more (sluice status --json lists them)`] : lines;
}

/** What `sluice doctor` says of a repository's `.flow` folder and of who writes it; nothing where there is none. */
export async function flowHealth(
  sluice: Sluice,
  repository: Repository,
  config: Config,
  signal: AbortSignal,
): Promise<Line[]> {
  const folder = await readFlow(repository, sluice, signal);
  if (folder === null) return [];
  const summary = summarizeFlow(folder);
  return [
    { health: "ok", what: "flow-next", detail: flowText(summary) },
    ...flowProblems(summary).map((detail): Line => ({ health: "missing", what: "flow-next", detail })),
    await flowctlLine(sluice, repository, config, folder.dialect, signal),
  ];
}

async function flowctlLine(
  sluice: Sluice,
  repository: Repository,
  config: Config,
  dialect: FlowSummary["dialect"],
  signal: AbortSignal,
): Promise<Line> {
  const { findFlowctl } = await import("../flow/flowctl.js");
  const what = "flowctl";
  try {
    const found = await findFlowctl(repository, config, sluice, signal);
    if (found === null) {
      const why = config.flow.flowctl === false ? "switched off (flow.flowctl)" : "none was found that works";
      return { health: "ok", what, detail: `${why}: Sluice writes .flow itself` };
    }
    if (found.speaks === "epic" && dialect === "spec") {
      const detail = `${found.path} is of flow-next 0.x and does not know this folder: Sluice writes .flow itself`;
      return {
        health: "missing",
        what,
        detail,
        todo: "Update flow-next, or set flow.flowctl to a newer one.",
      };
    }
    return { health: "ok", what, detail: found.path };
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return { health: "wrong", what, detail: error.message, todo: error.hint };
  }
}
