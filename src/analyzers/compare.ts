import { createHash } from "node:crypto";
import type { Change, ChangedFile } from "../change/types.js";
import type { BothSides, Diagnostic, Severity } from "./engine.js";

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
  regressionIn?: string | undefined;
}

/**
 * What is new at head: more of the same code and message in a file than at base, wherever in the file it stands.
 * What only moved, to another line or another file, is not new; neither is an old mistake whose message changed
 * because a type in it reads differently now.
 */
export function compare(change: Change, source: string, { base, head }: BothSides): Finding[] {
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
  const vanished: Diagnostic[] = [];
  const now = group(head, sameMistake);
  for (const [key, ones] of now) {
    const earlier = old.get(key) ?? [];
    surplus.push(...newest(ones, earlier, isChanged));
    vanished.push(...earlier.slice(ones.length));
  }
  for (const [key, ones] of old) if (!now.has(key)) vanished.push(...ones);

  surplus = withoutPairs(surplus, vanished, (one) => JSON.stringify([one.path, one.code, one.evidence]));
  surplus = withoutPairs(surplus, vanished, (one) =>
    JSON.stringify([one.code, messageKey(one), one.evidence]),
  );
  surplus = withoutPairs(surplus, vanished, (one) =>
    one.class === "secret" ? JSON.stringify([one.code, one.subject]) : null,
  );
  return identify(surplus.map((one) => toFinding(one, source, isChanged(one))));
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
  const known = earlier.map((one) => one.evidence);
  const rest = ones.filter((one) => {
    const at = known.indexOf(one.evidence);
    if (at === -1) return true;
    known.splice(at, 1);
    return false;
  });
  const ranked = [...rest, ...ones.filter((one) => !rest.includes(one))];
  return ranked
    .map((one, index) => ({ one, rank: (isChanged(one) ? 0 : ranked.length) + index }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, extra)
    .map(({ one }) => one);
}

/** Leaves out as many as have vanished with the same key, and uses those up. */
function withoutPairs(
  surplus: Diagnostic[],
  vanished: Diagnostic[],
  keyOf: (one: Diagnostic) => string | null,
): Diagnostic[] {
  return surplus.filter((one) => {
    const key = keyOf(one);
    const at = key === null ? -1 : vanished.findIndex((other) => keyOf(other) === key);
    if (at === -1) return true;
    vanished.splice(at, 1);
    return false;
  });
}

function group<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const others = groups.get(key);
    if (others) others.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Tells whether a line at head is one that the change wrote. */
function changedLines(file: ChangedFile): (line: number) => boolean {
  const ranges = file.hunks.map((hunk) => [hunk.newStart, hunk.newStart + hunk.newLines] as const);
  return (line) => ranges.some(([start, end]) => line >= start && line < end);
}

function toFinding(one: Diagnostic, source: string, onChangedLine: boolean): Finding {
  const { code, severity, line, message, evidence, subject, regressionIn } = one;
  return {
    id: "",
    severity,
    class: one.class,
    file: one.path,
    line,
    message,
    evidence,
    source,
    on_changed_line: onChangedLine,
    code,
    subject,
    regressionIn,
  };
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
  for (const finding of findings) {
    const at = kept.findIndex((other) => isSamePlace(other, finding));
    const known = kept[at];
    if (!known) {
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

function isSamePlace(one: Finding, other: Finding): boolean {
  if (one.file !== other.file || one.line !== other.line || one.source === other.source) return false;
  if (one.subject !== undefined && other.subject !== undefined) return one.subject === other.subject;
  return one.class === other.class;
}

function joined(sources: string, source: string): string {
  return sources.split(", ").includes(source) ? sources : `${sources}, ${source}`;
}
