import * as z from "zod";
import { defineLongTool, ownState, reachOf } from "../src/mcp/define-tool.js";
import { reanchorArguments, reanchorOutput } from "../src/work/reanchor/reanchor-schema.js";

export default defineLongTool({
  name: "reanchor_task",
  group: "work",
  title: "Re-anchor on a task",
  description:
    "All a fresh worker must know before the first edit, in few tokens: criteria and constraints word for word, files, pitfalls, dependencies, tests, git.",
  input: { ...reanchorArguments, repo: z.string().optional() },
  output: reanchorOutput,
  // What a local model made of it is kept; it may be on another machine.
  hints: ({ remoteModel }) => ({ ...ownState, openWorldHint: remoteModel }),
  async open({ task: named, repo }, { sluice, signal, hints }) {
    const { openProject } = await import("../src/flow/project.js");
    const { openNamedTask } = await import("../src/work/reanchor/reanchor-task.js");
    const project = await openProject(sluice, repo, signal, reachOf(hints));
    const opened = await openNamedTask(project, sluice, named, signal);
    return {
      project,
      opened,
      key: JSON.stringify([project.repository.root, opened.key]),
      stale: async (until: AbortSignal) =>
        (await openNamedTask(project, sluice, named, until)).key !== opened.key,
    };
  },
  async run({ project, opened }, { task, files }, { sluice, signal, progress }) {
    const { reanchorTask } = await import("../src/work/reanchor/reanchor-task.js");
    const { fitted } = await import("../src/work/reanchor/fit.js");
    const asked = { task, files, opened, signal, onProgress: progress };
    return fitted(await reanchorTask(project, sluice, asked), project.store, sluice);
  },
});
