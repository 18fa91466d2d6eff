/** Others of the same model that may overtake one that waits for a swap. */
const mostOvertakings = 16;

interface Waiting {
  model: string;
  overtaken: number;
  begin(): void;
}

/**
 * The requests to one server, in the slots that it has. One model at a time, since a swap costs a reload of
 * gigabytes, and requests for the same model are kept together; models that are loaded side by side run side by side.
 */
export class Queue {
  readonly #running = new Map<string, number>();
  readonly #slots = new Map<string, number>();
  #waiting: Waiting[] = [];
  #last: string | null = null;

  /** @param together whether the server has both models loaded */
  constructor(readonly together: (one: string, other: string) => boolean) {}

  /** Requests that wait, and that run. */
  get load(): { waiting: number; running: number } {
    return { waiting: this.#waiting.length, running: [...this.#running.values()].reduce((a, b) => a + b, 0) };
  }

  setSlots(model: string, slots: number): void {
    this.#slots.set(model, Math.max(1, slots));
    this.#advance();
  }

  /** Waits for a slot and gives the function that frees it. Throws the signal's reason when aborted before. */
  async take(model: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        model,
        overtaken: 0,
        begin: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(signal.reason);
        this.#advance();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#advance();
    });
    let freed = false;
    return () => {
      if (freed) return;
      freed = true;
      const left = (this.#running.get(model) ?? 1) - 1;
      if (left > 0) this.#running.set(model, left);
      else this.#running.delete(model);
      this.#advance();
    };
  }

  #advance(): void {
    for (;;) {
      const next = this.#next();
      if (next === null) return;
      const at = this.#waiting.indexOf(next);
      for (const earlier of this.#waiting.slice(0, at)) earlier.overtaken += 1;
      this.#waiting.splice(at, 1);
      this.#running.set(next.model, (this.#running.get(next.model) ?? 0) + 1);
      this.#last = next.model;
      next.begin();
    }
  }

  #next(): Waiting | null {
    const patientNoMore = this.#waiting.find(({ overtaken }) => overtaken >= mostOvertakings);
    if (patientNoMore) return this.#mayRun(patientNoMore) ? patientNoMore : null;
    return (
      this.#waiting.find((one) => one.model === this.#last && this.#mayRun(one)) ??
      this.#waiting.find((one) => this.#mayRun(one)) ??
      null
    );
  }

  #mayRun({ model }: Waiting): boolean {
    const own = this.#running.get(model) ?? 0;
    if (own >= (this.#slots.get(model) ?? 1)) return false;
    return [...this.#running.keys()].every((other) => other === model || this.together(model, other));
  }
}
