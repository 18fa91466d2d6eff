import { changeArguments } from "../src/change/arguments.js";
import { openChangeJob } from "../src/mcp/change-job.js";
import { defineLongTool, ownState, runsProjectCode } from "../src/mcp/define-tool.js";
import { prescreenArguments, prescreenOutput } from "../src/review/prescreen-schema.js";

export default defineLongTool({
  name: "prescreen_diff",
  group: "review",
  title: "Pre-screen a change",
  description:
    "Mistakes that a change brought in, by static analysis: undefined names, missing imports, null access, secrets. Fix them before any review, or dismiss false ones.",
  input: { ...changeArguments, ...prescreenArguments },
  output: prescreenOutput,
  // Programs that the user configured may run the project's code; a model may be on another machine.
  hints: ({ tools, remoteModel }) => (tools ? runsProjectCode : { ...ownState, openWorldHint: remoteModel }),
  open: openChangeJob,
  async run({ change, ...context }, { dismiss }, { sluice, signal, progress, hints }) {
    const { prescreen } = await import("../src/review/prescreen.js");
    const { alone } = await import("../src/review/evidence.js");
    return alone.prescreen({ change, sluice, ...context }, () =>
      prescreen(change, sluice, {
        ...context,
        dismiss,
        signal,
        onProgress: progress,
        noTools: hints.destructiveHint
          ? undefined
          : "configured after the server started, which told the client that no code is run: restart it",
      }),
    );
  },
});
