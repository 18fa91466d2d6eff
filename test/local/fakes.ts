import { afterEach } from "vitest";
import { closeLocal } from "../../src/local/local.js";
import { type FakeOllama, fakeOllama, type OllamaOptions } from "../support/fake-ollama.js";
import { type Fake, type FakeOptions, fakeOpenai } from "../support/fake-openai.js";

const open: { close(): Promise<void> }[] = [];

function keep<T extends { close(): Promise<void> }>(fake: T): T {
  open.push(fake);
  return fake;
}

/** Servers that end with the test. */
export const openai = async (options: FakeOptions = {}): Promise<Fake> => keep(await fakeOpenai(options));
export const ollama = async (options: OllamaOptions = {}): Promise<FakeOllama> =>
  keep(await fakeOllama(options));

/** To be called once in a file: nothing learnt, and no server, outlives its test. */
export function endAfterEach(): void {
  afterEach(async () => {
    await closeLocal();
    await Promise.all(open.splice(0).map((fake) => fake.close()));
  });
}

/** A promise, and what settles it. */
export function gate(): { promise: Promise<void>; open(): void } {
  let settle: (() => void) | undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, open: () => settle?.() };
}

/** Waits until something holds, without a guess at how long that takes. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}
