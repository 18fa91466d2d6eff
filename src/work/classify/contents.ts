import { join } from "node:path";
import { breathe } from "../../breathe.js";
import { isCode, languageOf } from "../../change/risk/languages.js";
import { isProse } from "../../change/risk/prose.js";
import { quote, shownPath } from "../../change/risk/reasons.js";
import { type Sign, signsFor } from "../../change/risk/signs.js";
import { isTestPath } from "../../change/tests-of.js";
import type { Repository } from "../../change/types.js";
import { readRegularFile } from "../../durable-file.js";
import type { Statement } from "../statements.js";
import type { TaskFile } from "../task-files.js";
import type { Evidence } from "./evidence.js";

const fileLimit = 512 * 1024;
const mostFiles = 20;
const mostLines = 20_000;
const lineLimit = 1_000;
/** Lines around a name that the spec uses, which are about what it asks for. */
const nearby = 12;
/** A file is about something when so many lines show it, and so large a part of all. */
const dense = { lines: 5, share: 1 / 50 };

export interface InFiles {
  security: Evidence[];
  concurrency: Evidence[];
  /** Files that could not be read, and why. */
  notes: string[];
}

/**
 * What the files of a task show: signs near the names that the spec uses, and files that are about little else. Only
 * files that somebody named: an estimate by names says nothing of what is in them.
 */
export async function signsInFiles(
  repository: Repository,
  files: readonly TaskFile[],
  statements: readonly Statement[],
  signal: AbortSignal,
): Promise<InFiles> {
  const found: InFiles = { security: [], concurrency: [], notes: [] };
  const wanted = files.filter(
    ({ path, state, from }) =>
      state === "exists" && from !== "estimate" && !path.endsWith("/") && !isProse(path) && !isTestPath(path),
  );
  if (repository.bare) return found;
  const names = namesIn(statements);
  for (const { path } of wanted.slice(0, mostFiles)) {
    signal.throwIfAborted();
    const content = await readRegularFile(join(repository.root, path), fileLimit);
    if (content.state === "refused")
      found.notes.push(`${shownPath(path)} was not looked into: ${content.why}`);
    if (content.state !== "read" || content.text.includes("\0")) continue;
    const language = languageOf(path, content.text.slice(0, 200).split("\n")[0]);
    if (!isCode(language)) continue;
    const signs = signsFor(language.family).filter(isTelling);
    const lines = content.text.split("\n", mostLines).map((line) => line.slice(0, lineLimit));
    const near = nearNames(lines, names);
    const security: Evidence[] = [];
    const concurrency: Evidence[] = [];
    const close = { security: 0, concurrency: 0 };
    for (const [at, line] of lines.entries()) {
      await breathe(signal);
      if (isComment(line)) continue;
      for (const sign of signs) {
        const hit = sign.pattern.exec(line);
        if (hit === null || isEveryday(sign, hit[0])) continue;
        const kind = sign.class === "SECURITY" ? "security" : "concurrency";
        const evidence: Evidence = {
          what: `${near.has(at) ? "beside what the spec names" : "in a file of the task"}: ${sign.what}`,
          quote: quote(line),
          path: shownPath(path),
          line: at + 1,
          from: "rules",
        };
        if (near.has(at)) {
          close[kind] += 1;
          (kind === "security" ? security : concurrency).unshift(evidence);
        } else (kind === "security" ? security : concurrency).push(evidence);
        break;
      }
    }
    for (const [kind, list] of [
      ["security", security],
      ["concurrency", concurrency],
    ] as const) {
      const isDense = list.length >= dense.lines && list.length >= lines.length * dense.share;
      if (close[kind] > 0 || isDense) found[kind].push(...list.slice(0, 2));
    }
  }
  return found;
}

/** Signs that say something of a whole file, not only of a changed line. */
function isTelling({ rule, class: asked }: Sign): boolean {
  if (asked === "SECURITY")
    return !["raw-markup", "debug-switch", "runs-text"].includes(rule) || rule === "runs-text";
  return rule === "concurrency";
}

/** What every file of some languages has, whatever it is about. */
function isEveryday({ rule }: Sign, hit: string): boolean {
  if (rule !== "concurrency") return /^(?:chmod|umask|system|send|binding|assert)\b/i.test(hit);
  return /^(?:await|async\b|asyncio$|setImmediate|context\.With|<-|launch|suspend|AbortController|race$|isolat|rollback$|transaction$)/i.test(
    hit,
  );
}

function isComment(line: string): boolean {
  return /^\s*(?:#|\/\/|\*|\/\*|--|;|<!--)/.test(line);
}

/** Identifiers that the spec uses: in backticks, or written as code writes them. */
function namesIn(statements: readonly Statement[]): Set<string> {
  const names = new Set<string>();
  for (const { text } of statements) {
    for (const [, code = ""] of text.matchAll(/`([^`]{2,120})`/g)) {
      if (code.includes("/") || /\.\w{1,5}$/.test(code)) continue;
      for (const [name] of code.matchAll(/[A-Za-z_$][\w$]{3,60}/g)) names.add(name);
    }
    for (const [name] of text.matchAll(
      /\b[a-z]+(?:[A-Z][a-z0-9]+)+\b|\b[a-z0-9]+(?:_[a-z0-9]+)+\b|\b(?:[A-Z][a-z0-9]+){2,}\b/g,
    )) {
      if (name.length > 3) names.add(name);
    }
    if (names.size > 200) break;
  }
  return names;
}

/** Lines at or close to where one of the names stands; a name that stands everywhere says nothing. */
function nearNames(lines: readonly string[], names: ReadonlySet<string>): Set<number> {
  const places = new Map<string, number[]>();
  for (const [at, line] of lines.entries()) {
    for (const [word] of line.matchAll(/[A-Za-z_$][\w$]{3,60}/g)) {
      if (!names.has(word)) continue;
      const list = places.get(word) ?? [];
      places.set(word, list);
      if (list.at(-1) !== at) list.push(at);
    }
  }
  const near = new Set<number>();
  for (const list of places.values()) {
    if (list.length > 12) continue;
    for (const at of list) for (let line = at - nearby; line <= at + nearby; line++) near.add(line);
  }
  return near;
}
