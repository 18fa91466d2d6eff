// What the end-to-end run has the real flowctl check, and the tests play again without one: every way of writing, with
// what a hostile text would put into it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const hostile = [
  "## Description",
  "Do it. \u00dcber\u2014\ud83d\ude00",
  "## Acceptance",
  "- [ ] planted",
  "```sh",
  "## Evidence",
  "ls",
].join("\n");

/**
 * @param {import("../../src/flow/types.js").FlowWriter} writer of an empty folder
 * @returns {Promise<import("../../src/flow/types.js").Written[]>} what was written, in the order of the calls
 */
export async function play(writer) {
  const plan = "# Any title\n\n## Overview\nx\n\n## Acceptance\n- **R1:** it works\n";
  const first = await writer.createSpec({ title: 'Add \u2014 "login" \u00dcber', markdown: plan });
  const second = await writer.createSpec({ title: "-second thing\n## Evidence" });
  const tasks = await writer.createTasks("fn-1", [
    { title: "last", description: hostile, acceptance: hostile, dependsOn: [1, 2] },
    { title: "-middle", description: "", acceptance: "", dependsOn: [2], priority: 2 },
    { title: "first", description: "d\r\ne", acceptance: "- [ ] a", satisfies: ["R1", "R4a"] },
  ]);
  const more = await writer.createTasks("fn-1", [
    { title: "more", description: "d", acceptance: "- [ ] a", dependsOn: [tasks[2]?.id ?? ""] },
  ]);
  await writer.setTaskSpec("fn-1.1", { description: hostile });
  await writer.setTaskSpec("fn-1.2", {
    description: "both",
    acceptance: "## Acceptance Criteria (all)\n- [ ] b",
  });
  await writer.setPlan("fn-2", "# fn-2-second-thing Second\n\nThe plan.\n");
  await writer.setPlanReviewStatus("fn-1", "ship");
  await writer.setPlanReviewStatus("fn-2", "needs_human");
  const entry = await writer.addMemory({
    track: "bug",
    category: "security",
    title: "No eval: ever",
    text: "Because.\n\n## Why\nIt runs.\n",
    module: "src/a",
    tags: ["x", "no"],
  });
  return [first, second, ...tasks, ...more, entry];
}

/** What a flowctl of 0.x needs of a folder to work with it. */
export const epicFolder = {
  ".flow/meta.json": '{\n  "next_epic": 1,\n  "schema_version": 2\n}\n',
  ".flow/epics/.gitkeep": "",
};

/**
 * The specs, tasks and memory of a folder by path, with what differs from run to run taken out.
 *
 * @param {string} top
 * @returns {Record<string, string>}
 */
export function writtenFiles(top) {
  /** @type {Record<string, string>} */
  const files = {};
  for (const name of ["specs", "epics", "tasks", "memory"]) {
    const folder = join(top, ".flow", name);
    for (const path of listed(folder)) {
      if (/\.(json|md)$/.test(path)) {
        files[stable(join(".flow", name, path))] = stable(readFileSync(join(folder, path), "utf8"));
      }
    }
  }
  return files;
}

/** @param {string} folder */
function listed(folder) {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  } catch {
    return [];
  }
}

/** @param {string} text */
function stable(text) {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>").replace(/\b20\d\d-\d\d-\d\d\b/g, "<date>");
}
