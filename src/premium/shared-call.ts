/** A premium call that is under way, and who waits for it. */
interface UnderWay {
  /** Of whatever its callers await. */
  result: Promise<unknown>;
  cancel: AbortController;
  sent: boolean;
  waiting: number;
}

/** What the call has to tell, for its end to be decided. */
export interface CallHooks {
  /** Right before something is sent to a source: from then on it is paid for. */
  onSend(): void;
  /** What was sent failed, and nobody else was asked yet. */
  onFail(): void;
}

/**
 * Calls of this process about the same thing that are one, however many ask. Who goes away before anything was sent
 * cancels it; a call that was sent is paid for: it is let finish, so that what it says can be kept.
 */
export class SharedCalls<T> {
  readonly #underWay = new Map<string, UnderWay & { result: Promise<T> }>();

  /**
   * Begins a call, or joins the one with that key.
   *
   * @param options.finishSent with false, going away ends even a call that was sent: a person pressed Ctrl-C
   * @throws what the call throws, and the signal's reason
   */
  async join(
    key: string,
    options: { signal: AbortSignal; finishSent?: boolean | undefined },
    call: (signal: AbortSignal, hooks: CallHooks) => Promise<T>,
  ): Promise<T> {
    const { signal, finishSent } = options;
    const mine = this.#underWay.get(key) ?? this.#begin(key, call);
    mine.waiting += 1;
    try {
      return await orAborted(mine.result, signal);
    } finally {
      mine.waiting -= 1;
      const wanted = mine.waiting > 0 || (mine.sent && finishSent !== false);
      if (signal.aborted && !wanted) this.#end(key, mine, signal.reason);
    }
  }

  #begin(key: string, call: (signal: AbortSignal, hooks: CallHooks) => Promise<T>) {
    const cancel = new AbortController();
    const begun = {
      cancel,
      sent: false,
      waiting: 0,
      result: call(cancel.signal, {
        onSend: () => {
          begun.sent = true;
        },
        // Nobody is there any more for whom another source would have to be paid.
        onFail: () => {
          begun.sent = false;
          if (begun.waiting === 0) this.#end(key, begun, new Error("nobody waits for it any more"));
        },
      }),
    };
    this.#underWay.set(key, begun);
    const over = () => this.#forget(key, begun);
    begun.result.then(over, over);
    return begun;
  }

  /** Whoever asks from now on begins anew, and does not get somebody else's cancellation. */
  #end(key: string, call: UnderWay, reason: unknown): void {
    this.#forget(key, call);
    call.cancel.abort(reason);
  }

  #forget(key: string, call: UnderWay): void {
    if (this.#underWay.get(key) === call) this.#underWay.delete(key);
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
