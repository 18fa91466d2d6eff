import { stem, wordsOf } from "../../change/relevance.js";

/** How much texts of one kind have to do with a query: their shared words, the rarer the more. */
export interface Likeness {
  score: number;
  /** The words they share, the rarest first. */
  shared: string[];
}

/**
 * For each text, how much it has to do with the query. A title's words count twice.
 *
 * @param query words of the feature
 */
export function likenessOf(
  query: readonly string[],
  texts: readonly { title: string; body: string }[],
): Likeness[] {
  const wanted = new Map(query.map((word) => [stem(word), word]));
  const documents = texts.map(({ title, body }) => ({
    title: new Set(wordsOf(title).map(stem)),
    all: new Set(wordsOf(`${title}\n${body}`).map(stem)),
  }));
  const frequency = new Map<string, number>();
  for (const { all } of documents)
    for (const key of all) if (wanted.has(key)) frequency.set(key, (frequency.get(key) ?? 0) + 1);
  const rarity = (key: string) => Math.log(1 + (documents.length + 1) / ((frequency.get(key) ?? 0) + 0.5));
  return documents.map(({ title, all }) => {
    const shared = [...wanted.keys()]
      .filter((key) => all.has(key))
      .sort((one, other) => rarity(other) - rarity(one));
    const score = shared.reduce((sum, key) => sum + rarity(key) * (title.has(key) ? 2 : 1), 0);
    return { score, shared: shared.map((key) => wanted.get(key) ?? key) };
  });
}
