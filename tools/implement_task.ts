import * as z from "zod";
import { defineLongTool, reachOf } from "../src/mcp/define-tool.js";
import { implementArguments, implementOutput } from "../src/work/implement/implement-schema.js";

export default defineLongTool({
  name: "implement_task",
  group: "work",
  title: "Implement a task",
  description:
    "Local model does a task (flow id, Markdown file or words) in a throw-away worktree: tested diff, or questions. Free unless escalate.",
  input: { ...implementArguments, repo: z.string().optional() },
  output: implementOutput,
  // With `apply` it writes the user's files; trusted gates run in a sandbox without network, or as the user's configuration says.
  hints: ({ remoteModel, sources, unsandboxed }) => ({
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: remoteModel || sources || unsandboxed,
  }),
  async open({ task, repo }, { sluice, signal, hints }) {
    const { isStale, requestImplementation } = await import("../src/work/implement/implement.js");
    const requested = await requestImplementation(sluice, { task, repo }, signal, reachOf(hints));
    return {
      requested,
      key: requested.key,
      stale: (until: AbortSignal) => isStale(requested, until),
    };
  },
  async run({ requested }, args, { sluice, signal, progress, hints }) {
    const { implement } = await import("../src/work/implement/implement.js");
    return implement(requested, sluice, args, {
      signal,
      onProgress: progress,
      noPremium: hints.openWorldHint
        ? undefined
        : "a premium source was set up after the server started, which told the client that nothing leaves the machine: restart it",
    });
  },
});
