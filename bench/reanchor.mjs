// What is left of a task's originals (task, spec, dependencies, memory that bears on it) after `reanchor_task`, in tokens
// and without a model: of some tasks in a repository's .flow folder. After `npm run build`. The repository is only read:
// it happens in a clone in a temporary folder.
//
//   node bench/reanchor.mjs REPOSITORY [how many tasks, spread over all, default 5]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readFlow } from "../dist/src/flow/folder.js";
import { openProject } from "../dist/src/flow/project.js";
import { createSluice } from "../dist/src/sluice.js";
import { reanchorTask } from "../dist/src/work/reanchor/reanchor-task.js";
import { spread } from "./measure.mjs";

const [source = ".", wanted = "5"] = process.argv.slice(2);
const top = mkdtempSync(join(tmpdir(), "sluice-bench-"));
try {
  const folder = join(top, "repository");
  execFileSync("git", ["clone", "-q", "--shared", "--", resolve(source), folder]);
  const { signal } = new AbortController();
  const env = { PATH: process.env.PATH, HOME: top, LOCAL_ENABLED: "0", PREMIUM_REVIEW_ENABLED: "0" };
  const sluice = createSluice({ cwd: folder, env, log: () => {} });
  const project = await openProject(sluice, undefined, signal);
  const flow = await readFlow(project.repository, sluice);
  const shares = [];
  const count = Math.min(Number(wanted), flow.tasks.length);
  for (let at = 0; at < count; at += 1) {
    const { id } = flow.tasks[Math.floor((at * flow.tasks.length) / count)];
    const { tokens } = await reanchorTask(project, sluice, { task: id, signal });
    shares.push(tokens.summary / tokens.originals);
    console.log(`  ${id.padEnd(60)} ${tokens.originals} → ${tokens.summary} tokens`);
  }
  if (shares.length === 0) throw new Error(`${source} has no tasks in .flow`);
  const { min, median, max } = spread(shares);
  const percent = (share) => `${Math.round(share * 100)} %`;
  console.log(`${shares.length} tasks: ${percent(min)} to ${percent(max)} left, median ${percent(median)}`);
} finally {
  rmSync(top, { recursive: true, force: true });
}
