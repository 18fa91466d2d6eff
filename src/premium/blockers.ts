import { isBlocking, type ReadAnswer, type ReviewFinding } from "./answer.js";

/** What has to be done before something ships. */
export interface Blocker {
  file: string | null;
  line: number | null;
  message: string;
  /** The stage's check, or the model that says so. */
  source: string;
  /** A finding's id, to dismiss it by; null for what can't be dismissed. */
  id: string | null;
}

/** A blocker without what else a check keeps of its finding. */
export function asBlocker({ file, line, message, source, id }: Blocker): Blocker {
  return { file, line, message, source, id };
}

/** Characters. */
const longestMessage = 4_000;

/**
 * What a reviewer's answer asks for, and what it would have better and lets pass.
 *
 * @param before what earlier reviewers asked for and this one did not call settled: it is asked for again
 */
export function sortFindings(
  read: ReadAnswer,
  model: string,
  before: readonly Blocker[],
): { blockers: Blocker[]; remarks: Blocker[] } {
  const ofReviewer = (one: ReviewFinding): Blocker => ({
    file: one.file,
    line: one.line === null ? null : Math.max(1, Math.trunc(one.line)),
    message:
      `${one.severity}: ${one.problem}${one.suggestion.trim() === "" ? "" : `\n${one.suggestion}`}`.slice(
        0,
        longestMessage,
      ),
    source: model,
    id: null,
  });
  if (read.verdict === "SHIP") return { blockers: [], remarks: read.findings.map(ofReviewer) };
  const blocking = read.findings.filter(({ severity }) => isBlocking(severity));
  const rest = read.findings.filter(({ severity }) => !isBlocking(severity));
  // Sent back without a blocker: then all it said is what is asked for.
  if (blocking.length + before.length === 0 && rest.length > 0)
    return { blockers: rest.map(ofReviewer), remarks: [] };
  const said = read.summary.trim() || "The reviewer gave no reason.";
  const whole: Blocker = {
    file: null,
    line: null,
    message: said.slice(0, longestMessage),
    source: model,
    id: null,
  };
  return {
    blockers: blocking.length + before.length === 0 ? [whole] : [...before, ...blocking.map(ofReviewer)],
    remarks: rest.map(ofReviewer),
  };
}

/** Of earlier findings, numbered from 1, those that a reviewer did not call fixed or withdrawn: they go on standing. */
export function unsettled(
  earlier: readonly Blocker[],
  prior: readonly { number: number; status: string }[],
): Blocker[] {
  const settled = new Set(prior.filter(({ status }) => status !== "not_fixed").map(({ number }) => number));
  for (const { number, status } of prior) if (status === "not_fixed") settled.delete(number);
  return earlier.filter((_, index) => !settled.has(index + 1));
}
