import { UsageError } from "../errors.js";
import { printedId } from "./git.js";
import { type ObjectStore, withTemporaryIndex } from "./object-store.js";
import type { Skipped } from "./types.js";

/** Characters of a pasted diff. */
export const pastedDiffLimit = 20 * 1024 * 1024;

export interface Applied {
  /** Tree id. */
  tree: string;
  skipped: Skipped[];
}

/**
 * The tree that a unified diff makes of another, by `git apply --cached` on a temporary index in a repository of
 * ours: there is no work tree to write to, and git itself refuses paths that leave the top, go through a link or into
 * `.git`. Null with `reason` when it does not apply. Throws UsageError for text that is no diff.
 */
export async function applyDiff(
  store: ObjectStore,
  tree: string,
  diff: string,
  signal?: AbortSignal,
): Promise<Applied | { tree: null; reason: string }> {
  checkText(diff);
  const { text, skipped } = withoutBinaryNotes(diff.endsWith("\n") ? diff : `${diff}\n`);
  if (text.trim() === "") return { tree, skipped };
  return withTemporaryIndex(async (index) => {
    const env = { GIT_INDEX_FILE: index };
    await store.read(["read-tree", tree], { env, signal });
    let reason = "";
    for (const { input, flags } of readings(text)) {
      const args = ["apply", "--cached", "--whitespace=nowarn", ...flags, "-"];
      const result = await store.read(args, { env, signal, input, allowFailure: true, timeout: 120_000 });
      if (result.code === 0) {
        const written = await store.read(["write-tree", "--missing-ok"], { env, signal });
        return { tree: printedId(written), skipped };
      }
      reason ||= said(result.stderr);
    }
    return { tree: null, reason };
  });
}

function checkText(diff: string): void {
  if (diff.length > pastedDiffLimit) {
    throw new UsageError(
      `diff has ${diff.length} characters; ${pastedDiffLimit} are allowed.`,
      "Commit or stage the change and pass head instead.",
    );
  }
  if (/^(?:diff --git |--- )/m.test(diff)) return;
  throw new UsageError(
    diff.includes("*** Begin Patch")
      ? "diff is in the apply_patch format, not a unified diff."
      : "diff is not a unified diff.",
    "Pass the output of `git diff`, with its `diff --git`, `---`, `+++` and `@@` lines, or leave diff out to take the work tree.",
  );
}

/** "Binary files differ" says that something changed without what: it is listed instead of failing the rest. */
function withoutBinaryNotes(text: string): { text: string; skipped: Skipped[] } {
  if (!/^(?:Binary files|Only in) /m.test(text)) return { text, skipped: [] };
  if (!/^diff --git /m.test(text)) return { text, skipped: plainNotes(text) };
  const skipped: Skipped[] = [];
  const sections = text.split(/^(?=diff --git )/m).filter((section) => {
    const names = /^@@ /m.test(section) ? null : binaryNames(section);
    if (names === null) return true;
    const [before, after] = names;
    const name = after === "/dev/null" ? before : after;
    skipped.push({
      path: name.replace(/^"|"$/g, "").replace(/^[a-z]\//, ""),
      reason: "binary content is not in the diff; make it with `git diff --binary`",
    });
    return false;
  });
  return { text: sections.join(""), skipped };
}

/** What plain `diff -r` names without showing it; a line of a hunk begins with a sign. */
function plainNotes(text: string): Skipped[] {
  return text.split("\n").flatMap((each) => {
    const line = each.trimEnd();
    const [, folder, name] = /^Only in (.+): (.+)$/.exec(line) ?? [];
    if (folder !== undefined && name !== undefined) {
      const inside = folder.split("/").slice(1);
      return {
        path: [...inside, name].join("/"),
        reason: "its content is not in the diff; make it with `diff -N`",
      };
    }
    const names = binaryNames(line);
    if (names === null) return [];
    const path = names[1].split("/").slice(1).join("/") || names[1];
    return { path, reason: "binary content is not in the diff; make it with `git diff --binary`" };
  });
}

function binaryNames(section: string): [string, string] | null {
  const [start, end, between] = ["Binary files ", " differ", " and "];
  const line = section
    .split("\n")
    .map((each) => each.trimEnd())
    .find((each) => each.startsWith(start) && each.endsWith(end));
  const names = line?.slice(start.length, -end.length);
  const at = names?.lastIndexOf(between) ?? -1;
  return names === undefined || at < 0 ? null : [names.slice(0, at), names.slice(at + between.length)];
}

/** The diff as given, then as what may have become of it on the way here. */
function* readings(text: string): Generator<{ input: string; flags: string[] }> {
  const flags = [`-p${hasPrefixes(text) ? 1 : 0}`];
  const hasHunks = /^@@ /m.test(text);
  if (hasHunks && !/^ /m.test(text)) flags.push("--unidiff-zero");
  yield { input: text, flags };
  // Line ends lost (JSON, a shell) or added (a Windows clipboard).
  if (text.includes("\r\n")) yield { input: text.replaceAll("\r\n", "\n"), flags };
  else if (hasHunks) yield { input: text.replace(/^([ +-](?!(?:-- |\+\+ )).*)$/gm, "$1\r"), flags };
  // Counts in `@@` lines that a model wrote.
  if (/^diff --git /m.test(text)) yield { input: text, flags: [...flags, "--recount"] };
}

/**
 * Whether paths begin with `a/` and `b/` (or other letters: diff.mnemonicPrefix), which is not told by one letter: a
 * folder may be called `a`. Without prefixes both sides of a file that kept its name are the same.
 */
function hasPrefixes(text: string): boolean {
  let without = false;
  const plain = !/^diff --git /m.test(text);
  // Also the two folders that plain `diff -r` was given: `shop.orig/a.ts` and `shop/a.ts`.
  const isPair = (before: string, after: string) => {
    const [, old, rest] = /^"?([^/]+)\/(.+)$/.exec(before.trimEnd()) ?? [];
    const [, now, same] = /^"?([^/]+)\/(.+)$/.exec(after.trimEnd()) ?? [];
    if (old === undefined || now === undefined || old === now) return false;
    return (plain && rest === same) || (/^[a-z]$/.test(old) && /^[a-z]$/.test(now));
  };
  for (const [, before = "", after = ""] of text.matchAll(/^--- ("?[^\t\n]+)[^\n]*\n\+\+\+ ("?[^\t\n]+)/gm)) {
    if (before.trimEnd() === "/dev/null" || after.trimEnd() === "/dev/null") continue;
    if (isPair(before, after)) return true;
    without = true;
  }
  for (const [, names = ""] of text.matchAll(/^diff --git (.+)$/gm)) {
    const line = names.trimEnd();
    const half = (line.length - 1) / 2;
    if (line[half] === " " && line.slice(0, half) === line.slice(half + 1)) without = true;
    else if (/^"?([a-z])\/.* "?(?!\1)[a-z]\//.test(line)) return true;
  }
  return !without;
}

function said(stderr: string): string {
  const lines = stderr
    .split("\n")
    .filter((line) => line.startsWith("error:") || line.startsWith("fatal:"))
    .map((line) => line.replace(/^(?:error|fatal): /, ""));
  return lines.slice(0, 4).join("; ").slice(0, 600) || "git apply failed";
}
