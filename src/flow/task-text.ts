import { linesOf, type taskHeadings } from "./markdown.js";
import type { Dialect } from "./types.js";

type Section = (typeof taskHeadings)[number];

/** Markdown of ours before it goes into a file: one kind of line end, nothing that a terminal would obey. */
export function cleanMarkdown(text: string): string {
  return (
    text
      .replace(/^\ufeff/, "")
      .replace(/\r\n?/g, "\n")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "")
  );
}

/**
 * What may stand in a section so that flowctl's `validate` goes on finding the four headings once each: a title of its
 * own at the top goes, headings of the second level become of the third (flowctl 4.x does both), and a code fence that
 * is open at the end is closed, because it would hide the headings below.
 */
export function sectionContent(section: Section, text: string, dialect: Dialect): string {
  const [first = "", ...rest] = cleanMarkdown(text).trimStart().split("\n");
  const body = titleVariant(section).test(first.trim())
    ? rest.join("\n").trimStart()
    : [first, ...rest].join("\n");
  const lines = linesOf(body.trimEnd());
  let fence: string | null = null;
  const written = lines.map((line) => {
    const start = line.text.trimStart().slice(0, 3);
    if (fence === null) fence = start === "```" || start === "~~~" ? start : null;
    else if (line.fenced && start === fence) fence = null;
    if (!line.text.startsWith("## ")) return line.text;
    if (!line.fenced) return `#${line.text}`;
    // flowctl 0.x takes a heading in a fence for one.
    return dialect === "epic" ? ` ${line.text}` : line.text;
  });
  if (fence !== null) written.push(fence);
  return written.join("\n");
}

/** `## Acceptance Criteria (draft)` for `## Acceptance`: a title that flowctl takes for the section's own. */
function titleVariant(section: Section): RegExp {
  const word = section.slice("## ".length);
  return new RegExp(`^##\\s+${word}${word === "Acceptance" ? "(?:\\s+[Cc]riteria)?" : ""}\\s*(?:[(:—-].*)?$`);
}

/** A fresh task's markdown. The parts are as `sectionContent` gives them. */
export function taskMarkdown(
  id: string,
  title: string,
  parts: { description: string; acceptance: string; satisfies: readonly string[] },
): string {
  const front = parts.satisfies.length === 0 ? "" : `---\nsatisfies: [${parts.satisfies.join(", ")}]\n---\n`;
  const description = parts.description === "" ? "TBD" : parts.description;
  const acceptance = parts.acceptance === "" ? "- [ ] TBD" : parts.acceptance;
  return `${front}# ${id} ${title}\n\n## Description\n${description}\n\n## Acceptance\n${acceptance}\n\n## Done summary\nTBD\n\n## Evidence\n- Commits:\n- Tests:\n- PRs:\n`;
}

/**
 * A task's markdown with one section replaced, as flowctl patches it: up to the next heading outside a fence, without
 * an empty line before that. Null when the heading is missing or there twice.
 */
export function patchSection(markdown: string, section: Section, content: string): string | null {
  const lines = linesOf(markdown);
  const isHeading = (index: number) => lines[index]?.fenced === false && lines[index].text.startsWith("## ");
  const places = lines.flatMap((line, index) =>
    isHeading(index) && line.text.trim() === section ? [index] : [],
  );
  const [start] = places;
  if (start === undefined || places.length > 1) return null;
  let end = start + 1;
  while (end < lines.length && !isHeading(end)) end += 1;
  const text = lines.map((line) => line.text);
  return [...text.slice(0, start + 1), content, ...text.slice(end)].join("\n");
}

/** A fresh spec's markdown. */
export function specSkeleton(id: string, title: string): string {
  return `# ${id} ${title}

## Overview
TBD

## Scope
TBD

## Approach
TBD

## Quick commands
<!-- Required: at least one smoke command for the repo -->
- \`# e.g., npm test, bun test, make test\`

## Acceptance
- [ ] TBD

## References
- TBD
`;
}

/** A spec's markdown with the heading that flow-next gives it: a title of its own at the top is replaced. */
export function specMarkdown(id: string, title: string, markdown: string): string {
  const text = cleanMarkdown(markdown).trimStart();
  const body = /^# .*(?:\n|$)/.test(text) ? text.slice(`${text}\n`.indexOf("\n") + 1) : `\n${text}`;
  return `# ${id} ${title}\n${body.trimEnd()}\n`;
}
