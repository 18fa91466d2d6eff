import * as z from "zod";
import { loadConfiguration } from "../../src/config/load.js";
import { sensitiveHash } from "../../src/config/sensitive.js";
import type { Timing } from "../../src/local/attempt.js";
import type { Asked, Job, LocalTier } from "../../src/local/local.js";
import { openLocal } from "../../src/local/local.js";
import { createSluice, type Sluice } from "../../src/sluice.js";

export const severity = z.object({ severity: z.enum(["low", "high"]), count: z.int().min(0).max(9) });
export const good = '{"severity": "high", "count": 6}';

export interface TestTier {
  tier: LocalTier;
  /** A job about `severity`, changed as given. */
  ask(changes?: Partial<Job<z.output<typeof severity>>>): Promise<Asked<z.output<typeof severity>>>;
  /** Milliseconds that were waited for a busy server. */
  pauses: number[];
  sluice: Sluice;
}

/** The local tier against these endpoints, with nothing of the user's. */
export async function testTier(
  local: Record<string, unknown>,
  options: { env?: Record<string, string>; clock?: () => number; tick?: number } = {},
): Promise<TestTier> {
  const sluice = createSluice({
    cwd: "/",
    env: { HOME: "/nowhere", ...options.env },
    clock: options.clock ?? Date.now,
    log: () => {},
  });
  const text = JSON.stringify({ local: { prefilter_enabled: "prefilter_endpoint" in local, ...local } });
  const trust = { config_hash: sensitiveHash(text), commands: {}, at: "" };
  const { config, problems } = await loadConfiguration(sluice, { text, origin: "test" }, trust);
  if (problems.length > 0) throw new Error(problems[0]?.message);
  const pauses: number[] = [];
  const timing: Timing = {
    tick: options.tick ?? 60_000,
    pause: async (ms, signal) => {
      signal.throwIfAborted();
      pauses.push(ms);
      await new Promise(setImmediate);
    },
  };
  const tier = openLocal(config, sluice, timing);
  return {
    tier,
    pauses,
    sluice,
    ask: (changes = {}) =>
      tier.ask({
        role: "primary",
        name: "severity",
        schema: severity,
        instructions: "How bad is it?",
        data: "let a = 1;",
        maxTokens: 512,
        limit: 10_000,
        signal: new AbortController().signal,
        ...changes,
      }),
  };
}
