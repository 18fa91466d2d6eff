import type { Inspection, ModelFacts } from "./discover.js";
import type { Endpoint } from "./endpoints.js";
import { LocalFailure } from "./failures.js";
import type { ChosenModel, Host } from "./host.js";
import type { Job } from "./job.js";
import type { Limited, Pause } from "./limits.js";

/** How time is spent; tests hand in their own. */
export interface Timing {
  pause: Pause;
  /** Milliseconds between two words on what is waited for. */
  tick: number;
}

/** Milliseconds: our own limit ends a request, and names what was waited for, before the connection's does. */
export const afterLimit = 5_000;
/** Milliseconds. */
const longestBackoff = 10_000;
/** What a job is doing, for progress and for the name of a failure when its limit passes. */
export class Phase {
  doing: "look" | "queue" | "load" | "answer" = "look";
  /** Something of an answer came. */
  heard = false;
  #since = performance.now();

  constructor(public model: string) {}

  enter(doing: Phase["doing"]): void {
    if (doing === this.doing) return;
    this.doing = doing;
    this.#since = performance.now();
  }

  /** For a person. */
  describe(running: number): string {
    const seconds = `${Math.round((performance.now() - this.#since) / 1000)} s`;
    if (this.doing === "queue") return `waiting for ${this.model} (${running} running), ${seconds}`;
    if (this.doing === "load") return `loading ${this.model}, ${seconds}`;
    return this.doing === "look"
      ? `looking for ${this.model}, ${seconds}`
      : `${this.model} is working, ${seconds}`;
  }
}

/** One job on its way, and what it is asked of. */
export interface Attempt<T> {
  host: Host;
  endpoint: Endpoint;
  job: Job<T>;
  limit: Limited;
  timing: Timing;
  phase: Phase;
}

/** Tries again while a server is busy or loading, for as long as the caller's limit lets it. */
export async function patiently<T, R>(
  { host, job, limit, timing, phase }: Attempt<T>,
  work: () => Promise<R>,
): Promise<R> {
  for (let round = 0; ; round++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LocalFailure) || (error.kind !== "busy" && error.kind !== "loading"))
        throw error;
      const wait = Math.max(error.retryAfter ?? 0, Math.min(250 * 2 ** round, longestBackoff));
      if (wait >= limit.left()) throw error;
      if (error.kind === "loading") phase.enter("load");
      job.onProgress?.(phase.describe(host.queue.load.running));
      await timing.pause(wait, limit.signal);
    }
  }
}

/** What a model really has; loads it where the server only then knows. */
export function learn<T>(
  { host, limit }: Attempt<T>,
  inspection: Inspection,
  model: ChosenModel,
): Promise<ModelFacts> {
  return host.facts(inspection, model, { timeout: limit.left() + afterLimit, signal: limit.signal });
}
