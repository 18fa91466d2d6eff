import { isDeepStrictEqual } from "node:util";
import { isProse } from "../../change/risk/prose.js";
import { type Reason, shownPath } from "../../change/risk/reasons.js";
import type { ChangedFile } from "../../change/types.js";
import type { ChangedLine } from "./lines.js";
import { parseJson } from "./manifests.js";

/** A change of documentation only; null when something in it could run. */
export function docsReason(
  file: ChangedFile,
  head: string | null,
  lines: readonly ChangedLine[],
): Reason | null {
  const mdx = file.path.toLowerCase().endsWith(".mdx");
  if (!isProse(file.path) && !mdx) return null;
  if (file.newMode === "100755") return null;
  if (head?.startsWith("#!")) return null;
  // Markup that a page runs, and MDX's imports and expressions, are code.
  const runs = mdx
    ? /^\s*(?:import|export)\b|[{}]|<[A-Za-z]/
    : /<\s*(?:script|iframe|object|embed)\b|\bon\w{3,20}\s*=\s*["']|\bjavascript:/i;
  if (lines.some((line) => line.added && runs.test(line.text))) return null;
  return {
    class: "ROUTINE",
    origin: "syntax",
    rule: "docs",
    file: file.path,
    evidence: `${shownPath(file.path)} is documentation`,
  };
}

/** JSON and TOML settings that say the same in another layout; null when they don't, or can't be compared. */
export async function sameData(path: string, base: string, head: string): Promise<boolean> {
  try {
    return await isSameData(path, base, head);
  } catch (error) {
    // Nested deeper than the stack is high.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

async function isSameData(path: string, base: string, head: string): Promise<boolean> {
  const lower = path.toLowerCase();
  if (/\.(?:json|jsonc|json5)$/.test(lower)) {
    const [was, is] = [await parseJson(base), await parseJson(head)];
    return was !== null && is !== null && isDeepStrictEqual(was, is) && sameOrder(was, is);
  }
  if (lower.endsWith(".toml")) {
    const { parse } = await import("smol-toml");
    try {
      return isDeepStrictEqual(parse(base), parse(head));
    } catch {
      return false;
    }
  }
  if (/\.ya?ml$/.test(lower)) return sameYaml(base, head);
  return false;
}

/** Entries of a JSON object have an order that some readers use. */
function sameOrder(was: unknown, is: unknown): boolean {
  return JSON.stringify(was) === JSON.stringify(is);
}

/**
 * YAML without its comment lines and blank lines. Only where every line stands for itself: with block scalars or
 * quotes left open, a `#` may be text.
 */
function sameYaml(base: string, head: string): boolean {
  const plain = (text: string): string | null => {
    const kept: string[] = [];
    for (const line of text.split(/\r?\n/)) {
      if (line.length > 1_000) return null;
      if (/^\s*(?:#|$)/.test(line)) {
        if (/^\s*#\s*(?:yaml-language-server|syntax=|yamllint|cloud-config|ansible)/.test(line)) return null;
        continue;
      }
      if (/[|>][+-]?\d?[+-]?\s*(?:#.*)?$/.test(line)) return null;
      const quotes = (line.match(/"/g)?.length ?? 0) % 2 || (line.match(/'/g)?.length ?? 0) % 2;
      if (quotes || !/^\s*(?:- |-$|[\w."'/@$-]{1,200}\s*:|---|\.\.\.)/.test(line)) return null;
      kept.push(line.trimEnd());
    }
    return kept.join("\n");
  };
  const was = plain(base);
  return was !== null && was === plain(head);
}

const signatures: readonly { extension: RegExp; starts: (head: Buffer) => boolean }[] = [
  { extension: /\.png$/, starts: (head) => head.subarray(0, 8).toString("latin1") === "\x89PNG\r\n\x1a\n" },
  { extension: /\.jpe?g$/, starts: (head) => head.subarray(0, 3).toString("hex") === "ffd8ff" },
  { extension: /\.gif$/, starts: (head) => /^GIF8[79]a/.test(head.subarray(0, 6).toString("latin1")) },
  {
    extension: /\.webp$/,
    starts: (head) =>
      head.subarray(0, 4).toString("latin1") === "RIFF" && head.subarray(8, 12).toString("latin1") === "WEBP",
  },
  { extension: /\.ico$/, starts: (head) => head.subarray(0, 4).toString("hex") === "00000100" },
  { extension: /\.woff2?$/, starts: (head) => /^wOF[F2]/.test(head.subarray(0, 4).toString("latin1")) },
];

/** A picture or a font, by its first bytes. */
export function isPicture(path: string, head: Buffer): boolean {
  const lower = path.toLowerCase();
  return signatures.some(({ extension, starts }) => extension.test(lower) && starts(head));
}
