import { posix } from "node:path";
import { treeIndex } from "../../change/imports/tree-index.js";
import { importersOf } from "../../change/imports.js";
import type { Change } from "../../change/types.js";
import { abortAfter } from "../../time-limit.js";
import { looksLikeTest } from "../classify/tests.js";
import { linesOf, shownLines, type Unit } from "./units.js";

/** A place where a changed function is called, in a file that the change left alone. */
export interface Caller {
  path: string;
  line: number;
  /** The call, in one line, without secrets. */
  text: string;
  /** What is called. */
  name: string;
}

/** By the path of the changed file. */
export type Callers = ReadonlyMap<string, readonly Caller[]>;

/** Milliseconds: callers make an answer better, and it may be given without them. */
const timeLimit = 8_000;
/** Files that are read for one changed file, and calls taken of one function. */
const mostFiles = 40;
const mostCalls = 4;
const mostNames = 24;
/** Bytes. */
const largestFile = 512 * 1024;
/** Lines that a call may go over, and characters that are shown of it. */
const callLines = 5;
const callLength = 240;
const notTheirs = /(?:^|\/)(?:node_modules|bower_components|vendor|third_party|dist|\.yarn)\//;
/** Files of one folder see each other in these without an import. */
const byPackage = /\.(?:go|java|kt|scala|cs|swift)$/;
/** What hands on the names of another file. */
const handsOn = /\bexport\s*(?:\*|\{)|(?:^|\n)\s*pub\s+use\b/;

/** Names of functions that a call can be told by. */
export function calledNames(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => /^[\w$]{3,}$/.test(name));
}

/** A call of one of the names; the first group is which. */
export function callOf(names: readonly string[]): RegExp {
  return new RegExp(`(?<![\\w$])(${names.map((name) => name.replaceAll("$", "\\$")).join("|")})\\s?\\(`);
}

/**
 * Calls of changed functions in files that the change left alone: in those that import the changed file, by one that
 * hands its names on, or in its package. In bounded time; throws the signal's reason only.
 */
export async function callersOf(
  change: Change,
  units: readonly Unit[],
  signal: AbortSignal,
): Promise<Callers> {
  const found = new Map<string, Caller[]>();
  const limit = abortAfter(timeLimit);
  const own = AbortSignal.any([signal, limit]);
  try {
    await search(change, units, own, found);
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
  }
  return found;
}

async function search(
  change: Change,
  units: readonly Unit[],
  signal: AbortSignal,
  found: Map<string, Caller[]>,
): Promise<void> {
  const wanted = units.filter((unit) => namesOf(unit).length > 0);
  if (wanted.length === 0) return;
  const index = await treeIndex(change, "head");
  const changed = new Set(change.files.map(({ path }) => path));
  const among = (path: string) => !changed.has(path) && !notTheirs.test(path);
  const paths = wanted.map(({ file }) => file.path);
  const importers = await importersOf(change, "head", paths, { signal, among });
  const next = new Map<string, Unit[]>();
  for (const unit of wanted) {
    const { path } = unit.file;
    const beside = byPackage.test(path)
      ? index.inDirectory(posix.dirname(path) === "." ? "" : posix.dirname(path))
      : [];
    const siblings = beside.filter((other) => posix.extname(other) === posix.extname(path) && among(other));
    const files = [...new Set([...(importers.get(path) ?? []), ...siblings])];
    for (const barrel of await read(change, unit, files, signal, found)) {
      next.set(barrel, [...(next.get(barrel) ?? []), unit]);
    }
  }
  if (next.size === 0) return;
  const further = await importersOf(change, "head", [...next.keys()], { signal, among });
  for (const [barrel, own] of next) {
    for (const unit of own) await read(change, unit, further.get(barrel) ?? [], signal, found);
  }
}

/** Looks for calls in files; gives those that may hand on what they import. */
async function read(
  change: Change,
  unit: Unit,
  files: readonly string[],
  signal: AbortSignal,
  found: Map<string, Caller[]>,
): Promise<string[]> {
  const index = await treeIndex(change, "head");
  const near = (path: string) => Number(looksLikeTest(path));
  const chosen = [...files].sort((a, b) => near(a) - near(b) || (a < b ? -1 : 1)).slice(0, mostFiles);
  const entries = chosen.flatMap((path) => index.entry(path) ?? []);
  const blobs = await change.objects.blobs([...new Set(entries.map(({ id }) => id))], largestFile);
  const names = namesOf(unit);
  const calls = found.get(unit.file.path) ?? [];
  const barrels: string[] = [];
  for (const { path, id } of entries) {
    signal.throwIfAborted();
    const text = blobs.get(id)?.toString("utf8");
    if (text === undefined) continue;
    const handed = posix.basename(path) === "__init__.py" || handsOn.test(text);
    if (handed && (/export\s*\*/.test(text) || names.some((name) => text.includes(name)))) barrels.push(path);
    for (const call of callsIn(path, text, names)) {
      const same = calls.filter(({ name }) => name === call.name);
      if (same.length >= mostCalls || same.some((one) => one.path === path && one.line === call.line))
        continue;
      calls.push(call);
    }
  }
  if (calls.length > 0) found.set(unit.file.path, calls);
  return barrels;
}

function namesOf({ blocks }: Unit): string[] {
  return calledNames(blocks.flatMap(({ names }) => names)).slice(0, mostNames);
}

/** The calls of some names in a text; not where functions of that name are defined. */
function callsIn(path: string, text: string, names: readonly string[]): Caller[] {
  const call = callOf(names);
  const lines = linesOf(text);
  return lines.flatMap((line, at) => {
    const [, name] = call.exec(line.slice(0, 2_000)) ?? [];
    if (name === undefined || /\b(?:function|def|fn|func|fun|sub)\b/.test(line.slice(0, line.indexOf(name))))
      return [];
    const whole = callText(lines, at, line.indexOf(name));
    return [{ path, line: at + 1, text: whole, name }];
  });
}

/** A call with its arguments, also where they go over some lines. */
export function callText(lines: readonly string[], at: number, from: number): string {
  let depth = 0;
  const parts: string[] = [];
  for (const [row, line] of lines.slice(at, at + callLines).entries()) {
    const cut = line.slice(0, 2_000);
    parts.push(cut.trim());
    for (const character of row === 0 ? cut.slice(from) : cut) {
      if (character === "(") depth += 1;
      if (character === ")") depth -= 1;
    }
    if (depth <= 0) break;
  }
  return (shownLines(parts).join(" ").trim() || "").slice(0, callLength);
}
