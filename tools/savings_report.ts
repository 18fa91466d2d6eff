import { defineTool, reads } from "../src/mcp/define-tool.js";
import { savingsArguments, savingsOutput } from "../src/premium/savings/savings-schema.js";

export default defineTool({
  name: "savings_report",
  group: "quota",
  title: "What Sluice saved",
  description:
    "Premium calls per task, tokens saved, catch rate, days a week of quota lasts; with intervals, against the targets.",
  input: savingsArguments,
  output: savingsOutput,
  hints: reads,
  async run({ repo, days }, { sluice, signal }) {
    const { openProject } = await import("../src/flow/project.js");
    const { savings } = await import("../src/premium/savings/savings.js");
    return savings(sluice, { ...(await openProject(sluice, repo, signal)), days });
  },
});
