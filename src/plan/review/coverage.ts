import { acceptanceCriteria } from "../../flow/markdown.js";
import { finding, type PlanFinding, quoted } from "./findings.js";
import { lineOf, type Plan } from "./plan.js";

/** Where spec and tasks speak of each other and don't agree: requirements by their ids, and tasks that are there twice. */
export function coverageFindings({ spec, tasks }: Plan): PlanFinding[] {
  if (spec.markdown === null) return [];
  const found: PlanFinding[] = [];
  const criteria = acceptanceCriteria(spec.markdown);
  const byId = new Map<string, string>();
  for (const { id, text } of criteria) {
    if (id === null) continue;
    const before = byId.get(id);
    if (before !== undefined) {
      found.push(
        finding({
          severity: "certain",
          class: "contradiction",
          file: spec.specPath,
          line: lineOf(spec.markdown, text),
          about: `${id} ${text}`,
          message: `${id} stands for two requirements: ${quoted(before)} and ${quoted(text)}. Number one of them anew.`,
        }),
      );
    }
    byId.set(id, text);
  }
  const wanted = new Set<string>();
  for (const { id, satisfies, specPath, markdown } of tasks) {
    for (const requirement of satisfies) {
      wanted.add(requirement);
      if (byId.has(requirement)) continue;
      found.push(
        finding({
          severity: "certain",
          class: "contradiction",
          file: specPath,
          line: lineOf(markdown, "satisfies"),
          about: requirement,
          message: `${id} satisfies ${quoted(requirement)}, which the spec does not have.`,
        }),
      );
    }
  }
  // Only where tasks say what they satisfy: older folders don't.
  if (wanted.size > 0) {
    for (const [id, text] of byId) {
      if (wanted.has(id)) continue;
      found.push(
        finding({
          severity: "likely",
          class: "not_covered",
          file: spec.specPath,
          line: lineOf(spec.markdown, text),
          about: id,
          message: `No task satisfies ${id}, ${quoted(text)}.`,
        }),
      );
    }
  }
  const titles = new Map<string, string>();
  for (const { id, title, jsonPath } of tasks) {
    const key = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, " ")
      .trim();
    const twin = titles.get(key);
    if (twin !== undefined && key !== "") {
      found.push(
        finding({
          severity: "likely",
          class: "contradiction",
          file: jsonPath,
          line: null,
          about: `${twin} ${id}`,
          message: `${id} has the title of ${twin}, ${quoted(title)}: two workers would do the same.`,
        }),
      );
    }
    titles.set(key, id);
  }
  return found;
}
