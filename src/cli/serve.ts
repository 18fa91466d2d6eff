import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { tools } from "../../tools/index.js";
import { isSluiceError, messageOf } from "../errors.js";
import { Jobs } from "../mcp/jobs.js";
import { chosenGroups, createServer, type ServerParts } from "../mcp/server.js";
import { takeStdout } from "../mcp/stdout.js";
import { lookAround } from "../mcp/world.js";
import { killAllProcesses } from "../process.js";
import type { Sluice } from "../sluice.js";

/** Milliseconds that cancelled work has to let go of its locks before the process ends. */
const grace = 500;

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
    sluice.log(`${error.message} ${error.hint}`);
    process.exit(2);
  }
  serveStdio(() => createServer(parts), {
    transport: new StdioServerTransport(process.stdin, stdout),
    onerror: (error) => sluice.log(`protocol: ${error.message}`),
  });
}
