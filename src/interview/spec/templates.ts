import { linesOf } from "../../flow/markdown.js";
import type { Dialect } from "../../flow/types.js";
import type { SectionName } from "./statements.js";

export interface TemplateSection {
  heading: string;
  /** What stands under it, in this order. */
  holds: readonly (SectionName | "acceptance" | "commands" | "references")[];
}

/** The skeleton of flow-next 0.x, and of the specs that any version creates. */
const skeleton: readonly TemplateSection[] = [
  { heading: "Overview", holds: ["goal"] },
  { heading: "Scope", holds: ["scope", "boundaries"] },
  { heading: "Approach", holds: ["architecture", "contracts", "constraints", "decisions"] },
  { heading: "Quick commands", holds: ["commands"] },
  { heading: "Acceptance", holds: ["acceptance"] },
  { heading: "References", holds: ["references"] },
];

/** The planning template of flow-next 4.x (`templates/spec.md`). */
const planning: readonly TemplateSection[] = [
  { heading: "Goal & Context", holds: ["goal", "scope"] },
  { heading: "Architecture & Data Models", holds: ["architecture"] },
  { heading: "API Contracts", holds: ["contracts"] },
  { heading: "Edge Cases & Constraints", holds: ["constraints"] },
  { heading: "Acceptance Criteria", holds: ["acceptance"] },
  { heading: "Boundaries", holds: ["boundaries"] },
  { heading: "Decision Context", holds: ["decisions"] },
  { heading: "Resolved via Codebase", holds: ["references"] },
];

export const openHeading = "Open Questions";
export const evidenceHeading = "Conversation Evidence";

export interface ExistingSection {
  heading: string;
  /** Without the lines at its edges that are empty. */
  body: string;
}

/** A spec's sections of the second level; what stands above the first one has an empty heading. */
export function sectionsOf(markdown: string): ExistingSection[] {
  const sections: { heading: string; lines: string[] }[] = [{ heading: "", lines: [] }];
  for (const { text, fenced } of linesOf(markdown)) {
    if (!fenced && /^## /.test(text)) sections.push({ heading: text.slice(3).trim(), lines: [] });
    else if (fenced || sections.length > 1 || !/^# /.test(text)) sections.at(-1)?.lines.push(text);
  }
  return sections.map(({ heading, lines }) => ({
    heading,
    body: lines.join("\n").replace(/^\s*\n|\s+$/g, ""),
  }));
}

/** What flowctl and the templates put where nobody has written yet. */
export function withoutPlaceholders(body: string): string {
  return body
    .split("\n")
    .filter(
      (line) =>
        !/^\s*(?:[-*]\s+)?(?:\[ \]\s*)?TBD\.?\s*$/.test(line) &&
        !/^<!-- (?:scope: \w+|Required: at least one smoke command[^>]*) -->$/.test(line.trim()) &&
        !/^-? ?`?# e\.g\., npm test, bun test, make test`?$/.test(line.trim()) &&
        !/^\*Pending technical-scope interview pass\.\*$/.test(line.trim()),
    )
    .join("\n")
    .trim();
}

/** The template that a spec is written in: the one it has, where somebody has filled it, else the folder's. */
export function templateFor(
  dialect: Dialect,
  existing: readonly ExistingSection[],
): readonly TemplateSection[] {
  const filled = existing
    .filter(({ body }) => withoutPlaceholders(body) !== "")
    .map(({ heading }) => heading.toLowerCase());
  const has = (template: readonly TemplateSection[]) =>
    template.filter(({ heading }) => filled.includes(heading.toLowerCase())).length;
  const [old, current] = [has(skeleton), has(planning)];
  if (old > current) return skeleton;
  if (current > old) return planning;
  return dialect === "epic" ? skeleton : planning;
}
