import type { LocalFailure } from "./failures.js";

/** Milliseconds after which a dead endpoint is tried again: by one call, while the others still go without. */
const retryAfter = 30_000;

/** Notices once that something is dead, so that not every call waits to find out. */
export class Breaker {
  #failure: LocalFailure | null = null;
  #since = 0;
  #trying = false;

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

  succeeded(): void {
    this.#failure = null;
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
