/** What one task may cost. */
export interface Limits {
  rounds: number;
  /** Milliseconds for everything. */
  time: number;
  /** Tokens of the local model, read and written. */
  tokens: number;
}

/** What is left of it. */
export class Budget {
  readonly limits: Limits;
  readonly #started = performance.now();
  tokens = 0;
  rounds = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Milliseconds left. */
  left = (): number => Math.max(0, this.limits.time - (performance.now() - this.#started));

  /** Why nothing more may be asked; null while something may. */
  over(): string | null {
    if (this.left() <= 0) return `its time limit of ${Math.round(this.limits.time / 1000)} s passed`;
    if (this.tokens >= this.limits.tokens)
      return `it took ${this.tokens} tokens, its limit is ${this.limits.tokens}`;
    return this.rounds >= this.limits.rounds ? `${this.limits.rounds} rounds are over` : null;
  }
}
