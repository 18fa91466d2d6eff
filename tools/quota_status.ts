import { defineTool, reads } from "../src/mcp/define-tool.js";
import { quotaStatus, quotaStatusOutput } from "../src/review/quota.js";
import { openRequestedRepository } from "../src/review/requested-change.js";

export default defineTool({
  name: "quota_status",
  group: "quota",
  title: "Quota left",
  description:
    "What is left of each premium source, by window, with where the figure came from and its age; null is unknown.",
  input: {},
  output: quotaStatusOutput,
  hints: reads,
  async run(_args, { sluice, signal }) {
    return quotaStatus(sluice, await openRequestedRepository(sluice, undefined, signal));
  },
});
