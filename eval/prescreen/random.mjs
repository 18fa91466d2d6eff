// Chance that can be had again: everything here depends on the words given alone.
import { createHash } from "node:crypto";

/** Gives a function that gives numbers in [0, 1), always the same ones for the same words (mulberry32). */
export function randomFrom(...words) {
  let state = createHash("sha256").update(words.join("\0")).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled(items, random) {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

/** A slip of the fingers in a name: a letter dropped, doubled, or swapped with the next; null when all are taken. */
export function misspelt(name, isTaken, random) {
  const slips = [];
  for (let at = 1; at < name.length; at += 1) {
    slips.push(name.slice(0, at) + name.slice(at + 1));
    slips.push(name.slice(0, at) + name[at] + name.slice(at));
    if (at + 1 < name.length) slips.push(name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2));
  }
  return shuffled(slips, random).find((slip) => slip !== name && !isTaken(slip)) ?? null;
}
