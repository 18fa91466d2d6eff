import { isNamePresent } from "../../change/content.js";
import { mentionedPaths } from "../../change/relevance.js";
import { printableLine } from "../../printable.js";
import { type Finding, keyOf, withoutRepeats } from "./findings.js";
import type { Ground } from "./ground.js";
import type { Fact } from "./scout.js";

/** What a model said about numbered facts: to be believed of none of it. */
export interface Claim {
  section: string;
  text: string;
  from: string[];
  files: string[];
  symbols: string[];
}

export interface Checked {
  findings: Finding[];
  dropped: number;
}

/** Names looked for in the whole repository in one go; what is beyond is taken for not there. */
const mostLookedUp = 24;
const mostFiles = 8;
const textLength = 400;

/**
 * What of a model's words holds: each rests on facts it was given, and every file and symbol it names is in the
 * repository or in those facts. A finding whose sentence names what is not there goes altogether.
 *
 * @param facts in the order that they were numbered in, from 1
 */
export async function checkClaims(
  ground: Ground,
  facts: readonly Fact[],
  claims: readonly Claim[],
  signal: AbortSignal,
): Promise<Checked> {
  let dropped = 0;
  const given = facts.map((fact) => `${fact.text}\n${fact.source}\n${fact.excerpt ?? ""}`).join("\n");
  const exists = nameLookup(ground, given, signal);
  const findings: Finding[] = [];
  for (const claim of claims) {
    const cited = new Map<string, Fact>();
    for (const id of claim.from) {
      const fact = facts[Number(/^F?(\d{1,4})$/i.exec(id.trim())?.[1] ?? 0) - 1];
      if (fact === undefined) dropped += 1;
      else cited.set(keyOf(fact), fact);
    }
    const text = printableLine(claim.text).replace(/\s+/g, " ").trim().slice(0, textLength);
    if (cited.size === 0 || text === "" || !(await isTrueToNames(ground, text, given, exists))) {
      dropped += 1;
      continue;
    }
    const files = new Set<string>();
    for (const named of claim.files) {
      const path = resolvePath(ground, named);
      if (path === null) dropped += 1;
      else files.add(path);
    }
    for (const symbol of claim.symbols) if (!(await exists(symbol))) dropped += 1;
    if (files.size === 0)
      for (const fact of cited.values()) for (const path of fact.files ?? []) files.add(path);
    findings.push({
      section: claim.section,
      text,
      files: [...files].slice(0, mostFiles),
      sources: [...new Set([...cited.values()].map(({ source }) => source))],
      facts: [...cited.keys()],
    });
  }
  return { findings: withoutRepeats(findings), dropped };
}

function resolvePath(ground: Ground, named: string): string | null {
  const path = named
    .trim()
    .replace(/^\.\//, "")
    .replace(/:\d+.*$/, "");
  if (ground.has(path)) return path;
  const [only, ...others] = mentionedPaths(ground.survey, path).found;
  return only !== undefined && others.length === 0 && !only.endsWith("/") ? only : null;
}

/** Whether every path and every name in backticks is there. */
async function isTrueToNames(
  ground: Ground,
  text: string,
  given: string,
  exists: (name: string) => Promise<boolean>,
): Promise<boolean> {
  const { missing } = mentionedPaths(ground.survey, text);
  if (missing.some((path) => !given.includes(path))) return false;
  for (const [, name = ""] of text.matchAll(/`([^`\n]{2,120})`/g)) {
    // Commands, patterns and pieces of code are no names.
    if (/^[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*(?:\(\))?$/.test(name) && !(await exists(name)))
      return false;
  }
  return true;
}

/** Looks a name up in what the model was given, then in the repository, with its parts for `Context.json()`. */
function nameLookup(ground: Ground, given: string, signal: AbortSignal): (name: string) => Promise<boolean> {
  const words = new Set(given.match(/[\p{L}\p{N}_$]+/gu) ?? []);
  const known = new Map<string, boolean>();
  let lookedUp = 0;
  const isThere = async (part: string) => {
    if (words.has(part)) return true;
    let found = known.get(part);
    if (found === undefined) {
      lookedUp += 1;
      found = lookedUp <= mostLookedUp && (await isNamePresent(ground.project.repository, part, signal));
      known.set(part, found);
    }
    return found;
  };
  return async (name) => {
    const parts = name.replace(/\(.*$/s, "").match(/[\p{L}\p{N}_$]+/gu) ?? [];
    if (parts.length === 0) return false;
    for (const part of parts) if (!(await isThere(part))) return false;
    return true;
  };
}
