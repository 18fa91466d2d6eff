import { Transform } from "node:stream";

/** Bytes of a message's start and end that are kept when the message is not. */
const kept = 4_096;

/**
 * Gives whole lines of what is written to it, each in one piece, so that a long message is put together once and
 * not at every chunk. A line of more than `limit` bytes is dropped, and `onTooLong` gets its first and last 4 KiB.
 */
export function wholeLines(limit: number, onTooLong: (start: string, end: string) => void): Transform {
  let parts: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size <= limit || parts.length < 2) return;
    const all = Buffer.concat(parts);
    // Of what is too long, no more than both ends is ever held.
    parts =
      all.length > 2 * kept ? [Buffer.from(all.subarray(0, kept)), Buffer.from(all.subarray(-kept))] : [all];
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        add(chunk.subarray(from, at + 1));
        const line = Buffer.concat(parts);
        if (size <= limit) this.push(line);
        else onTooLong(line.toString("utf8", 0, kept), line.subarray(-kept).toString("utf8"));
        parts = [];
        size = 0;
        from = at + 1;
      }
      if (from < chunk.length) add(chunk.subarray(from));
      done();
    },
  });
}

/** The id of a JSON-RPC request of which only both ends are known: clients write it first or last. */
export function idOf(start: string, end: string): number | string | null {
  const found =
    /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15}|"[^"\\]{1,200}")\s*,/.exec(start) ??
    /"id"\s*:\s*(\d{1,15}|"[^"\\]{1,200}")\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(end);
  if (found?.[1] === undefined) return null;
  const id: unknown = JSON.parse(found[1]);
  return typeof id === "number" || typeof id === "string" ? id : null;
}
