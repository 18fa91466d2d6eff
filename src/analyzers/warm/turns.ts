/** Engines that run at once, over all calls: each has a core of a developer's machine to itself. */
const atOnce = 2;

interface Waiting {
  lane: string;
  begin(): void;
}

const busy = new Set<string>();
const queue: Waiting[] = [];

/**
 * Waits until a core and the lane are free, first come, first served, and gives the function that frees them.
 * Throws the signal's reason when it is aborted before.
 */
export async function takeTurn(lane: string, signal: AbortSignal): Promise<() => void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const waiting: Waiting = {
      lane,
      begin: () => {
        signal.removeEventListener("abort", leave);
        resolve();
      },
    };
    const leave = () => {
      queue.splice(queue.indexOf(waiting), 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.push(waiting);
    advance();
  });
  return () => {
    busy.delete(lane);
    advance();
  };
}

function advance(): void {
  while (busy.size < atOnce) {
    const at = queue.findIndex(({ lane }) => !busy.has(lane));
    const [waiting] = at === -1 ? [] : queue.splice(at, 1);
    if (!waiting) return;
    busy.add(waiting.lane);
    waiting.begin();
  }
}
