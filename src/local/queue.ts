/** Others of the same model that may overtake one that waits for a swap. */
const mostOvertakings = 16;

interface Waiting {
  model: string;
  /** The model as it is loaded for this request: with another context it is another load. */
  load: string;
  overtaken: number;
  begin(): void;
}

/**
 * The requests to one server, in the slots that it has. One model at a time, since a swap costs a reload of
 * gigabytes, and requests for the same model are kept together; models that are loaded side by side run side by side.
 */
export class Queue {
  readonly #running = new Map<string, { model: string; count: number }>();
  readonly #slots = new Map<string, number>();
  #waiting: Waiting[] = [];
  #last: string | null = null;

  /** @param together whether the server has both models loaded */
  constructor(readonly together: (one: string, other: string) => boolean) {}

  /** Requests that wait, and that run. */
  get load(): { waiting: number; running: number } {
    return {
      waiting: this.#waiting.length,
      running: [...this.#running.values()].reduce((sum, { count }) => sum + count, 0),
    };
  }

  setSlots(model: string, slots: number): void {
    this.#slots.set(model, Math.max(1, slots));
    this.#advance();
  }

  /**
   * Waits for a slot and gives the function that frees it. Throws the signal's reason when aborted before.
   *
   * @param variant what the model is loaded anew for
   */
  async take(model: string, signal: AbortSignal, variant = ""): Promise<() => void> {
    signal.throwIfAborted();
    const load = `${model} ${variant}`;
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        model,
        load,
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
      const count = this.#count(load) - 1;
      if (count > 0) this.#running.set(load, { model, count });
      else this.#running.delete(load);
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
      this.#running.set(next.load, { model: next.model, count: this.#count(next.load) + 1 });
      this.#last = next.load;
      next.begin();
    }
  }

  #next(): Waiting | null {
    const patientNoMore = this.#waiting.find(({ overtaken }) => overtaken >= mostOvertakings);
    if (patientNoMore) return this.#mayRun(patientNoMore) ? patientNoMore : null;
    return (
      this.#waiting.find((one) => one.load === this.#last && this.#mayRun(one)) ??
      this.#waiting.find((one) => this.#mayRun(one)) ??
      null
    );
  }

  #mayRun({ model, load }: Waiting): boolean {
    if (this.#count(load) >= (this.#slots.get(model) ?? 1)) return false;
    return [...this.#running].every(
      ([other, { model: running }]) => other === load || (running !== model && this.together(model, running)),
    );
  }

  #count(load: string): number {
    return this.#running.get(load)?.count ?? 0;
  }
}
