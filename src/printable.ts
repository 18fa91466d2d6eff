/**
 * What programs colour, link and move by, as in ECMA-48: control sequences, operating system commands with what they
 * carry, and the choice of a character set. Nothing else is taken out: a word between two control characters is read.
 */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\n]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[(-/][0-~]/g;

/**
 * Text from a repository, a program or a model, safe to show to a person or a model: no escape sequences, no
 * control or invisible formatting characters (a bidirectional override can make a line read as another one),
 * but line feeds and tabs kept.
 */
export function printable(text: string): string {
  return text
    .replace(sequences, "")
    .replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === "\n" || character === "\t" ? character : " "));
}

/** The same in one line: for a path, whose line feed would begin a line of its author's own among ours. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t\u2028\u2029]/g, " ");
}

/** A value as indented JSON that is as safe to show and means the same: JSON itself escapes only half of what moves a terminal. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u2028\u2029\p{Cf}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
