import { SourceError } from "../errors.js";
import type { RunResult } from "../process.js";

/** What to say of an analyzer's process that did not end well. */
export function failure(name: string, result: RunResult): SourceError {
  const kind = result.stopped === "timeout" || result.stopped === "cancelled" ? result.stopped : "crashed";
  const lines = result.stderr.toString("utf8").trim().split("\n");
  const said = lines.find((line) => /error|memory/i.test(line)) ?? lines.at(-1) ?? "";
  const how = kind === "crashed" ? `ended with code ${result.code}: ${said.trim().slice(0, 300)}` : kind;
  return new SourceError(`${name} ${how}`, "The other engines' findings stand.", { kind });
}
