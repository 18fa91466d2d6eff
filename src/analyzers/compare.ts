import { createHash } from "node:crypto";
import type { Change, ChangedFile } from "../change/types.js";
import { printable } from "../printable.js";
import { breathe } from "./breathe.js";
import type { BothSides, Diagnostic, Severity } from "./engine.js";
import { lineOf } from "./line-starts.js";

/** A mistake that a change brought in. */
export interface Finding {
  /** Stable while the file's path, the mistake and the line's own text stay. */
  id: string;
  severity: Severity;
  class: string;
  file: string;
  line: number;
  message: string;
  evidence: string;
  /** The engine, or the engines with a comma. */
  source: string;
  on_changed_line: boolean;
  code: string;
  subject?: string | undefined;
}

/** New findings of one engine that are told. */
const findingLimit = 1_000;

/**
 * What is new at head: more of the same code and message in a file than at base, wherever in the file it stands.
 * What only moved, to another line or another file, is not new; neither is an old mistake whose message changed
 * because a type in it reads differently now. Gives the worst, and how many were left out: nobody reads thousands.
 */
export async function compare(
  change: Change,
  source: string,
  { base, head }: BothSides,
): Promise<{ findings: Finding[]; left: number }> {
  const renamed = new Map(
    change.files.flatMap((file) =>
      file.status === "renamed" && file.oldPath ? [[file.oldPath, file.path]] : [],
    ),
  );
  const before = base.map((one) => ({ ...one, path: renamed.get(one.path) ?? one.path }));
  const changed = new Map(change.files.map((file) => [file.path, changedLines(file)]));
  const isChanged = (one: Diagnostic) => changed.get(one.path)?.(one.line) ?? false;

  const old = group(before, sameMistake);
  let surplus: Diagnostic[] = [];
  const vanished = new Set<Diagnostic>();
  const now = group(head, sameMistake);
  await breathe();
  for (const [key, ones] of now) {
    const earlier = old.get(key) ?? [];
    for (const one of newest(ones, earlier, isChanged)) surplus.push(one);
    for (const one of earlier.slice(ones.length)) vanished.add(one);
    await breathe();
  }
  for (const [key, ones] of old) if (!now.has(key)) for (const one of ones) vanished.add(one);

  surplus = withoutPairs(surplus, vanished, (one) => JSON.stringify([one.path, one.code, one.evidence]));
  await breathe();
  surplus = withoutPairs(surplus, vanished, (one) =>
    JSON.stringify([one.code, messageKey(one), one.evidence]),
  );
  await breathe();
  surplus = withoutPairs(surplus, vanished, (one) =>
    one.class === "secret" ? JSON.stringify([one.code, one.subject]) : null,
  );
  const worst = surplus
    .map((one) => toFinding(one, source, isChanged(one)))
    .sort(
      (a, b) =>
        order.indexOf(a.severity) - order.indexOf(b.severity) ||
        Number(b.on_changed_line) - Number(a.on_changed_line),
    );
  return { findings: identify(worst.slice(0, findingLimit)), left: Math.max(worst.length - findingLimit, 0) };
}

function sameMistake(one: Diagnostic): string {
  return JSON.stringify([one.path, one.code, messageKey(one)]);
}

/** A message without what moves when the code around it does. */
function messageKey(one: Diagnostic): string {
  const place = one.class === "secret" ? (one.subject ?? "") : "";
  return `${one.message.replace(/\blines? \d+/g, "line N")}${place}`;
}

