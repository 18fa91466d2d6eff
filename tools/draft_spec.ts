import { draftSpecArguments, draftSpecOutput } from "../src/interview/spec/draft-spec-schema.js";
import { defineLongTool, ownState, reachOf } from "../src/mcp/define-tool.js";

export default defineLongTool({
  name: "draft_spec",
  group: ["interview", "plan"],
  title: "Draft a spec",
  description:
    "A spec from answers (list, or a file's path), each statement traced. about: epic or task id, path or idea. write stores it, title makes a new one.",
  input: draftSpecArguments,
  output: draftSpecOutput,
  hints: ({ remoteModel, sources }) => ({ ...ownState, openWorldHint: remoteModel || sources }),
  async open({ about, repo, write }, { sluice, signal, hints }) {
    const { openInterview } = await import("../src/interview/open.js");
    const opened = await openInterview(about, repo, sluice, signal, reachOf(hints));
    // What it wrote itself is no reason to call again.
    return write === true ? { ...opened, stale: async () => false } : opened;
  },
  async run({ subject, project }, { answers, title, write }, { sluice, signal, progress, hints }) {
    const { draftSpec } = await import("../src/interview/spec/draft-spec.js");
    const { openAnswers } = await import("../src/interview/spec/open-answers.js");
    // Without an interview the repository itself has to say most: what scouts kept, else what they see at once.
    const { scoutedText } = await import("../src/plan/scouts/scouted-text.js");
    const digest = answers === undefined ? await scoutedText(project, sluice, subject.text, signal) : "";
    return draftSpec(subject, project, sluice, {
      answers: await openAnswers(answers, project, sluice),
      digest,
      title,
      write,
      signal,
      onProgress: progress,
      noPremium: hints.openWorldHint
        ? undefined
        : "no premium source was set up when the server started, which told the client that nothing leaves the machine",
    });
  },
});
