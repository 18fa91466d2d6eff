import { changeArguments } from "../src/change/arguments.js";
import { defineTool, reachOf, reads } from "../src/mcp/define-tool.js";
import { classification } from "../src/review/classify-schema.js";

export default defineTool({
  name: "classify_change",
  group: "review",
  title: "Classify a change",
  description:
    "How much reviewer does this change need: SECURITY, COMPLEX or ROUTINE, with the evidence. Free.",
  input: changeArguments,
  output: classification,
  // A local model may be asked, which may be on another machine.
  hints: ({ remoteModel }) => ({ ...reads, openWorldHint: remoteModel }),
  async run(args, { sluice, signal, hints }) {
    const { openRequestedChange } = await import("../src/review/requested-change.js");
    const { classifyWithModel } = await import("../src/review/classify.js");
    const { change, ...context } = await openRequestedChange(sluice, args, signal, reachOf(hints));
    const { alone } = await import("../src/review/evidence.js");
    return alone.classify({ change, sluice, ...context }, () =>
      classifyWithModel(change, sluice, { ...context, signal }),
    );
  },
});
