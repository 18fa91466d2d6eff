import * as z from "zod";
import { defineTool, ownState } from "../src/mcp/define-tool.js";
import { recordUsageArguments, recordUsageOutput } from "../src/premium/usage-schema.js";

export default defineTool({
  name: "record_usage",
  group: "quota",
  title: "Record usage",
  description:
    "Tell Sluice what a premium source used or said elsewhere: tokens of a call, a rate limit, a usage window. Routing goes by it.",
  input: { ...recordUsageArguments, repo: z.string().optional() },
  output: recordUsageOutput,
  hints: ownState,
  async run({ repo, ...seen }, { sluice, signal }) {
    const { openProject } = await import("../src/flow/project.js");
    const { recordUsageSeen } = await import("../src/review/quota.js");
    return recordUsageSeen(sluice, seen, await openProject(sluice, repo, signal));
  },
});
