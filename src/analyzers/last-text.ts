/** What is made of a text, kept for the last two that were asked about: findings come file by file, often both sides. */
export function forLastTexts<T>(make: (text: string) => T): (text: string) => T {
  let kept: { text: string; made: T }[] = [];
  return (text) => {
    const known = kept.find((one) => one.text === text);
    if (known) return known.made;
    const made = make(text);
    kept = [{ text, made }, ...kept.slice(0, 1)];
    return made;
  };
}

/** Characters of a line that are looked at: nobody writes longer ones, and a minified one says nothing. */
const lineLimit = 2_000;

/** A text's lines, each cut where no reader gets to. */
export const linesOf: (text: string) => readonly string[] = forLastTexts((text) =>
  text.split(/\r?\n/).map((line) => (line.length > lineLimit ? line.slice(0, lineLimit) : line)),
);

/** A text from a repository, to stand for itself in a regular expression. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
