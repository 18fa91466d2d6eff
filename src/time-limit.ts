/** The longest that Node's timers can wait, in milliseconds; a longer one would end at once. */
const longest = 2 ** 31 - 1;

/**
 * A signal that aborts with a TimeoutError after so many milliseconds, whatever it is combined with. Doesn't keep the
 * process running.
 *
 * Use it instead of `AbortSignal.timeout`: `AbortSignal.any` holds its sources weakly, and Node's own timer its signal
 * too, so that a collection of garbage takes the limit away and the call waits for ever (nodejs/node#57736).
 */
export function abortAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  const end = () =>
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  setTimeout(end, Math.min(Math.max(ms, 0), longest)).unref();
  return controller.signal;
}
