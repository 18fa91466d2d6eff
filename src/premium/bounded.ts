import { SourceFailure } from "./source.js";

/**
 * Has a call end at a time, whatever it does itself: a reviewer that hangs would hold its caller, and its reservation,
 * for good. What it says afterwards is not heard.
 *
 * @param limit milliseconds
 * @throws SourceFailure (`timeout`)
 */
export async function bounded<T>(
  who: string,
  limit: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      call(AbortSignal.any([signal, over.signal])),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const failure = new SourceFailure(
            "timeout",
            `${who} has not answered after ${Math.round(limit / 60_000)} minutes.`,
            "Call again later.",
          );
          reject(failure);
          over.abort(failure);
        }, limit);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
