import { directImports, testsOf } from "../../change/imports.js";
import type { Survey } from "../../change/survey.js";
import { relevantFiles } from "../../change/survey.js";
import type { Change } from "../../change/types.js";
import { reanchorPage } from "../reanchor/page.js";
import type { Reanchored } from "../reanchor/reanchor-schema.js";
import type { Task } from "../task.js";
import type { TaskFile } from "../task-files.js";
import type { Look } from "./answers.js";
import type { Draft } from "./draft.js";

/** What a task is, as every prompt says it: all of it the repository's words. */
export interface TaskWords {
  title: string;
  /** The task's own text, whole. */
  text: string;
  /** The spec it belongs to; null for none, or one so long that the re-anchoring stands for it. */
  spec: string | null;
  /** Word for word, without what was ticked off. */
  criteria: string[];
  /** The re-anchoring: constraints, patterns, dependencies, tests. */
  anchor: string;
}

const longestTask = 120_000;
const longestSpec = 16_000;

export function taskWords(task: Task, anchor: Reanchored): TaskWords {
  const spec = task.spec?.markdown ?? null;
  // The epic's are met by all its tasks together; they count for one that has none itself.
  const own = anchor.acceptance.filter(({ of }) => of === "task");
  const wanted = own.length > 0 ? own : anchor.acceptance;
  const open = wanted.filter(({ done }) => !done);
  return {
    title: task.title,
    text: cut(task.markdown, longestTask),
    spec: spec === null || spec.length > longestSpec ? null : spec,
    criteria: (open.length > 0 ? open : wanted).map(({ text }) => text),
    // The criteria stand by themselves, numbered.
    anchor: reanchorPage({ ...anchor, acceptance: [] }),
  };
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}\n[${text.length - limit} more characters]`;
}

/** What a task names a file by: its own words, not its spec's, which speaks of other tasks' files, too. */
export function namingWords({ title, text }: TaskWords): string {
  return `${title}\n${text}`;
}

export function taskPart({ title, text, spec, criteria, anchor }: TaskWords): string {
  const parts = [`# Task: ${title}\n\n${text.trim()}`];
  if (criteria.length > 0)
    parts.push(
      `# Acceptance criteria\n\n${criteria.map((criterion, index) => `${index + 1}. ${criterion}`).join("\n")}`,
    );
  parts.push(`# What to keep in mind\n\n${anchor.replace(/^# .*\n/, "").trim()}`);
  if (spec !== null) parts.push(`# The spec it belongs to\n\n${spec.trim()}`);
  return parts.join("\n\n");
}

/** The files that a task is about, in the order in which they are shown. */
export interface Candidates {
  /** To change, by the task's own word or an estimate. */
  files: string[];
  imports: string[];
  tests: string[];
  /** Further ones by name and history. */
  near: string[];
}

const mostImports = 12;
const mostTests = 8;
const mostNear = 15;

export async function candidatesOf(
  base: Change,
  survey: Survey,
  task: Task,
  files: readonly TaskFile[],
  signal: AbortSignal,
): Promise<Candidates> {
  const there = new Set((await base.objects.tree("base")).map(({ path }) => path));
  const own = files.filter(({ path }) => there.has(path)).map(({ path }) => path);
  const [imports, tests] = await Promise.all([
    directImports(base, "head", own.slice(0, mostImports), { signal }),
    testsOf(base, own.slice(0, mostTests), { signal }),
  ]);
  const near = relevantFiles(survey, `${task.title}\n${task.markdown}`, { limit: mostNear + own.length });
  const seen = new Set(own);
  const fresh = (paths: Iterable<string>, most: number) => {
    const found: string[] = [];
    for (const path of paths) {
      if (found.length >= most || seen.has(path) || !there.has(path) || path.startsWith(".flow/")) continue;
      seen.add(path);
      found.push(path);
    }
    return found;
  };
  return {
    files: own,
    tests: fresh([...tests.values()].flat(), mostTests),
    imports: fresh([...imports.values()].flat(), mostImports),
    near: fresh(
      near.map(({ path }) => path),
      mostNear,
    ),
  };
}

/** A file, or the parts of it that matter, in at most so many characters. */
const leastForFile = 600;
/** Lines around a place that is asked for or fits the task. */
const around = 12;

export interface Wanted {
  path: string;
  /** Lines asked for, from 1; empty for the whole file. */
  ranges: { from: number; to: number }[];
}

/**
 * Files as they are in a draft, the first ones first, until `room` characters are full: whole where they fit, else
 * their outline and the parts that were asked for or have the task's words.
 *
 * @returns the text, and what of it was shown whole
 */
