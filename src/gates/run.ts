import { access } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors.js";
import { type RunResult, runProcess } from "../process.js";
import { type Environment, findProgram } from "./environment.js";
import type { GatePlan } from "./find.js";
import type { Output, Printed } from "./output.js";
import type { Confine } from "./sandbox.js";

export interface Outcome {
  state: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped; null when it passed. */
  reason: string | null;
  /** Milliseconds. */
  ms: number;
  code: number | null;
  printed: Printed;
}

/** Why a command can't be run here; null when it can. Looks for programs and dependencies, runs nothing. */
export async function notRunnable(plan: GatePlan, environment: Environment): Promise<string | null> {
  if (plan.program !== null && (await findProgram(plan.program, environment)) === null)
    return `${plan.program} was not found on PATH`;
  if (plan.install !== null && !(await anyExists(plan.cwd, ["node_modules", ".pnp.cjs", ".pnp.js"])))
    return `dependencies are not installed: run ${plan.install}`;
  return null;
}

/**
 * Runs a check's command by the shell, in `cwd`, and judges how it ended. Throws the signal's reason when
 * cancelled, after everything it started is dead.
 */
export async function runCheck(
  plan: GatePlan,
  output: Output,
  options: {
    cwd: string;
    environment: Environment;
    signal: AbortSignal;
    /** Runs it in a sandbox. */
    confine?: Confine | undefined;
  },
): Promise<Outcome> {
  const windows = process.platform === "win32";
  const shell = windows ? (options.environment.ComSpec ?? "cmd.exe") : "/bin/sh";
  const line = windows ? ["/d", "/s", "/c", `"${plan.command}"`] : ["-c", plan.command];
  const { file, args } = options.confine?.(shell, line, options.cwd) ?? { file: shell, args: line };
  let result: RunResult;
  let printed: Printed;
  try {
    result = await runProcess(file, args, {
      cwd: options.cwd,
      env: options.environment,
      timeout: plan.timeout,
      signal: options.signal,
      maxOutput: 0,
      onOutput: (chunk, stream) => output.push(chunk, stream),
      reap: true,
      verbatim: windows,
    });
  } finally {
    printed = output.end();
  }
  if (result.stopped === "cancelled") options.signal.throwIfAborted();
  const { state, reason } = judge(plan, result, printed);
  return { state, reason, ms: result.ms, code: result.code, printed };
}

function judge(plan: GatePlan, result: RunResult, { last }: Printed): Pick<Outcome, "state" | "reason"> {
  if (result.stopped === "timeout") {
    return {
      state: "failed",
      reason: `not finished after ${plan.timeout / 1000} s, its limit, and was killed`,
    };
  }
  if (result.stopped !== null) {
    return {
      state: "skipped",
      reason: `could not be started: ${messageOf(result.stderr.toString()) || result.stopped}`,
    };
  }
  if (result.code === 0) return { state: "passed", reason: null };
  if (result.killedBy !== null) return { state: "failed", reason: `ended by ${result.killedBy}` };
  // The shell's code for a program that is not there; make hands it on in words. The project's code can't be
  // judged by it.
  const missing = last.findLast((line) =>
    /: (command )?not found$|is not recognized as an internal|^error: no such command|cargo-\w+' is not installed|Error 127$/.test(
      line,
    ),
  );
  if (
    result.code === 127 ||
    (missing !== undefined && /Error 127$|no such command|not installed/.test(missing))
  ) {
    return {
      state: "skipped",
      reason: `a program it needs was not found${missing === undefined ? "" : `: ${missing.slice(0, 120)}`}`,
    };
  }
  return { state: "failed", reason: `exit code ${result.code}` };
}

async function anyExists(folder: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    try {
      await access(join(folder, name));
      return true;
    } catch {
      // Look on.
    }
  }
  return false;
}
