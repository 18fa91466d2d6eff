import type { GatesResult } from "../gates.js";

/** Characters of JSON; a tool's result must stay under 9,000. */
const limit = 8_500;

/** Cuts what is said of each check until the whole fits; what is left out is in the logs. Never drops a check. */
export function fitted(result: GatesResult): GatesResult {
  for (const [tail, reason, command] of [
    [1_500, 400, 400],
    [700, 300, 200],
    [300, 200, 120],
    [100, 100, 80],
    [0, 80, 60],
    [0, 40, 0],
  ] as const) {
    const shorter: GatesResult = {
      ...result,
      next: result.next === null ? null : cut(result.next, 900),
      checks: result.checks.map((check) => ({
        ...check,
        output_tail: check.output_tail.length > tail ? ending(check.output_tail, tail) : check.output_tail,
        reason: check.reason === null ? null : cut(check.reason, reason),
        command: check.command === null || command === 0 ? null : cut(check.command, command),
        log: command === 0 && check.state === "passed" ? null : check.log,
      })),
    };
    if (JSON.stringify(shorter).length <= limit || command === 0) return shorter;
  }
  return result;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Half from the start, where the first errors are, half from the end. */
function ending(text: string, length: number): string {
  if (length === 0) return "";
  const half = Math.floor(length / 2) - 1;
  return `${text.slice(0, half)}\n…\n${text.slice(-half)}`;
}
