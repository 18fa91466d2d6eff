import { changeArguments } from "../src/change/arguments.js";
import { openChangeJob } from "../src/mcp/change-job.js";
import { defineLongTool, runsProjectCode } from "../src/mcp/define-tool.js";
import { gatesOutput } from "../src/review/gates-schema.js";

export default defineLongTool({
  name: "run_gates",
  group: "review",
  title: "Run the gates",
  description:
    "Do the project's own lint, build and typecheck pass? Runs only what a person allowed by `sluice trust`; tells new failures from old.",
  input: changeArguments,
  output: gatesOutput,
  hints: runsProjectCode,
  open: openChangeJob,
  async run({ change, ...context }, _args, { sluice, signal, progress }) {
    const { runGates } = await import("../src/review/gates.js");
    const { alone } = await import("../src/review/evidence.js");
    return alone.gates({ change, sluice, ...context }, () =>
      runGates(change, sluice, { ...context, signal, onProgress: progress }),
    );
  },
});
