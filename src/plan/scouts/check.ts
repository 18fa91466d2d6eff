import { namesPresent } from "../../change/content.js";
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

/** Names looked for in the whole repository, in one go; what is beyond is taken for not there. */
const mostLookedUp = 100;
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
  const exists = await nameLookup(ground, given, claims, signal);
  const findings: Finding[] = [];
  for (const claim of claims) {
    const cited = new Map<string, Fact>();
    for (const id of claim.from) {
      const fact = facts[Number(/^F?(\d{1,4})$/i.exec(id.trim())?.[1] ?? 0) - 1];
      if (fact === undefined) dropped += 1;
      else cited.set(keyOf(fact), fact);
    }
    const text = sentenceOf(claim);
    if (cited.size === 0 || text === "" || !isTrueToNames(ground, text, given, exists)) {
      dropped += 1;
      continue;
    }
    const files = new Set<string>();
    for (const named of claim.files) {
      const path = resolvePath(ground, named);
      if (path === null) dropped += 1;
      else files.add(path);
    }
    for (const symbol of claim.symbols) if (!exists(symbol)) dropped += 1;
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

function sentenceOf({ text }: Claim): string {
  return printableLine(text).replace(/\s+/g, " ").trim().slice(0, textLength);
}

/** Whether every path and every name in backticks is there. */
function isTrueToNames(
  ground: Ground,
  text: string,
  given: string,
  exists: (name: string) => boolean,
): boolean {
  const { missing } = mentionedPaths(ground.survey, text);
  return missing.every((path) => given.includes(path)) && namesIn(text).every(exists);
}

/** What stands in backticks and could be a name. */
function namesIn(text: string): string[] {
  return (
    [...text.matchAll(/`([^`\n]{2,120})`/g)]
      .map(([, name = ""]) => name)
      // Commands, patterns and pieces of code are no names.
      .filter((name) => /^[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*(?:\(\))?$/.test(name))
  );
}

/** Looks all names up in what the model was given, then in the repository, with their parts for `Context.json()`. */
async function nameLookup(
  ground: Ground,
  given: string,
  claims: readonly Claim[],
  signal: AbortSignal,
): Promise<(name: string) => boolean> {
  const words = new Set(wordsIn(given));
  const named = claims.flatMap((claim) => [...namesIn(sentenceOf(claim)), ...claim.symbols]);
  const unknown = new Set(named.flatMap(partsOf).filter((part) => !words.has(part)));
  const sought = [...unknown].slice(0, mostLookedUp);
  for (const found of await namesPresent(ground.project.repository, sought, signal)) words.add(found);
  return (name) => {
    const parts = partsOf(name);
    return parts.length > 0 && parts.every((part) => words.has(part));
  };
}

function partsOf(name: string): string[] {
  return wordsIn(name.replace(/\(.*$/s, ""));
}

function wordsIn(text: string): string[] {
  return text.match(/[\p{L}\p{N}_$]+/gu) ?? [];
}
