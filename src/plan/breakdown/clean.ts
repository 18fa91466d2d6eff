import { printable, printableLine } from "../../printable.js";

/**
 * Text that somebody else wrote, as the inside of one of a task's four parts: a heading in it would begin a part of
 * its author's choosing, an open fence or comment would hide the parts below it.
 */
export function asSectionText(text: string, limit: number): string {
  let fence: string | null = null;
  const lines: string[] = [];
  const whole = printable(text.slice(0, 4 * limit))
    .replaceAll("\r\n", "\n")
    .replace(/<!--|-->/g, "");
  for (const line of whole.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (mark !== undefined && closes(mark, fence, line)) fence = null;
      // flowctl before 4.0 finds headings in fences, too.
      lines.push(line.replace(/^(\s*)(#{1,6}\s)/, "$1 $2"));
      continue;
    }
    if (mark !== undefined) {
      fence = mark;
      lines.push(line);
      continue;
    }
    // A line of dashes makes a heading of what is above it, and the first one begins a frontmatter.
    if (/^\s*(?:-{3,}|={3,})\s*$/.test(line)) continue;
    const heading = /^\s*#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)?.[1];
    lines.push(
      heading === undefined ? line.trimEnd() : heading === "" ? "" : `**${heading.replaceAll("*", "")}**`,
    );
  }
  const cut = cutAt(
    lines
      .join("\n")
      .replace(/\n{3,}/g, "\n\n")
      .trim(),
    limit,
  );
  return openFence(cut) === null ? cut : `${cut}\n${openFence(cut)}`;
}

/** One line of text, without a list's marker. */
export function asItem(text: string, limit: number): string {
  const line = printableLine(text.slice(0, 4 * limit))
    .replace(/<!--|-->/g, "")
    .replace(/^[\s#>]*(?:[-*+]\s+)?(?:\[[ xX]?\]\s*)?/, "")
    .replace(/\s+/g, " ")
    .trim();
  return cutAt(line, limit);
}

function cutAt(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = text.slice(0, limit - 1);
  const space = head.lastIndexOf(" ");
  // Half of a surrogate pair is no character.
  return `${(space > limit / 2 ? head.slice(0, space) : head.replace(/[\ud800-\udbff]$/, "")).trimEnd()}…`;
}

function openFence(text: string): string | null {
  let open: string | null = null;
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark === undefined) continue;
    if (open === null) open = mark;
    else if (closes(mark, open, line)) open = null;
  }
  return open;
}

function closes(mark: string, open: string, line: string): boolean {
  return mark[0] === open[0] && mark.length >= open.length && line.trim() === mark;
}
