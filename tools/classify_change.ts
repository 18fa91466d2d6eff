import { changeArguments } from "../src/change/arguments.js";
import { defineTool, reads } from "../src/mcp/define-tool.js";
import { classification } from "../src/review/classify-schema.js";

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
    const { openRequestedChange } = await import("../src/review/requested-change.js");
    const { classifyWithModel } = await import("../src/review/classify.js");
    const { change, ...context } = await openRequestedChange(sluice, args, signal);
    return classifyWithModel(change, sluice, { ...context, signal });
  },
});
