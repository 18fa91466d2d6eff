import type { ChildProcess } from "node:child_process";
import * as z from "zod";

/** Speaks to a language server over its pipes (JSON-RPC 2.0 with `Content-Length`, LSP 3.17). */
export interface LanguageClient {
  /** Rejects when the server answers with an error, or has ended. */
  request(method: string, params: unknown): Promise<unknown>;
  notify(method: string, params: unknown): void;
  /** Rejects all that is waited for, and all that comes. */
  fail(error: Error): void;
}

const message = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** Bytes of one message: thousands of diagnostics. Reading more of them would keep us from everything else. */
const messageLimit = 4 * 1024 * 1024;

/** An answer that is larger than that. What else is asked is answered all the same. */
export class TooLarge extends Error {
  override name = "TooLarge";
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A client for a server that was just started. What the server asks of it is answered with "nothing". */
export function languageClient(child: ChildProcess): LanguageClient {
  const waiting = new Map<number, Waiting>();
  let broken: Error | null = null;
  let last = 0;

  const fail = (error: Error) => {
    broken ??= error;
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
  };
  const send = (content: object) => {
    if (broken) return;
    const text = JSON.stringify({ jsonrpc: "2.0", ...content });
    child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  };
  const receive = (text: string) => {
    const { id, method, params, result, error } = message.parse(JSON.parse(text));
    if (method !== undefined) {
      if (id !== undefined && id !== null) send({ id, result: nothingFor(method, params) });
      return;
    }
    const one = typeof id === "number" ? waiting.get(id) : undefined;
    if (!one || typeof id !== "number") return;
    waiting.delete(id);
    if (error) one.reject(new Error(error.message));
    else one.resolve(result);
  };
  const read = reader(receive, () => {
    // Nobody knows whose it was: what is asked one after the other is the only one that waits.
    for (const { reject } of waiting.values()) reject(new TooLarge("an answer that is too large"));
    waiting.clear();
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      fail(error instanceof Error ? error : new Error("an answer that is none"));
    }
  });

  return {
    request(method, params) {
      if (broken) return Promise.reject(broken);
      const id = ++last;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        send({ id, method, params });
      });
    },
    notify: (method, params) => send({ method, params }),
    fail,
  };
}

/** Settings are asked for as a list, which must be as long; everything else takes null. */
function nothingFor(method: string, params: unknown): unknown {
  if (method !== "workspace/configuration") return null;
  const asked = z.object({ items: z.array(z.unknown()) }).safeParse(params);
  return asked.success ? asked.data.items.map(() => null) : [];
}

/** Cuts a stream of chunks into messages. */
function reader(receive: (text: string) => void, skipped: () => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let size = 0;
  // How many bytes must be there before anything can be done: chunks are put together once, not at each arrival.
  let needed = 0;
  let skipping = 0;
  return (arrived) => {
    const chunk = arrived.subarray(Math.min(skipping, arrived.length));
    skipping -= arrived.length - chunk.length;
    if (skipping > 0) return;
    chunks.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    let bytes = Buffer.concat(chunks);
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end === -1) {
        needed = 0;
        break;
      }
      const length = Number(/content-length: *(\d+)/i.exec(bytes.toString("latin1", 0, end))?.[1]);
      if (!Number.isSafeInteger(length)) throw new Error("an answer without a usable length");
      if (length > messageLimit) {
        skipped();
        const rest = bytes.subarray(end + 4);
        bytes = rest.subarray(Math.min(length, rest.length));
        skipping = length - (rest.length - bytes.length);
        needed = 0;
        continue;
      }
      needed = end + 4 + length;
      if (bytes.length < needed) break;
      const text = bytes.toString("utf8", end + 4, needed);
      bytes = bytes.subarray(needed);
      needed = 0;
      receive(text);
    }
    chunks = [bytes];
    size = bytes.length;
  };
}
