import type { Finding } from "../../analyzers/compare.js";
import { type Caller, type Callers, calledNames, callOf, callText } from "./callers.js";
import { type Block, linesOf, shownLines, type Unit } from "./units.js";

/** What is shown to a model in one request: some blocks of one file. */
export interface Part {
  unit: Unit;
  blocks: readonly Block[];
}

/** Characters of a part: some thousand tokens, which small models still read with care. */
const partLimit = 20_000;
const removedShown = 60;
/** In changed files, and as many in others. */
const callersShown = 8;
const namesAsked = 12;
const reportedShown = 20;

/** A file's blocks in parts of a size that a model reads well; every block is in one. */
export function partsOf(unit: Unit, blocks: readonly Block[] = unit.blocks): Part[] {
  const parts: Part[] = [];
  let current: Block[] = [];
  let size = 0;
  for (const block of blocks) {
    const length = blockText(unit, block).length;
    if (current.length > 0 && size + length > partLimit) {
      parts.push({ unit, blocks: current });
      current = [];
      size = 0;
    }
    current.push(block);
    size += length;
  }
  if (current.length > 0) parts.push({ unit, blocks: current });
  return parts;
}

/** The halves of a part that did not fit a model; null when it can't be made smaller. */
export function halves({ unit, blocks }: Part): [Part, Part] | null {
  if (blocks.length > 1) {
    const middle = blocks.length >> 1;
    return [
      { unit, blocks: blocks.slice(0, middle) },
      { unit, blocks: blocks.slice(middle) },
    ];
  }
  const [block] = blocks;
  if (block === undefined || block.end - block.start < 8) return null;
  const middle = (block.start + block.end) >> 1;
  return [
    { unit, blocks: [{ ...block, end: middle }] },
    { unit, blocks: [{ ...block, start: middle + 1 }] },
  ];
}

/** A part as text: numbered lines with marks, taken-away lines in their places. */
export function partText({ unit, blocks }: Part, label: "Lines" | "Part" = "Lines"): string {
  const shown = blocks.map((block, index) => {
    const lines = `${block.start}-${block.end} of ${unit.lines.length}`;
    const title = label === "Part" ? `Part ${index + 1}: lines ${lines}` : `Lines ${lines}`;
    return `== ${title}\n${blockText(unit, block)}`;
  });
  const new_ = unit.file.status === "added" ? " (a new file)" : "";
  return `File: ${unit.file.path}${new_}\n\n${shown.join("\n\n")}`;
}

function blockText(unit: Unit, block: Block): string {
  const { added, removed } = marksOf(unit);
  const width = String(block.end).length;
  const rows = block.inside.map(({ line, text }) => `(inside line ${line}: ${text})`);
  const gone = (line: number) => {
    const lines = removed.get(line) ?? [];
    for (const text of lines.slice(0, removedShown)) rows.push(`${" ".repeat(width)} - ${text}`);
    if (lines.length > removedShown)
      rows.push(`${" ".repeat(width)} - (${lines.length - removedShown} more lines were taken away here)`);
  };
  for (let line = block.start; line <= block.end; line++) {
    gone(line);
    const mark = added.has(line) ? "+" : " ";
    rows.push(`${String(line).padStart(width)} ${mark} ${unit.lines[line - 1] ?? ""}`);
  }
  if (block.end === unit.lines.length) gone(block.end + 1);
  return rows.join("\n");
}

interface Marks {
  added: ReadonlySet<number>;
  /** What was taken away before a line. */
  removed: ReadonlyMap<number, readonly string[]>;
}

const known = new WeakMap<Unit, Marks>();

function marksOf(unit: Unit): Marks {
  const marks = known.get(unit);
  if (marks) return marks;
  const added = new Set<number>();
  const removed = new Map<number, readonly string[]>();
  for (const { newStart, newLines, lines } of unit.file.hunks) {
    for (let line = newStart; line < newStart + newLines; line++) added.add(line);
    const before = lines.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
    if (before.length > 0)
      removed.set(newLines === 0 ? newStart + 1 : newStart, shownLines(linesOf(before.join("\n"))));
  }
  const made = { added, removed };
  known.set(unit, made);
  return made;
}

/** Lines at head that the change wrote, and those beside what it took away. */
export function touchedLines({ file }: Unit): ReadonlySet<number> {
  const touched = new Set<number>();
  for (const { newStart, newLines } of file.hunks) {
    if (newLines === 0) touched.add(newStart).add(newStart + 1);
    for (let line = newStart; line < newStart + newLines; line++) touched.add(line);
  }
  return touched;
}

export function isAdded(unit: Unit, line: number): boolean {
  return marksOf(unit).added.has(line);
}

/** What analyzers said of the file, so that a model does not say it again. */
export function reportedText(found: readonly Finding[], path: string): string {
  const own = found.filter(({ file }) => file === path).slice(0, reportedShown);
  if (own.length === 0) return "";
  return `\n\n== Already reported\n${own.map(({ line, message }) => `line ${line}: ${message.slice(0, 200)}`).join("\n")}`;
}

/** Calls of a part's functions in what else is at hand: its own file, the other changed ones, then those left alone. */
export function callRows(part: Part, units: readonly Unit[], callers: Callers): Omit<Caller, "name">[] {
  const names = calledNames(part.blocks.flatMap((block) => block.names)).slice(0, namesAsked);
  if (names.length === 0) return [];
  const call = callOf(names);
  const isShown = (line: number) =>
    part.blocks.some(
      ({ start, end, inside }) =>
        (line >= start && line <= end) || inside.some((scope) => scope.line === line),
    );
  const rows: Omit<Caller, "name">[] = [];
  for (const unit of [part.unit, ...units.filter((other) => other !== part.unit)]) {
    for (const [index, text] of unit.lines.entries()) {
      if (rows.length === callersShown) break;
      const line = index + 1;
      const found = call.exec(text);
      if (found === null || (unit === part.unit && isShown(line))) continue;
      rows.push({ path: unit.file.path, line, text: callText(unit.lines, index, found.index) });
    }
  }
  const outside = callers.get(part.unit.file.path)?.filter(({ name }) => names.includes(name)) ?? [];
  return [...rows, ...outside.slice(0, callersShown)];
}

export function callersText(part: Part, units: readonly Unit[], callers: Callers): string {
  const rows = callRows(part, units, callers).map(({ path, line, text }) => `${path}:${line}: ${text}`);
  return rows.length === 0 ? "" : `\n\n== Callers, for the contract only\n${rows.join("\n")}`;
}
