import type { PlannedTask, Requirement } from "./types.js";

/** A task's description as it is written: everything a worker needs who knows nothing yet, below one heading. */
export function descriptionText(task: PlannedTask, requirements: readonly Requirement[]): string {
  const meant = requirements.filter(
    ({ id, named, text }) => !named && task.satisfies.includes(id) && !task.description.includes(text),
  );
  const parts = [
    `**Size:** ${task.size}`,
    task.files.length === 0
      ? "**Files:** not known yet"
      : `**Files:** ${task.files.map(fileText).join(", ")}`,
    "",
    task.description,
    ...(meant.length === 0 ? [] : ["", "**Of the spec**", ...meant.map(({ text }) => `- ${text}`)]),
    ...(task.tests === "" ? [] : ["", "**Tests**", task.tests]),
    ...(task.flags.length === 0
      ? []
      : ["", "**To be settled first**", ...task.flags.map((flag) => `- ${flag}`)]),
  ];
  return parts.join("\n").trim();
}

export function acceptanceText({ acceptance }: PlannedTask): string {
  return acceptance.length === 0 ? "- [ ] TBD" : acceptance.map((item) => `- [ ] ${item}`).join("\n");
}

function fileText({ path, isNew }: PlannedTask["files"][number]): string {
  return isNew ? `\`${path}\` (new)` : `\`${path}\``;
}
