import { createHash } from "node:crypto";
import { breathe } from "../breathe.js";

/** Characters: a longer text is counted in samples. */
const wholeLimit = 1_000_000;
const sampleLength = 32_768;
const sampleCount = 16;
/**
 * Characters of a run without white space (or of nothing else) that the tokenizer gets at once: its merging takes
 * quadratic time on one long word. Cutting adds at most one token each time.
 */
const runLimit = 400;
/** Characters counted between two turns for others, about. */
const turnLength = 65_536;
/** Source code is 3 to 4.5 bytes a token in o200k; the low end, since a context that is too small costs more. */
const bytesPerToken = 3.3;

/** Characters from which a count is worth remembering: a review counts the same files for its route and its message. */
const rememberedFrom = 512;
const remembered = 4_096;
/** Counts by the SHA-256 of their text, the least recently used first. */
const counts = new Map<string, number>();

/**
 * Tokens of a text in OpenAI's o200k encoding, which is within a few percent of what other vendors count for code.
 * Exact up to a million characters; beyond, an estimate from samples. Linear in the length whatever the text.
 */
export async function countTokens(text: string): Promise<number> {
  if (text.length < rememberedFrom) return count(text);
  const key = createHash("sha256").update(text, "utf16le").digest("base64");
  const tokens = counts.get(key) ?? (await (text.length > wholeLimit ? sampled(text) : count(text)));
  counts.delete(key);
  counts.set(key, tokens);
  for (const oldest of counts.keys()) {
    if (counts.size <= remembered) break;
    counts.delete(oldest);
  }
  return tokens;
}

/** A quick guess (rather high) from a size in bytes. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

async function sampled(text: string): Promise<number> {
  const step = (text.length - sampleLength) / (sampleCount - 1);
  let tokens = 0;
  for (let sample = 0; sample < sampleCount; sample++) {
    const start = Math.floor(sample * step);
    tokens += await count(text.slice(start, start + sampleLength));
  }
  return Math.ceil((tokens / (sampleCount * sampleLength)) * text.length);
}

async function count(text: string): Promise<number> {
  const { countTokens: countWith } = await import("gpt-tokenizer/encoding/o200k_base");
  let tokens = 0;
  for (const piece of pieces(text)) {
    await breathe();
    // Text that looks like a special token (`<|endoftext|>`) is text.
    tokens += countWith(piece, { disallowedSpecial: new Set() });
  }
  return tokens;
}

/** The text in order, cut where a run gets too long and in pieces of a moderate length. */
function* pieces(text: string): Generator<string> {
  let start = 0;
  let runStart = 0;
  let inSpace = false;
  for (let position = 0; position < text.length; position++) {
    const space = isSpace(text.charCodeAt(position));
    if (space !== inSpace) {
      if (space && position - start > turnLength) {
        yield text.slice(start, position);
        start = position;
      }
      inSpace = space;
      runStart = position;
    } else if (position - runStart >= runLimit && !isLowSurrogate(text.charCodeAt(position))) {
      yield text.slice(start, position);
      start = position;
      runStart = position;
    }
  }
  if (start < text.length) yield text.slice(start);
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || (code >= 0x2000 && code <= 0x200a);
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
