import { posix } from "node:path";
import { stem, wordsOf } from "../../../change/relevance.js";
import { isTestPath } from "../../../change/tests-of.js";
import type { Ground } from "../ground.js";

/** Something that a document may mention and the feature touches. */
export interface Name {
  text: string;
  /** How sure it is that the feature touches it: 3 its own words name it, 1 it is in a file that is touched. */
  weight: number;
}

export interface Mention {
  name: Name;
  /** From 1. */
  lines: number[];
}

/** Characters. */
const textLimit = 20_000;
const mostNames = 60;
const filesLookedAt = 6;
const mostLines = 50;

/** Code-like words of the feature, the paths it names, and what is defined in the files that it is most about. */
export async function namesToFind(ground: Ground): Promise<Name[]> {
  const names = new Map<string, number>();
  const add = (text: string, weight: number) => {
    if (text.length >= 3 && text.length <= 100) names.set(text, Math.max(weight, names.get(text) ?? 0));
  };
  for (const path of ground.mentioned.found) {
    add(path, 3);
    add(posix.basename(path.replace(/\/$/, "")), 2);
  }
  for (const text of codeLike(ground.feature.text)) add(text, 3);
  const words = new Set(ground.feature.words.map(stem));
  // A large file defines much that the feature leaves alone.
  const sharesWord = (name: string) => wordsOf(name).some((word) => words.has(stem(word)));
  const best = ground.relevant[0]?.score ?? 0;
  const code = ground.relevant.filter(({ path, score }) => !isTestPath(path) && score >= best / 3);
  for (const { path } of code.slice(0, filesLookedAt)) {
    if (isDistinct(posix.basename(path))) add(path, 1);
    for (const { name } of await ground.definitions(path)) {
      const own = name.slice(name.lastIndexOf(".") + 1);
      if (isParticular(own) && sharesWord(own)) add(own, 1);
    }
  }
  return [...names]
    .map(([text, weight]) => ({ text, weight }))
    .sort((one, other) => other.weight - one.weight)
    .slice(0, mostNames);
}

/** Backticked words, flags, calls, `camelCase`, `snake_case`, `CONSTANT_CASE`, dotted names. */
export function codeLike(whole: string): string[] {
  const text = whole.slice(0, textLimit);
  const found = new Set<string>();
  for (const [, span = ""] of text.matchAll(/`([^`\n]{2,100})`/g)) {
    const inside = span.trim();
    // A command is meant as a whole: its first word is what all commands of a program have.
    if (/^[\w./-]+(?: [\w./=-]+)+$/.test(inside)) found.add(inside);
    else {
      const name = /^[@\w./-]+/.exec(inside)?.[0];
      if (name !== undefined) found.add(name.replace(/[./-]+$/, ""));
    }
  }
  for (const [flag] of text.matchAll(/(?<![\w-])--[a-z][\w-]+/g)) found.add(flag);
  for (const [name] of text.matchAll(
    /\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|\w{0,60}[A-Za-z]_\w+|\w{1,60}(?:\.\w{1,60}){1,6}(?=\()|\w{3,}(?=\(\)))/g,
  ))
    found.add(name.replace(/^_+|_+$/g, "") === "" ? "" : name);
  found.delete("");
  return [...found].slice(0, 100);
}

/** Names that many things have say nothing. */
function isParticular(name: string): boolean {
  return (
    name.length >= 5 &&
    /[a-z][A-Z]|_|^[A-Z]/.test(name) &&
    !/^(?:Props|Options|Config|State|Context|Error|Result|Handler|Type|Node|Item|Value|Response|Request|Middleware|__\w+__)$/.test(
      name,
    )
  );
}

function isDistinct(file: string): boolean {
  return !/^(?:index|main|mod|lib|__init__|types|utils)\./.test(file);
}

/** Where a text mentions names, the surest first. */
export function mentionsIn(source: string, names: readonly Name[]): Mention[] {
  const lines = source.split("\n");
  const found: Mention[] = [];
  for (const name of names) {
    if (!source.includes(name.text)) continue;
    const pattern = new RegExp(`(?<![\\w-])${name.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`);
    const at = lines.flatMap((line, index) => (line.length < 5_000 && pattern.test(line) ? index + 1 : []));
    if (at.length > 0) found.push({ name, lines: at.slice(0, mostLines) });
  }
  return found.sort(
    (one, other) => other.name.weight - one.name.weight || other.lines.length - one.lines.length,
  );
}
