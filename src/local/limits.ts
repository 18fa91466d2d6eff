/** What was going on when a limit passed. */
export interface Limited {
  signal: AbortSignal;
  /** Milliseconds left. */
  left(): number;
  /** True when our limit, and not the caller, aborted it. */
  passed(): boolean;
  /** Must be called when done. */
  end(): void;
}

/** The caller's signal, and a limit in milliseconds. */
export function limited(signal: AbortSignal, ms: number): Limited {
  const controller = new AbortController();
  const until = performance.now() + ms;
  let passed = false;
  const cancel = () => controller.abort(signal.reason);
  const timer = setTimeout(
    () => {
      passed = true;
      controller.abort(new DOMException("The limit passed.", "TimeoutError"));
    },
    Math.min(ms, 2 ** 31 - 1),
  );
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    left: () => Math.max(0, until - performance.now()),
    passed: () => passed && !signal.aborted,
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
    },
  };
}

/** What a promise gives, or the signal's reason when it is aborted before; the promise goes on for others. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let leave: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (leave) signal.removeEventListener("abort", leave);
  }
}

export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits; throws the signal's reason when it is aborted before. */
export const pause: Pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const done = () => {
      signal.removeEventListener("abort", cancel);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const cancel = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", cancel, { once: true });
  });
