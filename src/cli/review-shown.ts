import type { Blocker } from "../premium/blockers.js";
import { noSource, type Step } from "../premium/review-stage.js";
import { printable, printableLine } from "../printable.js";
import type { CommandContext } from "./command-line.js";

/** What the reviews of a change and of a plan both answer. */
export interface Shown {
  verdict: string | null;
  decided_by: string | null;
  blockers: readonly Blocker[];
  remarks: { summary: string; findings: readonly Blocker[] } | null;
  stages: readonly { name: string; state: Step<never>["state"]; ms: number; summary: string }[];
  receipt: string | null;
  warnings: readonly string[];
}

type Terminal = CommandContext["terminal"];

/** How each stage went, what has to be done, and what the reviewer says besides. */
export function showStages(result: Shown, { print, colours }: Terminal): void {
  const painted = { passed: colours.green, issues: colours.red, skipped: colours.dim, error: colours.yellow };
  for (const { name, state, ms, summary } of result.stages) {
    const time = colours.dim(`${(ms / 1000).toFixed(1)} s`);
    print(`  ${painted[state](state.padEnd(8))}${name.padEnd(12)}${printableLine(summary)} ${time}`);
  }
  for (const blocker of result.blockers) {
    const { source, id } = blocker;
    print(`\n  ${colours.red("●")} ${placed(blocker)}`);
    print(colours.dim(`    ${printable([source, id].filter((part) => part !== null).join("  "))}`));
  }
  if (result.remarks !== null) {
    print(`\n${printable(result.remarks.summary)}`);
    for (const finding of result.remarks.findings) print(`  ${colours.dim("○")} ${placed(finding)}`);
  }
  if (result.receipt !== null) print(colours.dim(`\nreceipt: ${printableLine(result.receipt)}`));
}

/** Warnings, the verdict, and what to do now. */
export function showVerdict(result: Shown, next: string, { print, note, colours }: Terminal): void {
  for (const warning of result.warnings) note(`${colours.yellow("warning")}: ${printableLine(warning)}`);
  const paint =
    result.verdict === "SHIP" ? colours.green : result.verdict === null ? colours.yellow : colours.red;
  const by = result.decided_by === null ? "" : ` by ${result.decided_by}`;
  print(`\n${colours.bold(paint(result.verdict ?? "no verdict yet"))}${by}`);
  print(printable(next));
}

/**
 * What is left to do where no premium model has given a verdict.
 *
 * @param what `change` or `plan`
 * @param tool by which an agent reviews it
 */
export function yetToRead({ stages }: Pick<Shown, "stages">, what: string, tool: string): string {
  const premium = stages.find(({ name }) => name === "premium");
  if (premium?.state === "error") return `No premium model gave a verdict: ${premium.summary}`;
  const open = stages.some(({ state }) => state === "issues" || state === "error");
  const unasked = premium === undefined ? "" : `: ${premium.summary.replace(/\.$/, "")}`;
  const todo =
    premium?.summary === noSource
      ? ` sluice doctor says what it takes to set one up; without one your agent can review it, by ${tool}.`
      : "";
  return `${open ? "" : `Nothing free stands against the ${what}. `}A premium model has yet to read it${unasked}.${todo}`;
}

function placed({ file, line, message }: Blocker): string {
  const place = file === null ? "" : `${printableLine(file)}${line === null ? "" : `:${line}`}  `;
  return `${place}${printable(message)}`;
}
