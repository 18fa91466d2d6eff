import { breathe } from "./breathe.js";
import { type BothSides, type Engine, evidenceOf } from "./engine.js";
import { isFixture, isTest } from "./files.js";
import { linesOf } from "./last-text.js";
import { textsOf } from "./texts.js";

/** Conflict markers of git that were left in a file, in any language. */
export const conflictMarkers: Engine = {
  name: "conflict-markers",
  languages: "text",
  handles: (path) => !isFixture(path),
  timeout: 10_000,
  async analyse({ files, workspace, signal }) {
    const found: BothSides = { base: [], head: [] };
    for (const { side, path, text } of (await textsOf(files, workspace)).values()) {
      await breathe(signal);
      const lines = text.includes("<<<<<<<") ? linesOf(text) : [];
      for (const line of conflicts(lines, path)) {
        found[side].push({
          code: "conflict-marker",
          class: "conflict-marker",
          // Tests of tools that read conflicts have them in strings.
          severity: isTest(path) ? "hint" : "certain",
          message:
            "A merge conflict was left unresolved: keep what is right of its parts and delete the marker lines.",
          path,
          line,
          evidence: evidenceOf(lines[line - 1]),
        });
      }
    }
    return found;
  },
};

const isProse = /\.(md|mdx|markdown|rst|adoc|asciidoc|txt|html?|patch|diff|rej|orig)$/i;
/** Edit formats of coding agents use the same marks with words of their own. */
const isEditFormat = /^(<{7}|>{7}) (SEARCH|REPLACE|ORIGINAL|UPDATED?)\b/;
/** The end of a line that opens a text of several lines. */
const opensText = /(["'`]|<<[-~]?\s*["'\\]?\w+["']?|\\)\s*$/;
/** The start of a line that ends one. */
const endsText = /^\s*(["'`]|EOF\b|END\b)/;

/**
 * 1-based lines at which a conflict begins: all of its marks are there, in order, at the start of their lines, and it
 * is not shown in a fenced block or a string.
 */
export function conflicts(lines: readonly string[], path: string): number[] {
  const found: number[] = [];
  const prose = isProse.test(path);
  if (/\.(patch|diff|rej|orig)$/i.test(path)) return found;
  const opens = (line = "") => !prose && opensText.test(line);
  const ends = (line = "") => !prose && endsText.test(line);
  let fence: string | null = null;
  let start: number | null = null;
  let divided = false;
  for (const [index, line] of lines.entries()) {
    if (prose && start === null) {
      fence = fenceAfter(line, fence, /\.(adoc|asciidoc)$/i.test(path));
      if (fence !== null) continue;
    }
    if (/^<{7} \S/.test(line)) {
      start = isEditFormat.test(line) || opens(lines[index - 1]) ? null : index + 1;
      divided = false;
    } else if (start !== null && !divided && line === "=======") {
      divided = true;
    } else if (start !== null && /^>{7} \S/.test(line)) {
      if (divided && !isEditFormat.test(line) && !ends(lines[index + 1])) found.push(start);
      start = null;
    }
  }
  return found;
}

/** The mark that ends the shown block we are in after a line, or null outside of any. */
function fenceAfter(line: string, fence: string | null, asciidoc: boolean): string | null {
  if (/<pre\b/i.test(line)) return "</pre>";
  if (fence === "</pre>") return /<\/pre>/i.test(line) ? null : fence;
  const mark = (/^\s*(?:>\s*)*(`{3}|~{3})/.exec(line) ?? (asciidoc ? /^(-{4}|\.{4})/.exec(line) : null))?.[1];
  if (mark === undefined) return fence;
  if (fence === null) return mark;
  return fence === mark ? null : fence;
}
