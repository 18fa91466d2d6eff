import { setImmediate } from "node:timers/promises";

/** Milliseconds of work after which others get their turn. */
const stretch = 25;
let rested = 0;

/**
 * Between two steps of a long loop: lets the server answer others when it has not for a while, because how many steps
 * there are is up to a stranger's text. Throws the signal's reason when it was aborted.
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - rested > stretch) {
    await setImmediate();
    rested = performance.now();
  }
  signal?.throwIfAborted();
}
