import { changeArguments } from "../src/change/change.js";
import { openChangeJob } from "../src/mcp/change-job.js";
import { defineLongTool, runsProjectCode } from "../src/mcp/define-tool.js";
import { gatesOutput, runGates } from "../src/review/gates.js";

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
  run({ change, ...context }, _args, { sluice, signal, progress }) {
    return runGates(change, sluice, { ...context, signal, onProgress: progress });
  },
});
