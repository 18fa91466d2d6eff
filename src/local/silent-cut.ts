import { countTokens } from "../change/tokens.js";

/** What Ollama said of a prompt after it answered. */
export interface PromptCount {
  /** Tokens of the prompt that were read; null where it does not say. */
  read: number | null;
  /** It also says how many of them were kept from before: then `read` is surely all of them. */
  saysKept: boolean;
}

/** Share of the expected tokens below which no two tokenizers differ on code. */
const share = 0.65;
/** Bytes a token, at most, of a prompt that is whole: counting is left out above it. */
const bytesEach = 4.5;
/** Tokens: no server has less context than this, so nothing shorter was cut. */
const shortest = 1_500;

/**
 * How many tokens a prompt was expected to have and how many fit, when the server read so few that it must have cut
 * it; null when it did not, or does not say. Older Ollamas cut a prompt that is too long to about half of the context, with a status
 * of 200 and no word to the client. Some versions between count only what was not kept from a request before
 * (ollama/ollama#16414, #2068): then the context that the model is loaded with decides.
 *
 * @param context tokens that the model is loaded with; null for not known
 */
export async function cutPrompt(
  { read, saysKept }: PromptCount,
  texts: readonly string[],
  context: () => Promise<number | null>,
): Promise<{ expected: number; limit: number } | null> {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (read === null || read * bytesEach >= bytes || bytes < shortest) return null;
  const expected = await countTokens(texts.join("\n"));
  if (expected < shortest || read >= expected * share) return null;
  const loaded = await context();
  if (!saysKept && loaded !== null && loaded >= expected) return null;
  // It cuts to about half of what it has.
  return { expected, limit: loaded !== null && loaded < expected ? loaded : read * 2 };
}
