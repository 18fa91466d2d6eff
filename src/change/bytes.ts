import { isUtf8 } from "node:buffer";

const privateUse = 0xf700;

/**
 * Text of bytes that should be UTF-8. Bytes that are not become U+F780–U+F7FF instead of one U+FFFD for all, so that
 * two different Latin-1 lines stay two different strings and hash differently.
 */
export function decode(bytes: Buffer, start = 0, end = bytes.length): string {
  const text = bytes.toString("utf8", start, end);
  if (!text.includes("\ufffd") || isUtf8(bytes.subarray(start, end))) return text;
  let result = "";
  for (let at = start; at < end; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const stop = at + length;
    if (length > 0 && stop <= end && isUtf8(bytes.subarray(at, stop))) {
      result += bytes.toString("utf8", at, stop);
      at = stop;
    } else {
      result += String.fromCharCode(privateUse + (bytes[at] ?? 0));
      at += 1;
    }
  }
  return result;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/** The pieces of a NUL-terminated list (`-z`), as byte strings: a path goes back to git as the bytes it came as. */
export function byteStrings(bytes: Buffer): string[] {
  const pieces = bytes.toString("latin1").split("\0");
  if (pieces.at(-1) === "") pieces.pop();
  return pieces;
}

/** A byte string as text. */
export function textOf(byteString: string): string {
  // Nearly every path is ASCII: a listing of many needs no copy of each.
  return /^[\0-\x7f]*$/.test(byteString) ? byteString : decode(Buffer.from(byteString, "latin1"));
}
