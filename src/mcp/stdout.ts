import { Writable } from "node:stream";

/**
 * Takes stdout for JSON-RPC alone: gives the stream to write it to, and sends whatever else anybody in this
 * process prints (a library's `console.log`, a worker) to stderr. A single stray line ends some clients'
 * sessions.
 */
export function takeStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  const protocol = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      write(chunk, (error) => done(error ?? null));
    },
  });
  process.stdout.on("error", (error) => protocol.destroy(error));
  Object.defineProperty(process.stdout, "write", {
    configurable: true,
    value: (...args: Parameters<typeof process.stderr.write>) => process.stderr.write(...args),
  });
  return protocol;
}
