import * as z from "zod";
import { defineTool, reachOf, reads } from "../src/mcp/define-tool.js";
import { classifyTaskArguments, taskClassification } from "../src/work/classify/classify-schema.js";

export default defineTool({
  name: "classify_task",
  group: "work",
  title: "Classify a task",
  description:
    "How hard is a task (flow id, Markdown file or words): LOW, MEDIUM or HIGH with evidence, and which worker should do it. Free.",
  input: { ...classifyTaskArguments, repo: z.string().optional() },
  output: taskClassification,
  // A local model may be asked, which may be on another machine.
  hints: ({ remoteModel }) => ({ ...reads, openWorldHint: remoteModel }),
  async run({ task, files, repo }, { sluice, signal, hints }) {
    const { openProject } = await import("../src/flow/project.js");
    const { classifyTask } = await import("../src/work/classify/classify-task.js");
    const project = await openProject(sluice, repo, signal, reachOf(hints));
    return classifyTask(project, sluice, { task, files, signal });
  },
});
