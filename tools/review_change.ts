import { openChangeJob } from "../src/mcp/change-job.js";
import { defineLongTool, ownState, runsProjectCode } from "../src/mcp/define-tool.js";
import { reviewArguments, reviewOutput } from "../src/review/review-schema.js";

export default defineLongTool({
  name: "review_change",
  group: "review",
  title: "Review a change",
  description:
    "Call this first: reviews a change through all free stages, stopping at the first that decides. Says what to fix, or how to get the verdict that ships.",
  input: reviewArguments,
  output: reviewOutput,
  // It runs the gates, but only where a person had allowed some before the server started: see `noGates`.
  hints: ({ trustedGates, tools, remoteModel }) =>
    trustedGates || tools ? runsProjectCode : { ...ownState, openWorldHint: remoteModel },
  open: openChangeJob,
  async run(requested, { until }, { sluice, signal, progress, hints }) {
    const { review } = await import("../src/review/pipeline.js");
    return review(requested, sluice, until, {
      signal,
      onProgress: progress,
      noGates: hints.destructiveHint
        ? undefined
        : "this repository's commands were trusted after the server started: call run_gates, or restart the server",
      noTools: hints.destructiveHint
        ? undefined
        : "configured after the server started, which told the client that no code is run: restart it",
    });
  },
});
