import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Mask } from "../mask.js";
import { printable } from "../printable.js";
import { isErrorLine, type ProblemLines } from "./problems.js";

/** What a check printed, boiled down. */
export interface Printed {
  /** Up to 1,500 characters: the first errors and the tail, or everything when that is short. */
  digest: string;
  problems: ProblemLines;
  /** The last lines, for a closer look at how it ended. */
  last: readonly string[];
  /** The file with all of it; null when it could not be written. */
  log: string | null;
}

const digestLength = 1_500;
const firstErrorsLength = 600;
const lineLength = 300;
/** Of a flood, the log holds this much from its start and the last lines. */
const logBytes = 16 * 1024 * 1024;
const tailBytes = 128 * 1024;
const longestLine = 32 * 1024;
const keptErrors = 10;
const keptLines = 60;

/**
 * Takes what a process prints, in bounded memory: escape sequences and secrets are taken out line by line, the log
 * is written as it comes.
 */
export class Output {
  readonly #mask: Mask;
  readonly #problems: ProblemLines;
  readonly #streams = { stdout: new Lines(), stderr: new Lines() };
  readonly #errors: string[] = [];
  readonly #last: string[] = [];
  readonly #flood: Buffer[] = [];
  #floodBytes = 0;
  #leftOut = 0;
  #taken = 0;
  #log: { path: string; temporary: string; fd: number } | null = null;

  /** @param path where the full log goes; null for none */
  constructor(path: string | null, mask: Mask, problems: ProblemLines) {
    this.#mask = mask;
    this.#problems = problems;
    if (path === null) return;
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      rmSync(temporary, { force: true });
      this.#log = { path, temporary, fd: openSync(temporary, "wx", 0o600) };
    } catch {
      // A log that can't be kept must not cost the check.
    }
  }

  push(chunk: Buffer, stream: "stdout" | "stderr"): void {
    const room = Math.max(logBytes - this.#taken, 0);
    this.#taken += Math.min(chunk.length, room);
    if (room > 0) for (const line of this.#streams[stream].take(chunk.subarray(0, room))) this.#line(line);
    if (chunk.length <= room) return;
    const rest = Buffer.from(chunk.subarray(room));
    this.#flood.push(rest);
    this.#floodBytes += rest.length;
    while (this.#floodBytes - (this.#flood[0]?.length ?? 0) > tailBytes) {
      const dropped = this.#flood.shift()?.length ?? 0;
      this.#floodBytes -= dropped;
      this.#leftOut += dropped;
    }
  }

  /** To be called once, when the process has ended. */
  end(): Printed {
    for (const stream of [this.#streams.stdout, this.#streams.stderr])
      for (const line of stream.rest()) this.#line(line);
    if (this.#flood.length > 0) {
      const tail = Buffer.concat(this.#flood);
      const cut = Math.max(tail.length - tailBytes, 0);
      this.#problems.incomplete = true;
      this.#line(`[${this.#leftOut + cut} bytes left out]`);
      const lines = new Lines();
      for (const line of [...lines.take(tail.subarray(cut)), ...lines.rest()]) this.#line(line);
    }
    return {
      digest: this.#digest(),
      problems: this.#problems,
      last: this.#last,
      log: this.#close(),
    };
  }

  #line(raw: string): void {
    const text = this.#mask.line(printable(raw)).trimEnd();
    this.#write(`${text}\n`);
    if (text === "") return;
    this.#problems.add(text);
    const short = text.length > lineLength ? `${text.slice(0, lineLength - 1)}…` : text;
    if (this.#errors.length < keptErrors && isErrorLine(text)) this.#errors.push(short);
    this.#last.push(short);
    if (this.#last.length > keptLines) this.#last.shift();
  }

  #digest(): string {
    const tail = fitting([...this.#last].reverse(), digestLength).reverse();
    const first = this.#errors.filter((line) => !tail.includes(line));
    if (first.length === 0) return tail.join("\n");
    const errors = fitting(first, firstErrorsLength);
    const room = digestLength - errors.join("\n").length - 3;
    return [...errors, "…", ...fitting([...this.#last].reverse(), room).reverse()].join("\n");
  }

  #write(text: string): void {
    if (this.#log === null) return;
    try {
      writeSync(this.#log.fd, text);
    } catch {
      this.#drop(this.#log);
    }
  }

  #close(): string | null {
    if (this.#log === null) return null;
    const { fd, temporary, path } = this.#log;
    try {
      closeSync(fd);
      renameSync(temporary, path);
      return path;
    } catch {
      rmSync(temporary, { force: true });
      return null;
    }
  }

  /** A full disk: no log is better than half of one under its name. */
  #drop(log: { fd: number; temporary: string }): void {
    this.#log = null;
    closeSync(log.fd);
    rmSync(log.temporary, { force: true });
  }
}

/** The lines from the start that fit into so many characters. */
function fitting(lines: readonly string[], length: number): string[] {
  const taken: string[] = [];
  let left = length;
  for (const line of lines) {
    left -= line.length + 1;
    if (left < -1) break;
    taken.push(line);
  }
  return taken;
}

/** Cuts a stream into lines. What a carriage return overwrote (a progress bar) is gone. */
class Lines {
  readonly #decoder = new StringDecoder("utf8");
  #open = "";

  take(chunk: Buffer): string[] {
    const lines = (this.#open + this.#decoder.write(chunk)).split("\n");
    this.#open = lines.pop() ?? "";
    while (this.#open.length > longestLine) {
      lines.push(this.#open.slice(0, longestLine));
      this.#open = this.#open.slice(longestLine);
    }
    return lines.map(overwritten);
  }

  rest(): string[] {
    const left = this.#open + this.#decoder.end();
    this.#open = "";
    return left === "" ? [] : [overwritten(left)];
  }
}

function overwritten(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf("\r") + 1);
}