/** Of several of the same mistake, those that are not the old ones: first by text of the line, then by what changed. */
function newest(
  ones: Diagnostic[],
  earlier: Diagnostic[],
  isChanged: (one: Diagnostic) => boolean,
): Diagnostic[] {
  const extra = ones.length - earlier.length;
  if (extra <= 0) return [];
  const known = group(earlier, (one) => one.evidence);
  const isOld = (one: Diagnostic) => known.get(one.evidence)?.pop() !== undefined;
  const rest: Diagnostic[] = [];
  const old: Diagnostic[] = [];
  for (const one of ones) (isOld(one) ? old : rest).push(one);
  const ranked = [...rest, ...old];
  return ranked
    .map((one, index) => ({ one, rank: (isChanged(one) ? 0 : ranked.length) + index }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, extra)
    .map(({ one }) => one);
}

/** Leaves out as many as have vanished with the same key, and uses those up. */
function withoutPairs(
  surplus: readonly Diagnostic[],
  vanished: Set<Diagnostic>,
  keyOf: (one: Diagnostic) => string | null,
): Diagnostic[] {
  if (surplus.length === 0 || vanished.size === 0) return [...surplus];
  const partners = group([...vanished].reverse(), keyOf);
  return surplus.filter((one) => {
    const key = keyOf(one);
    const partner = key === null ? undefined : partners.get(key)?.pop();
    return partner === undefined || !vanished.delete(partner);
  });
}

function group<T>(items: readonly T[], keyOf: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const others = groups.get(key);
    if (others) others.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Tells whether a line at head is one that the change wrote. */
function changedLines(file: ChangedFile): (line: number) => boolean {
  const hunks = [...file.hunks].sort((a, b) => a.newStart - b.newStart);
  const starts = hunks.map(({ newStart }) => newStart);
  return (line) => {
    const hunk = hunks[lineOf(starts, line) - 1];
    return hunk !== undefined && line >= hunk.newStart && line < hunk.newStart + hunk.newLines;
  };
}

function toFinding(one: Diagnostic, source: string, onChangedLine: boolean): Finding {
  const { code, severity, line, message, evidence, subject } = one;
  return {
    id: "",
    severity,
    class: one.class,
    file: one.path,
    line,
    message: plain(message),
    evidence,
    source,
    on_changed_line: onChangedLine,
    code,
    subject,
  };
}

/** Names in a message are a stranger's. */
function plain(message: string): string {
  const text = printable(message.slice(0, 2_000)).replace(/\s+/g, " ").trim();
  return text.length > 600 ? `${text.slice(0, 599)}…` : text;
}

function identify(findings: Finding[]): Finding[] {
  const seen = new Map<string, number>();
  return findings
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
    .map((finding) => {
      const key = JSON.stringify([
        finding.file,
        finding.code,
        finding.message.replace(/\blines? \d+/g, "line N"),
        finding.evidence,
      ]);
      const occurrence = seen.get(key) ?? 0;
      seen.set(key, occurrence + 1);
      const id = createHash("sha256").update(`${key}\n${occurrence}`).digest("hex").slice(0, 12);
      return { ...finding, id };
    });
}

const order: readonly Severity[] = ["certain", "likely", "hint"];

/** Worst first; what two engines say of one place is one finding, in the words of the first. */
export function merge(findings: readonly Finding[]): Finding[] {
  const kept: Finding[] = [];
  const places = new Map<string, number[]>();
  for (const finding of findings) {
    const place = `${finding.line}:${finding.file}`;
    const there = places.get(place) ?? [];
    places.set(place, there);
    const at = there.find((index) => isSamePlace(kept[index], finding)) ?? kept.length;
    const known = kept[at];
    if (!known) {
      there.push(kept.length);
      kept.push(finding);
      continue;
    }
    const worse = order.indexOf(finding.severity) < order.indexOf(known.severity);
    const severity = worse ? finding.severity : known.severity;
    kept[at] = { ...known, severity, source: joined(known.source, finding.source) };
  }
  return kept.sort(
    (a, b) =>
      order.indexOf(a.severity) - order.indexOf(b.severity) ||
      Number(b.on_changed_line) - Number(a.on_changed_line) ||
      a.file.localeCompare(b.file) ||
      a.line - b.line,
  );
}

function isSamePlace(one: Finding | undefined, other: Finding): boolean {
  if (one === undefined || one.file !== other.file || one.line !== other.line || one.source === other.source)
    return false;
  if (one.subject !== undefined && other.subject !== undefined) return one.subject === other.subject;
  return one.class === other.class;
}

function joined(sources: string, source: string): string {
  return sources.split(", ").includes(source) ? sources : `${sources}, ${source}`;
}
