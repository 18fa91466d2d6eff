import { Command, CommanderError } from "commander";
import { isSluiceError, messageOf } from "../errors.js";
import { printable } from "../printable.js";
import { killAllProcesses } from "../process.js";
import type { Sluice } from "../sluice.js";
import { systemProblem } from "../system-error.js";
import { version } from "../version.js";
import { doctorCommand } from "./doctor.js";
import { initCommand } from "./init.js";
import { interviewCommand } from "./interview.js";
import { planCommand } from "./plan.js";
import { quotaCommand } from "./quota.js";
import { reportCommand } from "./report.js";
import { reviewCommand } from "./review.js";
import { scoutCommand } from "./scout.js";
import { serveCommand } from "./serve-command.js";
import { statusCommand } from "./status.js";
import { taskCommand } from "./task.js";
import { createTerminal, type Terminal } from "./terminal.js";
import { trustCommand } from "./trust.js";
import { workCommand } from "./work.js";

/** What each subcommand's file exports: it adds itself to the program. */
export type AddCommand = (program: Command, context: CommandContext) => void;

export interface CommandContext {
  sluice: Sluice;
  terminal: Terminal;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /** Sets the exit code: 0 = good, 1 = issues found, 2 = wrong use or configuration, 3 = not decided. */
  exit(code: 0 | 1 | 2 | 3): void;
}

const commands: readonly AddCommand[] = [
  serveCommand,
  reviewCommand,
  planCommand,
  taskCommand,
  workCommand,
  scoutCommand,
  initCommand,
  trustCommand,
  statusCommand,
  interviewCommand,
  quotaCommand,
  reportCommand,
  doctorCommand,
];

/** Runs `sluice …` and gives its exit code. Wrong use and wrong configuration are 2, whatever the subcommand. */
export async function runCommandLine(args: readonly string[], sluice: Sluice): Promise<number> {
  const terminal = createTerminal(sluice);
  let code = 0;
  const cancel = new AbortController();
  const stop = () => {
    // The second Ctrl-C does not wait for anything.
    if (cancel.signal.aborted) {
      killAllProcesses();
      process.exit(130);
    }
    cancel.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // `sluice doctor | head`: who has read enough is no error.
  const unread = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    killAllProcesses();
    process.exit(code);
  };
  process.stdout.on("error", unread);
  process.stderr.on("error", unread);
  const program = new Command("sluice")
    .description(
      "Makes a coding agent's premium quota last: free gates, analyzers and fingerprints in front of every premium review.",
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError("(try: sluice --help)")
    .addHelpText(
      "after",
      "\nIn any git repository:  sluice review\nFor your agent:         sluice init   (prints how to register the server)",
    );
  for (const add of commands)
    add(program, {
      sluice,
      terminal,
      signal: cancel.signal,
      exit: (value) => {
        code = value;
      },
    });
  for (const command of program.commands)
    for (const one of [command, ...command.commands])
      one.exitOverride().showHelpAfterError(`(try: sluice ${command.name()} --help)`);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...args], { from: "user" });
    return cancel.signal.aborted ? 130 : code;
  } catch (thrown) {
    const error = systemProblem(thrown) ?? thrown;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (cancel.signal.aborted) return 130;
    if (isSluiceError(error)) {
      terminal.note(`${terminal.colours.red("error")}: ${printable(error.message)}`);
      terminal.note(printable(error.hint));
      return 2;
    }
    terminal.note(`${terminal.colours.red("error")}: ${printable(messageOf(error))}`);
    if (sluice.env.SLUICE_DEBUG && error instanceof Error) terminal.note(error.stack ?? "");
    else terminal.note("This is a bug in Sluice. Set SLUICE_DEBUG=1 to see where, and please report it.");
    return 3;
  } finally {
    process.removeListener("SIGINT", stop);
    process.removeListener("SIGTERM", stop);
    killAllProcesses();
  }
}
