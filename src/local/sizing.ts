import { countTokens } from "../change/tokens.js";

/** Tokens that a chat template adds, at most, to two messages. */
const templateTokens = 96;
/** What o200k counts for code is within a few percent of other tokenizers' counts; small vocabularies need more. */
const margin = 1.2;

export interface Size {
  tokens: number;
  /** `bytes`: no more than this, since no token is shorter than a byte. */
  counted: "bytes" | "server" | "estimate";
}

/**
 * Tokens of a prompt, as exact as `room` asks for: what fits by its bytes is not counted, then the server's own
 * tokenizer is asked where there is one, else an estimate on the high side.
 *
 * @param tokenize the server's count, or null when it can't
 */
export async function measure(
  texts: readonly string[],
  room: number,
  tokenize: (text: string) => Promise<number | null>,
): Promise<Size> {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes + templateTokens <= room) return { tokens: bytes + templateTokens, counted: "bytes" };
  const whole = texts.join("\n");
  const exact = await tokenize(whole);
  if (exact !== null) return { tokens: exact + templateTokens, counted: "server" };
  return { tokens: Math.ceil((await countTokens(whole)) * margin) + templateTokens, counted: "estimate" };
}
