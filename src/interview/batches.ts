import { type CategoryId, categoryOf } from "./categories.js";

const largest = 4;
const smallest = 2;

/**
 * Puts questions into batches of two to four, each of one category where that has enough of them.
 *
 * @returns the batch of each question, from 1
 */
export function batchesOf(questions: readonly { category: CategoryId }[]): number[] {
  const groups: number[] = [];
  for (let start = 0; start < questions.length; ) {
    let end = start;
    while (end < questions.length && questions[end]?.category === questions[start]?.category) end += 1;
    const count = end - start;
    const parts = Math.ceil(count / largest);
    for (let part = 0; part < parts; part++)
      groups.push(Math.floor(count / parts) + (part < count % parts ? 1 : 0));
    start = end;
  }
  for (let at = 0; at < groups.length; at++) {
    const size = groups[at] ?? 0;
    if (size >= smallest) continue;
    const [before = 0, after = 0] = [groups[at - 1], groups[at + 1]];
    if (before > 0 && before < largest) groups.splice(at - 1, 2, before + size);
    else if (after > 0 && after < largest) groups.splice(at, 2, after + size);
    else if (before === largest) groups.splice(at - 1, 2, before - 1, size + 1);
    else if (after === largest) groups.splice(at, 2, size + 1, after - 1);
  }
  return groups.flatMap((size, at) => Array.from({ length: size }, () => at + 1));
}

/** Labels of at most 12 characters, each its own: the category's with a number. */
export function chipsOf(questions: readonly { category: CategoryId }[]): string[] {
  const counts = new Map<CategoryId, number>();
  return questions.map(({ category }) => {
    const count = (counts.get(category) ?? 0) + 1;
    counts.set(category, count);
    return `${categoryOf(category).chip} ${count}`;
  });
}
