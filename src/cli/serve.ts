import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { tools } from "../../tools/index.js";
import { explained, isSluiceError, messageOf } from "../errors.js";
import { Jobs } from "../mcp/jobs.js";
import { chosenGroups, createServer, type ServerParts } from "../mcp/server.js";
import { idOf, wholeLines } from "../mcp/stdin.js";
import { takeStdout } from "../mcp/stdout.js";
import { lookAround } from "../mcp/world.js";
import { killAllProcesses } from "../process.js";
import type { Sluice } from "../sluice.js";

/** Milliseconds that cancelled work has to let go of its locks before the process ends. */
const grace = 500;
/** Bytes: a pasted diff may be large. */
const largestMessage = 32 * 1024 * 1024;

/**
 * Serves MCP over stdio until the client closes stdin or sends SIGINT or SIGTERM, then ends the process with
 * exit code 0. Exit code 2 with a line on stderr when it is configured wrongly.
 */
export async function serve(sluice: Sluice): Promise<void> {
  const stdout = takeStdout();
  const jobs = new Jobs(sluice.clock);
  let ending = false;
  const end = async () => {
    // The second signal does not wait.
    if (ending) process.exit(0);
    ending = true;
    const ended = jobs.close();
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, grace))]);
    killAllProcesses();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  process.stdin.on("end", end);
  process.stdin.on("close", end);
  stdout.on("error", end);
  // Nobody reads the log: no reason to stop.
  process.stderr.on("error", () => {});
  // An analyzer that throws in a callback of its own costs its findings, not the session.
  const survive = (error: unknown) => {
    sluice.log(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
  };
  process.on("uncaughtException", survive);
  process.on("unhandledRejection", survive);

  let parts: ServerParts;
  try {
    parts = {
      sluice,
      tools,
      groups: chosenGroups(sluice.env.SLUICE_TOOLS),
      jobs,
      world: await lookAround(sluice),
    };
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    sluice.log(explained(error));
    process.exit(2);
  }
  const stdin = wholeLines(largestMessage, (start, end) => {
    const id = idOf(start, end);
    const message = `The message has more than ${largestMessage} bytes. Name refs or paths instead of passing a diff.`;
    sluice.log(message);
    if (id === null) return;
    stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32600, message } })}\n`);
  });
  process.stdin.pipe(stdin);
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize: 2 * largestMessage });
  clearAway(sluice);
  serveStdio(() => createServer(parts), {
    transport,
    onerror: (error) => sluice.log(`protocol: ${error.message}`),
  });
  // When it closes itself it reads no more, and so would not see the end of stdin.
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    end();
  };
}

/** Milliseconds: a client waits for its first answers, not for this. */
const settled = 2_000;

/** What killed processes left behind in this repository goes, when the start is over. */
function clearAway(sluice: Sluice): void {
  const timer = setTimeout(async () => {
    try {
      const { openRepository } = await import("../change/repository.js");
      const { removeAbandonedWorktrees } = await import("../change/throw-away.js");
      await removeAbandonedWorktrees(await openRepository(sluice, undefined), sluice.clock());
    } catch {
      // No repository here: nothing of ours either.
    }
  }, settled);
  timer.unref();
}
