import type { LocalFailure } from "./failures.js";

/** Milliseconds after which a dead endpoint is tried again: by one call, while the others still go without. */
const retryAfter = 30_000;

/** Notices once that something is dead, so that not every call waits to find out. */
export class Breaker {
  #failure: LocalFailure | null = null;
  #since = 0;
  #trying = false;
  #strikes = 0;

  /**
   * The failure to answer with at once; null when the call may go ahead. After a while one call may, to see whether
   * it is alive again.
   *
   * @param now milliseconds
   */
  check(now: number): LocalFailure | null {
    if (this.#failure === null) return null;
    if (this.#trying || now - this.#since < retryAfter) return this.#failure;
    this.#trying = true;
    return null;
  }

  /** The last failure, without trying. */
  get failure(): LocalFailure | null {
    return this.#failure;
  }

  /** A failure that may be of that one call: the second in a row counts. */
  strike(failure: LocalFailure, now: number): void {
    this.#strikes += 1;
    if (this.#strikes >= 2) this.failed(failure, now);
  }

  succeeded(): void {
    this.#failure = null;
    this.#strikes = 0;
    this.#trying = false;
  }

  failed(failure: LocalFailure, now: number): void {
    this.#failure = failure;
    this.#since = now;
    this.#trying = false;
  }

  /** The call that tried was cancelled, or failed for a reason of its own: the next one may try. */
  undecided(): void {
    this.#trying = false;
  }
}
