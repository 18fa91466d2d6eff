import * as z from "zod";
import { messageOf } from "../../errors.js";

/** The other end of `callWorker`: loads the script that is asked for and hands the request to its `analyse`. */

const call = z.object({ script: z.string().regex(/^[a-z-]+\/[a-z-]+-process$/), request: z.unknown() });
const script = z.object({
  analyse: z.custom<(request: unknown) => unknown>((value) => typeof value === "function"),
});

process.on("message", async (message) => {
  const answer = await work(message).catch((error: unknown) => ({ error: messageOf(error).slice(0, 1_000) }));
  process.send?.({ ...answer, rss: process.memoryUsage.rss() });
});

async function work(message: unknown): Promise<{ answer: unknown }> {
  const asked = call.parse(message);
  const { analyse } = script.parse(await import(`../${asked.script}.js`));
  return { answer: await analyse(asked.request) };
}

// Whoever started us is gone. Some libraries leave threads behind that would take seconds to wind down.
process.on("disconnect", () => process.exit(0));
