import { acceptanceCriteria } from "../../flow/markdown.js";
import type { AcceptanceCriterion } from "../../flow/types.js";
import { emptyPromise } from "../testable.js";
import { finding, type PlanFinding, quoted } from "./findings.js";
import { lineOf, type Plan } from "./plan.js";

/**
 * Acceptance criteria that nobody could decide, said with care: only where a criterion promises a quality and names
 * nothing that could be counted, called or seen.
 */
export function untestableCriteria({ spec, tasks }: Plan): PlanFinding[] {
  const found: PlanFinding[] = [];
  const look = (file: string, markdown: string | null, criteria: readonly AcceptanceCriterion[]) => {
    for (const { text } of criteria) {
      const word = emptyPromise(text);
      if (word === null) continue;
      found.push(
        finding({
          severity: "likely",
          class: "untestable",
          file,
          line: lineOf(markdown, text),
          about: text,
          message: `Nobody can decide ${quoted(text)}: ${quoted(word)} names nothing that can be counted, called or seen. Say what happens, when, and how it is checked.`,
        }),
      );
    }
  };
  if (spec.markdown !== null) look(spec.specPath, spec.markdown, acceptanceCriteria(spec.markdown));
  for (const { specPath, markdown, sections, status } of tasks) {
    if (status === "done" || sections.acceptance === null) continue;
    look(specPath, markdown, acceptanceCriteria(`## Acceptance\n${sections.acceptance}`));
  }
  return found;
}
