import { openChangeJob } from "../src/mcp/change-job.js";
import { defineLongTool, ownState, runsProjectCode } from "../src/mcp/define-tool.js";
import { reviewArguments, reviewOutput } from "../src/review/review-schema.js";

export default defineLongTool({
  name: "review_change",
  group: "review",
  title: "Review a change",
  description:
    "Call this first: reviews a change stage by stage, the free ones before a premium model, stopping at the first that decides. Says what to fix, or gives the verdict that ships.",
  input: reviewArguments,
  output: reviewOutput,
  // It runs the gates, but only where a person had allowed some before the server started: see `noGates`.
  hints: ({ trustedGates, tools, remoteModel, sources }) =>
    trustedGates || tools ? runsProjectCode : { ...ownState, openWorldHint: remoteModel || sources },
  open: openChangeJob,
  async run(requested, { until }, { sluice, signal, progress, hints }) {
    const { review } = await import("../src/review/pipeline.js");
    const { receiptPath } = await import("../src/flow/receipt.js");
    return review(requested, sluice, until, {
      signal,
      onProgress: progress,
      receipt: receiptPath(sluice, undefined),
      noPremium: hints.openWorldHint
        ? undefined
        : "a premium source was set up after the server started, which told the client that nothing leaves the machine: restart it",
      noGates: hints.destructiveHint
        ? undefined
        : "this repository's commands were trusted after the server started: call run_gates, or restart the server",
      noTools: hints.destructiveHint
        ? undefined
        : "configured after the server started, which told the client that no code is run: restart it",
    });
  },
});
