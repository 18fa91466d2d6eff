import { createHash } from "node:crypto";
import type { Finding } from "../../analyzers/compare.js";
import { sentenceOf } from "../../local/sentence.js";
import type { Claim } from "./answers.js";
import { isAdded, touchedLines } from "./show.js";
import type { Unit } from "./units.js";

/**
 * Confidence (0 to 1, of the finding and of the pass that tried to refute it, the lower one) from which a model's
 * finding is `likely` and so blocks; below it is a `hint`. Set by `eval/prescreen --with-model`: see
 * docs/local-screen.md. No maker's figure says what a model's own confidence is worth, so it is high.
 */
export const likelyFrom = 0.9;

/** Why a model's claim is not believed. */
export type Doubt =
  | "outside the change"
  | "quote not in the file"
  | "already reported"
  | "said twice"
  | "not about code"
  | "refuted"
  | "no second look";

/** A claim that holds as far as can be seen without a model. */
export interface CheckedClaim {
  line: number;
  class: Claim["class"];
  message: string;
  /** 0 to 1. */
  confidence: number;
}

/** Lines that a claim's line may be off from its quote. */
const slack = 2;
const shortestQuote = 3;
/** Lines around an analyzer's finding of the same class. */
const nearby = 3;

/**
 * Holds claims against the file and the change: nothing is believed that can be looked up. A claim must be about the
 * file that was shown, quote one of its lines word for word, and stand on a line that the change touched.
 */
export function checkClaims(
  claims: readonly Claim[],
  unit: Unit,
  found: readonly Finding[],
  doubt: (why: Doubt) => void,
): CheckedClaim[] {
  const touched = touchedLines(unit);
  const byLine = new Map<number, CheckedClaim>();
  // The surest first: what is said twice of one line is taken once.
  for (const claim of [...claims].sort((a, b) => b.confidence - a.confidence)) {
    const message = sentenceOf(claim.message);
    if (message === null) {
      doubt("not about code");
      continue;
    }
    if (claim.file !== unit.file.path || !isNear(touched, claim.line)) {
      doubt("outside the change");
      continue;
    }
    const line = lineOfQuote(claim, unit.lines);
    if (line === null) {
      doubt("quote not in the file");
      continue;
    }
    if (!touched.has(line)) {
      doubt("outside the change");
      continue;
    }
    if (isReported(found, unit.file.path, line, claim.class)) {
      doubt("already reported");
      continue;
    }
    if (byLine.has(line)) {
      doubt("said twice");
      continue;
    }
    byLine.set(line, { line, class: claim.class, message, confidence: claim.confidence / 100 });
  }
  return [...byLine.values()].sort((a, b) => a.line - b.line);
}

/** The same for claims that held once, for the same file and change, and were kept since. */
export function recheck(
  claims: readonly CheckedClaim[],
  unit: Unit,
  found: readonly Finding[],
  doubt: (why: Doubt) => void,
): CheckedClaim[] {
  const touched = touchedLines(unit);
  return claims.flatMap((claim) => {
    const message = sentenceOf(claim.message);
    if (message === null || !touched.has(claim.line) || claim.line > unit.lines.length) return [];
    if (!isReported(found, unit.file.path, claim.line, claim.class)) return [{ ...claim, message }];
    doubt("already reported");
    return [];
  });
}

function isNear(touched: ReadonlySet<number>, line: number): boolean {
  for (let at = line - slack; at <= line + slack; at++) if (touched.has(at)) return true;
  return false;
}

/** Where a quote stands: at its line, or at the only place within two lines of it; null for nowhere. */
function lineOfQuote({ line, evidence }: Claim, lines: readonly string[]): number | null {
  const quotes = [evidence, evidence.replace(/^\s*\d+\s*[|+-]?\s*/, ""), evidence.replace(/^\s*\+\s?/, "")];
  for (const quote of quotes.map(flat)) {
    if (quote.replace(/[^\p{L}\p{N}]/gu, "").length < shortestQuote) continue;
    const holds = (at: number) => flat(lines[at - 1] ?? "").includes(quote);
    if (holds(line)) return line;
    const places: number[] = [];
    for (let at = Math.max(1, line - slack); at <= line + slack; at++) if (holds(at)) places.push(at);
    const [only] = places;
    if (places.length === 1 && only !== undefined) return only;
  }
  return null;
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function isReported(found: readonly Finding[], path: string, line: number, kind: string): boolean {
  return found.some(
    (one) =>
      one.file === path &&
      ((one.line === line && one.severity !== "hint") ||
        (one.class === kind && Math.abs(one.line - line) <= nearby)),
  );
}

/** Findings of a file, as the pre-screen gives them. Ids are ours, and stay while the path and the line's text do. */
export function findingsOf(unit: Unit, claims: readonly CheckedClaim[], model: string): Finding[] {
  const { path } = unit.file;
  const seen = new Map<string, number>();
  return claims.map(({ line, class: kind, message, confidence }) => {
    const evidence = (unit.lines[line - 1] ?? "").trim().slice(0, 200);
    const occurrence = seen.get(evidence) ?? 0;
    seen.set(evidence, occurrence + 1);
    const id = createHash("sha256")
      .update(JSON.stringify(["model", path, evidence, occurrence]))
      .digest("hex")
      .slice(0, 12);
    return {
      id,
      severity: confidence >= likelyFrom ? "likely" : "hint",
      class: kind,
      file: path,
      line,
      message,
      evidence,
      source: `model:${model}`,
      on_changed_line: isAdded(unit, line),
      code: `model/${kind}`,
    };
  });
}
