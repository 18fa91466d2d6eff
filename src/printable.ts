import { stripVTControlCharacters } from "node:util";

/**
 * Text from a repository, a program or a model, safe to show to a person or a model: no escape sequences, no
 * control or invisible formatting characters (a bidirectional override can make a line read as another one),
 * but line feeds and tabs kept.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === "\n" || character === "\t" ? character : " ",
  );
}
