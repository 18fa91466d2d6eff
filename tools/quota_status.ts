import * as z from "zod";
import { defineTool, reads } from "../src/mcp/define-tool.js";
import { quotaStatusOutput } from "../src/premium/quota-schema.js";

export default defineTool({
  name: "quota_status",
  group: "quota",
  title: "Quota left",
  description:
    "What is left of each premium source, by window, with provenance and age; null is unknown. Asks sources whose figures are old; no model call.",
  input: { repo: z.string().optional() },
  output: quotaStatusOutput,
  hints: ({ sources }) => ({ ...reads, openWorldHint: sources }),
  async run({ repo }, { sluice, signal, hints }) {
    const { openProject } = await import("../src/flow/project.js");
    const { quotaStatus } = await import("../src/review/quota.js");
    const opened = await openProject(sluice, repo, signal);
    return quotaStatus(sluice, { ...opened, probe: hints.openWorldHint ? { signal } : null });
  },
});
