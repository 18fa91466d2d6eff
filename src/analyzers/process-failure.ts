import { SourceError } from "../errors.js";
import type { RunResult } from "../process.js";

/** What to say of an analyzer's process that did not end well. */
export function failure(name: string, result: RunResult): SourceError {
  const kind = result.stopped === "timeout" || result.stopped === "cancelled" ? result.stopped : "crashed";
  const said = lastWords(result.stderr.toString("utf8"));
  const how = kind === "crashed" ? `ended with code ${result.code}: ${said}` : kind;
  return new SourceError(`${name} ${how}`, "The other engines' findings stand.", { kind });
}

/** How a process that was to stay came to its end, and the line of its stderr that says most about it. */
export function howItEnded(
  { code, killedBy }: { code: number | null; killedBy: string | null },
  stderr: string,
): string {
  const how = code === null ? `was ended by ${killedBy ?? "the system"}` : `ended with code ${code}`;
  return `${how}: ${lastWords(stderr)}`;
}

function lastWords(stderr: string): string {
  const lines = stderr.trim().split("\n");
  return (lines.find((line) => /error|memory/i.test(line)) ?? lines.at(-1) ?? "").trim().slice(0, 300);
}
