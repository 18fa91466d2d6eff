import { changeArguments } from "../src/change/change.js";
import { defineTool, ownState } from "../src/mcp/define-tool.js";
import { recordReached, recordVerdictArguments, recordVerdictOutput } from "../src/review/record-verdict.js";
import { openRequestedChange } from "../src/review/requested-change.js";

export default defineTool({
  name: "record_verdict",
  group: "review",
  title: "Record a verdict",
  description:
    "Remember a verdict that you or a person reached, so that the same change is not reviewed again. Never a SHIP of review_change.",
  input: { ...changeArguments, ...recordVerdictArguments },
  output: recordVerdictOutput,
  hints: ownState,
  async run(args, { sluice, signal }) {
    const { change, store } = await openRequestedChange(sluice, args, signal);
    return recordReached(change, sluice, args, { store, signal });
  },
});
