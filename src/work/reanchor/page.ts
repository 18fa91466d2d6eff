import type { Reanchored } from "./reanchor-schema.js";

type Page = Omit<Reanchored, "tokens">;

const dependencyWords = { needs: "needs", needed_by: "needed by", epic_needs: "its epic needs" } as const;

/** A re-anchoring as a worker reads it: one page of Markdown, what must not be lost first. */
export function reanchorPage(page: Page): string {
  const { task, git } = page;
  const lines: string[] = [`# ${task.id === null ? "" : `${task.id} `}${task.title}`];
  const facts = [
    task.status === null ? null : `status ${task.status}`,
    task.spec === null ? null : `part of ${task.spec}`,
  ].filter((fact) => fact !== null);
  if (facts.length > 0) lines.push(facts.join(", "));
  if (page.spec_paths.length > 0) lines.push(`Whole specs: ${page.spec_paths.join(", ")}`);
  const section = (heading: string, items: readonly string[]) => {
    if (items.length > 0)
      lines.push("", `## ${heading}`, ...items.map((item) => `- ${item.replace(/\n/g, "\n  ")}`));
  };
  section(
    "Acceptance (word for word)",
    page.acceptance.map(
      ({ text, id, done, of }) =>
        `[${done ? "x" : " "}] ${of === "epic" ? "(epic) " : ""}${id === null ? "" : `${id}: `}${text}`,
    ),
  );
  if (page.brief !== "") lines.push("", "## In short", page.brief);
  section(
    "Constraints and figures (word for word)",
    page.constraints.map(({ text, of }) => `${of === "epic" ? "(epic) " : ""}${text}`),
  );
  section(
    "Files likely to change",
    page.files.map(({ path, state, from, why }) => {
      const doubt =
        from === "estimate" ? " (estimated)" : why.includes("; not there") ? why.slice(why.indexOf(";")) : "";
      return `${path}${state === "new" ? " (new)" : ""}${doubt}`;
    }),
  );
  section(
    "Patterns and pitfalls",
    page.patterns.map(({ text, track }) => `${track}: ${text}`),
  );
  section(
    "Dependencies",
    page.dependencies.map(({ id, title, status, kind, summary, commits }) => {
      const made = commits.length === 0 ? "" : ` (${commits.join(", ")})`;
      return `${dependencyWords[kind]} ${id} ${title} [${status}]${summary === null ? "" : `: ${summary}`}${made}`;
    }),
  );
  section(
    "Tests",
    page.tests.map(({ kind, text }) =>
      kind === "requirement" ? text : kind === "command" ? `run \`${text}\`` : `see ${text}`,
    ),
  );
  section("Git", [
    `${git.branch ?? "no branch"} at ${git.head?.slice(0, 12) ?? "no commit yet"}, ${git.changed} changed ${git.changed === 1 ? "file" : "files"}${git.base === null ? "" : `, base ${git.base.slice(0, 12)}`}`,
    ...git.status,
    ...git.commits.map(({ id, subject }) => `${id.slice(0, 9)} ${subject}`),
  ]);
  section("Notes", page.notes);
  return `${lines.join("\n")}\n`;
}