export async function filesPart(
  draft: Draft,
  wanted: readonly Wanted[],
  words: readonly string[],
  room: number,
): Promise<{ text: string; whole: Set<string>; left: string[] }> {
  const parts: string[] = [];
  const whole = new Set<string>();
  const left: string[] = [];
  let used = 0;
  for (const { path, ranges } of wanted) {
    const text = await draft.text(path);
    if (text === null) continue;
    const free = room - used;
    if (free < leastForFile) {
      left.push(path);
      continue;
    }
    const lines = text.split("\n");
    const head = `## ${path} (${lines.length} lines)`;
    // One file does not take the room of all others.
    const share = Math.max(leastForFile, Math.min(free, Math.floor(room * 0.6)));
    let shown: string;
    if (text.length + head.length + 12 <= share) {
      shown = `${head}\n\`\`\`\n${text}\n\`\`\``;
      whole.add(path);
    } else shown = partsOf(head, lines, ranges, words, share);
    parts.push(shown);
    used += shown.length;
  }
  return { text: parts.join("\n\n"), whole, left };
}

function partsOf(
  head: string,
  lines: readonly string[],
  ranges: Wanted["ranges"],
  words: readonly string[],
  room: number,
): string {
  const kept = [`${head}, in parts: \`look\` shows others`];
  let used = head.length + 40;
  const outline = outlineOf(lines)
    .join("\n")
    .slice(0, Math.floor(room * 0.25));
  if (outline !== "") {
    kept.push(`outline:\n${outline}`);
    used += outline.length + 10;
  }
  const taken = new Set<number>();
  const places = [...ranges, ...fitting(lines, words)];
  const blocks: { from: number; to: number }[] = [];
  for (const { from, to } of places) {
    const start = Math.max(1, from);
    const end = Math.min(lines.length, to);
    let last = start - 1;
    for (let number = start; number <= end; number++) {
      if (!taken.has(number)) {
        const size = (lines[number - 1]?.length ?? 0) + 1;
        if (used + size > room) break;
        used += size;
        taken.add(number);
      }
      last = number;
    }
    if (last >= start) blocks.push({ from: start, to: last });
    if (used + 80 > room) break;
  }
  for (const { from, to } of joined(blocks))
    kept.push(`lines ${from} to ${to}:\n\`\`\`\n${lines.slice(from - 1, to).join("\n")}\n\`\`\``);
  return kept.join("\n");
}

function joined(blocks: { from: number; to: number }[]): { from: number; to: number }[] {
  const sorted = [...blocks].sort((a, b) => a.from - b.from);
  const found: { from: number; to: number }[] = [];
  for (const block of sorted) {
    const last = found.at(-1);
    if (last !== undefined && block.from <= last.to + 1) last.to = Math.max(last.to, block.to);
    else found.push({ ...block });
  }
  return found;
}

/** Stretches of a file that have most of the task's words, the best first. */
function fitting(lines: readonly string[], words: readonly string[]): { from: number; to: number }[] {
  const wanted = words.filter((word) => word.length >= 4).slice(0, 60);
  if (wanted.length === 0) return [];
  const places: { line: number; score: number }[] = [];
  lines.forEach((line, index) => {
    if (line.length > 1_000) return;
    const lower = line.toLowerCase();
    let score = 0;
    for (const word of wanted) if (lower.includes(word)) score += 1;
    if (score > 0) places.push({ line: index + 1, score });
  });
  places.sort((a, b) => b.score - a.score || a.line - b.line);
  return places.slice(0, 40).map(({ line }) => ({ from: line - around, to: line + around }));
}

const definition =
  /^\s{0,4}(?:export\b|pub\b|public\b|private\b|protected\b|abstract\b|static\b|async\b|function\b|class\b|def\b|func\b|fn\b|impl\b|interface\b|type\b|struct\b|enum\b|trait\b|module\b|namespace\b)/;
const outlineLines = 150;

/** Where a file's definitions are. */
function outlineOf(lines: readonly string[]): string[] {
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (!definition.test(line.slice(0, 40))) continue;
    found.push(`${index + 1}: ${line.trim().slice(0, 110)}`);
    if (found.length >= outlineLines) break;
  }
  return found;
}

/** What a model asked to see, by file; `0` and `0` is all of it. */
export function wantedOf(paths: readonly string[], looks: readonly Look[]): Wanted[] {
  const found = new Map<string, Wanted>();
  const of = (path: string) => {
    const known = found.get(path) ?? { path, ranges: [] };
    found.set(path, known);
    return known;
  };
  // What was asked for comes first.
  for (const { path, from, to } of looks) {
    const one = of(path.replace(/^\.\//, ""));
    if (from > 0) one.ranges.push({ from, to: Math.max(from, to) });
  }
  for (const path of paths) of(path);
  return [...found.values()];
}
