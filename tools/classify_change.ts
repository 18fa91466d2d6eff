import { changeArguments } from "../src/change/change.js";
import { defineTool, reads } from "../src/mcp/define-tool.js";
import { classification, classify } from "../src/review/classify.js";
import { openRequestedChange } from "../src/review/requested-change.js";

export default defineTool({
  name: "classify_change",
  group: "review",
  title: "Classify a change",
  description:
    "How much reviewer does this change need: SECURITY, COMPLEX or ROUTINE, with the evidence. Free.",
  input: changeArguments,
  output: classification,
  hints: reads,
  async run(args, { sluice, signal }) {
    const { change, ...context } = await openRequestedChange(sluice, args, signal);
    return classify(change, sluice, { ...context, signal });
  },
});
