import { defineLongTool, ownState, reachOf } from "../src/mcp/define-tool.js";
import { breakdownArguments, breakdownOutput } from "../src/plan/breakdown-schema.js";

export default defineLongTool({
  name: "break_down_tasks",
  group: "plan",
  title: "Break a spec down into tasks",
  description:
    "Tasks for a spec: size, dependencies, files, acceptance that can be checked, the requirements each covers, and which none does.",
  input: breakdownArguments,
  output: breakdownOutput,
  // With `write` it adds tasks to .flow and changes nothing that is there.
  hints: ({ remoteModel, sources }) => ({ ...ownState, openWorldHint: remoteModel || sources }),
  async open({ spec, repo }, { sluice, signal, hints }) {
    const { openSpecJob } = await import("../src/plan/spec-job.js");
    return openSpecJob(sluice, { spec, repo }, signal, reachOf(hints));
  },
  async run({ project, source }, { write }, { sluice, signal, progress, hints }) {
    const { breakDownSource } = await import("../src/plan/breakdown.js");
    return breakDownSource(project, sluice, source, {
      write,
      signal,
      onProgress: progress,
      noPremium: hints.openWorldHint
        ? undefined
        : "it was set up after the server started, which told the client that nothing leaves the machine: restart it",
    });
  },
});
