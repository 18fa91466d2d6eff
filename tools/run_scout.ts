import { defineLongTool, ownState, reachOf } from "../src/mcp/define-tool.js";
import { scoutArguments, scoutOutput } from "../src/plan/scouts/scout-schema.js";

export default defineLongTool({
  name: "run_scout",
  group: "plan",
  title: "Scout for a feature",
  description:
    "Before planning: what code, docs, dependencies, specs, memory and issues say about a feature (text or flow id). Free, cached.",
  input: scoutArguments,
  output: scoutOutput,
  // A model may be on another machine; issues are looked up where a token or `gh` is there.
  hints: ({ remoteModel, sources, github }) => ({
    ...ownState,
    openWorldHint: remoteModel || sources || github,
  }),
  async open({ repo, feature }, { sluice, signal, hints }) {
    const { openProject } = await import("../src/flow/project.js");
    const { featureText } = await import("../src/plan/scouts/feature.js");
    const { workTreeMark } = await import("../src/change/work-tree-mark.js");
    const project = await openProject(sluice, repo, signal, reachOf(hints));
    const mark = await workTreeMark(project.repository, signal);
    return {
      project,
      text: await featureText(project, sluice, feature, signal),
      key: JSON.stringify([project.repository.root, mark]),
      stale: async (until: AbortSignal) => (await workTreeMark(project.repository, until)) !== mark,
    };
  },
  async run(
    { project, text },
    { feature, scouts, paths, refresh, premium },
    { sluice, signal, progress, hints },
  ) {
    const { runScouts } = await import("../src/plan/scouts/run.js");
    const { scoutAnswer } = await import("../src/plan/scouts/answer.js");
    const run = await runScouts(project, sluice, {
      feature: text,
      about: text === feature ? null : feature.trim(),
      scouts,
      paths,
      refresh,
      premium,
      unreachable: hints.openWorldHint
        ? null
        : "it was set up after the server started, which told the client that nothing leaves the machine: restart it",
      signal,
      onProgress: progress,
    });
    return scoutAnswer(run, project, sluice);
  },
});
