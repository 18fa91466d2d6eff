import { changeArguments } from "../src/change/arguments.js";
import { defineTool, ownState } from "../src/mcp/define-tool.js";
import { recordVerdictArguments, recordVerdictOutput } from "../src/review/verdict-schema.js";

export default defineTool({
  name: "record_verdict",
  group: ["review", "plan"],
  title: "Record a verdict",
  description:
    "Remember a verdict on a change, or on a plan (its spec id), that you or a person reached, so that it is not reviewed again. Never a SHIP of ours.",
  input: { ...changeArguments, ...recordVerdictArguments },
  output: recordVerdictOutput,
  hints: ownState,
  async run(args, { sluice, signal }) {
    const { plan } = args;
    if (plan !== undefined) {
      const { recordReachedOnPlan } = await import("../src/plan/review/record.js");
      return recordReachedOnPlan(sluice, { ...args, plan }, signal);
    }
    const { openRequestedChange } = await import("../src/review/requested-change.js");
    const { recordReached } = await import("../src/review/record-verdict.js");
    const { change, store } = await openRequestedChange(sluice, args, signal);
    return recordReached(change, sluice, args, { store, signal });
  },
});
