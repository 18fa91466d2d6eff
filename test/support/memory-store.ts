import { noJournal } from "../../src/state/journal.js";
import { quotaState } from "../../src/state/quota-shape.js";
import type { StateSchema, StateStore } from "../../src/state/store.js";

/** A quota state in memory, for simulations that write too often for files: one process, and every change at once. */
export function memoryStore(): StateStore & { text(): string } {
  const state = quotaState.parse({});
  // What was parsed once is trusted, or a simulated year would be spent in parsing.
  const holds = <T>(value: unknown, schema: StateSchema<T>): value is T =>
    value === state && Object.is(schema, quotaState);
  const current = <T>(schema: StateSchema<T>): T => {
    if (!holds(state, schema)) throw new TypeError("it holds quota only");
    return state;
  };
  return {
    directory: "/nowhere",
    top: null,
    warnings: [],
    read: async (_file, schema) => current(schema),
    update: async (_file, schema, change) => change(current(schema)),
    resultFile: (name) => name,
    journal: noJournal,
    cache: () => ({ get: async () => null, set: async () => {} }),
    text: () => JSON.stringify(state),
  };
}
