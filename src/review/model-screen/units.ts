import { breathe } from "../../breathe.js";
import { isCode, type Language, languageOf } from "../../change/risk/languages.js";
import type { Change, ChangedFile, Hunk } from "../../change/types.js";
import { maskCode } from "../../mask.js";
import { printable } from "../../printable.js";
import { looksLikeTest } from "../classify/tests.js";
import { type LineRange, type Scope, scopesOf } from "./scopes.js";

/** Lines of a file that are shown together: hunks and what is around them. */
export interface Block extends LineRange {
  /** First lines of what it is in and does not show, outermost first, with their numbers. */
  inside: { line: number; text: string }[];
  /** Functions that it shows. */
  names: string[];
}

/** One changed file as a model sees it. */
export interface Unit {
  file: ChangedFile;
  /** At head; secrets and control characters replaced, long lines cut. Line 1 is at index 0. */
  lines: string[];
  blocks: Block[];
}

/** Bytes at head. */
const sizeLimit = 512 * 1024;
/** Files of one change; those beyond are counted. */
const fileLimit = 60;
const lineLength = 400;
/** Lines. */
const around = 3;
/** Where no parser says what a place is in. */
const aroundUnread = 12;
const aroundInLong = 30;
const longScope = 120;
const longestBlock = 200;

/** Is there a changed file that a model could say something about, going by names alone? */
export function hasUnits(change: Change): boolean {
  return change.files.some(isCandidate);
}

function isCandidate({ kind, newId, hunks, path }: ChangedFile): boolean {
  return kind === "text" && newId !== null && hunks.length > 0 && mayBeCode(path);
}

/** The changed files that a model can say something about, those with most to say first. */
export async function unitsOf(change: Change, signal: AbortSignal): Promise<{ units: Unit[]; left: number }> {
  const candidates = change.files.filter(isCandidate);
  const ranked = candidates.sort(
    (a, b) =>
      Number(looksLikeTest(a.path)) - Number(looksLikeTest(b.path)) ||
      (b.added ?? 0) + (b.deleted ?? 0) - (a.added ?? 0) - (a.deleted ?? 0),
  );
  const chosen = ranked.slice(0, fileLimit);
  const ids = chosen.flatMap(({ newId }) => newId ?? []);
  const blobs = await change.objects.blobs(ids, sizeLimit);
  const units: Unit[] = [];
  for (const file of chosen) {
    await breathe(signal);
    const text = blobs.get(file.newId ?? "")?.toString("utf8");
    if (text === undefined) continue;
    const unit = await unitOf(file, text, languageOf(file.path));
    if (unit.blocks.length > 0) units.push(unit);
  }
  return { units, left: candidates.length - units.length };
}

/** `requirements.txt`, `LICENSE` and the like are of no language, and no code. */
function mayBeCode(path: string): boolean {
  const language = languageOf(path);
  return isCode(language) && (language.family !== "other" || /\.(?!te?xt$|log$|lock$|in$)\w+$/i.test(path));
}

async function unitOf(file: ChangedFile, text: string, language: Language): Promise<Unit> {
  const raw = linesOf(text);
  const lines = shownLines(raw);
  const ranges = file.hunks.map((hunk) => placeOf(hunk, raw.length));
  const scopes = await scopesFor(language, text, ranges);
  const blocks: Block[] = ranges.flatMap((range, index) =>
    raw.length === 0 ? [] : [blockOf(range, scopes?.[index] ?? null, lines)],
  );
  return { file, lines, blocks: merged(blocks).flatMap(chopped) };
}

export function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Lines without secrets and control characters, cut to a length. */
export function shownLines(lines: readonly string[]): string[] {
  let inKey = false;
  return lines.map((line) => {
    const begins = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/.test(line);
    const hidden = inKey || begins;
    inKey = (inKey || begins) && !line.includes("-----END ");
    if (hidden) return "***";
    // Cut first: masking is work on hostile text.
    const shown = printable(maskCode(line.slice(0, 2_000))).trimEnd();
    return shown.length > lineLength ? `${shown.slice(0, lineLength - 1)}…` : shown;
  });
}

/** A hunk's lines at head; of a deletion the line before it and the one after it. */
export function placeOf({ newStart, newLines }: Hunk, lineCount: number): LineRange {
  const start = Math.max(1, newStart);
  const end = newLines === 0 ? newStart + 1 : newStart + newLines - 1;
  return { start: Math.min(start, Math.max(1, lineCount)), end: Math.max(1, Math.min(end, lineCount)) };
}

async function scopesFor(
  { grammar }: Language,
  text: string,
  ranges: readonly LineRange[],
): Promise<Scope[][] | null> {
  if (grammar === null) return null;
  // A range over several functions is in none of them: its ends are.
  const asked = ranges.flatMap(({ start, end }) => [
    { start, end },
    { start, end: start },
    { start: end, end },
  ]);
  try {
    const found = await scopesOf(grammar, text, asked);
    if (found === null) return null;
    return ranges.map((_, index) => unique(found.slice(3 * index, 3 * index + 3).flat()));
  } catch {
    // A grammar that can't be loaded: lines around do instead.
    return null;
  }
}

function unique(scopes: readonly Scope[]): Scope[] {
  return [...new Map(scopes.map((scope) => [`${scope.kind} ${scope.start} ${scope.end}`, scope])).values()];
}

function blockOf(range: LineRange, found: readonly Scope[] | null, lines: readonly string[]): Block {
  const scopes = found ?? [];
  const by = found === null ? aroundUnread : around;
  const widened = { start: range.start - by, end: range.end + by };
  const names: string[] = [];
  let long: Scope | null = null;
  for (const scope of scopes) {
    if (scope.kind !== "function") continue;
    if (scope.name !== null) names.push(scope.name);
    if (scope.end - scope.start < longScope) {
      widened.start = Math.min(widened.start, scope.start);
      widened.end = Math.max(widened.end, scope.end);
    } else long ??= scope;
  }
  if (long !== null) {
    widened.start = Math.min(widened.start, Math.max(long.start, range.start - aroundInLong));
    widened.end = Math.max(widened.end, Math.min(long.end, range.end + aroundInLong));
  }
  const start = Math.max(1, widened.start);
  const inside = scopes
    .filter((scope) => scope.start < start && scope.end >= range.start)
    .sort((a, b) => a.start - b.start)
    .map((scope) => ({ line: scope.start, text: lines[scope.start - 1]?.trim() ?? "" }));
  return { start, end: Math.min(lines.length, widened.end), inside, names: [...new Set(names)] };
}

function merged(blocks: readonly Block[]): Block[] {
  const result: Block[] = [];
  for (const block of [...blocks].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && block.start <= last.end + 2) {
      last.end = Math.max(last.end, block.end);
      last.names = [...new Set([...last.names, ...block.names])];
    } else result.push({ ...block });
  }
  return result;
}

function chopped(block: Block): Block[] {
  const length = block.end - block.start + 1;
  if (length <= longestBlock) return [block];
  const pieces = Math.ceil(length / longestBlock);
  const each = Math.ceil(length / pieces);
  return Array.from({ length: pieces }, (_, index) => ({
    ...block,
    start: block.start + index * each,
    end: Math.min(block.end, block.start + (index + 1) * each - 1),
  }));
}
