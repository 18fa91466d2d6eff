import type { OutgoingText } from "../../analyzers/secrets/outgoing.js";
import type { Advice } from "../../analyzers/secrets/refuse.js";
import type { Change } from "../../change/types.js";
import { diffedPaths } from "../context.js";
import type { Material } from "./material.js";

export interface Outgoing {
  change: Change;
  material: Material;
  /** What else goes along: findings, earlier findings, names. */
  around: string;
}

/** What to do about a secret in a change. */
export const changeAdvice: Advice = {
  found: "Take it out of the change (and revoke it if it was ever real).",
  unsearched: "Call again. If it stays so, leave that file out with `paths`, and review it elsewhere.",
};

/**
 * Every text as it is sent: files whole, then what only the diff has. Of a file that is shown whole that is how the
 * lines of its hunks were before, with those around them: what begins a key may stand in a line that did not change.
 */
export async function outgoingTexts(
  { change, material, around }: Outgoing,
  signal: AbortSignal,
): Promise<OutgoingText[]> {
  const texts = material.parts.flatMap(({ path, text }) => (path === null ? [] : [{ path, text }]));
  const whole = new Set(texts.map(({ path }) => path));
  const added = new Set(change.files.filter(({ status }) => status === "added").map(({ path }) => path));
  for (const path of diffedPaths(change)) {
    if (whole.has(path) && added.has(path)) continue;
    signal.throwIfAborted();
    const diff = await change.objects.diff([path]);
    texts.push({ path, text: sideOf(diff, "-") });
    if (!whole.has(path)) texts.push({ path, text: sideOf(diff, "+") });
  }
  const names = change.files.flatMap(({ path, oldPath }) => (oldPath === null ? [path] : [path, oldPath]));
  return [
    ...texts,
    { path: "the names of the files", text: names.join("\n") },
    { path: "the message around the code", text: around },
  ];
}

/** What a file's diff shows of it at base (`-`) or at head (`+`), each line in its place, the rest empty. */
function sideOf(diff: string, side: "-" | "+"): string {
  const lines: string[] = [];
  let at: number | null = null;
  for (const line of diff.split("\n")) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (hunk !== null) {
      at = Math.max(0, Number(side === "-" ? hunk[1] : hunk[2]) - 1);
      while (lines.length < at) lines.push("");
      // The line that git repeats for orientation, from somewhere before.
      if (at > 0) lines[at - 1] ||= hunk[3] ?? "";
    } else if (at !== null && (line.startsWith(side) || line.startsWith(" "))) {
      lines.push(line.slice(1));
    }
  }
  return lines.join("\n");
}
