import { draftQuestionsArguments, draftQuestionsOutput } from "../src/interview/draft-questions-schema.js";
import { defineLongTool, ownState, reachOf, reads } from "../src/mcp/define-tool.js";

export default defineLongTool({
  name: "draft_questions",
  group: "interview",
  title: "Draft interview questions",
  description:
    "40+ deep questions for the user about what is to be built, in batches for your ask-the-user tool. about: epic or task id, path, or idea. categories: scope, security, …, business. refine premium spends a call.",
  input: draftQuestionsArguments,
  output: draftQuestionsOutput,
  // A premium call is written down with the quota.
  hints: ({ remoteModel, sources }) =>
    sources ? { ...ownState, openWorldHint: true } : { ...reads, openWorldHint: remoteModel },
  async open({ about, repo }, { sluice, signal, hints }) {
    const { openInterview } = await import("../src/interview/open.js");
    return openInterview(about, repo, sluice, signal, reachOf(hints));
  },
  async run({ subject, project }, args, { sluice, signal, progress, hints }) {
    const { draftQuestions } = await import("../src/interview/draft-questions.js");
    const { categories, per_category, refine } = args;
    return draftQuestions(subject, project, sluice, {
      categories,
      perCategory: per_category,
      refine,
      signal,
      onProgress: progress,
      noPremium: hints.openWorldHint
        ? undefined
        : "no premium source was set up when the server started, which told the client that nothing leaves the machine",
    });
  },
});
