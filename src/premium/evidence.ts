import { Mask } from "../mask.js";
import { printable } from "../printable.js";

/** Characters of it that are kept: a state file and a screen show them. */
const longest = 300;

/** What a provider or its program said, on one line, without control characters and without secrets. */
export function evidenceOf(said: string, secrets: readonly string[]): string {
  const line = printable(said.slice(0, 20_000)).replace(/\s+/g, " ").trim();
  return new Mask(secrets).line(line).slice(0, longest);
}
