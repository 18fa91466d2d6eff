import { fillPrompt, loadPrompt } from "../config/prompts.js";
import { UsageError } from "../errors.js";
import type { Group } from "./define-tool.js";

/** A phase as a slash command: what a client lists, and where its words are. */
interface Guide {
  name: string;
  title: string;
  description: string;
  group: Group;
  file: string;
  argument: { name: string; description: string; required: boolean };
  /** What stands in for the argument where there is none. */
  subject(value: string | undefined): string;
}

const given = (value: string | undefined): string => value ?? "";

/** In the order of the phases. */
export const guides: readonly Guide[] = [
  {
    name: "interview",
    title: "Interview me",
    description: "Questions that dig, then a specification of what was answered.",
    group: "interview",
    file: "agent-interview",
    argument: {
      name: "subject",
      description: "An epic or task id, a file, or the idea itself",
      required: true,
    },
    subject: given,
  },
  {
    name: "plan",
    title: "Plan a feature",
    description: "Scouts, a spec, tasks, and a review of the plan.",
    group: "plan",
    file: "agent-plan",
    argument: { name: "subject", description: "The feature, or an epic id", required: true },
    subject: given,
  },
  {
    name: "work",
    title: "Work on a task",
    description: "Re-anchor, choose the worker, implement, review.",
    group: "work",
    file: "agent-work",
    argument: { name: "task", description: "A flow task id", required: true },
    subject: given,
  },
  {
    name: "review",
    title: "Review the change",
    description: "Free stages first, then one premium verdict.",
    group: "review",
    file: "agent-review",
    argument: { name: "task", description: "A flow task id that the change belongs to", required: false },
    subject: (value) => (value === undefined ? "." : `, for the task ${value} (pass it as \`task\`).`),
  },
];

/** What a slash command hands over at most, in characters. */
const longestSubject = 20_000;

const chosen = (groups: ReadonlySet<Group>): Guide[] => guides.filter(({ group }) => groups.has(group));

/** The phases of the groups that are loaded, as MCP lists prompts. */
export function listPrompts(groups: ReadonlySet<Group>) {
  return chosen(groups).map(({ name, title, description, argument }) => ({
    name,
    title,
    description,
    arguments: [argument],
  }));
}

/**
 * One phase, walked through step by step for the agent that asked.
 *
 * @throws UsageError for a name that is not listed, and an argument that is missing or too long
 */
export async function getPrompt(
  groups: ReadonlySet<Group>,
  name: string,
  args: Readonly<Record<string, string>>,
): Promise<{ description: string; text: string }> {
  const known = chosen(groups);
  const guide = known.find((one) => one.name === name);
  if (guide === undefined) {
    throw new UsageError(
      `There is no prompt ${JSON.stringify(name.slice(0, 100))}.`,
      `This server has: ${known.map((one) => one.name).join(", ")}.`,
    );
  }
  const { argument } = guide;
  const value = args[argument.name]?.trim() || undefined;
  if (value === undefined && argument.required) {
    throw new UsageError(`The prompt ${name} needs ${argument.name}.`, `${argument.description}.`);
  }
  if (value !== undefined && value.length > longestSubject) {
    throw new UsageError(
      `${argument.name} has ${value.length} characters; ${longestSubject} fit.`,
      "Write it to a file in the repository and name the file.",
    );
  }
  const text = fillPrompt(await loadPrompt(guide.file), { subject: guide.subject(value) });
  return { description: guide.description, text };
}
