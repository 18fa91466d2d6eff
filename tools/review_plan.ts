import { defineLongTool, ownState, reachOf } from "../src/mcp/define-tool.js";
import { planReviewArguments, planReviewOutput } from "../src/plan/review/plan-review-schema.js";

export default defineLongTool({
  name: "review_plan",
  group: "plan",
  title: "Review a plan",
  description: "An epic's or spec's plan: free checks, then a premium model's verdict, with what to mend.",
  input: planReviewArguments,
  output: planReviewOutput,
  // With `write` it sets one field of the spec, plan_review_status, to its verdict.
  hints: ({ remoteModel, sources }) => ({ ...ownState, openWorldHint: remoteModel || sources }),
  async open({ spec, repo }, { sluice, signal, hints }) {
    const { openPlan, planMoved } = await import("../src/plan/review/open.js");
    const opened = await openPlan(sluice, { spec, repo }, signal, reachOf(hints));
    const { project, fingerprint, context_fingerprint } = opened;
    return {
      opened,
      key: JSON.stringify([project.repository.root, fingerprint, context_fingerprint]),
      stale: (until) => planMoved(opened, until),
    };
  },
  async run({ opened }, { until, dismiss, write }, { sluice, signal, progress, hints }) {
    const { reviewPlan } = await import("../src/plan/review/review-plan.js");
    const { receiptPath } = await import("../src/flow/receipt.js");
    return reviewPlan(opened, {
      until,
      dismiss,
      write,
      signal,
      onProgress: progress,
      receipt: receiptPath(sluice, undefined),
      noPremium: hints.openWorldHint
        ? undefined
        : "a premium source was set up after the server started, which told the client that nothing leaves the machine: restart it",
    });
  },
});
